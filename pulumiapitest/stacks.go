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
}

// Stack is a stack to put into the cloud with [Server.AddStack].
type Stack struct {
	// Org, Project and Name identify the stack.
	Org, Project, Name string
	// Tags are its tags. The tag pulumi:project is added if it isn't among them.
	Tags map[string]string
	// LastUpdate is the start of the last update, zero if there was none.
	LastUpdate time.Time
	// ResourceCount is the number of its resources. A stack that has some can be
	// deleted by force only.
	ResourceCount int
	// Version is the number of updates so far.
	Version int
	// Environment is the ESC environment that holds the stack's configuration, if any.
	Environment string
	// CurrentOperation is what runs on the stack now, or nil.
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
func (s *Server) insertStack(st Stack) {
	s.orgs[st.Org] = true
	in := s.newStack(stackID{st.Org, st.Project, st.Name}, st.Tags)
	in.lastUpdate = st.LastUpdate
	in.resourceCount = st.ResourceCount
	in.version = st.Version
	if st.Environment != "" {
		in.config = &wireStackConfig{Environment: st.Environment}
	}
	if op := st.CurrentOperation; op != nil {
		in.operation = &wireOperation{Kind: op.Kind, Author: op.Author, Started: op.Started.Unix()}
	}
}

type stackID struct{ org, project, name string }

func (id stackID) String() string { return id.org + "/" + id.project + "/" + id.name }

type stack struct {
	stackID
	seq           int64 // its place in lists
	tags          map[string]string
	lastUpdate    time.Time
	resourceCount int
	version       int
	config        *wireStackConfig
	operation     *wireOperation
}

// stackStore holds the stacks, in the order in which they were created.
type stackStore struct {
	byID  map[stackID]*stack
	order []*stack
}

// newStack puts a stack into the store. Its name must be free.
func (s *Server) newStack(id stackID, tags map[string]string) *stack {
	st := &stack{stackID: id, seq: s.nextID(), tags: map[string]string{projectTag: id.project}}
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

// activeUpdate is the ID of the last update: the same for the same stack and version.
func (st *stack) activeUpdate() string {
	if st.version == 0 && st.operation == nil {
		return ""
	}
	return fmt.Sprintf("%08x-0000-4000-9000-%012x", st.seq, st.version)
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
	return ok(wireStack{
		ID:               st.String(),
		OrgName:          st.org,
		ProjectName:      st.project,
		StackName:        st.name,
		CurrentOperation: st.operation,
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

type wireDeployment struct {
	Version    int             `json:"version"`
	Features   []string        `json:"features"`
	Deployment json.RawMessage `json:"deployment"`
}

// resourceCount returns the number of resources in a deployment.
func (d *wireDeployment) resourceCount() (int, error) {
	if d == nil || d.Deployment == nil {
		return 0, nil
	}
	var deployment struct {
		Resources []json.RawMessage `json:"resources"`
	}
	if err := json.Unmarshal(d.Deployment, &deployment); err != nil {
		return 0, badRequest("invalid deployment: %v", err)
	}
	return len(deployment.Resources), nil
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

// createStack accepts any team, whether it exists or not.
func (s *Server) createStack(c *call) (reply, error) {
	var req wireCreateStackRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	id := stackID{c.param("orgName"), c.param("projectName"), req.StackName}
	if !s.orgs[id.org] {
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
	resources, err := req.State.resourceCount()
	if err != nil {
		return reply{}, err
	}
	if s.stacks.byID[id] != nil {
		return reply{}, conflict("Stack '%s' already exists", id)
	}
	st := s.newStack(id, tags)
	st.resourceCount = resources
	st.config = req.Config
	return ok(wireCreateStackResponse{Messages: []wireMessage{}}), nil
}

func (s *Server) deleteStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	force, err := c.boolQuery("force")
	switch {
	case err != nil:
		return reply{}, err
	case st.operation != nil:
		return reply{}, conflict("Stack '%s' has an operation under way: %s", st, st.operation.Kind)
	case st.resourceCount > 0 && !force:
		return reply{}, badRequest("Stack '%s' still has resources (%d), and deletion is not forced", st, st.resourceCount)
	}
	delete(s.stacks.byID, st.stackID)
	s.stacks.order = slices.DeleteFunc(s.stacks.order, func(other *stack) bool { return other == st })
	return noContent, nil
}
