// Command k6 is Grafana's k6 with the module k6/x/sentsim in it: the load generator
// for checking a receiver's effects under the load of many machines.
package main

import (
	"go.k6.io/k6/cmd"

	_ "github.com/sentsim/sentsim/cmd/k6/sentsim" // registers k6/x/sentsim
)

func main() { cmd.Execute() }
