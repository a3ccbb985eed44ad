package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

const (
	connections = 64
	webhookID   = "5b4d3f7e-0f0a-4c62-9d33-0c86a5a3b7c1"
)

type order struct {
	url, secret string
	duration    time.Duration
	count       int // instead of duration
}

// more reports whether there is more to send after n.
func (o order) more(n int, start time.Time) bool {
	if o.count > 0 {
		return n < o.count
	}
	return n%64 != 0 || clock.Wall().Sub(start) < o.duration
}

type result struct {
	Deliveries int
	Seconds    float64
}

func main() {
	if os.Args[1] == "receiver" {
		if err := receive(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	o := order{url: os.Args[2], secret: os.Args[3]}
	if n, err := strconv.Atoi(os.Args[4]); err == nil {
		o.count = n
	} else if o.duration, err = time.ParseDuration(os.Args[4]); err != nil {
		panic(err)
	}
	f := map[string]func(order) (result, error){"sentsim": sentsim, "plain": plain}[os.Args[1]]
	if p := os.Getenv("PROF"); p != "" {
		w, _ := os.Create(p)
		_ = pprof.StartCPUProfile(w)
		defer pprof.StopCPUProfile()
	}
	r, err := f(o)
	if err != nil {
		panic(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
}
