package soak_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// scenarios are what a worker of the soak does in a round, in any order. Together
// they call every method of every service.
func scenarios() []func(*worker) {
	return []func(*worker){
		(*worker).readStacks, (*worker).tagStack, (*worker).moveStack, (*worker).readUpdates, (*worker).changeMember,
		(*worker).changeTeam, (*worker).changeTokens, (*worker).changeWebhook, (*worker).readAuditLog,
		(*worker).changeAccount, (*worker).readPolicyIssues, (*worker).triagePolicyIssue, (*worker).inviteSomebody, (*worker).administerTeam,
		(*worker).askForWhatMayBeThere,
	}
}

// askForWhatMayBeThere calls what has no scenario of its own, with arguments that
// lead somewhere or nowhere: each call ends, with an error of one of the two kinds
// if any.
func (w *worker) askForWhatMayBeThere() {
	for _, o := range testkit.AllOperations() {
		if hasScenario()[o.Name] {
			continue
		}
		if _, err := o.Call(w.ctx, w.at(o.Name)); err != nil {
			var refused *pulumiapi.APIError
			var failed *pulumiapi.CallError
			require.True(w, errors.As(err, &refused) || errors.As(err, &failed), "%s: %v", o.Name, err)
		}
	}
}

// hasScenario returns the methods that a scenario names.
var hasScenario = sync.OnceValue(func() map[string]bool {
	files := testkit.Must(filepath.Glob("soak*_test.go"))
	named := map[string]bool{}
	for _, file := range files {
		for _, match := range methodInQuotes.FindAllStringSubmatch(string(testkit.Must(os.ReadFile(file))), -1) {
			named[match[1]] = true
		}
	}
	return named
})

var methodInQuotes = regexp.MustCompile(`"([A-Z]\w+\.[A-Z]\w+)"`)

// estate is what is in a worker's organization from the start, in the order in
// which lists have it.
type estate struct {
	org, otherOrg string // the other is empty
	stacks        []string
	stack         pulumiapi.StackIdentifier // one of them, with a history
	updates       []string                  // its
	previews      []string                  // its
	output        []string                  // of its last update
	members       []string
	accounts      []string
	entries       []string // in the audit log
	issues        []string
	severities    []string // theirs
}

const (
	soakProject = "known" // what happens during the soak happens elsewhere
	soakEvent   = "Soak Seeded"
)

func newEstate(t *testing.T, srv *pulumiapitest.Server, org string) *estate {
	t.Helper()
	e := &estate{
		org: org, otherOrg: org + "-other", stack: pulumiapi.StackIdentifier{Org: org, Project: soakProject, Stack: "stack-00"},
		severities: []string{"critical", "high", "low", "medium"}, members: []string{srv.User()},
	}
	require.NoError(t, srv.AddOrganization(e.otherOrg))
	now := time.Now()
	for i := range 16 {
		name := fmt.Sprintf("stack-%02d", i)
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: org, Project: soakProject, Name: name}))
		e.stacks = append(e.stacks, name)

		login := fmt.Sprintf("%s-user-%02d", org, i)
		require.NoError(t, srv.AddMember(org, pulumiapitest.Member{User: pulumiapitest.User{Login: login}}))
		e.members = append(e.members, login)

		account := fmt.Sprintf("account %02d", i)
		require.NoError(t, srv.AddInsightsAccount(org, pulumiapitest.InsightsAccount{Name: account, Provider: "aws", Environment: "insights/aws"}))
		e.accounts = append(e.accounts, account)

		entry := fmt.Sprintf("entry %02d", i)
		at := now.Add(time.Duration(-i-1) * time.Minute)
		require.NoError(t, srv.AddAuditLogEvent(org, pulumiapitest.AuditLogEvent{Time: at, Event: soakEvent, Description: entry}))
		e.entries = append(e.entries, entry)

		issue := fmt.Sprintf("issue-%02d", i)
		_, err := srv.AddPolicyIssue(org, pulumiapitest.PolicyIssue{
			ID: issue, Project: soakProject, Stack: name, Severity: e.severities[i%len(e.severities)],
		})
		require.NoError(t, err)
		e.issues = append(e.issues, issue)

		line := fmt.Sprintf("line %02d", i)
		e.output = append(e.output, line)
	}
	e.addHistory(t, srv)
	return e
}

// addHistory gives the stack updates and, after them, previews. Lists have the
// newest first.
func (e *estate) addHistory(t *testing.T, srv *pulumiapitest.Server) {
	t.Helper()
	add := func(u pulumiapitest.Update) string {
		id, err := srv.AddUpdate(e.stack.Org, e.stack.Project, e.stack.Stack, u)
		require.NoError(t, err)
		return id
	}
	for range 11 {
		e.updates = append(e.updates, add(pulumiapitest.Update{}))
	}
	var last pulumiapitest.Update
	for _, line := range e.output {
		last.Output = append(last.Output, pulumiapitest.OutputLine{Text: line})
		last.Events = append(last.Events, pulumiapitest.StdoutEvent(line))
	}
	e.updates = append(e.updates, add(last))
	for range 12 {
		e.previews = append(e.previews, add(pulumiapitest.Update{Kind: "preview"}))
	}
	slices.Reverse(e.updates)
	slices.Reverse(e.previews)
}

// requireList fails unless a list has just the items wanted, in that order.
func requireList[T any](w *worker, want []string, name func(T) string, list iter.Seq2[*T, error]) {
	var got []string
	for item, err := range list {
		require.NoError(w, err, "after %d items", len(got))
		got = append(got, name(*item))
	}
	require.Equal(w, want, got)
}

// byPage lists page by page.
func byPage[T any](fetch func(cursor pulumiapi.Cursor) (*pulumiapi.Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var cursor pulumiapi.Cursor
		for {
			page, err := fetch(cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}

func stackName(s pulumiapi.StackSummary) string { return s.StackName }

func (w *worker) readStacks() {
	opts := pulumiapi.StackListOptions{Organization: w.org, Project: soakProject, PageSize: 5}
	requireList(w, w.stacks, stackName, w.at("Stacks.List").Stacks.List(w.ctx, &opts))
	requireList(w, w.stacks, stackName, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		opts.Cursor = cursor
		return w.at("Stacks.ListPage").Stacks.ListPage(w.ctx, &opts)
	}))
	stack, err := w.at("Stacks.Get").Stacks.Get(w.ctx, w.stack)
	require.NoError(w, err)
	require.Equal(w, w.stack, stack.Identifier())
	require.Equal(w, len(w.updates), stack.Version)
}

// scratchStack returns a stack of the worker's own.
func (w *worker) scratchStack() pulumiapi.StackIdentifier {
	id := pulumiapi.StackIdentifier{Org: w.org, Project: "scratch", Stack: w.mark("stack")}
	require.NoError(w, w.srv.AddStack(pulumiapitest.Stack{Org: id.Org, Project: id.Project, Name: id.Stack}))
	return id
}

func (w *worker) tagStack() {
	id, created, set := w.scratchStack(), w.mark("tag"), w.mark("tag")
	requireTags := func(want map[string]string) {
		stack, err := w.at("Stacks.Get").Stacks.Get(w.ctx, id)
		require.NoError(w, err)
		delete(stack.Tags, "pulumi:project")
		require.Equal(w, want, stack.Tags)
	}
	w.change("Stacks.CreateTag", "Stack Tag Added", created, func(c *pulumiapi.Client) error { return c.Stacks.CreateTag(w.ctx, id, created, "1") })
	w.change("Stacks.SetTag", "Stack Tag Added", set, func(c *pulumiapi.Client) error { return c.Stacks.SetTag(w.ctx, id, set, "2") })
	requireTags(map[string]string{created: "1", set: "2"})
	w.change("Stacks.SetTag", "Stack Tag Updated", created, func(c *pulumiapi.Client) error { return c.Stacks.SetTag(w.ctx, id, created, "3") })
	w.change("Stacks.DeleteTag", "Stack Tag Deleted", set, func(c *pulumiapi.Client) error { return c.Stacks.DeleteTag(w.ctx, id, set) })
	requireTags(map[string]string{created: "3"})
}

func (w *worker) moveStack() {
	id := w.scratchStack()
	state := pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(`{"mark":"` + id.Stack + `"}`)}
	w.change("Stacks.Import", "Stack Imported", id.Stack, func(c *pulumiapi.Client) error { return testkit.ErrorOf(c.Stacks.Import(w.ctx, id, state)) })
	exported, err := w.at("Stacks.Export").Stacks.Export(w.ctx, id)
	require.NoError(w, err)
	require.JSONEq(w, string(state.Deployment), string(exported.Deployment))
	var streamed bytes.Buffer
	_, err = w.at("Stacks.ExportTo").Stacks.ExportTo(w.ctx, id, &streamed)
	require.NoError(w, err)
	copied := w.scratchStack()
	w.change("Stacks.ImportFrom", "Stack Imported", copied.Stack, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Stacks.ImportFrom(w.ctx, copied, bytes.NewReader(streamed.Bytes())))
	})
	resources, err := pulumiapi.Collect(w.at("Stacks.ExportResources").Stacks.ExportResources(w.ctx, id))
	require.NoError(w, err)
	require.Empty(w, resources)
	updates, err := pulumiapi.Collect(w.at("Updates.List").Updates.List(w.ctx, id, nil))
	require.NoError(w, err)
	require.Len(w, updates, 1, "an import is an update")

	w.change("Stacks.Transfer", "Stack Transferred", id.Stack, func(c *pulumiapi.Client) error { return c.Stacks.Transfer(w.ctx, id, w.otherOrg) })
	moved := id
	moved.Org = w.otherOrg
	require.NoError(w, testkit.ErrorOf(w.at("Stacks.Get").Stacks.Get(w.ctx, moved)))
	require.ErrorIs(w, testkit.ErrorOf(w.at("Stacks.Get").Stacks.Get(w.ctx, id)), pulumiapi.ErrNotFound)

	gone := w.scratchStack()
	w.change("Stacks.Delete", "Stack Deleted", gone.Stack, func(c *pulumiapi.Client) error { return c.Stacks.Delete(w.ctx, gone, nil) })
	require.ErrorIs(w, testkit.ErrorOf(w.at("Stacks.Get").Stacks.Get(w.ctx, gone)), pulumiapi.ErrNotFound)
}

func updateID(u pulumiapi.Update) string { return u.UpdateID }

func (w *worker) readUpdates() {
	updates := pulumiapi.UpdateListOptions{PageSize: 5}
	requireList(w, w.updates, updateID, w.at("Updates.List").Updates.List(w.ctx, w.stack, &updates))
	requireList(w, w.updates, updateID, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.Update], error) {
		updates.Cursor = cursor
		return w.at("Updates.ListPage").Updates.ListPage(w.ctx, w.stack, &updates)
	}))
	previews := pulumiapi.PreviewListOptions{PageSize: 5}
	requireList(w, w.previews, updateID, w.at("Updates.ListPreviews").Updates.ListPreviews(w.ctx, w.stack, &previews))
	requireList(w, w.previews, updateID, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.Update], error) {
		previews.Cursor = cursor
		return w.at("Updates.ListPreviewsPage").Updates.ListPreviewsPage(w.ctx, w.stack, &previews)
	}))

	last := w.updates[0]
	message := func(e pulumiapi.EngineEvent) string { return e.StdoutEvent.Message }
	requireList(w, w.output, message, w.at("Updates.ListEvents").Updates.ListEvents(w.ctx, w.stack, last, nil))
	requireList(w, w.output, message, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.EngineEvent], error) {
		return w.at("Updates.ListEventsPage").Updates.ListEventsPage(w.ctx, w.stack, last, &pulumiapi.EngineEventListOptions{Cursor: cursor})
	}))
	var output []string
	for token := ""; ; {
		status, err := w.at("Updates.GetStatus").Updates.GetStatus(w.ctx, w.stack, last, &pulumiapi.UpdateStatusOptions{ContinuationToken: token})
		require.NoError(w, err)
		for _, event := range status.Events {
			line, err := strconv.Unquote(string(event.Fields["text"]))
			require.NoError(w, err)
			output = append(output, line)
		}
		if token = status.ContinuationToken; token == "" {
			break
		}
	}
	require.Equal(w, w.output, output)
	// They are over, so nothing is waited for.
	requireList(w, w.output, message, w.at("Updates.Follow").Updates.Follow(w.ctx, w.stack, last, nil))
	results, err := w.at("Updates.Wait").Updates.Wait(w.ctx, w.stack, last, nil)
	require.NoError(w, err)
	require.Len(w, results.Events, len(w.output))
}

func memberLogin(m pulumiapi.OrgMember) string { return m.User.GitHubLogin }

func (w *worker) changeMember() {
	user := w.mark("user")
	require.NoError(w, w.srv.AddUser(pulumiapitest.User{Login: user}))
	requireMembers := func(want []string) {
		requireList(w, want, memberLogin, w.at("Orgs.ListMembers").Orgs.ListMembers(w.ctx, w.org, nil))
		requireList(w, want, memberLogin, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.OrgMember], error) {
			return w.at("Orgs.ListMembersPage").Orgs.ListMembersPage(w.ctx, w.org, &pulumiapi.OrgMemberListOptions{Cursor: cursor})
		}))
	}
	w.change("Orgs.AddMember", "Member Added", user, func(c *pulumiapi.Client) error {
		return c.Orgs.AddMember(w.ctx, w.org, user, pulumiapi.OrgRoleMember)
	})
	requireMembers(append(slices.Clone(w.members), user))
	w.change("Orgs.UpdateMember", "Member Role Changed", user, func(c *pulumiapi.Client) error {
		return c.Orgs.UpdateMember(w.ctx, w.org, user, pulumiapi.OrgMemberUpdateRequest{Role: new(pulumiapi.OrgRoleAdmin)})
	})
	w.change("Orgs.RemoveMember", "Member Removed", user, func(c *pulumiapi.Client) error { return c.Orgs.RemoveMember(w.ctx, w.org, user) })
	requireMembers(w.members)
}

func (w *worker) changeTeam() {
	team, member := w.mark("team"), w.members[1]
	w.change("Teams.Create", "Team Created", team, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Teams.Create(w.ctx, w.org, pulumiapi.TeamCreateRequest{Name: team}))
	})
	w.change("Teams.AddMember", "Team Member Added", team, func(c *pulumiapi.Client) error {
		return c.Teams.AddMember(w.ctx, w.org, team, member)
	})
	w.change("Teams.GrantStackAccess", "Team Stack Permission Added", team, func(c *pulumiapi.Client) error {
		return c.Teams.GrantStackAccess(w.ctx, team, w.stack, pulumiapi.StackPermissionEdit)
	})
	kept, _ := w.srv.Team(w.org, team)
	require.Equal(w, []pulumiapitest.TeamMember{{Login: w.srv.User(), Admin: true}, {Login: member}}, kept.Members)
	require.Equal(w, []pulumiapitest.TeamStack{{Project: w.stack.Project, Stack: w.stack.Stack, Permission: 102}}, kept.Stacks)

	w.change("Teams.RemoveMember", "Team Member Removed", team, func(c *pulumiapi.Client) error {
		return c.Teams.RemoveMember(w.ctx, w.org, team, member)
	})
	w.change("Teams.RemoveStackAccess", "Team Stack Permission Removed", team, func(c *pulumiapi.Client) error {
		return c.Teams.RemoveStackAccess(w.ctx, team, w.stack)
	})
	kept, _ = w.srv.Team(w.org, team)
	require.Len(w, kept.Members, 1)
	require.Empty(w, kept.Stacks)
	w.change("Teams.Delete", "Team Deleted", team, func(c *pulumiapi.Client) error { return c.Teams.Delete(w.ctx, w.org, team) })
}

// changeTokens works in a list that all workers change at the same time.
func (w *worker) changeTokens() {
	first, last := w.mark("token"), w.mark("token")
	create := func(description string) func(*pulumiapi.Client) error {
		return func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.Tokens.Create(w.ctx, pulumiapi.AccessTokenCreateRequest{Description: description}))
		}
	}
	w.change("Tokens.Create", "Access Token Created", first, create(first))
	w.change("Tokens.Create", "Access Token Created", last, create(last))

	opts := pulumiapi.AccessTokenListOptions{PageSize: 20}
	w.requireTokens([]string{first, last}, w.at("Tokens.List").Tokens.List(w.ctx, &opts))
	ids := w.requireTokens([]string{first, last}, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.AccessToken], error) {
		opts.Cursor = cursor
		return w.at("Tokens.ListPage").Tokens.ListPage(w.ctx, &opts)
	}))
	w.change("Tokens.Delete", "Access Token Deleted", first, func(c *pulumiapi.Client) error { return c.Tokens.Delete(w.ctx, ids[0]) })
	opts.Cursor = ""
	w.requireTokens([]string{last}, w.at("Tokens.List").Tokens.List(w.ctx, &opts))
}

// requireTokens fails unless a list has the worker's tokens, in that order, and
// nobody's twice. It returns the IDs of the worker's.
func (w *worker) requireTokens(want []string, list iter.Seq2[*pulumiapi.AccessToken, error]) []string {
	var got, ids []string
	seen := map[string]bool{}
	for token, err := range list {
		require.NoError(w, err)
		require.NotContains(w, seen, token.ID, "twice in the list")
		seen[token.ID] = true
		if slices.Contains(want, token.Description) {
			got, ids = append(got, token.Description), append(ids, token.ID)
		}
	}
	require.Equal(w, want, got)
	return ids
}

func (w *worker) changeWebhook() {
	scope, name := pulumiapi.OrgScope(w.org), w.mark("hook")
	w.change("Webhooks.Create", "Webhook Created", name, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Create(w.ctx, scope, pulumiapi.WebhookCreateRequest{
			Name: &name, DisplayName: "mine", PayloadURL: "http://receiver.test/", // not active: only pings come
		}))
	})
	w.change("Webhooks.Update", "Webhook Updated", name, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Update(w.ctx, scope, name, pulumiapi.WebhookUpdateRequest{DisplayName: "ours", PayloadURL: "http://receiver.test/"}))
	})
	hook, err := w.at("Webhooks.Get").Webhooks.Get(w.ctx, scope, name)
	require.NoError(w, err)
	require.Equal(w, "ours", hook.DisplayName)
	hooks, err := w.at("Webhooks.List").Webhooks.List(w.ctx, scope)
	require.NoError(w, err)
	require.Equal(w, []pulumiapi.Webhook{*hook}, hooks)

	deliveries := func() []pulumiapi.WebhookDelivery {
		list, err := w.at("Webhooks.ListDeliveries").Webhooks.ListDeliveries(w.ctx, scope, name)
		require.NoError(w, err)
		return list
	}
	w.once("Webhooks.Ping", func() int { return len(deliveries()) }, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Ping(w.ctx, scope, name))
	})
	pinged := deliveries()
	w.once("Webhooks.Redeliver", func() int { return len(deliveries()) - 1 }, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Redeliver(w.ctx, scope, name, pinged[0].ID))
	})
	w.change("Webhooks.Delete", "Webhook Deleted", name, func(c *pulumiapi.Client) error { return c.Webhooks.Delete(w.ctx, scope, name) })
}

func description(e pulumiapi.AuditLogEvent) string { return e.Description }

func (w *worker) readAuditLog() {
	requireList(w, w.entries, description, w.at("AuditLogs.List").AuditLogs.List(w.ctx, w.org, &pulumiapi.AuditLogListOptions{EventFilter: soakEvent}))
	requireList(w, w.entries, description, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.AuditLogEvent], error) {
		return w.at("AuditLogs.ListPage").AuditLogs.ListPage(w.ctx, w.org, &pulumiapi.AuditLogListOptions{EventFilter: soakEvent, Cursor: cursor})
	}))
	requireList(w, w.entries, description, w.at("AuditLogs.ListV1").AuditLogs.ListV1(w.ctx, w.org, &pulumiapi.AuditLogListV1Options{EventFilter: soakEvent}))
	requireList(w, w.entries, description, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.AuditLogEvent], error) {
		return w.at("AuditLogs.ListV1Page").AuditLogs.ListV1Page(w.ctx, w.org, &pulumiapi.AuditLogListV1Options{EventFilter: soakEvent, Cursor: cursor})
	}))
	var exported []string
	for _, record := range w.auditLog(soakEvent) {
		exported = append(exported, record.Description)
	}
	require.Equal(w, w.entries, exported)
	lines := stream(w, func() (io.ReadCloser, error) {
		return w.at("AuditLogs.ExportV1").AuditLogs.ExportV1(w.ctx, w.org, &pulumiapi.AuditLogExportV1Options{
			EventFilter: soakEvent, Format: pulumiapi.AuditLogFormatCEF,
		})
	}, readLines)
	require.Len(w, lines, len(w.entries))
	for i, entry := range w.entries {
		require.Contains(w, lines[i], entry)
	}
}

// auditLog exports the audit log of the worker's organization: all of it, or the
// entries of a kind.
func (w *worker) auditLog(event string) []pulumiapi.AuditLogRecord {
	return stream(w, func() (io.ReadCloser, error) {
		return w.at("AuditLogs.Export").AuditLogs.Export(w.ctx, w.org, &pulumiapi.AuditLogExportOptions{EventFilter: event})
	}, func(body io.Reader) ([]pulumiapi.AuditLogRecord, error) {
		return pulumiapi.Collect(pulumiapi.DecodeAuditLogCSV(body))
	})
}

// stream reads a stream to its end. As the client can't send again what the caller
// has begun to read, one that breaks on the way begins anew; that it did break has
// to be seen.
func stream[T any](w *worker, open func() (io.ReadCloser, error), read func(io.Reader) (T, error)) T {
	for tries := 1; ; tries++ {
		body, err := open()
		require.NoError(w, err)
		content, err := read(body)
		require.NoError(w, body.Close())
		if err == nil {
			return content
		}
		require.Less(w, tries, soakPatience, "it broke each time: %v", err)
	}
}

func readLines(body io.Reader) ([]string, error) {
	var lines []string
	scanner := bufio.NewScanner(body)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines, scanner.Err()
}

func (w *worker) changeAccount() {
	name := w.mark("account")
	w.change("Insights.CreateAccount", "Insights Account Created", name, func(c *pulumiapi.Client) error {
		return c.Insights.CreateAccount(w.ctx, w.org, name, pulumiapi.InsightsAccountCreateRequest{
			Provider: pulumiapi.InsightsProviderAWS, Environment: "insights/aws",
		})
	})
	account, err := w.at("Insights.GetAccount").Insights.GetAccount(w.ctx, w.org, name)
	require.NoError(w, err)
	require.Equal(w, name, account.Name)

	want, accountName := append(slices.Clone(w.accounts), name), func(a pulumiapi.InsightsAccount) string { return a.Name }
	opts := pulumiapi.InsightsAccountListOptions{PageSize: 5}
	requireList(w, want, accountName, w.at("Insights.ListAccounts").Insights.ListAccounts(w.ctx, w.org, &opts))
	requireList(w, want, accountName, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.InsightsAccount], error) {
		opts.Cursor = cursor
		return w.at("Insights.ListAccountsPage").Insights.ListAccountsPage(w.ctx, w.org, &opts)
	}))
	w.discover(name)
	w.change("Insights.DeleteAccount", "Insights Account Deleted", name, func(c *pulumiapi.Client) error {
		return c.Insights.DeleteAccount(w.ctx, w.org, name)
	})
}

// discover scans an account in which a scanner of one's own has found something.
func (w *worker) discover(account string) {
	w.change("Insights.StartScan", "Insights Account Scan Started", account, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Insights.StartScan(w.ctx, w.org, account, pulumiapi.InsightsScanStartRequest{}))
	})
	scan, err := w.at("Insights.GetScanStatus").Insights.GetScanStatus(w.ctx, w.org, account)
	require.NoError(w, err)
	id := pulumiapi.InsightsResourceIdentifier{Account: account, Type: "aws:s3/bucket:Bucket", ID: "b/1%"}
	versions := func() int {
		list, err := pulumiapi.Collect(w.at("Insights.ListResourceVersions").Insights.ListResourceVersions(w.ctx, w.org, id, nil))
		if errors.Is(err, pulumiapi.ErrNotFound) {
			return 0
		}
		require.NoError(w, err)
		return len(list)
	}
	w.once("Insights.UpsertResources", versions, func(c *pulumiapi.Client) error {
		return c.Insights.UpsertResources(w.ctx, w.org, account, []pulumiapi.InsightsResourceUpsertRequest{
			{Type: id.Type, ID: id.ID, Inputs: json.RawMessage("{}"), State: json.RawMessage(`{"n":1.0}`)},
		})
	})
	require.NoError(w, w.srv.FinishInsightsScan(w.org, account, pulumiapitest.Succeeded))
	ended, err := w.at("Insights.WaitForScan").Insights.WaitForScan(w.ctx, w.org, account, scan.ID, nil)
	require.NoError(w, err)
	require.Equal(w, 1, ended.ResourceCount)
	found, err := w.at("Insights.GetResource").Insights.GetResource(w.ctx, w.org, id)
	require.NoError(w, err)
	require.Equal(w, `{"n":1.0}`, string(found.State))
	scanID := func(s pulumiapi.InsightsScan) string { return s.ID }
	requireList(w, []string{scan.ID}, scanID, w.at("Insights.ListScans").Insights.ListScans(w.ctx, w.org, account, nil))
}

func (w *worker) readPolicyIssues() {
	issueID := func(i pulumiapi.PolicyIssue) string { return i.ID }
	issues := pulumiapi.PolicyIssueListOptions{PageSize: 5}
	requireList(w, w.issues, issueID, w.at("PolicyIssues.List").PolicyIssues.List(w.ctx, w.org, &issues))
	requireList(w, w.issues, issueID, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.PolicyIssue], error) {
		issues.Cursor = cursor
		return w.at("PolicyIssues.ListPage").PolicyIssues.ListPage(w.ctx, w.org, &issues)
	}))

	severity := func(group json.RawMessage) string {
		var row struct {
			Severity string `json:"severity"`
		}
		require.NoError(w, json.Unmarshal(group, &row))
		return row.Severity
	}
	groups := pulumiapi.PolicyIssueGroupOptions{GroupBy: []pulumiapi.GridColumn{{ID: "severity"}}, PageSize: 3}
	requireList(w, w.severities, severity, w.at("PolicyIssues.ListGroups").PolicyIssues.ListGroups(w.ctx, w.org, &groups))
	requireList(w, w.severities, severity, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[json.RawMessage], error) {
		groups.Cursor = cursor
		return w.at("PolicyIssues.ListGroupsPage").PolicyIssues.ListGroupsPage(w.ctx, w.org, &groups)
	}))

	violationID := func(v pulumiapi.PolicyViolation) string { return v.ID }
	requireList(w, w.issues, violationID, w.at("PolicyIssues.ListViolations").PolicyIssues.ListViolations(w.ctx, w.org, nil))
	requireList(w, w.issues, violationID, byPage(func(cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.PolicyViolation], error) {
		return w.at("PolicyIssues.ListViolationsPage").PolicyIssues.ListViolationsPage(w.ctx, w.org, &pulumiapi.PolicyViolationListOptions{Cursor: cursor})
	}))
}

func (w *worker) triagePolicyIssue() {
	id := w.issues[w.dice.IntN(len(w.issues))]
	w.change("PolicyIssues.Update", "Policy Issue Updated", id, func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.PolicyIssues.Update(w.ctx, w.org, id, pulumiapi.PolicyIssueUpdateRequest{Priority: new(pulumiapi.PolicyIssuePriorityP0)}))
	})
	issue, err := w.at("PolicyIssues.Get").PolicyIssues.Get(w.ctx, w.org, id)
	require.NoError(w, err)
	require.Equal(w, pulumiapi.PolicyIssuePriorityP0, issue.PolicyIssue.Priority)
}
