package contract

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/pulumiapi/pulumiapi"
)

// cloud is what the checks look at.
type cloud struct {
	org      string
	inMemory bool
	strict   bool // a check that is skipped fails
	client   *pulumiapi.Client
	// stranger is a client whose token the service does not know.
	stranger *pulumiapi.Client
	answers  *answers
	// project is what checks may write to; "" if they may not.
	project  string
	receiver string
	made     []pulumiapi.StackIdentifier

	updated func(ctx context.Context) (*updatedStack, error)
}

// connect returns a cloud with clients over the transport.
func connect(org string, transport http.RoundTripper, opts ...pulumiapi.Option) (*cloud, error) {
	c := &cloud{org: org, answers: &answers{next: transport, works: map[string]bool{}, lacking: map[string]string{}}}
	opts = append(opts, pulumiapi.WithHTTPClient(&http.Client{Transport: c.answers}))
	var err error
	if c.client, err = pulumiapi.NewClient(opts...); err != nil {
		return nil, err
	}
	if c.stranger, err = pulumiapi.NewClient(append(opts, pulumiapi.WithToken("pul-0000000000000000000000000000000000000000"))...); err != nil {
		return nil, err
	}
	var (
		once  sync.Once
		found *updatedStack
	)
	c.updated = func(ctx context.Context) (*updatedStack, error) {
		once.Do(func() { found, err = findUpdatedStack(ctx, c) })
		return found, err
	}
	return c, nil
}

// answers keeps what the package doesn't show of the responses: the last one, which
// endpoints the server has, and which error responses have a request ID.
type answers struct {
	next http.RoundTripper

	mu      sync.Mutex
	last    answer
	works   map[string]bool   // by endpoint: it has succeeded
	lacking map[string]string // by endpoint: why the server does not have it
	withID  int               // error responses with a request ID
	without []string          // endpoints of those without
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// RoundTrip implements [http.RoundTripper].
func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	got := answer{resp.StatusCode, resp.Header.Clone(), body}
	a.note(req, got)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = got
	return resp, nil
}

// send sends a request past the client, and notes nothing.
func (a *answers) send(req *http.Request) (answer, error) {
	resp, err := a.next.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, errors.Join(err, resp.Body.Close())
}

// lastOne returns the last answer, as it came.
func (a *answers) lastOne() answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.last
	last.header = last.header.Clone()
	return last
}

// lastBody returns the body of the last answer, without compression.
func (a *answers) lastBody() []byte {
	last := a.lastOne()
	last.unpack()
	return last.body
}

// unpack undoes the compression of a body.
func (a *answer) unpack() {
	if !bytes.HasPrefix(a.body, []byte{0x1f, 0x8b}) {
		return
	}
	reader, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		return
	}
	if plain, err := io.ReadAll(reader); err == nil {
		a.body = plain
		a.header.Del("Content-Encoding")
	}
}

// get asks for what the package itself never would. out is what Client.Do takes.
func (c *cloud) get(ctx context.Context, template string, args []string, query url.Values, out any) error {
	_, err := c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: template}, Args: args, Query: query,
	}, out)
	return err
}

// refused checks that a call was refused with a status, in the service's form: a JSON
// object with the status as its code, and a message. The package makes its errors of
// that. A 404 of an endpoint that the server does not have is no such refusal.
func (c *cloud) refused(err error, what string, statuses ...int) error {
	refusal, ok := errors.AsType[*pulumiapi.APIError](err)
	switch {
	case !ok:
		return fmt.Errorf("%s: want one of the statuses %v, got: %w", what, statuses, orNothing(err))
	case slices.Contains(statuses, refusal.StatusCode) && c.answers.lacks(refusal.Endpoint) == "":
		return c.checkErrorBody(what, refusal)
	}
	return fmt.Errorf("%s: want one of the statuses %v, got: %w", what, statuses, err)
}

func (c *cloud) checkErrorBody(what string, refusal *pulumiapi.APIError) error {
	last := c.answers.lastBody()
	var body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	switch err := json.Unmarshal(last, &body); {
	case err != nil:
		return fmt.Errorf("%s: the error's body is not JSON: %w: %.200s", what, err, last)
	case body.Code != refusal.StatusCode || body.Message == "":
		return fmt.Errorf("%s: the error's body should have code %d and a message: %.200s", what, refusal.StatusCode, last)
	}
	c.answers.mu.Lock()
	defer c.answers.mu.Unlock()
	if refusal.RequestID == "" {
		c.answers.without = append(c.answers.without, fmt.Sprintf("%d of %s", refusal.StatusCode, refusal.Endpoint))
	} else {
		c.answers.withID++
	}
	return nil
}

// orNothing is for errors that are missing.
func orNothing(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// permitted returns err, or why it is skipped: the token may not, or the organization
// has not subscribed to it.
func permitted(err error, what string) error {
	refusal, ok := errors.AsType[*pulumiapi.APIError](err)
	if !ok {
		return err
	}
	switch refusal.StatusCode {
	case http.StatusForbidden, http.StatusPaymentRequired:
		return skipf("%s: not permitted: %v", what, err)
	}
	return err
}

// maxWalked is how many items of a list are looked at, at most.
const maxWalked = 400

// walk reads a list page by page, and checks what holds for each: no page has more
// than it may (if that is known), no item comes twice, the list ends.
func walk[T any](ctx context.Context, what string, size int, fetch func(context.Context, pulumiapi.Cursor) (*pulumiapi.Page[T], error), key func(T) string) ([]T, error) {
	var items []T
	seen := map[string]bool{}
	for page, err := range pulumiapi.Pages(ctx, fetch) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if size > 0 && len(page.Items) > size {
			return nil, fmt.Errorf("%s: %d items on a page of %d", what, len(page.Items), size)
		}
		for _, item := range page.Items {
			if seen[key(item)] {
				return nil, fmt.Errorf("%s: %s comes twice", what, key(item))
			}
			seen[key(item)] = true
		}
		if items = append(items, page.Items...); len(items) > maxWalked {
			return nil, skipf("%s: there are more than %d, which is too many to walk", what, maxWalked)
		}
	}
	return items, nil
}

// sameAgain compares lists that were walked in pages of other sizes.
func sameAgain[T any](what string, a, b []T, key func(T) string) error {
	if len(a) != len(b) {
		return fmt.Errorf("%s: %d in small pages, %d in large ones", what, len(a), len(b))
	}
	for i := range a {
		if key(a[i]) != key(b[i]) {
			return fmt.Errorf("%s: number %d is %s in small pages, and %s in large ones", what, i, key(a[i]), key(b[i]))
		}
	}
	return nil
}

// someStacks returns the first stacks of the organization.
func (c *cloud) someStacks(ctx context.Context) ([]pulumiapi.StackSummary, error) {
	page, err := c.client.Stacks.ListPage(ctx, &pulumiapi.StackListOptions{Organization: c.org, PageSize: 50})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 {
		return nil, skipf("the organization has no stacks")
	}
	return page.Items, nil
}

// updatedStack is a stack with a history.
type updatedStack struct {
	id      pulumiapi.StackIdentifier
	total   int
	updates []pulumiapi.Update // the newest, newest first
}

// findUpdatedStack returns the stack with the most updates, of the first that have
// been updated.
func findUpdatedStack(ctx context.Context, c *cloud) (*updatedStack, error) {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return nil, err
	}
	var best updatedStack
	looked := 0
	for _, stack := range stacks {
		if stack.LastUpdate.IsZero() {
			continue
		}
		page, err := c.client.Updates.ListPage(ctx, stack.Identifier(), &pulumiapi.UpdateListOptions{PageSize: 10})
		if err != nil {
			return nil, err
		}
		if page.Total > best.total {
			best = updatedStack{stack.Identifier(), page.Total, page.Items}
		}
		if looked++; looked == 12 {
			break
		}
	}
	if best.total == 0 {
		return nil, skipf("none of the organization's first stacks has been updated")
	}
	return &best, nil
}

// number returns a member that is to be a number.
func number(members map[string]json.RawMessage, name string) (int, error) {
	n, err := strconv.Atoi(string(members[name]))
	if err != nil {
		return 0, fmt.Errorf("%s should be a number: %q", name, members[name])
	}
	return n, nil
}
