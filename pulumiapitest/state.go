package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var stackStateRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/export",
		handle:   (*Server).exportStack,
	},
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/import",
		handle:   (*Server).importStack,
	},
}

// SetState gives a stack a state: a deployment, as JSON, and the version of its
// schema. The bytes are kept and exported as they are. It makes no update. It
// fails if there is no such stack, or the deployment is not a JSON object.
func (s *Server) SetState(org, project, stack string, deployment []byte, version int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.seededStack(org, project, stack)
	if err != nil {
		return err
	}
	return st.seedState(deployment, version)
}

// seededStack returns a stack that a test names.
func (s *Server) seededStack(org, project, name string) (*stack, error) {
	id := stackID{org, project, name}
	if st := s.stacks.byID[id]; st != nil {
		return st, nil
	}
	return nil, fmt.Errorf("pulumiapitest: there is no stack %q", id)
}

func (st *stack) seedState(raw []byte, version int) error {
	state := &wireDeployment{Version: version, Deployment: bytes.TrimSpace(bytes.Clone(raw))}
	if !json.Valid(state.Deployment) {
		return errors.New("pulumiapitest: the deployment is not JSON")
	}
	resources, err := state.resourceCount()
	if err != nil {
		return fmt.Errorf("pulumiapitest: %w", err)
	}
	st.setState(state, resources)
	return nil
}

// setState gives a stack a state whose resources are counted.
func (st *stack) setState(state *wireDeployment, resources int) {
	st.state = func(string) *wireDeployment { return state }
	st.resourceCount = resources
}

// stackState returns a state. It is a function, as a large state may be made only
// when it is asked for. A state that a test or a client has set is the same for
// every base URL.
type stackState func(baseURL string) *wireDeployment

// wireDeployment is a state in requests. In answers it is written by encode.
type wireDeployment struct {
	Version    int             `json:"version"`
	Features   []string        `json:"features"`
	Deployment json.RawMessage `json:"deployment"`
}

// resourceCount returns the number of resources in a deployment, and fails if it
// is none.
func (d *wireDeployment) resourceCount() (int, error) {
	if d == nil {
		return 0, nil
	}
	if !bytes.HasPrefix(d.Deployment, []byte("{")) {
		return 0, badRequest("invalid deployment: it must be a JSON object")
	}
	var deployment struct {
		Resources []json.RawMessage `json:"resources"`
	}
	if err := json.Unmarshal(d.Deployment, &deployment); err != nil {
		return 0, badRequest("invalid deployment: %v", err)
	}
	return len(deployment.Resources), nil
}

// encode writes the state around the deployment, whose bytes stay as they are.
func (d *wireDeployment) encode() (rawJSON, error) {
	encoded := fmt.Appendf(nil, `{"version":%d`, d.Version)
	if d.Features != nil {
		features, err := json.Marshal(d.Features)
		if err != nil {
			return nil, err
		}
		encoded = fmt.Appendf(encoded, `,"features":%s`, features)
	}
	encoded = append(encoded, `,"deployment":`...)
	encoded = append(encoded, d.Deployment...)
	return append(encoded, '}'), nil
}

// emptyState is the state of a stack that never had one.
var emptyState = wireDeployment{
	Version:    3,
	Deployment: json.RawMessage(`{"manifest":{"time":"0001-01-01T00:00:00Z","magic":"","version":""}}`),
}

func (s *Server) exportStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	state := &emptyState
	if st.state != nil {
		state = st.state(c.baseURL)
	}
	encoded, err := state.encode()
	if err != nil {
		return reply{}, err
	}
	return ok(encoded), nil
}

type wireImportStackResponse struct {
	UpdateID string `json:"updateId"`
}

// importStack takes secrets for the stack's own, whoever encrypted them.
func (s *Server) importStack(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req wireDeployment
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Version < 1 {
		return reply{}, badRequest("invalid deployment: it must have the version of its schema")
	}
	resources, err := req.resourceCount()
	if err != nil {
		return reply{}, err
	}
	if err := st.checkIdle(); err != nil {
		return reply{}, err
	}
	st.setState(&req, resources)
	now := time.Now()
	u := st.newUpdate(Update{Kind: "import", RequestedBy: testUser, Started: now})
	st.begin(u)
	st.end(u, Succeeded, now)
	s.logStack(c, st, "Stack Imported", fmt.Sprintf("Imported stack %q", st.slug()))
	s.announceUpdate(st, u)
	return ok(wireImportStackResponse{UpdateID: u.id}), nil
}
