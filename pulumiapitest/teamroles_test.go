package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type roleOf struct {
	ID, Name, OrgID, UXPurpose, DefaultIdentifier string
	IsOrgDefault                                  bool
}

func coreRoles(t *testing.T, srv *pulumiapitest.Server) []roleOf {
	t.Helper()
	return getJSON[struct{ Roles []roleOf }](t, srv, corePath+"/roles").Roles
}

func TestServer_TeamRoles(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	assert.Empty(t, coreRoles(t, srv))
	a := do(t, srv, http.MethodPost, corePath+"/enable-team-roles", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	own := decode[roleOf](t, a)
	assert.Equal(t, getJSON[metadataOf](t, srv, orgPath+"/metadata").ID, own.OrgID)
	assert.Equal(t, []roleOf{own}, coreRoles(t, srv))
	assert.Equal(t, own.ID, core(t, srv).RoleID)
	requireAudit(t, srv, "Team Roles Enabled", `Enabled roles for team "core"`)
	requireError(t, srv, http.StatusBadRequest, "Role with this name already exists", http.MethodPost, corePath+"/enable-team-roles", "")

	other, err := srv.AddRole("acme", pulumiapitest.Role{Name: "Reader"})
	require.NoError(t, err)
	requireNoContent(t, srv, http.MethodPost, corePath+"/roles/"+other, "")
	requireAudit(t, srv, "Team Role Changed", `Gave team "core" the role "Reader"`)
	roles := coreRoles(t, srv)
	require.Len(t, roles, 1, "in the place of the first")
	assert.Equal(t, "Reader", roles[0].Name)
	assert.Equal(t, []string{other}, getJSON[struct{ RoleIDs []string }](t, srv, corePath).RoleIDs)

	requireError(t, srv, http.StatusNotFound, "Role 'none' not found", http.MethodPost, corePath+"/roles/none", "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, corePath+"/roles/"+own.ID, "")
	requireNoContent(t, srv, http.MethodDelete, corePath+"/roles/"+other, "")
	assert.Empty(t, coreRoles(t, srv))
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, corePath+"/roles/"+other, "")
	requireNoContent(t, srv, http.MethodPost, corePath+"/roles/"+own.ID, "")
	requireError(t, srv, http.StatusNotFound, "Team 'none' not found", http.MethodGet, teamsPath+"/none/roles", "")
}
