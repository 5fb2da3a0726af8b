package mgmt

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Sizes of a page of a list.
const (
	defaultPage = 10
	maxPage     = 100
)

// page cuts one page out of a list: the page's items, and the tokens of the next and the previous one, empty at the ends.
// size 0 means defaultPage; one above maxPage is maxPage.
func page[T any](all []T, size uint32, token string) (items []T, next, prev string, err error) {
	n := int(min(size, maxPage))
	if n == 0 {
		n = defaultPage
	}
	start, err := offset(token)
	if err != nil {
		return nil, "", "", err
	}
	start = min(start, len(all))
	end := min(start+n, len(all))
	if end < len(all) {
		next = pageToken(end)
	}
	if start > 0 {
		prev = pageToken(max(0, start-n))
	}
	return all[start:end], next, prev, nil
}

func pageToken(start int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.Itoa(start)))
}

func offset(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	number, ok := strings.CutPrefix(string(b), "page:")
	start, err2 := strconv.ParseUint(number, 10, 31)
	if err != nil || !ok || err2 != nil {
		return 0, Errorf(connect.CodeInvalidArgument, "the page_token is none that a list answered")
	}
	return int(start), nil
}

// stamp is a time of an object; none for the zero time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// optional is a string that is left out when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// contains tells whether one of the texts has the query in it, without regard to case.
func contains(query string, texts ...string) bool {
	query = strings.ToLower(query)
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), query) {
			return true
		}
	}
	return false
}
