package pulumiapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"
)

var stackRoutes = []route{
	{
		endpoint: "GET /api/user/stacks",
		query:    []string{"organization", "project", "tagName", "tagValue", "roleID", "maxResults", tokenParam},
		handle:   (*Server).listStacks,
	},
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}",
		handle:   (*Server).createStack,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}",
		handle:   (*Server).getStack,
	},
	{
		endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}",
		query:    []string{"force"},
		handle:   (*Server).deleteStack,
	},
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/transfer",
		handle:   (*Server).transferStack,
	},
}

// Stack is a stack to put into the cloud with [Server.AddStack].
type Stack struct {
	// Org, Project and Name identify the stack.
	Org, Project, Name string
	// Tags are its tags. The tag pulumi:project is added if it isn't among them.
	Tags map[string]string
	// LastUpdate is the start of the last update, zero if there was none.
	LastUpdate time.Time
	// ResourceCount is the number of its resources, until the stack gets a state,
	// which has its own number. A stack that has some can be deleted by force only.
	ResourceCount int
	// Version is the number of updates so far, about which nothing more is known.
	// [Server.AddUpdate] adds others.
	Version int
	// Environment is the ESC environment that holds the stack's configuration, if any.
	Environment string
	// Owner is whose stack it is: the server's user's, if it is left out.
	Owner User
	// CurrentOperation is what runs on the stack now, or nil. It counts in Version.
	// [Server.StartUpdate] starts something of which more is to be seen.
	CurrentOperation *Operation
}

// Operation is something that runs on a [Stack].
type Operation struct {
	// Kind is what it is: "update", "preview", "destroy", "refresh" and so on.
	Kind string
	// Author is the login of who started it.
	Author string
	// Started is when that was.
	Started time.Time
}

// AddStack creates a stack, and its organization if there is none of the name.
// It fails if the stack exists or one of the three names is empty, "." or "..",
// or not UTF-8. Other names are as good as any here, with spaces, slashes,
// percent signs and emoji, so that a client's escaping can be tested.
func (s *Server) AddStack(st Stack) error {
	for _, part := range [][2]string{{"organization", st.Org}, {"project", st.Project}, {"stack", st.Name}} {
		if err := checkSeedName(part[0], part[1]); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := stackID{st.Org, st.Project, st.Name}
	if s.stacks.byID[id] != nil {
		return fmt.Errorf("pulumiapitest: stack %q exists", id)
	}
	s.insertStack(st)
	return nil
}

// insertStack does the work of AddStack. Callers hold mu, and know that the names
// are good and free.
func (s *Server) insertStack(st Stack) *stack {
	s.ensureOrg(st.Org)
	in := s.newStack(stackID{st.Org, st.Project, st.Name}, st.Tags)
	in.resourceCount = st.ResourceCount
	in.version = st.Version
	if st.Owner.Login != "" {
		in.owner = st.Owner
	}
	if st.Environment != "" {
		in.config = &wireStackConfig{Environment: st.Environment}
	}
	if op := st.CurrentOperation; op != nil {
		in.version = max(st.Version, 1) - 1
		u := in.newUpdate(Update{Kind: op.Kind, RequestedBy: User{Login: op.Author}, Started: op.Started})
		in.begin(u)
		in.running = u
	}
	in.lastUpdate = st.LastUpdate
	return in
}

type stackID struct{ org, project, name string }

func (id stackID) String() string { return id.org + "/" + id.project + "/" + id.name }

type stack struct {
	stackID
	seq           int64 // its place in lists
	tags          map[string]string
	config        *wireStackConfig
	state         stackState // nil if there is none
	resourceCount int
	version       int                // the number of updates
	lastUpdate    time.Time          // the start of the last
	running       *update            // the one that holds the stack, or nil
	history       []*update          // updates and previews that have started, the oldest first
	updates       map[string]*update // by ID, with those that have not started
	updateIDs     int                // the number in the last ID
	hooks         hookList
	states        map[int]stackState // after updates, by their versions
	owner         User
	collaborators []string // logins
	notifications wireNotificationSettings
	annotations   map[annotationKey][]json.RawMessage // each with its versions, the first one first
}

// stackStore holds the stacks, in the order in which they were created, and those
// that were deleted, in the order in which that happened.
type stackStore struct {
	byID    map[stackID]*stack
	order   []*stack
	deleted []deletedStack
}

// newStack puts a stack into the store. Its name must be free.
func (s *Server) newStack(id stackID, tags map[string]string) *stack {
	st := &stack{
		stackID: id,
		seq:     s.nextID(),
		tags:    map[string]string{projectTag: id.project},
		updates: map[string]*update{},
		states:  map[int]stackState{},
		owner:   testUser,
	}
	maps.Copy(st.tags, tags)
	s.stacks.byID[id] = st
	s.stacks.order = append(s.stacks.order, st)
	return st
}

// findStack returns the stack that the path names, or the error for the client.
func (s *Server) findStack(c *call) (*stack, error) {
	id := stackID{c.param("orgName"), c.param("projectName"), c.param("stackName")}
	if st := s.stacks.byID[id]; st != nil {
		return st, nil
	}
	return nil, notFound("Stack '%s' not found", id)
}

// activeUpdate is the ID of the last update, also of one that was never told.
func (st *stack) activeUpdate() string {
	for _, u := range slices.Backward(st.history) {
		if !u.preview() {
			return u.id
		}
	}
	if st.version == 0 {
		return ""
	}
	return st.updateID(st.version)
}

// updateID returns the ID of an update: the same for the same stack and number.
func (st *stack) updateID(n int) string {
	return fmt.Sprintf("%08x-0000-4000-9000-%012x", st.seq, n)
}

// checkIdle fails while an update runs.
func (st *stack) checkIdle() error {
	if st.running != nil {
		return conflict("Another update is currently in progress. Stack '%s' has an operation under way: %s", st, st.running.Kind)
	}
	return nil
}

type wireStack struct {
	ID               string            `json:"id"`
	OrgName          string            `json:"orgName"`
	ProjectName      string            `json:"projectName"`
	StackName        string            `json:"stackName"`
	CurrentOperation *wireOperation    `json:"currentOperation,omitempty"`
	ActiveUpdate     string            `json:"activeUpdate"`
	Tags             map[string]string `json:"tags,omitempty"`
	Config           *wireStackConfig  `json:"config,omitempty"`
	Version          int               `json:"version"`
}

type wireOperation struct {
	Kind    string `json:"kind"`
	Author  string `json:"author"`
	Started int64  `json:"started"`
}

type wireStackConfig struct {
	Environment     string `json:"environment"`
	SecretsProvider string `json:"secretsProvider,omitempty"`
	EncryptedKey    string `json:"encryptedKey,omitempty"`
	EncryptionSalt  string `json:"encryptionSalt,omitempty"`
}

func (s *Server) getStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var operation *wireOperation
	if u := st.running; u != nil {
		operation = &wireOperation{Kind: u.Kind, Author: u.RequestedBy.Login, Started: unixSeconds(u.Started)}
	}
	return ok(wireStack{
		ID:               st.String(),
		OrgName:          st.org,
		ProjectName:      st.project,
		StackName:        st.name,
		CurrentOperation: operation,
		ActiveUpdate:     st.activeUpdate(),
		Tags:             st.tags,
		Config:           st.config,
		Version:          st.version,
	}), nil
}

type wireStackList struct {
	Stacks            []wireStackSummary `json:"stacks"`
	ContinuationToken *string            `json:"continuationToken"`
}

// wireStackSummary has neither time nor count for a stack that was never updated.
type wireStackSummary struct {
	ID            string         `json:"id"`
	OrgName       string         `json:"orgName"`
	ProjectName   string         `json:"projectName"`
	StackName     string         `json:"stackName"`
	LastUpdate    *int64         `json:"lastUpdate,omitempty"`
	ResourceCount *int           `json:"resourceCount,omitempty"`
	Links         wireStackLinks `json:"links"`
}

type wireStackLinks struct {
	Self string `json:"self"`
}

func (st *stack) summary() wireStackSummary {
	summary := wireStackSummary{
		ID:          st.String(),
		OrgName:     st.org,
		ProjectName: st.project,
		StackName:   st.name,
		Links: wireStackLinks{
			Self: "https://app.pulumi.test/" + url.PathEscape(st.org) + "/" + url.PathEscape(st.project) + "/" + url.PathEscape(st.name),
		},
	}
	if !st.lastUpdate.IsZero() {
		summary.LastUpdate = new(st.lastUpdate.Unix())
	}
	if !st.lastUpdate.IsZero() || st.resourceCount != 0 {
		summary.ResourceCount = new(st.resourceCount)
	}
	return summary
}

// listStacks takes the parameter roleID for granted, as there are no roles that
// would hide a stack.
func (s *Server) listStacks(c *call) (reply, error) {
	org, project := c.query.Get("organization"), c.query.Get("project")
	tagName, tagValue := c.query.Get("tagName"), c.query.Get("tagValue")
	if tagValue != "" && tagName == "" {
		return reply{}, badRequest("invalid query parameter: tagValue needs tagName")
	}
	var found []*stack
	for _, st := range s.stacks.order {
		value, tagged := st.tags[tagName]
		switch {
		case org != "" && org != st.org:
		case project != "" && project != st.project:
		case tagName != "" && !tagged:
		case tagValue != "" && tagValue != value:
		default:
			found = append(found, st)
		}
	}
	page, next, err := tokenPage(s, c, "maxResults", found, func(st *stack) int64 { return st.seq })
	if err != nil {
		return reply{}, err
	}
	list := wireStackList{Stacks: []wireStackSummary{}, ContinuationToken: next}
	for _, st := range page {
		list.Stacks = append(list.Stacks, st.summary())
	}
	return ok(list), nil
}

type wireCreateStackRequest struct {
	StackName string             `json:"stackName"`
	Tags      map[string]*string `json:"tags"`
	Teams     []string           `json:"teams"`
	State     *wireDeployment    `json:"state"`
	Config    *wireStackConfig   `json:"config"`
}

type wireCreateStackResponse struct {
	Messages []wireMessage `json:"messages"`
}

type wireMessage struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

var stackNameRule = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

func checkName(noun, name string) error {
	if !stackNameRule.MatchString(name) || name == "." || name == ".." {
		return badRequest("invalid %s name '%s': a name has 1 to 100 letters, digits, hyphens, underscores and periods", noun, name)
	}
	return nil
}

// createStack gives the teams that it is sent access to the stack. It accepts any,
// whether they exist or not.
func (s *Server) createStack(c *call) (reply, error) {
	var req wireCreateStackRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	id := stackID{c.param("orgName"), c.param("projectName"), req.StackName}
	if s.orgs[id.org] == nil {
		return reply{}, notFound("Organization '%s' not found", id.org)
	}
	if err := checkName("project", id.project); err != nil {
		return reply{}, err
	}
	if err := checkName("stack", id.name); err != nil {
		return reply{}, err
	}
	tags, err := checkTags(id.project, req.Tags)
	if err != nil {
		return reply{}, err
	}
	if req.State != nil && req.State.Deployment == nil {
		req.State = nil
	}
	resources, err := req.State.resourceCount()
	if err != nil {
		return reply{}, err
	}
	if s.stacks.byID[id] != nil {
		return reply{}, conflict("Stack '%s' already exists", id)
	}
	st := s.newStack(id, tags)
	st.config = req.Config
	if req.State != nil {
		st.setState(req.State, resources)
	}
	for _, name := range req.Teams {
		if t := s.orgs[id.org].team(name); t != nil {
			t.Stacks = append(t.Stacks, TeamStack{id.project, id.name, creatorPermission})
		}
	}
	s.logStack(c, st, "Stack Created", fmt.Sprintf("Created stack %q", st.slug()))
	s.announceStack(st, "created")
	return ok(wireCreateStackResponse{Messages: []wireMessage{}}), nil
}

// stillHasResources is the service's exact text: the CLI compares it before it asks for
// --force.
const stillHasResources = "Bad Request: Stack still contains resources."

func (s *Server) deleteStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	force, err := c.boolQuery("force")
	if err != nil {
		return reply{}, err
	}
	if err := st.checkIdle(); err != nil {
		return reply{}, err
	}
	if st.resourceCount > 0 && !force {
		return reply{}, badRequest("%s", stillHasResources)
	}
	delete(s.stacks.byID, st.stackID)
	s.stacks.order = slices.DeleteFunc(s.stacks.order, func(other *stack) bool { return other == st })
	s.stacks.deleted = append(s.stacks.deleted, deletedStack{st, time.Now()})
	s.revokeGrants(st.stackID)
	s.logStack(c, st, "Stack Deleted", fmt.Sprintf("Deleted stack %q", st.slug()))
	s.announceStack(st, "deleted")
	return noContent, nil
}

type wireTransferStackRequest struct {
	ProjectName *string `json:"projectName"`
	StackName   *string `json:"stackName"`
	FromOrg     *string `json:"fromOrg"`
	ToOrg       string  `json:"toOrg"`
}

// transferStack refuses a body that names another stack than the path does.
func (s *Server) transferStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req wireTransferStackRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	for _, name := range [][2]*string{{req.FromOrg, &st.org}, {req.ProjectName, &st.project}, {req.StackName, &st.name}} {
		if name[0] != nil && *name[0] != *name[1] {
			return reply{}, badRequest("invalid request body: it is about '%s', the path about '%s'", *name[0], *name[1])
		}
	}
	to := stackID{req.ToOrg, st.project, st.name}
	switch {
	case to.org == "":
		return reply{}, badRequest("invalid request body: toOrg is required")
	case s.orgs[to.org] == nil:
		return reply{}, notFound("Organization '%s' not found", to.org)
	case s.stacks.byID[to] != nil:
		return reply{}, conflict("Stack '%s' already exists", to)
	}
	if err := st.checkIdle(); err != nil {
		return reply{}, err
	}
	s.transfer(c, st, to.org)
	return noContent, nil
}

// transfer moves a stack to another organization, which has none of its name.
func (s *Server) transfer(c *call, st *stack, toOrg string) {
	s.revokeGrants(st.stackID)
	s.logStack(c, st, "Stack Transferred", fmt.Sprintf("Transferred stack %q to organization %q", st.slug(), toOrg))
	s.rename(st, stackID{toOrg, st.project, st.name})
	s.logStack(c, st, "Stack Transferred", fmt.Sprintf("Transferred stack %q from another organization", st.slug()))
}
