package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// The table's columns.
const (
	nameColumn = iota
	ownerColumn
	ageColumn
	resourcesColumn
	tagsColumn
	columns
)

// Longer texts are cut. The tags get what is left of a terminal's line, and are left
// out where that is less than minTagsWidth.
const (
	maxNameWidth  = 56
	maxOwnerWidth = 24
	maxTagsWidth  = 56
	minTagsWidth  = 12
)

// gap is what stands between columns.
const gap = "  "

type line [columns]string

// writeTable writes the stacks in aligned columns, and a line that sums them up.
func (s *settings) writeTable(out *program.Output, where string, stacks []stack) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Stacks of %s, from %s\n\n", program.Printable(s.cloud.Org), where)
	if len(stacks) == 0 {
		text.WriteString("No stacks.\n")
		_, err := io.WriteString(out.Stdout, text.String())
		return err
	}
	lines := []line{{"STACK", "OWNER", "LAST UPDATE", "RESOURCES", "TAGS"}}
	for i := range stacks {
		lines = append(lines, stacks[i].line())
	}
	widths := fit(lines, out.Width)
	for i, line := range lines {
		row := line.join(widths)
		switch {
		case i == 0:
			row = program.Bold(row)
		case stacks[i-1].Stale:
			row = program.Yellow(row)
		}
		fmt.Fprintln(&text, row)
	}
	text.WriteString("\n" + s.sum(stacks) + "\n")
	_, err := io.WriteString(out.Stdout, text.String())
	return err
}

// line returns what the table tells of a stack.
func (st *stack) line() line {
	owner := program.Printable(st.Owner)
	if st.OwnerFrom == fromService {
		owner = "(" + owner + ")"
	}
	age := "never"
	if st.LastUpdate != nil {
		age = program.Ago(st.age)
	}
	if st.Stale {
		age += ", stale"
	}
	return line{
		program.Cut(program.Printable(st.Project+"/"+st.Name), maxNameWidth),
		program.Cut(owner, maxOwnerWidth),
		age,
		fmt.Sprint(st.Resources),
		program.Cut(st.describeTags(), maxTagsWidth),
	}
}

// describeTags returns the tags that people have set, or why they are not known.
func (st *stack) describeTags() string {
	var tags []string
	if st.Note != "" {
		tags = append(tags, "("+st.Note+")")
	}
	for _, name := range slices.Sorted(maps.Keys(st.Tags)) {
		if !isBuiltIn(name) {
			tags = append(tags, program.Printable(name+"="+st.Tags[name]))
		}
	}
	return strings.Join(tags, " ")
}

// fit returns how wide the columns are, so that a line is not longer than room if
// that is known; 0 for the tags if they are left out.
func fit(lines []line, room int) (widths [columns]int) {
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if room == 0 {
		return widths
	}
	for _, width := range widths[:tagsColumn] {
		room -= width + len(gap)
	}
	widths[tagsColumn] = min(widths[tagsColumn], room)
	if widths[tagsColumn] < minTagsWidth {
		widths[tagsColumn] = 0
	}
	return widths
}

// join returns the line as text.
func (l line) join(widths [columns]int) string {
	var cells []string
	for i, cell := range l {
		width := widths[i]
		if width == 0 {
			continue
		}
		cell = program.Cut(cell, width)
		blanks := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
		if i == resourcesColumn {
			cell = blanks + cell
		} else {
			cell += blanks
		}
		cells = append(cells, cell)
	}
	return strings.TrimRight(strings.Join(cells, gap), " ")
}

// sum returns what there is in all.
func (s *settings) sum(stacks []stack) string {
	resources := 0
	for i := range stacks {
		resources += stacks[i].Resources
	}
	text := program.Count(len(stacks), "stack") + ", " + program.Count(resources, "resource")
	if stale := countStale(stacks); stale > 0 {
		text += fmt.Sprintf(", %d stale: no update for %s", stale, s.stale)
	}
	return text
}
