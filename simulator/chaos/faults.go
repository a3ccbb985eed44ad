package chaos

// The faults, by the part of a run that each may befall.
const (
	// Of a message, while it comes into being.
	FaultSkip          Fault = "skip"
	FaultUnknownStatus Fault = "unknown_status"
	FaultUnknownField  Fault = "unknown_field"
	FaultExtraFields   Fault = "extra_fields"
	FaultNullFields    Fault = "null_fields"
	FaultHostileText   Fault = "hostile_text"
	FaultNotAnObject   Fault = "not_an_object"

	// Of an event's first delivery: it has at most one of these.
	FaultLateRetry  Fault = "late_retry"
	FaultLostAck    Fault = "lost_ack"
	FaultHangUp     Fault = "hang_up"
	FaultReset      Fault = "reset"
	FaultSlowSender Fault = "slow_sender"

	// Of an event's deliveries, besides.
	FaultReorder       Fault = "reorder"
	FaultTogether      Fault = "together"
	FaultDuplicate     Fault = "duplicate"
	FaultAtOnce        Fault = "duplicate_at_once"
	FaultResigned      Fault = "resigned_duplicate"
	FaultLateDuplicate Fault = "late_duplicate"
	FaultSkew          Fault = "clock_skew"
	FaultForgery       Fault = "forgery"

	// Of the run.
	FaultBurst   Fault = "burst"
	FaultPause   Fault = "pause"
	FaultRestart Fault = "restart"
	FaultRotate  Fault = "rotate"
	FaultDisable Fault = "disable"
)

// Per is what a fault's chance is drawn for.
type Per string

// What chances are drawn for.
const (
	PerEvent   Per = "event"   // of a message, an inbound text or a template
	PerMessage Per = "message" // outbound, inbound or template
)

// Description is one fault as it is documented.
type Description struct {
	Fault Fault
	Per   Per
	Most  int // in a run; 0: as often as it is drawn
	Doc   string
}

// maxControls keeps a long run from being nothing but restarts.
const maxControls = 3

// Faults is every fault, in the order of the documentation. The caller owns it.
func Faults() []Description {
	return []Description{
		{FaultSkip, PerEvent, 0, "a status that the message went through is not reported"},
		{FaultReorder, PerEvent, 0, "the event arrives after the next one of its message"},
		{FaultTogether, PerEvent, 0, "the event arrives at the same instant as the next one of its message"},
		{FaultDuplicate, PerEvent, 0, "the same request arrives a second time, right after the first"},
		{FaultResigned, PerEvent, 0, "the event is delivered again within seconds, signed anew"},
		{FaultAtOnce, PerEvent, 0, "two to five copies of the event arrive at the same instant"},
		{FaultLateDuplicate, PerEvent, 0, "the event is delivered again minutes later, after newer ones, signed anew"},
		{FaultLateRetry, PerEvent, 0, "the first attempt never arrives; a retry brings the event minutes later, with its old timestamp"},
		{FaultLostAck, PerEvent, 0, "the sender never sees the receiver's answer and tries again later"},
		{FaultHangUp, PerEvent, 0, "the sender hangs up once the request is sent, and tries again later"},
		{FaultReset, PerEvent, 0, "the connection is reset in the middle of the request; the sender tries again later"},
		{FaultSlowSender, PerEvent, 0, "the request is written in pieces with pauses in between"},
		{FaultSkew, PerEvent, 0, "the delivery is signed by a clock that is up to 4 minutes fast or slow"},
		{FaultBurst, PerMessage, 0, "what is due in the next seconds arrives at one instant, up to 50 deliveries; once for certain in a run of 100 messages"},
		{FaultForgery, PerEvent, 0, "a forged delivery about the message: tampered, stale, future, with a wrong secret, without a header"},
		{FaultUnknownStatus, PerMessage, 0, "an event with a status that is not documented"},
		{FaultUnknownField, PerMessage, 0, "an event of a kind that is not documented"},
		{FaultExtraFields, PerEvent, 0, "the event has fields that are not documented"},
		{FaultNullFields, PerEvent, 0, "an optional field of the event is null or missing"},
		{FaultHostileText, PerEvent, 0, "a text that is long, in many scripts, right to left, or looks like an injection"},
		{FaultNotAnObject, PerMessage, 0, "a correctly signed body that is not a JSON object"},
		{FaultPause, PerMessage, maxControls, "the target stands still while deliveries arrive; they are tried again later"},
		{FaultRestart, PerMessage, maxControls, "the target is restarted"},
		{FaultRotate, PerMessage, maxControls, "the webhook gets a new signing secret"},
		{FaultDisable, PerMessage, maxControls, "the webhook is disabled for seconds, in the first half of a run; what happens meanwhile is never delivered"},
	}
}

// The kinds of things in a Mix, as they are named in a profile.
const (
	mixInbound  = "inbound"
	mixTemplate = "template"
	mixWhatsApp = "whatsapp"
	mixRCS      = "rcs"
	mixFailed   = "failed"
)
