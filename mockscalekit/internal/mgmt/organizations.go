package mgmt

import (
	"context"
	"maps"
	"slices"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/commons"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/organizations"
)

func (a *API) organizations() []rpc {
	const service = "organizations.OrganizationService/"
	return []rpc{
		unary(service+"CreateOrganization", a.createOrganization, create("organizations", "organization")),
		unary(service+"UpdateOrganization", a.updateOrganization, patch("organizations/{id}", "organization")),
		unary(service+"GetOrganization", a.getOrganization, get("organizations/{id}")),
		unary(service+"GetOrganizationByExternalId", a.getOrganization, get("organizations:external/{external_id}")),
		unary(service+"ListOrganization", a.listOrganizations, get("organizations")),
		unary(service+"SearchOrganization", a.searchOrganizations, get("organizations:search")),
		unary(service+"DeleteOrganization", a.deleteOrganization, remove("organizations/{id}")),
		unary(service+"UpdateOrganizationSettings", a.updateOrganizationSettings, patch("organizations/{id}/settings", "settings")),
		unary(service+"GeneratePortalLink", a.generatePortalLink, replace("organizations/{id}/portal_links")),
		unary(service+"GetPortalLinks", a.getPortalLinks, get("organizations/{id}/portal_links")),
		unary(service+"DeletePortalLink", a.deletePortalLinks, remove("organizations/{id}/portal_links")),
		unary(service+"DeletePortalLinkByID", a.deletePortalLink, remove("organizations/{id}/portal_links/{link_id}")),
	}
}

// identified is a request that names an object by its id or by the team's own.
type identified interface {
	GetId() string
	GetExternalId() string
}

func (a *API) organizationOf(r identified) (directory.Organization, error) {
	return a.organization(r.GetId(), r.GetExternalId())
}

func (a *API) organization(id, externalID string) (directory.Organization, error) {
	switch {
	case id != "":
		return a.Directory.Organizations.Get(id)
	case externalID != "":
		return a.Directory.OrganizationByExternalID(externalID)
	}
	return directory.Organization{}, Errorf(connect.CodeInvalidArgument, "the request names no organization: it has neither its id nor its external_id")
}

func (a *API) createOrganization(ctx context.Context, r *pb.CreateOrganizationRequest) (*pb.CreateOrganizationResponse, error) {
	in := r.GetOrganization()
	o, err := a.Directory.Organizations.Create(ctx, directory.Organization{
		DisplayName: in.GetDisplayName(), ExternalID: in.GetExternalId(), Slug: in.GetSlug(), LogoURL: in.GetLogoUrl(),
		Region: regionOf(in.GetRegionCode()), Metadata: in.GetMetadata(),
	})
	return &pb.CreateOrganizationResponse{Organization: organizationOut(o)}, err
}

func regionOf(code commons.RegionCode) string {
	if code == commons.RegionCode_REGION_CODE_UNSPECIFIED {
		return directory.US
	}
	return code.String()
}

// updateOrganization changes the members that the request has, or with an update_mask those that it names, which are emptied
// where the request has none.
func (a *API) updateOrganization(ctx context.Context, r *pb.UpdateOrganizationRequest) (*pb.UpdateOrganizationResponse, error) {
	o, err := a.organizationOf(r)
	if err != nil {
		return nil, err
	}
	in, mask := r.GetOrganization(), r.GetUpdateMask().GetPaths()
	named := func(field string, present bool) bool {
		if len(mask) == 0 {
			return present
		}
		return slices.Contains(mask, field) || slices.Contains(mask, "organization."+field) || slices.Contains(mask, "*")
	}
	o, err = a.Directory.Organizations.Update(ctx, o.ID, func(o *directory.Organization) error {
		if named("display_name", in.DisplayName != nil) {
			o.DisplayName = in.GetDisplayName()
		}
		if named("external_id", in.ExternalId != nil) {
			o.ExternalID = in.GetExternalId()
		}
		if named("slug", in.Slug != nil) {
			o.Slug = in.GetSlug()
		}
		if named("logo_url", in.LogoUrl != nil) {
			o.LogoURL = in.GetLogoUrl()
		}
		if named("metadata", len(in.GetMetadata()) > 0) {
			o.Metadata = in.GetMetadata()
		}
		return nil
	})
	return &pb.UpdateOrganizationResponse{Organization: organizationOut(o)}, err
}

func (a *API) getOrganization(_ context.Context, r *pb.GetOrganizationRequest) (*pb.GetOrganizationResponse, error) {
	o, err := a.organizationOf(r)
	return &pb.GetOrganizationResponse{Organization: organizationOut(o)}, err
}

func (a *API) listOrganizations(_ context.Context, r *pb.ListOrganizationsRequest) (*pb.ListOrganizationsResponse, error) {
	all := a.Directory.Organizations.List(func(o *directory.Organization) bool {
		return r.ExternalId == nil || o.ExternalID == r.GetExternalId()
	})
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.ListOrganizationsResponse{
		Organizations: each(items, organizationOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev,
	}, err
}

// searchOrganizations looks for the query in id, display name, external id and slug.
func (a *API) searchOrganizations(_ context.Context, r *pb.SearchOrganizationsRequest) (*pb.SearchOrganizationsResponse, error) {
	all := a.Directory.Organizations.List(func(o *directory.Organization) bool {
		return contains(r.GetQuery(), o.ID, o.DisplayName, o.ExternalID, o.Slug)
	})
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.SearchOrganizationsResponse{
		Organizations: each(items, organizationOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev,
	}, err
}

func (a *API) deleteOrganization(ctx context.Context, r *pb.DeleteOrganizationRequest) (*emptypb.Empty, error) {
	o, err := a.organizationOf(r)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Organizations.Delete(ctx, o.ID)
}

// updateOrganizationSettings sets the named features and leaves the others as they are.
func (a *API) updateOrganizationSettings(ctx context.Context, r *pb.UpdateOrganizationSettingsRequest) (*pb.GetOrganizationResponse, error) {
	o, err := a.Directory.Organizations.Update(ctx, r.GetId(), func(o *directory.Organization) error {
		for _, f := range r.GetSettings().GetFeatures() {
			if f.GetName() == "" {
				return Errorf(connect.CodeInvalidArgument, "settings.features: a feature has no name")
			}
			i := slices.IndexFunc(o.Features, func(have directory.Feature) bool { return have.Name == f.GetName() })
			if i < 0 {
				i, o.Features = len(o.Features), append(o.Features, directory.Feature{Name: f.GetName()})
			}
			o.Features[i].Enabled = f.GetEnabled()
		}
		return nil
	})
	return &pb.GetOrganizationResponse{Organization: organizationOut(o)}, err
}

// generatePortalLink makes a link for the features that the request names, in the older way or the newer, or for those that
// are on in the organization.
func (a *API) generatePortalLink(ctx context.Context, r *pb.GeneratePortalLinkRequest) (*pb.GeneratePortalLinkResponse, error) {
	if _, err := a.Directory.Organizations.Get(r.GetId()); err != nil {
		return nil, err
	}
	var features []string
	for _, f := range r.GetFeatures() {
		if f != pb.Feature_FEATURE_UNSPECIFIED {
			features = append(features, f.String())
		}
	}
	if r.GetSso() {
		features = append(features, pb.Feature_sso.String())
	}
	if r.GetDirectorySync() {
		features = append(features, pb.Feature_dir_sync.String())
	}
	slices.Sort(features)
	link, err := a.Portal.Link(ctx, r.GetId(), slices.Compact(features))
	return &pb.GeneratePortalLinkResponse{Link: linkOut(link)}, err
}

func (a *API) getPortalLinks(ctx context.Context, r *pb.GetPortalLinkRequest) (*pb.GetPortalLinksResponse, error) {
	if _, err := a.Directory.Organizations.Get(r.GetId()); err != nil {
		return nil, err
	}
	links, err := a.Portal.Links(ctx, r.GetId())
	return &pb.GetPortalLinksResponse{Links: each(links, linkOut)}, err
}

func (a *API) deletePortalLinks(ctx context.Context, r *pb.DeletePortalLinkRequest) (*emptypb.Empty, error) {
	if _, err := a.Directory.Organizations.Get(r.GetId()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Portal.Revoke(ctx, r.GetId(), "")
}

func (a *API) deletePortalLink(ctx context.Context, r *pb.DeletePortalLinkByIdRequest) (*emptypb.Empty, error) {
	if _, err := a.Directory.Organizations.Get(r.GetId()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Portal.Revoke(ctx, r.GetId(), r.GetLinkId())
}

func linkOut(l Link) *pb.Link {
	return &pb.Link{Id: l.ID, Location: l.Location, ExpireTime: stamp(l.Expires)}
}

func organizationOut(o directory.Organization) *pb.Organization {
	out := &pb.Organization{
		Id: o.ID, CreateTime: stamp(o.Created), UpdateTime: stamp(o.Updated), DisplayName: o.DisplayName,
		RegionCode: commons.RegionCode(commons.RegionCode_value[o.Region]), ExternalId: optional(o.ExternalID), Slug: optional(o.Slug),
		LogoUrl: optional(o.LogoURL), Metadata: maps.Clone(o.Metadata), Settings: &pb.OrganizationSettings{},
	}
	for _, f := range o.Features {
		out.Settings.Features = append(out.Settings.Features, &pb.OrganizationSettingsFeature{Name: f.Name, Enabled: f.Enabled})
	}
	return out
}

// each maps a list.
func each[T, U any](list []T, f func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}
