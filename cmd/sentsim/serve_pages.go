package main

import (
	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/dashboard"
)

// newServer is a server with a dashboard, which the feed keeps up to date.
func newServer(cfg api.Config) (*api.Server, *dashboard.Feed, error) {
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
	cfg.Pages, cfg.Simulator.Watch = pages, feed.Watch
	server, err = api.New(cfg)
	return server, feed, err
}
