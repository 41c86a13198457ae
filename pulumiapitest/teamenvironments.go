package pulumiapitest

import (
	"slices"
	"time"
)

type wireTeamEnvironment struct {
	EnvName         string `json:"envName"`
	MaxOpenDuration string `json:"maxOpenDuration,omitempty"`
	Permission      string `json:"permission"`
	ProjectName     string `json:"projectName"`
}

type wireEnvironmentOfTeam struct {
	EnvName     string `json:"envName"`
	ProjectName string `json:"projectName"`
}

var environmentPermissions = []string{"none", "read", "open", "write", "admin"}

// environment returns the place of the team's access to an environment, or -1.
func (t *team) environment(project, environment string) int {
	return slices.IndexFunc(t.Environments, func(g TeamEnvironment) bool {
		return g.Project == project && g.Environment == environment
	})
}

func (w *wireTeamEnvironment) access() (TeamEnvironment, error) {
	if w.ProjectName == "" || w.EnvName == "" {
		return TeamEnvironment{}, badRequest("invalid request body: projectName and envName are required")
	}
	if !slices.Contains(environmentPermissions, w.Permission) {
		return TeamEnvironment{}, badRequest("Invalid environment permission: it must be one of %v", environmentPermissions)
	}
	if w.MaxOpenDuration != "" {
		if _, err := time.ParseDuration(w.MaxOpenDuration); err != nil {
			return TeamEnvironment{}, badRequest("Invalid maxOpenDuration '%s'", w.MaxOpenDuration)
		}
	}
	return TeamEnvironment{w.ProjectName, w.EnvName, w.Permission, w.MaxOpenDuration}, nil
}

func (change *teamChange) addEnvironment(req *wireUpdateTeamRequest) error {
	if req.AddEnvironmentPermission == nil {
		return nil
	}
	added, err := req.AddEnvironmentPermission.access()
	if err != nil {
		return err
	}
	t := change.team
	if t.environment(added.Project, added.Environment) >= 0 {
		return conflict("Team '%s' already has a permission for environment '%s/%s'", t.Name, added.Project, added.Environment)
	}
	t.Environments = append(t.Environments, added)
	change.did("Team Environment Permission Added", "Gave team %q permission %q for environment \"%s/%s\"", t.Name, added.Permission, added.Project, added.Environment)
	return nil
}

func (change *teamChange) editEnvironment(req *wireUpdateTeamRequest) error {
	if req.EditEnvironmentPermission == nil {
		return nil
	}
	edited, err := req.EditEnvironmentPermission.access()
	if err != nil {
		return err
	}
	t := change.team
	i := t.environment(edited.Project, edited.Environment)
	if i < 0 {
		return notFound("Team '%s' has no permission for environment '%s/%s'", t.Name, edited.Project, edited.Environment)
	}
	t.Environments[i] = edited
	change.did("Team Environment Permission Changed", "Changed permission of team %q for environment \"%s/%s\" to %q", t.Name, edited.Project, edited.Environment, edited.Permission)
	return nil
}

func (change *teamChange) removeEnvironment(req *wireUpdateTeamRequest) error {
	gone := req.RemoveEnvironment
	if gone == nil {
		return nil
	}
	t := change.team
	i := t.environment(gone.ProjectName, gone.EnvName)
	if i < 0 {
		return notFound("Team '%s' has no permission for environment '%s/%s'", t.Name, gone.ProjectName, gone.EnvName)
	}
	t.Environments = slices.Delete(t.Environments, i, i+1)
	change.did("Team Environment Permission Removed", "Took permission for environment \"%s/%s\" from team %q", gone.ProjectName, gone.EnvName, t.Name)
	return nil
}
