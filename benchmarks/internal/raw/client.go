// Package raw is what a careful programmer writes who uses no library: net/http
// with keep-alive, encoding/json, one page after another. The workloads compare the
// package with it.
package raw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Client asks for what the workloads need.
type Client struct {
	http  *http.Client
	base  string
	token string
}

// New returns a Client of the service at the base URL.
func New(base, token string) *Client {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = new(http.Transport)
	}
	return &Client{http: &http.Client{Transport: transport.Clone()}, base: base, token: token}
}

// Close closes the client's connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// GetStack returns a stack. The stack is a path: "acme/web/prod".
func (c *Client) GetStack(ctx context.Context, stack string) (*Stack, error) {
	return get[Stack](ctx, c, "/api/stacks/"+stack)
}

// CreateTag adds a tag to a stack.
func (c *Client) CreateTag(ctx context.Context, stack, name, value string) error {
	body, err := json.Marshal(Tag{Name: name, Value: value})
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodPost, "/api/stacks/"+stack+"/tags", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return finish(resp)
}

// ListStacks calls each with the pages of all stacks.
func (c *Client) ListStacks(ctx context.Context, each func([]StackSummary)) error {
	query := url.Values{"organization": {"acme"}, "maxResults": {"100"}}
	for {
		page, err := get[StackPage](ctx, c, "/api/user/stacks?"+query.Encode())
		if err != nil {
			return err
		}
		each(page.Stacks)
		if page.ContinuationToken == "" {
			return nil
		}
		query.Set("continuationToken", page.ContinuationToken)
	}
}

// ListUpdates calls each with the pages of a stack's updates.
func (c *Client) ListUpdates(ctx context.Context, stack string, each func([]Update)) error {
	read := 0
	for number := 1; ; number++ {
		query := url.Values{"output-type": {"service"}, "page": {strconv.Itoa(number)}, "pageSize": {"100"}}
		page, err := get[UpdatePage](ctx, c, "/api/stacks/"+stack+"/updates?"+query.Encode())
		if err != nil {
			return err
		}
		each(page.Updates)
		if read += len(page.Updates); len(page.Updates) == 0 || read >= page.Total {
			return nil
		}
	}
}

// ListEvents calls each with the pages of an update's events. Their objects of no
// fixed form are of type O.
func ListEvents[O any](ctx context.Context, c *Client, stack, update string, each func([]EngineEvent[O])) error {
	query := url.Values{}
	for {
		page, err := get[EngineEventPage[O]](ctx, c, "/api/stacks/"+stack+"/update/"+update+"/events?"+query.Encode())
		if err != nil {
			return err
		}
		each(page.Events)
		if page.ContinuationToken == "" {
			return nil
		}
		query.Set("continuationToken", page.ContinuationToken)
	}
}

// ListAuditLog calls each with the pages of an organization's audit log.
func (c *Client) ListAuditLog(ctx context.Context, org string, each func([]AuditLogEvent)) error {
	query := url.Values{"startTime": {"0"}}
	for {
		page, err := get[AuditLogPage](ctx, c, "/api/orgs/"+org+"/auditlogs/v2?"+query.Encode())
		if err != nil {
			return err
		}
		each(page.AuditLogEvents)
		if page.ContinuationToken == "" {
			return nil
		}
		query.Set("continuationToken", page.ContinuationToken)
	}
}

// Export returns a stack's state.
func (c *Client) Export(ctx context.Context, stack string) (*StackState, error) {
	return get[StackState](ctx, c, "/api/stacks/"+stack+"/export")
}

// ExportTo copies a stack's state to w.
func (c *Client) ExportTo(ctx context.Context, stack string, w io.Writer) (int64, error) {
	resp, err := c.send(ctx, http.MethodGet, "/api/stacks/"+stack+"/export", nil)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, resp.Body)
	return n, errors.Join(err, resp.Body.Close())
}

// ExportResources calls each with the resources of a stack's state, one after
// another, and holds no more than one of them.
func (c *Client) ExportResources(ctx context.Context, stack string, each func(*StateResource)) error {
	resp, err := c.send(ctx, http.MethodGet, "/api/stacks/"+stack+"/export", nil)
	if err != nil {
		return err
	}
	return errors.Join(decodeResources(json.NewDecoder(resp.Body), each), finish(resp))
}

func decodeResources(dec *json.Decoder, each func(*StateResource)) error {
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case "manifest", "secrets_providers":
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return err
			}
		case "resources":
			if _, err := dec.Token(); err != nil {
				return err
			}
			for dec.More() {
				resource := new(StateResource)
				if err := dec.Decode(resource); err != nil {
					return err
				}
				each(resource)
			}
			return nil
		}
	}
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "token "+c.token)
	req.Header.Set("Accept", "application/vnd.pulumi+8")
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, errors.Join(fmt.Errorf("%s %s: status %d", method, path, resp.StatusCode), finish(resp))
	}
	return resp, nil
}

// get returns the answer to a GET.
func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	resp, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if err := errors.Join(json.NewDecoder(resp.Body).Decode(answer), finish(resp)); err != nil {
		return nil, err
	}
	return answer, nil
}

// finish reads what is left of an answer, so that its connection can be used
// again, and closes it.
func finish(resp *http.Response) error {
	_, err := io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}
