// Package sentsim is the module k6/x/sentsim for scripts of k6. An iteration of a script
// is one message of a seeded chaos plan: its deliveries with their faults, signed in Go,
// then the reading of what the receiver made of them, judged by the checks of sentsim
// chaos. Which message it is follows from the number of the iteration in the whole
// test, so that any number of k6 processes carry out one plan together.
package sentsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/metrics"
)

// name is what scripts import.
const name = "k6/x/sentsim"

func init() { modules.Register(name, newRoot()) } //nolint:gochecknoinits // k6 knows its extensions no other way

// version is of sentsim, as the linker was told it; "" is that of its Go module.
var version string

// root is the module in one k6 process: what its virtual users share.
type root struct {
	mu   sync.Mutex
	runs map[string]*sharedRun // by the options that they were made with
}

func newRoot() *root { return &root{runs: map[string]*sharedRun{}} }

// NewModuleInstance is the module of one virtual user.
func (r *root) NewModuleInstance(vu modules.VU) modules.Instance {
	i := &instance{root: r, vu: vu}
	var err error
	if i.metrics, err = newMetrics(vu.InitEnv().Registry); err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return i
}

// shared is the run of these options, which all virtual users carry out together.
func (r *root) shared(key string, resolve func() (settings, error)) (*sharedRun, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run := r.runs[key]; run != nil {
		return run, nil
	}
	s, err := resolve()
	if err != nil {
		return nil, err
	}
	run := &sharedRun{settings: s}
	r.runs[key] = run
	return run, nil
}

// instance is the module of one virtual user.
type instance struct {
	root    *root
	vu      modules.VU
	metrics *runMetrics
}

// Exports is what scripts can import.
func (i *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"Run": i.newRun}}
}

// newRun is the constructor of Run.
func (i *instance) newRun(call sobek.ConstructorCall) *sobek.Object {
	rt := i.vu.Runtime()
	if i.vu.InitEnv() == nil {
		common.Throw(rt, errors.New("new Run() belongs at the top of the script, outside of its functions"))
	}
	given, err := optionsOf(call.Argument(0))
	if err != nil {
		common.Throw(rt, err)
	}
	key, err := json.Marshal(given)
	if err != nil {
		common.Throw(rt, fmt.Errorf("new Run(): %w", err))
	}
	shared, err := i.root.shared(string(key), func() (settings, error) { return given.resolve(environmentOf(rt), i.readFile) })
	if err != nil {
		common.Throw(rt, err)
	}
	run := &run{instance: i, shared: shared}
	for method, do := range map[string]any{"message": run.message, "summary": run.summary} {
		if err := call.This.Set(method, do); err != nil {
			common.Throw(rt, err)
		}
	}
	return nil // the object that was made
}

// runMetrics are what a run tells k6.
type runMetrics struct {
	deliveries, duration, retries, violations *metrics.Metric
}

func newMetrics(r *metrics.Registry) (*runMetrics, error) {
	m := &runMetrics{}
	for _, of := range []struct {
		metric   **metrics.Metric
		name     string
		kind     metrics.MetricType
		contains metrics.ValueType
	}{
		{&m.deliveries, "sentsim_deliveries", metrics.Counter, metrics.Default},
		{&m.duration, "sentsim_delivery_duration", metrics.Trend, metrics.Time},
		{&m.retries, "sentsim_retries", metrics.Counter, metrics.Default},
		{&m.violations, "sentsim_violations", metrics.Counter, metrics.Default},
	} {
		made, err := r.NewMetric(of.name, of.kind, of.contains)
		if err != nil {
			return nil, err
		}
		*of.metric = made
	}
	return m, nil
}
