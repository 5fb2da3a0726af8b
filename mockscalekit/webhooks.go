package mockscalekit

import (
	"slices"

	"github.com/ssolab/ssolab/mockscalekit/internal/webhook"
)

// WebhookDelivery is one event on its way to one endpoint.
type WebhookDelivery = webhook.Delivery

// WebhookEvents are the types of events that webhooks are told of.
func WebhookEvents() []string { return webhook.Types() }

// Webhooks are the endpoints of all environments, with their secrets.
func (s *Server) Webhooks() []Webhook {
	var out []Webhook
	for _, e := range s.envs.list {
		out = append(out, e.webhooks.Endpoints()...)
	}
	return out
}

// WebhookDeliveries are the deliveries that are kept, newest first.
func (s *Server) WebhookDeliveries() []WebhookDelivery {
	var out []WebhookDelivery
	for _, e := range s.envs.list {
		out = append(out, e.webhooks.Deliveries()...)
	}
	slices.SortStableFunc(out, func(a, b WebhookDelivery) int { return b.Created.Compare(a.Created) })
	return out
}

// RedeliverWebhook sends an event again to the endpoints that it went to; false: none of that id is kept.
func (s *Server) RedeliverWebhook(id string) bool {
	return slices.ContainsFunc(s.envs.list, func(e *environment) bool { return e.webhooks.Again(id) })
}
