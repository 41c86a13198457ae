package pulumiapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

var prod = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

// operation is one method as the tests that drive all of them see it. A new
// method is added here, and thereby goes through all they do.
type operation struct {
	// name is the method's: "Stacks.Get".
	name string
	call func(ctx context.Context, client *pulumiapi.Client) (any, error)
	// fixture is the file below testdata with the documentation's answer, and
	// answer an answer that the documentation doesn't show. Both are empty if
	// the method returns nothing.
	fixture string
	answer  string
	// text says that the answer is text, which the caller reads as it comes.
	text bool
	// whole is what the method hands on as it comes of an answer that is a long
	// state; call returns what came of it with an error, too. It is empty for others.
	whole string
	// items is the member of the fixture that holds what a list returns, or the
	// path to it: "a.b".
	items string
	// refusesNothing is what the error says of an answer whose members are null or
	// missing; empty if the method takes it.
	refusesNothing string
	// resends says whether a request that may have been carried out is sent
	// again.
	resends bool
	// waits says that the method asks until an answer says that it is over.
	waits bool
	// on404 are the HTTP methods of what it sends if everything is refused
	// with a 404.
	on404 []string
	// asks says that the method asks whether there is something: a 404 is an
	// answer then, and no error.
	asks bool
	// anyJSON says that the answer may be JSON of any form.
	anyJSON bool
	// foreign says that the answer is read into a type of the caller's.
	foreign bool
	// mayBeEmpty says that the answer may have no content.
	mayBeEmpty bool
}

// write is what a method returns that returns only an error.
func write(err error) (any, error) { return nil, err }

// firstOf returns the first that a list yields: a fixture's token or total
// would make the rest endless.
func firstOf[T any](seq iter.Seq2[*T, error]) (any, error) {
	for item, err := range seq {
		return item, err
	}
	return nil, nil //nolint:nilnil // an empty list has no first
}

// itemsOf returns a page's items.
func itemsOf[T any](page *pulumiapi.Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

func operations() []operation {
	return slices.Concat(
		documentedOperations(), stackOperations(), updateOperations(), userOperations(),
		teamOperations(), orgOperations(), policyAndAuditOperations(),
		insightsOperations(), scanOperations(), insightsResourceOperations(), discoveredStackOperations(),
	)
}

func documentedOperations() []operation {
	return []operation{
		{
			name: "Stacks.List", fixture: "stacks_list.json", items: "stacks", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: "acme"}))
			},
		},
		{
			name: "Stacks.ListPage", fixture: "stacks_list.json", items: "stacks", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Stacks.ListPage(ctx, nil))
			},
		},
		{
			name: "Stacks.Get", fixture: "stacks_get.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) { return client.Stacks.Get(ctx, prod) },
		},
		{
			name: "Stacks.CreateTag", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.CreateTag(ctx, prod, "owner", "ada"))
			},
		},
		{
			name: "Stacks.SetTag", on404: []string{"PATCH", "POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.SetTag(ctx, prod, "owner", "ada"))
			},
		},
		{
			name: "Stacks.DeleteTag", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.DeleteTag(ctx, prod, "owner"))
			},
		},
		{
			name: "Stacks.Export", fixture: "stacks_export.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Export(ctx, prod)
			},
		},
		{
			name: "Stacks.Import", answer: `{"updateId":"938cd018"}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.Import(ctx, prod, pulumiapi.StackState{Version: 3, Deployment: []byte("{}")})
			},
		},
		{
			name: "Stacks.ExportTo", fixture: "stacks_export.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				var state bytes.Buffer
				if _, err := client.Stacks.ExportTo(ctx, prod, &state); err != nil {
					return nil, err
				}
				written := new(pulumiapi.StackState)
				return written, json.Unmarshal(state.Bytes(), written)
			},
		},
		{
			name: "Stacks.ExportResources", fixture: "stacks_export.json", items: "deployment.resources", resends: true, on404: []string{"GET"},
			refusesNothing: "version 0 is not known",
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Stacks.ExportResources(ctx, prod))
			},
		},
		{
			name: "Stacks.ImportFrom", answer: `{"updateId":"938cd018"}`, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Stacks.ImportFrom(ctx, prod, strings.NewReader(`{"version":3,"deployment":{}}`))
			},
		},
		{
			name: "Stacks.Transfer", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.Transfer(ctx, prod, "other"))
			},
		},
		{
			name: "Stacks.Delete", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Stacks.Delete(ctx, prod, nil))
			},
		},
		{
			name: "Updates.List", fixture: "updates_list.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.List(ctx, prod, nil))
			},
		},
		{
			name: "Updates.ListPage", fixture: "updates_list.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListPage(ctx, prod, nil))
			},
		},
		{
			name: "Updates.GetStatus", fixture: "updates_get_status.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.GetStatus(ctx, prod, "938cd018", nil)
			},
		},
		{
			name: "Updates.Wait", fixture: "updates_get_status.json", resends: true, waits: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Updates.Wait(ctx, prod, "938cd018", nil)
			},
		},
		{
			name: "Updates.Follow", fixture: "updates_list_events.json", items: "events", resends: true, waits: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.Follow(ctx, prod, "938cd018", nil))
			},
		},
		{
			name: "Updates.ListEvents", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.ListEvents(ctx, prod, "938cd018", nil))
			},
		},
		{
			name: "Updates.ListEventsPage", fixture: "updates_list_events.json", items: "events", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListEventsPage(ctx, prod, "938cd018", nil))
			},
		},
		{
			name: "Updates.ListPreviews", fixture: "updates_list_previews.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Updates.ListPreviews(ctx, prod, nil))
			},
		},
		{
			name: "Updates.ListPreviewsPage", fixture: "updates_list_previews.json", items: "updates", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Updates.ListPreviewsPage(ctx, prod, nil))
			},
		},
		{
			name: "Orgs.ListMembers", fixture: "orgs_list_members.json", items: "members", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Orgs.ListMembers(ctx, "acme", nil))
			},
		},
		{
			name: "Orgs.ListMembersPage", fixture: "orgs_list_members.json", items: "members", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Orgs.ListMembersPage(ctx, "acme", nil))
			},
		},
		{
			name: "Orgs.AddMember", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.AddMember(ctx, "acme", "ada", pulumiapi.OrgRoleMember))
			},
		},
		{
			name: "Orgs.RemoveMember", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.RemoveMember(ctx, "acme", "ada"))
			},
		},
		{
			name: "Orgs.UpdateMember", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Orgs.UpdateMember(ctx, "acme", "ada", pulumiapi.OrgMemberUpdateRequest{Role: new(pulumiapi.OrgRoleAdmin)}))
			},
		},
		{
			name: "Teams.Create", fixture: "teams_create.json", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Teams.Create(ctx, "acme", pulumiapi.TeamCreateRequest{Name: "web"})
			},
		},
		{
			name: "Teams.Delete", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.Delete(ctx, "acme", "web"))
			},
		},
		{
			name: "Teams.AddMember", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.AddMember(ctx, "acme", "web", "ada"))
			},
		},
		{
			name: "Teams.RemoveMember", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.RemoveMember(ctx, "acme", "web", "ada"))
			},
		},
		{
			name: "Teams.GrantStackAccess", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.GrantStackAccess(ctx, "web", prod, pulumiapi.StackPermissionEdit))
			},
		},
		{
			name: "Teams.RemoveStackAccess", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Teams.RemoveStackAccess(ctx, "web", prod))
			},
		},
		{
			name: "Tokens.List", fixture: "tokens_list.json", items: "tokens", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Tokens.List(ctx, nil))
			},
		},
		{
			name: "Tokens.ListPage", fixture: "tokens_list.json", items: "tokens", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Tokens.ListPage(ctx, nil))
			},
		},
		{
			name: "Tokens.Create", fixture: "tokens_create.json", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Tokens.Create(ctx, pulumiapi.AccessTokenCreateRequest{Description: "ci"})
			},
		},
		{
			name: "Tokens.Delete", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Tokens.Delete(ctx, "74529ccd"))
			},
		},
		{
			name: "Webhooks.Create", fixture: "webhooks_create.json", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.Create(ctx, pulumiapi.OrgScope("acme"), pulumiapi.WebhookCreateRequest{PayloadURL: "https://example.com"})
			},
		},
		{
			name: "Webhooks.List", fixture: "webhooks_list.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.List(ctx, pulumiapi.OrgScope("acme"))
			},
		},
		{
			name: "Webhooks.Get", fixture: "webhooks_get.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.Get(ctx, pulumiapi.OrgScope("acme"), "4e662b3b")
			},
		},
		{
			name: "Webhooks.Update", fixture: "webhooks_get.json", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.Update(ctx, pulumiapi.OrgScope("acme"), "4e662b3b", pulumiapi.WebhookUpdateRequest{})
			},
		},
		{
			name: "Webhooks.Delete", resends: true, on404: []string{"DELETE"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Webhooks.Delete(ctx, pulumiapi.OrgScope("acme"), "4e662b3b"))
			},
		},
		{
			name: "Webhooks.Ping", fixture: "webhooks_ping.json", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.Ping(ctx, prod, "4e662b3b")
			},
		},
		{
			name: "Webhooks.ListDeliveries", fixture: "webhooks_list_deliveries.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.ListDeliveries(ctx, prod, "4e662b3b")
			},
		},
		{
			name: "Webhooks.Redeliver", fixture: "webhooks_ping.json", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Webhooks.Redeliver(ctx, prod, "4e662b3b", "ea01abd2")
			},
		},
		{
			name: "AuditLogs.List", fixture: "auditlogs_list_v1.json", items: "auditLogEvents", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.AuditLogs.List(ctx, "acme", nil))
			},
		},
		{
			name: "AuditLogs.ListPage", fixture: "auditlogs_list_v1.json", items: "auditLogEvents", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.AuditLogs.ListPage(ctx, "acme", nil))
			},
		},
		{
			name: "AuditLogs.ListV1", fixture: "auditlogs_list_v1.json", items: "auditLogEvents", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.AuditLogs.ListV1(ctx, "acme", nil))
			},
		},
		{
			name: "AuditLogs.ListV1Page", fixture: "auditlogs_list_v1.json", items: "auditLogEvents", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.AuditLogs.ListV1Page(ctx, "acme", nil))
			},
		},
		{
			name: "Insights.CreateAccount", on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return write(client.Insights.CreateAccount(ctx, "acme", "FizzBuzz AWS Staging", pulumiapi.InsightsAccountCreateRequest{Provider: pulumiapi.InsightsProviderAWS, Environment: "insights/aws"}))
			},
		},
		{
			name: "Insights.ListAccounts", fixture: "insights_list_accounts.json", items: "accounts", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.Insights.ListAccounts(ctx, "acme", nil))
			},
		},
		{
			name: "Insights.ListAccountsPage", fixture: "insights_list_accounts.json", items: "accounts", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.Insights.ListAccountsPage(ctx, "acme", nil))
			},
		},
		{
			name: "Insights.GetAccount", fixture: "insights_get_account.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.Insights.GetAccount(ctx, "acme", "FizzBuzz AWS Staging")
			},
		},
		{
			name: "PolicyIssues.List", fixture: "policyissues_list.json", items: "policyIssues", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.PolicyIssues.List(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyIssues.ListPage", fixture: "policyissues_list.json", items: "policyIssues", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.PolicyIssues.ListPage(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyIssues.ListGroups", answer: `{"groupData":[{"status":"open","count":3}],"rowCount":1}`, items: "groupData", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.PolicyIssues.ListGroups(ctx, "acme", &pulumiapi.PolicyIssueGroupOptions{GroupBy: []pulumiapi.GridColumn{{ID: "status"}}}))
			},
		},
		{
			name: "PolicyIssues.ListGroupsPage", answer: `{"groupData":[{"status":"open","count":3}],"rowCount":1}`, items: "groupData", resends: true, on404: []string{"POST"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.PolicyIssues.ListGroupsPage(ctx, "acme", &pulumiapi.PolicyIssueGroupOptions{GroupBy: []pulumiapi.GridColumn{{ID: "status"}}}))
			},
		},
		{
			name: "PolicyIssues.Get", fixture: "policyissues_get.json", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.PolicyIssues.Get(ctx, "acme", "b807f797")
			},
		},
		{
			name: "PolicyIssues.Update", fixture: "policyissues_update.json", on404: []string{"PATCH"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return client.PolicyIssues.Update(ctx, "acme", "b807f797", pulumiapi.PolicyIssueUpdateRequest{Status: new(pulumiapi.PolicyIssueStatusInProgress)})
			},
		},
		{
			name: "PolicyIssues.ListViolations", fixture: "policyissues_list_violations.json", items: "policyViolations", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return firstOf(client.PolicyIssues.ListViolations(ctx, "acme", nil))
			},
		},
		{
			name: "PolicyIssues.ListViolationsPage", fixture: "policyissues_list_violations.json", items: "policyViolations", resends: true, on404: []string{"GET"},
			call: func(ctx context.Context, client *pulumiapi.Client) (any, error) {
				return itemsOf(client.PolicyIssues.ListViolationsPage(ctx, "acme", nil))
			},
		},
	}
}

// returnsValue reports whether the method returns more than an error.
func (o operation) returnsValue() bool { return o.fixture != "" || o.answer != "" }

// isArray reports whether the answer is a bare array.
func (o operation) isArray(tb testing.TB) bool {
	tb.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(tb))[0] == '['
}

// method is the HTTP method of what it sends first.
func (o operation) method() string { return o.on404[0] }

// isWrite reports whether the method changes something. A POST that is sent
// again is one that only reads.
func (o operation) isWrite() bool {
	return o.method() != http.MethodGet && o.method() != http.MethodHead && (o.method() != http.MethodPost || !o.resends)
}

// isObject reports whether the answer is a JSON object.
func (o operation) isObject(t *testing.T) bool {
	t.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(t))[0] == '{'
}

// isText reports whether the answer is a JSON string.
func (o operation) isText(t *testing.T) bool {
	t.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(t))[0] == '"'
}

// body returns what a server answers to the operation when all is well.
func (o operation) body(tb testing.TB) []byte {
	tb.Helper()
	if o.fixture == "" {
		return []byte(o.answer)
	}
	return readFixture(tb, o.fixture)
}

func readFixture(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err, "reading the fixture %s", name)
	return data
}
