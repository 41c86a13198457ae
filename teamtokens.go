package pulumiapi

import (
	"context"
	"iter"
	"net/http"
	"time"
)

var teamListTokensEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens"}

// ListTokens walks the access tokens of a team, over all pages. The sequence yields
// a nil token with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) ListTokens(ctx context.Context, org, team string, opts *AccessTokenListOptions) iter.Seq2[*AccessToken, error] {
	return walk(ctx, opts, func(ctx context.Context, o *AccessTokenListOptions) (*Page[AccessToken], error) {
		return s.ListTokensPage(ctx, org, team, o)
	})
}

// ListTokensPage returns one page of what [TeamsService.ListTokens] walks: the
// first, or the one at the Cursor of opts.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) ListTokensPage(ctx context.Context, org, team string, opts *AccessTokenListOptions) (*Page[AccessToken], error) {
	return fetchAccessTokens(ctx, s.client, call{endpoint: teamListTokensEndpoint, args: orgArgs(org, pathArg{"team", team})}, opts)
}

// TeamTokenCreateRequest describes a new token of a team.
type TeamTokenCreateRequest struct {
	// Name names the token, in at most 40 characters. It must differ from the names
	// of all tokens that the organization and its teams ever had.
	Name string `json:"name" url:"-"`
	// Description says what the token is for.
	Description string `json:"description" url:"-"`
	// Expires is until when the token is good, in whole seconds, at most two years
	// from now; for ever if zero.
	Expires time.Time `json:"-" url:"-"`
	// Reason is why the token is made, for the audit log.
	Reason string `json:"-" url:"reason,omitempty"`
}

var teamCreateTokenEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens"}

// CreateToken makes an access token that may do with stacks what a team may, and
// returns it.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/teams/{teamName}/tokens
func (s *TeamsService) CreateToken(ctx context.Context, org, team string, req TeamTokenCreateRequest) (*CreatedAccessToken, error) {
	if err := checkNotEmpty("req.Name", req.Name); err != nil {
		return nil, err
	}
	values, err := encodeQuery(req)
	if err != nil {
		return nil, err
	}
	return fetchWithBody[CreatedAccessToken](ctx, s.client, call{
		endpoint: teamCreateTokenEndpoint, args: orgArgs(org, pathArg{"team", team}), query: values,
	}, "req", struct {
		TeamTokenCreateRequest
		Expires int64 `json:"expires"`
	}{req, unixOrZero(req.Expires)})
}

// TeamTokenDeleteOptions say more about the end of a token.
type TeamTokenDeleteOptions struct {
	// Reason is why the token is deleted, for the audit log.
	Reason string `url:"reason,omitempty"`
}

var teamDeleteTokenEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/teams/{teamName}/tokens/{tokenId}"}

// DeleteToken deletes an access token of a team, by its ID. It is of no use from
// then on. An ID that does not exist is [ErrNotFound], that of a token which is no
// team's an [*APIError] of status 400. The ID of a token that an earlier attempt of
// the same call may have deleted is [ErrNotFound], too: then the error is
// [ErrOutcomeUnknown] as well.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/teams/{teamName}/tokens/{tokenId}
func (s *TeamsService) DeleteToken(ctx context.Context, org, team, tokenID string, opts *TeamTokenDeleteOptions) error {
	values, err := encodeQuery(optionsOf(opts))
	if err != nil {
		return err
	}
	return execute(ctx, s.client, call{
		endpoint: teamDeleteTokenEndpoint, args: orgArgs(org, pathArg{"team", team}, pathArg{"tokenID", tokenID}), query: values,
	})
}
