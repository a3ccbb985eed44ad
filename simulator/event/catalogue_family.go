package event

func contactKinds() []Kind {
	contact := func(t Type, meaning, trouble string) Kind {
		return Kind{Name: string(t), Type: t, Direction: In, Channels: Channels(), Meaning: meaning, Trouble: trouble}
	}
	const order = "Two signals can arrive out of order: the one with the later timestamp says how the contact stands."
	return []Kind{
		contact(ContactOptIn, "A contact wants messages again, by a keyword such as START or through the network.", order),
		contact(ContactOptOut, "A contact wants no more messages, by a keyword such as STOP or through the network.", order),
		contact(ContactHelp, "A contact asks for help. Whether it has opted out stays as it was.", ""),
		contact(ContactCustomKeyword, "A contact wrote a keyword of the account's own. Whether it has opted out stays as it was.", ""),
	}
}

func channelKinds() []Kind {
	market := func(sub, status, meaning string) Kind {
		return Kind{
			Name: ParentChannel + "." + sub, Type: Type(ParentChannel + "." + sub), Status: status,
			Direction: Out, Channels: Channels(), Meaning: meaning,
		}
	}
	return []Kind{
		market("submitted", MarketPendingReview, "A country was submitted to a registry or a carrier for one of your channels. The names of this family are an open set: go by the status, which stays ACTIVE where a live sender is corrected."),
		market("action_needed", MarketActionNeeded, "The registry or carrier asks for a correction."),
		market("approved", MarketProvisioning, "The registry or carrier agreed: Sent is getting the sender."),
		market("activated", MarketActive, "The sender is live in this country."),
		market("deactivated", MarketInactive, "The country had a sender and has none any more."),
	}
}

func linkKinds() []Kind {
	link := func(sub, meaning, trouble string) Kind {
		return Kind{
			Name: ParentLink + "." + sub, Type: Type(ParentLink + "." + sub), Direction: Out, Channels: Channels(),
			Meaning: meaning, Trouble: trouble,
		}
	}
	const again = "Each request is an event of its own, also by bots and previews: traffic_class says who it seems to be. It may come before any event of its message."
	return []Kind{
		link("clicked", "Somebody followed a short link of a message.", again),
		link("downloaded", "Somebody downloaded a file that a message links to.", again),
		link("expired", "A link's time is over.", ""),
		link("revoked", "A link was withdrawn.", ""),
	}
}

func callKinds() []Kind {
	call := func(sub, meaning, trouble string) Kind {
		return Kind{
			Name: ParentCall + "." + sub, Type: Type(ParentCall + "." + sub),
			Direction: Out, Channels: []Channel{Voice}, Meaning: meaning, Trouble: trouble,
		}
	}
	return []Kind{
		call("initiated", "A call has begun to ring.", ""),
		call("answered", "A call was answered.", ""),
		call("completed", "A call has ended. The payload has its duration, and its price.", "The price is left out as long as it has not been billed."),
		call("failed", "A call did not come about. The payload's reason says why.", ""),
		call("recording_ready", "A recording of a call can be fetched: once for each.", ""),
	}
}
