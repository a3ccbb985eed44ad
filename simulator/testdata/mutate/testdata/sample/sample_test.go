package sample

import (
	"errors"
	"testing"
)

func TestClamp(t *testing.T) {
	for n, want := range map[int]int{-1: -1, 0: 0, 9: 9, 10: 10, 11: 10, 100: 10} {
		if got := Clamp(n); got != want {
			t.Errorf("Clamp(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := Check(100); !errors.Is(err, ErrTooBig) {
		t.Errorf("Check(100) = %v, want ErrTooBig", err)
	}
	if err := Check(1); err != nil {
		t.Errorf("Check(1) = %v, want nil", err)
	}
}

func TestCount(t *testing.T) {
	if got := Count(3); got != 3 {
		t.Errorf("Count(3) = %d", got)
	}
}
