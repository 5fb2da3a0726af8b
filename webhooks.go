package ssolab

import (
	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/mockscalekit"
)

// webhooks shows the deliveries of Scalekit's webhooks to the console.
type webhooks struct{ scalekit *mockscalekit.Server }

func (w webhooks) WebhookEndpoints() (out []console.WebhookEndpoint) {
	for _, e := range w.scalekit.Webhooks() {
		out = append(out, console.WebhookEndpoint{ID: e.ID, URL: e.URL, Secret: e.Secret, Events: append([]string{}, e.Events...)})
	}
	return out
}

func (w webhooks) WebhookDeliveries() (out []console.WebhookDelivery) {
	for _, d := range w.scalekit.WebhookDeliveries() {
		made := console.WebhookDelivery{
			ID: d.ID, Type: d.Type, URL: d.Endpoint, State: string(d.State), Created: d.Created.UTC(), Body: d.Body, Attempts: []console.WebhookAttempt{},
		}
		if next := d.Next.UTC(); made.State == "pending" {
			made.Next = &next
		}
		for _, a := range d.Attempts {
			made.Attempts = append(made.Attempts, console.WebhookAttempt{At: a.At, Status: a.Status, Error: a.Error})
		}
		out = append(out, made)
	}
	return out
}

func (w webhooks) WebhookAgain(id string) bool { return w.scalekit.RedeliverWebhook(id) }
