package pulumiapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// A pool whose agents never started, with a time in milliseconds, as the service sends it.
func TestAgentPools_List_APoolWithoutAgents(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
	srv.Handle("GET /api/orgs/{orgName}/agent-pools", pulumiapitest.Respond(http.StatusOK, json.RawMessage(
		`{"agentPools":[{"id":"p1","created":1767225600000,"lastSeen":0,"status":"offline"}]}`)))
	pools, err := srv.Client().AgentPools.List(t.Context(), "acme")
	require.NoError(t, err)
	assert.Equal(t, "2026-01-01", pools.AgentPools[0].Created.Format("2006-01-02"))
	assert.True(t, pools.AgentPools[0].LastSeen.IsZero() && pools.DefaultAgentPoolID == "")
}
