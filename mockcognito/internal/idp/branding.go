package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func brandingOperations() map[string]operation {
	asset := Structure{
		required("Category", str(1, 64)), required("ColorMode", enum("LIGHT", "DARK", "DYNAMIC")), required("Extension", enum("ICO", "JPEG", "PNG", "SVG", "WEBP")),
		optional("Bytes", str(0, 1_000_000)), optional("ResourceId", str(1, 40)),
	}
	style := Structure{optional("UseCognitoProvidedValues", flag), optional("Settings", Document{}), optional("Assets", listOf(asset).atMost(40))}
	id := str(1, 64).like(matching(`[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}`))
	whole := optional("ReturnMergedResources", flag)
	return map[string]operation{
		"CreateManagedLoginBranding":           {serve: (*call).createBranding, input: slices.Concat(Structure{poolMember, clientMember}, style)},
		"UpdateManagedLoginBranding":           {serve: (*call).updateBranding, input: slices.Concat(Structure{optional("UserPoolId", userPoolID), optional("ManagedLoginBrandingId", id)}, style)},
		"DescribeManagedLoginBranding":         {serve: (*call).describeBranding, input: Structure{poolMember, required("ManagedLoginBrandingId", id), whole}},
		"DescribeManagedLoginBrandingByClient": {serve: (*call).describeBrandingByClient, input: Structure{poolMember, clientMember, whole}},
		"DeleteManagedLoginBranding":           {serve: (*call).deleteBranding, input: Structure{poolMember, required("ManagedLoginBrandingId", id)}, noBody: true},
		"GetUICustomization":                   {serve: (*call).getUICustomization, input: Structure{poolMember, optional("ClientId", clientID)}},
	}
}

// applyBranding writes a request's style into b. Settings and assets are kept and answered; the pages keep their look.
func (c *call) applyBranding(b *userpool.Branding) error {
	b.Defaults = c.in.boolOr("UseCognitoProvidedValues", false)
	settings, isObject := c.in["Settings"].(map[string]any)
	switch {
	case c.in.has("Settings") && !isObject:
		return userpool.Errorf(userpool.InvalidParameter, "Settings must be a JSON object.") // Unverified: the text
	case b.Defaults && (c.in.has("Settings") || c.in.has("Assets")):
		return userpool.Errorf(userpool.InvalidParameter, "Settings and Assets cannot be given with UseCognitoProvidedValues.") // Unverified: the text
	}
	b.Settings, b.Assets = settings, nil
	for _, a := range c.in.structs("Assets") {
		b.Assets = append(b.Assets, a.document())
	}
	return nil
}

func describeStyle(b *userpool.Branding) object {
	out := object{
		"ManagedLoginBrandingId": b.ID, "UserPoolId": b.PoolID, "UseCognitoProvidedValues": b.Defaults,
		"CreationDate": epoch(b.Created), "LastModifiedDate": epoch(b.Modified),
	}
	setObject(out, "Settings", b.Settings)
	if len(b.Assets) > 0 {
		out["Assets"] = b.Assets
	}
	return object{"ManagedLoginBranding": out}
}

func noBranding() error {
	return userpool.Errorf(userpool.ResourceNotFound, "Managed login branding does not exist.") // Unverified: the text
}

func (c *call) createBranding() (object, error) {
	b := userpool.Branding{ID: c.Env.UUID(), ClientID: c.in.str("ClientId")}
	if err := c.applyBranding(&b); err != nil {
		return nil, err
	}
	err := c.edit(func(d *userpool.Draft) error {
		switch {
		case d.Client(b.ClientID) == nil:
			return noClient(b.ClientID)
		case d.BrandingOf(b.ClientID) != nil:
			return userpool.Errorf(brandingExists, "Managed login branding already exists for client %s.", b.ClientID) // Unverified: the text
		}
		d.PutBranding(b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.branding(b.ID)
}

// branding is the answer that shows a style as it is now.
func (c *call) branding(id string) (object, error) {
	p := c.Directory.Snapshot().Pool(c.in.str("UserPoolId"))
	if p == nil || p.Branding(id) == nil {
		return nil, noBranding()
	}
	return describeStyle(p.Branding(id)), nil
}

func (c *call) updateBranding() (object, error) {
	id := c.in.str("ManagedLoginBrandingId")
	err := c.edit(func(d *userpool.Draft) error {
		if d.Branding(id) == nil {
			return noBranding()
		}
		b := *d.Branding(id)
		if err := c.applyBranding(&b); err != nil {
			return err
		}
		d.PutBranding(b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.branding(id)
}

func (c *call) describeBranding() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return c.branding(c.in.str("ManagedLoginBrandingId"))
}

func (c *call) describeBrandingByClient() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	switch b := p.BrandingOf(c.in.str("ClientId")); {
	case p.Client(c.in.str("ClientId")) == nil:
		return nil, noClient(c.in.str("ClientId"))
	case b == nil:
		return nil, noBranding()
	default:
		return describeStyle(b), nil
	}
}

func (c *call) deleteBranding() (object, error) {
	id := c.in.str("ManagedLoginBrandingId")
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.Branding(id) == nil {
			return noBranding()
		}
		d.DeleteBranding(id)
		return nil
	})
}

// getUICustomization answers that the hosted UI of a pool, or of a client, has its usual look: SetUICustomization is not
// offered.
func (c *call) getUICustomization() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	out := object{"UserPoolId": p.ID}
	if id := c.in.str("ClientId"); id != "" && id != "ALL" {
		if p.Client(id) == nil {
			return nil, noClient(id)
		}
		out["ClientId"] = id
	}
	return object{"UICustomization": out}, nil
}
