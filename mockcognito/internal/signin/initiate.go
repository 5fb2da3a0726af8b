package signin

import (
	"context"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Authentication flows, AuthFlow of the API. The two of refresh tokens are not this package's.
const (
	FlowSRP           = "USER_SRP_AUTH"
	FlowPassword      = "USER_PASSWORD_AUTH"
	FlowAdminPassword = "ADMIN_USER_PASSWORD_AUTH"
	FlowAdminNoSRP    = "ADMIN_NO_SRP_AUTH" // the older name of the same
	FlowCustom        = "CUSTOM_AUTH"
	FlowChoice        = "USER_AUTH"
	FlowRefresh       = "REFRESH_TOKEN_AUTH"
	FlowRefreshOld    = "REFRESH_TOKEN" // the older name of the same
)

// Initiate begins a sign-in by a flow of the API with its AuthParameters. session is that of a sign-up, which USER_AUTH
// goes on with; empty: none.
func (e *Engine) Initiate(ctx context.Context, c Caller, flow string, parameters map[string]string, session string) (*Step, error) {
	if err := AllowFlow(c, flow); err != nil {
		return nil, err
	}
	username := parameters["USERNAME"]
	if username == "" {
		return nil, missing("USERNAME")
	}
	switch flow {
	case FlowPassword, FlowAdminPassword, FlowAdminNoSRP:
		if parameters["PASSWORD"] == "" {
			return nil, missing("PASSWORD")
		}
		return e.Password(ctx, c, username, parameters["PASSWORD"])
	case FlowSRP:
		if parameters["SRP_A"] == "" {
			return nil, missing("SRP_A")
		}
		return e.startSRP(ctx, c, username, parameters["SRP_A"], FlowSRP, nil)
	case FlowCustom:
		return e.startCustom(ctx, c, username, parameters)
	default:
		return e.startChoice(ctx, c, username, parameters, session)
	}
}

// AllowFlow tells whether the app client, and the way in which it is asked, allow a flow.
func AllowFlow(c Caller, flow string) error {
	name := flow
	switch flow {
	case FlowAdminNoSRP, FlowAdminPassword:
		if !c.Admin {
			return invalid("Initiate Auth method not supported.")
		}
		name = FlowAdminPassword
	case FlowPassword:
		if c.Admin {
			return invalid("Initiate Auth method not supported.")
		}
	case FlowRefreshOld:
		name = FlowRefresh
	case FlowChoice:
		if c.Pool.Tier == "LITE" {
			return userpool.Errorf(FeatureUnavailableInTier, "USER_AUTH is not available in the LITE tier.") // Unverified: the text
		}
	}
	if !c.Client.AllowsFlow(name) {
		return invalid("%s flow not enabled for this client", flow)
	}
	return nil
}
