// Package seed is the only door to chance. Every purpose draws from a stream of
// its own, so a new draw for one purpose never moves the draws of another, and
// one seed replays one run. Signing secrets are the exception: they come from
// crypto/rand unless a run asks for reproducible ones.
package seed

import (
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Seed determines everything that a run draws.
type Seed uint64

// Parse reads a decimal seed, or "random" for one from the operating system.
func Parse(text string) (Seed, error) {
	if text == "random" {
		return Random(), nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("seed %q: use a whole number from 0 to 18446744073709551615, or random", text)
	}
	return Seed(n), nil
}

// Random draws a seed from the operating system. It is below 2^32, so that it is easy to type again.
func Random() Seed {
	var b [4]byte
	_, _ = crand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return Seed(binary.BigEndian.Uint32(b[:]))
}

// String is the seed as it is typed after --seed.
func (s Seed) String() string { return strconv.FormatUint(uint64(s), 10) }

// Stream gives each purpose, and each index within it, its own generator.
func (s Seed) Stream(purpose string, index ...uint64) *Stream {
	h := uint64(fnvOffset)
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * fnvPrime
	}
	for _, i := range index {
		for shift := 56; shift >= 0; shift -= 8 {
			h = (h ^ (i >> shift & 0xff)) * fnvPrime
		}
	}
	st := &Stream{}
	st.source.Seed(uint64(s), h)
	st.r = *rand.New(&st.source)
	return st
}

// FNV-1a, 64 bits, as hash/fnv computes it. A stream is made for nearly
// everything that happens, and hash/fnv takes memory for each.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// Stream is a sequence of draws. It is for one goroutine.
type Stream struct {
	source rand.PCG
	r      rand.Rand // draws from source
}

// Chance reports true with probability p: never for p <= 0, always for p >= 1.
func (st *Stream) Chance(p float64) bool { return st.r.Float64() < p }

// Float64 draws from [0,1).
func (st *Stream) Float64() float64 { return st.r.Float64() }

// IntN draws from [0,n). n must be positive.
func (st *Stream) IntN(n int) int { return st.r.IntN(n) }

// Between draws a duration from [lo,hi]; lo when hi is not above it.
func (st *Stream) Between(lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(st.r.Int64N(int64(hi-lo)+1))
}

// Read fills p, so that a stream can feed whatever wants random bytes. It never fails.
func (st *Stream) Read(p []byte) (int, error) {
	var b [8]byte
	for i := 0; i < len(p); i += len(b) {
		binary.LittleEndian.PutUint64(b[:], st.r.Uint64())
		copy(p[i:], b[:])
	}
	return len(p), nil
}

// UUID draws a random (version 4) UUID.
func (st *Stream) UUID() (id [16]byte) {
	_, _ = st.Read(id[:])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return id
}

// Pick draws one of from, which must not be empty.
func Pick[T any](st *Stream, from []T) T { return from[st.r.IntN(len(from))] }
