package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"time"
)

var orgListTokensEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/tokens"}

// ListTokens walks the access tokens of an organization, over all pages. The
// sequence yields a nil token with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/tokens
func (s *OrgsService) ListTokens(ctx context.Context, org string, opts *AccessTokenListOptions) iter.Seq2[*AccessToken, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AccessTokenListOptions) (*Page[AccessToken], error) {
		return s.ListTokensPage(ctx, org, o)
	})
}

// ListTokensPage returns one page of what [OrgsService.ListTokens] walks: the
// first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/tokens
func (s *OrgsService) ListTokensPage(ctx context.Context, org string, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	return fetchAccessTokens(ctx, s.client, call{endpoint: orgListTokensEndpoint, args: orgArgs(org)}, opts)
}

// OrgTokenCreateRequest describes a new token of an organization.
type OrgTokenCreateRequest struct {
	// Name names the token, in at most 40 characters. It must differ from the names
	// of all tokens that the organization and its teams ever had.
	Name string `json:"name" url:"-"`
	// Description says what the token is for.
	Description string `json:"description" url:"-"`
	// Expires is until when the token is good, in whole seconds, at most two years
	// from now; for ever if zero.
	Expires time.Time `json:"-" url:"-"`
	// Admin gives the token the rights of an administrator.
	Admin bool `json:"admin" url:"-"`
	// RoleID is the ID of a role that narrows the token down.
	RoleID *string `json:"roleID,omitzero" url:"-"`
	// Reason is why the token is made, for the audit log.
	Reason string `json:"-" url:"reason,omitempty"`
}

var orgCreateTokenEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/tokens"}

// CreateToken makes an access token that belongs to an organization, whoever leaves
// it, and returns it.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/tokens
func (s *OrgsService) CreateToken(ctx context.Context, org string, req OrgTokenCreateRequest) (*CreatedAccessToken, error) {
	if err := checkNotEmpty("req.Name", req.Name); err != nil {
		return nil, err
	}
	values, err := encodeQuery(req)
	if err != nil {
		return nil, err
	}
	return fetchWithBody[CreatedAccessToken](ctx, s.client, call{endpoint: orgCreateTokenEndpoint, args: orgArgs(org), query: values}, "req", struct {
		OrgTokenCreateRequest
		Expires int64 `json:"expires"`
	}{req, unixOrZero(req.Expires)})
}

var orgDeleteTokenEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/tokens/{tokenId}"}

// DeleteToken deletes an access token of an organization, by its ID. It is of no
// use from then on. An ID that does not exist is [ErrNotFound]. So is the ID of a
// token that an earlier attempt of the same call may have deleted: then the error is
// [ErrOutcomeUnknown] as well.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/tokens/{tokenId}
func (s *OrgsService) DeleteToken(ctx context.Context, org, tokenID string) error {
	return execute(ctx, s.client, call{endpoint: orgDeleteTokenEndpoint, args: orgArgs(org, pathArg{"tokenID", tokenID})})
}
