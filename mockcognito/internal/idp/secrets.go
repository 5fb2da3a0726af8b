package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func secretOperations() map[string]operation {
	return map[string]operation{
		"AddUserPoolClientSecret":    {serve: (*call).addSecret, input: Structure{poolMember, clientMember, optional("ClientSecret", clientSecret)}},
		"ListUserPoolClientSecrets":  {serve: (*call).listSecrets, input: Structure{poolMember, clientMember, optional("NextToken", nextToken)}},
		"DeleteUserPoolClientSecret": {serve: (*call).deleteSecret, input: Structure{poolMember, clientMember, required("ClientSecretId", secretID)}},
	}
}

// maxSecrets is how many secrets of a client are valid at once.
const maxSecrets = 2

// newSecret is value, or one that the service makes, as a secret of now.
func (c *call) newSecret(value string) userpool.ClientSecret {
	if value == "" {
		value = randomText(c.Env.Bytes, lowerAlphanumeric, secretLength)
	}
	return userpool.ClientSecret{ID: c.Env.UUID(), Value: value, Created: c.Env.Now().UTC().Round(0)}
}

func (c *call) addSecret() (object, error) {
	own := c.in.str("ClientSecret")
	secret := c.newSecret(own)
	err := c.edit(func(d *userpool.Draft) error {
		client := d.Client(c.in.str("ClientId"))
		switch {
		case client == nil:
			return noClient(c.in.str("ClientId"))
		case !client.Confidential(): // Unverified: that a public client cannot become a confidential one
			return userpool.Errorf(userpool.InvalidParameter, "User pool client %s has no client secret.", client.ID)
		case len(client.Secrets) >= maxSecrets:
			return userpool.Errorf(userpool.LimitExceeded, "User pool client %s has %d client secrets already.", client.ID, maxSecrets) // Unverified: the text
		case client.HasSecret(secret.Value):
			return userpool.Errorf(userpool.InvalidParameter, "The client secret is one of the client's already.") // Unverified: the text
		}
		changed := *client
		changed.Secrets = append(slices.Clone(client.Secrets), secret)
		d.PutClient(changed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := describeSecret(&secret, &userpool.AppClient{})
	if own == "" { // the only answer that holds it
		out["ClientSecretValue"] = secret.Value
	}
	return object{"ClientSecretDescriptor": out}, nil
}

// describeSecret never shows the value. A declared secret is as old as its client.
func describeSecret(s *userpool.ClientSecret, c *userpool.AppClient) object {
	created := s.Created
	if created.IsZero() {
		created = c.Created
	}
	return object{"ClientSecretId": s.ID, "ClientSecretCreateDate": epoch(created)}
}

func (c *call) listSecrets() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	client := p.Client(c.in.str("ClientId"))
	if client == nil {
		return nil, noClient(c.in.str("ClientId"))
	}
	if _, err := c.openPage("NextToken", "ListUserPoolClientSecrets/"+p.ID+"/"+client.ID); err != nil {
		return nil, err
	}
	list := []object{} // two at most: no further page
	for i := range client.Secrets {
		list = append(list, describeSecret(&client.Secrets[i], client))
	}
	return object{"ClientSecrets": list}, nil
}

func (c *call) deleteSecret() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		client := d.Client(c.in.str("ClientId"))
		if client == nil {
			return noClient(c.in.str("ClientId"))
		}
		id := c.in.str("ClientSecretId")
		left := slices.DeleteFunc(slices.Clone(client.Secrets), func(s userpool.ClientSecret) bool { return s.ID == id })
		switch {
		case len(left) == len(client.Secrets):
			return userpool.Errorf(userpool.ResourceNotFound, "Client secret %s does not exist.", id) // Unverified: the text
		case len(left) == 0:
			return userpool.Errorf(userpool.InvalidParameter, "The last client secret of a client cannot be deleted.") // Unverified: the text
		}
		changed := *client
		changed.Secrets = left
		d.PutClient(changed)
		return nil
	})
}
