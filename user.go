package pulumiapi

import (
	"context"
	"net/http"
)

// UserService is about the token's user: who it is, and what belongs to the
// account.
type UserService struct {
	client *Client
}

// User is the token's user, as only the user may see it. Others are a [UserInfo].
type User struct {
	ID string `json:"id"`
	// Name is the name to show.
	Name string `json:"name"`
	// GitHubLogin is the login, whether it is one of GitHub or not.
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	Email       string `json:"email"`
	// HasMFA says that a second factor is asked for.
	HasMFA bool `json:"hasMFA"`
	// Identities are the ways in which the user can sign in.
	Identities []IdentityProvider `json:"identities"`
	// Organizations are those of which the user is a member,
	// PotentialOrganizations those that the user could join.
	Organizations          []UserOrg `json:"organizations"`
	PotentialOrganizations []UserOrg `json:"potentialOrganizations"`
	// IsOrgManaged says that an organization manages the account, and
	// IsManagedByMultiOrg that several do.
	IsOrgManaged        bool `json:"isOrgManaged"`
	IsManagedByMultiOrg bool `json:"isManagedByMultiOrg"`
	// IsAgent says that nobody has claimed the account so far: a program has made
	// it.
	IsAgent bool `json:"isAgent"`
	// SiteAdmin and RegistryAdmin say that the user administers the installation, or
	// its registry.
	SiteAdmin     bool `json:"siteAdmin"`
	RegistryAdmin bool `json:"registryAdmin"`
	// TokenInfo is what the service tells of an organization's or a team's token;
	// nil if the token is a person's.
	TokenInfo *TokenInfo `json:"tokenInfo"`
}

// UserInfo is a user as others see them.
type UserInfo struct {
	// Name is the name to show.
	Name string `json:"name"`
	// GitHubLogin is the login, whether it is one of GitHub or not.
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	// Email is only filled in by a few operations.
	Email string `json:"email"`
}

// UserOrg is an organization, and what the user is in it.
type UserOrg struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	// Email is only filled in by a few operations.
	Email string  `json:"email"`
	Role  OrgRole `json:"role"`
}

// TokenInfo is whose a token is.
type TokenInfo struct {
	Name string `json:"name"`
	// Organization and Team are empty if the token is not bound to one.
	Organization string `json:"organization"`
	Team         string `json:"team"`
}

// IdentityProvider is where a user can sign in.
type IdentityProvider string

// The identity providers.
const (
	IdentityProviderPulumi      IdentityProvider = "Pulumi"
	IdentityProviderGitHub      IdentityProvider = "github.com"
	IdentityProviderGitLab      IdentityProvider = "gitlab.com"
	IdentityProviderBitbucket   IdentityProvider = "bitbucket.org"
	IdentityProviderGoogle      IdentityProvider = "google.com"
	IdentityProviderAzureDevOps IdentityProvider = "dev.azure.com"
	IdentityProviderSAML        IdentityProvider = "SAML"
)

var userGetEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user"}

// Get returns the token's user, and the organizations that the user is in. It is
// the cheapest way to see whether a token works: one that does not is
// [ErrUnauthorized].
//
// Pulumi Cloud: GET /api/user
func (s *UserService) Get(ctx context.Context) (*User, error) {
	return fetch[User](ctx, s.client, call{endpoint: userGetEndpoint})
}

// DefaultOrg is the organization that is meant where none is named.
type DefaultOrg struct {
	// GitHubLogin is the organization's name; empty if the user is in none.
	GitHubLogin string `json:"GitHubLogin"`
	// Messages are for the user.
	Messages []ServiceMessage `json:"Messages"`
}

var userGetDefaultOrgEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/organizations/default"}

// GetDefaultOrg returns the organization that the service takes if none is named.
//
// Pulumi Cloud: GET /api/user/organizations/default
func (s *UserService) GetDefaultOrg(ctx context.Context) (*DefaultOrg, error) {
	return fetch[DefaultOrg](ctx, s.client, call{endpoint: userGetDefaultOrgEndpoint})
}

// userUpdateDefaultOrgEndpoint is idempotent: it sets the default organization.
var userUpdateDefaultOrgEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/user/organizations/{orgName}/default", Idempotent: true}

// UpdateDefaultOrg chooses the organization that the service takes if none is
// named.
//
// Pulumi Cloud: POST /api/user/organizations/{orgName}/default
func (s *UserService) UpdateDefaultOrg(ctx context.Context, org string) error {
	return execute(ctx, s.client, call{endpoint: userUpdateDefaultOrgEndpoint, args: orgArgs(org)})
}

// OrgInvite is an invitation to join an organization.
type OrgInvite struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// Role is what the user will be in the organization; RoleID is the ID of a
	// custom role, if it is to be one.
	Role   OrgRole   `json:"role"`
	RoleID string    `json:"roleId"`
	SentBy UserInfo  `json:"sentBy"`
	SentAt Timestamp `json:"sentAt"`
	// Status is "pending", "accepted", "expired" or "canceled".
	Status string `json:"status"`
	// AcceptInviteURL is where a browser accepts the invitation. Whoever knows it can:
	// show it to those only who are invited.
	AcceptInviteURL string `json:"acceptInviteUrl"`
	// AcceptError is what went wrong when somebody last tried to; empty if nobody
	// did.
	AcceptError string `json:"acceptError"`
}

var userListInvitesEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/pending-invites"}

// ListInvites returns the invitations that wait for the user.
//
// Pulumi Cloud: GET /api/user/pending-invites
func (s *UserService) ListInvites(ctx context.Context) ([]OrgInvite, error) {
	answer, err := fetch[struct {
		Invites []OrgInvite `json:"invites"`
	}](ctx, s.client, call{endpoint: userListInvitesEndpoint})
	if err != nil {
		return nil, err
	}
	return answer.Invites, nil
}

// PendingEmail is an e-mail address that waits to be verified.
type PendingEmail struct {
	Email string `json:"email"`
}

var userGetPendingEmailEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/pending-emails"}

// GetPendingEmail returns the e-mail address that the user wants to have from now
// on, and has not verified. If there is none, it fails with a [*CallError] that is
// [ErrNotFound].
//
// Pulumi Cloud: GET /api/user/pending-emails
func (s *UserService) GetPendingEmail(ctx context.Context) (*PendingEmail, error) {
	return fetchPresent[PendingEmail](ctx, s.client, call{endpoint: userGetPendingEmailEndpoint}, "no e-mail address waits to be verified")
}

var userDeletePendingEmailEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/user/pending-emails"}

// DeletePendingEmail lets the user keep the old e-mail address. If the one that
// waits to be verified is the only one, that is an [*APIError] of status 400.
//
// Pulumi Cloud: DELETE /api/user/pending-emails
func (s *UserService) DeletePendingEmail(ctx context.Context) error {
	return execute(ctx, s.client, call{endpoint: userDeletePendingEmailEndpoint})
}

var userHasVerifiedEmailEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/verified-email"}

// HasVerifiedEmail reports whether the user's e-mail address is verified. The
// service says no by a 404, and then anything else that answers with a 404 says
// no, too.
//
// Pulumi Cloud: GET /api/user/verified-email
func (s *UserService) HasVerifiedEmail(ctx context.Context) (bool, error) {
	return fetchYesNo(ctx, s.client, call{endpoint: userHasVerifiedEmailEndpoint})
}

var userDeleteIdentityProviderEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/user/vcs"}

// DeleteIdentityProvider makes the user sign in elsewhere than there from now on,
// and returns the user. The only identity provider can't be removed: that is an
// [*APIError] of status 400.
//
// Pulumi Cloud: DELETE /api/user/vcs
func (s *UserService) DeleteIdentityProvider(ctx context.Context, identity IdentityProvider) (*User, error) {
	return s.changeIdentity(ctx, call{endpoint: userDeleteIdentityProviderEndpoint}, identity)
}

// userSyncIdentityProviderEndpoint is idempotent: it copies the present name and picture.
var userSyncIdentityProviderEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/user/vcs/sync", Idempotent: true}

// SyncIdentityProvider takes over the user's name and picture from an identity
// provider, and returns the user.
//
// Pulumi Cloud: POST /api/user/vcs/sync
func (s *UserService) SyncIdentityProvider(ctx context.Context, identity IdentityProvider) (*User, error) {
	return s.changeIdentity(ctx, call{endpoint: userSyncIdentityProviderEndpoint}, identity)
}

func (s *UserService) changeIdentity(ctx context.Context, r call, identity IdentityProvider) (*User, error) {
	if err := checkNotEmpty("identity", string(identity)); err != nil {
		return nil, err
	}
	var err error
	if r.query, err = encodeQuery(struct {
		Identity IdentityProvider `url:"identity"`
	}{identity}); err != nil {
		return nil, err
	}
	return fetch[User](ctx, s.client, r)
}

// VCSOrg is an organization at an identity provider.
type VCSOrg struct {
	Organization UserInfo         `json:"organization"`
	VCSKind      IdentityProvider `json:"vcsKind"`
	// KnownToPulumi says that there is an organization in Pulumi Cloud that it
	// stands behind.
	KnownToPulumi bool `json:"knownToPulumi"`
}

var userListVCSOrgsEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/vcs/organizations"}

// ListVCSOrgs returns the organizations at the user's identity providers that the
// service can see.
//
// Pulumi Cloud: GET /api/user/vcs/organizations
func (s *UserService) ListVCSOrgs(ctx context.Context) ([]VCSOrg, error) {
	answer, err := fetch[struct {
		Organizations []VCSOrg `json:"organizations"`
	}](ctx, s.client, call{endpoint: userListVCSOrgsEndpoint})
	if err != nil {
		return nil, err
	}
	return answer.Organizations, nil
}

// GitHubTeam is a team on GitHub.
type GitHubTeam struct {
	// ID is what [TeamCreateRequest] takes as GitHubTeamID.
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Slug        string `json:"slug"`
	Description string `json:"description"`
	// KnownToPulumi says that a team in Pulumi Cloud mirrors it.
	KnownToPulumi bool `json:"knownToPulumi"`
}

var userListGitHubTeamsEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/user/github/{ghOrgName}/teams"}

// ListGitHubTeams returns the teams of an organization on GitHub that the user can
// see there. A user who is not on GitHub is an [*APIError] of status 400.
//
// Pulumi Cloud: GET /api/user/github/{ghOrgName}/teams
func (s *UserService) ListGitHubTeams(ctx context.Context, githubOrg string) ([]GitHubTeam, error) {
	answer, err := fetch[struct {
		Teams []GitHubTeam `json:"teams"`
	}](ctx, s.client, call{endpoint: userListGitHubTeamsEndpoint, args: []pathArg{{"githubOrg", githubOrg}}})
	if err != nil {
		return nil, err
	}
	return answer.Teams, nil
}
