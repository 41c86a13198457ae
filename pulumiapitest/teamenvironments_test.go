package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_UpdateTeam_Environments(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	grant := func(verb, permission, more string) string {
		return `{"` + verb + `EnvironmentPermission":{"projectName":"web","envName":"prod","permission":"` + permission + `"` + more + `}}`
	}
	const remove = `{"removeEnvironment":{"projectName":"web","envName":"prod"}}`
	requireError(t, srv, http.StatusNotFound, "has no permission", http.MethodPatch, corePath, grant("edit", "read", ""))
	requireError(t, srv, http.StatusNotFound, "has no permission", http.MethodPatch, corePath, remove)

	requireNoContent(t, srv, http.MethodPatch, corePath, grant("add", "open", `,"maxOpenDuration":"1h30m"`))
	requireAudit(t, srv, "Team Environment Permission Added", `Gave team "core" permission "open" for environment "web/prod"`)
	assert.Equal(t, []pulumiapitest.TeamEnvironment{{Project: "web", Environment: "prod", Permission: "open", MaxOpenDuration: "1h30m"}}, core(t, srv).Environments)
	requireError(t, srv, http.StatusConflict, "already has a permission", http.MethodPatch, corePath, grant("add", "read", ""))
	requireNoContent(t, srv, http.MethodPatch, corePath, grant("edit", "admin", ""))
	requireAudit(t, srv, "Team Environment Permission Changed", `Changed permission of team "core" for environment "web/prod" to "admin"`)
	assert.Equal(t, []pulumiapitest.TeamEnvironment{{Project: "web", Environment: "prod", Permission: "admin"}}, core(t, srv).Environments)

	for body, message := range map[string]string{
		grant("edit", "own", ""):                                                 "Invalid environment permission",
		grant("edit", "open", `,"maxOpenDuration":"1 h"`):                        "Invalid maxOpenDuration",
		`{"addEnvironmentPermission":{"envName":"prod","permission":"read"}}`:    "are required",
		`{"addEnvironmentPermission":{"projectName":"web","permission":"read"}}`: "are required",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPatch, corePath, body)
	}
	requireError(t, srv, http.StatusNotFound, "has no permission", http.MethodPatch, corePath,
		`{"editEnvironmentPermission":{"projectName":"web","envName":"prod","permission":"read"},"removeEnvironment":{"projectName":"web","envName":"none"}}`)
	assert.Equal(t, "admin", core(t, srv).Environments[0].Permission, "all or nothing")
	requireNoContent(t, srv, http.MethodPatch, corePath, remove)
	requireAudit(t, srv, "Team Environment Permission Removed", `Took permission for environment "web/prod" from team "core"`)
	assert.Empty(t, core(t, srv).Environments)
}
