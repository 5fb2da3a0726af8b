package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// LabAPI calls an operation of a lab's user pools API, which takes requests without a signature. The check has NeedLab or
// another need that only a lab meets. An answer other than 200 with a JSON object is Undecided. What operations other than
// reads do may end what earlier sign-ins brought, so later checks sign in anew.
func (t *T) LabAPI(operation string, in map[string]any) map[string]any {
	u, err := url.Parse(t.Target().Issuer)
	if err != nil {
		t.Undecided(err)
	}
	_, pool, _ := strings.Cut(u.Path, "/")
	body := map[string]any{"UserPoolId": pool}
	for name, value := range in {
		body[name] = value
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Undecided(err)
	}
	req := t.request(http.MethodPost, u.Scheme+"://"+u.Host+"/", strings.NewReader(string(b)))
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	resp, exchange, err := t.run.send(t.ctx, t.run.client, req)
	exchange.ResponseBody = "" // descriptions hold secrets
	t.exchanges = append(t.exchanges, exchange)
	if err != nil {
		t.Undecided(err)
	}
	out := resp.Object()
	if resp.Status != http.StatusOK || out == nil {
		t.Undecided(fmt.Errorf("%s of the lab answered %d: %s", operation, resp.Status, shorten(string(resp.Body))))
	}
	if !strings.HasPrefix(operation, "Describe") && !strings.HasPrefix(operation, "AdminGet") && !strings.HasPrefix(operation, "List") {
		t.run.journeys = map[string]shared{}
	}
	return out
}
