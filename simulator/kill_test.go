package simulator_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// TestKilled kills a process with a durable simulator at random points, over and
// over on the same file, and then lets everything happen that is left. Nothing
// that the process said it had accepted may be missing, every event must have
// arrived at least once, whatever was refused must have been tried again, and the
// count of failures must be that of the failed deliveries.
//
// SENTSIM_KILLS says how many times (30), SENTSIM_SEED where (1).
func TestKilled(t *testing.T) {
	kills, start := number(t, "SENTSIM_KILLS", 30), number(t, "SENTSIM_SEED", 1)
	if testing.Short() {
		kills = min(kills, 20)
	}
	r := rand.New(rand.NewPCG(uint64(start), 0))
	sink := newSink(t, r.Uint64())
	file := filepath.Join(t.TempDir(), "data.db")
	accepted := map[uuid.UUID]lifecycle.Outcome{}
	secret := ""
	for n := range kills {
		after := time.Duration(r.Int64N(int64(50 * time.Millisecond)))
		atOnce := r.IntN(5) == 0 // while it opens the file, goes on, registers
		said := lifeAndDeath(t, file, sink.URL, uint64(start), after, atOnce)
		for _, line := range said {
			what, rest, _ := strings.Cut(line, " ")
			switch what {
			case "accepted":
				id, outcome, _ := strings.Cut(rest, " ")
				accepted[uuid.MustParse(id)] = lifecycle.Outcome(outcome)
			case "rotating":
				secret = "" // either is right
			case "secret":
				secret = rest
			case "trouble":
				t.Fatalf("seed %d, life %d: %s", start, n, rest)
			}
		}
	}
	check(t, file, sink, accepted, secret)
	t.Logf("seed %d: %d kills, %d messages accepted, %d requests for %d events", start, kills, len(accepted), sink.requests, len(sink.taken))
}

func number(t *testing.T, name string, otherwise int) int {
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

// lifeAndDeath runs the process until it is killed and returns what it has said.
func lifeAndDeath(t *testing.T, file, url string, seed uint64, after time.Duration, atOnce bool) (said []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SENTSIM_LIFE="+file, "SENTSIM_LIFE_URL="+url, "SENTSIM_LIFE_SEED="+strconv.FormatUint(seed, 10))
	var trouble strings.Builder
	cmd.Stderr = &trouble
	in, err := cmd.StdinPipe() // it ends with us
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) }
	if atOnce {
		kill()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" && !atOnce {
			kill()
		}
		said = append(said, lines.Text())
	}
	err = cmd.Wait()
	if status := cmd.ProcessState; status.Exited() || trouble.Len() > 0 {
		t.Fatalf("it ended by itself: %v: %s", err, trouble.String())
	}
	return said
}

// check lets everything happen that is left, and looks at the result.
func check(t *testing.T, file string, sink *sink, accepted map[uuid.UUID]lifecycle.Outcome, secret string) {
	t.Helper()
	store, err := history.OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := failuresCounted(store); err != nil {
		t.Error(err)
	}
	sim, err := simulator.New(simulator.Config{Store: store, Knobs: lifeKnobs()})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := sim.Drain(ctx); err != nil {
		t.Fatalf("what is left does not come to an end: %v", err)
	}
	if err := failuresCounted(store); err != nil {
		t.Error(err)
	}
	hook := sim.Webhooks()[0]
	if secret != "" && hook.SigningSecret.Reveal() != secret {
		t.Error("the secret is not the one that was given out")
	}
	if len(accepted) == 0 {
		t.Fatal("no message was ever accepted")
	}
	for id, outcome := range accepted {
		m, err := sim.Message(id)
		if err != nil {
			t.Errorf("accepted and lost: %v", err)
			continue
		}
		if want := ends()[outcome]; m.Status != want || m.Activities[0].Status != event.Queued {
			t.Errorf("message %s was to end %s: %+v", id, want, m)
		}
		for _, a := range m.Activities {
			if sink.taken[id.String()+" "+string(a.Status)] == 0 {
				t.Errorf("%s of message %s never arrived", a.Status, id)
			}
		}
	}
	for key := range sink.refused {
		if sink.taken[key] == 0 {
			t.Errorf("refused and not tried again: %s", key)
		}
	}
	ids := map[uuid.UUID]bool{}
	all, err := sim.Deliveries(hook.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if ids[d.ID] || d.Status != delivery.Delivered {
			t.Errorf("twice there, or not delivered: %+v", d)
		}
		ids[d.ID] = true
	}
}

// failuresCounted compares the second webhook's count with its failed deliveries.
func failuresCounted(store history.Store) error {
	state, err := store.Restore()
	if err != nil || len(state.Webhooks) < 2 {
		return err
	}
	w := state.Webhooks[1]
	failed, err := store.Deliveries(w.ID, history.Query{Status: string(delivery.Failed), Limit: 1})
	if err == nil && w.ConsecutiveFailures != failed.Total {
		err = fmt.Errorf("%d failures are counted, and %d deliveries failed", w.ConsecutiveFailures, failed.Total)
	}
	return err
}

// ends are the outcomes of messages here, and the status in which each ends.
func ends() map[lifecycle.Outcome]event.Status {
	return map[lifecycle.Outcome]event.Status{
		lifecycle.EndsDelivered: event.Delivered, lifecycle.EndsRead: event.Read, lifecycle.EndsFailedSent: event.Failed,
		lifecycle.EndsFailedQueued: event.Failed,
	}
}

func lifeKnobs() simulator.Knobs {
	k := simulator.DefaultKnobs()
	k.DisableThreshold = 1_000_000
	return k
}

// sink is a receiver that refuses one in two events the first time it sees them.
// Under /broken it refuses everything.
type sink struct {
	*httptest.Server
	mu             sync.Mutex
	chance         *rand.Rand
	requests       int
	taken, refused map[string]int
}

func newSink(t *testing.T, seed uint64) *sink {
	t.Helper()
	s := &sink{chance: rand.New(rand.NewPCG(seed, 1)), taken: map[string]int{}, refused: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if r.URL.Path == "/broken" || err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	payload := gjson.GetBytes(body, "payload")
	key := payload.Get("message_id").String() + " " + payload.Get("message_status").String()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.taken[key]+s.refused[key] == 0 && s.chance.IntN(2) == 0 {
		s.refused[key]++
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.taken[key]++
}

// life is the process that is killed: it opens the file, goes on, and says what
// it has accepted.
func life(file string) error {
	n, err := strconv.ParseUint(os.Getenv("SENTSIM_LIFE_SEED"), 10, 64)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	store, err := history.OpenSQLite(ctx, file, 0)
	if err != nil {
		return err
	}
	if err := failuresCounted(store); err != nil {
		return err
	}
	sim, err := simulator.New(simulator.Config{Seed: seed.Seed(n), Store: store, Knobs: lifeKnobs(), Clock: clock.NewScaled(clock.Wall(), 5000)})
	if err != nil {
		return err
	}
	if err := registerTwo(sim, os.Getenv("SENTSIM_LIFE_URL")); err != nil {
		return err
	}
	say := saying()
	say("ready")
	say("rotating")
	rotated, err := sim.RotateSecret(sim.Webhooks()[0].ID)
	if err != nil {
		return err
	}
	say("secret %s", rotated.Reveal())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				for outcome := range ends() {
					id, err := sim.Send(simulator.Message{Channel: event.WhatsApp, Outcome: outcome})
					if err != nil {
						say("trouble %v", err)
						return
					}
					say("accepted %s %s", id, outcome)
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	return ctx.Err()
}

// registerTwo registers the webhooks that an earlier life has not registered: one
// that takes everything, and one whose receiver is broken.
func registerTwo(sim *simulator.Simulator, url string) error {
	for len(sim.Webhooks()) < 2 {
		cfg := webhook.Config{DisplayName: "sink", EndpointURL: url}
		if len(sim.Webhooks()) == 1 {
			cfg = webhook.Config{
				DisplayName: "broken", EndpointURL: url + "/broken", RetryCount: new(1), EventFilters: map[string][]string{"message": {"queued"}},
			}
		}
		if _, err := sim.RegisterWebhook(cfg); err != nil {
			return err
		}
	}
	return nil
}

// saying prints whole lines.
func saying() func(format string, args ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", args...)
	}
}
