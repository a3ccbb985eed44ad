package config

import (
	"github.com/sentsim/sentsim/simulator"
)

// KnobTable is every knob that can be set: Sent's, and the harness's own.
func KnobTable() []simulator.Knob {
	return append(simulator.KnobTable(), simulator.Knob{
		Name: knobAckWithin, Default: Default().AckWithin.String(), Values: "a duration, e.g. 500ms",
		Doc: "how quickly a delivery should be acknowledged (ACK-1)",
	})
}
