package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// Message is a message that a scenario needs.
type Message struct {
	ID       uuid.UUID
	To, From string
	Channel  event.Channel
}

// Arranged is the message that came to be. Where the app sent it through Sent's
// API, its id, recipient and channel are those of that call; else it is as it
// was asked for.
type Arranged struct {
	Message
	Called bool // the app called Sent's API
}

// How long things may take, and how many at the same time.
const (
	// arrangeTime is for the app's whole answer.
	arrangeTime = 30 * time.Second
	// toldWait is how long the first arrangement waits for a call to Sent's API
	// where the app was told which id to use, and so need not make one.
	toldWait = 300 * time.Millisecond
	// storeTime is what an app that sends from a queue gets to store the id that
	// Sent's API answered: nothing says when it has.
	storeTime    = 100 * time.Millisecond
	arrangeWidth = 8
)

// Arranger makes the app under test send messages. It is safe for concurrent use.
type Arranger struct {
	spec   Spec
	target Target
	api    *sentapi.Server
	late   time.Duration
	client http.RoundTripper
	slots  chan struct{} // holds a token for each arrangement under way

	mu    sync.Mutex
	calls calls
	busy  map[string]chan struct{} // by number, "" for all of them; closed when it is free again
}

// calls is what is known of whether the app calls Sent's API.
type calls int

const (
	callsUnknown calls = iota // nothing was arranged yet
	callsNever                // it stores what it is told
	callsMade
)

// NewArranger makes messages be sent by tgt as spec.Arrange says, which must not
// be zero. late is how long after its answer the app may call Sent's API, as one
// with a queue does.
func NewArranger(spec Spec, tgt Target, api *sentapi.Server, late time.Duration) (*Arranger, error) {
	if err := errors.Join(spec.Arrange.check()...); err != nil {
		return nil, err
	}
	if spec.Arrange.IsZero() {
		return nil, errors.New("target.arrange: is not in the config")
	}
	trust, err := spec.TLS.Config()
	if err != nil {
		return nil, err
	}
	return &Arranger{
		spec: spec, target: tgt, api: api, late: late,
		client: &http.Transport{DisableKeepAlives: true, TLSClientConfig: trust},
		slots:  make(chan struct{}, arrangeWidth), busy: map[string]chan struct{}{},
	}, nil
}

// Arrange has the app send or store m, once. An error is the config's or the
// app's trouble with being asked; it says nothing of how the app treats webhooks.
//
// The first arrangement runs alone, to learn whether the app calls Sent's API;
// then arrangements for different numbers run side by side, and a call belongs to
// the one for its number. Where the app is not told the number, they run one
// after another.
func (a *Arranger) Arrange(ctx context.Context, env Env, m Message) (Arranged, error) {
	release, known, err := a.take(ctx, m.To)
	if err != nil {
		return Arranged{}, err
	}
	defer release()
	refused, mark := len(a.api.Refusals()), a.api.Mark()

	within, cancel := context.WithTimeout(ctx, arrangeTime)
	defer cancel()
	redirected, err := a.ask(within, env, m)
	switch {
	case ctx.Err() != nil:
		return Arranged{}, ctx.Err()
	case err != nil && within.Err() != nil:
		return Arranged{}, fmt.Errorf("target.arrange: the app did not answer within %s: %w", arrangeTime, within.Err())
	case err != nil:
		return Arranged{}, fmt.Errorf("target.arrange: %w", err)
	}
	sent, called, err := a.call(ctx, mark, m, a.patience(known))
	if err == nil && !called {
		err = a.missing(known, refused, redirected)
	}
	if ctx.Err() != nil {
		return Arranged{}, ctx.Err()
	}
	if err != nil {
		return Arranged{}, fmt.Errorf("target.arrange: %w", err)
	}
	if !called {
		a.learn(callsNever)
		return Arranged{Message: m}, nil
	}
	a.learn(callsMade)
	m.ID, m.To = sent.ID, sent.To
	if sent.Channel != "" { // else it left the choice to Sent
		m.Channel = sent.Channel
	}
	return Arranged{Message: m, Called: true}, nil
}

// patience is how long to wait for a call after the app has answered.
func (a *Arranger) patience(known calls) time.Duration {
	switch {
	case known == callsNever:
		return 0
	case known == callsUnknown && a.spec.Arrange.says(placeID):
		return min(a.late, toldWait)
	}
	return a.late
}

// call is the message that the app sent, if it sent one: before its answer, or
// within wait after it.
func (a *Arranger) call(ctx context.Context, since sentapi.Mark, m Message, wait time.Duration) (sent sentapi.Send, called bool, err error) {
	fits := func(s sentapi.Send) bool { return !a.spec.Arrange.says(placeTo) || sameRecipient(s.To, m.To) }
	asked := func(s sentapi.Send) bool { return fits(s) && s.Channel == m.Channel }
	sends := a.api.Sends(since)
	if !slices.ContainsFunc(sends, fits) {
		within, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		_, err := a.api.Await(within, since, fits)
		if errors.Is(err, sentapi.ErrNoSend) {
			return sent, false, nil
		}
		if err == nil {
			err = clock.Real{}.Sleep(ctx, storeTime)
		}
		if err != nil {
			return sent, false, err
		}
		sends = a.api.Sends(since)
	}
	// One call may send on several channels.
	at := slices.IndexFunc(sends, asked)
	if at < 0 {
		at = slices.IndexFunc(sends, fits)
	}
	return sends[at], true, nil
}

// missing says what is wrong when no call came: nothing, where none was to be
// expected.
func (a *Arranger) missing(known calls, refused int, redirected error) error {
	if known != callsNever {
		for _, r := range a.api.Refusals()[refused:] {
			if strings.Contains(r.Path, "messages") {
				return fmt.Errorf("the app called %s %s of Sent's API and was refused: %d %s, %s", r.Method, r.Path, r.Status, r.Code, r.Problem)
			}
		}
	}
	switch {
	case redirected != nil:
		return redirected
	case known == callsMade:
		return fmt.Errorf("the app did not call POST /v3/messages within %s after its answer, as it did for another message; so the id of this one is not known", a.late)
	}
	return nil
}

// learn notes whether the app calls Sent's API. That it does is not forgotten.
func (a *Arranger) learn(c calls) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = max(a.calls, c)
}

// take waits until an arrangement for that number may begin, and tells what is
// known then.
func (a *Arranger) take(ctx context.Context, number string) (release func(), known calls, err error) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	for {
		release, known, wait := a.tryTake(sentapi.Digits(number))
		if wait == nil {
			return release, known, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			<-a.slots
			return nil, 0, ctx.Err()
		}
	}
}

// tryTake takes the number, or all of them where the arrangement must run alone.
// Where somebody has it, wait is closed when it may be tried again.
func (a *Arranger) tryTake(number string) (release func(), known calls, wait <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	alone := a.calls == callsUnknown || a.calls == callsMade && !a.spec.Arrange.says(placeTo)
	if alone {
		number = ""
	}
	for other, free := range a.busy {
		if alone || other == "" || other == number {
			return nil, 0, free
		}
	}
	free := make(chan struct{})
	a.busy[number] = free
	return func() {
		a.mu.Lock()
		delete(a.busy, number)
		a.mu.Unlock()
		close(free)
		<-a.slots
	}, a.calls, nil
}

// ask tells the app to send m. redirected is set where it answered with a
// redirect: that is success after a form, and a login page elsewhere.
func (a *Arranger) ask(ctx context.Context, env Env, m Message) (redirected, err error) {
	values := map[string]string{placeID: m.ID.String(), placeTo: m.To, placeFrom: m.From, placeChannel: string(m.Channel)}
	if a.spec.Arrange.Exec != "" {
		return nil, a.run(ctx, env, values)
	}
	return a.request(ctx, env, values)
}

// run asks with a command.
func (a *Arranger) run(ctx context.Context, env Env, values map[string]string) error {
	command, err := NewCommand(a.spec.Arrange.Exec, arrangePlaces()...)
	if err != nil {
		return err
	}
	r, err := command.Run(ctx, Call{
		Dir: a.spec.Arrange.Dir, Env: CommandEnv(env, a.target.URL(), a.spec.Env), Values: values, Limit: maxAnswer, Hide: env,
	})
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("%s ended with %s; %s", r.Program, r.Ended, r.Said)
	}
	return err
}

// maxAnswer is how much of an answer or of a command's output is read.
const maxAnswer = 1 << 20

// request asks with a request.
func (a *Arranger) request(ctx context.Context, env Env, values map[string]string) (redirected, err error) {
	how := a.spec.Arrange
	u, err := a.resolve(how.fillURL(values))
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(how.Method)
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(how.fillBody(values)))
	if err != nil {
		return nil, err
	}
	if contentType := how.contentType(); contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range how.Headers {
		value = fillWith(value, values, func(v string) string { return v })
		if strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	u.RawQuery = "" // may be a token
	resp, err := a.client.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, u, reach.Reason(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s %s: the answer broke off: %w", method, u, reach.Reason(err))
	}
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		return nil, nil
	case resp.StatusCode >= 300 && resp.StatusCode <= 399:
		return fmt.Errorf("%s %s answered %d, a redirect; does it need a login?", method, u, resp.StatusCode), nil
	}
	return nil, fmt.Errorf("%s %s answered %d: %s", method, u, resp.StatusCode, firstLine(body, env))
}

// firstLine is the first line of an answer that says something, for an error.
func firstLine(body []byte, env Env) string {
	const shown = 300
	out := new(output.Tail)
	out.Hide(env.Secret, env.APIKey)
	_, _ = out.Write(body)
	out.EndLine()
	for _, line := range out.Lines() {
		if line = strings.TrimSpace(line); line != "" {
			return strings.ToValidUTF8(line[:min(len(line), shown)], "")
		}
	}
	return "with nothing in it"
}

// resolve puts a path on the target's host.
func (a *Arranger) resolve(text string) (*url.URL, error) {
	if !strings.HasPrefix(text, "/") {
		return parseTargetURL(text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("url: is not a path")
	}
	base, err := parseTargetURL(a.target.URL())
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host, u.Fragment = base.Scheme, base.Host, ""
	return u, nil
}

// sameRecipient reports whether two numbers are the same. An app may write one
// without the country's code.
func sameRecipient(a, b string) bool {
	const national = 7 // digits of the shortest number that is recognised
	a, b = sentapi.Digits(a), sentapi.Digits(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) >= national && strings.HasSuffix(b, a)
}
