package ssolab

import (
	"fmt"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// Catalogue is what a lab can be switched to, for documents and help. It is the same for every lab.
type Catalogue struct {
	Quirks []quirk.State // in the order of the parties
	Faults []fault.Fault // sorted by id
	Points []fault.Point // sorted by name

	plan *fault.Plan
}

// CheckFault tells why a lab would not take a rule; nil: it would.
func (c Catalogue) CheckFault(r FaultRule) error { return c.plan.Check(r) }

// NewCatalogue reads the registries of a lab that is never started.
func NewCatalogue() (Catalogue, error) {
	kit := party.NewKit(lab.New(lab.Options{}), quirk.NewSet(mockcognito.Quirks(), mockscalekit.Quirks()), nil)
	defer func() { _ = kit.Close() }()
	declareTLSFaults(kit.Faults)
	if _, err := mockcognito.New(mockcognito.Config{Kit: kit, URL: "http://localhost:9401"}); err != nil {
		return Catalogue{}, fmt.Errorf("catalogue: %w", err)
	}
	if _, err := mockscalekit.New(mockscalekit.Config{Kit: kit, URL: "http://localhost:9402", IdPURL: "http://localhost:9404", Environment: mockscalekit.DefaultEnvironment()}); err != nil {
		return Catalogue{}, fmt.Errorf("catalogue: %w", err)
	}
	return Catalogue{Quirks: kit.Quirks.List(), Faults: kit.Faults.Faults(), Points: kit.Faults.Points(), plan: kit.Faults}, nil
}
