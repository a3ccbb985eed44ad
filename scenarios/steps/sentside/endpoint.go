package sentside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// request is one request as the endpoint saw it.
type request struct {
	header http.Header
	body   []byte
}

// endpoint is a real HTTP server that records requests and answers as told.
type endpoint struct {
	listener net.Listener
	server   *http.Server
	served   chan error

	mu       sync.Mutex
	requests []request
	answers  []answer // one for each request; the last one for all that follow
}

func newEndpoint(ctx context.Context) (*endpoint, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &endpoint{listener: l, served: make(chan error, 1), answers: []answer{status(http.StatusOK)}}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	go func() { e.served <- e.server.Serve(l) }()
	return e, nil
}

func (e *endpoint) url() string { return "http://" + e.listener.Addr().String() + "/webhooks/sent" }

func (e *endpoint) close() error {
	err := e.server.Close()
	if served := <-e.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what arrived counts
	e.mu.Lock()
	e.requests = append(e.requests, request{r.Header.Clone(), body})
	respond := e.answers[0]
	if len(e.answers) > 1 {
		e.answers = e.answers[1:]
	}
	e.mu.Unlock()
	respond(w)
}

func (e *endpoint) got() []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]request(nil), e.requests...)
}

func (e *endpoint) willAnswer(all []answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers = all
}

// answer is one way to end a request.
type answer func(http.ResponseWriter)

func status(code int) answer {
	return func(w http.ResponseWriter) {
		if code/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
	}
}

// hijacked takes the connection over, writes text on it and closes it.
func hijacked(text string) answer {
	return func(w http.ResponseWriter) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, text)
		_ = c.Close()
	}
}

// parseAnswers reads "500", "500 twice, then 200", "500 3 times, then garbage".
func parseAnswers(text string) ([]answer, error) {
	var all []answer
	for part := range strings.SplitSeq(text, ", then ") {
		what, times := part, 1
		if before, ok := strings.CutSuffix(part, " twice"); ok {
			what, times = before, 2
		} else if before, ok := strings.CutSuffix(part, " times"); ok {
			i := strings.LastIndexByte(before, ' ')
			n, err := strconv.Atoi(before[i+1:])
			if i < 0 || err != nil {
				return nil, fmt.Errorf("answer %q: how many times?", part)
			}
			what, times = before[:i], n
		}
		a, err := parseAnswer(what)
		if err != nil {
			return nil, err
		}
		for range times {
			all = append(all, a)
		}
	}
	return all, nil
}

func parseAnswer(what string) (answer, error) {
	switch what {
	case "nothing and hangs up":
		return hijacked(""), nil
	case "garbage":
		return hijacked("220 ready\r\n"), nil
	case "half a response":
		return hijacked("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"), nil
	}
	code, err := strconv.Atoi(what)
	if err != nil || code < 200 || code > 599 {
		return nil, fmt.Errorf("answer %q: neither a status nor one of the other answers", what)
	}
	return status(code), nil
}
