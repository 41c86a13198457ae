package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

var insightsAccountRoutes = []route{
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts",
		handle:   (*Server).bulkCreateAccounts,
	},
	{
		endpoint: "HEAD /api/preview/insights/{orgName}/accounts/{accountName}",
		handle:   (*Server).headAccount,
	},
	{
		endpoint: "PATCH /api/preview/insights/{orgName}/accounts/{accountName}",
		handle:   (*Server).updateAccount,
	},
	{
		endpoint: "DELETE /api/preview/insights/{orgName}/accounts/{accountName}",
		handle:   (*Server).deleteAccount,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/ownership",
		handle:   (*Server).reassignAccountOwnership,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/policy/packs",
		query:    []string{tokenParam},
		handle:   (*Server).listAccountPolicyPacks,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/tags",
		handle:   (*Server).getAccountTags,
	},
	{
		endpoint: "PUT /api/preview/insights/{orgName}/accounts/{accountName}/tags",
		handle:   (*Server).replaceAccountTags,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/teams",
		handle:   (*Server).listAccountTeams,
	},
	{
		endpoint: "PATCH /api/preview/insights/{orgName}/accounts/{accountName}/teams/{teamName}",
		handle:   (*Server).setTeamAccountAccess,
	},
}

type wireBulkAccount struct {
	Name           string          `json:"name"`
	Provider       string          `json:"provider"`
	Environment    string          `json:"environment"`
	ScanSchedule   string          `json:"scanSchedule"`
	AgentPoolID    string          `json:"agentPoolID"`
	ProviderConfig json.RawMessage `json:"providerConfig"`
}

type wireBulkFailure struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

type wireBulkAnswer struct {
	Accounts []wireAccount     `json:"accounts"`
	Failures []wireBulkFailure `json:"failures"`
}

const maxBulkAccounts = 100

// bulkCreateAccounts enables no policy packs, whether they are to be skipped or not,
// and creates no children.
func (s *Server) bulkCreateAccounts(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Accounts                  []wireBulkAccount `json:"accounts"`
		SkipAutoEnablePolicyPacks bool              `json:"skipAutoEnablePolicyPacks"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	switch {
	case len(req.Accounts) == 0:
		return reply{}, badRequest("invalid request body: accounts is empty")
	case len(req.Accounts) > maxBulkAccounts:
		return reply{}, badRequest("invalid request body: there are more than %d accounts", maxBulkAccounts)
	}
	answer := wireBulkAnswer{Accounts: []wireAccount{}, Failures: []wireBulkFailure{}}
	for _, item := range req.Accounts {
		a, err := s.openAccount(c, o, item.Name, wireCreateAccountRequest{
			Provider: item.Provider, Environment: item.Environment, ScanSchedule: item.ScanSchedule,
			AgentPoolID: item.AgentPoolID, ProviderConfig: item.ProviderConfig,
		})
		if err != nil {
			answer.Failures = append(answer.Failures, wireBulkFailure{item.Name, err.Error()})
			continue
		}
		answer.Accounts = append(answer.Accounts, o.wireAccount(a))
	}
	return ok(answer), nil
}

func (s *Server) headAccount(c *call) (reply, error) {
	if _, _, err := s.findAccount(c); err != nil {
		return reply{}, err
	}
	return noContent, nil
}

func (s *Server) updateAccount(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Environment    string          `json:"environment"`
		ScanSchedule   string          `json:"scanSchedule"`
		AgentPoolID    *string         `json:"agentPoolID"`
		ProviderConfig json.RawMessage `json:"providerConfig"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := checkAccount(req.Environment, req.ScanSchedule, req.ProviderConfig); err != nil {
		return reply{}, err
	}
	a.Environment = req.Environment
	if req.ScanSchedule != "" {
		a.setSchedule(scheduleCrons[req.ScanSchedule])
	}
	if req.AgentPoolID != nil {
		a.AgentPoolID = *req.AgentPoolID
	}
	if req.ProviderConfig != nil && string(req.ProviderConfig) != "null" {
		a.ProviderConfig = bytes.Clone(req.ProviderConfig)
	}
	s.logAccount(c, o, a, "Updated", "Changed Insights account %q")
	return noContent, nil
}

// logAccount writes what happened to an account into the audit log.
func (s *Server) logAccount(c *call, o *organization, a *account, event, format string) {
	s.log(c, o, AuditLogEvent{
		Event: "Insights Account " + event, Description: fmt.Sprintf(format, a.Name), RequiresOrgAdmin: true,
	})
}

// deleteAccount leaves the children of an account, which nobody told it to delete.
func (s *Server) deleteAccount(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	o.accounts = slices.DeleteFunc(o.accounts, func(other *account) bool { return other == a })
	s.logAccount(c, o, a, "Deleted", "Deleted Insights account %q")
	return noContent, nil
}

func (s *Server) reassignAccountOwnership(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req wireOwner
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	owner, err := o.newOwner(req)
	if err != nil {
		return reply{}, err
	}
	before := a.Owner
	a.Owner = owner.User
	s.logAccount(c, o, a, "Ownership Changed", "Gave Insights account %q to another owner")
	return ok(before.wire()), nil
}

func (s *Server) listAccountPolicyPacks(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireRequiredPolicy{}
	for _, g := range o.policyGroups {
		if !slices.Contains(g.Accounts, a.Name) {
			continue
		}
		for _, pack := range g.Packs {
			list = append(list, pack.wireRequired())
		}
	}
	return ok(map[string]any{"packs": list}), nil
}

type wireAccountTag struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Created  time.Time `json:"created"`
	Modified time.Time `json:"modified"`
}

func (s *Server) getAccountTags(c *call) (reply, error) {
	_, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]any{"tags": a.tags}), nil
}

// replaceAccountTags does it for the children, too.
func (s *Server) replaceAccountTags(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Tags map[string]string `json:"tags"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if o.parent(a) != nil {
		return reply{}, errorf(http.StatusForbidden, "Tags on child accounts are managed by the parent account")
	}
	for _, name := range slices.Sorted(maps.Keys(req.Tags)) {
		if !tagNameRule.MatchString(name) || len(req.Tags[name]) > maxTagValue {
			return reply{}, badRequest("invalid tag name or value: %q", name)
		}
	}
	for _, one := range append(o.children(a.Name), a) {
		one.replaceTags(req.Tags)
	}
	s.logAccount(c, o, a, "Tags Changed", "Changed the tags of Insights account %q")
	return noContent, nil
}

func (a *account) replaceTags(values map[string]string) {
	now := time.Now().UTC()
	tags := map[string]wireAccountTag{}
	for name, value := range values {
		tag, exists := a.tags[name]
		if !exists {
			tag = wireAccountTag{Name: name, Created: now}
		}
		if tag.Value != value || !exists {
			tag.Value, tag.Modified = value, now
		}
		tags[name] = tag
	}
	a.tags = tags
}

func (s *Server) listAccountTeams(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireStackTeam{}
	for _, t := range o.teams {
		if permission, has := a.teams[t.Name]; has {
			list = append(list, wireStackTeam{
				Name: t.Name, DisplayName: t.DisplayName, Description: t.Description,
				IsMember: t.member(userLogin) != nil, Permission: permission,
			})
		}
	}
	return ok(map[string]any{"accountName": a.Name, "teams": list}), nil
}

// setTeamAccountAccess does it for the children, too. Without a permission, or with
// null, it takes the access away.
func (s *Server) setTeamAccountAccess(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	_, t, err := s.findTeam(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Permissions *int `json:"permissions"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	switch {
	case o.parent(a) != nil:
		return reply{}, errorf(http.StatusForbidden, "permissions must be managed on the parent account")
	case req.Permissions != nil && (*req.Permissions < 0 || *req.Permissions > 3):
		return reply{}, badRequest("Invalid Insights account permission")
	}
	for _, one := range append(o.children(a.Name), a) {
		delete(one.teams, t.Name)
		if req.Permissions != nil {
			one.teams[t.Name] = *req.Permissions
		}
	}
	s.logAccount(c, o, a, "Team Access Changed", "Changed the access of a team to Insights account %q")
	return noContent, nil
}
