package main

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// report is what the report shows. All texts of other people in it are printable.
type report struct {
	Org, Where string
	Made       time.Time
	Numbers    []number
	Findings   []finding
	Gaps       []string
	Members    []memberRow // the columns of the matrix, too
	Teams      []teamRow
	Stacks     []stackRow // the rows of the matrix
	Everybody  string     // what every member may do
}

type number struct {
	Value int
	Label string
}

type memberRow struct {
	Login, Name, Role, Teams string
	Joined                   day
	Admin, Write, Read       int // the stacks for which that is the most
	Notes                    []string
}

type teamRow struct {
	Name, Description, Kind, Members string
	Admin, Write, Read               int // stacks
}

type stackRow struct {
	Project, Name, Owner, Teams string
	Updated                     day
	People                      int // who can reach it
	Cells                       []cell
}

// cell is what a member may do with a stack.
type cell struct {
	// Rank is how much that is, from 0 to 4, and Letter a letter for it.
	Rank   int
	Letter string
	// Why is a sentence with the reasons.
	Why      string
	Personal bool
}

// day is a date, or the zero time for never.
type day struct{ time.Time }

// String returns the date; empty for never.
func (d day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// newReport works out who may do what.
func newReport(o *organization, where string, made time.Time) *report {
	o.sort()
	r := &report{
		Org: program.Printable(o.name), Where: where, Made: made, Findings: find(o), Gaps: slices.Sorted(slices.Values(o.gaps)),
		Everybody: permissionName(o.everybody),
		Numbers:   []number{{len(o.members), "members"}, {len(o.teams), "teams"}, {len(o.stacks), "stacks"}},
	}
	for i := range o.members {
		r.Members = append(r.Members, newMemberRow(&o.members[i], o.teams))
	}
	for i := range o.teams {
		r.Teams = append(r.Teams, newTeamRow(&o.teams[i]))
	}
	table := newAccessTable(o)
	for i := range o.stacks {
		r.Stacks = append(r.Stacks, r.newStackRow(o, table, &o.stacks[i]))
	}
	return r
}

// sort brings what was read into an order that people can find things in.
func (o *organization) sort() {
	slices.SortFunc(o.members, func(a, b pulumiapi.OrgMember) int { return cmp.Compare(a.User.GitHubLogin, b.User.GitHubLogin) })
	slices.SortFunc(o.teams, func(a, b pulumiapi.Team) int { return cmp.Compare(teamName(&a), teamName(&b)) })
	slices.SortFunc(o.stacks, func(a, b pulumiapi.StackSummary) int {
		return cmp.Or(cmp.Compare(a.ProjectName, b.ProjectName), cmp.Compare(a.StackName, b.StackName))
	})
}

// newStackRow returns a row of the matrix, and counts it for the members.
func (r *report) newStackRow(o *organization, table *accessTable, stack *pulumiapi.StackSummary) stackRow {
	id := stack.Identifier()
	row := stackRow{
		Project: program.Printable(stack.ProjectName), Name: program.Printable(stack.StackName),
		Owner: program.Printable(o.owners[id].GitHubLogin), Updated: day{stack.LastUpdate.Time},
	}
	var teams []string
	for i := range o.teams {
		if slices.ContainsFunc(o.teams[i].Stacks, func(s pulumiapi.TeamStackAccess) bool {
			return s.ProjectName == stack.ProjectName && s.StackName == stack.StackName && s.Permission != pulumiapi.StackPermissionNone
		}) {
			teams = append(teams, program.Printable(teamName(&o.teams[i])))
		}
	}
	row.Teams = strings.Join(teams, ", ")
	for i := range o.members {
		a := table.of(&o.members[i], id)
		row.Cells = append(row.Cells, newCell(a))
		if a.permission != pulumiapi.StackPermissionNone {
			row.People++
		}
		count(a.permission, &r.Members[i].Admin, &r.Members[i].Write, &r.Members[i].Read)
	}
	return row
}

// newCell returns what a member may do, as a letter. One that is not known here
// passes for the largest.
func newCell(a access) cell {
	c := cell{Personal: a.personal, Why: program.Printable(strings.Join(a.reasons, "; "))}
	switch a.permission {
	case pulumiapi.StackPermissionNone:
	case pulumiapi.StackPermissionRead:
		c.Rank, c.Letter = 1, "R"
	case pulumiapi.StackPermissionEdit:
		c.Rank, c.Letter = 2, "W"
	case pulumiapi.StackPermissionAdmin:
		c.Rank, c.Letter = 3, "A"
	case pulumiapi.StackPermissionCreator:
		c.Rank, c.Letter = 4, "C"
	default:
		c.Rank, c.Letter = 4, "?"
	}
	return c
}

// count adds a permission to the number that it belongs to.
func count(p pulumiapi.StackPermission, admin, write, read *int) {
	switch {
	case p >= pulumiapi.StackPermissionAdmin:
		*admin++
	case p >= pulumiapi.StackPermissionEdit:
		*write++
	case p >= pulumiapi.StackPermissionRead:
		*read++
	}
}

func newMemberRow(m *pulumiapi.OrgMember, teams []pulumiapi.Team) memberRow {
	row := memberRow{
		Login: program.Printable(m.User.GitHubLogin), Name: program.Printable(m.User.Name), Role: program.Printable(roleName(m)),
		Joined: day{m.Created.Time},
	}
	var names []string
	for i := range teams {
		for _, member := range teams[i].Members {
			if member.GitHubLogin == m.User.GitHubLogin {
				names = append(names, program.Printable(teamName(&teams[i])))
			}
		}
	}
	row.Teams = strings.Join(names, ", ")
	for _, note := range []struct {
		applies bool
		text    string
	}{
		{!m.KnownToPulumi, "no account"}, {m.VirtualAdmin, "administrator here only"}, {hasCustomRole(m), "custom role"}, {len(names) == 0, "no team"},
	} {
		if note.applies {
			row.Notes = append(row.Notes, note.text)
		}
	}
	return row
}

func newTeamRow(t *pulumiapi.Team) teamRow {
	row := teamRow{
		Name: program.Printable(teamName(t)), Description: program.Printable(t.Description), Kind: program.Printable(string(t.Kind)),
	}
	var members []string
	for _, m := range t.Members {
		name := program.Printable(m.GitHubLogin)
		if m.Role == pulumiapi.TeamRoleAdmin {
			name += " (leads)"
		}
		members = append(members, name)
	}
	row.Members = strings.Join(members, ", ")
	for _, s := range t.Stacks {
		count(s.Permission, &row.Admin, &row.Write, &row.Read)
	}
	return row
}

//go:embed report.html
var page string

//go:embed report.css
var style string

//go:embed report.js
var script string

var pageTemplate = template.Must(template.New("report").Parse(page))

// write writes the report as a page. Its policy lets a browser run the script and
// use the style that are in it, and nothing else, and speak to nobody.
func (r *report) write(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		*report

		Style       template.CSS
		Script      template.JS
		StyleSource string
		JSSource    string
	}{
		r,
		template.CSS(style), template.JS(script), //nolint:gosec // these are files of this program
		source(style), source(script),
	})
}

// source returns how a content security policy names a text by its hash.
func source(text string) string {
	hash := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}
