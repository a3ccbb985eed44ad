package sentapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// problem is why a request is refused.
type problem struct {
	status  int
	code    string
	message string
}

// response is the envelope of every answer of Sent's API.
type response struct {
	Success bool       `json:"success"`
	Data    any        `json:"data"`
	Error   *errorBody `json:"error"`
	Meta    meta       `json:"meta"`
}

type errorBody struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Details any     `json:"details"`
	DocURL  *string `json:"doc_url"`
}

type meta struct {
	RequestID string `json:"request_id"`
	Timestamp string `json:"timestamp"`
	Version   string `json:"version"`
}

func envelope(requestID string, data any, p *problem) response {
	r := response{Success: p == nil, Data: data, Meta: meta{requestID, clock.Wall().UTC().Format(time.RFC3339), "v3"}}
	if p != nil {
		r.Error = &errorBody{Code: p.code, Message: p.message}
	}
	return r
}

// refuse answers with p and remembers it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, requestID string, p *problem) {
	s.mu.Lock()
	if len(s.refusals) < maxRefusals {
		s.refusals = append(s.refusals, Refusal{r.Method, r.URL.Path, p.status, p.code, p.message, clock.Wall()})
	}
	s.mu.Unlock()
	writeJSON(w, p.status, envelope(requestID, nil, p))
}

func writeJSON(w http.ResponseWriter, status int, v response) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only if the client is gone
}
