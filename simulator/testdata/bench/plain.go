package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// plain is what one writes first: a net/http client, each request signed, nothing recorded.
func plain(o order) (result, error) {
	secret, err := signing.ParseSecret(o.secret)
	if err != nil {
		return result{}, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	body := sample(1).Encode(event.DefaultFormat())
	var next, delivered atomic.Int64
	var failed atomic.Pointer[error]
	start := clock.Wall()
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for failed.Load() == nil && o.more(int(next.Add(1)-1), start) {
				if err := post(client, o.url, secret, body); err != nil {
					failed.Store(&err)
					return
				}
				delivered.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return result{}, *err
	}
	return result{Deliveries: int(delivered.Load()), Seconds: clock.Wall().Sub(start).Seconds()}, nil
}

func post(client *http.Client, url string, secret signing.Secret, body []byte) error {
	now := clock.Wall().Unix()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", delivery.UserAgent)
	r.Header.Set(signing.HeaderID, webhookID)
	r.Header.Set(signing.HeaderTimestamp, strconv.FormatInt(now, 10))
	r.Header.Set(signing.HeaderSignature, secret.Sign(webhookID, now, body))
	r.Header.Set(signing.HeaderEventType, "message.failed")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %d", resp.StatusCode)
	}
	return nil
}
