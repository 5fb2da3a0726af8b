package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// A pagination token says where a list goes on. It is opaque, good for the list it was made for only, and stays good when
// objects are made or deleted meanwhile: base64url(JSON) "." base64url(MAC).
type pageToken struct {
	List  string            `json:"l"` // operation, pool and what else the list depends on
	After int64             `json:"a,omitempty"`
	User  userpool.Position `json:"u"`
}

func (c *call) pageMAC(body string) ([]byte, error) {
	key, err := c.Env.Keys().Secret("cognito/pagination")
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(body))
	return h.Sum(nil)[:16], nil
}

func (c *call) sealPage(t pageToken) (string, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode page token: %w", err)
	}
	body := base64.RawURLEncoding.EncodeToString(b)
	mac, err := c.pageMAC(body)
	return body + "." + base64.RawURLEncoding.EncodeToString(mac), err
}

// openPage reads the token of a request's member; an absent one is the beginning. Unverified: the text.
func (c *call) openPage(member, list string) (pageToken, error) {
	raw := c.in.str(member)
	if raw == "" {
		return pageToken{List: list}, nil
	}
	refused := userpool.Errorf(userpool.InvalidParameter, "Invalid pagination token. It is not one that was answered for this list.")
	body, sum, _ := strings.Cut(raw, ".")
	mac, err := c.pageMAC(body)
	if err != nil {
		return pageToken{}, err
	}
	got, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(got, mac) {
		return pageToken{}, refused
	}
	var t pageToken
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(b, &t) != nil || t.List != list {
		return pageToken{}, refused
	}
	return t, nil
}

// listed is an object that lists hold.
type listed interface{ Position() int64 }

// page is the part of a list that a request asks for: as many as its limit member says, or most, from behind its token.
// The answer gets the objects under name, and a token when there are more.
func page[T listed](c *call, all []T, list, name, limitMember string, most int, show func(T) object) (object, error) {
	limit := c.in.integer(limitMember)
	if limit <= 0 || limit > most {
		limit = most
	}
	from, err := c.openPage("NextToken", list)
	if err != nil {
		return nil, err
	}
	out, shown := object{}, []object{}
	var last int64
	for _, o := range all {
		if o.Position() <= from.After {
			continue
		}
		if len(shown) == limit {
			token, err := c.sealPage(pageToken{List: list, After: last})
			if err != nil {
				return nil, err
			}
			out["NextToken"] = token
			break
		}
		shown, last = append(shown, show(o)), o.Position()
	}
	out[name] = shown
	return out, nil
}

// users is the same for lists of users.
func (c *call) users(p *userpool.Pool, list, limitMember, tokenMember string, match func(*userpool.User) bool) (page []*userpool.User, token string, err error) {
	limit := c.in.integer(limitMember)
	if limit <= 0 || limit > 60 {
		limit = 60
	}
	from, err := c.openPage(tokenMember, list)
	if err != nil {
		return nil, "", err
	}
	page, next := p.Users.List(from.User, limit, match)
	if next != nil {
		token, err = c.sealPage(pageToken{List: list, User: *next})
	}
	return page, token, err
}
