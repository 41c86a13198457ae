package pulumiapitest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

var policyIssueRoutes = []route{
	{
		endpoint: "POST /api/orgs/{orgName}/policyresults/issues",
		query:    []string{"closed"},
		handle:   (*Server).listIssues,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/policyresults/issues/{issueId}",
		handle:   (*Server).getIssue,
	},
	{
		endpoint: "PATCH /api/orgs/{orgName}/policyresults/issues/{issueId}",
		handle:   (*Server).updateIssue,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/policyresults/violationsv2",
		query:    []string{tokenParam}, // which no description has, and the answer has a use for
		handle:   (*Server).listViolations,
	},
}

// PolicyIssue is a policy that a resource does not obey, see
// [Server.AddPolicyIssue].
type PolicyIssue struct {
	// ID identifies it. One is made up, if it is left out.
	ID string
	// Account is the Insights account of the resource ("Acme AWS/us-east-1"), if it is
	// not a stack's. Its last part is the entity's ID, what is before that its project.
	Account string
	// Project and Stack name the stack of the resource.
	Project, Stack string
	// Version is that of the stack, or of the resource in the account.
	Version int
	// Pack, PackTag and Policy name the policy.
	Pack, PackTag, Policy string
	// Definition is the policy itself, nil if it is gone from the cloud.
	Definition *PolicyDefinition
	// URN, Provider, Type and Resource are the resource's: its URN, the name of its
	// provider, its type and its name.
	URN, Provider, Type, Resource string
	// Message is what the policy says.
	Message string
	// Observed is when it was seen first: now, if it is left out.
	Observed time.Time
	// Modified is when it was changed last, zero for never.
	Modified time.Time
	// Level is "advisory", which is the default, or "mandatory".
	Level string
	// Severity is "low", "medium", "high", "critical" or "".
	Severity string
	// Status is "open", which is the default, "in_progress", "by_design", "fixed" or
	// "ignored". The last three are those of closed issues.
	Status string
	// Kind is "audit", which is the default, or "preventative".
	Kind string
	// Priority is "p0" to "p4": the default is "p4".
	Priority string
	// AssignedTo is the login of who is to see to it, or "".
	AssignedTo string
	// Group and GroupType tell of the policy group that it belongs to.
	Group, GroupType string
}

// PolicyDefinition is a policy of a [PolicyIssue], in its policy pack.
type PolicyDefinition struct {
	// DisplayName and Description are what people see, Message is what they are told.
	DisplayName, Description, Message string
	// PackDisplayName is the name of the pack that people see.
	PackDisplayName string
}

// AddPolicyIssue puts a policy issue into an organization, which is created if
// there is none of the name, and returns its ID. It fails if there is one of that
// ID, or if the issue is neither an account's nor a stack's. Neither has to exist.
func (s *Server) AddPolicyIssue(org string, p PolicyIssue) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return "", err
	}
	if (p.Account == "") == (p.Project == "" && p.Stack == "") {
		return "", errors.New("pulumiapitest: a policy issue is either an account's or a stack's")
	}
	if p.ID == "" {
		p.ID = fakeUUID(fmt.Sprintf("policy issue %d", s.nextSerial()))
	}
	if o.issue(p.ID) != nil {
		return "", fmt.Errorf("pulumiapitest: policy issue %q of organization %q exists", p.ID, org)
	}
	return s.newIssue(o, p).ID, nil
}

// issue is a policy issue in the cloud.
type issue struct {
	PolicyIssue
	seq int64 // its place in lists
}

func (s *Server) newIssue(o *organization, p PolicyIssue) *issue {
	for _, field := range []struct {
		to       *string
		standard string
	}{
		{&p.Level, "advisory"},
		{&p.Status, statusOpen},
		{&p.Kind, "audit"},
		{&p.Priority, "p4"},
	} {
		if *field.to == "" {
			*field.to = field.standard
		}
	}
	if p.Observed.IsZero() {
		p.Observed = time.Now()
	}
	added := &issue{p, s.nextSerial()}
	o.issues = append(o.issues, added)
	return added
}

// The statuses of policy issues.
const (
	statusOpen       = "open"
	statusInProgress = "in_progress"
	statusByDesign   = "by_design"
	statusFixed      = "fixed"
	statusIgnored    = "ignored"
)

func (i *issue) closed() bool {
	return i.Status == statusByDesign || i.Status == statusFixed || i.Status == statusIgnored
}

// issue returns the issue with an ID, or nil.
func (o *organization) issue(id string) *issue {
	for _, i := range o.issues {
		if i.ID == id {
			return i
		}
	}
	return nil
}

func (s *Server) findIssue(c *call) (*organization, *issue, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	i := o.issue(c.param("issueId"))
	if i == nil {
		return nil, nil, notFound("Policy issue '%s' not found", c.param("issueId"))
	}
	return o, i, nil
}

// issueColumns are the columns that clients filter, sort and group by: the fields
// of a wireIssue.
var issueColumns = gridColumns[*issue]{
	"id":               func(i *issue) string { return i.ID },
	"entityType":       func(i *issue) string { return i.entity().kind },
	"entityProject":    func(i *issue) string { return i.entity().project },
	"entityId":         func(i *issue) string { return i.entity().id },
	"stackVersion":     func(i *issue) string { return versionText(i.entity().stackVersion) },
	"resourceVersion":  func(i *issue) string { return versionText(i.entity().resourceVersion) },
	"policyPack":       func(i *issue) string { return i.Pack },
	"policyPackTag":    func(i *issue) string { return i.PackTag },
	"policyName":       func(i *issue) string { return i.Policy },
	"resourceURN":      func(i *issue) string { return i.URN },
	"resourceProvider": func(i *issue) string { return i.Provider },
	"resourceType":     func(i *issue) string { return i.Type },
	"resourceName":     func(i *issue) string { return i.Resource },
	"message":          func(i *issue) string { return i.Message },
	"observedAt":       func(i *issue) string { return timeText(i.Observed) },
	"lastModified":     func(i *issue) string { return timeText(i.Modified) },
	"level":            func(i *issue) string { return i.Level },
	"severity":         func(i *issue) string { return i.Severity },
	"status":           func(i *issue) string { return i.Status },
	"kind":             func(i *issue) string { return i.Kind },
	"priority":         func(i *issue) string { return i.Priority },
	"assignedTo":       func(i *issue) string { return i.AssignedTo },
	"policyGroupName":  func(i *issue) string { return i.Group },
	"policyGroupType":  func(i *issue) string { return i.GroupType },
}

func versionText(version *int) string {
	if version == nil {
		return ""
	}
	return strconv.Itoa(*version)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano) // as it is in the answer
}

// listIssues answers with rows, or with groups of them.
func (s *Server) listIssues(c *call) (reply, error) {
	var req wireGridRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	query, found, err := s.findIssues(c, &req)
	if err != nil {
		return reply{}, err
	}
	list := wireIssueList{PolicyIssues: []wireIssue{}}
	if query.grouped() {
		groups := query.group(found)
		list.RowCount = len(groups)
		list.GroupData = cut(groups, query.start, query.end)
		return ok(list), nil
	}
	list.RowCount = len(found)
	for _, i := range cut(query.sorted(found), query.start, query.end) {
		list.PolicyIssues = append(list.PolicyIssues, s.wireIssue(i))
	}
	return ok(list), nil
}

func (s *Server) getIssue(c *call) (reply, error) {
	o, i, err := s.findIssue(c)
	if err != nil {
		return reply{}, err
	}
	return ok(s.wireIssueDetail(o, i)), nil
}

type wireUpdateIssueRequest struct {
	AssignedTo optional[string] `json:"assignedTo"`
	Status     optional[string] `json:"status"`
	Priority   optional[string] `json:"priority"`
}

// updateIssue changes what the body has. Null for assignedTo means nobody.
func (s *Server) updateIssue(c *call) (reply, error) {
	o, i, err := s.findIssue(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateIssueRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	updated := i.PolicyIssue
	if err := s.applyIssue(&req, &updated); err != nil {
		return reply{}, err
	}
	updated.Modified = time.Now()
	i.PolicyIssue = updated
	s.log(c, o, AuditLogEvent{Event: "Policy Issue Updated", Description: fmt.Sprintf("Updated policy issue %q", i.ID)})
	return ok(wireUpdatedIssue{s.wireIssue(i)}), nil
}

func (s *Server) applyIssue(req *wireUpdateIssueRequest, p *PolicyIssue) error {
	if status := req.Status; status.present {
		switch {
		case status.value == nil:
			return badRequest("Invalid input: status must not be null")
		case *status.value == statusFixed || *status.value == statusByDesign:
			return badRequest("Invalid input: status '%s' cannot be set manually", *status.value)
		case !slices.Contains([]string{statusOpen, statusInProgress, statusIgnored}, *status.value):
			return badRequest("Invalid input: there is no status '%s'", *status.value)
		}
		p.Status = *status.value
	}
	if priority := req.Priority; priority.present {
		if priority.value == nil || !slices.Contains([]string{"p0", "p1", "p2", "p3", "p4"}, *priority.value) {
			return badRequest("Invalid input: priority must be one of p0 to p4")
		}
		p.Priority = *priority.value
	}
	if assignee := req.AssignedTo; assignee.present {
		p.AssignedTo = ""
		if assignee.value != nil {
			if _, known := s.users[*assignee.value]; !known {
				return notFound("User '%s' not found", *assignee.value)
			}
			p.AssignedTo = *assignee.value
		}
	}
	return nil
}

// listViolations has an issue that is not closed for each violation.
func (s *Server) listViolations(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var found []*issue
	for _, i := range o.issues {
		if !i.closed() {
			found = append(found, i)
		}
	}
	page, next, err := tokenPage(s, c, "", found, func(i *issue) int64 { return i.seq })
	if err != nil {
		return reply{}, err
	}
	list := wireViolationList{PolicyViolations: []wireViolation{}}
	if next != nil {
		list.ContinuationToken = *next
	}
	for _, i := range page {
		list.PolicyViolations = append(list.PolicyViolations, i.violation())
	}
	return ok(list), nil
}
