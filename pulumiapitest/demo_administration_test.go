package pulumiapitest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestDemo_Administration(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	defer srv.Close()
	assert.Len(t, getJSON[struct{ Invites []inviteOf }](t, srv, demoOrgPath+"/invites").Invites, 2)
	assert.Len(t, getJSON[ownedTokenList](t, srv, demoOrgPath+"/tokens").Tokens, 1)
	assert.Len(t, getJSON[ownedTokenList](t, srv, demoOrgPath+"/tokens?filter=all").Tokens, 2)
	assert.Len(t, getJSON[ownedTokenList](t, srv, demoOrgPath+"/teams/payments/tokens").Tokens, 1)
	assert.True(t, getJSON[struct{ Enabled bool }](t, srv, demoOrgPath+"/auditlogs/export/config").Enabled)
	team, found := srv.Team(pulumiapitest.DemoOrganization, "payments")
	assert.True(t, found)
	assert.Len(t, team.Environments, 2)
	assert.Equal(t, 40, getJSON[metadataOf](t, srv, demoOrgPath+"/metadata").StackCount)
}
