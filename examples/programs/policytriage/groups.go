package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// group are the issues of a policy pack that have a severity.
type group struct {
	pack     string
	severity pulumiapi.PolicySeverity
	issues   []pulumiapi.PolicyIssue
}

// severities are the severities that are known, the worst first.
var severities = []pulumiapi.PolicySeverity{
	pulumiapi.PolicySeverityCritical, pulumiapi.PolicySeverityHigh, pulumiapi.PolicySeverityMedium, pulumiapi.PolicySeverityLow,
}

// rank returns where a severity stands; those that are not known come last.
func rank(s pulumiapi.PolicySeverity) int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

// groupIssues groups issues by pack and severity: packs by name, and in each the
// worst first. The issues of a group are in the order of their age.
func groupIssues(issues []pulumiapi.PolicyIssue) []group {
	type key struct {
		pack     string
		severity pulumiapi.PolicySeverity
	}
	members := map[key][]pulumiapi.PolicyIssue{}
	for _, issue := range issues {
		k := key{issue.PolicyPack, issue.Severity}
		members[k] = append(members[k], issue)
	}
	groups := make([]group, 0, len(members))
	for k, issues := range members {
		slices.SortStableFunc(issues, func(a, b pulumiapi.PolicyIssue) int { return a.ObservedAt.Compare(b.ObservedAt.Time) })
		groups = append(groups, group{k.pack, k.severity, issues})
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(
			cmp.Compare(a.pack, b.pack), cmp.Compare(rank(a.severity), rank(b.severity)), cmp.Compare(a.severity, b.severity))
	})
	return groups
}

// count returns how many issues of the group are as is says.
func (g *group) count(is func(*pulumiapi.PolicyIssue) bool) int {
	n := 0
	for i := range g.issues {
		if is(&g.issues[i]) {
			n++
		}
	}
	return n
}

// oldest returns for how long the group's oldest issue has been there.
func (g *group) oldest(now time.Time) string {
	for _, issue := range g.issues {
		if !issue.ObservedAt.IsZero() {
			return age(now.Sub(issue.ObservedAt.Time))
		}
	}
	return "-"
}

// age returns a time span in days.
func age(d time.Duration) string { return program.Count(max(0, int(d.Hours()/24)), "day") }

// printGroups writes a line for each group, with its issues below it if they are
// wanted, and the sums.
func printGroups(w io.Writer, groups []group, list bool, now time.Time) error {
	if len(groups) == 0 {
		_, err := fmt.Fprint(w, "\nThere are none.\n")
		return err
	}
	lines := groupLines(groups, now)
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s\n", program.Bold(lines[0]))
	total := 0
	packs := map[string]bool{}
	for i := range groups {
		g := &groups[i]
		total += len(g.issues)
		packs[g.pack] = true
		fmt.Fprintln(&out, paint(g.severity, lines[i+1]))
		if list {
			for _, issue := range g.issues {
				writeIssue(&out, &issue, now)
			}
		}
	}
	fmt.Fprintf(&out, "\n%s of %s\n", program.Count(total, "issue"), program.Count(len(packs), "policy pack"))
	_, err := io.WriteString(w, out.String())
	return err
}

// groupLines returns the table's header, and a line for each group.
func groupLines(groups []group, now time.Time) []string {
	var rows, table strings.Builder
	fmt.Fprintln(&rows, "POLICY PACK\tSEVERITY\tISSUES\tMANDATORY\tIN PROGRESS\tUNASSIGNED\tOLDEST")
	for i := range groups {
		g := &groups[i]
		fmt.Fprintf(&rows, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n",
			program.Printable(g.pack), cmp.Or(program.Printable(string(g.severity)), "-"), len(g.issues),
			g.count(func(issue *pulumiapi.PolicyIssue) bool {
				return issue.Level == pulumiapi.PolicyEnforcementLevelMandatory
			}),
			g.count(func(issue *pulumiapi.PolicyIssue) bool { return issue.Status == pulumiapi.PolicyIssueStatusInProgress }),
			g.count(func(issue *pulumiapi.PolicyIssue) bool { return assignee(issue) == "" }),
			g.oldest(now))
	}
	columns := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(columns, rows.String()) // a strings.Builder takes everything
	_ = columns.Flush()
	return strings.Split(table.String(), "\n")
}

// paint colours text by a severity.
func paint(severity pulumiapi.PolicySeverity, text string) string {
	switch severity {
	case pulumiapi.PolicySeverityCritical:
		return program.Red(text)
	case pulumiapi.PolicySeverityHigh:
		return program.Yellow(text)
	case pulumiapi.PolicySeverityMedium, pulumiapi.PolicySeverityLow:
	}
	return text
}

// writeIssue writes an issue's line: its ID, priority and who takes care of it, and
// which policy has found it where.
func writeIssue(out *strings.Builder, issue *pulumiapi.PolicyIssue, now time.Time) {
	fields := []string{
		issue.ID, string(issue.Priority), cmp.Or(assignee(issue), "nobody"), issue.PolicyName, where(issue), issue.ResourceName, "",
	}
	if !issue.ObservedAt.IsZero() {
		fields[len(fields)-1] = age(now.Sub(issue.ObservedAt.Time))
	}
	for i := range fields {
		fields[i] = cmp.Or(program.Printable(fields[i]), "-")
	}
	fmt.Fprintf(out, "  %s\n", strings.Join(fields, "  "))
}
