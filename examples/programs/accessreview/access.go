package main

import (
	"cmp"
	"fmt"

	"github.com/pulumiapi/pulumiapi"
)

// access is what a member may do with a stack, and why.
type access struct {
	permission pulumiapi.StackPermission
	reasons    []string
	personal   bool // it was permitted to that person, who is not the creator
}

// grant adds a permission. The highest of all counts.
func (a *access) grant(permission pulumiapi.StackPermission, reason string) {
	if permission == pulumiapi.StackPermissionNone {
		return
	}
	a.permission = max(a.permission, permission)
	a.reasons = append(a.reasons, fmt.Sprintf("%s: %s", reason, permissionName(permission)))
}

// accessTable knows the access of all members to all stacks.
type accessTable struct {
	organization *organization
	teams        map[memberStack][]teamGrant
}

// teamGrant is what a team's members may do with a stack.
type teamGrant struct {
	team       string
	permission pulumiapi.StackPermission
}

func newAccessTable(o *organization) *accessTable {
	table := &accessTable{organization: o, teams: map[memberStack][]teamGrant{}}
	for _, team := range o.teams {
		for _, stack := range team.Stacks {
			for _, member := range team.Members {
				key := memberStack{member.GitHubLogin, stack.ProjectName, stack.StackName}
				table.teams[key] = append(table.teams[key], teamGrant{teamName(&team), stack.Permission})
			}
		}
	}
	return table
}

// of returns what a member may do with a stack.
func (t *accessTable) of(member *pulumiapi.OrgMember, id pulumiapi.StackIdentifier) access {
	var a access
	key := memberStack{member.User.GitHubLogin, id.Project, id.Stack}
	if isAdmin(member) {
		a.grant(pulumiapi.StackPermissionAdmin, "administrator of the organization")
	}
	a.grant(t.organization.everybody, "every member")
	for _, grant := range t.teams[key] {
		a.grant(grant.permission, "team "+grant.team)
	}
	if permission := t.organization.personal[key]; permission != pulumiapi.StackPermissionNone {
		a.personal = permission != pulumiapi.StackPermissionCreator
		a.grant(permission, "in person")
	}
	return a
}

// builtInRole returns the role of a member as far as it is a built-in one.
func builtInRole(m *pulumiapi.OrgMember) pulumiapi.OrgRole {
	return m.Role //nolint:staticcheck // what is said in its place has no more than a name of the role
}

// isAdmin reports whether a member administers the organization, and so every stack.
func isAdmin(m *pulumiapi.OrgMember) bool { return builtInRole(m) == pulumiapi.OrgRoleAdmin }

// roleNames are the names of the roles that every organization has.
var roleNames = map[pulumiapi.OrgRole]string{
	pulumiapi.OrgRoleMember:         "Member",
	pulumiapi.OrgRoleAdmin:          "Admin",
	pulumiapi.OrgRoleBillingManager: "Billing Manager",
}

// hasCustomRole reports whether a member's role is one of the organization's own,
// which may permit what nothing else here tells of.
func hasCustomRole(m *pulumiapi.OrgMember) bool {
	return m.FGARole != nil && m.FGARole.Name != roleNames[builtInRole(m)]
}

// roleName returns the name of a member's role.
func roleName(m *pulumiapi.OrgMember) string {
	if m.FGARole != nil {
		return m.FGARole.Name
	}
	return string(builtInRole(m))
}

func teamName(t *pulumiapi.Team) string { return cmp.Or(t.DisplayName, t.Name) }

// permissionName returns a permission in a word.
func permissionName(p pulumiapi.StackPermission) string {
	switch p {
	case pulumiapi.StackPermissionNone:
		return "none"
	case pulumiapi.StackPermissionRead:
		return "read"
	case pulumiapi.StackPermissionEdit:
		return "write"
	case pulumiapi.StackPermissionAdmin:
		return "admin"
	case pulumiapi.StackPermissionCreator:
		return "creator"
	}
	return fmt.Sprint("permission ", int(p))
}
