package mgmt

import (
	"context"
	"maps"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/connections"
)

func (a *API) connections() []rpc {
	const service, path = "connections.ConnectionService/", "organizations/{organization_id}/connections"
	return []rpc{
		unary(service+"CreateConnection", a.createConnection, create(path, "connection")),
		unary(service+"GetConnection", a.getConnection, get(path+"/{id}")),
		unary(service+"ListConnections", a.listConnections, get("connections")),
		unary(service+"ListOrganizationConnections", a.listOrganizationConnections, get("organizations/-/connections")),
		unary(service+"UpdateConnection", a.updateConnection, patch(path+"/{id}", "connection")),
		unary(service+"DeleteConnection", a.deleteConnection, remove(path+"/{id}")),
		unary(service+"EnableConnection", a.enableConnection, patch(path+"/{id}:enable", "")),
		unary(service+"DisableConnection", a.disableConnection, patch(path+"/{id}:disable", "")),
	}
}

// connection returns a connection of an organization.
func (a *API) connection(organizationID, id string) (directory.Connection, error) {
	c, err := a.Directory.Connections.Get(id)
	if err == nil && c.OrganizationID != organizationID {
		err = Errorf(connect.CodeNotFound, "organization %s has no connection %q", organizationID, id)
	}
	return c, err
}

// createConnection makes a connection that is not set up yet; one to the IdP simulator needs no setting up.
func (a *API) createConnection(ctx context.Context, r *pb.CreateConnectionRequest) (*pb.CreateConnectionResponse, error) {
	if _, err := a.Directory.Organizations.Get(r.GetOrganizationId()); err != nil {
		return nil, err
	}
	in := r.GetConnection()
	if err := supported(in.GetType()); err != nil {
		return nil, err
	}
	provider := in.GetProvider()
	if provider == pb.ConnectionProvider_CONNECTION_PROVIDER_UNSPECIFIED {
		provider = pb.ConnectionProvider_CUSTOM
	}
	c := directory.Connection{
		OrganizationID: r.GetOrganizationId(), Provider: provider.String(), Type: in.GetType().String(), ProviderKey: in.GetProviderKey(), KeyID: in.GetKeyId(),
	}
	if c.Provider == directory.IDPSimulator {
		c.IdP, c.Status, c.ConfigurationType = a.SimulatorIdP, directory.Completed, directory.Discovery
	}
	c, err := a.Directory.Connections.Create(ctx, c)
	return &pb.CreateConnectionResponse{Connection: a.connectionOut(c)}, err
}

// supported tells why an organization cannot have a connection of a type.
func supported(t pb.ConnectionType) error {
	switch t {
	case pb.ConnectionType_OIDC, pb.ConnectionType_SAML:
		return nil
	case pb.ConnectionType_OAUTH, pb.ConnectionType_PASSWORDLESS, pb.ConnectionType_WEBAUTHN:
		const text = "OAUTH, PASSWORDLESS and WEBAUTHN are not supported yet"
		return &Error{
			Code: connect.CodeInvalidArgument, Message: "validation error:\n - connection: " + text + " [connection.type]",
			Violations: []Violation{{"connection", text, "connection.type"}},
		}
	}
	return Errorf(connect.CodeInvalidArgument, "connection.type is %s; an organization's connection is OIDC or SAML", t)
}

func (a *API) getConnection(_ context.Context, r *pb.GetConnectionRequest) (*pb.GetConnectionResponse, error) {
	c, err := a.connection(r.GetOrganizationId(), r.GetId())
	return &pb.GetConnectionResponse{Connection: a.connectionOut(c)}, err
}

// listConnections answers those of an organization or of a domain's organization that people can sign in through, or with
// include=all every one. Without both it answers the environment's own.
func (a *API) listConnections(_ context.Context, r *pb.ListConnectionsRequest) (*pb.ListConnectionsResponse, error) {
	var view *directory.View
	var err error
	if r.Domain != nil && r.OrganizationId == nil {
		view, err = a.Directory.OfDomain(r.GetDomain())
	} else {
		view, err = a.Directory.View(r.GetOrganizationId())
	}
	if err != nil {
		return nil, err
	}
	out := &pb.ListConnectionsResponse{}
	for _, c := range view.Connections {
		if c.Active() || r.GetInclude() == "all" {
			out.Connections = append(out.Connections, listed(view, c))
		}
	}
	return out, nil
}

// listOrganizationConnections answers the connections of all organizations.
func (a *API) listOrganizationConnections(_ context.Context, r *pb.ListOrganizationConnectionsRequest) (*pb.ListOrganizationConnectionsResponse, error) {
	all := a.Directory.Connections.List(func(c *directory.Connection) bool { return c.OrganizationID != "" })
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	if err != nil {
		return nil, err
	}
	out := &pb.ListOrganizationConnectionsResponse{TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}
	for _, c := range items {
		view, err := a.Directory.View(c.OrganizationID)
		if err != nil { // deleted meanwhile
			continue
		}
		out.Connections = append(out.Connections, listed(view, c))
	}
	return out, nil
}

// updateConnection changes what the request has, and marks the connection as far as it is set up: COMPLETED once nothing is
// missing that a sign-in needs.
func (a *API) updateConnection(ctx context.Context, r *pb.UpdateConnectionRequest) (*pb.UpdateConnectionResponse, error) {
	c, err := a.connection(r.GetOrganizationId(), r.GetId())
	if err != nil {
		return nil, err
	}
	in := r.GetConnection()
	if t := in.GetType(); t != pb.ConnectionType_INVALID && t.String() != c.Type {
		return nil, Errorf(connect.CodeInvalidArgument, "the connection %s is %s and cannot become %s; make another one", c.ID, c.Type, t)
	}
	c, err = a.Directory.Connections.Update(ctx, c.ID, func(c *directory.Connection) error { return change(c, in) })
	return &pb.UpdateConnectionResponse{Connection: a.connectionOut(c)}, err
}

func change(c *directory.Connection, in *pb.UpdateConnection) error {
	if p := in.GetProvider(); p != pb.ConnectionProvider_CONNECTION_PROVIDER_UNSPECIFIED {
		c.Provider = p.String()
	}
	if in.DebugEnabled != nil {
		c.DebugEnabled = in.DebugEnabled.GetValue()
	}
	setText(&c.UIButtonTitle, in.UiButtonTitle)
	if t := in.GetConfigurationType(); t != pb.ConfigurationType_CONFIGURATION_TYPE_UNSPECIFIED {
		c.ConfigurationType = t.String()
	}
	if len(in.GetAttributeMapping()) > 0 {
		c.AttributeMapping = maps.Clone(in.GetAttributeMapping())
	}
	if in.GetProviderKey() != "" {
		c.ProviderKey = in.GetProviderKey()
	}
	if in.KeyId != nil {
		c.KeyID = in.GetKeyId()
	}
	switch settings := in.GetSettings().(type) {
	case *pb.UpdateConnection_OidcConfig:
		if c.Type != directory.OIDC {
			return Errorf(connect.CodeInvalidArgument, "oidc_config does not fit a connection of type %s", c.Type)
		}
		c.OIDC = changeOIDC(c.OIDC, settings.OidcConfig)
	case *pb.UpdateConnection_SamlConfig:
		if c.Type != directory.SAML {
			return Errorf(connect.CodeInvalidArgument, "saml_config does not fit a connection of type %s", c.Type)
		}
		var err error
		if c.SAML, err = changeSAML(c.SAML, settings.SamlConfig); err != nil {
			return err
		}
	}
	if c.Status != directory.Completed || c.IdP == "" {
		c.Status = c.Progress()
	}
	if c.Status != directory.Completed {
		c.Enabled = false
	}
	return nil
}

func (a *API) deleteConnection(ctx context.Context, r *pb.DeleteConnectionRequest) (*emptypb.Empty, error) {
	c, err := a.connection(r.GetOrganizationId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Connections.Delete(ctx, c.ID)
}

// enableConnection lets people sign in through the connection. One that is not set up stays off, and the answer says why.
func (a *API) enableConnection(ctx context.Context, r *pb.ToggleConnectionRequest) (*pb.ToggleConnectionResponse, error) {
	c, err := a.connection(r.GetOrganizationId(), r.GetId())
	if err != nil {
		return nil, err
	}
	if c.Status != directory.Completed {
		text := "The connection is " + c.Status + ". Complete its configuration before enabling it."
		return &pb.ToggleConnectionResponse{ErrorMessage: &text}, nil
	}
	return a.toggle(ctx, c.ID, true)
}

func (a *API) disableConnection(ctx context.Context, r *pb.ToggleConnectionRequest) (*pb.ToggleConnectionResponse, error) {
	c, err := a.connection(r.GetOrganizationId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return a.toggle(ctx, c.ID, false)
}

func (a *API) toggle(ctx context.Context, id string, on bool) (*pb.ToggleConnectionResponse, error) {
	c, err := a.Directory.Connections.Update(ctx, id, func(c *directory.Connection) error { c.Enabled = on; return nil })
	return &pb.ToggleConnectionResponse{Enabled: c.Enabled}, err
}

func listed(view *directory.View, c directory.Connection) *pb.ListConnection {
	out := &pb.ListConnection{
		Id: c.ID, Provider: pb.ConnectionProvider(pb.ConnectionProvider_value[c.Provider]), Type: pb.ConnectionType(pb.ConnectionType_value[c.Type]),
		Status: pb.ConnectionStatus(pb.ConnectionStatus_value[c.Status]), Enabled: c.Enabled, OrganizationId: c.OrganizationID,
		UiButtonTitle: c.UIButtonTitle, OrganizationName: view.Organization.DisplayName, ProviderKey: c.ProviderKey, KeyId: c.KeyID,
		CreatedAt: stamp(c.Created),
	}
	for _, d := range view.Domains {
		if d.Type == directory.OrganizationDomain {
			out.Domains = append(out.Domains, d.Name)
		}
	}
	return out
}
