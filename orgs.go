package pulumiapi

import (
	"context"
	"iter"
	"net/http"
)

// OrgsService manages organizations and who belongs to them.
type OrgsService struct {
	client *Client
}

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

// FGARole is a role for fine-grained access, built-in or custom.
type FGARole struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	ModifiedAt Timestamp `json:"modifiedAt"`
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

var orgListMembersEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/members"}

// ListMembers walks the members of an organization, over all pages. The
// sequence yields a nil member with the first error, and ends.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/members
func (s *OrgsService) ListMembers(ctx context.Context, org string, opts *OrgMemberListOptions) iter.Seq2[*OrgMember, error] {
	return walk(ctx, opts, func(o *OrgMemberListOptions) walkOptions {
		return walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch}
	}, func(ctx context.Context, o *OrgMemberListOptions) (*Page[OrgMember], error) {
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
		func(a *answer) (*[]OrgMember, string) { return &a.Members, a.ContinuationToken })
}

// orgArgs is the placeholder of an organization, and what comes after it.
func orgArgs(org string, more ...pathArg) []pathArg {
	return append([]pathArg{{"org", org}}, more...)
}

var orgAddMemberEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/members/{userLogin}"}

// AddMember makes a user who has a Pulumi account a member of an organization.
// role is one of the built-in ones. A user whom the service doesn't know is [ErrNotFound], one who
// is a member already [ErrConflict].
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

var orgUpdateMemberEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/members/{userLogin}"}

// UpdateMember changes the role of a member of an organization.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/members/{userLogin}
func (s *OrgsService) UpdateMember(ctx context.Context, org, user string, req OrgMemberUpdateRequest) error {
	if req == (OrgMemberUpdateRequest{}) {
		return &ArgumentError{Name: "req", Reason: "changes nothing: set Role or FGARoleID"}
	}
	return executeWithBody(ctx, s.client, call{endpoint: orgUpdateMemberEndpoint, args: orgArgs(org, pathArg{"user", user})}, "req", req)
}
