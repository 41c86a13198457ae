package pulumiapitest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A grid is a table of the console, whose rows clients filter, sort, group and cut
// by one and the same kind of request.

type wireGridRequest struct {
	StartRow     *int                       `json:"startRow"`
	EndRow       *int                       `json:"endRow"`
	RowGroupCols optional[[]wireGridColumn] `json:"rowGroupCols"`
	ValueCols    optional[[]wireGridColumn] `json:"valueCols"`
	GroupKeys    optional[[]string]         `json:"groupKeys"`
	FilterModel  *wireGridFilter            `json:"filterModel"`
	SortModel    optional[[]wireGridSort]   `json:"sortModel"`
}

type wireGridColumn struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Field       string `json:"field"`
	AggFunc     string `json:"aggFunc"`
}

// wireGridFilter is a comparison, or filters joined by AND or OR.
type wireGridFilter struct {
	FilterType string                     `json:"filterType"`
	Type       string                     `json:"type"`
	ColID      string                     `json:"colId"`
	Filter     string                     `json:"filter"`
	Conditions optional[[]wireGridFilter] `json:"conditions"`
}

type wireGridSort struct {
	ColID string `json:"colId"`
	Sort  string `json:"sort"`
}

// gridColumns are the columns of a grid: for each what a row has in it, as text.
type gridColumns[T any] map[string]func(T) string

// gridQuery is a grid request that was found to be good.
type gridQuery[T any] struct {
	strict     bool
	columns    gridColumns[T]
	matches    func(T) bool
	sort       []wireGridSort
	start, end int
	groups     []string // the columns to group by
	keys       []string // the groups to look into
	values     []wireGridColumn
}

// newGridQuery checks a request. Without an end it is for a page of the size given.
func newGridQuery[T any](c *call, req *wireGridRequest, columns gridColumns[T], pageSize int) (*gridQuery[T], error) {
	q := &gridQuery[T]{strict: c.strict, columns: columns}
	groupCols, err := array(q.strict, "rowGroupCols", req.RowGroupCols)
	if err != nil {
		return nil, err
	}
	if q.values, err = array(q.strict, "valueCols", req.ValueCols); err != nil {
		return nil, err
	}
	if q.keys, err = array(q.strict, "groupKeys", req.GroupKeys); err != nil {
		return nil, err
	}
	if q.sort, err = array(q.strict, "sortModel", req.SortModel); err != nil {
		return nil, err
	}
	for _, col := range groupCols {
		q.groups = append(q.groups, col.name())
	}
	if len(q.keys) > len(q.groups) {
		return nil, badRequest("invalid request body: there are more groupKeys than rowGroupCols")
	}
	if err := q.checkColumns(); err != nil {
		return nil, err
	}
	if req.StartRow != nil {
		q.start = *req.StartRow
	}
	q.end = q.start + pageSize
	if req.EndRow != nil {
		q.end = *req.EndRow
	}
	if q.start < 0 || q.end <= q.start {
		return nil, badRequest("invalid request body: startRow must not be negative, and endRow must be larger")
	}
	q.matches = func(T) bool { return true }
	if req.FilterModel != nil {
		q.matches, err = q.join(req.FilterModel)
	}
	return q, err
}

// array returns an array that may be left out. The CLI sends null for an empty one,
// which only a strict server refuses.
func array[T any](strict bool, name string, o optional[[]T]) ([]T, error) {
	switch {
	case o.value != nil:
		return *o.value, nil
	case o.present && strict:
		return nil, badRequest("invalid request body: %s must be an array, not null", name)
	}
	return nil, nil
}

// name is the column's name in the rows.
func (col wireGridColumn) name() string {
	return cmp.Or(col.Field, col.ID)
}

func (q *gridQuery[T]) checkColumns() error {
	for _, name := range q.groups {
		if _, err := q.column(name); err != nil {
			return err
		}
	}
	for _, col := range q.values {
		if _, err := q.column(col.name()); err != nil {
			return err
		}
		if !slices.Contains([]string{"", "count", "min", "max"}, col.AggFunc) {
			return badRequest("invalid request body: aggFunc must be count, min or max, not '%s'", col.AggFunc)
		}
	}
	for _, by := range q.sort {
		if _, err := q.column(by.ColID); err != nil && (by.ColID != countColumn || !q.grouped()) {
			return err
		}
		if by.Sort != "asc" && by.Sort != "desc" {
			return badRequest("invalid request body: sort must be asc or desc, not '%s'", by.Sort)
		}
	}
	return nil
}

func (q *gridQuery[T]) column(name string) (func(T) string, error) {
	if column := q.columns[name]; column != nil {
		return column, nil
	}
	return nil, badRequest("invalid request body: there is no column '%s'", name)
}

// comparisons are those of text. Upper and lower case are the same to them.
var comparisons = map[string]func(value, filter string) bool{
	"equals":   strings.EqualFold,
	"notEqual": func(value, filter string) bool { return !strings.EqualFold(value, filter) },
	"contains": func(value, filter string) bool {
		return strings.Contains(strings.ToLower(value), strings.ToLower(filter))
	},
	"notContains": func(value, filter string) bool {
		return !strings.Contains(strings.ToLower(value), strings.ToLower(filter))
	},
	"startsWith": func(value, filter string) bool {
		return strings.HasPrefix(strings.ToLower(value), strings.ToLower(filter))
	},
	"endsWith": func(value, filter string) bool {
		return strings.HasSuffix(strings.ToLower(value), strings.ToLower(filter))
	},
	"blank":    func(value, _ string) bool { return value == "" },
	"notBlank": func(value, _ string) bool { return value != "" },
}

// filter returns what a filter says of rows.
func (q *gridQuery[T]) filter(f *wireGridFilter) (func(T) bool, error) {
	if f.FilterType == "join" {
		return q.join(f)
	}
	compare := comparisons[f.Type]
	switch {
	case f.FilterType != "text":
		return nil, badRequest("invalid filter: filterType must be text or join, not '%s'", f.FilterType)
	case compare == nil:
		return nil, badRequest("invalid filter: there is no comparison '%s'", f.Type)
	case f.Conditions.value != nil && len(*f.Conditions.value) > 0:
		return nil, badRequest("invalid filter: a comparison has no conditions")
	}
	column, err := q.column(f.ColID)
	if err != nil {
		return nil, err
	}
	return func(row T) bool { return compare(column(row), f.Filter) }, nil
}

// join returns what a filter says that joins others. If it joins none, every row
// is right.
func (q *gridQuery[T]) join(f *wireGridFilter) (func(T) bool, error) {
	if f.Type != "AND" && f.Type != "OR" || f.FilterType != "" && f.FilterType != "join" {
		return nil, badRequest("invalid filter: the type of a join must be AND or OR, not '%s'", f.Type)
	}
	conditions, err := array(q.strict, "conditions", f.Conditions)
	if err != nil {
		return nil, err
	}
	parts := make([]func(T) bool, len(conditions))
	for i := range conditions {
		if parts[i], err = q.filter(&conditions[i]); err != nil {
			return nil, err
		}
	}
	or := f.Type == "OR"
	return func(row T) bool {
		for _, part := range parts {
			if part(row) == or {
				return or
			}
		}
		return !or || len(parts) == 0
	}, nil
}

// grouped says whether the rows of the answer are groups.
func (q *gridQuery[T]) grouped() bool { return len(q.keys) < len(q.groups) }

// find returns the rows that the filter lets pass, in the groups to look into.
func (q *gridQuery[T]) find(all []T) []T {
	var found []T
	for _, row := range all {
		inside := q.matches(row)
		for i, key := range q.keys {
			inside = inside && q.columns[q.groups[i]](row) == key
		}
		if inside {
			found = append(found, row)
		}
	}
	return found
}

// sorted sorts rows. Rows that compare equal keep their order.
func (q *gridQuery[T]) sorted(rows []T) []T {
	slices.SortStableFunc(rows, func(a, b T) int {
		for _, by := range q.sort {
			column := q.columns[by.ColID]
			if c := by.compare(compareCells(column(a), column(b))); c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}

// compareCells compares numbers and times as such, and everything else as text.
func compareCells(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	at, errA := time.Parse(time.RFC3339Nano, a)
	bt, errB := time.Parse(time.RFC3339Nano, b)
	if errA == nil && errB == nil {
		return at.Compare(bt)
	}
	return strings.Compare(a, b)
}

// compare turns a comparison around if the order is descending.
func (by wireGridSort) compare(c int) int {
	if by.Sort == "desc" {
		return -c
	}
	return c
}

// countColumn is the column of a group with the number of its rows.
const countColumn = "count"

// group returns the groups of rows: each with the value that makes it one, the
// number of its rows, and what was asked for of others.
func (q *gridQuery[T]) group(rows []T) []map[string]any {
	name := q.groups[len(q.keys)]
	members := map[string][]T{}
	for _, row := range rows {
		key := q.columns[name](row)
		members[key] = append(members[key], row)
	}
	keys := slices.Sorted(maps.Keys(members))
	slices.SortStableFunc(keys, func(a, b string) int {
		for _, by := range q.sort {
			var c int
			switch by.ColID {
			case countColumn:
				c = cmp.Compare(len(members[a]), len(members[b]))
			default:
				c = compareCells(q.cell(by.ColID, a, members[a]), q.cell(by.ColID, b, members[b]))
			}
			if c = by.compare(c); c != 0 {
				return c
			}
		}
		return 0
	})
	groups := []map[string]any{}
	for _, key := range keys {
		group := map[string]any{name: key, countColumn: len(members[key])}
		for _, col := range q.values {
			if col.name() != name {
				group[col.name()] = q.aggregate(col, members[key])
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// cell is what a group of rows has in a column; nothing, if it has no such column.
func (q *gridQuery[T]) cell(column, key string, rows []T) string {
	if column == q.groups[len(q.keys)] {
		return key
	}
	for _, col := range q.values {
		if col.name() == column {
			return fmt.Sprint(q.aggregate(col, rows))
		}
	}
	return ""
}

func (q *gridQuery[T]) aggregate(col wireGridColumn, rows []T) any {
	column := q.columns[col.name()]
	switch col.AggFunc {
	case "min":
		return column(slices.MinFunc(rows, func(a, b T) int { return compareCells(column(a), column(b)) }))
	case "max":
		return column(slices.MaxFunc(rows, func(a, b T) int { return compareCells(column(a), column(b)) }))
	default:
		return len(rows)
	}
}

// cut returns the rows that were asked for.
func cut[R any](rows []R, start, end int) []R {
	start = min(start, len(rows))
	return rows[start:min(end, len(rows))]
}
