package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const resourcePath = "/api/preview/insights/{orgName}/accounts/{accountName}/resources/{resourceTypeAndId}"

var insightsResourceRoutes = []route{
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/resources",
		handle:   (*Server).upsertResources,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/resources/references",
		handle:   (*Server).listReferences,
	},
	{endpoint: "GET " + resourcePath, handle: (*Server).getDiscovered},
	{endpoint: "GET " + resourcePath + "/edges", query: []string{"count", tokenParam}, maxSize: 500, handle: (*Server).listEdges},
	{endpoint: "GET " + resourcePath + "/references", handle: (*Server).getReferences},
	{endpoint: "GET " + resourcePath + "/stack_edges", handle: (*Server).listStackEdges},
	{endpoint: "GET " + resourcePath + "/versions", query: []string{"count", tokenParam}, maxSize: 500, handle: (*Server).listDiscoveredVersions},
	{endpoint: "GET " + resourcePath + "/versions/{resourceVersion}", handle: (*Server).getDiscovered},
	{
		endpoint: "GET " + resourcePath + "/versions/{resourceVersion}/edges",
		query:    []string{"count", tokenParam},
		maxSize:  500,
		handle:   (*Server).listEdges,
	},
	{endpoint: "PUT " + resourcePath + "/versions/{resourceVersion}/policy/results", handle: (*Server).updatePolicyResults},
	{
		endpoint: "PUT /api/preview/insights/{orgName}/policy/stacks/{projectName}/{stackName}/updates/{version}/results",
		handle:   (*Server).updateStackPolicyResults,
	},
}

// discoveredResource is a resource of an account, with all its versions.
type discoveredResource struct {
	account  *account
	kind, id string
	versions []*resourceVersion // version 1 first
}

type resourceVersion struct {
	number       int64
	created      time.Time
	state        json.RawMessage
	dependencies []wireResourceKey
	policyState  string // "" until policies have looked at it
}

func (r *discoveredResource) urn() string {
	return "urn:pulumi:" + r.account.Name + "::insights::" + r.kind + "::" + r.id
}

func (r *discoveredResource) last() *resourceVersion { return r.versions[len(r.versions)-1] }

// resource returns the resource of a type and an ID, or nil.
func (a *account) resource(kind, id string) *discoveredResource {
	for _, r := range a.resources {
		if r.kind == kind && r.id == id {
			return r
		}
	}
	return nil
}

type wireResourceKey struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (s *Server) upsertResources(c *call) (reply, error) {
	_, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Resources []struct {
			Type         string            `json:"type"`
			ID           string            `json:"id"`
			Inputs       json.RawMessage   `json:"inputs"`
			State        json.RawMessage   `json:"state"`
			Dependencies []wireResourceKey `json:"dependencies"`
		} `json:"resources"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	for _, item := range req.Resources {
		if item.Type == "" || item.ID == "" || !isObject(item.Inputs) || !isObject(item.State) {
			return reply{}, badRequest("invalid request body: a resource needs type, id, inputs and state")
		}
	}
	for _, item := range req.Resources {
		a.discover(wireResourceKey{item.Type, item.ID}, resourceVersion{created: time.Now(), state: item.State, dependencies: item.Dependencies})
	}
	return noContent, nil
}

// discover gives an account's resource another version, if it is not as it was.
func (a *account) discover(key wireResourceKey, found resourceVersion) {
	r := a.resource(key.Type, key.ID)
	if r == nil {
		r = &discoveredResource{account: a, kind: key.Type, id: key.ID}
		a.resources = append(a.resources, r)
	}
	if len(r.versions) > 0 && bytes.Equal(r.last().state, found.state) && slices.Equal(r.last().dependencies, found.dependencies) {
		return
	}
	found.number = int64(len(r.versions) + 1)
	r.versions = append(r.versions, &found)
}

func isObject(data json.RawMessage) bool { return bytes.HasPrefix(data, []byte("{")) }

// findDiscovered returns the resource that the path names, and the version: the
// last, if it names none.
func (s *Server) findDiscovered(c *call) (*organization, *discoveredResource, *resourceVersion, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return nil, nil, nil, err
	}
	kind, id, found := strings.Cut(c.param("resourceTypeAndId"), "::")
	if !found {
		return nil, nil, nil, badRequest("%q is not of the form type::id", c.param("resourceTypeAndId"))
	}
	r := a.resource(kind, id)
	if r == nil {
		return nil, nil, nil, notFound("Resource '%s' of account '%s' not found", c.param("resourceTypeAndId"), a.Name)
	}
	v := r.last()
	text, named := c.params["resourceVersion"]
	if !named {
		return o, r, v, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return nil, nil, nil, badRequest("invalid resource version %q", text)
	}
	if number < 1 || number > len(r.versions) {
		return nil, nil, nil, notFound("Resource Version '%d' not found", number)
	}
	return o, r, r.versions[number-1], nil
}

type wireDiscovered struct {
	Account     string          `json:"account"`
	Type        string          `json:"type"`
	ID          string          `json:"id"`
	Version     int64           `json:"version"`
	Modified    time.Time       `json:"modified"`
	PolicyState string          `json:"policyState,omitempty"`
	State       json.RawMessage `json:"state,omitempty"`
}

func (r *discoveredResource) wire(v *resourceVersion) wireDiscovered {
	return wireDiscovered{
		Account: r.account.Name, Type: r.kind, ID: r.id, Version: v.number, Modified: v.created.UTC(),
		PolicyState: v.policyState, State: v.state,
	}
}

func (s *Server) getDiscovered(c *call) (reply, error) {
	_, r, v, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	return ok(r.wire(v)), nil
}

func (s *Server) listDiscoveredVersions(c *call) (reply, error) {
	_, r, _, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	page, next, err := tokenPage(s, c, "count", r.versions, func(v *resourceVersion) int64 { return v.number })
	if err != nil {
		return reply{}, err
	}
	list := []map[string]any{}
	for _, v := range page {
		list = append(list, map[string]any{"version": v.number, "created": v.created.UTC()})
	}
	return ok(withToken(map[string]any{"versions": list}, "nextToken", next)), nil
}

// withToken puts the token into an answer, if there is one.
func withToken(answer map[string]any, name string, token *string) map[string]any {
	if token != nil {
		answer[name] = *token
	}
	return answer
}

type wireEdge struct {
	SourceURN     string `json:"sourceUrn"`
	SourceVersion int64  `json:"sourceVersion"`
	DestURN       string `json:"destUrn"`
	EdgeType      string `json:"edgeType"`

	number int64
}

// listEdges knows of the dependencies that were told with a resource.
func (s *Server) listEdges(c *call) (reply, error) {
	_, r, v, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	var edges []wireEdge
	for i, d := range v.dependencies {
		dest := discoveredResource{account: r.account, kind: d.Type, id: d.ID}
		edges = append(edges, wireEdge{r.urn(), v.number, dest.urn(), "dependency", int64(i + 1)})
	}
	page, next, err := tokenPage(s, c, "count", edges, func(e wireEdge) int64 { return e.number })
	if err != nil {
		return reply{}, err
	}
	return ok(withToken(map[string]any{"edges": page}, "nextToken", next)), nil
}

// listStackEdges finds the resources of stacks that have the same type and ID.
func (s *Server) listStackEdges(c *call) (reply, error) {
	o, r, _, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	edges := []map[string]string{}
	for id, st := range s.stacks.byID {
		if id.org != o.name || st.state == nil {
			continue
		}
		resources, err := st.state(BaseURL).resources()
		if err != nil {
			return reply{}, err
		}
		for _, info := range resources {
			if info.Resource.Type == r.kind && info.Resource.ID == r.id {
				edges = append(edges, map[string]string{"insightsResourceId": r.id, "stackResourceUrn": info.Resource.URN})
			}
		}
	}
	slices.SortFunc(edges, func(a, b map[string]string) int { return strings.Compare(a["stackResourceUrn"], b["stackResourceUrn"]) })
	return ok(map[string]any{"edges": edges}), nil
}

type wireRelated struct {
	URN             string         `json:"urn"`
	Resource        wireDiscovered `json:"resource"`
	IndexedResource wireIndexed    `json:"indexedResource"`
	To              []wireRelated  `json:"to"`
	From            []wireRelated  `json:"from"`
}

type wireIndexed struct {
	URN     string `json:"urn"`
	ID      string `json:"id"`
	Type    string `json:"type"`
	Package string `json:"package"`
	Module  string `json:"module"`
	Account string `json:"account"`
	Managed string `json:"managed"`
	Custom  bool   `json:"custom"`
}

// references follows so many references one after another.
func (r *discoveredResource) references(v *resourceVersion, depth int) wireRelated {
	pkg, rest, _ := strings.Cut(r.kind, ":")
	module, _, _ := strings.Cut(rest, ":")
	w := wireRelated{
		URN: r.urn(), Resource: r.wire(v), To: []wireRelated{}, From: []wireRelated{},
		IndexedResource: wireIndexed{
			URN: r.urn(), ID: r.id, Type: r.kind, Package: pkg, Module: module, Account: r.account.Name, Managed: "discovered", Custom: true,
		},
	}
	if depth <= 0 {
		return w
	}
	for _, d := range v.dependencies {
		if to := r.account.resource(d.Type, d.ID); to != nil {
			w.To = append(w.To, to.references(to.last(), depth-1))
		}
	}
	for _, other := range r.account.resources {
		if slices.Contains(other.last().dependencies, wireResourceKey{r.kind, r.id}) {
			w.From = append(w.From, other.references(other.last(), depth-1))
		}
	}
	return w
}

func (s *Server) getReferences(c *call) (reply, error) {
	_, r, v, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	return ok(r.references(v, 1)), nil
}

func (s *Server) listReferences(c *call) (reply, error) {
	o, _, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		ResourceIdentifiers []struct {
			Account string `json:"account"`
			Type    string `json:"type"`
			ID      string `json:"id"`
			Version *int   `json:"version"`
		} `json:"resourceIdentifiers"`
		Depth *int `json:"depth"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	depth := 1
	if req.Depth != nil {
		depth = min(*req.Depth, 3) // they go round in circles
	}
	list := []wireRelated{}
	for _, id := range req.ResourceIdentifiers {
		var r *discoveredResource
		if a := o.account(id.Account); a != nil {
			r = a.resource(id.Type, id.ID)
		}
		if r == nil {
			return reply{}, notFound("Resource Identifier '%s::%s' not found", id.Type, id.ID)
		}
		v := r.last()
		if id.Version != nil {
			if *id.Version < 1 || *id.Version > len(r.versions) {
				return reply{}, notFound("Resource Version '%d' not found", *id.Version)
			}
			v = r.versions[*id.Version-1]
		}
		list = append(list, r.references(v, depth))
	}
	return ok(list), nil
}

type wirePolicyResults struct {
	ClaimID string `json:"claimId"`
	Results *struct {
		Succeeded  bool `json:"succeeded"`
		Violations []struct {
			Message           string `json:"message"`
			PolicyName        string `json:"policyName"`
			PolicyPackName    string `json:"policyPackName"`
			PolicyPackVersion string `json:"policyPackVersion"`
			EnforcementLevel  string `json:"enforcementLevel"`
			Kind              string `json:"kind"`
			ResourceURN       string `json:"resourceURN"`
		} `json:"violations"`
	} `json:"results"`
}

func (c *call) policyResults() (wirePolicyResults, error) {
	var req wirePolicyResults
	if err := c.decode(&req); err != nil {
		return req, err
	}
	if req.ClaimID == "" || req.Results == nil {
		return req, badRequest("invalid request body: claimId and results are required")
	}
	return req, nil
}

// updatePolicyResults takes any claim.
func (s *Server) updatePolicyResults(c *call) (reply, error) {
	_, _, v, err := s.findDiscovered(c)
	if err != nil {
		return reply{}, err
	}
	req, err := c.policyResults()
	if err != nil {
		return reply{}, err
	}
	v.policyState = "passed"
	if !req.Results.Succeeded {
		v.policyState = "failed"
	}
	return noContent, nil
}

// updateStackPolicyResults keeps the results in the audit log only.
func (s *Server) updateStackPolicyResults(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	version, err := st.versionOf(c)
	if err != nil {
		return reply{}, err
	}
	if version < 1 || version > st.version {
		return reply{}, notFound("Program Update %d of stack '%s' not found", version, st)
	}
	req, err := c.policyResults()
	if err != nil {
		return reply{}, err
	}
	s.logStack(c, st, "Stack Policy Results Updated", fmt.Sprintf(
		"Found %d policy violations in version %d of stack %q", len(req.Results.Violations), version, st.slug()))
	return noContent, nil
}
