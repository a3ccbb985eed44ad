package delivery

// Misbehaviour is a way in which a sender can behave other than well. This is the
// one list of them: scenarios, chaos plans and traces name them so.
type Misbehaviour string

// The ways.
const (
	Well    Misbehaviour = ""
	LoseAck Misbehaviour = "discards" // the answer is thrown away: to the sender it is a timeout
	HangUp  Misbehaviour = "hangs_up" // the connection is closed as soon as the request is written
	Cut     Misbehaviour = "resets"   // the connection breaks in the middle of the request
	Dawdle  Misbehaviour = "dawdles"  // the request comes in pieces
	GiveUp  Misbehaviour = "gives_up" // the sender stops waiting for the answer
)

// Leaves reports whether a sender that behaves like this is gone before the
// receiver can answer.
func (m Misbehaviour) Leaves() bool { return m == HangUp || m == Cut }
