package idp

import (
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

var (
	validityUnit = enum("seconds", "minutes", "hours", "days")

	// clientSettings are what CreateUserPoolClient and UpdateUserPoolClient share.
	clientSettings = Structure{
		optional("RefreshTokenValidity", Integer{0, 315360000}), optional("AccessTokenValidity", Integer{1, 86400}), optional("IdTokenValidity", Integer{1, 86400}),
		optional("TokenValidityUnits", Structure{optional("AccessToken", validityUnit), optional("IdToken", validityUnit), optional("RefreshToken", validityUnit)}),
		optional("ReadAttributes", listOf(str(1, 2048))), optional("WriteAttributes", listOf(str(1, 2048))), optional("ExplicitAuthFlows", listOf(enum(userpool.ExplicitAuthFlows...))),
		optional("SupportedIdentityProviders", listOf(providerName)), optional("CallbackURLs", listOf(redirectURL).atMost(100)), optional("LogoutURLs", listOf(redirectURL).atMost(100)),
		optional("DefaultRedirectURI", redirectURL), optional("AllowedOAuthFlows", listOf(enum("code", "implicit", "client_credentials")).atMost(3)),
		optional("AllowedOAuthScopes", listOf(str(1, 256).like(scopePattern)).atMost(50)), optional("AllowedOAuthFlowsUserPoolClient", flag),
		optional("AnalyticsConfiguration", Structure{
			optional("ApplicationId", Text{Pattern: matching(`^[0-9a-fA-F]+$`)}), optional("ApplicationArn", arn), optional("RoleArn", arn), optional("ExternalId", anyString), optional("UserDataShared", flag),
		}),
		optional("PreventUserExistenceErrors", enum("LEGACY", "ENABLED")), optional("EnableTokenRevocation", flag), optional("EnablePropagateAdditionalUserContextData", flag),
		optional("AuthSessionValidity", Integer{3, 15}),
		optional("RefreshTokenRotation", Structure{required("Feature", enum("ENABLED", "DISABLED")), optional("RetryGracePeriodSeconds", Integer{0, 60})}),
	}
	clientMember = required("ClientId", clientID)
)

func clientOperations() map[string]operation {
	return map[string]operation{
		"CreateUserPoolClient": {serve: (*call).createUserPoolClient, input: slices.Concat(Structure{
			poolMember, required("ClientName", userPoolName), optional("GenerateSecret", flag), optional("ClientSecret", clientSecret),
		}, clientSettings)},
		"DescribeUserPoolClient": {serve: (*call).describeUserPoolClient, input: Structure{poolMember, clientMember}},
		"UpdateUserPoolClient":   {serve: (*call).updateUserPoolClient, input: slices.Concat(Structure{poolMember, clientMember, optional("ClientName", userPoolName)}, clientSettings)},
		"ListUserPoolClients":    {serve: (*call).listUserPoolClients, input: Structure{poolMember, optional("MaxResults", Integer{1, 60}), optional("NextToken", nextToken)}},
		"DeleteUserPoolClient":   {serve: (*call).deleteUserPoolClient, input: Structure{poolMember, clientMember}, noBody: true},
	}
}

// Lengths of what the service makes for a client.
const (
	clientIDLength = 26
	secretLength   = 52
)

// maxClients is how many app clients a pool has at most.
const maxClients = 1000

func (c *call) createUserPoolClient() (object, error) {
	client := userpool.AppClient{ID: randomText(c.Env.Bytes, lowerAlphanumeric, clientIDLength), Name: c.in.str("ClientName")}
	own := c.in.str("ClientSecret")
	switch generate := c.in.boolOr("GenerateSecret", false); {
	case generate && own != "":
		return nil, userpool.Errorf(userpool.InvalidParameter, "GenerateSecret and ClientSecret cannot be given together.") // Unverified: the text
	case generate:
		client.Secrets = []userpool.ClientSecret{c.newSecret("")}
	case own != "":
		client.Secrets = []userpool.ClientSecret{c.newSecret(own)}
	}
	applyClient(&client, c.in)
	err := c.edit(func(d *userpool.Draft) error {
		if len(d.Clients()) >= maxClients {
			return userpool.Errorf(userpool.LimitExceeded, "A user pool has at most %d app clients.", maxClients) // Unverified: the text
		}
		if err := checkClient(d.Pool, &client, "creating"); err != nil {
			return err
		}
		d.PutClient(client)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.client(client.ID)
}

// client is the answer that shows a client as it is now.
func (c *call) client(id string) (object, error) {
	p := c.Directory.Snapshot().Pool(c.in.str("UserPoolId"))
	if p == nil || p.Client(id) == nil {
		return nil, noClient(id)
	}
	return object{"UserPoolClient": describeClient(p.Client(id))}, nil
}

func noClient(id string) error {
	return userpool.Errorf(userpool.ResourceNotFound, "User pool client %s does not exist.", id)
}

func (c *call) describeUserPoolClient() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return c.client(c.in.str("ClientId"))
}

// updateUserPoolClient sets every setting that is left out to its default; name and secrets stay.
func (c *call) updateUserPoolClient() (object, error) {
	id := c.in.str("ClientId")
	err := c.edit(func(d *userpool.Draft) error {
		old := d.Client(id)
		if old == nil {
			return noClient(id)
		}
		client := userpool.AppClient{ID: id, Name: c.in.strOr("ClientName", old.Name), Secrets: old.Secrets}
		applyClient(&client, c.in)
		if err := checkClient(d.Pool, &client, "updating"); err != nil {
			return err
		}
		d.PutClient(client)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.client(id)
}

// applyClient writes the settings into a client that has none.
func applyClient(client *userpool.AppClient, in members) {
	unit := in.structure("TokenValidityUnits")
	client.AccessTokenValidity = userpool.Validity{N: in.integer("AccessTokenValidity"), Unit: unit.str("AccessToken")}
	client.IDTokenValidity = userpool.Validity{N: in.integer("IdTokenValidity"), Unit: unit.str("IdToken")}
	client.RefreshTokenValidity = userpool.Validity{N: in.integer("RefreshTokenValidity"), Unit: unit.str("RefreshToken")}
	client.ReadAttributes, client.WriteAttributes = in.list("ReadAttributes"), in.list("WriteAttributes")
	client.ExplicitAuthFlows, client.IdentityProviders = in.list("ExplicitAuthFlows"), in.list("SupportedIdentityProviders")
	client.CallbackURLs, client.LogoutURLs, client.DefaultRedirectURI = in.list("CallbackURLs"), in.list("LogoutURLs"), in.str("DefaultRedirectURI")
	client.Flows, client.Scopes, client.OAuth = in.list("AllowedOAuthFlows"), in.list("AllowedOAuthScopes"), in.boolOr("AllowedOAuthFlowsUserPoolClient", false)
	client.Analytics = in.plain("AnalyticsConfiguration")
	client.PreventUserExistence = in.str("PreventUserExistenceErrors")
	client.TokenRevocation = in.boolOr("EnableTokenRevocation", true)
	client.PropagateUserContext = in.boolOr("EnablePropagateAdditionalUserContextData", false)
	client.AuthSessionMinutes = in.integer("AuthSessionValidity")
	if r := in.structure("RefreshTokenRotation"); r != nil {
		client.Rotation = &userpool.RefreshTokenRotation{Enabled: r.str("Feature") == "ENABLED", Grace: time.Duration(r.integer("RetryGracePeriodSeconds")) * time.Second}
	}
	for _, list := range []*[]string{
		&client.ReadAttributes, &client.WriteAttributes, &client.ExplicitAuthFlows, &client.IdentityProviders, &client.CallbackURLs, &client.LogoutURLs,
		&client.Flows, &client.Scopes,
	} {
		if len(*list) == 0 {
			*list = nil // an empty list is as good as none here, and is not answered
		}
	}
}

// describeClient is UserPoolClientType. What was not set is left out, but for what the service fills in.
func describeClient(c *userpool.AppClient) object {
	out := object{
		"UserPoolId": c.PoolID, "ClientId": c.ID, "ClientName": c.Name, "CreationDate": epoch(c.Created), "LastModifiedDate": epoch(c.Modified),
		"AllowedOAuthFlowsUserPoolClient": c.OAuth, "EnableTokenRevocation": c.TokenRevocation, "EnablePropagateAdditionalUserContextData": c.PropagateUserContext,
		"AuthSessionValidity": 3, "RefreshTokenValidity": 30,
	}
	setText(out, "ClientSecret", c.Secret())
	setText(out, "DefaultRedirectURI", c.DefaultRedirectURI)
	setText(out, "PreventUserExistenceErrors", c.PreventUserExistence)
	setList(out, "CallbackURLs", c.CallbackURLs)
	setList(out, "LogoutURLs", c.LogoutURLs)
	setList(out, "AllowedOAuthFlows", c.Flows)
	setList(out, "AllowedOAuthScopes", c.Scopes)
	setList(out, "SupportedIdentityProviders", c.IdentityProviders)
	setList(out, "ReadAttributes", c.ReadAttributes)
	setList(out, "WriteAttributes", c.WriteAttributes)
	setList(out, "ExplicitAuthFlows", c.ExplicitAuthFlows)
	setObject(out, "AnalyticsConfiguration", c.Analytics)
	if c.AuthSessionMinutes != 0 {
		out["AuthSessionValidity"] = c.AuthSessionMinutes
	}
	units := object{}
	for name, v := range map[string]userpool.Validity{"AccessToken": c.AccessTokenValidity, "IdToken": c.IDTokenValidity, "RefreshToken": c.RefreshTokenValidity} {
		if v.N != 0 {
			out[name+"Validity"] = v.N
		}
		setText(units, name, v.Unit)
	}
	setObject(out, "TokenValidityUnits", units)
	if r := c.Rotation; r != nil {
		feature := "DISABLED"
		if r.Enabled {
			feature = "ENABLED"
		}
		out["RefreshTokenRotation"] = object{"Feature": feature, "RetryGracePeriodSeconds": int(r.Grace / time.Second)}
	}
	return out
}

func (c *call) listUserPoolClients() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return page(c, p.Clients(), "ListUserPoolClients/"+p.ID, "UserPoolClients", "MaxResults", 60, func(client *userpool.AppClient) object {
		return object{"ClientId": client.ID, "ClientName": client.Name, "UserPoolId": p.ID}
	})
}

func (c *call) deleteUserPoolClient() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.Client(c.in.str("ClientId")) == nil {
			return noClient(c.in.str("ClientId"))
		}
		d.DeleteClient(c.in.str("ClientId"))
		return nil
	})
}

// checkClient holds a client against the rules of its pool. doing is what the request does: creating, updating.
func checkClient(p *userpool.Pool, c *userpool.AppClient, doing string) error {
	for _, check := range []func() error{
		func() error { return checkFlows(c) },
		func() error { return checkScopes(p, c) },
		func() error { return checkURLs(c) },
		func() error { return checkProviders(p, c) },
		func() error { return checkAttributes(p, c, doing) },
		func() error { return checkValidity(c) },
		func() error { return checkAuthFlows(c) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func checkFlows(c *userpool.AppClient) error {
	machine := slices.Contains(c.Flows, "client_credentials")
	switch {
	case c.OAuth && (len(c.Flows) == 0 || len(c.Scopes) == 0):
		return userpool.Errorf(userpool.InvalidOAuthFlow, "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.")
	case machine && len(c.Flows) > 1:
		return userpool.Errorf(userpool.InvalidOAuthFlow, "client_credentials flow can not be selected along with code flow or implicit flow.")
	case machine && !c.Confidential():
		return userpool.Errorf(userpool.InvalidOAuthFlow, "client_credentials flow can not be selected if client does not have a client secret.")
	case c.OAuth && !machine && len(c.CallbackURLs) == 0:
		return userpool.Errorf(userpool.InvalidOAuthFlow, "CallbackURLs are required if code or implicit flow is selected.") // Unverified: class and text
	}
	return nil
}

// standardScopes are the scopes that belong to no resource server.
var standardScopes = []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"}

func checkScopes(p *userpool.Pool, c *userpool.AppClient) error {
	machine := slices.Contains(c.Flows, "client_credentials")
	for _, scope := range c.Scopes {
		standard := slices.Contains(standardScopes, scope)
		switch {
		case standard && machine:
			return userpool.Errorf(userpool.InvalidOAuthFlow, "%s can not be selected with client_credentials flow.", scope) // Unverified: the text
		case !standard && !p.HasScope(scope):
			return userpool.Errorf(userpool.ScopeDoesNotExist, "Invalid scope requested: %s", scope)
		case (scope == "email" || scope == "phone" || scope == "profile") && !slices.Contains(c.Scopes, "openid"):
			return userpool.Errorf(userpool.InvalidParameter, "Scope openid must be selected if scope %s is selected.", scope) // Unverified: the text
		}
	}
	return nil
}

func checkURLs(c *userpool.AppClient) error {
	for _, u := range slices.Concat(c.CallbackURLs, c.LogoutURLs) {
		if err := userpool.CheckRedirectURL(u); err != nil {
			return userpool.Errorf(userpool.InvalidParameter, "Invalid URL: %v", err) // Unverified: the text
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		return userpool.Errorf(userpool.InvalidParameter, "DefaultRedirectURI must be in the list of CallbackURLs.") // Unverified: the text
	}
	return nil
}

func checkProviders(p *userpool.Pool, c *userpool.AppClient) error {
	for _, name := range c.IdentityProviders {
		if name != userpool.CognitoProvider && p.Provider(name) == nil {
			return userpool.Errorf(userpool.InvalidParameter, "The provider %s does not exist for User Pool %s", name, p.ID)
		}
	}
	return nil
}

// checkAttributes wants lists of existing attributes, and of those to be written all that are required and none that the
// service itself writes.
func checkAttributes(p *userpool.Pool, c *userpool.AppClient, doing string) error {
	refuse := func(what string) error {
		return userpool.Errorf(userpool.InvalidParameter, "Invalid %s attributes specified while %s a client", what, doing)
	}
	known := func(name string) bool { _, ok := p.Attribute(name); return ok && name != "sub" }
	if slices.ContainsFunc(c.ReadAttributes, func(name string) bool { return !known(name) && name != "sub" }) {
		return refuse("read")
	}
	if slices.ContainsFunc(c.WriteAttributes, func(name string) bool { return !known(name) || userpool.IsBoolean(name) }) {
		return refuse("write")
	}
	if c.WriteAttributes != nil && slices.ContainsFunc(p.Required(), func(name string) bool { return !slices.Contains(c.WriteAttributes, name) }) {
		return refuse("write")
	}
	return nil
}

func checkValidity(c *userpool.AppClient) error {
	within := func(d, low, high time.Duration) bool { return d >= low && d <= high }
	const day = 24 * time.Hour
	if !within(c.AccessTokenLifetime(), 5*time.Minute, day) || !within(c.IDTokenLifetime(), 5*time.Minute, day) || !within(c.RefreshTokenLifetime(), time.Hour, 3650*day) {
		return userpool.Errorf(userpool.InvalidParameter, "Invalid range for token validity.")
	}
	return nil
}

// checkAuthFlows refuses old names beside new ones, and refreshing by InitiateAuth beside rotation, which it cannot do.
func checkAuthFlows(c *userpool.AppClient) error {
	isNew := func(flow string) bool { return strings.HasPrefix(flow, "ALLOW_") }
	if slices.ContainsFunc(c.ExplicitAuthFlows, isNew) && slices.ContainsFunc(c.ExplicitAuthFlows, func(f string) bool { return !isNew(f) }) {
		return userpool.Errorf(userpool.InvalidParameter, "ExplicitAuthFlows with ALLOW_ prefix cannot be used together with ExplicitAuthFlows without it.") // Unverified: the text
	}
	if c.Rotation != nil && c.Rotation.Enabled && slices.Contains(c.ExplicitAuthFlows, "ALLOW_REFRESH_TOKEN_AUTH") {
		return userpool.Errorf(userpool.InvalidParameter, "ALLOW_REFRESH_TOKEN_AUTH cannot be used when refresh token rotation is enabled.") // Unverified: the text
	}
	return nil
}
