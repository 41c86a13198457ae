package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// filter says which issues are meant: those that all of its fields let through, of
// which a field that is empty lets everything through.
type filter struct {
	packs, policies, severities, levels, stacks, statuses, assignees program.Texts
	unassigned                                                       bool
}

// check returns what is wrong with the filter.
func (f *filter) check() error {
	if f.unassigned && len(f.assignees) > 0 {
		return errors.New("-unassigned and -assigned-to leave nothing over")
	}
	return cmp.Or(
		checkWords("severity", f.severities, severities),
		checkWords("level", f.levels, levels),
		checkWords("status", f.statuses, statuses),
	)
}

// What an issue that is not closed may be, beside severities.
var (
	levels = []pulumiapi.PolicyEnforcementLevel{
		pulumiapi.PolicyEnforcementLevelMandatory, pulumiapi.PolicyEnforcementLevelAdvisory,
		pulumiapi.PolicyEnforcementLevelRemediate, pulumiapi.PolicyEnforcementLevelDisabled,
	}
	statuses = []pulumiapi.PolicyIssueStatus{pulumiapi.PolicyIssueStatusOpen, pulumiapi.PolicyIssueStatusInProgress}
)

// checkWords returns which word that was given is none that is known: it would select
// nothing, and a check would pass.
func checkWords[T ~string](name string, given []string, known []T) error {
	for _, word := range given {
		if !slices.Contains(known, T(word)) {
			return fmt.Errorf("-%s must be one of %v: %q", name, known, word)
		}
	}
	return nil
}

// grid is the filter as the service takes it, which spares it and us the issues
// that nobody wants to see. It may let more through than it should: how the service
// compares texts is its own business.
func (f *filter) grid() pulumiapi.GridFilter {
	var conditions []pulumiapi.GridFilter
	for _, column := range []struct {
		name   string
		values program.Texts
	}{
		{"policyPack", f.packs}, {"policyName", f.policies}, {"severity", f.severities}, {"level", f.levels}, {"status", f.statuses},
	} {
		if len(column.values) > 0 {
			conditions = append(conditions, anyOf(column.values, func(value string) pulumiapi.GridFilter {
				return pulumiapi.FilterEquals(column.name, value)
			}))
		}
	}
	if len(f.stacks) > 0 {
		conditions = append(conditions, anyOf(f.stacks, func(stack string) pulumiapi.GridFilter {
			project, name, _ := strings.Cut(stack, "/")
			return pulumiapi.FilterAnd(
				pulumiapi.FilterEquals("entityType", string(pulumiapi.PolicyEntityTypeStack)),
				pulumiapi.FilterEquals("entityProject", project), pulumiapi.FilterEquals("entityId", name))
		}))
	}
	return pulumiapi.FilterAnd(conditions...)
}

func anyOf(values []string, condition func(string) pulumiapi.GridFilter) pulumiapi.GridFilter {
	conditions := make([]pulumiapi.GridFilter, len(values))
	for i, value := range values {
		conditions[i] = condition(value)
	}
	return pulumiapi.FilterOr(conditions...)
}

// selects reports whether an issue is meant. This decides, and not the service.
func (f *filter) selects(issue *pulumiapi.PolicyIssue) bool {
	for _, field := range []struct {
		values program.Texts
		value  string
	}{
		{f.packs, issue.PolicyPack},
		{f.policies, issue.PolicyName},
		{f.severities, string(issue.Severity)},
		{f.levels, string(issue.Level)},
		{f.statuses, string(issue.Status)},
		{f.assignees, assignee(issue)},
	} {
		if len(field.values) > 0 && !slices.Contains(field.values, field.value) {
			return false
		}
	}
	if len(f.stacks) > 0 && (issue.EntityType != pulumiapi.PolicyEntityTypeStack || !slices.Contains(f.stacks, where(issue))) {
		return false
	}
	return !f.unassigned || assignee(issue) == ""
}

// assignee returns the login of who takes care of an issue; empty if nobody does.
func assignee(issue *pulumiapi.PolicyIssue) string {
	if issue.AssignedTo == nil {
		return ""
	}
	return issue.AssignedTo.GitHubLogin
}

// where returns what the issue was found in: a stack or an Insights account, as
// project/stack or parent/account.
func where(issue *pulumiapi.PolicyIssue) string {
	return strings.TrimPrefix(issue.EntityProject+"/"+issue.EntityID, "/")
}

// readIssues returns the issues that are not closed and that the filter selects, and
// calls seen for each that was read.
func readIssues(ctx context.Context, client *pulumiapi.Client, org string, f *filter, seen func()) ([]pulumiapi.PolicyIssue, error) {
	var issues []pulumiapi.PolicyIssue
	for issue, err := range client.PolicyIssues.List(ctx, org, &pulumiapi.PolicyIssueListOptions{Filter: f.grid(), Parallel: 4}) {
		if err != nil {
			return nil, err
		}
		seen()
		if f.selects(issue) {
			issues = append(issues, *issue)
		}
	}
	return issues, nil
}
