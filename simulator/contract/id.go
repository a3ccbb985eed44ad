// Package contract names the rules that a receiver of Sent's webhooks must keep.
// What each of them claims and needs stands with the harness that judges by it.
package contract

// ID is the stable name of a rule, as the contract, the features and every
// report write it: SIG-1.
type ID = string

// The rules of the contract.
const (
	SIG1  ID = "SIG-1"
	SIG2  ID = "SIG-2"
	SIG3  ID = "SIG-3"
	SIG4  ID = "SIG-4"
	SIG5  ID = "SIG-5"
	SIG6  ID = "SIG-6"
	SIG7  ID = "SIG-7"
	SIG8  ID = "SIG-8"
	SIG9  ID = "SIG-9"
	SIG10 ID = "SIG-10"
	SIG11 ID = "SIG-11"
	SIG12 ID = "SIG-12"
	SIG13 ID = "SIG-13"
	SIG14 ID = "SIG-14"

	ACK1 ID = "ACK-1"
	ACK2 ID = "ACK-2"
	ACK3 ID = "ACK-3"

	IDEM1 ID = "IDEM-1"
	IDEM2 ID = "IDEM-2"
	IDEM3 ID = "IDEM-3"
	IDEM4 ID = "IDEM-4"
	IDEM5 ID = "IDEM-5"
	IDEM6 ID = "IDEM-6"
	IDEM7 ID = "IDEM-7"

	ORD1 ID = "ORD-1"
	ORD2 ID = "ORD-2"
	ORD3 ID = "ORD-3"
	ORD4 ID = "ORD-4"
	ORD5 ID = "ORD-5"
	ORD6 ID = "ORD-6"
	ORD7 ID = "ORD-7"

	TOL1 ID = "TOL-1"
	TOL2 ID = "TOL-2"
	TOL3 ID = "TOL-3"
	TOL4 ID = "TOL-4"
	TOL5 ID = "TOL-5"
	TOL6 ID = "TOL-6"
	TOL7 ID = "TOL-7"
	TOL8 ID = "TOL-8"
	TOL9 ID = "TOL-9"

	RET1 ID = "RET-1"
	RET2 ID = "RET-2"

	INB1 ID = "INB-1"
	INB2 ID = "INB-2"

	CON1 ID = "CON-1"
	CON2 ID = "CON-2"

	TPL1 ID = "TPL-1"

	ROT1 ID = "ROT-1"
)
