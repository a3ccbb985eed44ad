package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// bare is as little as a sender can do over Go's connections: it signs each
// delivery, writes it, reads the head of the answer, and keeps nothing.
func bare(o order) (result, error) {
	u, err := url.Parse(o.url)
	if err != nil {
		return result{}, err
	}
	var next, delivered atomic.Int64
	failures := make([]error, connections)
	body, start := body(), clock.Wall()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			failures[i] = o.loop(u, body, func() bool { return o.more(int(next.Add(1)-1), start) }, &delivered)
		})
	}
	all.Wait()
	took := clock.Wall().Sub(start)
	return result{Deliveries: int(delivered.Load()), Seconds: took.Seconds()}, errors.Join(failures...)
}

func (o order) loop(u *url.URL, body []byte, more func() bool, delivered *atomic.Int64) error {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(context.Background(), "tcp", u.Host)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 4096)
	head := "POST " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Type: application/json\r\nUser-Agent: " + delivery.UserAgent +
		"\r\n" + signing.HeaderEventType + ": message.failed\r\n" + signing.HeaderID + ": " + webhookID + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	var request []byte
	for more() {
		now := clock.Wall().Unix()
		request = append(request[:0], head...)
		request = append(request, signing.HeaderTimestamp+": "...)
		request = strconv.AppendInt(request, now, 10)
		request = append(request, "\r\n"+signing.HeaderSignature+": "...)
		request = append(request, o.secret.Sign(webhookID, now, body)...)
		request = append(request, "\r\n\r\n"...)
		request = append(request, body...)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := answered(in, "200"); err != nil {
			return err
		}
		delivered.Add(1)
	}
	return nil
}

// answered reads an answer of that status that says how long its body is.
func answered(in *bufio.Reader, status string) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 "+status+" ")):
			return fmt.Errorf("it answered %q", line)
		case len(line) <= len("\r\n"):
			_, err = in.Discard(length)
			return err
		}
		if text, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(text))); err != nil {
				return err
			}
		}
	}
}
