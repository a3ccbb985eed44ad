package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// plain is what one writes first: a net/http client, each request signed with the
// standard library, the body always the same, nothing recorded.
func plain(o order) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var next, delivered atomic.Int64
	failures := make([]error, connections)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secretText, signing.SecretPrefix))
	if err != nil {
		return result{}, err
	}
	body, start := body(), clock.Wall()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			for failures[i] == nil && o.more(int(next.Add(1)-1), start) {
				if failures[i] = o.post(client, key, body); failures[i] == nil {
					delivered.Add(1)
				}
			}
		})
	}
	all.Wait()
	took := clock.Wall().Sub(start)
	return result{Deliveries: int(delivered.Load()), Seconds: took.Seconds()}, errors.Join(failures...)
}

func signed(key []byte, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.%s", webhookID, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (o order) post(client *http.Client, key, body []byte) error {
	now := clock.Wall().Unix()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", delivery.UserAgent)
	r.Header.Set(signing.HeaderID, webhookID)
	r.Header.Set(signing.HeaderTimestamp, strconv.FormatInt(now, 10))
	r.Header.Set(signing.HeaderSignature, signed(key, now, body))
	r.Header.Set(signing.HeaderEventType, "message.failed")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %d", resp.StatusCode)
	}
	return err
}
