package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// TokensService manages the access tokens of the token's user.
type TokensService struct {
	client *Client
}

// AccessToken describes an access token. The token itself is told only when it
// is made.
type AccessToken struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Created is when the token was made, LastUsed when it was used last, and
	// Expires until when it is good; zero is never.
	Created  Timestamp `json:"created"`
	LastUsed Timestamp `json:"lastUsed"`
	Expires  Timestamp `json:"expires"`
	// Admin says that the token has the rights of an administrator.
	Admin bool `json:"admin"`
	// CreatedBy is the login of the user who made it.
	CreatedBy string `json:"createdBy"`
	// Role narrows the token down; nil if nothing does.
	Role *AccessTokenRole `json:"role"`
	Type AccessTokenType  `json:"type"`
}

// AccessTokenRole is a role to which a token is narrowed down.
type AccessTokenRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// DefaultIdentifier is the built-in role that it is: "stack-read".
	DefaultIdentifier string `json:"defaultIdentifier"`
}

// AccessTokenType is whom a token stands for.
type AccessTokenType string

// The types of tokens.
const (
	AccessTokenTypePersonal     AccessTokenType = "personal"
	AccessTokenTypeRefresh      AccessTokenType = "refresh"
	AccessTokenTypeOrganization AccessTokenType = "organization"
	AccessTokenTypeTeam         AccessTokenType = "team"
)

// AccessTokenFilter is which tokens a list holds.
type AccessTokenFilter string

// What a list of tokens may be narrowed down to.
const (
	AccessTokenFilterActive  AccessTokenFilter = "active"
	AccessTokenFilterExpired AccessTokenFilter = "expired"
	AccessTokenFilterAll     AccessTokenFilter = "all"
)

// AccessTokenListOptions choose among the tokens of a user, a team or an
// organization.
type AccessTokenListOptions struct {
	// Filter is which tokens to list; those that are good, if empty.
	Filter AccessTokenFilter `url:"filter,omitempty"`
	// PageSize is how many tokens an answer holds at most, up to 1,000; the
	// service's default, 100, if zero.
	PageSize int `url:"-"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *AccessTokenListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var tokenListEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/tokens"}

// List walks the access tokens of the token's user, over all pages. The
// sequence yields a nil token with the first error, and ends.
//
// Pulumi Cloud: GET /api/user/tokens
func (s *TokensService) List(ctx context.Context, opts *AccessTokenListOptions) iter.Seq2[*AccessToken, error] {
	return walk(ctx, opts, s.ListPage)
}

// ListPage returns one page of what [TokensService.List] walks: the first, or
// the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/user/tokens
func (s *TokensService) ListPage(ctx context.Context, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	return fetchAccessTokens(ctx, s.client, call{endpoint: tokenListEndpoint}, opts)
}

// fetchAccessTokens gets a page of tokens: of a user, a team or an organization.
func fetchAccessTokens(ctx context.Context, c *Client, r call, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	o := optionsOf(opts)
	type answer struct {
		Tokens            []AccessToken `json:"tokens"`
		ContinuationToken string        `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, c, r,
		paging{cursor: o.Cursor, size: o.PageSize, tokenName: "continuationToken", sizeName: "maxResults"}, o,
		func(a *answer) (*[]AccessToken, *string) { return &a.Tokens, &a.ContinuationToken })
}

// AccessTokenCreateRequest describes a new token.
type AccessTokenCreateRequest struct {
	// Description says what the token is for.
	Description string `json:"description" url:"-"`
	// Expires is until when the token is good, in whole seconds; for ever if
	// zero.
	Expires time.Time `json:"-" url:"-"`
	// Reason tells the service what the token was asked for by.
	Reason string `json:"-" url:"reason,omitempty"`
}

// CreatedAccessToken is a new token.
type CreatedAccessToken struct {
	ID string `json:"id"`
	// TokenValue is the token itself. The service tells it only this once.
	TokenValue Secret `json:"tokenValue"`
}

var tokenCreateEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/user/tokens"}

// Create makes an access token for the token's user and returns it.
//
// Pulumi Cloud: POST /api/user/tokens
func (s *TokensService) Create(ctx context.Context, req AccessTokenCreateRequest) (*CreatedAccessToken, error) {
	values, err := encodeQuery(req)
	if err != nil {
		return nil, err
	}
	// Both members are sent always.
	return fetchWithBody[CreatedAccessToken](ctx, s.client, call{endpoint: tokenCreateEndpoint, query: values}, "req", struct {
		AccessTokenCreateRequest
		Expires int64 `json:"expires"`
	}{req, unixOrZero(req.Expires)})
}

// unixOrZero returns a time in Unix seconds, and 0, which means never, for the
// zero time.
func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

var tokenDeleteEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/user/tokens/{tokenId}"}

// Delete deletes an access token of the token's user, by its ID. It is of no
// use from then on. An ID that does not exist is [ErrNotFound]. So is the ID of a
// token that an earlier attempt of the same call may have deleted: then the error is
// [ErrOutcomeUnknown] as well.
//
// Pulumi Cloud: DELETE /api/user/tokens/{tokenId}
func (s *TokensService) Delete(ctx context.Context, tokenID string) error {
	return execute(ctx, s.client, call{endpoint: tokenDeleteEndpoint, args: []pathArg{{"tokenID", tokenID}}})
}
