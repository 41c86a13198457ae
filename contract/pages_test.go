package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// What is not here: the kind of page that goes on "after" an item, which only Pulumi
// ESC has and the package doesn't; "link", which only a search of resources has;
// page=0, which the package never asks for; a token that comes twice, which no service
// should send.
var pageChecks = []check{
	{name: "pages of stacks follow by token, and end", run: checkStackPages},
	{name: "the last page of stacks has no token", run: checkLastToken},
	{name: "stacks are filtered", run: checkStackFilters},
	{name: "pages of members follow by token, and end", run: checkMemberPages},
	{name: "pages of access tokens follow by token, and end", run: checkTokenPages},
	{name: "pages of Insights accounts follow by token, and end", run: checkAccountPages},
	{name: "pages of updates are numbered from 1, and end", run: checkUpdatePages},
	{name: "pages of previews are numbered from 1, and end", run: checkPreviewPages},
	{name: "pages of activity are numbered from 1, and end", run: checkActivityPages},
	{name: "policy issues come by rows, and end", run: checkIssueRows},
	{name: "policy issues are counted, and their last row is not included", run: checkRowBounds},
	{name: "stacks are searched by rows, and end", run: checkSearchRows},
	{name: "policy violations end", run: checkViolationPages},
	{name: "the audit log lies between its bounds, the newest first", run: checkAuditLogBounds},
	{name: "pages of the audit log go back in time", run: checkAuditLogPages},
	{name: "version 1 of the audit log begins at startTime, and goes back", run: checkAuditLogV1},
}

func stackKey(s pulumiapi.StackSummary) string { return s.Identifier().String() }

func (c *cloud) walkStacks(ctx context.Context, opts pulumiapi.StackListOptions) ([]pulumiapi.StackSummary, error) {
	opts.Organization = c.org
	return walk(ctx, fmt.Sprintf("stacks in pages of %d", opts.PageSize), opts.PageSize, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackSummary], error) {
		o := opts
		o.Cursor = cursor
		return c.client.Stacks.ListPage(ctx, &o)
	}, stackKey)
}

func checkStackPages(ctx context.Context, c *cloud) error {
	small, err := c.walkStacks(ctx, pulumiapi.StackListOptions{PageSize: 7})
	if err != nil {
		return err
	}
	large, err := c.walkStacks(ctx, pulumiapi.StackListOptions{PageSize: 20})
	if err != nil {
		return err
	}
	if len(large) <= 7 {
		return skipf("%d stacks are no more than one page", len(large))
	}
	return sameAgain("stacks", small, large, stackKey)
}

func checkLastToken(ctx context.Context, c *cloud) error {
	if _, err := c.walkStacks(ctx, pulumiapi.StackListOptions{PageSize: 20}); err != nil {
		return err
	}
	var last struct {
		Stacks *json.RawMessage `json:"stacks"`
		Token  *string          `json:"continuationToken"`
	}
	err := c.get(ctx, "/api/user/stacks", nil, url.Values{"organization": {c.org}, "project": {c.missing().Project}}, &last)
	switch {
	case err != nil:
		return err
	case last.Stacks == nil:
		return errors.New("a list without stacks has no member stacks")
	case last.Token != nil && *last.Token != "":
		return fmt.Errorf("a list without stacks goes on: continuationToken is %q", *last.Token)
	}
	return nil
}

func checkStackFilters(ctx context.Context, c *cloud) error {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return err
	}
	project := stacks[0].ProjectName
	inProject, err := c.walkStacks(ctx, pulumiapi.StackListOptions{Project: project})
	if err != nil {
		return err
	}
	if len(inProject) == 0 {
		return fmt.Errorf("the project %s has a stack, and none in the list of its stacks", project)
	}
	for _, stack := range inProject {
		if stack.OrgName != c.org || stack.ProjectName != project {
			return fmt.Errorf("%s is in the list of the stacks of %s/%s", stack.Identifier(), c.org, project)
		}
	}
	tagged, err := c.walkStacks(ctx, pulumiapi.StackListOptions{TagName: "pulumi:project", TagValue: project})
	if err != nil {
		return err
	}
	for _, stack := range tagged {
		if stack.ProjectName != project {
			return fmt.Errorf("%s is in the list of the stacks whose tag pulumi:project is %s", stack.Identifier(), project)
		}
	}
	return nil
}

// checkMemberPages knows of both lists: the one in pages, and the one that is whole
// and ends at 50.
func checkMemberPages(ctx context.Context, c *cloud) error {
	members, err := walk(ctx, "members", 0, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.OrgMember], error) {
		return c.client.Orgs.ListMembersPage(ctx, c.org, &pulumiapi.OrgMemberListOptions{Type: pulumiapi.OrgMemberSourceBackend, Cursor: cursor})
	}, func(m pulumiapi.OrgMember) string { return m.User.GitHubLogin })
	if err != nil {
		return permitted(err, "members")
	}
	if len(members) == 0 {
		return errors.New("there are no members, not even the token's user")
	}
	for _, member := range members {
		if member.User.GitHubLogin == "" {
			return fmt.Errorf("a member without a login: %+v", member)
		}
	}
	page, err := c.client.Orgs.ListMembersPage(ctx, c.org, &pulumiapi.OrgMemberListOptions{Type: pulumiapi.OrgMemberSourceFrontend})
	if err != nil {
		return permitted(err, "members")
	}
	if page.Next != "" || len(page.Items) > 50 {
		return fmt.Errorf("the frontend's list of members should be one page of 50 at most: %d, and then %q", len(page.Items), page.Next)
	}
	return nil
}

func checkTokenPages(ctx context.Context, c *cloud) error {
	key := func(token pulumiapi.AccessToken) string { return token.ID }
	var lists [2][]pulumiapi.AccessToken
	for i, size := range []int{1, 1000} {
		var err error
		lists[i], err = walk(ctx, "access tokens", size, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.AccessToken], error) {
			return c.client.Tokens.ListPage(ctx, &pulumiapi.AccessTokenListOptions{PageSize: size, Cursor: cursor})
		}, key)
		if err != nil {
			return permitted(err, "access tokens")
		}
	}
	if len(lists[1]) == 0 {
		return skipf("the user has no access tokens: is it an organization's token?")
	}
	return sameAgain("access tokens", lists[0], lists[1], key)
}

func checkAccountPages(ctx context.Context, c *cloud) error {
	key := func(account pulumiapi.InsightsAccount) string { return account.Name }
	var lists [2][]pulumiapi.InsightsAccount
	for i, size := range []int{2, 1000} {
		var err error
		lists[i], err = walk(ctx, "Insights accounts", size, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.InsightsAccount], error) {
			return c.client.Insights.ListAccountsPage(ctx, c.org, &pulumiapi.InsightsAccountListOptions{PageSize: size, Cursor: cursor})
		}, key)
		if err != nil {
			return permitted(err, "Insights accounts")
		}
	}
	if len(lists[1]) == 0 {
		return skipf("the organization has no Insights accounts")
	}
	err := c.get(ctx, "/api/preview/insights/{orgName}/accounts", []string{c.org}, url.Values{"count": {"0"}}, nil)
	return errors.Join(sameAgain("Insights accounts", lists[0], lists[1], key),
		c.refused(err, "a page of 0 accounts", http.StatusBadRequest))
}

func checkUpdatePages(ctx context.Context, c *cloud) error {
	stack, err := c.updated(ctx)
	if err != nil {
		return err
	}
	first, err := c.updatePage(ctx, stack.id, 1)
	if err != nil {
		return err
	}
	if len(first.Updates) == 0 || first.Updates[0].UpdateID != stack.updates[0].UpdateID || first.Updates[0].Info == nil {
		return fmt.Errorf("page 1 of %s should begin with the newest update, with its info", stack.id)
	}
	second, err := c.updatePage(ctx, stack.id, 2)
	if err != nil {
		return err
	}
	if len(second.Updates) > 0 && second.Updates[0].UpdateID == first.Updates[0].UpdateID {
		return fmt.Errorf("page 2 of %s is page 1", stack.id)
	}
	beyond, err := c.updatePage(ctx, stack.id, stack.total/2+2)
	if err != nil {
		return err
	}
	if len(beyond.Updates) > 0 {
		return fmt.Errorf("%d updates on the page behind the last one of %d", len(beyond.Updates), stack.total)
	}
	for i := 1; i < len(stack.updates); i++ {
		if stack.updates[i].Version >= stack.updates[i-1].Version {
			return fmt.Errorf("the updates of %s should come newest first: version %d after %d", stack.id, stack.updates[i].Version, stack.updates[i-1].Version)
		}
	}
	return nil
}

// updatePage is a page of two updates as it is on the wire.
type updatePage struct {
	Updates []struct {
		UpdateID string         `json:"updateID"`
		Info     map[string]any `json:"info"`
	} `json:"updates"`
	ItemsPerPage *int `json:"itemsPerPage"`
	Total        *int `json:"total"`
}

// updatePage gets a page of two, which has to tell its own length and that of the list.
func (c *cloud) updatePage(ctx context.Context, id pulumiapi.StackIdentifier, number int) (page updatePage, err error) {
	err = c.get(ctx, "/api/stacks/{orgName}/{projectName}/{stackName}/updates", []string{id.Org, id.Project, id.Stack},
		url.Values{"output-type": {"service"}, "page": {strconv.Itoa(number)}, "pageSize": {"2"}}, &page)
	switch {
	case err != nil:
		return page, err
	case page.Total == nil || page.ItemsPerPage == nil:
		return page, fmt.Errorf("a page of updates should have total and itemsPerPage: %.200s", c.answers.lastBody())
	case len(page.Updates) > *page.ItemsPerPage:
		return page, fmt.Errorf("%d updates on a page that says that it has %d", len(page.Updates), *page.ItemsPerPage)
	}
	return page, nil
}

func checkPreviewPages(ctx context.Context, c *cloud) error {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return err
	}
	for _, stack := range stacks {
		key := func(u pulumiapi.Update) string { return u.UpdateID }
		previews, err := walk(ctx, "previews", 3, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.Update], error) {
			return c.client.Updates.ListPreviewsPage(ctx, stack.Identifier(), &pulumiapi.PreviewListOptions{PageSize: 3, Cursor: cursor})
		}, key)
		if err != nil {
			return err
		}
		if len(previews) < 2 {
			continue
		}
		for i := 1; i < len(previews); i++ {
			if previews[i].StartTime.After(previews[i-1].StartTime.Time) {
				return fmt.Errorf("with asc=false, the previews of %s should come newest first", stack.Identifier())
			}
		}
		return nil
	}
	return skipf("none of the organization's first stacks has two previews")
}

func checkActivityPages(ctx context.Context, c *cloud) error {
	stack, err := c.updated(ctx)
	if err != nil {
		return err
	}
	activities, err := walk(ctx, "activity", 2, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.StackActivity], error) {
		return c.client.Stacks.ListActivityPage(ctx, stack.id, &pulumiapi.StackActivityListOptions{PageSize: 2, Cursor: cursor})
	}, activityKey)
	if err != nil {
		return err
	}
	if len(activities) < stack.total {
		return fmt.Errorf("%d updates of %s, and only %d activities", stack.total, stack.id, len(activities))
	}
	return nil
}

func activityKey(activity pulumiapi.StackActivity) string {
	text, _ := json.Marshal(activity) // cannot fail: it came as JSON
	return string(text)
}

func (c *cloud) walkIssues(ctx context.Context, size int) ([]pulumiapi.PolicyIssue, error) {
	return walk(ctx, "policy issues", size, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.PolicyIssue], error) {
		return c.client.PolicyIssues.ListPage(ctx, c.org, &pulumiapi.PolicyIssueListOptions{PageSize: size, Cursor: cursor})
	}, func(issue pulumiapi.PolicyIssue) string { return issue.ID })
}

func checkIssueRows(ctx context.Context, c *cloud) error {
	issues, err := c.walkIssues(ctx, 40)
	switch {
	case err != nil:
		return permitted(err, "policy issues")
	case len(issues) == 0:
		return skipf("the organization has no open policy issues")
	}
	issue, err := c.client.PolicyIssues.Get(ctx, c.org, issues[0].ID)
	if err != nil {
		return permitted(err, "a policy issue")
	}
	if issue.PolicyIssue.ID != issues[0].ID {
		return fmt.Errorf("the policy issue %s has the ID %s", issues[0].ID, issue.PolicyIssue.ID)
	}
	return nil
}

// issueRows asks for rows with empty arrays, as the package does.
func (c *cloud) issueRows(ctx context.Context, start, end int) (rows []json.RawMessage, count int, err error) {
	members := map[string]json.RawMessage{}
	_, err = c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/policyresults/issues", Read: true},
		Args:     []string{c.org},
		Body: map[string]any{
			"startRow": start, "endRow": end, "filterModel": map[string]any{"type": "AND", "conditions": []any{}}, "sortModel": []any{},
			"rowGroupCols": []any{}, "groupKeys": []any{}, "valueCols": []any{},
		},
	}, &members)
	if err != nil {
		return nil, 0, permitted(err, "policy issues")
	}
	if err := json.Unmarshal(members["policyIssues"], &rows); err != nil {
		return nil, 0, fmt.Errorf("policyIssues should be an array: %w", err)
	}
	if _, has := members["rowCount"]; !has {
		return rows, 0, skipf("rowCount is left out, as it is sometimes")
	}
	count, err = number(members, "rowCount")
	return rows, count, err
}

func checkRowBounds(ctx context.Context, c *cloud) error {
	rows, count, err := c.issueRows(ctx, 0, 2)
	switch {
	case err != nil:
		return err
	case count < 2:
		return skipf("the organization has %d open policy issues", count)
	case len(rows) != 2:
		return fmt.Errorf("%d rows from 0 to 2, which is not to be included", len(rows))
	}
	again, _, err := c.issueRows(ctx, 1, 2)
	if err != nil {
		return err
	}
	if len(again) != 1 || string(again[0]) != string(rows[1]) {
		return fmt.Errorf("the row from 1 to 2 should be the second: %s, not %s", rows[1], again)
	}
	beyond, _, err := c.issueRows(ctx, count, count+2)
	if err != nil {
		return err
	}
	if len(beyond) > 0 {
		return fmt.Errorf("%d rows behind the last one of %d", len(beyond), count)
	}
	return nil
}

func checkSearchRows(ctx context.Context, c *cloud) error {
	found, err := walk(ctx, "stacks searched", 30, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[json.RawMessage], error) {
		return c.client.Stacks.ListSearchResultsPage(ctx, c.org, &pulumiapi.StackSearchOptions{PageSize: 30, Cursor: cursor})
	}, func(row json.RawMessage) string { return string(row) })
	if err != nil {
		return permitted(err, "a search of stacks")
	}
	if len(found) == 0 {
		return skipf("a search of stacks finds nothing")
	}
	return nil
}

func checkViolationPages(ctx context.Context, c *cloud) error {
	//nolint:staticcheck // It is deprecated, and here as long as the package has it.
	found, err := walk(ctx, "policy violations", 0, func(ctx context.Context, cursor pulumiapi.Cursor) (*pulumiapi.Page[pulumiapi.PolicyViolation], error) {
		return c.client.PolicyIssues.ListViolationsPage(ctx, c.org, &pulumiapi.PolicyViolationListOptions{Cursor: cursor})
	}, func(violation pulumiapi.PolicyViolation) string { return violation.ID })
	if err != nil {
		return permitted(err, "policy violations")
	}
	if len(found) == 0 {
		return skipf("the organization has no policy violations")
	}
	return nil
}

// auditPage reads the newest page of the audit log.
func (c *cloud) auditPage(ctx context.Context, opts pulumiapi.AuditLogListOptions) ([]pulumiapi.AuditLogEvent, error) {
	page, err := c.client.AuditLogs.ListPage(ctx, c.org, &opts)
	if err != nil {
		return nil, permitted(err, "the audit log")
	}
	return page.Items, nil
}

func checkAuditLogBounds(ctx context.Context, c *cloud) error {
	newest, err := c.auditPage(ctx, pulumiapi.AuditLogListOptions{Since: time.Now().AddDate(0, 0, -60)})
	switch {
	case err != nil:
		return err
	case len(newest) < 3:
		return skipf("the audit log has %d events in 60 days", len(newest))
	}
	if err := newestFirst(newest); err != nil {
		return err
	}
	since, until := newest[len(newest)-1].Timestamp, newest[1].Timestamp
	between, err := c.auditPage(ctx, pulumiapi.AuditLogListOptions{Since: since.Time, Until: until.Time})
	if err != nil {
		return err
	}
	for _, event := range between {
		// Whether a bound is included is not known.
		if event.Timestamp.Before(since.Time) || event.Timestamp.After(until.Time.Add(time.Second)) {
			return fmt.Errorf("an event of %s is not between %s and %s", event.Timestamp, since, until)
		}
	}
	if len(between) == 0 && until.Sub(since.Time) > 2*time.Second {
		return fmt.Errorf("there are events between %s and %s, and none in the list from one to the other", since, until)
	}
	return nil
}

func newestFirst(events []pulumiapi.AuditLogEvent) error {
	for i := 1; i < len(events); i++ {
		if events[i].Timestamp.After(events[i-1].Timestamp.Time) {
			return fmt.Errorf("the audit log should come newest first: %s after %s", events[i].Timestamp, events[i-1].Timestamp)
		}
	}
	return nil
}

// checkAuditLogPages looks at two pages. The token is a second in time, so the events of
// that second may come again.
func checkAuditLogPages(ctx context.Context, c *cloud) error {
	since := time.Now().AddDate(0, 0, -60)
	first, err := c.client.AuditLogs.ListPage(ctx, c.org, &pulumiapi.AuditLogListOptions{Since: since})
	switch {
	case err != nil:
		return permitted(err, "the audit log")
	case first.Next == "":
		return skipf("the audit log of 60 days is one page")
	}
	second, err := c.client.AuditLogs.ListPage(ctx, c.org, &pulumiapi.AuditLogListOptions{Since: since, Cursor: first.Next})
	if err != nil {
		return err
	}
	return newestFirst(append(first.Items, second.Items...))
}

func checkAuditLogV1(ctx context.Context, c *cloud) error {
	newest, err := c.auditPage(ctx, pulumiapi.AuditLogListOptions{Since: time.Now().AddDate(0, 0, -60)})
	switch {
	case err != nil:
		return err
	case len(newest) < 3:
		return skipf("the audit log has %d events in 60 days", len(newest))
	}
	start := newest[len(newest)-1].Timestamp
	page, err := c.client.AuditLogs.ListV1Page(ctx, c.org, &pulumiapi.AuditLogListV1Options{StartTime: start.Time})
	if err != nil {
		return permitted(err, "the audit log")
	}
	if len(page.Items) == 0 {
		return fmt.Errorf("version 1 has no events up to %s, when one happened", start)
	}
	for _, event := range page.Items {
		if event.Timestamp.After(start.Time.Add(time.Second)) {
			return fmt.Errorf("version 1 takes startTime for the upper bound: %s is after %s", event.Timestamp, start)
		}
	}
	return newestFirst(page.Items)
}
