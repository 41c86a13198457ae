package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// What is not here, as the package takes it either way: successes with and without a
// body, null and absent and empty, fields and values that are new, the three forms of
// times. What is not here, as it needs data that must be made by somebody else: secret
// values under Accept +9; writing to members, teams, access tokens, Insights accounts
// and policy issues, which belong to no project.
var readChecks = []check{
	{name: "a stack says of itself what the list says", run: checkStack},
	{name: "times are seconds", run: checkTimes},
	{name: "a state has a version and a deployment", run: checkState},
	{name: "the organization's webhooks are an array", run: checkOrgWebhooks},
	{name: "teams are found by their names", run: checkTeams},
	{name: "account names are decoded twice", run: checkAccountNames},
	{name: "the export of the audit log is CSV, and always gzip", run: checkAuditExport},
	{name: "capabilities can be asked without an organization", run: checkCapabilities, anywhere: true},
}

func checkStack(ctx context.Context, c *cloud) error {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return err
	}
	for _, summary := range stacks[:min(len(stacks), 5)] {
		stack, err := c.client.Stacks.Get(ctx, summary.Identifier())
		if err != nil {
			return err
		}
		switch {
		case stack.Identifier() != summary.Identifier():
			return fmt.Errorf("%s says that it is %s", summary.Identifier(), stack.Identifier())
		case stack.Tags["pulumi:project"] != summary.ProjectName:
			return fmt.Errorf("%s has the tag pulumi:project %q", summary.Identifier(), stack.Tags["pulumi:project"])
		case stack.CurrentOperation != nil && stack.CurrentOperation.Kind == "":
			return fmt.Errorf("%s has an operation under way, of no kind", summary.Identifier())
		}
	}
	return nil
}

// checkTimes finds times that were taken for another unit: they lie in 1970 or far
// ahead.
func checkTimes(ctx context.Context, c *cloud) error {
	stack, err := c.updated(ctx)
	if err != nil {
		return err
	}
	begin, end := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().Add(24*time.Hour)
	for _, update := range stack.updates {
		for _, at := range []pulumiapi.Timestamp{update.StartTime, update.EndTime} {
			if !at.IsZero() && (at.Before(begin) || at.After(end)) {
				return fmt.Errorf("version %d of %s was at %s", update.Version, stack.id, at)
			}
		}
		if !update.EndTime.IsZero() && update.EndTime.Before(update.StartTime.Time) {
			return fmt.Errorf("version %d of %s ended at %s, before it began at %s", update.Version, stack.id, update.EndTime, update.StartTime)
		}
	}
	return nil
}

func checkState(ctx context.Context, c *cloud) error {
	stacks, err := c.someStacks(ctx)
	if err != nil {
		return err
	}
	stack := stacks[0]
	for _, other := range stacks {
		if !other.LastUpdate.IsZero() { // so it has a state
			stack = other
			break
		}
	}
	id := stack.Identifier()
	state, err := c.client.Stacks.Export(ctx, id)
	if err != nil {
		return permitted(err, "a state")
	}
	if state.Version < 1 || !bytes.HasPrefix(bytes.TrimSpace(state.Deployment), []byte("{")) {
		return fmt.Errorf("the state of %s has version %d, and this deployment: %.100s", id, state.Version, state.Deployment)
	}
	if state.Version > 4 {
		return skipf("the state has version %d, which the package doesn't decode", state.Version)
	}
	snapshot, err := state.Decode()
	if err != nil {
		return fmt.Errorf("the state of %s: %w", id, err)
	}
	for _, resource := range snapshot.Resources {
		if resource.URN == "" || resource.Type == "" {
			return fmt.Errorf("the state of %s has a resource without a URN or a type", id)
		}
	}
	return nil
}

// checkOrgWebhooks looks at an answer that is not an object, as all others are.
func checkOrgWebhooks(ctx context.Context, c *cloud) error {
	if _, err := c.client.Webhooks.List(ctx, pulumiapi.OrgScope(c.org)); err != nil {
		return permitted(err, "webhooks")
	}
	var hooks []struct {
		Name     *string `json:"name"`
		Org      *string `json:"organizationName"`
		HasValue *bool   `json:"hasSecret"`
		Secret   *string `json:"secret"`
	}
	last := c.answers.lastBody()
	if err := json.Unmarshal(last, &hooks); err != nil {
		return fmt.Errorf("webhooks should come as an array: %w: %.200s", err, last)
	}
	for _, hook := range hooks {
		switch {
		case hook.Name == nil || hook.Org == nil || *hook.Org != c.org:
			return fmt.Errorf("a webhook without a name, or of another organization: %.200s", last)
		case hook.Secret != nil && *hook.Secret != "":
			return fmt.Errorf("the webhook %s shows its secret", *hook.Name)
		}
	}
	return nil
}

func checkTeams(ctx context.Context, c *cloud) error {
	teams, err := c.client.Teams.List(ctx, c.org)
	switch {
	case err != nil:
		return permitted(err, "teams")
	case len(teams) == 0:
		return skipf("the organization has no teams")
	}
	team, err := c.client.Teams.Get(ctx, c.org, teams[0].Name)
	if err != nil {
		return permitted(err, "a team")
	}
	if team.Name != teams[0].Name || team.Kind == "" {
		return fmt.Errorf("the team %s says that it is %s, of the kind %q", teams[0].Name, team.Name, team.Kind)
	}
	return nil
}

// checkAccountNames needs an account whose name has a slash, as those of an account's
// regions do: escaped once, it would lead elsewhere.
func checkAccountNames(ctx context.Context, c *cloud) error {
	seen := 0
	for account, err := range c.client.Insights.ListAccounts(ctx, c.org, nil) {
		if err != nil {
			return permitted(err, "Insights accounts")
		}
		if strings.ContainsAny(account.Name, "/%") {
			got, err := c.client.Insights.GetAccount(ctx, c.org, account.Name)
			if err != nil {
				return fmt.Errorf("the account %q: %w", account.Name, err)
			}
			if got.Name != account.Name {
				return fmt.Errorf("the account %q says that it is %q", account.Name, got.Name)
			}
			return nil
		}
		if seen++; seen == maxWalked {
			break
		}
	}
	return skipf("no Insights account has a slash in its name")
}

func checkAuditExport(ctx context.Context, c *cloud) error {
	var out bytes.Buffer
	_, err := c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/v2/export"},
		Args:     []string{c.org},
		Query:    map[string][]string{"startTime": {fmt.Sprint(time.Now().AddDate(0, 0, -30).Unix())}, "format": {"csv"}},
		Header:   http.Header{"Accept-Encoding": {"identity"}},
	}, &out)
	if refusal, ok := err.(*pulumiapi.APIError); ok && refusal.StatusCode == http.StatusBadRequest { //nolint:errorlint // the service's own
		return skipf("the export of the audit log needs an Enterprise subscription: %v", err)
	}
	if err != nil {
		return permitted(err, "the export of the audit log")
	}
	if !bytes.HasPrefix(out.Bytes(), []byte{0x1f, 0x8b}) {
		return fmt.Errorf("the export is not gzip, although it need not be asked for: %.60q", out.Bytes())
	}
	export, err := c.client.AuditLogs.Export(ctx, c.org, &pulumiapi.AuditLogExportOptions{Since: time.Now().AddDate(0, 0, -30)})
	if err != nil {
		return permitted(err, "the export of the audit log")
	}
	defer export.Close()
	for _, err := range pulumiapi.DecodeAuditLogCSV(export) {
		if err != nil {
			return fmt.Errorf("the export: %w", err)
		}
		break
	}
	return nil
}

func checkCapabilities(ctx context.Context, c *cloud) error {
	capabilities, err := c.client.Meta.ListCapabilities(ctx)
	if err != nil {
		return err
	}
	for _, capability := range capabilities {
		if capability.Capability == "" {
			return fmt.Errorf("a capability without a name: %+v", capability)
		}
	}
	return nil
}
