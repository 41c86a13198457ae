package pulumiapitest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 10
	maxPageSize     = 100
)

// SetPageSize sets the number of items on a page for clients that ask for no
// number: 10, if it is never called or n is not positive. A client that does ask
// gets up to 100, or n if that is more, whatever number it asked for.
func (s *Server) SetPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= 0 {
		n = defaultPageSize
	}
	s.pageSize = n
}

// limit returns the number of items on a page, where sizeParam is the query
// parameter by which clients ask for one.
func (s *Server) limit(c *call, sizeParam string) (int, error) {
	value := c.query.Get(sizeParam)
	if value == "" {
		return s.pageSize, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, badRequest("invalid query parameter: %s must be a positive number, not %q", sizeParam, value)
	}
	return min(n, max(maxPageSize, s.pageSize)), nil
}

const tokenParam = "continuationToken"

// continuation is what a token says: the key of the last item that was sent, not
// how many were. The list goes on behind it whatever is created or deleted
// meanwhile.
type continuation struct {
	Endpoint string `json:"endpoint"`
	Filters  string `json:"filters"`
	After    int64  `json:"after"`
}

// tokenPage cuts the page that a call asks for out of the items that match its
// filters, which are sorted by key, and returns the token of the next, nil if
// there is none. (On the wire the service ends its lists with null here, with ""
// there, and elsewhere without the member: each wire form does as it does.)
func tokenPage[T any](s *Server, c *call, sizeParam string, items []T, key func(T) int64) ([]T, *string, error) {
	limit, err := s.limit(c, sizeParam)
	if err != nil {
		return nil, nil, err
	}
	here := continuation{Endpoint: c.route.endpoint, Filters: filters(c.query, sizeParam)}
	if token := c.query.Get(tokenParam); token != "" {
		if here.After, err = here.position(token); err != nil {
			return nil, nil, err
		}
	}
	start := slices.IndexFunc(items, func(item T) bool { return key(item) > here.After })
	if start < 0 {
		return []T{}, nil, nil
	}
	items = items[start:]
	if len(items) <= limit {
		return items, nil, nil
	}
	items = items[:limit]
	here.After = key(items[limit-1])
	next := here.token()
	return items, &next, nil
}

// filters are the query parameters that decide what is in a list.
func filters(query url.Values, sizeParam string) string {
	query = maps.Clone(query)
	query.Del(tokenParam)
	query.Del(sizeParam)
	return query.Encode()
}

// token begins with a plus sign, and has more of what must be escaped in a
// query: a client that doesn't gets an error.
func (here continuation) token() string {
	encoded, _ := json.Marshal(here) // cannot fail: texts and a number
	return "+" + base64.StdEncoding.EncodeToString(encoded)
}

// position returns the key in a token that belongs to the same list.
func (here continuation) position(token string) (int64, error) {
	var there continuation
	encoded, found := strings.CutPrefix(token, "+")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || json.Unmarshal(decoded, &there) != nil {
		return 0, badRequest("Invalid continuation token")
	}
	if there.Endpoint != here.Endpoint || there.Filters != here.Filters {
		return 0, badRequest("Invalid continuation token: it is from a list of another endpoint or with other filters")
	}
	return there.After, nil
}
