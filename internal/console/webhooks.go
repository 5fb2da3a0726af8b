package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Webhooks are the deliveries of Scalekit's webhooks, for GET webhooks and POST webhooks/{id}/again.
type Webhooks interface {
	WebhookEndpoints() []WebhookEndpoint
	WebhookDeliveries() []WebhookDelivery // newest first
	WebhookAgain(id string) bool          // false: there is none of that id
}

// WebhookEndpoint is where webhooks are sent.
type WebhookEndpoint struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Secret string   `json:"secret"` // whsec_…, with which a receiver verifies
	Events []string `json:"events"` // types; empty means all
}

// WebhookDelivery is one event on its way to one endpoint.
type WebhookDelivery struct {
	ID       string           `json:"id"` // evt_…
	Type     string           `json:"type"`
	URL      string           `json:"url"`
	State    string           `json:"state"` // pending, delivered or failed
	Created  time.Time        `json:"created"`
	Next     *time.Time       `json:"next,omitempty"` // of the next attempt, while pending
	Attempts []WebhookAttempt `json:"attempts"`
	Body     json.RawMessage  `json:"body"`
}

// WebhookAttempt is one request of a delivery.
type WebhookAttempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"` // of the answer
	Error  string    `json:"error,omitempty"`  // why there was none
}

// WebhookList answers GET webhooks.
type WebhookList struct {
	Endpoints  []WebhookEndpoint `json:"endpoints"`
	Deliveries []WebhookDelivery `json:"deliveries"`
}

func (c *console) webhooks(w http.ResponseWriter, _ *http.Request) error {
	out := WebhookList{Endpoints: []WebhookEndpoint{}, Deliveries: []WebhookDelivery{}}
	if c.Webhooks != nil {
		out.Endpoints = append(out.Endpoints, c.Webhooks.WebhookEndpoints()...)
		out.Deliveries = append(out.Deliveries, c.Webhooks.WebhookDeliveries()...)
	}
	return ok(w, out)
}

func (c *console) webhookAgain(w http.ResponseWriter, r *http.Request) error {
	if id := r.PathValue("id"); c.Webhooks == nil || !c.Webhooks.WebhookAgain(id) {
		return refused(http.StatusNotFound, fmt.Sprintf("there is no delivery of an event %q", id), "GET /api/v1/webhooks lists those that are kept.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
