package mgmt

import (
	"maps"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/connections"
)

func setText(into *string, v *wrapperspb.StringValue) {
	if v != nil {
		*into = v.GetValue()
	}
}

func setFlag(into *bool, v *wrapperspb.BoolValue) {
	if v != nil {
		*into = v.GetValue()
	}
}

// setOff is setFlag for a flag that is kept the other way round.
func setOff(into *bool, v *wrapperspb.BoolValue) {
	if v != nil {
		*into = !v.GetValue()
	}
}

// changeOIDC returns the settings with what the request has.
func changeOIDC(old *directory.OIDCConfig, in *pb.OIDCConnectionConfig) *directory.OIDCConfig {
	c := directory.OIDCConfig{TokenAuthType: directory.URLParams}
	if old != nil {
		c = *old
	}
	setText(&c.Issuer, in.Issuer)
	setText(&c.DiscoveryEndpoint, in.DiscoveryEndpoint)
	setText(&c.AuthorizeURI, in.AuthorizeUri)
	setText(&c.TokenURI, in.TokenUri)
	setText(&c.UserInfoURI, in.UserInfoUri)
	setText(&c.JWKSURI, in.JwksUri)
	setText(&c.ClientID, in.ClientId)
	setText(&c.ClientSecret, in.ClientSecret)
	if len(in.GetScopes()) > 0 {
		c.Scopes = nil
		for _, s := range in.GetScopes() {
			if s != pb.OIDCScope_OIDC_SCOPE_UNSPECIFIED {
				c.Scopes = append(c.Scopes, s.String())
			}
		}
	}
	if t := in.GetTokenAuthType(); t != pb.TokenAuthType_TOKEN_AUTH_TYPE_UNSPECIFIED {
		c.TokenAuthType = t.String()
	}
	setOff(&c.PKCEDisabled, in.PkceEnabled)
	setFlag(&c.IdPLogoutRequired, in.IdpLogoutRequired)
	setOff(&c.SyncProfileDisabled, in.SyncUserProfileOnLogin)
	setOff(&c.JITDisabled, in.JitProvisioningWithSsoEnabled)
	return &c
}

// changeSAML returns the settings with what the request has.
func changeSAML(old *directory.SAMLConfig, in *pb.SAMLConnectionConfigRequest) (*directory.SAMLConfig, error) {
	c := directory.SAMLConfig{SSORequestBinding: directory.HTTPRedirect}
	if old != nil {
		c = *old
	}
	setText(&c.IdPMetadataURL, in.IdpMetadataUrl)
	setText(&c.IdPEntityID, in.IdpEntityId)
	setText(&c.IdPSSOURL, in.IdpSsoUrl)
	setText(&c.IdPSLOURL, in.IdpSloUrl)
	if pem := strings.TrimSpace(in.GetIdpCertificate().GetValue()); pem != "" {
		certificate, err := directory.ReadCertificate(pem)
		if err != nil {
			return nil, Errorf(connect.CodeInvalidArgument, "saml_config.idp_certificate: %v", err)
		}
		c.IdPCertificates = []directory.Certificate{certificate}
	}
	if f := in.GetIdpNameIdFormat(); f != pb.NameIdFormat_NAME_ID_FORMAT_NIL {
		c.NameIDFormat = f.String()
	}
	if b := in.GetIdpSsoRequestBinding(); b != pb.RequestBinding_REQUEST_BINDING_UNSPECIFIED {
		c.SSORequestBinding = b.String()
	}
	if s := in.GetSamlSigningOption(); s != pb.SAMLSigningOptions_SAML_SIGNING_OPTIONS_UNSPECIFIED {
		c.SigningOption = s.String()
	}
	setFlag(&c.ForceAuthn, in.ForceAuthn)
	setText(&c.DefaultRedirectURI, in.DefaultRedirectUri)
	setFlag(&c.AssertionEncrypted, in.AssertionEncrypted)
	setFlag(&c.WantRequestSigned, in.WantRequestSigned)
	setFlag(&c.SLORequired, in.IdpSloRequired)
	setText(&c.SPEntityID, in.SpEntityId)
	setText(&c.SPAssertionURL, in.SpAssertionUrl)
	return &c, nil
}

// connectionOut shows a connection with its settings. A client secret is never shown again.
func (a *API) connectionOut(c directory.Connection) *pb.Connection {
	kept := c
	c = a.Effective(c)
	out := &pb.Connection{
		Id: c.ID, Provider: pb.ConnectionProvider(pb.ConnectionProvider_value[c.Provider]), Type: pb.ConnectionType(pb.ConnectionType_value[c.Type]),
		Status: pb.ConnectionStatus(pb.ConnectionStatus_value[c.Status]), Enabled: c.Enabled, DebugEnabled: c.DebugEnabled,
		OrganizationId: optional(c.OrganizationID), UiButtonTitle: c.UIButtonTitle,
		ConfigurationType: pb.ConfigurationType(pb.ConfigurationType_value[c.ConfigurationType]),
		TestConnectionUri: a.URL + "/sso/v1/" + strings.ToLower(c.Type) + "/" + c.ID + "/test",
		AttributeMapping:  maps.Clone(c.AttributeMapping), CreateTime: stamp(kept.Created), UpdateTime: stamp(kept.Updated),
		ProviderKey: c.ProviderKey, KeyId: optional(c.KeyID),
	}
	if view, err := a.Directory.View(c.OrganizationID); err == nil {
		for _, d := range view.Domains {
			out.Domains = append(out.Domains, a.domainOut(d))
		}
	}
	switch {
	case c.Type == directory.OIDC:
		out.Settings = &pb.Connection_OidcConfig{OidcConfig: a.oidcOut(c)}
	case c.Type == directory.SAML:
		out.Settings = &pb.Connection_SamlConfig{SamlConfig: a.samlOut(c)}
	}
	return out
}

// text is a wrapped string; none for the empty one.
func text(s string) *wrapperspb.StringValue {
	if s == "" {
		return nil
	}
	return wrapperspb.String(s)
}

func (a *API) oidcOut(c directory.Connection) *pb.OIDCConnectionConfig {
	base := a.URL + "/sso/v1/oidc/" + c.ID
	out := &pb.OIDCConnectionConfig{
		RedirectUri: base + "/callback", PostLogoutRedirectUri: text(base + "/logout/callback"), BackchannelLogoutRedirectUri: text(base + "/backchannel-logout"),
	}
	o := c.OIDC
	if o == nil {
		return out
	}
	out.Issuer, out.DiscoveryEndpoint, out.AuthorizeUri, out.TokenUri = text(o.Issuer), text(o.DiscoveryEndpoint), text(o.AuthorizeURI), text(o.TokenURI)
	out.UserInfoUri, out.JwksUri, out.ClientId = text(o.UserInfoURI), text(o.JWKSURI), text(o.ClientID)
	for _, s := range o.Scopes {
		if n, ok := pb.OIDCScope_value[s]; ok {
			out.Scopes = append(out.Scopes, pb.OIDCScope(n))
		}
	}
	out.TokenAuthType = pb.TokenAuthType(pb.TokenAuthType_value[o.TokenAuthType])
	out.PkceEnabled, out.IdpLogoutRequired = wrapperspb.Bool(!o.PKCEDisabled), wrapperspb.Bool(o.IdPLogoutRequired)
	out.SyncUserProfileOnLogin, out.JitProvisioningWithSsoEnabled = wrapperspb.Bool(!o.SyncProfileDisabled), wrapperspb.Bool(!o.JITDisabled)
	return out
}

func (a *API) samlOut(c directory.Connection) *pb.SAMLConnectionConfigResponse {
	entity := a.URL + "/sso/v1/saml/" + c.ID
	out := &pb.SAMLConnectionConfigResponse{
		SpEntityId: entity, SpAssertionUrl: entity + "/callback", SpMetadataUrl: entity + "/metadata", SpSloUrl: text(entity + "/slo/callback"),
	}
	s := c.SAML
	if s == nil {
		return out
	}
	if s.SPEntityID != "" {
		out.SpEntityId = s.SPEntityID
	}
	if s.SPAssertionURL != "" {
		out.SpAssertionUrl = s.SPAssertionURL
	}
	out.IdpMetadataUrl, out.IdpEntityId, out.IdpSsoUrl, out.IdpSloUrl = text(s.IdPMetadataURL), text(s.IdPEntityID), text(s.IdPSSOURL), text(s.IdPSLOURL)
	for _, certificate := range s.IdPCertificates {
		made := &pb.IDPCertificate{Id: certificate.ID, Certificate: certificate.PEM, CreateTime: stamp(c.Updated)}
		if x, err := certificate.Parse(); err == nil {
			made.Issuer, made.ExpiryTime = x.Issuer.String(), stamp(x.NotAfter)
		}
		out.IdpCertificates = append(out.IdpCertificates, made)
	}
	out.IdpNameIdFormat = pb.NameIdFormat(pb.NameIdFormat_value[s.NameIDFormat])
	out.IdpSsoRequestBinding = pb.RequestBinding(pb.RequestBinding_value[s.SSORequestBinding])
	out.SamlSigningOption = pb.SAMLSigningOptions(pb.SAMLSigningOptions_value[s.SigningOption])
	out.AllowIdpInitiatedLogin, out.ForceAuthn = wrapperspb.Bool(!s.IdPInitiatedOff), wrapperspb.Bool(s.ForceAuthn)
	out.DefaultRedirectUri, out.AssertionEncrypted = text(s.DefaultRedirectURI), wrapperspb.Bool(s.AssertionEncrypted)
	out.WantRequestSigned, out.IdpSloRequired = wrapperspb.Bool(s.WantRequestSigned), wrapperspb.Bool(s.SLORequired)
	return out
}
