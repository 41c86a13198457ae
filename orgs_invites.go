package pulumiapi

import (
	"context"
	"net/http"
	"strconv"
)

var orgListInvitesEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/invites"}

// ListInvites returns the invitations to an organization that nobody has accepted
// yet. Each holds a seat of the subscription.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/invites
func (s *OrgsService) ListInvites(ctx context.Context, org string) ([]OrgInvite, error) {
	answer, err := fetch[struct {
		Invites []OrgInvite `json:"invites"`
	}](ctx, s.client, call{endpoint: orgListInvitesEndpoint, args: orgArgs(org)})
	if err != nil {
		return nil, err
	}
	return answer.Invites, nil
}

// OrgInviteCreateRequest describes an invitation that is sent by e-mail.
type OrgInviteCreateRequest struct {
	Email string `json:"email"`
	// Role is a built-in role: member, admin or billing manager.
	Role OrgRole `json:"role"`
	// RoleID is the ID of a role, built-in or custom, that goes before Role.
	RoleID *string `json:"roleId,omitzero"`
}

// checkInviteRole refuses the roles that nobody can be invited to, as the service
// gives them itself.
func checkInviteRole(name string, role OrgRole) error {
	switch role {
	case OrgRoleNone, OrgRolePotentialMember, OrgRoleStackCollaborator:
		return newArgumentError(name, string(role), "is a role that nobody can be invited to")
	case OrgRoleMember, OrgRoleAdmin, OrgRoleBillingManager:
	}
	return checkNotEmpty(name, string(role))
}

// OrgInviteResults is what has become of invitations.
type OrgInviteResults struct {
	SentInvites   []CreatedOrgInvite `json:"sentInvites"`
	FailedInvites []FailedOrgInvite  `json:"failedInvites"`
}

// CreatedOrgInvite is a new invitation.
type CreatedOrgInvite struct {
	ID string `json:"id"`
	// AcceptInviteURL is where a browser accepts the invitation. Whoever knows it can:
	// show it to those only who are invited.
	AcceptInviteURL string `json:"acceptInviteUrl"`
}

// FailedOrgInvite is an invitation that could not be sent.
type FailedOrgInvite struct {
	Email  string  `json:"email"`
	Role   OrgRole `json:"role"`
	RoleID string  `json:"roleId"`
}

var orgCreateInvitesEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/invites/batch"}

// CreateInvites invites people to an organization, by e-mail. Some of the
// invitations may fail, which is no error: the results say which. What is no address
// is an [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/invites/batch
func (s *OrgsService) CreateInvites(ctx context.Context, org string, invites []OrgInviteCreateRequest) (*OrgInviteResults, error) {
	return s.createInvites(ctx, orgCreateInvitesEndpoint, org, invites)
}

var orgCreateUnverifiedInvitesEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/invites/unverified/batch"}

// CreateUnverifiedInvites is [OrgsService.CreateInvites] for people who may have no
// Pulumi account yet, and have not verified their address.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/invites/unverified/batch
func (s *OrgsService) CreateUnverifiedInvites(ctx context.Context, org string, invites []OrgInviteCreateRequest) (*OrgInviteResults, error) {
	return s.createInvites(ctx, orgCreateUnverifiedInvitesEndpoint, org, invites)
}

func (s *OrgsService) createInvites(ctx context.Context, endpoint Endpoint, org string, invites []OrgInviteCreateRequest) (*OrgInviteResults, error) {
	if len(invites) == 0 {
		return nil, &ArgumentError{Name: "invites", Reason: "is empty"}
	}
	for i, invite := range invites {
		name := "invites[" + strconv.Itoa(i) + "]"
		if err := checkNotEmpty(name+".Email", invite.Email); err != nil {
			return nil, err
		}
		if err := checkInviteRole(name+".Role", invite.Role); err != nil {
			return nil, err
		}
	}
	return fetchWithBody[OrgInviteResults](ctx, s.client, call{endpoint: endpoint, args: orgArgs(org)}, "invites", struct {
		Invites []OrgInviteCreateRequest `json:"invites"`
	}{invites})
}

// OrgInviteLinkCreateRequest describes an invitation that is not sent to anybody.
type OrgInviteLinkCreateRequest struct {
	// Role is a built-in role: member, admin or billing manager.
	Role OrgRole `json:"role"`
	// RoleID is the ID of a role, built-in or custom, that goes before Role.
	RoleID *string `json:"roleId,omitzero"`
}

var orgCreateInviteLinkEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/invites/link"}

// CreateInviteLink makes an invitation to an organization that nobody is sent, and
// returns it. Whoever has a Pulumi account and knows its URL can accept it.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/invites/link
func (s *OrgsService) CreateInviteLink(ctx context.Context, org string, req OrgInviteLinkCreateRequest) (*CreatedOrgInvite, error) {
	if err := checkInviteRole("req.Role", req.Role); err != nil {
		return nil, err
	}
	return fetchWithBody[CreatedOrgInvite](ctx, s.client, call{endpoint: orgCreateInviteLinkEndpoint, args: orgArgs(org)}, "req", req)
}

var orgGetInviteEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/invites/{inviteID}"}

// GetInvite returns the organization that an invitation is to, which the token's user
// need not belong to. An invitation that was accepted or canceled is [ErrNotFound].
//
// Pulumi Cloud: GET /api/orgs/{orgName}/invites/{inviteID}
func (s *OrgsService) GetInvite(ctx context.Context, org, inviteID string) (*UserOrg, error) {
	return fetch[UserOrg](ctx, s.client, call{endpoint: orgGetInviteEndpoint, args: orgArgs(org, pathArg{"inviteID", inviteID})})
}

var orgAcceptInviteEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/invites/{inviteID}"}

// AcceptInvite makes the token's user a member of the organization that an
// invitation is to, whoever it was sent to. One that was accepted or canceled is
// [ErrConflict].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/invites/{inviteID}
func (s *OrgsService) AcceptInvite(ctx context.Context, org, inviteID string) error {
	return execute(ctx, s.client, call{endpoint: orgAcceptInviteEndpoint, args: orgArgs(org, pathArg{"inviteID", inviteID})})
}

var orgCancelInviteEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/invites/{inviteID}"}

// CancelInvite takes an invitation back, and frees its seat. One that does not exist
// is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/invites/{inviteID}
func (s *OrgsService) CancelInvite(ctx context.Context, org, inviteID string) error {
	return execute(ctx, s.client, call{endpoint: orgCancelInviteEndpoint, args: orgArgs(org, pathArg{"inviteID", inviteID})})
}

var orgResendInviteEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/invites/{inviteID}/resend"}

// ResendInvite sends the e-mail of an invitation once more, in the name of the
// token's user. One that was accepted or canceled is [ErrNotFound].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/invites/{inviteID}/resend
func (s *OrgsService) ResendInvite(ctx context.Context, org, inviteID string) error {
	return executeWithBody(ctx, s.client, call{
		endpoint: orgResendInviteEndpoint, args: orgArgs(org, pathArg{"inviteID", inviteID}),
	}, "inviteID", struct{}{})
}
