package main

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The dashboard is at serve's address: what the API does shows there, its forms
// work through serve's guard, and a page that is open does not keep serve from
// stopping.
func TestServeHasADashboard(t *testing.T) {
	s := startServe(t, nil, "--clock", "virtual", "--allow-target", "127.0.0.1")
	if status, body := s.ask(t, "POST", "/v3/webhooks", "sentsim", `{"display_name":"made by the API","endpoint_url":"http://127.0.0.1:1/"}`); status != http.StatusCreated {
		t.Fatalf("status %d: %s", status, body)
	}
	if status, page := s.ask(t, "GET", "/", "", ""); status != http.StatusOK || !strings.Contains(page, "made by the API") || !strings.Contains(page, "Virtual time") {
		t.Errorf("status %d: %s", status, page)
	}
	form := func(origin string, values url.Values) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/webhooks", strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	values := url.Values{"name": {"made by a form"}, "url": {"http://127.0.0.1:2/"}, "message": {"on"}, "retries": {"3"}, "timeout": {"30"}}
	if status := form("https://evil.example", values); status != http.StatusForbidden {
		t.Errorf("a form of another origin: status %d", status)
	}
	if status := form(s.url, values); status != http.StatusOK {
		t.Errorf("a form of its own: status %d", status)
	}
	values.Set("url", "http://192.0.2.1/")
	if status := form(s.url, values); status != http.StatusUnprocessableEntity {
		t.Errorf("a target that is not allowed: status %d", status)
	}
	if _, body := s.ask(t, "GET", "/v3/webhooks?page=1&page_size=9", "sentsim", ""); !strings.Contains(body, "made by a form") || strings.Contains(body, "192.0.2.1") {
		t.Errorf("the API has %s", body)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	live, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	if live.StatusCode != http.StatusOK {
		t.Errorf("/live: status %d", live.StatusCode)
	}
	begin := time.Now()
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d: %s", status, s.stderr)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("with a page open it took %s to stop", took)
	}
}

// After a reset the dashboard shows what there is then.
func TestDashboardAfterAReset(t *testing.T) {
	s := startServe(t, nil)
	s.ask(t, "POST", "/v3/webhooks", "sentsim", `{"display_name":"before","endpoint_url":"http://127.0.0.1:1/"}`)
	s.ask(t, "POST", "/_sentsim/reset", "sentsim", `{}`)
	if status, page := s.ask(t, "GET", "/", "", ""); status != http.StatusOK || strings.Contains(page, "before") || !strings.Contains(page, "Simulation time") {
		t.Errorf("status %d: %s", status, page)
	}
}

// A page that is open during a reset is told that nothing on it is left.
func TestAnOpenPageIsToldOfAReset(t *testing.T) {
	s := startServe(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	live, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	s.ask(t, "POST", "/_sentsim/reset", "sentsim", `{}`)
	s.stdout.waitFor(t, "reset: seed") // and serve has heard of it, as before
	for lines := bufio.NewScanner(live.Body); lines.Scan(); {
		if lines.Text() == "data: webhooks deliveries messages templates time" {
			return
		}
	}
	t.Error("the page was told nothing")
}
