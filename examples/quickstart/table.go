package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pulumiapi/pulumiapi"
)

// Longer names and tags are cut, so that a line fits a wide terminal. On one that
// is not so wide they may shrink to the smaller numbers.
const (
	maxNameWidth, minNameWidth = 56, 20
	maxTagsWidth, minTagsWidth = 56, 18
)

// The table's columns.
const (
	nameColumn = iota
	updateColumn
	ageColumn
	dayColumn
	resourcesColumn
	tagsColumn
	columns
)

// gap is what stands between columns.
const gap = "  "

// line is a line of the table.
type line [columns]string

// printTable writes the rows in aligned columns, and a line that sums them up.
func printTable(w screen, found listing, now time.Time) error {
	if len(found.rows) == 0 {
		_, err := fmt.Fprintln(w, "No stacks.")
		return err
	}
	lines := []line{{"STACK", "LAST UPDATE", "WHEN", "", "RESOURCES", "TAGS"}}
	tones := []tone{plain}
	for i := range found.rows {
		line, tone := found.rows[i].line(now)
		lines, tones = append(lines, line), append(tones, tone)
	}
	widths, whole := fit(lines, w.width)
	if !whole {
		for i := range found.rows {
			lines[i+1][tagsColumn] = found.rows[i].describeTags(widths[tagsColumn])
		}
	}
	var out strings.Builder
	for i, line := range lines {
		fmt.Fprintln(&out, line.join(widths, func(update string) string { return w.paint(tones[i], update) }))
	}
	out.WriteString("\n" + found.sum())
	if widths[tagsColumn] == 0 {
		fmt.Fprintln(&out, "There is no room for their tags: a wider terminal shows them.")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// line returns what the table tells of a stack, and the tone of its update.
func (r *row) line(now time.Time) (line, tone) {
	age, day := lastUpdate(r.LastUpdate.Time, now)
	update, tone := r.updateNote, plain
	if r.update != nil {
		update, tone = fmt.Sprintf("%s %s", cut(printable(string(r.update.Kind)), 20), resultOf(r.update)), toneOf(r.update.Result)
	}
	return line{
		cut(r.name(), maxNameWidth), update, age, day, fmt.Sprint(r.ResourceCount), r.describeTags(maxTagsWidth),
	}, tone
}

// fit returns how wide the columns are, 0 for those that are left out, so that a
// line is not longer than room, where 0 is endless; and whether that is as wide
// as they would like to be. First to go is the day, of which the age tells most.
func fit(lines []line, room int) (widths [columns]int, whole bool) {
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	over := func() int {
		length := -len(gap)
		for _, width := range widths {
			if width > 0 {
				length += width + len(gap)
			}
		}
		return length - room
	}
	if room == 0 || over() <= 0 {
		return widths, true
	}
	widths[dayColumn] = 0
	if n := over(); n > 0 {
		widths[tagsColumn] -= n
		if widths[tagsColumn] < minTagsWidth {
			widths[tagsColumn] = 0
		}
	}
	if n := over(); n > 0 {
		widths[nameColumn] = max(minNameWidth, widths[nameColumn]-n)
	}
	return widths, false
}

// join returns the line as text; paint colours the update in it.
func (l line) join(widths [columns]int, paint func(string) string) string {
	var cells []string
	for i, cell := range l {
		width := widths[i]
		if width == 0 {
			continue
		}
		cell = cut(cell, width)
		switch i {
		case resourcesColumn:
			cell = fmt.Sprintf("%*s", width, cell)
		case updateColumn:
			cell = paint(cell) + strings.Repeat(" ", width-utf8.RuneCountInString(cell))
		default:
			cell = pad(cell, width)
		}
		cells = append(cells, cell)
	}
	return strings.TrimRight(strings.Join(cells, gap), " ")
}

// sum returns what there is in all.
func (l *listing) sum() string {
	resources := 0
	results := map[pulumiapi.UpdateResult]int{}
	for i := range l.rows {
		resources += l.rows[i].ResourceCount
		if l.rows[i].update != nil {
			results[l.rows[i].update.Result]++
		}
	}
	text := fmt.Sprintf("%s, %s\n", count(len(l.rows), "stack"), count(resources, "resource"))
	failed, running := results[pulumiapi.UpdateResultFailed], results[pulumiapi.UpdateResultInProgress]
	if failed+running > 0 {
		text += fmt.Sprintf("Last updates: %d failed, %d running\n", failed, running)
	}
	switch {
	case l.incomplete:
		text += "The list is not complete.\n"
	case l.limited:
		text += "There are more stacks: -limit 0 shows all.\n"
	}
	return text
}

// lastUpdate returns how long ago the update was, and its day.
func lastUpdate(updated, now time.Time) (age, day string) {
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
func (r *row) describeTags(room int) string {
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
	if utf8.RuneCountInString(all) <= room {
		return all
	}
	// The last one in part, or none of it: what counts is that there is more.
	text, shown := "", 0
	for i, tag := range own {
		next := strings.TrimPrefix(text+" "+tag, " ")
		if utf8.RuneCountInString(next)+len(more(len(own)-i-1)) > room {
			break
		}
		text, shown = next, i+1
	}
	if shown == 0 {
		rest := more(len(own) - 1)
		return cut(own[0], room-len(rest)) + rest
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
