package scenarios

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// iterations is a set of a load's iterations, counted from 0: which of the plan's
// messages were carried out.
type iterations struct {
	words []uint64
	n     int
}

func (s *iterations) has(i int) bool {
	return i/64 < len(s.words) && s.words[i/64]&(1<<(i%64)) != 0
}

// add reports false where it is there already.
func (s *iterations) add(i int) bool {
	if s.has(i) {
		return false
	}
	for i/64 >= len(s.words) {
		s.words = append(s.words, 0)
	}
	s.words[i/64] |= 1 << (i % 64)
	s.n++
	return true
}

// next is the first that is not before i; ok is false where there is none.
func (s *iterations) next(i int) (next int, ok bool) {
	for w := i / 64; w < len(s.words); w++ {
		word := s.words[w]
		if w == i/64 {
			word &= ^uint64(0) << (i % 64)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word), true
		}
	}
	return 0, false
}

// without is those of the first n that are not in the set.
func (s *iterations) without(n int) *iterations {
	left := &iterations{}
	for i := range n {
		if !s.has(i) {
			left.add(i)
		}
	}
	return left
}

// common is the first that is in both.
func (s *iterations) common(o *iterations) (first int, ok bool) {
	for w := range min(len(s.words), len(o.words)) {
		if both := s.words[w] & o.words[w]; both != 0 {
			return w*64 + bits.TrailingZeros64(both), true
		}
	}
	return 0, false
}

// String is the set as people write the hours of a schedule: 0-9,12,20-98/3 is the
// first ten, the thirteenth, and every third from the twenty-first on.
func (s *iterations) String() string {
	var parts []string
	at, ok := s.next(0)
	for ok {
		last, count, step := at, 1, 0
		for {
			next, more := s.next(last + 1)
			if !more || step != 0 && next-last != step {
				break
			}
			if step == 0 {
				if third, more := s.next(next + 1); next-last > 1 && (!more || third-next != next-last) {
					break // two alone make no row
				}
				step = next - last
			}
			last, count = next, count+1
		}
		switch {
		case count == 1:
			parts = append(parts, strconv.Itoa(at))
		case step == 1:
			parts = append(parts, fmt.Sprintf("%d-%d", at, last))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d/%d", at, last, step))
		}
		at, ok = s.next(last + 1)
	}
	return strings.Join(parts, ",")
}

// parseIterations reads what String writes. None is most or more.
func parseIterations(text string, most int) (*iterations, error) {
	s := &iterations{}
	if text == "" {
		return s, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		ends, stepText, stepped := strings.Cut(part, "/")
		from, to, row := strings.Cut(ends, "-")
		if !row {
			to = from
		}
		step := 1
		first, err := strconv.Atoi(from)
		last, lastErr := strconv.Atoi(to)
		var stepErr error
		if stepped {
			step, stepErr = strconv.Atoi(stepText)
		}
		if err != nil || lastErr != nil || stepErr != nil || first < 0 || last < first || step < 1 || last >= most {
			return nil, fmt.Errorf("%.40q is not a list of iterations from 0 to %d", part, most-1)
		}
		for i := first; i <= last; i += step {
			if !s.add(i) {
				return nil, fmt.Errorf("iteration %d stands there twice", i)
			}
		}
	}
	return s, nil
}
