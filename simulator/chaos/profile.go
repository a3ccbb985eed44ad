package chaos

// Fault is a deliberate deviation from smooth sailing, by its name in a profile.
type Fault string

// Profile is how much goes wrong: what is sent, and the chance of each fault.
type Profile struct {
	Name   string            `json:"name"`
	Mix    Mix               `json:"mix"`
	Faults map[Fault]float64 `json:"faults"` // 0 to 1; a fault that is not there never happens
}

// Mix is what is sent, as shares from 0 to 1. What is neither inbound nor a
// template is an outbound message; one that is on neither channel is on SMS.
type Mix struct {
	Inbound  float64 `json:"inbound"`
	Template float64 `json:"template"`
	WhatsApp float64 `json:"whatsapp"`
	RCS      float64 `json:"rcs"`
	// Failed is the share of outbound messages that are made to fail, besides
	// those that fail as they do in the wild.
	Failed float64 `json:"failed"`
}

// Chance is the probability of a fault.
func (p Profile) Chance(f Fault) float64 { return p.Faults[f] }
