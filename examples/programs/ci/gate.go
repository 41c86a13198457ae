package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// readers is how many stacks are read at the same time.
const readers = 8

// verdict is what the gate says of a stack.
type verdict struct {
	stack pulumiapi.StackIdentifier
	// last is the last update that has ended, nil if there was none, and running
	// says that another one is under way.
	last    *pulumiapi.Update
	running bool
	age     time.Duration // since the newest update began
	// problems are what closes the gate.
	problems []string
}

func countClosed(verdicts []verdict) int {
	n := 0
	for i := range verdicts {
		if len(verdicts[i].problems) > 0 {
			n++
		}
	}
	return n
}

// judge looks at all stacks.
func (s *settings) judge(ctx context.Context, client *pulumiapi.Client, now time.Time, out *program.Output) ([]verdict, error) {
	progress := out.Progress(0, "looking for stacks")
	defer func() { progress.Done() }()
	stacks, err := s.find(ctx, client)
	if err != nil {
		return nil, err
	}
	progress.Done()

	progress = out.Progress(len(stacks), "checking stacks")
	verdicts := make([]verdict, len(stacks))
	var issues map[pulumiapi.StackIdentifier][]pulumiapi.PolicyIssue
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	if s.policy {
		group.Go(func() (err error) {
			issues, err = openIssues(ctx, client, s.cloud.Org, stacks)
			return err
		})
	}
	for i, stack := range stacks {
		verdicts[i].stack = stack
		group.Go(func() error {
			defer progress.Add(1)
			return verdicts[i].readUpdates(ctx, client, now)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range verdicts {
		v := &verdicts[i]
		v.problems = slices.Concat(s.judgeUpdates(v), describeIssues(issues[v.stack]))
	}
	return verdicts, nil
}

// find returns the stacks that are named, and those of the projects, each once. A
// project without stacks is an error: its name may be wrong.
func (s *settings) find(ctx context.Context, client *pulumiapi.Client) ([]pulumiapi.StackIdentifier, error) {
	found := slices.Clone(s.stacks)
	for _, project := range s.projects {
		before := len(found)
		for stack, err := range client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: s.cloud.Org, Project: project}) {
			if err != nil {
				return nil, err
			}
			// Not its Identifier, whose organization may be in another case than the user's.
			found = append(found, pulumiapi.StackIdentifier{Org: s.cloud.Org, Project: stack.ProjectName, Stack: stack.StackName})
		}
		if len(found) == before {
			return nil, fmt.Errorf("no stacks in project %s of %s", project, s.cloud.Org)
		}
	}
	slices.SortFunc(found, func(a, b pulumiapi.StackIdentifier) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Stack, b.Stack))
	})
	return slices.Compact(found), nil
}

// readUpdates finds the last update that has ended, and how old the newest one is.
func (v *verdict) readUpdates(ctx context.Context, client *pulumiapi.Client, now time.Time) error {
	newest := true
	for update, err := range client.Updates.List(ctx, v.stack, &pulumiapi.UpdateListOptions{PageSize: 2}) {
		if err != nil {
			return err
		}
		if newest {
			v.age = max(0, now.Sub(update.StartTime.Time)) // clocks differ
			newest = false
		}
		if update.Result != pulumiapi.UpdateResultInProgress && update.Result != pulumiapi.UpdateResultNotStarted {
			v.last = update
			break
		}
		v.running = true
	}
	return nil
}

// judgeUpdates returns what the stack's updates say against it.
func (s *settings) judgeUpdates(v *verdict) []string {
	var problems []string
	if s.failed && v.last != nil && v.last.Result == pulumiapi.UpdateResultFailed {
		problems = append(problems, "the last update failed: "+v.describeLast())
	}
	switch {
	case s.maxAge == 0:
	case v.last == nil && !v.running:
		problems = append(problems, "there was no update")
	case v.age > time.Duration(s.maxAge):
		problems = append(problems, fmt.Sprintf("the last update began %s, more than %s", program.Ago(v.age), s.maxAge))
	}
	return problems
}

// describeLast tells of the last update that has ended.
func (v *verdict) describeLast() string {
	text := fmt.Sprintf("%s %d", v.last.Kind, v.last.Version)
	if by := cmp.Or(v.last.RequestedBy.GitHubLogin, v.last.RequestedBy.Name); by != "" {
		text += " by " + by
	}
	if v.last.Message != "" {
		text += ": " + v.last.Message
	}
	return text
}

// openIssues returns the open mandatory policy issues of stacks. The service narrows
// the list down, if it can.
func openIssues(ctx context.Context, client *pulumiapi.Client, org string, stacks []pulumiapi.StackIdentifier) (map[pulumiapi.StackIdentifier][]pulumiapi.PolicyIssue, error) {
	found := map[pulumiapi.StackIdentifier][]pulumiapi.PolicyIssue{}
	const mandatory = pulumiapi.PolicyEnforcementLevelMandatory
	opts := &pulumiapi.PolicyIssueListOptions{Filter: pulumiapi.FilterEquals("level", string(mandatory)), Parallel: 4}
	for issue, err := range client.PolicyIssues.List(ctx, org, opts) {
		if err != nil {
			return nil, err
		}
		id := pulumiapi.StackIdentifier{Org: org, Project: issue.EntityProject, Stack: issue.EntityID}
		if issue.Level == mandatory && issue.EntityType == pulumiapi.PolicyEntityTypeStack && slices.Contains(stacks, id) {
			found[id] = append(found[id], *issue)
		}
	}
	return found, nil
}

// describeIssues returns a text for each policy that is not met.
func describeIssues(issues []pulumiapi.PolicyIssue) []string {
	type policy struct{ pack, name string }
	var order []policy
	grouped := map[policy][]pulumiapi.PolicyIssue{}
	for _, issue := range issues {
		p := policy{issue.PolicyPack, issue.PolicyName}
		if grouped[p] == nil {
			order = append(order, p)
		}
		grouped[p] = append(grouped[p], issue)
	}
	var texts []string
	for _, p := range order {
		group := grouped[p]
		text := fmt.Sprintf("policy %s of %s", p.name, p.pack)
		if group[0].Severity != "" {
			text += fmt.Sprintf(" (severity %s)", group[0].Severity)
		}
		text += " is violated by " + cmp.Or(group[0].ResourceName, group[0].ResourceURN)
		if others := len(group) - 1; others > 0 {
			text += " and " + program.Count(others, "other")
		}
		if group[0].Message != "" {
			text += ": " + strings.ReplaceAll(group[0].Message, "\n", " / ")
		}
		texts = append(texts, text)
	}
	return texts
}
