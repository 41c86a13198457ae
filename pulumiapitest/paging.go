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
// gets up to 100, or n if that is more, whatever number it asked for. Access tokens
// and the lists of Insights are different, as on the service: up to 1000, or 500 of
// what a resource has and 499 lines of a log, and an error beyond. Of policy issues,
// a client gets the rows that it asks for.
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
	if limit := c.route.maxSize; limit > 0 {
		if err != nil || n < 1 || n > limit {
			return 0, badRequest("invalid query parameter: %s must be in the range [1, %d], not %q", sizeParam, limit, value)
		}
		return n, nil
	}
	if err != nil || n < 1 {
		return 0, badRequest("invalid query parameter: %s must be a positive number, not %q", sizeParam, value)
	}
	return min(n, max(maxPageSize, s.pageSize)), nil
}

const (
	tokenParam    = "continuationToken"
	pageParam     = "page"
	pageSizeParam = "pageSize"
)

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

// numberedPage cuts the page that a call asks for by its number, counted from 1,
// out of the items, and returns the number of items on a full page. Without a
// number, or with 0, everything comes at once.
func numberedPage[T any](s *Server, c *call, items []T) ([]T, int, error) {
	page, err := c.intQuery(pageParam)
	if err != nil {
		return nil, 0, err
	}
	if page < 0 {
		return nil, 0, badRequest("Invalid '%s' value. Must be >= 0.", pageParam)
	}
	size, err := c.intQuery(pageSizeParam)
	if err != nil {
		return nil, 0, err
	}
	if size < 0 {
		return nil, 0, badRequest("Invalid '%s' value. Must be >= 0.", pageSizeParam)
	}
	if size == 0 {
		size = s.pageSize
	}
	size = min(size, max(maxPageSize, s.pageSize))
	if page == 0 {
		return items, size, nil
	}
	if page-1 > len(items)/size {
		return nil, size, nil
	}
	items = items[min((page-1)*size, len(items)):]
	return items[:min(size, len(items))], size, nil
}

// followPage cuts what comes next out of a list that grows until the run that it is
// of has ended, and returns the token for what comes after that. While there is
// nothing new, that is the token that was sent; when all is told and the run has
// ended, it is nil.
func followPage[T any](s *Server, c *call, sizeParam, runID string, ended bool, items []T) ([]T, *string, error) {
	limit, err := s.limit(c, sizeParam)
	if err != nil {
		return nil, nil, err
	}
	here := continuation{Endpoint: c.route.endpoint, Filters: runID + "?" + filters(c.query, sizeParam)}
	start := 0
	if token := c.query.Get(tokenParam); token != "" {
		after, err := here.position(token)
		if err != nil {
			return nil, nil, err
		}
		start = min(max(int(after), 0), len(items))
	}
	end := min(start+limit, len(items))
	if end == len(items) && ended {
		return items[start:], nil, nil
	}
	here.After = int64(end)
	next := here.token()
	return items[start:end], &next, nil
}
