package pulumiapitest_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const demoOrgPath = "/api/orgs/" + pulumiapitest.DemoOrganization

func TestDemo_People(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	srv.SetPageSize(100)
	list := getJSON[memberList](t, srv, demoOrgPath+"/members?type=backend")
	roles := list.roles()
	assert.Len(t, roles, 25)
	assert.Equal(t, "admin", roles[srv.User()])
	assert.Equal(t, "billing-manager", roles["frances"])
	for _, m := range list.Members {
		assert.True(t, m.Created.Before(time.Now()), m.User.GithubLogin)
		assert.NotEmpty(t, m.User.Name)
	}

	stacks := getJSON[struct {
		Stacks []struct{ ProjectName, StackName string }
	}](t, srv, "/api/user/stacks").Stacks
	teams := map[string]pulumiapitest.Team{}
	granted := 0
	for _, st := range stacks {
		tags := stackTags(t, srv, "/api/stacks/acme-corp/"+st.ProjectName+"/"+st.StackName)
		if owner := tags["owner"]; owner != "" {
			assert.Contains(t, roles, owner)
		}
		name := tags["team"]
		if name == "" {
			continue
		}
		team, found := srv.Team(pulumiapitest.DemoOrganization, name)
		require.True(t, found, name)
		teams[name] = team
		for _, grant := range team.Stacks {
			if grant.Project == st.ProjectName && grant.Stack == st.StackName {
				granted++
			}
		}
	}
	assert.Len(t, teams, 6)
	var sum int
	for name, team := range teams {
		assert.NotEmpty(t, team.Members, name)
		for _, m := range team.Members {
			assert.Contains(t, roles, m.Login)
		}
		sum += len(team.Stacks)
	}
	assert.Equal(t, sum, granted, "teams have access to what is theirs")

	roleMembers := map[string]int{}
	for _, m := range list.Members {
		roleMembers[m.FGARole.Name]++
	}
	assert.Equal(t, map[string]int{"Admin": 3, "Member": 18, "Billing Manager": 1, "Auditor": 2, "Deployer": 1}, roleMembers)
	assert.Equal(t, []string{"Member", "Admin", "Billing Manager", "Auditor", "Deployer"}, listRoles(t, srv, demoOrgPath, "role").names())
	assert.Equal(t, []string{"Read production"}, listRoles(t, srv, demoOrgPath, "policy").names())

	assert.Len(t, getJSON[tokenList](t, srv, tokensPath).Tokens, 4)
	assert.Len(t, getJSON[tokenList](t, srv, tokensPath+"?filter=expired").Tokens, 2)
}

func TestDemo_Webhooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		hooks := getJSON[[]hookOf](t, srv, demoOrgPath+"/hooks")
		require.Len(t, hooks, 3)
		codes := map[int]int{}
		for _, hook := range hooks {
			path := demoOrgPath + "/hooks/" + hook.Name
			for _, d := range getJSON[[]deliveryOf](t, srv, path+"/deliveries") {
				codes[d.ResponseCode]++
				assert.Less(t, d.Timestamp, time.Now().Unix())
				assert.NotEmpty(t, d.Payload)
			}
			assert.Equal(t, http.StatusOK, postDelivery(t, srv, path+"/ping").ResponseCode, hook.Name)
		}
		assert.Equal(t, map[int]int{200: 12, 503: 1, 429: 1, 0: 2}, codes)
		assert.Len(t, getJSON[[]hookOf](t, srv, "/api/stacks/acme-corp/webshop/prod/hooks"), 1)
		before := len(getJSON[[]deliveryOf](t, srv, "/api/stacks/acme-corp/payments-api/prod-us/hooks/on-call/deliveries"))
		running, err := srv.RunningUpdate("acme-corp", "payments-api", "prod-us")
		require.NoError(t, err)
		require.NoError(t, running.Finish(pulumiapitest.Failed))
		synctest.Wait()
		assert.Len(t, getJSON[[]deliveryOf](t, srv, "/api/stacks/acme-corp/payments-api/prod-us/hooks/on-call/deliveries"), before+1)
	})
}

func TestDemo_AuditLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		seconds, _ := walkAudit(t, srv, demoOrgPath+"/auditlogs/v2?startTime=1")
		assert.Len(t, seconds, 500, "none is skipped with pages of ten")
		assert.IsNonIncreasing(t, seconds)
		assert.Less(t, seconds[0], time.Now().Unix())
		text := unzip(t, export(t, srv, demoOrgPath+"/auditlogs/v2/export", "gzip").body)
		assert.NotContains(t, text, "%!", "a description that was filled in badly")
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		events, people := map[string]int{}, map[string]int{}
		for _, r := range records[1:] {
			events[r[3]]++
			people[r[2]]++
		}
		assert.GreaterOrEqual(t, len(events), 12)
		assert.GreaterOrEqual(t, len(people), 8)
		again := pulumiapitest.Demo()
		defer again.Close()
		assert.Equal(t, text, unzip(t, export(t, again, demoOrgPath+"/auditlogs/v2/export", "gzip").body), "nothing differs")
	})
}

func TestDemo_Insights(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	accounts := getJSON[accountList](t, srv, "/api/preview/insights/acme-corp/accounts").Accounts
	assert.Len(t, accounts, 8)
	statuses := map[string]bool{}
	for _, a := range accounts {
		statuses[a.ScanStatus.Status] = true
	}
	assert.Equal(t, map[string]bool{"": true, "running": true, "failed": true, "succeeded": true}, statuses)
	assert.Len(t, getJSON[accountList](t, srv, "/api/preview/insights/acme-corp/accounts?parent=Acme%20AWS%20Production").Accounts, 2)

	const sandbox = "/api/preview/insights/acme-corp/accounts/aws-sandbox"
	instance := getJSON[struct {
		Version int
		State   map[string]string
	}](t, srv, sandbox+"/resources/aws:ec2%252Finstance:Instance::i-0a1b2c3d")
	assert.Equal(t, 2, instance.Version, "somebody has made it larger")
	assert.Equal(t, "p4d.24xlarge", instance.State["instanceType"])
	assert.Contains(t, do(t, srv, http.MethodGet, sandbox+"/tags", "").body, `"linus"`)
	assert.Contains(t, do(t, srv, http.MethodGet, sandbox+"/teams", "").body, `"platform"`)
	assert.Equal(t, []string{
		"urn:pulumi:billing-exports::landing-zone::aws:s3/bucket:Bucket::Reports Ready",
		"urn:pulumi:billing-exports::landing-zone::aws:sns/topic:Topic::Alarm NotFound",
		"urn:pulumi:billing-exports::landing-zone::custom::Report NoMatch",
	}, migrationStatuses(t, srv, "/api/preview/insights/acme-corp/discovered-stacks/landing-zone/billing-exports/resources"))
}

func TestDemo_PolicyIssues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		again := pulumiapitest.Demo()
		defer again.Close()
		const path = demoOrgPath + "/policyresults/issues"
		const everything = `{"startRow":0,"endRow":1000}`
		counts := map[string]map[string]int{"status": {}, "severity": {}, "entity": {}, "priority": {}}
		total := 0
		for _, query := range []string{"?closed=true", "?closed=false"} {
			a := do(t, srv, http.MethodPost, path+query, everything)
			assert.Equal(t, a.body, do(t, again, http.MethodPost, path+query, everything).body, "nothing differs")
			list := decode[issueList](t, a)
			total += list.RowCount
			for _, i := range list.PolicyIssues {
				counts["status"][i.Status]++
				counts["severity"][i.Severity]++
				counts["entity"][i.EntityType]++
				counts["priority"][i.Priority]++
				assert.True(t, i.ObservedAt.Before(time.Now()))
				assert.Equal(t, i.Status == "in_progress", i.AssignedTo != nil)
			}
		}
		assert.Equal(t, 300, total)
		assert.Len(t, counts["status"], 5)
		assert.Len(t, counts["severity"], 4)
		assert.Len(t, counts["priority"], 5)
		assert.Equal(t, map[string]int{"stack": 200, "insights-account": 100}, counts["entity"])
	})
}
