package delivery_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// reads is a receiver that tells what it could read of a body.
func reads(t *testing.T) (url string, got chan error) {
	t.Helper()
	got = make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		got <- err
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestDawdlingIsSlowAndComplete(t *testing.T) {
	t.Parallel()
	url, got := reads(t)
	o := delivery.HTTP{}.Send(t.Context(), delivery.Request{URL: url, Body: []byte("0123456789"), Dawdle: 20 * time.Millisecond}, long)
	if !o.Accepted() {
		t.Fatalf("a slow request: %s", o)
	}
	if err := <-got; err != nil {
		t.Errorf("the receiver read: %v", err)
	}
	if o.Duration < 60*time.Millisecond {
		t.Errorf("it took %s, want three pauses of 20ms at least", o.Duration)
	}
}

func TestDawdlingEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	url, _ := reads(t)
	o := delivery.HTTP{}.Send(t.Context(), delivery.Request{URL: url, Body: []byte("0123456789"), Dawdle: time.Minute}, short)
	if o.Kind != delivery.Timeout {
		t.Errorf("a request slower than the timeout is %s (%s), want a timeout", o.Kind, o.Err)
	}
}

func TestCutNeverArrivesWhole(t *testing.T) {
	t.Parallel()
	url, got := reads(t)
	o := delivery.HTTP{}.Send(t.Context(), delivery.Request{URL: url, Body: []byte("0123456789"), Cut: true}, long)
	if o.Kind != delivery.Reset {
		t.Errorf("the attempt is %s (%s), want a reset", o.Kind, o.Err)
	}
	select {
	case err := <-got:
		if err == nil {
			t.Error("the receiver read the whole body")
		}
	case <-time.After(long):
		t.Error("the receiver saw no request")
	}
}
