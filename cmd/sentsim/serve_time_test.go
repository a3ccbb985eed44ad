package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// TestServeGoesOnInTime stops a server while a retry waits, and starts it again:
// simulation time goes on where it stood, and the retry is made when it was due.
func TestServeGoesOnInTime(t *testing.T) {
	for _, c := range []struct{ clock, again string }{{"virtual", "virtual"}, {"virtual", "real"}, {"scaled=600", "scaled=600"}} {
		t.Run(c.clock+" then "+c.again, func(t *testing.T) {
			var requests atomic.Int64
			arrived := make(chan struct{}, 10)
			sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if requests.Add(1) == 1 {
					w.WriteHeader(http.StatusInternalServerError)
				}
				arrived <- struct{}{}
			}))
			defer sink.Close()
			file := filepath.Join(t.TempDir(), "sent.db")
			s := startServe(t, nil, "--data", file, "--clock", c.clock)
			s.ask(t, http.MethodPost, "/v3/webhooks", "sentsim", `{"display_name":"a","endpoint_url":"`+sink.URL+`"}`)
			s.ask(t, http.MethodPost, "/_sentsim/inbound", "sentsim", `{"text":"hello"}`)
			<-arrived
			if c.clock == "virtual" { // the attempt has failed by then, and most of the wait is over
				s.ask(t, http.MethodPost, "/_sentsim/clock/advance", "sentsim", `{"by":"59s"}`)
			}
			before := clockOf(t, s)
			s.stop()

			s = startServe(t, nil, "--data", file, "--clock", c.again)
			after := clockOf(t, s)
			if after.Before(before) || c.again == "virtual" && !after.Equal(before) {
				t.Errorf("it was %s, and then %s", before, after)
			}
			if requests.Load() != 1 && c.clock == "virtual" {
				t.Errorf("%d requests before the retry was due", requests.Load())
			}
			if c.again == "virtual" {
				s.ask(t, http.MethodPost, "/_sentsim/clock/advance", "sentsim", `{"by":"1s"}`)
			}
			select {
			case <-arrived:
			case <-time.After(10 * time.Second):
				t.Error("the retry was not made when it was due")
			}
			s.stop()
		})
	}
}

func clockOf(t *testing.T, s served) time.Time {
	t.Helper()
	_, body := s.ask(t, http.MethodGet, "/_sentsim/clock", "sentsim", "")
	now, err := time.Parse(time.RFC3339Nano, gjson.Get(body, "data.now").String())
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return now
}
