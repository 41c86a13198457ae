package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

// OrgMember is a member of an organization.
type OrgMember struct {
	// Role is the member's built-in role.
	//
	// Deprecated: FGARole says it for custom roles, too.
	Role OrgRole  `json:"role"`
	User UserInfo `json:"user"`
	// Created is when the user joined.
	Created Timestamp `json:"created"`
	// KnownToPulumi says that the user has a Pulumi account.
	KnownToPulumi bool `json:"knownToPulumi"`
	// VirtualAdmin says that the member is an administrator here but not at the
	// identity provider behind the organization.
	VirtualAdmin bool `json:"virtualAdmin"`
	// Links lead to the member elsewhere.
	Links OrgMemberLinks `json:"links"`
	// FGARole is the member's role, built-in or custom; nil if the service
	// doesn't tell it.
	FGARole *FGARole `json:"fgaRole"`
	// Teams are the names of the member's teams.
	//
	// Deprecated: the service does not fill it in any more.
	Teams []string `json:"teams"`
}

// OrgMemberLinks are links to a member.
type OrgMemberLinks struct {
	// Self is the member's page in the Pulumi Cloud console.
	Self string `json:"self"`
}

// OrgRole is a built-in role in an organization.
type OrgRole string

// The built-in roles. A member can be given the roles member, admin and billing
// manager; the others are the service's to give.
const (
	OrgRoleNone              OrgRole = "none"
	OrgRoleMember            OrgRole = "member"
	OrgRoleAdmin             OrgRole = "admin"
	OrgRoleBillingManager    OrgRole = "billing-manager"
	OrgRolePotentialMember   OrgRole = "potential-member"
	OrgRoleStackCollaborator OrgRole = "stack-collaborator"
)

// OrgMemberSource is where a list of members comes from.
type OrgMemberSource string

// The sources of members.
const (
	// OrgMemberSourceBackend is what stands behind the organization: GitHub,
	// GitLab, an identity provider. The list may hold the organization itself.
	OrgMemberSourceBackend OrgMemberSource = "backend"
	// OrgMemberSourceFrontend is the service's own database, of which the first
	// 50 members come.
	OrgMemberSourceFrontend OrgMemberSource = "frontend"
)

// OrgMemberListOptions choose among an organization's members.
type OrgMemberListOptions struct {
	// Type is the source of the list: [OrgMemberSourceBackend] if empty.
	Type OrgMemberSource `url:"type"`
	// Cursor is where to begin: a [Page.Next] of this list.
	Cursor Cursor `url:"-"`
	// NoPrefetch fetches a page only when the loop gets there, never ahead.
	NoPrefetch bool `url:"-"`
}

func (o *OrgMemberListOptions) walkOptions() walkOptions {
	return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
}

var orgListMembersEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/members"}

// ListMembers walks the members of an organization, over all pages. The
// sequence yields a nil member with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/members
func (s *OrgsService) ListMembers(ctx context.Context, org string, opts *OrgMemberListOptions) iter.Seq2[*OrgMember, error] {
	return walk(ctx, opts, func(ctx context.Context, o *OrgMemberListOptions) (*Page[OrgMember], error) {
		return s.ListMembersPage(ctx, org, o)
	})
}

// ListMembersPage returns one page of what [OrgsService.ListMembers] walks: the
// first, or the one at the Cursor of opts. The service chooses the page size.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/members
func (s *OrgsService) ListMembersPage(ctx context.Context, org string, opts *OrgMemberListOptions) (*Page[OrgMember], error) {
	o := optionsOf(opts)
	if o.Type == "" {
		o.Type = OrgMemberSourceBackend
	}
	type answer struct {
		Members           []OrgMember `json:"members"`
		ContinuationToken string      `json:"continuationToken"`
	}
	return fetchTokenPage(ctx, s.client, call{endpoint: orgListMembersEndpoint, args: orgArgs(org)},
		paging{cursor: o.Cursor, tokenName: "continuationToken"}, o,
		func(a *answer) (*[]OrgMember, *string) { return &a.Members, &a.ContinuationToken })
}

var orgAddMemberEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/members/{userLogin}"}

// AddMember makes a user who has a Pulumi account a member of an organization.
// role is one of the built-in ones. A user whom the service doesn't know is
// [ErrNotFound], one who is a member already [ErrConflict].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/members/{userLogin}
func (s *OrgsService) AddMember(ctx context.Context, org, user string, role OrgRole) error {
	if err := checkNotEmpty("role", string(role)); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client, call{endpoint: orgAddMemberEndpoint, args: orgArgs(org, pathArg{"user", user})},
		"role", struct {
			Role OrgRole `json:"role"`
		}{role})
}

var orgRemoveMemberEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/members/{userLogin}"}

// RemoveMember removes a user from an organization and from its teams. One who is
// no member is [ErrNotFound]. The token's own user can't be removed: that is an
// [*APIError] of status 400.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/members/{userLogin}
func (s *OrgsService) RemoveMember(ctx context.Context, org, user string) error {
	return execute(ctx, s.client, call{endpoint: orgRemoveMemberEndpoint, args: orgArgs(org, pathArg{"user", user})})
}

// OrgMemberUpdateRequest changes a member's role. If both fields are set, the
// service takes FGARoleID.
type OrgMemberUpdateRequest struct {
	// Role is a built-in role.
	Role *OrgRole `json:"role,omitzero"`
	// FGARoleID is the ID of a role, built-in or custom.
	FGARoleID *string `json:"fgaRoleId,omitzero"`
}

// orgUpdateMemberEndpoint is idempotent: it sets the role.
var orgUpdateMemberEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/members/{userLogin}", Idempotent: true}

// UpdateMember changes the role of a member of an organization.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/members/{userLogin}
func (s *OrgsService) UpdateMember(ctx context.Context, org, user string, req OrgMemberUpdateRequest) error {
	if req == (OrgMemberUpdateRequest{}) {
		return &ArgumentError{Name: "req", Reason: "changes nothing: set Role or FGARoleID"}
	}
	return executeWithBody(ctx, s.client, call{endpoint: orgUpdateMemberEndpoint, args: orgArgs(org, pathArg{"user", user})}, "req", req)
}

var orgListMemberTeamsEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/members/{user}/teams"}

// ListMemberTeams returns the names of the teams that a member of an organization is
// in, as they are shown.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/members/{user}/teams
func (s *OrgsService) ListMemberTeams(ctx context.Context, org, user string) ([]string, error) {
	answer, err := fetch[struct {
		Teams []string `json:"teams"`
	}](ctx, s.client, call{endpoint: orgListMemberTeamsEndpoint, args: orgArgs(org, pathArg{"user", user})})
	if err != nil {
		return nil, err
	}
	return answer.Teams, nil
}

var orgSetSoleAdminEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/members/{userLogin}/set-admin"}

// SetSoleAdmin makes a member the administrator of an organization whose
// subscription allows one only, in the place of the token's user, who becomes an
// ordinary member. With another subscription it is an [*APIError] of status 400:
// [OrgsService.UpdateMember] does it there. A user whom the service doesn't know is
// [ErrNotFound].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/members/{userLogin}/set-admin
func (s *OrgsService) SetSoleAdmin(ctx context.Context, org, user string) error {
	return execute(ctx, s.client, call{endpoint: orgSetSoleAdminEndpoint, args: orgArgs(org, pathArg{"user", user})})
}

// OrgMemberStackAccess is what a member of an organization may do with a stack, and
// why.
type OrgMemberStackAccess struct {
	UserInfo         UserInfo `json:"userInfo"`
	OrganizationRole OrgRole  `json:"organizationRole"`
	// OrganizationDefault is what every member may do.
	OrganizationDefault StackPermission `json:"organizationDefault"`
	// ExplicitPermission is what was permitted to the member alone.
	ExplicitPermission StackPermission `json:"explicitPermission"`
	// TeamPermissions are what was permitted to teams of the member's.
	TeamPermissions []TeamPermission `json:"teamPermissions"`
}

// TeamPermission is what a team may do with a stack.
type TeamPermission struct {
	Team       Team            `json:"team"`
	Permission StackPermission `json:"permission"`
}

var orgGetMemberStackAccessEndpoint = Endpoint{
	Method: http.MethodGet, Template: "/api/console/orgs/{orgName}/members/{userLogin}/stacks/{projectName}/{stackName}",
}

// GetMemberStackAccess returns what a member of the stack's organization may do with
// a stack, and why. A user whom the service doesn't know is [ErrNotFound].
//
// Pulumi Cloud: GET /api/console/orgs/{orgName}/members/{userLogin}/stacks/{projectName}/{stackName}
func (s *OrgsService) GetMemberStackAccess(ctx context.Context, user string, id StackIdentifier) (*OrgMemberStackAccess, error) {
	return fetch[OrgMemberStackAccess](ctx, s.client, call{
		endpoint: orgGetMemberStackAccessEndpoint,
		args:     []pathArg{{"id.Org", id.Org}, {"user", user}, {"id.Project", id.Project}, {"id.Stack", id.Stack}},
	})
}
