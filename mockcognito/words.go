package mockcognito

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// StandardAttributes are the names of the standard attributes, sub first, in the order of the service's schema.
func StandardAttributes() []string { return userpool.StandardAttributes() }

// ExplicitAuthFlows are what AppClient.ExplicitAuthFlows may hold.
func ExplicitAuthFlows() []string { return slices.Clone(userpool.ExplicitAuthFlows) }
