package pulumiapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

const trialPath = "/api/preview/insights/acme/insightstrial"

type trialOf struct {
	DHRUM, InsightsScans struct {
		TotalConsumed  int
		Consumed       map[string]int
		UnitRateSchema string
	}
}

func TestServer_TrialSummary_CountsWhatThereIs(t *testing.T) {
	t.Parallel()
	srv := newAccountServer(t)
	summary := getJSON[trialOf](t, srv, trialPath+"/summary")
	assert.Zero(t, summary.DHRUM.TotalConsumed)
	assert.Zero(t, summary.InsightsScans.TotalConsumed)
	upsertBucket(t, srv, `{"n":1}`)
	upsertBucket(t, srv, `{"n":2}`)
	startScan(t, srv)
	summary = getJSON[trialOf](t, srv, trialPath+"/summary")
	assert.Equal(t, 2, summary.DHRUM.TotalConsumed, "versions of one resource are one")
	assert.Equal(t, map[string]int{"total": 2}, summary.DHRUM.Consumed)
	assert.Equal(t, 1, summary.InsightsScans.TotalConsumed)
	assert.Equal(t, "graduated-v2", summary.InsightsScans.UnitRateSchema)
}

// A trial ends once, in one way or the other.
func TestServer_Trial_Ends(t *testing.T) {
	t.Parallel()
	for how, c := range map[string]struct {
		event, description string
		accounts           []string // that are left
	}{
		"accept": {"Insights Billing Accepted", "Accepted to pay for Insights", []string{odd, child}},
		"deny":   {"Insights Trial Terminated", "Ended the trial of Insights", nil},
	} {
		srv := newAccountServer(t)
		requireNoContent(t, srv, http.MethodPut, trialPath+"/"+how, "")
		requireAudit(t, srv, c.event, c.description)
		assert.Equal(t, c.accounts, getJSON[accountList](t, srv, accountsPath).names(), how)
		for _, again := range []string{"accept", "deny"} {
			requireError(t, srv, http.StatusBadRequest, "has ended", http.MethodPut, trialPath+"/"+again, "")
		}
		assert.Equal(t, c.accounts, getJSON[accountList](t, srv, accountsPath).names(), how)
	}
}

func TestServer_Trial_OfNoOrganization(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const none = "/api/preview/insights/none/insightstrial"
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, none+"/summary", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPut, none+"/accept", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPut, none+"/deny", "")
}
