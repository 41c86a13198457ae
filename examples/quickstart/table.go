package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Longer names and tags are cut, so that a line fits a wide terminal.
const (
	maxNameWidth = 56
	maxTagsWidth = 56
)

// printTable writes the rows in aligned columns, and a line that sums them up.
func printTable(w io.Writer, found listing, now time.Time) error {
	if len(found.rows) == 0 {
		_, err := fmt.Fprintln(w, "No stacks.")
		return err
	}
	lines := [][]string{{"STACK", "LAST UPDATE", "", "RESOURCES", "TAGS"}}
	resources := 0
	for _, r := range found.rows {
		age, date := lastUpdate(r.LastUpdate.Time, now)
		name := r.ProjectName + "/" + r.StackName // the organization is the same for all
		lines = append(lines, []string{
			cut(printable(name), maxNameWidth), age, date, fmt.Sprint(r.ResourceCount), r.describeTags(),
		})
		resources += r.ResourceCount
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, line := range lines {
		text := fmt.Sprintf("%-*s  %-*s  %-*s  %*s  %s",
			widths[0], line[0], widths[1], line[1], widths[2], line[2], widths[3], line[3], line[4])
		fmt.Fprintln(&out, strings.TrimRight(text, " "))
	}
	fmt.Fprintf(&out, "\n%s, %s\n", count(len(found.rows), "stack"), count(resources, "resource"))
	switch {
	case found.incomplete:
		fmt.Fprintln(&out, "The list is not complete.")
	case found.limited:
		fmt.Fprintln(&out, "There are more stacks: -limit 0 shows all.")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// lastUpdate returns how long ago the update was, and its day.
func lastUpdate(updated, now time.Time) (age, date string) {
	if updated.IsZero() {
		return "never", ""
	}
	return ago(now.Sub(updated)), updated.Local().Format(time.DateOnly)
}

// ago returns a duration in the unit that people would use.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute: // a clock that is slow makes it negative
		return "just now"
	case d < 2*time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 2*day:
		return count(int(d/time.Hour), "hour") + " ago"
	case d < 60*day:
		return count(int(d/day), "day") + " ago"
	case d < 730*day:
		return count(int(d/(30*day)), "month") + " ago"
	}
	return count(int(d/(365*day)), "year") + " ago"
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

// describeTags returns the tags that people have set, as many as there is room
// for.
func (r *row) describeTags() string {
	if r.note != "" {
		return r.note
	}
	var own []string
	for _, name := range slices.Sorted(maps.Keys(r.tags)) {
		if !isBuiltIn(name) {
			own = append(own, printable(name+"="+r.tags[name]))
		}
	}
	all := strings.Join(own, " ")
	if utf8.RuneCountInString(all) <= maxTagsWidth {
		return all
	}
	// The last one in part, or none of it: what counts is that there is more.
	text, shown := "", 0
	for i, tag := range own {
		next := strings.TrimPrefix(text+" "+tag, " ")
		if utf8.RuneCountInString(next)+len(more(len(own)-i-1)) > maxTagsWidth {
			break
		}
		text, shown = next, i+1
	}
	if shown == 0 {
		rest := more(len(own) - 1)
		return cut(own[0], maxTagsWidth-len(rest)) + rest
	}
	return text + more(len(own)-shown)
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" +%d more", n)
}

// isBuiltIn reports whether Pulumi sets the tag itself, on nearly every stack.
func isBuiltIn(tag string) bool {
	return strings.HasPrefix(tag, "pulumi:") || strings.HasPrefix(tag, "vcs:") || strings.HasPrefix(tag, "gitHub:")
}

// printable returns text without what could move the cursor or break a line: it
// comes from other people.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, text)
}

// cut shortens text to width characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
