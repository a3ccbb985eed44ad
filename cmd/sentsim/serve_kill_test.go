package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// killsOfAFile is how often a server is killed on one file. Its time is fast, and
// an answer is kept for a day: all lives of one file must be over before.
const killsOfAFile = 25

// TestServeKilled kills sentsim serve at random points, over and over on the same
// file and port, and then lets everything happen that is left. No message that was
// accepted may be missing, every event must have arrived at least once, whatever
// was refused must have been tried again, a webhook's health must be what it was,
// and whoever sends an idempotency key again gets the answer and no second message.
//
// SENTSIM_KILLS says how many times (20), SENTSIM_SEED where (1).
func TestServeKilled(t *testing.T) {
	kills, start := numberFrom(t, "SENTSIM_KILLS", 20), numberFrom(t, "SENTSIM_SEED", 1)
	if testing.Short() {
		kills = min(kills, 5)
	}
	for ; kills > 0; kills, start = kills-killsOfAFile, start+1 {
		t.Run(fmt.Sprintf("seed_%d", start), func(t *testing.T) {
			k := newKilled(t, uint64(start))
			for n := range min(kills, killsOfAFile) {
				k.life(n)
			}
			k.check()
			t.Logf("%d messages accepted, %d requests not answered, %d replays, %d deliveries for %d events; %d failures of the broken receiver were seen",
				len(k.answers), k.unanswered, k.replays, k.sink.requests, len(k.sink.taken), k.failures)
		})
	}
}

func numberFrom(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" || text == "random" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// killed is what the clients of a server know that is killed now and then.
type killed struct {
	t      *testing.T
	file   string
	listen string
	sink   *countingSink
	chance *rand.Rand

	taking, broken string // webhooks
	failures       int64  // of the broken one, in a row
	disabled       bool

	mu         sync.Mutex
	keys       int
	again      []string          // keys of requests that were not answered
	answers    map[string]string // by key
	unanswered int
	replays    int
}

func newKilled(t *testing.T, seed uint64) *killed {
	t.Helper()
	k := &killed{
		t: t, file: filepath.Join(t.TempDir(), "sent.db"), listen: "127.0.0.1:0", sink: newCountingSink(t, seed),
		chance: rand.New(rand.NewPCG(seed, 0)), answers: map[string]string{},
	}
	p := k.start()
	register := func(rest string) string {
		status, _, body := p.ask(t, http.MethodPost, "/v3/webhooks", "", rest)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
		return gjson.Get(body, "data.id").String()
	}
	k.taking = register(fmt.Sprintf(`{"display_name":"taking","endpoint_url":%q}`, k.sink.URL))
	k.broken = register(fmt.Sprintf(`{"display_name":"broken","endpoint_url":%q,"retry_count":1,"event_filters":{"message":["queued"]}}`, k.sink.URL+"/broken"))
	k.listen = strings.TrimPrefix(p.url, "http://")
	p.kill()
	return k
}

// program is sentsim serve in a process of its own.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
	client *http.Client
}

// launch starts it and does not wait until it listens.
func (k *killed) launch() (p *program, stdout io.Reader) {
	k.t.Helper()
	p = &program{t: k.t, client: &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}}
	p.cmd = exec.CommandContext(context.WithoutCancel(k.t.Context()), "sentsim", "serve", "--listen", k.listen, "--data", k.file, "--keep", "1000000",
		"--clock", "scaled=2000", "--rate-limit", "off", "--quiet")
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(p.kill)
	return p, out
}

func (k *killed) start() *program {
	k.t.Helper()
	p, out := k.launch()
	line, err := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`^listening on (http://\S+) `).FindStringSubmatch(line)
	if err != nil || found == nil {
		p.kill()
		k.t.Fatalf("it printed %q (%v) and complained %q", line, err, p.stderr.String())
	}
	p.url = found[1]
	return p
}

// kill ends it as kill -9 does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.client.CloseIdleConnections()
}

// try makes a request; the error is that of a server that was killed.
func (p *program) try(method, path, key, body string) (status int, header http.Header, answer string, err error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, "", err
	}
	req.Header.Set("X-Api-Key", "sentsim")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(data), err
}

func (p *program) ask(t *testing.T, method, path, key, body string) (status int, header http.Header, answer string) {
	t.Helper()
	status, header, answer, err := p.try(method, path, key, body)
	if err != nil {
		p.kill()
		t.Fatalf("%s %s: %v; it complained %q", method, path, err, p.stderr.String())
	}
	return status, header, answer
}

// life starts the server, looks whether it remembers, sends, and kills it.
func (k *killed) life(n int) {
	k.t.Helper()
	if k.chance.IntN(4) == 0 { // while it opens the file and goes on
		p, _ := k.launch()
		time.Sleep(time.Duration(k.chance.Int64N(int64(100 * time.Millisecond))))
		p.kill()
		return
	}
	p := k.start()
	k.health(p)
	known := slices.Sorted(maps.Keys(k.answers))
	for range min(3, len(known)) {
		k.replay(p, known[k.chance.IntN(len(known))])
	}
	var sending sync.WaitGroup
	for range 4 {
		sending.Go(func() { k.send(p) })
	}
	time.Sleep(time.Duration(k.chance.Int64N(int64(80 * time.Millisecond))))
	if n%2 == 0 {
		k.health(p)
	}
	p.kill()
	sending.Wait()
	if p.stderr.Len() > 0 {
		k.t.Errorf("it complained: %s", p.stderr.String())
	}
}

// health reads the broken webhook, whose failures never become fewer. What is read
// may be milliseconds ahead of the file; a change that is accepted afterwards is in
// it, and so is everything before.
func (k *killed) health(p *program) {
	k.t.Helper()
	_, _, body := p.ask(k.t, http.MethodGet, "/v3/webhooks/"+k.broken, "", "")
	failures, disabled := gjson.Get(body, "data.consecutive_failures").Int(), !gjson.Get(body, "data.is_active").Bool()
	if failures < k.failures || k.disabled && (!disabled || failures != k.failures) || disabled != (failures >= 10) {
		k.t.Errorf("the broken webhook had %d failures in a row (disabled: %v), and now %s", k.failures, k.disabled, body)
	}
	if status, _, body := p.ask(k.t, http.MethodPost, "/v3/webhooks/"+k.taking+"/rotate-secret", "", ""); status != http.StatusOK {
		k.t.Errorf("%d %s", status, body)
	}
	k.failures, k.disabled = failures, disabled
}

// aMessage is two that are delivered soon: their recipients are magic ones.
const aMessage = `{"to":["+15005550101","+15005550120"],"channel":["sms"],"text":"hi"}`

// send sends messages until the server is gone. A key whose request was not
// answered comes again.
func (k *killed) send(p *program) {
	for {
		k.mu.Lock()
		key := fmt.Sprintf("order-%d", k.keys)
		if len(k.again) > 0 {
			key, k.again = k.again[0], k.again[1:]
		} else {
			k.keys++
		}
		k.mu.Unlock()
		status, _, body, err := p.try(http.MethodPost, "/v3/messages", key, aMessage)
		k.mu.Lock()
		switch {
		case err != nil:
			k.again = append(k.again, key)
			k.unanswered++
		case status != http.StatusAccepted:
			k.t.Errorf("%s: %d %s", key, status, body)
		default:
			k.answers[key] = body
		}
		k.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// replay sends a key again.
func (k *killed) replay(p *program, key string) {
	k.t.Helper()
	status, header, body := p.ask(k.t, http.MethodPost, "/v3/messages", key, aMessage)
	if status != http.StatusAccepted || header.Get("Idempotent-Replayed") != "true" || body != k.answers[key] {
		k.t.Errorf("%s was answered\n%s, and after a kill %d (replayed: %q)\n%s", key, k.answers[key], status, header.Get("Idempotent-Replayed"), body)
	}
	k.replays++
}

// check lets everything happen that is left, and looks at the result.
func (k *killed) check() {
	t := k.t
	t.Helper()
	p := k.start()
	defer p.kill()
	k.health(p)
	for _, key := range k.again {
		status, _, body := p.ask(t, http.MethodPost, "/v3/messages", key, aMessage)
		if status != http.StatusAccepted {
			t.Errorf("%s: %d %s", key, status, body)
		}
		k.answers[key] = body
	}
	if status, _, body := p.ask(t, http.MethodPost, "/_sentsim/wait", "", `{"timeout":"20s"}`); status != http.StatusOK {
		t.Fatalf("what is left does not come to an end: %d %s", status, body)
	}
	k.health(p)
	if len(k.answers) == 0 {
		t.Fatal("no message was ever accepted")
	}
	_, _, all := p.ask(t, http.MethodGet, "/_sentsim/messages?limit=1", "", "")
	if n := gjson.Get(all, "data.total_count").Int(); n != int64(2*len(k.answers)) {
		t.Errorf("%d keys were used for two messages each, and there are %d messages", len(k.answers), n)
	}
	k.sink.mu.Lock()
	defer k.sink.mu.Unlock()
	for key, answer := range k.answers {
		for _, id := range gjson.Get(answer, "data.recipients.#.message_id").Array() {
			k.arrived(p, key, id.String())
		}
	}
	for event := range k.sink.refused {
		if k.sink.taken[event] == 0 {
			t.Errorf("refused and not tried again: %s", event)
		}
	}
}

// arrived checks a message that was accepted for a key.
func (k *killed) arrived(p *program, key, id string) {
	k.t.Helper()
	status, _, body := p.ask(k.t, http.MethodGet, "/v3/messages/"+id, "", "")
	steps := gjson.Get(body, "data.events.#.status").Array()
	if status != http.StatusOK || len(steps) < 2 || steps[0].String() != "QUEUED" || steps[len(steps)-1].String() != "DELIVERED" {
		k.t.Errorf("message %s of %s was accepted, and now %d %s", id, key, status, body)
	}
	for _, step := range steps {
		if k.sink.taken[id+" "+step.String()] == 0 {
			k.t.Errorf("%s of message %s never arrived", step, id)
		}
	}
}

// countingSink is a receiver that refuses one in four events the first time it sees
// them. Under /broken it refuses everything.
type countingSink struct {
	*httptest.Server

	mu             sync.Mutex
	chance         *rand.Rand
	requests       int
	taken, refused map[string]int
}

func newCountingSink(t *testing.T, seed uint64) *countingSink {
	t.Helper()
	s := &countingSink{chance: rand.New(rand.NewPCG(seed, 1)), taken: map[string]int{}, refused: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *countingSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if r.URL.Path == "/broken" || err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	payload := gjson.GetBytes(body, "payload")
	event := payload.Get("message_id").String() + " " + payload.Get("message_status").String()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.taken[event]+s.refused[event] == 0 && s.chance.IntN(4) == 0 {
		s.refused[event]++
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.taken[event]++
}
