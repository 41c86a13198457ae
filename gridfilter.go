package pulumiapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// GridFilter narrows a list down that the service shows as a grid. Make it with
// [FilterEquals] and the other comparisons, and join them with [FilterAnd] and
// [FilterOr]. The zero GridFilter lets everything through. Columns are called as
// the items' members are in JSON ("policyName"). Which of them there are, and
// whether upper and lower case differ, is the service's business.
type GridFilter struct {
	kind       gridFilterKind
	comparison string // of a column with a text
	column     string
	text       string
	filters    []GridFilter // that are joined
}

type gridFilterKind string

const (
	gridFilterAnd gridFilterKind = "AND"
	gridFilterOr  gridFilterKind = "OR"
	gridFilterOne gridFilterKind = "one"
)

// FilterAnd lets through what all of the filters let through. Without any, that
// is everything.
func FilterAnd(filters ...GridFilter) GridFilter {
	return GridFilter{kind: gridFilterAnd, filters: slices.Clone(filters)}
}

// FilterOr lets through what at least one of the filters lets through. Without
// any that would be nothing, and with an empty one among them everything: then the
// list fails with an [*ArgumentError].
func FilterOr(filters ...GridFilter) GridFilter {
	return GridFilter{kind: gridFilterOr, filters: slices.Clone(filters)}
}

// FilterEquals compares a column with a text: they must be equal.
func FilterEquals(column, value string) GridFilter { return compareColumn("equals", column, value) }

// FilterNotEqual compares a column with a text: they must differ.
func FilterNotEqual(column, value string) GridFilter {
	return compareColumn("notEqual", column, value)
}

// FilterContains compares a column with a text that must be in it.
func FilterContains(column, value string) GridFilter {
	return compareColumn("contains", column, value)
}

// FilterNotContains compares a column with a text that must not be in it.
func FilterNotContains(column, value string) GridFilter {
	return compareColumn("notContains", column, value)
}

// FilterStartsWith compares a column with a text that it must begin with.
func FilterStartsWith(column, value string) GridFilter {
	return compareColumn("startsWith", column, value)
}

// FilterEndsWith compares a column with a text that it must end with.
func FilterEndsWith(column, value string) GridFilter {
	return compareColumn("endsWith", column, value)
}

// FilterBlank lets through where a column is empty.
func FilterBlank(column string) GridFilter { return compareColumn("blank", column, "") }

// FilterNotBlank lets through where a column is not empty.
func FilterNotBlank(column string) GridFilter { return compareColumn("notBlank", column, "") }

func compareColumn(comparison, column, text string) GridFilter {
	return GridFilter{kind: gridFilterOne, comparison: comparison, column: column, text: text}
}

// GridSort orders a list by a column.
type GridSort struct {
	// Column is what to order by.
	Column string
	// Descending begins with the largest.
	Descending bool
}

// GridColumn is a column by which a list is grouped, or of which groups tell a
// value.
type GridColumn struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// Field is what the column shows, where that is not ID.
	Field *string `json:"field,omitzero"`
	// AggFunc is how a group's value is computed: "max".
	AggFunc *string `json:"aggFunc,omitzero"`
}

// gridRequest asks for rows of a grid.
type gridRequest struct {
	StartRow int `json:"startRow"`
	EndRow   int `json:"endRow"`
	gridSelection
}

// gridSelection says which rows a grid has, and in which order. Its arrays are empty
// rather than null: nobody says that the service takes null.
type gridSelection struct {
	RowGroupCols []GridColumn   `json:"rowGroupCols"`
	ValueCols    []GridColumn   `json:"valueCols"`
	GroupKeys    []string       `json:"groupKeys"`
	FilterModel  gridJoin       `json:"filterModel"`
	SortModel    []gridSortItem `json:"sortModel"`
}

type gridSortItem struct {
	ColID string `json:"colId"`
	Sort  string `json:"sort"`
}

// gridJoin is the outermost filter, which joins conditions always.
type gridJoin struct {
	Type       gridFilterKind  `json:"type"`
	Conditions []gridCondition `json:"conditions"`
}

// gridCondition is a comparison, or a join within another. A comparison has a
// filter even where there is nothing to compare with; a join has none.
type gridCondition struct {
	FilterType string          `json:"filterType"`
	ColID      string          `json:"colId,omitzero"`
	Type       string          `json:"type"`
	Filter     *string         `json:"filter,omitzero"`
	Conditions []gridCondition `json:"conditions,omitzero"`
}

// defaultRows is the page size of lists that are read by rows.
const defaultRows = 100

// gridRows says which rows of a grid are wanted.
type gridRows struct {
	kind      cursorKind // of rows, or of groups
	cursor    Cursor
	size      int
	filter    GridFilter
	sort      []GridSort
	groupBy   []GridColumn
	groupKeys []string
	values    []GridColumn
}

// fetchRows gets an answer with rows of a grid, and the position that they are at.
func fetchRows[A any](ctx context.Context, c *Client, r call, rows gridRows) (*A, position, error) {
	p, err := startOf(rows.kind, r.endpoint, rows.cursor, rows.size, r.args...)
	if err != nil {
		return nil, p, err
	}
	p.size = cmp.Or(p.size, defaultRows)
	req, err := rows.request(p)
	if err != nil {
		return nil, p, err
	}
	answer, err := fetchWithBody[A](ctx, c, r, "opts", req)
	return answer, p, err
}

// request returns a request for the rows at p.
func (g gridRows) request(p position) (gridRequest, error) {
	start := p.number(0)
	selection, err := g.selection()
	return gridRequest{StartRow: start, EndRow: start + p.size, gridSelection: selection}, err
}

// selection returns a request for all rows.
func (g gridRows) selection() (gridSelection, error) {
	selection := gridSelection{RowGroupCols: g.groupBy, GroupKeys: g.groupKeys, ValueCols: g.values}
	var err error
	if selection.FilterModel, err = g.filter.model(); err != nil {
		return gridSelection{}, err
	}
	for i, s := range g.sort {
		if s.Column == "" {
			return gridSelection{}, &ArgumentError{Name: fmt.Sprintf("opts.Sort[%d].Column", i), Reason: "is empty"}
		}
		direction := "asc"
		if s.Descending {
			direction = "desc"
		}
		selection.SortModel = append(selection.SortModel, gridSortItem{s.Column, direction})
	}
	return selection, nil
}

// model returns the filter as the outermost one.
func (f GridFilter) model() (gridJoin, error) {
	switch f.kind {
	case gridFilterAnd, gridFilterOr:
		conditions, err := f.conditions()
		return gridJoin{Type: f.kind, Conditions: conditions}, err
	case gridFilterOne:
		condition, err := f.condition()
		return gridJoin{Type: gridFilterAnd, Conditions: []gridCondition{condition}}, err
	}
	return gridJoin{Type: gridFilterAnd}, nil
}

func (f GridFilter) conditions() ([]gridCondition, error) {
	if f.kind == gridFilterOr && len(f.filters) == 0 {
		return nil, &ArgumentError{Name: "opts.Filter", Reason: "FilterOr without a filter lets nothing through"}
	}
	var conditions []gridCondition
	for _, filter := range f.filters {
		if filter.isEmpty() {
			if f.kind == gridFilterOr {
				return nil, &ArgumentError{Name: "opts.Filter", Reason: "a filter within FilterOr is empty, and lets everything through"}
			}
			continue
		}
		condition, err := filter.condition()
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	return conditions, nil
}

// isEmpty reports whether the filter lets everything through.
func (f GridFilter) isEmpty() bool {
	return f.kind == "" || f.kind == gridFilterAnd &&
		!slices.ContainsFunc(f.filters, func(within GridFilter) bool { return !within.isEmpty() })
}

// condition returns the filter as one within another.
func (f GridFilter) condition() (gridCondition, error) {
	if f.kind == gridFilterOne {
		if f.column == "" {
			return gridCondition{}, &ArgumentError{Name: "opts.Filter", Reason: "a comparison has no column"}
		}
		return gridCondition{FilterType: "text", ColID: f.column, Type: f.comparison, Filter: &f.text}, nil
	}
	conditions, err := f.conditions()
	return gridCondition{FilterType: "join", Type: string(f.kind), Conditions: conditions}, err
}
