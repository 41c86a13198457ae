package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
)

// What is obeyed, and how well, follows from the policy issues: a policy is there, and
// looks at a resource, where there was an issue once.
var policyComplianceRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/policyresults/metadata",
		handle:   (*Server).getPolicyMetadata,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/policyresults/compliance",
		handle:   (*Server).listCompliance,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/policyresults/policies",
		handle:   (*Server).listPolicies,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/policyresults/issues/filters",
		query:    []string{"closed"},
		handle:   (*Server).listIssueValues,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/policyresults/issues/export",
		query:    []string{"closed"},
		handle:   (*Server).exportIssues,
	},
}

// tally counts resources, and those of them that have an issue.
type tally struct{ governed, failing map[string]bool }

func tallyOf(issues []*issue) tally {
	t := tally{map[string]bool{}, map[string]bool{}}
	for _, i := range issues {
		t.governed[i.URN] = true
		if !i.closed() {
			t.failing[i.URN] = true
		}
	}
	return t
}

// percent is how many of a hundred resources obey.
func (t tally) percent() int {
	return 100 * (len(t.governed) - len(t.failing)) / max(len(t.governed), 1)
}

func groupBy[K comparable](issues []*issue, key func(*issue) K) map[K][]*issue {
	groups := map[K][]*issue{}
	for _, i := range issues {
		groups[key(i)] = append(groups[key(i)], i)
	}
	return groups
}

type policyKey struct{ pack, policy, group, groupType string }

func policyOf(i *issue) policyKey { return policyKey{i.Pack, i.Policy, i.Group, i.GroupType} }

func (s *Server) getPolicyMetadata(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	withIssues := 0
	policies := groupBy(o.issues, policyOf)
	for _, issues := range policies {
		if len(tallyOf(issues).failing) > 0 {
			withIssues++
		}
	}
	all := tallyOf(o.issues)
	return ok(map[string]int{
		"policyTotalCount": len(policies), "policyWithIssuesCount": withIssues,
		"resourcesTotalCount": len(all.governed), "resourcesWithIssuesCount": len(all.failing),
	}), nil
}

type wireComplianceRequest struct {
	ContinuationToken string `json:"continuationToken"`
	Entity            string `json:"entity"`
	Size              *int   `json:"size"`
}

type wireCompliance struct {
	Columns           []string            `json:"columns"`
	ContinuationToken string              `json:"continuationToken,omitempty"`
	Rows              []wireComplianceRow `json:"rows"`
}

type wireComplianceRow struct {
	EntityName string `json:"entityName"`
	Scores     []int  `json:"scores"`
}

// listCompliance continues behind a row's name.
func (s *Server) listCompliance(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireComplianceRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	size := s.pageSize
	if req.Size != nil {
		if size = *req.Size; size < 1 {
			return reply{}, badRequest("Invalid size parameter")
		}
	}
	name, known := map[string]func(*issue) string{
		"stack":    func(i *issue) string { return i.Stack },
		"account":  func(i *issue) string { return i.Account },
		"severity": func(i *issue) string { return i.Severity },
	}[req.Entity]
	if !known {
		return reply{}, badRequest("Invalid entity parameter. Must be 'stack', 'account', or 'severity'")
	}
	entities := groupBy(o.issues, name)
	delete(entities, "")
	w := wireCompliance{
		Columns: slices.Sorted(maps.Keys(groupBy(o.issues, func(i *issue) string { return i.Pack }))), Rows: []wireComplianceRow{},
	}
	for _, entity := range slices.Sorted(maps.Keys(entities)) {
		if entity <= req.ContinuationToken {
			continue
		}
		if len(w.Rows) == size {
			w.ContinuationToken = w.Rows[size-1].EntityName
			break
		}
		packs := groupBy(entities[entity], func(i *issue) string { return i.Pack })
		row := wireComplianceRow{EntityName: entity}
		for _, pack := range w.Columns {
			score := -1
			if issues := packs[pack]; len(issues) > 0 {
				score = tallyOf(issues).percent()
			}
			row.Scores = append(row.Scores, score)
		}
		w.Rows = append(w.Rows, row)
	}
	return ok(w), nil
}

type wirePolicyRow struct {
	FailingResources  int    `json:"failingResources"`
	GovernedResources int    `json:"governedResources"`
	PercentCompliant  int    `json:"percentCompliant"`
	PolicyGroupName   string `json:"policyGroupName"`
	PolicyGroupType   string `json:"policyGroupType"`
	PolicyName        string `json:"policyName"`
	PolicyPack        string `json:"policyPack"`
	Severity          string `json:"severity"`
}

var policyColumns = gridColumns[wirePolicyRow]{
	"policyPack":        func(p wirePolicyRow) string { return p.PolicyPack },
	"policyName":        func(p wirePolicyRow) string { return p.PolicyName },
	"policyGroupName":   func(p wirePolicyRow) string { return p.PolicyGroupName },
	"policyGroupType":   func(p wirePolicyRow) string { return p.PolicyGroupType },
	"severity":          func(p wirePolicyRow) string { return p.Severity },
	"failingResources":  func(p wirePolicyRow) string { return strconv.Itoa(p.FailingResources) },
	"governedResources": func(p wirePolicyRow) string { return strconv.Itoa(p.GovernedResources) },
	"percentCompliant":  func(p wirePolicyRow) string { return strconv.Itoa(p.PercentCompliant) },
}

func (s *Server) listPolicies(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireGridRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	query, err := newGridQuery(c, &req, policyColumns, s.pageSize)
	if err != nil {
		return reply{}, err
	}
	rows := []wirePolicyRow{}
	for key, issues := range groupBy(o.issues, policyOf) {
		t := tallyOf(issues)
		rows = append(rows, wirePolicyRow{
			FailingResources: len(t.failing), GovernedResources: len(t.governed), PercentCompliant: t.percent(),
			PolicyGroupName: key.group, PolicyGroupType: cmp.Or(key.groupType, "audit"), PolicyName: key.policy, PolicyPack: key.pack,
			Severity: issues[0].Severity,
		})
	}
	slices.SortFunc(rows, func(a, b wirePolicyRow) int {
		return cmp.Or(cmp.Compare(a.PolicyPack, b.PolicyPack), cmp.Compare(a.PolicyName, b.PolicyName),
			cmp.Compare(a.PolicyGroupName, b.PolicyGroupName), cmp.Compare(a.PolicyGroupType, b.PolicyGroupType))
	})
	found := query.sorted(query.find(rows))
	page := append([]wirePolicyRow{}, cut(found, query.start, query.end)...)
	return ok(map[string]any{"policies": page, "totalCount": len(found)}), nil
}

// findIssues returns the issues that a request is about, which are closed or not.
func (s *Server) findIssues(c *call, req *wireGridRequest) (*gridQuery[*issue], []*issue, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	closed, err := c.boolQuery("closed")
	if err != nil {
		return nil, nil, err
	}
	query, err := newGridQuery(c, req, issueColumns, s.pageSize)
	if err != nil {
		return nil, nil, err
	}
	var all []*issue
	for _, i := range o.issues {
		if i.closed() == closed {
			all = append(all, i)
		}
	}
	found := query.find(all)
	return query, found, nil
}

type wireIssueValuesRequest struct {
	Field       string          `json:"field"`
	FilterModel *wireGridFilter `json:"filterModel"`
}

type wireIssueValue struct {
	Count int    `json:"count"`
	Name  string `json:"name"`
}

func (s *Server) listIssueValues(c *call) (reply, error) {
	var req wireIssueValuesRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	column := issueColumns[req.Field]
	if column == nil {
		return reply{}, badRequest("Field parameter is required: there is no column '%s'", req.Field)
	}
	_, found, err := s.findIssues(c, &wireGridRequest{FilterModel: req.FilterModel})
	if err != nil {
		return reply{}, err
	}
	groups := groupBy(found, column)
	values := []wireIssueValue{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		values = append(values, wireIssueValue{len(groups[name]), name})
	}
	return ok(map[string]any{"field": req.Field, "values": values}), nil
}

// exportIssues sends all rows, whatever rows the request asks for.
func (s *Server) exportIssues(c *call) (reply, error) {
	var req wireGridRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	query, found, err := s.findIssues(c, &req)
	if err != nil {
		return reply{}, err
	}
	columns := slices.Sorted(maps.Keys(issueColumns))
	var text bytes.Buffer
	w := csv.NewWriter(&text) // whose errors are the buffer's, which has none
	_ = w.Write(columns)
	for _, i := range query.sorted(found) {
		line := []string{}
		for _, name := range columns {
			line = append(line, issueColumns[name](i))
		}
		_ = w.Write(line)
	}
	w.Flush()
	return ok(plainText(text.Bytes())), nil
}
