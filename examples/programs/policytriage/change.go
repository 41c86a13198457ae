package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// change is what is to be done to issues; a field that is empty leaves alone.
type change struct {
	assign   string // a login
	priority pulumiapi.PolicyIssuePriority
}

var priorities = []pulumiapi.PolicyIssuePriority{
	pulumiapi.PolicyIssuePriorityP0, pulumiapi.PolicyIssuePriorityP1, pulumiapi.PolicyIssuePriorityP2,
	pulumiapi.PolicyIssuePriorityP3, pulumiapi.PolicyIssuePriorityP4,
}

func (c change) isEmpty() bool { return c == change{} }

// check returns what is wrong with the change.
func (c change) check() error {
	if c.priority != "" && !slices.Contains(priorities, c.priority) {
		return fmt.Errorf("-priority must be one of p0 to p4: %q", c.priority)
	}
	return nil
}

// request returns what there is to do with an issue. It is empty if the issue is as
// it should be.
func (c change) request(issue *pulumiapi.PolicyIssue) (req pulumiapi.PolicyIssueUpdateRequest, needed bool) {
	if c.priority != "" && c.priority != issue.Priority {
		req.Priority = &c.priority
	}
	if c.assign != "" && c.assign != assignee(issue) {
		req.AssignedTo = pulumiapi.NullableOf(c.assign)
	}
	return req, req.Priority != nil || !req.AssignedTo.IsZero()
}

// describe returns what a request does to an issue, as in "priority p4 → p1".
func describe(req *pulumiapi.PolicyIssueUpdateRequest, issue *pulumiapi.PolicyIssue, login string) string {
	var parts []string
	if req.Priority != nil {
		parts = append(parts, fmt.Sprintf("priority %s → %s", cmp.Or(program.Printable(string(issue.Priority)), "none"), *req.Priority))
	}
	if !req.AssignedTo.IsZero() {
		before := assignee(issue)
		if before == "" {
			before = "nobody"
		}
		parts = append(parts, fmt.Sprintf("assigned to %s → %s", program.Printable(before), program.Printable(login)))
	}
	return strings.Join(parts, ", ")
}

// triage changes issues.
type triage struct {
	client *pulumiapi.Client
	org    string
	change change
	dryRun bool
	out    *program.Output
}

// task is an issue that is to be changed.
type task struct {
	issue *pulumiapi.PolicyIssue
	req   pulumiapi.PolicyIssueUpdateRequest
	err   error // what became of it
}

// atATime is how many issues are changed at the same time.
const atATime = 8

// run changes the issues of all groups that are not yet as they should be, or says
// how it would. That some could not be changed is an error, after all were tried.
func (t *triage) run(ctx context.Context, groups []group) error {
	tasks, total := t.plan(groups)
	if err := t.checkAssignee(ctx); err != nil {
		return err
	}
	if len(tasks) > 0 {
		if _, err := fmt.Fprintln(t.out.Stdout); err != nil {
			return err
		}
	}
	if t.dryRun {
		for i := range tasks {
			if err := t.print(&tasks[i]); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(t.out.Stdout, "\nWould change %d of %s; nothing was changed.\n", len(tasks), program.Count(total, "issue"))
		return err
	}
	done, err := t.apply(ctx, tasks)
	parts := []string{fmt.Sprintf("Changed %d of %s", done.changed, program.Count(total, "issue"))}
	for _, rest := range []struct {
		number int
		what   string
	}{
		{total - len(tasks), "needed no change"}, {done.failed, "failed"}, {len(tasks) - done.changed - done.failed, "not tried"},
	} {
		if rest.number > 0 {
			parts = append(parts, fmt.Sprint(rest.number, " ", rest.what))
		}
	}
	_, printErr := fmt.Fprintf(t.out.Stdout, "\n%s.\n", strings.Join(parts, "; "))
	return errors.Join(err, printErr)
}

// tally is how many issues were changed, and how many could not be.
type tally struct {
	changed, failed int
}

// plan returns what there is to do, and the number of all issues.
func (t *triage) plan(groups []group) (tasks []task, total int) {
	for _, g := range groups {
		for i := range g.issues {
			total++
			if req, needed := t.change.request(&g.issues[i]); needed {
				tasks = append(tasks, task{issue: &g.issues[i], req: req})
			}
		}
	}
	return tasks, total
}

// checkAssignee finds out that a login is misspelled before it is given to the first
// of many issues.
func (t *triage) checkAssignee(ctx context.Context) error {
	if t.change.assign == "" {
		return nil
	}
	for member, err := range t.client.Orgs.ListMembers(ctx, t.org, nil) {
		if err != nil {
			return err
		}
		if member.User.GitHubLogin == t.change.assign {
			return nil
		}
	}
	return fmt.Errorf("%s has no member %q to assign issues to", t.org, t.change.assign)
}

// apply carries out the tasks, some at a time, and tells of each in their order.
// When of so many none succeeds, the fault is not the issues', and it gives up.
func (t *triage) apply(ctx context.Context, tasks []task) (done tally, err error) {
	for batch := range slices.Chunk(tasks, atATime) {
		before := done
		t.applyBatch(ctx, batch)
		for i := range batch {
			if batch[i].err == nil {
				done.changed++
			} else {
				done.failed++
			}
		}
		for i := range batch {
			if err := t.print(&batch[i]); err != nil {
				return done, err
			}
		}
		switch {
		case ctx.Err() != nil:
			return done, ctx.Err()
		case done.failed-before.failed == atATime && done.changed+done.failed < len(tasks):
			return done, fmt.Errorf("gave up: %w", batch[0].err)
		}
	}
	if done.failed > 0 {
		return done, fmt.Errorf("%d of %s could not be changed", done.failed, program.Count(len(tasks), "issue"))
	}
	return done, nil
}

// applyBatch carries out tasks at the same time.
func (t *triage) applyBatch(ctx context.Context, batch []task) {
	var running sync.WaitGroup
	for i := range batch {
		running.Go(func() {
			_, batch[i].err = t.client.PolicyIssues.Update(ctx, t.org, batch[i].issue.ID, batch[i].req)
		})
	}
	running.Wait()
}

// print tells of a task: what was done, what would be, or why it was not.
func (t *triage) print(done *task) error {
	issue := done.issue
	about := program.Printable(fmt.Sprintf("%s  %s/%s  %s  %s", issue.ID, issue.PolicyPack, issue.PolicyName, where(issue), issue.ResourceName))
	what := describe(&done.req, issue, t.change.assign)
	if done.err == nil {
		_, err := fmt.Fprintf(t.out.Stdout, "%s: %s\n", about, what)
		return err
	}
	unsure := ""
	if errors.Is(done.err, pulumiapi.ErrOutcomeUnknown) {
		unsure = " (it may have been changed)"
	}
	t.out.Say("%s: not changed%s: %s", about, unsure, program.Printable(done.err.Error()))
	return nil
}
