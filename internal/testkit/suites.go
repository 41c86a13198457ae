package testkit

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/pulumiapi/pulumiapi"
)

// AllOperations returns all operations. It panics if one can't be driven.
func AllOperations() []Operation { return slices.Clone(Must(Operations())) }

// JSONOperations returns those whose response is JSON, or nothing.
func JSONOperations() []Operation {
	return slices.DeleteFunc(AllOperations(), func(o Operation) bool { return o.Text })
}

// TextOperations returns those whose response is text.
func TextOperations() []Operation {
	return slices.DeleteFunc(AllOperations(), func(o Operation) bool { return !o.Text })
}

// EachOperation runs check for every operation whose response is JSON or nothing, each
// in a bubble of its own, where waits take no time and a goroutine left behind is a
// failure.
func EachOperation(t *testing.T, check func(t *testing.T, o Operation)) {
	t.Helper()
	for _, o := range JSONOperations() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { check(t, o) })
		})
	}
}

// Resends reports whether the operation's request is sent again if it may have been
// carried out.
func (o Operation) Resends() bool { return Resends(o.Endpoint) }

// Writes reports whether the operation can change something.
func (o Operation) Writes() bool { return Writes(o.Endpoint) }

// Revokes reports whether the operation deletes an access token.
func (o Operation) Revokes() bool {
	return slices.Contains([]string{"Tokens.Delete", "Orgs.DeleteToken", "Teams.DeleteToken"}, o.Name)
}

// ReturnsValue reports whether the operation returns more than an error.
func (o Operation) ReturnsValue() bool { return o.Response != "" }

// IsArray reports whether the response is a JSON array.
func (o Operation) IsArray() bool { return o.beginsWith('[') }

// IsObject reports whether the response is a JSON object.
func (o Operation) IsObject() bool { return o.beginsWith('{') }

// IsText reports whether the response is a JSON string.
func (o Operation) IsText() bool { return o.beginsWith('"') }

func (o Operation) beginsWith(first byte) bool {
	return o.ReturnsValue() && bytes.TrimSpace([]byte(o.Response))[0] == first
}

// optionsKey is the key of a client's options in the context of its calls.
type optionsKey struct{}

// WithOptions returns a context that tells [TokenExchange] a client's options.
func WithOptions(ctx context.Context, opts []pulumiapi.Option) context.Context {
	return context.WithValue(ctx, optionsKey{}, opts)
}

type grant struct {
	AccessToken pulumiapi.Secret `json:"access_token"`
}

// TokenExchange is what a client does to get its own token: with the options of
// [WithOptions].
func TokenExchange() Operation {
	return Operation{
		Name: "OIDCTokenSource.Token", Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Read: true},
		Response: `{"access_token":"pul-exchanged"}`, Exception: Exception{RefusesNothing: "the answer has no access token"},
		Call: func(ctx context.Context, _ *pulumiapi.Client) (any, error) {
			opts, _ := ctx.Value(optionsKey{}).([]pulumiapi.Option)
			source, err := pulumiapi.NewOIDCTokenSource(pulumiapi.OIDCExchange{
				Organization: "acme",
				IdentityToken: func(context.Context, string) (pulumiapi.Secret, error) {
					return pulumiapi.NewSecret(CanaryToken), nil
				},
			}, opts...)
			if err != nil {
				return nil, err
			}
			token, _, err := source.Token(ctx)
			if err != nil {
				return nil, err
			}
			return grant{AccessToken: token}, nil
		},
	}
}

// TokenRenewal is what a client does to get its own token for a refresh token, which
// may be good for one request only.
func TokenRenewal() Operation {
	return Operation{
		Name: "refreshTokenSource.Token", Endpoint: pulumiapi.Endpoint{Method: http.MethodPost},
		Response: `{"access_token":"pul-renewed"}`, Exception: Exception{RefusesNothing: "the answer has no access token"},
		Call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
			source, err := refreshTokenSourceOf(client)
			if err != nil {
				return nil, err
			}
			token, _, err := source.Token(ctx)
			if err != nil {
				return nil, errors.Unwrap(err) // without what the source says about it
			}
			return grant{AccessToken: token}, nil
		},
	}
}
