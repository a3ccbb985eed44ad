package main

import (
	"runtime"
	"testing"

	"github.com/sentsim/sentsim/simulator/seed"
)

func TestLeak(t *testing.T) {
	for s := range seed.Seed(600) {
		carryOut(t.Context(), draw(s+1), patience)
		if s%200 == 199 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Log(s, runtime.NumGoroutine(), m.HeapAlloc>>20, m.HeapObjects)
		}
	}
}
