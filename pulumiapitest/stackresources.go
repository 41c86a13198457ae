package pulumiapitest

import (
	"encoding/json"
	"slices"
	"strings"
)

var stackResourceRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/export/{version}",
		handle:   (*Server).exportStackAtVersion,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/count",
		handle:   (*Server).countResources,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/latest",
		handle:   (*Server).listResources,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}",
		handle:   (*Server).listResources,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/latest/{urn}",
		handle:   (*Server).getResource,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}/{urn}",
		handle:   (*Server).getResource,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/downstreamreferences",
		handle:   (*Server).listDownstreamReferences,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/upstreamreferences",
		handle:   (*Server).listUpstreamReferences,
	},
	{
		endpoint: "GET /api/console/stacks/{orgName}/{projectName}/{stackName}/overview",
		handle:   (*Server).getOverview,
	},
}

// stateAtVersion returns the state of the version that the path names, or of now,
// and which version that is. The states of updates about which a test has told
// nothing but their number are not known.
func (st *stack) stateAtVersion(c *call) (*wireDeployment, int, error) {
	version, err := st.versionOf(c)
	if err != nil {
		return nil, 0, err
	}
	state := st.state
	if version != st.version {
		var known bool
		if state, known = st.states[version]; !known {
			return nil, 0, notFound("Version %d of stack '%s' not found", version, st)
		}
	}
	if state == nil {
		return &emptyState, version, nil
	}
	return state(c.baseURL), version, nil
}

func (s *Server) exportStackAtVersion(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	state, _, err := st.stateAtVersion(c)
	if err != nil {
		return reply{}, err
	}
	encoded, err := state.encode()
	if err != nil {
		return reply{}, err
	}
	return ok(encoded), nil
}

// wireResource is a resource in answers, and what of a state they show.
type wireResource struct {
	URN                     string                     `json:"urn"`
	ID                      string                     `json:"id,omitempty"`
	Type                    string                     `json:"type"`
	Custom                  bool                       `json:"custom"`
	Delete                  bool                       `json:"delete"`
	External                bool                       `json:"external,omitempty"`
	Protect                 bool                       `json:"protect,omitempty"`
	RetainOnDelete          bool                       `json:"retainOnDelete,omitempty"`
	Inputs                  map[string]json.RawMessage `json:"inputs,omitempty"`
	Outputs                 map[string]json.RawMessage `json:"outputs,omitempty"`
	Parent                  string                     `json:"parent,omitempty"`
	Dependencies            []string                   `json:"dependencies"`
	DeletedWith             string                     `json:"deletedWith,omitempty"`
	Aliases                 []string                   `json:"aliases,omitempty"`
	InitErrors              []string                   `json:"initErrors,omitempty"`
	AdditionalSecretOutputs []string                   `json:"additionalSecretOutputs,omitempty"`
}

type wireResourceInfo struct {
	Resource wireResource `json:"resource"`
}

type wireResources struct {
	Region    string             `json:"region"`
	Resources []wireResourceInfo `json:"resources"`
	Version   int                `json:"version"`
}

// resources returns the resources in a state.
func (d *wireDeployment) resources() ([]wireResourceInfo, error) {
	var deployment struct {
		Resources []wireResource `json:"resources"`
	}
	if err := json.Unmarshal(d.Deployment, &deployment); err != nil {
		return nil, err
	}
	resources := make([]wireResourceInfo, len(deployment.Resources))
	for i, resource := range deployment.Resources {
		if resource.Dependencies == nil {
			resource.Dependencies = []string{}
		}
		resources[i].Resource = resource
	}
	return resources, nil
}

// findResources returns the resources that a call asks for. Regions are not made up.
func (s *Server) findResources(c *call) (*stack, wireResources, error) {
	st, err := s.findStack(c)
	if err != nil {
		return nil, wireResources{}, err
	}
	state, version, err := st.stateAtVersion(c)
	if err != nil {
		return nil, wireResources{}, err
	}
	resources, err := state.resources()
	return st, wireResources{Resources: resources, Version: version}, err
}

func (s *Server) listResources(c *call) (reply, error) {
	_, found, err := s.findResources(c)
	if err != nil {
		return reply{}, err
	}
	return ok(found), nil
}

type wireOneResource struct {
	Region   string           `json:"region"`
	Resource wireResourceInfo `json:"resource"`
	Version  int              `json:"version"`
}

func (s *Server) getResource(c *call) (reply, error) {
	_, found, err := s.findResources(c)
	if err != nil {
		return reply{}, err
	}
	for _, info := range found.Resources {
		if info.Resource.URN == c.param("urn") {
			return ok(wireOneResource{Region: found.Region, Resource: info, Version: found.Version}), nil
		}
	}
	return reply{}, notFound("Resource '%s' not found", c.param("urn"))
}

type wireResourceCount struct {
	ResourceCount int `json:"resourceCount"`
	Version       int `json:"version"`
}

func (s *Server) countResources(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	return ok(wireResourceCount{st.resourceCount, st.version}), nil
}

type wireReferences struct {
	ReferencedStacks []wireReference `json:"referencedStacks"`
}

type wireReference struct {
	Name           string `json:"name"`
	Organization   string `json:"organization"`
	RoutingProject string `json:"routingProject"`
	Version        int    `json:"version"`
}

// wireReference returns a reference to a stack, at version 0 if it is not there.
func (s *Server) wireReference(id stackID) wireReference {
	w := wireReference{Name: id.name, Organization: id.org, RoutingProject: id.project}
	if st := s.stacks.byID[id]; st != nil {
		w.Version = st.version
	}
	return w
}

const referenceType = "pulumi:pulumi:StackReference"

// upstream returns the stacks that a stack reads outputs of, as its state tells.
func (st *stack) upstream() ([]stackID, error) {
	if st.state == nil {
		return nil, nil
	}
	resources, err := st.state(BaseURL).resources()
	if err != nil {
		return nil, err
	}
	var found []stackID
	for _, info := range resources {
		var name string
		if info.Resource.Type != referenceType || json.Unmarshal(info.Resource.Inputs["name"], &name) != nil {
			continue
		}
		if parts := strings.Split(name, "/"); len(parts) == 3 {
			found = append(found, stackID{parts[0], parts[1], parts[2]})
		}
	}
	return found, nil
}

func (s *Server) wireUpstream(st *stack) ([]wireReference, error) {
	ids, err := st.upstream()
	references := []wireReference{}
	for _, id := range ids {
		references = append(references, s.wireReference(id))
	}
	return references, err
}

func (s *Server) listUpstreamReferences(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	references, err := s.wireUpstream(st)
	if err != nil {
		return reply{}, err
	}
	return ok(wireReferences{references}), nil
}

func (s *Server) listDownstreamReferences(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	list := wireReferences{[]wireReference{}}
	for _, other := range s.stacks.order {
		ids, err := other.upstream()
		if err != nil {
			return reply{}, err
		}
		if slices.Contains(ids, st.stackID) {
			list.ReferencedStacks = append(list.ReferencedStacks, s.wireReference(other.stackID))
		}
	}
	return ok(list), nil
}

type wireOverview struct {
	ReferencedStacks []wireReference   `json:"referencedStacks"`
	Resources        wireResources     `json:"resources"`
	Tags             map[string]string `json:"tags"`
}

func (s *Server) getOverview(c *call) (reply, error) {
	st, found, err := s.findResources(c)
	if err != nil {
		return reply{}, err
	}
	references, err := s.wireUpstream(st)
	if err != nil {
		return reply{}, err
	}
	return ok(wireOverview{references, found, st.tags}), nil
}
