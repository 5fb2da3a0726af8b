package mgmt

import (
	"context"
	"maps"
	"slices"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/clients"
)

func (a *API) clients() []rpc {
	const (
		service = "clients.ClientService/"
		ofOrg   = "organizations/{organization_id}/clients"
		secrets = "clients/{client_id}/secrets"
	)
	return []rpc{
		unary(service+"ListClient", a.listClients, get("clients")),
		unary(service+"CreateClient", a.createClient, create("clients", "client")),
		unary(service+"GetClient", a.getClient, get("clients/{client_id}")),
		unary(service+"UpdateClient", a.updateClient, patch("clients/{client_id}", "client")),
		unary(service+"DeleteClient", a.deleteClient, remove("clients/{client_id}")),
		unary(service+"CreateClientSecret", a.createClientSecret, create(secrets, "")),
		unary(service+"UpdateClientSecret", a.updateClientSecret, patch(secrets+"/{secret_id}", "secret"), rule{method: "PUT", path: secrets + "/{secret_id}", body: "secret"}),
		unary(service+"DeleteClientSecret", a.deleteClientSecret, remove(secrets+"/{secret_id}")),
		unary(service+"CreateOrganizationClient", a.createMachine, create(ofOrg, "client")),
		unary(service+"GetOrganizationClient", a.getMachine, get(ofOrg+"/{client_id}")),
		unary(service+"ListOrganizationClients", a.listMachines, get(ofOrg)),
		unary(service+"UpdateOrganizationClient", a.updateMachine, patch(ofOrg+"/{client_id}", "client")),
		unary(service+"DeleteOrganizationClient", a.deleteMachine, remove(ofOrg+"/{client_id}")),
		unary(service+"CreateOrganizationClientSecret", a.createMachineSecret, create(ofOrg+"/{client_id}/secrets", "")),
		unary(service+"DeleteOrganizationClientSecret", a.deleteMachineSecret, remove(ofOrg+"/{client_id}/secrets/{secret_id}")),
	}
}

// client returns a client of the environment, or with an organization's id one of its machine clients.
func (a *API) client(organizationID, id string) (directory.Client, error) {
	c, err := a.Directory.Clients.Get(id)
	if err == nil && c.OrganizationID != organizationID {
		if organizationID == "" {
			return c, Errorf(connect.CodeNotFound, "the environment has no client %q", id)
		}
		return c, Errorf(connect.CodeNotFound, "organization %s has no client %q", organizationID, id)
	}
	return c, err
}

func (a *API) listClients(_ context.Context, r *pb.ListClientsRequest) (*pb.ListClientsResponse, error) {
	types := r.GetFilter().GetClientType()
	all := a.Directory.Clients.List(func(c *directory.Client) bool {
		return c.OrganizationID == "" && (len(types) == 0 || slices.Contains(types, typeOf(*c)))
	})
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.ListClientsResponse{Clients: each(items, clientOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

// Types of clients. Unverified: the words.
const (
	typeWeb = "WEB"
	typeSPA = "SPA"
)

func typeOf(c directory.Client) string {
	if c.Public {
		return typeSPA
	}
	return typeWeb
}

func (a *API) createClient(ctx context.Context, r *pb.CreateClientRequest) (*pb.CreateClientResponse, error) {
	in := r.GetClient()
	c := directory.Client{
		Name: in.GetName(), Public: in.GetClientType() == typeSPA, RedirectURIs: in.GetPostLoginUris(), PostLogoutRedirectURIs: in.GetPostLogoutRedirectUris(),
		BackChannelLogoutURIs: in.GetBackChannelLogoutUris(), Scopes: in.GetScopes(), CustomClaims: claimsIn(in.GetCustomClaims()),
		Expiry: time.Duration(in.GetAccessTokenExpiry()) * time.Second,
	}
	if in.GetInitiateLoginUri() != "" {
		c.InitiateLoginURIs = []string{in.GetInitiateLoginUri()}
	}
	c, err := a.Directory.Clients.Create(ctx, c)
	return &pb.CreateClientResponse{Client: clientOut(c)}, err
}

func (a *API) getClient(_ context.Context, r *pb.GetClientRequest) (*pb.GetClientResponse, error) {
	c, err := a.client("", r.GetClientId())
	return &pb.GetClientResponse{Client: clientOut(c)}, err
}

// updateClient changes the members that the request has, or with a mask those that it names.
func (a *API) updateClient(ctx context.Context, r *pb.UpdateClientRequest) (*pb.UpdateClientResponse, error) {
	c, err := a.client("", r.GetClientId())
	if err != nil {
		return nil, err
	}
	in, mask := r.GetClient(), r.GetMask().GetPaths()
	named := func(field string, present bool) bool {
		if len(mask) == 0 {
			return present
		}
		return slices.Contains(mask, field) || slices.Contains(mask, "client."+field)
	}
	c, err = a.Directory.Clients.Update(ctx, c.ID, func(c *directory.Client) error {
		if named("name", in.GetName() != "") {
			c.Name = in.GetName()
		}
		if named("post_login_uris", len(in.GetPostLoginUris()) > 0) {
			c.RedirectURIs = in.GetPostLoginUris()
		}
		if named("post_logout_redirect_uris", len(in.GetPostLogoutRedirectUris()) > 0) {
			c.PostLogoutRedirectURIs = in.GetPostLogoutRedirectUris()
		}
		if named("back_channel_logout_uris", len(in.GetBackChannelLogoutUris()) > 0) {
			c.BackChannelLogoutURIs = in.GetBackChannelLogoutUris()
		}
		if named("initiate_login_uri", in.InitiateLoginUri != nil) {
			if c.InitiateLoginURIs = nil; in.GetInitiateLoginUri() != "" {
				c.InitiateLoginURIs = []string{in.GetInitiateLoginUri()}
			}
		}
		if named("scopes", len(in.GetScopes()) > 0) {
			c.Scopes = in.GetScopes()
		}
		if named("custom_claims", len(in.GetCustomClaims()) > 0) {
			c.CustomClaims = claimsIn(in.GetCustomClaims())
		}
		if named("access_token_expiry", in.GetAccessTokenExpiry() != 0) {
			c.Expiry = time.Duration(in.GetAccessTokenExpiry()) * time.Second
		}
		return nil
	})
	return &pb.UpdateClientResponse{Client: clientOut(c)}, err
}

func (a *API) deleteClient(ctx context.Context, r *pb.DeleteClientRequest) (*emptypb.Empty, error) {
	c, err := a.client("", r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Clients.Delete(ctx, c.ID)
}

// newSecret gives a client a secret; the value is answered once.
func (a *API) newSecret(ctx context.Context, clientID string) (string, *pb.ClientSecret, error) {
	value := "test_"
	if a.Production {
		value = "live_"
	}
	value += a.Env.Token(32)
	secret := directory.NewSecret(value)
	secret.ID, secret.Origin, secret.Created = a.Env.Sonyflake("sks"), directory.API, a.Env.Now().UTC().Truncate(time.Microsecond)
	_, err := a.Directory.Clients.Update(ctx, clientID, func(c *directory.Client) error {
		if c.Public {
			return Errorf(connect.CodeFailedPrecondition, "the client %s is public and has no secret", c.ID)
		}
		c.Secrets = append(c.Secrets, secret)
		return nil
	})
	return value, secretOut(secret), err
}

func (a *API) dropSecret(ctx context.Context, clientID, secretID string) error {
	_, err := a.Directory.Clients.Update(ctx, clientID, func(c *directory.Client) error {
		left := slices.DeleteFunc(slices.Clone(c.Secrets), func(s directory.Secret) bool { return s.ID == secretID })
		if len(left) == len(c.Secrets) {
			return Errorf(connect.CodeNotFound, "the client %s has no secret %q", clientID, secretID)
		}
		c.Secrets = left
		return nil
	})
	return err
}

func (a *API) createClientSecret(ctx context.Context, r *pb.CreateClientSecretRequest) (*pb.CreateClientSecretResponse, error) {
	c, err := a.client("", r.GetClientId())
	if err != nil {
		return nil, err
	}
	value, secret, err := a.newSecret(ctx, c.ID)
	return &pb.CreateClientSecretResponse{PlainSecret: value, Secret: secret}, err
}

func (a *API) updateClientSecret(ctx context.Context, r *pb.UpdateClientSecretRequest) (*pb.UpdateClientSecretResponse, error) {
	c, err := a.client("", r.GetClientId())
	if err != nil {
		return nil, err
	}
	var changed directory.Secret
	_, err = a.Directory.Clients.Update(ctx, c.ID, func(c *directory.Client) error {
		i := slices.IndexFunc(c.Secrets, func(s directory.Secret) bool { return s.ID == r.GetSecretId() })
		if i < 0 {
			return Errorf(connect.CodeNotFound, "the client %s has no secret %q", c.ID, r.GetSecretId())
		}
		c.Secrets[i].Inactive = r.GetSecret().GetStatus() == pb.ClientSecretStatus_INACTIVE
		changed = c.Secrets[i]
		return nil
	})
	return &pb.UpdateClientSecretResponse{Secret: secretOut(changed)}, err
}

func (a *API) deleteClientSecret(ctx context.Context, r *pb.DeleteClientSecretRequest) (*emptypb.Empty, error) {
	c, err := a.client("", r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.dropSecret(ctx, c.ID, r.GetSecretId())
}

// Machine clients of organizations (https://docs.scalekit.com/guides/m2m/api-auth-m2m-clients/).

func (a *API) createMachine(ctx context.Context, r *pb.CreateOrganizationClientRequest) (*pb.CreateOrganizationClientResponse, error) {
	o, err := a.Directory.Organizations.Get(r.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	c := directory.Client{OrganizationID: o.ID}
	changeMachine(&c, r.GetClient())
	if c, err = a.Directory.Clients.Create(ctx, c); err != nil {
		return nil, err
	}
	value, _, err := a.newSecret(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	c, err = a.Directory.Clients.Get(c.ID)
	return &pb.CreateOrganizationClientResponse{Client: machineOut(c), PlainSecret: value}, err
}

// changeMachine takes what the request has.
func changeMachine(c *directory.Client, in *pb.OrganizationClient) {
	if in.GetName() != "" {
		c.Name = in.GetName()
	}
	if in.GetDescription() != "" {
		c.Description = in.GetDescription()
	}
	if len(in.GetScopes()) > 0 {
		c.Scopes = in.GetScopes()
	}
	if len(in.GetAudience()) > 0 {
		c.Audience = in.GetAudience()
	}
	if len(in.GetCustomClaims()) > 0 {
		c.CustomClaims = claimsIn(in.GetCustomClaims())
	}
	if in.GetExpiry() > 0 {
		c.Expiry = time.Duration(in.GetExpiry()) * time.Second
	}
}

func (a *API) getMachine(_ context.Context, r *pb.GetOrganizationClientRequest) (*pb.GetOrganizationClientResponse, error) {
	c, err := a.machine(r.GetOrganizationId(), r.GetClientId())
	return &pb.GetOrganizationClientResponse{Client: machineOut(c)}, err
}

func (a *API) machine(organizationID, id string) (directory.Client, error) {
	if _, err := a.Directory.Organizations.Get(organizationID); err != nil {
		return directory.Client{}, err
	}
	return a.client(organizationID, id)
}

func (a *API) listMachines(_ context.Context, r *pb.ListOrganizationClientsRequest) (*pb.ListOrganizationClientsResponse, error) {
	if _, err := a.Directory.Organizations.Get(r.GetOrganizationId()); err != nil {
		return nil, err
	}
	all := a.Directory.Clients.List(func(c *directory.Client) bool { return c.OrganizationID == r.GetOrganizationId() })
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.ListOrganizationClientsResponse{Clients: each(items, machineOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

func (a *API) updateMachine(ctx context.Context, r *pb.UpdateOrganizationClientRequest) (*pb.UpdateOrganizationClientResponse, error) {
	c, err := a.machine(r.GetOrganizationId(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	c, err = a.Directory.Clients.Update(ctx, c.ID, func(c *directory.Client) error { changeMachine(c, r.GetClient()); return nil })
	return &pb.UpdateOrganizationClientResponse{Client: machineOut(c)}, err
}

func (a *API) deleteMachine(ctx context.Context, r *pb.DeleteOrganizationClientRequest) (*emptypb.Empty, error) {
	c, err := a.machine(r.GetOrganizationId(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Clients.Delete(ctx, c.ID)
}

func (a *API) createMachineSecret(ctx context.Context, r *pb.CreateOrganizationClientSecretRequest) (*pb.CreateOrganizationClientSecretResponse, error) {
	c, err := a.machine(r.GetOrganizationId(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	value, secret, err := a.newSecret(ctx, c.ID)
	return &pb.CreateOrganizationClientSecretResponse{PlainSecret: value, Secret: secret}, err
}

func (a *API) deleteMachineSecret(ctx context.Context, r *pb.DeleteOrganizationClientSecretRequest) (*emptypb.Empty, error) {
	c, err := a.machine(r.GetOrganizationId(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.dropSecret(ctx, c.ID, r.GetSecretId())
}

func claimsIn(list []*pb.CustomClaim) map[string]string {
	out := map[string]string{}
	for _, c := range list {
		out[c.GetKey()] = c.GetValue()
	}
	return out
}

func claimsOut(claims map[string]string) []*pb.CustomClaim {
	var out []*pb.CustomClaim
	for _, key := range slices.Sorted(maps.Keys(claims)) {
		out = append(out, &pb.CustomClaim{Key: key, Value: claims[key]})
	}
	return out
}

func secretOut(s directory.Secret) *pb.ClientSecret {
	out := &pb.ClientSecret{Id: s.ID, CreateTime: stamp(s.Created), UpdateTime: stamp(s.Created), SecretSuffix: s.Suffix, ExpireTime: stamp(s.Expires)}
	if s.Inactive {
		out.Status = pb.ClientSecretStatus_INACTIVE
	}
	return out
}

func clientOut(c directory.Client) *pb.Client {
	out := &pb.Client{
		Id: c.ID, KeyId: c.ID, CreateTime: stamp(c.Created), UpdateTime: stamp(c.Updated), Secrets: each(c.Secrets, secretOut), Name: c.Name,
		PostLoginUris: c.RedirectURIs, PostLogoutRedirectUris: c.PostLogoutRedirectURIs, BackChannelLogoutUris: c.BackChannelLogoutURIs,
		Scopes: c.Scopes, CustomClaims: claimsOut(c.CustomClaims), ClientType: typeOf(c), EnforcePkce: c.Public,
	}
	if len(c.InitiateLoginURIs) > 0 {
		out.InitiateLoginUri = c.InitiateLoginURIs[0]
	}
	if c.Expiry > 0 {
		seconds := int64(c.Expiry / time.Second)
		out.AccessTokenExpiry = &seconds
	}
	return out
}

func machineOut(c directory.Client) *pb.M2MClient {
	return &pb.M2MClient{
		ClientId: c.ID, Secrets: each(c.Secrets, secretOut), Name: c.Name, Description: c.Description, OrganizationId: c.OrganizationID,
		CreateTime: stamp(c.Created), UpdateTime: stamp(c.Updated), Scopes: c.Scopes, Audience: c.Audience,
		CustomClaims: claimsOut(c.CustomClaims), Expiry: int64(c.Expiry / time.Second),
	}
}
