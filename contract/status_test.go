package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

// What is not here, as it can't be brought about from outside: 429 and Retry-After,
// 5xx and what a proxy answers, X-Pulumi-Warning, the details of an error (errors[]),
// 412, 413 and 422. That 409 is what a name that is taken, and an update that runs, are
// answered with: see the checks that write.
var statusChecks = []check{
	{name: "401 for a token that nobody has", run: checkUnknownToken, anywhere: true},
	{name: "401 without a token", run: checkNoToken, anywhere: true},
	{name: "404 for a stack that is missing", run: checkMissingStack, anywhere: true},
	{name: "404 for the state of a stack that is missing", run: checkMissingState, anywhere: true},
	{name: "404 for the updates of a stack that is missing", run: checkMissingUpdates, anywhere: true},
	{name: "404 or 403 for an organization of others", run: checkForeignOrganization, anywhere: true},
	{name: "400 for a parameter out of its range", run: checkBadParameter, anywhere: true},
	{name: "OAuth's own errors from the exchange of tokens", run: checkOAuthError, anywhere: true},
	{name: "gzip when asked for", run: checkCompression},
}

// lastChecks look at what came of the others.
var lastChecks = []check{
	{name: "error responses have a request ID", run: checkRequestIDs, anywhere: true},
}

func (c *cloud) missing() pulumiapi.StackIdentifier {
	return pulumiapi.StackIdentifier{Org: c.org, Project: "pulumiapi-no-such-project", Stack: "no-such-stack"}
}

// checkUnknownToken asks with the good token first: what refuses everybody refuses no
// token.
func checkUnknownToken(ctx context.Context, c *cloud) error {
	if _, err := c.client.Stacks.ListPage(ctx, nil); err != nil {
		return err
	}
	_, err := c.stranger.Stacks.ListPage(ctx, nil)
	return c.refused(err, "an unknown token", http.StatusUnauthorized)
}

func checkNoToken(ctx context.Context, c *cloud) error {
	if _, err := c.client.Stacks.ListPage(ctx, nil); err != nil {
		return err
	}
	_, err := c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/user/stacks"},
		Header:   http.Header{"Authorization": nil},
	}, nil)
	return c.refused(err, "no token", http.StatusUnauthorized)
}

func checkMissingStack(ctx context.Context, c *cloud) error {
	_, err := c.client.Stacks.Get(ctx, c.missing())
	return c.refused(err, "a stack that is missing", http.StatusNotFound)
}

func checkMissingState(ctx context.Context, c *cloud) error {
	_, err := c.client.Stacks.Export(ctx, c.missing())
	return c.refused(err, "the state of a stack that is missing", http.StatusNotFound)
}

func checkMissingUpdates(ctx context.Context, c *cloud) error {
	_, err := c.client.Updates.ListPage(ctx, c.missing(), nil)
	return c.refused(err, "the updates of a stack that is missing", http.StatusNotFound)
}

// checkRequestIDs makes sure that there are error responses to look at. A server
// without any request IDs just doesn't have them.
func checkRequestIDs(ctx context.Context, c *cloud) error {
	if err := errors.Join(checkMissingStack(ctx, c), checkUnknownToken(ctx, c)); err != nil {
		return err
	}
	c.answers.mu.Lock()
	defer c.answers.mu.Unlock()
	switch {
	case c.answers.withID == 0:
		return skipf("the server sends no X-Pulumi-Request-ID")
	case len(c.answers.without) > 0:
		return fmt.Errorf("these error responses have no X-Pulumi-Request-ID, and others have: %s", strings.Join(slices.Compact(c.answers.without), ", "))
	}
	return nil
}

func checkForeignOrganization(ctx context.Context, c *cloud) error {
	_, err := c.client.Orgs.ListMembersPage(ctx, "pulumiapi-no-such-organization", nil)
	return c.refused(err, "an organization of others", http.StatusNotFound, http.StatusForbidden)
}

func checkBadParameter(ctx context.Context, c *cloud) error {
	err := c.get(ctx, "/api/user/tokens", nil, url.Values{"maxResults": {"1001"}}, nil)
	if errors.Is(err, pulumiapi.ErrForbidden) {
		return permitted(err, "access tokens")
	}
	return c.refused(err, "a page of 1001 access tokens", http.StatusBadRequest)
}

// checkOAuthError sends what can't be exchanged, without a token.
func checkOAuthError(ctx context.Context, c *cloud) error {
	_, err := c.client.Do(ctx, pulumiapi.Request{
		Endpoint:    pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/oauth/token"},
		Header:      http.Header{"Authorization": nil},
		Body:        []byte("grant_type=pulumiapi-contract"),
		ContentType: "application/x-www-form-urlencoded",
	}, nil)
	refusal, ok := errors.AsType[*pulumiapi.APIError](err)
	if !ok || refusal.StatusCode < 400 || refusal.StatusCode > 499 {
		return fmt.Errorf("an exchange of nothing: want a 4xx, got: %w", orNothing(err))
	}
	if c.answers.lacks(refusal.Endpoint) != "" {
		return err
	}
	var body struct {
		Error string `json:"error"`
	}
	last := c.answers.lastBody()
	if err := json.Unmarshal(last, &body); err != nil || body.Error == "" {
		return fmt.Errorf("an exchange of nothing: the body should have an error, as OAuth's errors have: %.200s", last)
	}
	return nil
}

// checkCompression looks at a list, which is long enough to be compressed.
func checkCompression(ctx context.Context, c *cloud) error {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return err
	}
	if len(stacks) < 20 {
		return skipf("a list of %d stacks is too short to be compressed", len(stacks))
	}
	last := c.answers.lastOne()
	if last.header.Get("Content-Encoding") != "gzip" {
		return fmt.Errorf("a list of %d stacks is not compressed: %v", len(stacks), last.header)
	}
	return nil
}
