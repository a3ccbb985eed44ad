package main

import (
	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/dashboard"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

// newServer is a server with a dashboard, which the feed keeps up to date. watch
// is told of the changes that the feed is told of.
func newServer(cfg api.Config, watch func(history.Change)) (*api.Server, *dashboard.Feed, error) {
	var server *api.Server // there before the first request is
	feed := &dashboard.Feed{}
	key := "" // one that somebody chose is not shown
	if cfg.APIKey == api.DefaultKey {
		key = cfg.APIKey
	}
	pages, err := dashboard.New(dashboard.Config{
		Simulator:   func() *simulator.Simulator { return server.Simulator() },
		StandsStill: cfg.Simulator.Clock == nil,
		Disturb:     func(webhook uuid.UUID, fault string) error { return server.Disturb(webhook, fault) },
		APIKey:      key,
		AllowTarget: func(url string) bool { return server.AllowsTarget(url) },
	}, feed)
	if err != nil {
		return nil, nil, err
	}
	cfg.Pages = pages
	cfg.Simulator.Watch = func(c history.Change) {
		feed.Watch(c)
		watch(c)
	}
	reset := cfg.Reset
	cfg.Reset = func(next seed.Seed) {
		if reset != nil {
			reset(next)
		}
		feed.Reset()
	}
	server, err = api.New(cfg)
	return server, feed, err
}
