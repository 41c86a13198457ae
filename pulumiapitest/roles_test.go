package pulumiapitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const rolesPath = "/api/orgs/acme/roles"

type roleList struct {
	Roles []struct{ ID, Name, UXPurpose, DefaultIdentifier string }
}

func (l roleList) names() []string {
	var names []string
	for _, r := range l.Roles {
		names = append(names, r.Name)
	}
	return names
}

func listRoles(t *testing.T, srv *pulumiapitest.Server, orgPath, purpose string) roleList {
	t.Helper()
	return getJSON[roleList](t, srv, orgPath+"/roles?uxPurpose="+purpose)
}

func TestServer_ListRoles(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	_, err := srv.AddRole("acme", pulumiapitest.Role{
		ID: "r1", Name: "Auditor", Description: "Reads", UXPurpose: "set", Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	})
	require.NoError(t, err)
	a := do(t, srv, http.MethodGet, rolesPath+"?uxPurpose=set", "")
	assert.Equal(t, http.StatusOK, a.status)
	orgID := getJSON[struct{ ID string }](t, srv, "/api/orgs/acme/metadata").ID
	assert.JSONEq(t, `{"roles": [{
		"id": "r1", "name": "Auditor", "description": "Reads", "uxPurpose": "set", "orgId": "`+orgID+`", "isOrgDefault": false, "version": 1,
		"created": "2026-01-02T03:04:05Z", "modified": "2026-01-02T03:04:05Z",
		"details": {"__type": "PermissionDescriptorGroup", "entries": []}
	}]}`, a.body)
	assert.JSONEq(t, `{"roles": []}`, do(t, srv, http.MethodGet, rolesPath+"?uxPurpose=policy", "").body)

	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "core"}))
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, teamsPath+"/core/enable-team-roles", "").status)
	list := listRoles(t, srv, "/api/orgs/acme", "role")
	assert.Equal(t, []string{"Member", "Admin", "Billing Manager", "core team role"}, list.names())
	for i, builtIn := range []string{"member", "admin", "billing-manager", ""} {
		assert.Equal(t, builtIn, list.Roles[i].DefaultIdentifier)
		assert.Equal(t, "role", list.Roles[i].UXPurpose)
	}
}

func TestServer_ListRoles_Errors(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	requireError(t, srv, http.StatusBadRequest, "Role purpose is not valid", http.MethodGet, rolesPath, "")
	requireError(t, srv, http.StatusBadRequest, "Role purpose is not valid", http.MethodGet, rolesPath+"?uxPurpose=team", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/roles?uxPurpose=role", "")
	_, err := srv.AddRole("acme", pulumiapitest.Role{Name: "Auditor", UXPurpose: "team"})
	require.ErrorContains(t, err, `no purpose "team"`)
}
