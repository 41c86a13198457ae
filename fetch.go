package pulumiapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
)

// fetch makes a call whose response is a T. A success without a body is what is
// known of the result; if the call does not say, it is an error.
func fetch[T any](ctx context.Context, c *Client, r call) (*T, error) {
	value := new(T)
	r.decoding.secret = mayBringSecret(reflect.TypeFor[T]())
	decoding, limit, known, isWrite := r.decoding, c.limits.of(r.decoding), r.known, r.endpoint.isWrite()
	r.receive = func(resp *http.Response) error {
		*value = *new(T) // what a broken response has left must not show
		err := decoding.read(resp, value, limit)
		if _, empty := errors.AsType[noBodyError](err); !empty {
			return err
		}
		if result, isKnown := known.(*T); isKnown {
			*value = *result
			return nil
		}
		if name := reflect.TypeFor[T]().Name(); isWrite && name != "" {
			return fmt.Errorf("%w, so the %s is lost", err, name)
		}
		return err
	}
	if _, err := c.send(ctx, r); err != nil {
		return nil, err
	}
	return value, nil
}

// fetchAll makes a call whose answer is an array of T, with all there is.
func fetchAll[T any](ctx context.Context, c *Client, r call) ([]T, error) {
	all, err := fetch[[]T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// fetchWithBody makes a call that sends body as JSON, and whose answer is a T.
// name is the argument that body comes from.
func fetchWithBody[T any](ctx context.Context, c *Client, r call, name string, body any) (*T, error) {
	var err error
	if r.body, err = jsonBody(name, body); err != nil {
		return nil, err
	}
	return fetch[T](ctx, c, r)
}

// fetchVersion makes a call about a version of a stack, and what comes after it.
func fetchVersion[T any](ctx context.Context, c *Client, r call, id StackIdentifier, version int, more ...pathArg) (*T, error) {
	var err error
	if r.args, err = id.versionArgs(version, more...); err != nil {
		return nil, err
	}
	return fetch[T](ctx, c, r)
}

// execute makes a call whose answer is of no interest.
func execute(ctx context.Context, c *Client, r call) error {
	_, err := c.send(ctx, r)
	return err
}

// executeWithBody makes a call that sends body as JSON, and whose answer is of
// no interest. name is the argument that body comes from.
func executeWithBody(ctx context.Context, c *Client, r call, name string, body any) error {
	var err error
	if r.body, err = jsonBody(name, body); err != nil {
		return err
	}
	return execute(ctx, c, r)
}

// exists makes a call that asks whether there is something, where the service
// says no by a 404.
func exists(ctx context.Context, c *Client, r call) (bool, error) {
	err := execute(ctx, c, r)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// fetchYesNo makes a call whose answer is a boolean, where the service says no by a
// 404, too.
func fetchYesNo(ctx context.Context, c *Client, r call) (bool, error) {
	answer, err := fetch[bool](ctx, c, r)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return *answer, nil
}

// fetchOptional makes a call whose answer is a T, or has no content: nil.
func fetchOptional[T any](ctx context.Context, c *Client, r call) (*T, *ResponseInfo, error) {
	var value *T
	r.decoding.secret = mayBringSecret(reflect.TypeFor[T]())
	decoding, limit := r.decoding, c.limits.of(r.decoding)
	r.receive = func(resp *http.Response) error {
		value = nil
		if resp.StatusCode == http.StatusNoContent {
			return nil
		}
		fresh := new(T)
		err := decoding.read(resp, fresh, limit)
		value = fresh
		return err
	}
	info, err := c.send(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	return value, info, nil
}

// fetchPresent makes a call whose answer is a T, or has no content where there is
// none: then it fails with a [*CallError] that is [ErrNotFound]. what says what
// there is none of.
func fetchPresent[T any](ctx context.Context, c *Client, r call, what string) (*T, error) {
	value, info, err := fetchOptional[T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	if value != nil {
		return value, nil
	}
	path, err := r.endpoint.path(r.args)
	if err != nil {
		return nil, err
	}
	return nil, &CallError{
		Endpoint: r.endpoint, Path: path, RequestID: info.RequestID, Attempts: info.Attempts,
		Err: fmt.Errorf("the answer has no body: %s: %w", what, ErrNotFound),
	}
}

// rawAnswer is an answer in JSON, as the bytes it is.
type rawAnswer struct {
	data json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *rawAnswer) UnmarshalJSON(data []byte) error {
	a.data = bytes.Clone(data)
	return nil
}

// fetchRaw makes a call whose answer is JSON that is the caller's to decode.
func fetchRaw(ctx context.Context, c *Client, r call) (json.RawMessage, error) {
	answer, err := fetch[rawAnswer](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return answer.data, nil
}
