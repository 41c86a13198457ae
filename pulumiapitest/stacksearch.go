package pulumiapitest

import (
	"strconv"
	"time"
)

var stackSearchRoutes = []route{
	{
		endpoint: "POST /api/console/orgs/{orgName}/stacks/search",
		handle:   (*Server).searchStacks,
	},
}

// stackColumns are the columns of the grid of stacks: this cloud's own, as the
// service's are described nowhere.
var stackColumns = gridColumns[*stack]{
	"projectName": func(st *stack) string { return st.project },
	"stackName":   func(st *stack) string { return st.name },
	"ownedBy":     func(st *stack) string { return st.owner.Login },
	"lastUpdate": func(st *stack) string {
		if st.lastUpdate.IsZero() {
			return ""
		}
		return st.lastUpdate.UTC().Format(time.RFC3339)
	},
	"resourceCount": func(st *stack) string { return strconv.Itoa(st.resourceCount) },
	"version":       func(st *stack) string { return strconv.Itoa(st.version) },
}

type wireStackRows struct {
	RowCount int              `json:"rowCount"`
	RowData  []map[string]any `json:"rowData"`
}

// searchStacks knows no stacks but those of Pulumi.
func (s *Server) searchStacks(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireGridRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	q, err := newGridQuery(c, &req, stackColumns, s.pageSize)
	if err != nil {
		return reply{}, err
	}
	var all []*stack
	for _, st := range s.stacks.order {
		if st.org == o.name {
			all = append(all, st)
		}
	}
	found := q.find(all)
	var rows []map[string]any
	if q.grouped() {
		rows = q.group(found)
	} else {
		for _, st := range q.sorted(found) {
			row := map[string]any{}
			for name, column := range stackColumns {
				row[name] = column(st)
			}
			rows = append(rows, row)
		}
	}
	list := wireStackRows{RowCount: len(rows), RowData: cut(rows, q.start, q.end)}
	if list.RowData == nil {
		list.RowData = []map[string]any{}
	}
	return ok(list), nil
}
