package seed_test

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/seed"
)

func draws(st *seed.Stream, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = st.IntN(1 << 30)
	}
	return out
}

func TestSameSeedSameStream(t *testing.T) {
	a := draws(seed.Seed(1).Stream("message", 7), 20)
	if b := draws(seed.Seed(1).Stream("message", 7), 20); !slices.Equal(a, b) {
		t.Errorf("got %v and %v", a, b)
	}
	// Another version of this program must draw the same: a seed in a bug report stays good.
	if want := []int{80990329, 475923323, 718338380}; !slices.Equal(a[:3], want) {
		t.Errorf("the stream starts with %v, want %v", a[:3], want)
	}
	for name, other := range map[string]*seed.Stream{
		"another seed":    seed.Seed(2).Stream("message", 7),
		"another purpose": seed.Seed(1).Stream("backoff", 7),
		"another index":   seed.Seed(1).Stream("message", 8),
		"no index":        seed.Seed(1).Stream("message"),
		"a second index":  seed.Seed(1).Stream("message", 7, 0),
	} {
		if b := draws(other, 20); slices.Equal(a, b) {
			t.Errorf("%s: the same draws", name)
		}
	}
}

// TestStreamIsPCGOverFNV: with the library's hash it is the same stream, for any
// purpose and index.
func TestStreamIsPCGOverFNV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, purpose := rapid.Uint64().Draw(t, "seed"), rapid.String().Draw(t, "purpose")
		index := rapid.SliceOfN(rapid.Uint64(), 0, 3).Draw(t, "index")
		h := fnv.New64a()
		_, _ = io.WriteString(h, purpose)
		for _, i := range index {
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, i))
		}
		want := rand.New(rand.NewPCG(s, h.Sum64()))
		got := seed.Seed(s).Stream(purpose, index...)
		for range 3 {
			if g, w := got.IntN(1<<30), want.IntN(1<<30); g != w {
				t.Fatalf("drew %d, want %d", g, w)
			}
		}
	})
}

// TestUUID: what google/uuid makes of the same draws.
func TestUUID(t *testing.T) {
	for i := range uint64(100) {
		want := uuid.Must(uuid.NewRandomFromReader(seed.Seed(1).Stream("id", i)))
		if got := uuid.UUID(seed.Seed(1).Stream("id", i).UUID()); got != want || got.Version() != 4 || got.Variant() != uuid.RFC4122 {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestStreamsAreIndependent(t *testing.T) {
	s := seed.Seed(1)
	alone := draws(s.Stream("fault"), 10)
	other, again := s.Stream("message"), s.Stream("fault")
	var interleaved []int
	for range 10 {
		draws(other, 3)
		interleaved = append(interleaved, draws(again, 1)...)
	}
	if !slices.Equal(alone, interleaved) {
		t.Errorf("draws of one stream moved another's: %v, %v", alone, interleaved)
	}
}

// TestNeighboursAreUnlike looks at the first draws of neighbouring streams,
// which is what a run of many messages consists of.
func TestNeighboursAreUnlike(t *testing.T) {
	const n = 20_000
	hits, both, last := 0, 0, false
	for i := range uint64(n) {
		hit := seed.Seed(1).Stream("message", i).Chance(0.3)
		if hit {
			hits++
			if last {
				both++
			}
		}
		last = hit
	}
	if p := float64(hits) / n; math.Abs(p-0.3) > 0.015 {
		t.Errorf("chance 0.3 came true in %.3f of the streams", p)
	}
	if p := float64(both) / n; math.Abs(p-0.09) > 0.015 {
		t.Errorf("two in a row in %.3f of the streams, want 0.09", p)
	}
}

func TestChanceAtItsEnds(t *testing.T) {
	st := seed.Seed(1).Stream("chance")
	for range 200_000 {
		if st.Chance(0) || st.Chance(-1) {
			t.Fatal("a chance of 0 came true")
		}
		if !st.Chance(1) || !st.Chance(2) {
			t.Fatal("a chance of 1 did not come true")
		}
	}
}

func TestDrawsStayWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := seed.Seed(rapid.Uint64().Draw(t, "seed")).Stream("draws")
		lo := time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, "lo"))
		hi := lo + time.Duration(rapid.Int64Range(-5, 1e12).Draw(t, "width"))
		if d := st.Between(lo, hi); d < lo || d > max(lo, hi) {
			t.Fatalf("Between(%d, %d) = %d", lo, hi, d)
		}
		if f := st.Float64(); f < 0 || f >= 1 {
			t.Fatalf("Float64 = %v", f)
		}
		from := []string{"a", "b", "c"}
		if !slices.Contains(from, seed.Pick(st, from)) {
			t.Fatal("Pick drew something else")
		}
	})
}

func TestBetweenReachesBothEnds(t *testing.T) {
	st := seed.Seed(1).Stream("between")
	seen := map[time.Duration]bool{}
	for range 200 {
		seen[st.Between(5, 7)] = true
	}
	if len(seen) != 3 {
		t.Errorf("from 5 to 7 it drew %v", seen)
	}
}

func TestRead(t *testing.T) {
	long := make([]byte, 37)
	if n, err := seed.Seed(1).Stream("bytes").Read(long); n != len(long) || err != nil {
		t.Fatalf("Read = %d, %v", n, err)
	}
	short := make([]byte, 5)
	_, _ = seed.Seed(1).Stream("bytes").Read(short)
	if !bytes.Equal(short, long[:5]) || bytes.Equal(long, make([]byte, 37)) {
		t.Errorf("got %x and %x", short, long)
	}
	if bytes.Count(long[32:], []byte{0}) == 5 {
		t.Error("the last bytes were not filled")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]seed.Seed{"0": 0, "1": 1, "18446744073709551615": math.MaxUint64} {
		if got, err := seed.Parse(text); err != nil || got != want || got.String() != text {
			t.Errorf("Parse(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "0x10", "18446744073709551616", "Random"} {
		if got, err := seed.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, got)
		}
	}
	got, err := seed.Parse("random")
	if err != nil || uint64(got) >= 1<<32 {
		t.Errorf("Parse(random) = %v, %v", got, err)
	}
	if typed, _ := strconv.ParseUint(got.String(), 10, 64); seed.Seed(typed) != got {
		t.Errorf("%v is not what one types", got)
	}
}
