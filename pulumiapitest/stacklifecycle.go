package pulumiapitest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

var stackLifecycleRoutes = []route{
	{
		endpoint: "HEAD /api/stacks/{orgName}/{projectName}",
		handle:   (*Server).projectExists,
	},
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/rename",
		handle:   (*Server).renameStack,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/restore-stack",
		handle:   (*Server).listDeletedStacks,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/restore-stack/{programID}",
		handle:   (*Server).restoreStack,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/bulk-transfer/stacks",
		handle:   (*Server).transferAllStacks,
	},
}

// projectExists answers without a body, also if there is no such project: that is
// how HTTP wants it.
func (s *Server) projectExists(c *call) (reply, error) {
	for _, st := range s.stacks.order {
		if st.org == c.param("orgName") && st.project == c.param("projectName") {
			return reply{status: http.StatusOK}, nil
		}
	}
	return reply{}, notFound("Project '%s/%s' not found", c.param("orgName"), c.param("projectName"))
}

// rename moves a stack, which may be a deleted one, to another place among the
// stacks. The place must be free.
func (s *Server) rename(st *stack, to stackID) {
	if s.stacks.byID[st.stackID] == st {
		delete(s.stacks.byID, st.stackID)
	}
	st.renameInState(to)
	st.stackID = to
	st.tags[projectTag] = to.project
	s.stacks.byID[to] = st
}

// renameStack makes an update of it, as the service does. Teams keep their access.
func (s *Server) renameStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		NewName    *string `json:"newName"`
		NewProject *string `json:"newProject"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.NewName == nil || req.NewProject == nil {
		return reply{}, badRequest("invalid request body: newName and newProject are required")
	}
	to := stackID{st.org, cmp.Or(*req.NewProject, st.project), cmp.Or(*req.NewName, st.name)}
	if err := checkName("project", to.project); err != nil {
		return reply{}, err
	}
	if err := checkName("stack", to.name); err != nil {
		return reply{}, err
	}
	switch {
	case to == st.stackID:
		return reply{}, badRequest("No rename to apply.")
	case s.stacks.byID[to] != nil:
		return reply{}, conflict("Stack '%s' already exists", to)
	}
	if err := st.checkIdle(); err != nil {
		return reply{}, err
	}
	for _, t := range s.orgs[st.org].teams {
		if grant := t.grant(st.project, st.name); grant != nil {
			grant.Project, grant.Stack = to.project, to.name
		}
	}
	from := st.slug()
	s.rename(st, to)
	now := time.Now()
	u := st.newUpdate(Update{Kind: "rename", RequestedBy: testUser, Started: now})
	st.begin(u)
	st.end(u, Succeeded, now)
	s.logStack(c, st, "Stack Renamed", fmt.Sprintf("Renamed stack %q to %q", from, st.slug()))
	s.announceUpdate(st, u)
	return ok(wireImportStackResponse{UpdateID: u.id}), nil
}

// deletedStack is a stack that can be restored.
type deletedStack struct {
	*stack
	at time.Time
}

// maxDeletedStacks is the length of the list of deleted stacks, which has no pages.
const maxDeletedStacks = 25

// programID names a stack among those that were deleted.
func (st *stack) programID() string { return fakeUUID(fmt.Sprintf("program %d", st.seq)) }

type wireDeletedStack struct {
	DeletedAt   int64             `json:"deletedAt"`
	ID          string            `json:"id"`
	LastUpdate  wireUpdateSummary `json:"lastUpdate"`
	ProgramID   string            `json:"programId"`
	ProjectName string            `json:"projectName"`
	StackName   string            `json:"stackName"`
	Version     int               `json:"version"`
}

func (s *Server) listDeletedStacks(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	found := []wireDeletedStack{}
	for _, d := range slices.Backward(s.stacks.deleted) {
		if d.org == o.name && len(found) < maxDeletedStacks {
			found = append(found, wireDeletedStack{
				DeletedAt: d.at.Unix(), ID: d.String(), LastUpdate: d.lastSummary(), ProgramID: d.programID(),
				ProjectName: d.project, StackName: d.name, Version: d.version,
			})
		}
	}
	return ok(map[string]any{"deletedStacks": found}), nil
}

// restoreStack brings back all but the access of teams.
func (s *Server) restoreStack(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		StackName string `json:"stackName"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := checkName("stack", req.StackName); err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(s.stacks.deleted, func(d deletedStack) bool {
		return d.org == o.name && d.programID() == c.param("programID")
	})
	if i < 0 {
		return reply{}, notFound("program '%s' not found", c.param("programID"))
	}
	st := s.stacks.deleted[i].stack
	to := stackID{st.org, st.project, req.StackName}
	if s.stacks.byID[to] != nil {
		return reply{}, conflict("Stack '%s' with this name already exists", to)
	}
	s.stacks.deleted = slices.Delete(s.stacks.deleted, i, i+1)
	s.rename(st, to)
	s.stacks.order = append(s.stacks.order, st)
	slices.SortFunc(s.stacks.order, func(a, b *stack) int { return cmp.Compare(a.seq, b.seq) })
	s.logStack(c, st, "Stack Restored", fmt.Sprintf("Restored stack %q", st.slug()))
	return noContent, nil
}

// maxBulkTransfer is the number of stacks beyond which an organization's cannot be
// transferred at once.
const maxBulkTransfer = 100

// transferAllStacks transfers all or none.
func (s *Server) transferAllStacks(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		FromOrg string `json:"fromOrg"`
		ToOrg   string `json:"toOrg"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	switch {
	case req.FromOrg != o.name:
		return reply{}, badRequest("invalid request body: it is about '%s', the path about '%s'", req.FromOrg, o.name)
	case req.ToOrg == "" || req.ToOrg == o.name:
		return reply{}, badRequest("invalid request body: toOrg must be another organization")
	case s.orgs[req.ToOrg] == nil:
		return reply{}, notFound("Organization '%s' not found", req.ToOrg)
	}
	var all []*stack
	for _, st := range s.stacks.order {
		if st.org != o.name {
			continue
		}
		if to := (stackID{req.ToOrg, st.project, st.name}); s.stacks.byID[to] != nil {
			return reply{}, conflict("Stack '%s' already exists", to)
		}
		if err := st.checkIdle(); err != nil {
			return reply{}, err
		}
		all = append(all, st)
	}
	if len(all) > maxBulkTransfer {
		return reply{}, badRequest("Organization '%s' has %d stacks, and %d can be transferred at once", o.name, len(all), maxBulkTransfer)
	}
	for _, st := range all {
		s.transfer(c, st, req.ToOrg)
	}
	return ok(fmt.Sprintf("transferred %d stacks", len(all))), nil
}
