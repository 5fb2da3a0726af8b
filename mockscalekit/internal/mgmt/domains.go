package mgmt

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	"connectrpc.com/connect"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/domains"
)

func (a *API) domains() []rpc {
	const service, path = "domains.DomainService/", "organizations/{organization_id}/domains"
	return []rpc{
		unary(service+"CreateDomain", a.createDomain, create(path, "domain")),
		unary(service+"GetDomain", a.getDomain, get(path+"/{id}")),
		unary(service+"ListDomains", a.listDomains, get(path)),
		unary(service+"DeleteDomain", a.deleteDomain, remove(path+"/{id}")),
		unary(service+"VerifyDomain", a.verifyDomain, patch(path+"/{id}:verify", "")),
	}
}

// owned is a request for something of an organization.
type owned interface {
	GetOrganizationId() string
	GetExternalId() string
}

func (a *API) owner(r owned) (directory.Organization, error) {
	return a.organization(r.GetOrganizationId(), r.GetExternalId())
}

// domain returns a domain of the organization that the request names.
func (a *API) domain(r owned, id string) (directory.Domain, error) {
	o, err := a.owner(r)
	if err != nil {
		return directory.Domain{}, err
	}
	d, err := a.Directory.Domains.Get(id)
	if err == nil && d.OrganizationID != o.ID {
		err = Errorf(connect.CodeNotFound, "organization %s has no domain %q", o.ID, id)
	}
	return d, err
}

// createDomain adds a domain, which counts as verified by an administrator
// (https://docs.scalekit.com/authenticate/manage-users-orgs/organization-domains/).
func (a *API) createDomain(ctx context.Context, r *pb.CreateDomainRequest) (*pb.CreateDomainResponse, error) {
	o, err := a.owner(r)
	if err != nil {
		return nil, err
	}
	in := r.GetDomain()
	d := directory.Domain{OrganizationID: o.ID, Name: in.GetDomain(), Method: directory.ByAdmin, Status: directory.Verified}
	if in.GetDomainType() != pb.DomainType_DOMAIN_TYPE_UNSPECIFIED {
		d.Type = in.GetDomainType().String()
	}
	if d.Type == directory.AllowedEmailDomain {
		d.Method = directory.NotApplicable
	}
	d, err = a.Directory.Domains.Create(ctx, d)
	return &pb.CreateDomainResponse{Domain: a.domainOut(d)}, err
}

func (a *API) getDomain(_ context.Context, r *pb.GetDomainRequest) (*pb.GetDomainResponse, error) {
	d, err := a.domain(r, r.GetId())
	return &pb.GetDomainResponse{Domain: a.domainOut(d)}, err
}

// Sizes of a page of domains.
const (
	defaultDomainPage = 30
	maxDomainPage     = 100
)

// listDomains counts pages from 0.
func (a *API) listDomains(_ context.Context, r *pb.ListDomainRequest) (*pb.ListDomainResponse, error) {
	o, err := a.owner(r)
	if err != nil {
		return nil, err
	}
	size, number := r.GetPageSize().GetValue(), r.GetPageNumber().GetValue()
	if size == 0 {
		size = defaultDomainPage
	}
	if size < 0 || size > maxDomainPage || number < 0 {
		return nil, Errorf(connect.CodeInvalidArgument, "page_size is %d and page_number %d; a page has 1 to %d domains and numbers begin with 0", size, number, maxDomainPage)
	}
	view, err := a.Directory.View(o.ID)
	if err != nil {
		return nil, err
	}
	var all []directory.Domain
	for _, d := range view.Domains {
		if t := r.GetDomainType(); t == pb.DomainType_DOMAIN_TYPE_UNSPECIFIED || d.Type == t.String() {
			all = append(all, d)
		}
	}
	start := min(int64(size)*int64(number), int64(len(all)))
	items := all[start:min(start+int64(size), int64(len(all)))]
	return &pb.ListDomainResponse{PageSize: size, PageNumber: number, Domains: each(items, a.domainOut)}, nil
}

func (a *API) deleteDomain(ctx context.Context, r *pb.DeleteDomainRequest) (*emptypb.Empty, error) {
	d, err := a.domain(r, r.GetId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Domains.Delete(ctx, d.ID)
}

// verifyDomain verifies a domain by hand, as the dashboard offers it. A lab has no DNS to look a record up in.
func (a *API) verifyDomain(ctx context.Context, r *pb.VerifyDomainRequest) (*pb.VerifyDomainResponse, error) {
	d, err := a.domain(r, r.GetId())
	if err != nil {
		return nil, err
	}
	d, err = a.Directory.Domains.Update(ctx, d.ID, func(d *directory.Domain) error {
		if !d.Verified() {
			d.Status = directory.Verified
		}
		return nil
	})
	return &pb.VerifyDomainResponse{Verified: d.Verified()}, err
}

func (a *API) domainOut(d directory.Domain) *pb.Domain {
	return &pb.Domain{
		Id: d.ID, Domain: d.Name, EnvironmentId: a.EnvironmentID, OrganizationId: d.OrganizationID,
		TxtRecordKey: d.TXTRecordKey, TxtRecordSecret: d.TXTRecordSecret,
		VerificationStatus: pb.VerificationStatus(pb.VerificationStatus_value[d.Status]),
		VerificationMethod: pb.VerificationMethod(pb.VerificationMethod_value[d.Method]),
		DomainType:         pb.DomainType(pb.DomainType_value[d.Type]), CreateTime: stamp(d.Created), UpdateTime: stamp(d.Updated),
	}
}
