package pulumiapi

import "context"

// TeamMember is a member of a team.
type TeamMember struct {
	UserInfo

	// Role is the member's role in the team.
	Role TeamRole `json:"role"`
}

// TeamRole is a role in a team.
type TeamRole string

// The roles in a team.
const (
	TeamRoleNone   TeamRole = "none"
	TeamRoleMember TeamRole = "member"
	TeamRoleAdmin  TeamRole = "admin"
)

// AddMember adds a user to a team. One who is in it already is [ErrConflict].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) AddMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "add")
}

// RemoveMember removes a user from a team. One who is not in it is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) RemoveMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "remove")
}

// PromoteMember makes a member of a team one of its administrators. One who is not
// in the team is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) PromoteMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "promote")
}

// DemoteMember makes an administrator of a team an ordinary member again. One who
// is not in the team is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) DemoteMember(ctx context.Context, org, team, user string) error {
	return s.changeMember(ctx, org, team, user, "demote")
}

func (s *TeamsService) changeMember(ctx context.Context, org, team, user, action string) error {
	if err := checkNotEmpty("user", user); err != nil {
		return err
	}
	return s.update(ctx, orgArgs(org, pathArg{"team", team}), "user", teamUpdateRequest{MemberAction: action, Member: user})
}
