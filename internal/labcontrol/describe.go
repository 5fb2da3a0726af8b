package labcontrol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// describer asks a lab's user pools API for app clients.
type describer struct {
	http           *http.Client
	endpoint, pool string
}

// clientDescription is the part of DescribeUserPoolClient's answer that a target has.
type clientDescription struct {
	CallbackURLs               []string
	SupportedIdentityProviders []string
	AccessTokenValidity        int
	IDTokenValidity            int `json:"IdTokenValidity"`
	TokenValidityUnits         map[string]string
}

// validity is the life of a kind of token; 0: not told.
func (c clientDescription) validity(kind string) time.Duration {
	unit := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}[c.TokenValidityUnits[kind]]
	n := map[string]int{"AccessToken": c.AccessTokenValidity, "IdToken": c.IDTokenValidity}[kind]
	return time.Duration(n) * unit
}

// client describes an app client; one that does not exist has an empty description.
func (d describer) client(ctx context.Context, id string) (clientDescription, error) {
	var out struct{ UserPoolClient clientDescription }
	body, err := json.Marshal(map[string]string{"UserPoolId": d.pool, "ClientId": id})
	if err != nil {
		return out.UserPoolClient, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.endpoint, bytes.NewReader(body))
	if err != nil {
		return out.UserPoolClient, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.DescribeUserPoolClient")
	resp, err := d.http.Do(req)
	if err != nil {
		return out.UserPoolClient, fmt.Errorf("describe app client %s: %w", id, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusBadRequest { // ResourceNotFoundException
		return out.UserPoolClient, nil
	}
	if resp.StatusCode != http.StatusOK {
		return out.UserPoolClient, fmt.Errorf("describe app client %s: status %d", id, resp.StatusCode)
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out.UserPoolClient, fmt.Errorf("describe app client %s: %w", id, err)
	}
	return out.UserPoolClient, nil
}
