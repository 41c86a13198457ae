package pulumiapi

import (
	"context"
	"net/http"
)

type teamStackPermissionRequest struct {
	ProjectName string          `json:"projectName"`
	StackName   string          `json:"stackName"`
	Permission  StackPermission `json:"permission"`
}

type teamStackRequest struct {
	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
}

// GrantStackAccess lets the members of a team, which belongs to the stack's
// organization, do something with a stack. It does not change what was granted
// before: [TeamsService.UpdateStackAccess] and [TeamsService.SetStackAccess] do.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) GrantStackAccess(ctx context.Context, team string, id StackIdentifier, permission StackPermission) error {
	args, err := teamStackArgs(team, id)
	if err != nil {
		return err
	}
	return s.update(ctx, args, "id", teamUpdateRequest{AddStackPermission: &teamStackPermissionRequest{
		ProjectName: id.Project, StackName: id.Stack, Permission: permission,
	}})
}

// UpdateStackAccess changes what [TeamsService.GrantStackAccess] has granted.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) UpdateStackAccess(ctx context.Context, team string, id StackIdentifier, permission StackPermission) error {
	args, err := teamStackArgs(team, id)
	if err != nil {
		return err
	}
	return s.set(ctx, args, "id", teamUpdateRequest{EditStackPermission: &teamStackPermissionRequest{
		ProjectName: id.Project, StackName: id.Stack, Permission: permission,
	}})
}

// RemoveStackAccess takes back what [TeamsService.GrantStackAccess] has granted.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) RemoveStackAccess(ctx context.Context, team string, id StackIdentifier) error {
	args, err := teamStackArgs(team, id)
	if err != nil {
		return err
	}
	return s.update(ctx, args, "id", teamUpdateRequest{RemoveStack: &teamStackRequest{
		ProjectName: id.Project, StackName: id.Stack,
	}})
}

// teamSetStackAccessEndpoint is idempotent: it sets the permission, whatever it was.
var teamSetStackAccessEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/console/stacks/{orgName}/{projectName}/{stackName}/teams/{teamName}", Idempotent: true,
}

// SetStackAccess lets the members of a team, which belongs to the stack's
// organization, do something with a stack, whatever they might do before. A team
// or a stack that does not exist is [ErrNotFound].
//
// Pulumi Cloud: PATCH /api/console/stacks/{orgName}/{projectName}/{stackName}/teams/{teamName}
func (s *TeamsService) SetStackAccess(ctx context.Context, team string, id StackIdentifier, permission StackPermission) error {
	return executeWithBody(ctx, s.client, call{
		endpoint: teamSetStackAccessEndpoint,
		args:     append(id.pathArgs(), pathArg{"team", team}),
	}, "permission", struct {
		Permissions StackPermission `json:"permissions"`
	}{permission})
}

// teamStackArgs returns the placeholders for a team of the stack's organization.
// The stack itself goes into the body.
func teamStackArgs(team string, id StackIdentifier) ([]pathArg, error) {
	if err := checkNotEmpty("id.Project", id.Project); err != nil {
		return nil, err
	}
	if err := checkNotEmpty("id.Stack", id.Stack); err != nil {
		return nil, err
	}
	return []pathArg{{"id.Org", id.Org}, {"team", team}}, nil
}

// teamEnvironmentSettings is what a team is to be permitted to do with an
// environment.
type teamEnvironmentSettings struct {
	teamEnvironmentRequest
	TeamEnvironmentAccessRequest
}

type teamEnvironmentRequest struct {
	ProjectName string `json:"projectName"`
	EnvName     string `json:"envName"`
}

// TeamEnvironmentAccessRequest is what a team is to be permitted to do with a
// Pulumi ESC environment.
type TeamEnvironmentAccessRequest struct {
	Permission EnvironmentPermission `json:"permission"`
	// MaxOpenDuration is how long it may stay open: "1h30m". There is no limit if it
	// is nil.
	MaxOpenDuration *string `json:"maxOpenDuration,omitzero"`
}

// GrantEnvironmentAccess lets the members of a team, which belongs to the
// environment's organization, do something with an environment. It does not change
// what was granted before: [TeamsService.UpdateEnvironmentAccess] does.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) GrantEnvironmentAccess(ctx context.Context, team string, id EnvironmentIdentifier, req TeamEnvironmentAccessRequest) error {
	args, settings, err := teamEnvironmentArgs(team, id, req)
	if err != nil {
		return err
	}
	return s.update(ctx, args, "id, req", teamUpdateRequest{AddEnvironmentPermission: settings})
}

// UpdateEnvironmentAccess changes what [TeamsService.GrantEnvironmentAccess] has
// granted.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) UpdateEnvironmentAccess(ctx context.Context, team string, id EnvironmentIdentifier, req TeamEnvironmentAccessRequest) error {
	args, settings, err := teamEnvironmentArgs(team, id, req)
	if err != nil {
		return err
	}
	return s.set(ctx, args, "id, req", teamUpdateRequest{EditEnvironmentPermission: settings})
}

// RemoveEnvironmentAccess takes back what [TeamsService.GrantEnvironmentAccess] has
// granted.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/teams/{teamName}
func (s *TeamsService) RemoveEnvironmentAccess(ctx context.Context, team string, id EnvironmentIdentifier) error {
	if err := checkEnvironment(id); err != nil {
		return err
	}
	return s.update(ctx, []pathArg{{"id.Org", id.Org}, {"team", team}}, "id", teamUpdateRequest{
		RemoveEnvironment: &teamEnvironmentRequest{ProjectName: id.Project, EnvName: id.Environment},
	})
}

// teamEnvironmentArgs returns the placeholders for a team of the environment's
// organization, and what goes into the body.
func teamEnvironmentArgs(team string, id EnvironmentIdentifier, req TeamEnvironmentAccessRequest) ([]pathArg, *teamEnvironmentSettings, error) {
	if err := checkEnvironment(id); err != nil {
		return nil, nil, err
	}
	if err := checkNotEmpty("req.Permission", string(req.Permission)); err != nil {
		return nil, nil, err
	}
	return []pathArg{{"id.Org", id.Org}, {"team", team}}, &teamEnvironmentSettings{
		teamEnvironmentRequest:       teamEnvironmentRequest{ProjectName: id.Project, EnvName: id.Environment},
		TeamEnvironmentAccessRequest: req,
	}, nil
}

// teamSetInsightsAccountAccessEndpoint is idempotent: it sets the permission, whatever it
// was, or removes it. A request for the present permission has no effect.
var teamSetInsightsAccountAccessEndpoint = Endpoint{
	Method: http.MethodPatch, Template: "/api/preview/insights/{orgName}/accounts/{accountName}/teams/{teamName}", Idempotent: true,
}

// SetInsightsAccountAccess lets the members of a team do this with an Insights
// account and its children, whatever they were permitted before. For a child, whose
// permissions are its parent's, it is [ErrForbidden].
//
// Pulumi Cloud: PATCH /api/preview/insights/{orgName}/accounts/{accountName}/teams/{teamName}
func (s *TeamsService) SetInsightsAccountAccess(ctx context.Context, org, team, account string, permission AccountPermission) error {
	return s.setInsightsAccountAccess(ctx, org, team, account, &permission)
}

// RemoveInsightsAccountAccess takes back what [TeamsService.SetInsightsAccountAccess]
// has granted.
//
// Pulumi Cloud: PATCH /api/preview/insights/{orgName}/accounts/{accountName}/teams/{teamName}
func (s *TeamsService) RemoveInsightsAccountAccess(ctx context.Context, org, team, account string) error {
	return s.setInsightsAccountAccess(ctx, org, team, account, nil)
}

func (s *TeamsService) setInsightsAccountAccess(ctx context.Context, org, team, account string, permission *AccountPermission) error {
	return executeWithBody(ctx, s.client, call{
		endpoint: teamSetInsightsAccountAccessEndpoint,
		args:     accountArgs(org, account, pathArg{"team", team}),
	}, "permission", struct {
		Permissions *AccountPermission `json:"permissions,omitzero"`
	}{permission})
}
