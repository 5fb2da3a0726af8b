package idp

import (
	"maps"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func tagOperations() map[string]operation {
	resource := required("ResourceArn", arn)
	return map[string]operation{
		"TagResource":         {serve: (*call).tagResource, input: Structure{resource, required("Tags", tags)}},
		"UntagResource":       {serve: (*call).untagResource, input: Structure{resource, required("TagKeys", listOf(str(1, 128)))}},
		"ListTagsForResource": {serve: (*call).listTags, input: Structure{resource}},
	}
}

// resource is the pool whose ARN a request names.
func (c *call) resource() (*userpool.Pool, error) {
	name := c.in.str("ResourceArn")
	_, id, ok := strings.Cut(name, ":userpool/")
	if !ok {
		return nil, userpool.Errorf(userpool.InvalidParameter, "%s is not the ARN of a user pool.", name) // Unverified: the text
	}
	p, err := c.poolByID(id)
	if err == nil && p.ARN(Account) != name {
		return nil, userpool.Errorf(userpool.ResourceNotFound, "User pool %s does not exist.", id)
	}
	return p, err
}

// maxTags is how many tags a resource has at most.
const maxTags = 50

func (c *call) retag(change func(tags map[string]string)) (object, error) {
	p, err := c.resource()
	if err != nil {
		return nil, err
	}
	return nil, c.Directory.Edit(c.ctx, p.ID, func(d *userpool.Draft) error {
		settings := d.UserPool
		settings.Tags = maps.Clone(tagsOf(&settings))
		change(settings.Tags)
		if len(settings.Tags) > maxTags {
			return userpool.Errorf(userpool.InvalidParameter, "A resource has at most %d tags.", maxTags) // Unverified: the text
		}
		d.SetUserPool(settings)
		return nil
	})
}

func (c *call) tagResource() (object, error) {
	return c.retag(func(tags map[string]string) { maps.Copy(tags, c.in.strings("Tags")) })
}

func (c *call) untagResource() (object, error) {
	return c.retag(func(tags map[string]string) {
		for _, key := range c.in.list("TagKeys") {
			delete(tags, key)
		}
	})
}

func (c *call) listTags() (object, error) {
	p, err := c.resource()
	if err != nil {
		return nil, err
	}
	return object{"Tags": tagsOf(&p.UserPool)}, nil
}
