package main

import (
	"fmt"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// finding is something that a review should look at.
type finding struct {
	What  string
	Names []string
}

// findings are collected in the order in which they are to be shown.
type findings []finding

// add adds a finding, unless there are no names.
func (f *findings) add(what string, names []string) {
	if len(names) == 0 {
		return
	}
	for i := range names {
		names[i] = program.Printable(names[i])
	}
	*f = append(*f, finding{what, names})
}

// find returns what is worth a look.
func find(o *organization) []finding {
	var found findings
	if o.everybody > pulumiapi.StackPermissionNone {
		found.add("Every member may do something with every stack", []string{permissionName(o.everybody)})
	}
	found.add("Administrators, who can do everything", o.membersThat(isAdmin))
	found.add("Owners of stacks who are no members", o.strangers())
	found.add("Permitted to single persons, beside what they own", o.personalGrants())
	found.add("Stacks that only administrators and single persons reach", o.stacksWithoutTeam())
	found.add("Members in no team", o.membersOutsideTeams())
	found.add("Members who have no account at Pulumi", o.membersThat(func(m *pulumiapi.OrgMember) bool { return !m.KnownToPulumi }))
	found.add("Members with a custom role, which may permit more than is shown here", o.membersThat(hasCustomRole))
	found.add("Teams with roles, which may permit more than is shown here", o.teamsWithRoles())
	return found
}

func (o *organization) membersThat(are func(*pulumiapi.OrgMember) bool) []string {
	var names []string
	for i := range o.members {
		if m := &o.members[i]; are(m) {
			names = append(names, m.User.GitHubLogin)
		}
	}
	return names
}

func (o *organization) isMember(login string) bool {
	for i := range o.members {
		if o.members[i].User.GitHubLogin == login {
			return true
		}
	}
	return false
}

// strangers returns the stacks that belong to somebody who is no member.
func (o *organization) strangers() []string {
	var names []string
	for _, stack := range o.stacks {
		if owner := o.owners[stack.Identifier()].GitHubLogin; owner != "" && !o.isMember(owner) {
			names = append(names, fmt.Sprintf("%s (%s)", owner, stackName(&stack)))
		}
	}
	return names
}

func (o *organization) personalGrants() []string {
	var names []string
	for _, stack := range o.stacks {
		id := stack.Identifier()
		for i := range o.members {
			login := o.members[i].User.GitHubLogin
			if permission := o.personal[memberStack{login, id.Project, id.Stack}]; permission != pulumiapi.StackPermissionNone && o.owners[id].GitHubLogin != login {
				names = append(names, fmt.Sprintf("%s (%s: %s)", login, stackName(&stack), permissionName(permission)))
			}
		}
	}
	return names
}

func (o *organization) stacksWithoutTeam() []string {
	reached := map[string]bool{}
	for _, team := range o.teams {
		for _, stack := range team.Stacks {
			if stack.Permission != pulumiapi.StackPermissionNone {
				reached[stack.ProjectName+"/"+stack.StackName] = true
			}
		}
	}
	var names []string
	for _, stack := range o.stacks {
		if name := stackName(&stack); !reached[name] && o.everybody == pulumiapi.StackPermissionNone {
			names = append(names, name)
		}
	}
	return names
}

func (o *organization) membersOutsideTeams() []string {
	inTeam := map[string]bool{}
	for _, team := range o.teams {
		for _, member := range team.Members {
			inTeam[member.GitHubLogin] = true
		}
	}
	return o.membersThat(func(m *pulumiapi.OrgMember) bool { return !inTeam[m.User.GitHubLogin] })
}

func (o *organization) teamsWithRoles() []string {
	var names []string
	for _, team := range o.teams {
		if len(team.RoleIDs) > 0 {
			names = append(names, teamName(&team))
		}
	}
	return names
}

func stackName(s *pulumiapi.StackSummary) string { return s.ProjectName + "/" + s.StackName }
