package main

import (
	"context"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// dataFile is the file in which serve keeps everything; nil keeps nothing.
type dataFile struct {
	path  string
	keep  int
	store *history.SQLite
}

// openData opens the store that the flags ask for and puts it into cfg.
func openData(ctx context.Context, o serveOptions, cfg *api.Config) (*dataFile, error) {
	keep := history.DefaultLimit
	if o.keep != "" {
		n, err := strconv.Atoi(o.keep)
		if err != nil || n < 1 {
			return nil, usage("--keep %q: a number above 0", o.keep)
		}
		keep = n
	}
	if o.data == "" {
		cfg.Empty = func() (history.Store, error) { return history.NewMemory(keep), nil }
		cfg.Simulator.Store, _ = cfg.Empty() // it never fails
		return nil, nil                      //nolint:nilnil // nothing to close
	}
	d := &dataFile{path: o.data, keep: keep}
	store, err := history.OpenSQLite(ctx, d.path, d.keep)
	if err != nil {
		return nil, err
	}
	d.store, cfg.Simulator.Store = store, store
	cfg.Empty = d.empty
	return d, nil
}

// clock is the clock with which the file goes on. Simulation time never runs
// backwards: where the file's is ahead of c's, it goes on from there as c would
// have, with the time that passed meanwhile. One that stands still does so by itself.
func (d *dataFile) clock(c clock.Clock, start time.Time) (clock.Clock, error) {
	if d == nil || c == nil {
		return c, nil
	}
	state, err := d.store.Restore()
	if err != nil {
		return nil, err
	}
	at, wall := state.Now()
	if at.IsZero() || at.Before(start) {
		return c, nil
	}
	factor := 1.0
	if scaled, ok := c.(*clock.Scaled); ok {
		factor = scaled.Factor()
	}
	goneOn := at.Add(time.Duration(float64(max(clock.Wall().Sub(wall), 0)) * factor))
	if _, onTheWall := c.(clock.Real); onTheWall && !goneOn.After(clock.Wall().Add(time.Second)) {
		return c, nil
	}
	return clock.NewScaled(goneOn, factor), nil
}

// empty begins the file anew, in one transaction: there is no moment in which the
// file is not there, or somebody else could have it.
func (d *dataFile) empty() (history.Store, error) {
	if err := d.store.Save(history.Change{Empty: true}); err != nil {
		return nil, err
	}
	return d.store, d.store.Flush()
}

func (d *dataFile) close() error {
	if d == nil {
		return nil
	}
	return d.store.Close()
}
