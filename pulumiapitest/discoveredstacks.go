package pulumiapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const discoveredPath = "/api/preview/insights/{orgName}/discovered-stacks/{projectName}"

var discoveredStackRoutes = []route{
	{endpoint: "GET " + discoveredPath, query: []string{tokenParam}, handle: (*Server).listDiscoveredStacks},
	{endpoint: "GET " + discoveredPath + "/{stackName}", handle: (*Server).getDiscoveredStack},
	{
		endpoint: "GET " + discoveredPath + "/{stackName}/resources",
		query:    []string{"compareTo", tokenParam},
		handle:   func(s *Server, c *call) (reply, error) { return s.listMigration(c, false) },
	},
	{endpoint: "PUT " + discoveredPath + "/{stackName}/migration", handle: (*Server).setMigrationAnnotation},
	{endpoint: "DELETE " + discoveredPath + "/{stackName}/migration", query: []string{"resourceUrn"}, handle: (*Server).deleteMigrationAnnotation},
	{
		endpoint: "GET /api/preview/insights/{orgName}/stacks/{projectName}/{stackName}/migration",
		query:    []string{"compareTo", tokenParam},
		handle:   func(s *Server, c *call) (reply, error) { return s.listMigration(c, true) },
	},
	{endpoint: "POST /api/preview/insights/{orgName}/import/code/generate", handle: (*Server).generateImportCode},
}

// DiscoveredStack is a group of resources that another tool than Pulumi has
// deployed together, see [Server.AddDiscoveredStack].
type DiscoveredStack struct {
	// Project and Name identify it in its organization.
	Project, Name string
	// Provider is the tool, as in "aws-cloudformation".
	Provider string
	// Terraform says that it is none that a scan has found, but one of Terraform
	// whose state the service keeps. It is found at other endpoints.
	Terraform bool
	// Scanned is when it was found.
	Scanned time.Time
	// Tags are its tags.
	Tags map[string]string
	// Resources are what is in it.
	Resources []DiscoveredResource
}

// DiscoveredResource is a resource of a [DiscoveredStack].
type DiscoveredResource struct {
	// URN identifies the resource, ID is what its provider calls it.
	URN, ID string
	// Type is the type's token in Pulumi, "" if it has none, OriginType the tool's
	// own.
	Type, OriginType string
	// State is JSON: the state to import, or nil if it is not known.
	State map[string]json.RawMessage
}

type discoveredStack struct {
	DiscoveredStack
	id    string
	seq   int64
	notes map[string]wireMigrationNote // by the resource's URN
}

// AddDiscoveredStack puts a stack of another tool into an organization, which is
// created if there is none of the name. It fails if the stack exists or can't be
// sent in a path.
func (s *Server) AddDiscoveredStack(org string, d DiscoveredStack) error {
	for _, name := range []string{d.Project, d.Name} {
		if err := checkSeedName("discovered stack", name); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	if o.discoveredStack(d.Project, d.Name, d.Terraform) != nil {
		return fmt.Errorf("pulumiapitest: discovered stack %q of organization %q exists", d.Project+"/"+d.Name, org)
	}
	s.newDiscoveredStack(o, d)
	return nil
}

func (s *Server) newDiscoveredStack(o *organization, d DiscoveredStack) {
	d.Resources, d.Tags = slices.Clone(d.Resources), maps.Clone(d.Tags)
	seq := s.nextSerial()
	o.discoveredStacks = append(o.discoveredStacks, &discoveredStack{
		d, fakeUUID(fmt.Sprintf("discovered stack %d", seq)), seq, map[string]wireMigrationNote{},
	})
}

func (o *organization) discoveredStack(project, name string, terraform bool) *discoveredStack {
	for _, d := range o.discoveredStacks {
		if d.Project == project && d.Name == name && d.Terraform == terraform {
			return d
		}
	}
	return nil
}

func (s *Server) findDiscoveredStack(c *call, terraform bool) (*organization, *discoveredStack, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	d := o.discoveredStack(c.param("projectName"), c.param("stackName"), terraform)
	if d == nil {
		return nil, nil, notFound("Discovered stack '%s/%s' not found", c.param("projectName"), c.param("stackName"))
	}
	return o, d, nil
}

// wire has the stack's name under one of two names.
func (d *discoveredStack) wire(nameMember string) map[string]any {
	w := map[string]any{"id": d.id, nameMember: d.Name, "provider": d.Provider, "resourceCount": len(d.Resources)}
	if !d.Scanned.IsZero() {
		w["lastScanTime"] = d.Scanned.Unix()
	}
	if len(d.Tags) > 0 {
		w["tags"] = d.Tags
	}
	return w
}

func (s *Server) listDiscoveredStacks(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var found []*discoveredStack
	for _, d := range o.discoveredStacks {
		if d.Project == c.param("projectName") && !d.Terraform {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		return reply{}, notFound("No discovered stacks found for project '%s'", c.param("projectName"))
	}
	page, next, err := tokenPage(s, c, "", found, func(d *discoveredStack) int64 { return d.seq })
	if err != nil {
		return reply{}, err
	}
	stacks := []map[string]any{}
	for _, d := range page {
		stacks = append(stacks, d.wire("name"))
	}
	project := map[string]any{"name": c.param("projectName"), "orgName": o.name, "stacks": stacks}
	return ok(withToken(map[string]any{"project": project}, tokenParam, next)), nil
}

func (s *Server) getDiscoveredStack(c *call) (reply, error) {
	o, d, err := s.findDiscoveredStack(c, false)
	if err != nil {
		return reply{}, err
	}
	w := d.wire("stackName")
	w["orgName"], w["projectName"] = o.name, d.Project
	return ok(w), nil
}

type wireMigrationNote struct {
	Note              string `json:"note,omitempty"`
	StatusOverride    string `json:"statusOverride,omitempty"`
	LinkedResourceURN string `json:"linkedResourceUrn,omitempty"`
}

type wireMigration struct {
	CloudProviderID string                     `json:"cloudProviderId,omitempty"`
	OriginType      string                     `json:"originType,omitempty"`
	ProviderType    string                     `json:"providerType,omitempty"`
	MigrationStatus string                     `json:"migrationStatus"`
	Annotation      *wireMigrationNote         `json:"annotation,omitempty"`
	Resource        wireResource               `json:"resource"`
	VirtualState    map[string]json.RawMessage `json:"virtualState,omitempty"`

	number int64
}

// listMigration compares a stack with one of Pulumi, where it is told to.
func (s *Server) listMigration(c *call, terraform bool) (reply, error) {
	o, d, err := s.findDiscoveredStack(c, terraform)
	if err != nil {
		return reply{}, err
	}
	there, err := s.comparedTo(c, o)
	if err != nil {
		return reply{}, err
	}
	var list []wireMigration
	for _, r := range d.Resources {
		w := wireMigration{
			CloudProviderID: r.ID, OriginType: r.OriginType, ProviderType: r.Type, VirtualState: r.State,
			Resource: wireResource{URN: r.URN, ID: r.ID, Type: r.Type, Custom: true, Dependencies: []string{}},
		}
		same := func(info wireResourceInfo) bool { return info.Resource.Type == r.Type && info.Resource.ID == r.ID }
		w.MigrationStatus = r.status(slices.ContainsFunc(there, same))
		there = slices.DeleteFunc(there, same)
		if note, has := d.notes[r.URN]; has {
			w.Annotation = &note
			if note.StatusOverride != "" {
				w.MigrationStatus = note.StatusOverride
			}
		}
		list = append(list, w)
	}
	for _, info := range there {
		list = append(list, wireMigration{MigrationStatus: "PulumiOnly", Resource: info.Resource})
	}
	for i := range list {
		list[i].number = int64(i + 1)
	}
	page, next, err := tokenPage(s, c, "", list, func(w wireMigration) int64 { return w.number })
	if err != nil {
		return reply{}, err
	}
	return ok(withToken(map[string]any{"resources": page}, tokenParam, next)), nil
}

func (r DiscoveredResource) status(migrated bool) string {
	switch {
	case migrated:
		return "Migrated"
	case r.Type == "":
		return "NoMatch"
	case r.State == nil:
		return "NotFound"
	}
	return "Ready"
}

// comparedTo returns the resources of the stack that a call compares to, none if it
// doesn't.
func (s *Server) comparedTo(c *call, o *organization) ([]wireResourceInfo, error) {
	text := c.query.Get("compareTo")
	if text == "" {
		return nil, nil
	}
	project, name, found := strings.Cut(text, "/")
	if !found {
		return nil, badRequest("Invalid compareTo parameter: %q is not project/stack", text)
	}
	st := s.stacks.byID[stackID{o.name, project, name}]
	if st == nil {
		return nil, notFound("Comparison stack '%s' not found", text)
	}
	if st.state == nil {
		return nil, nil
	}
	return st.state(BaseURL).resources()
}

func (s *Server) setMigrationAnnotation(c *call) (reply, error) {
	_, d, err := s.findDiscoveredStack(c, false)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		ResourceURN       string `json:"resourceUrn"`
		Note              string `json:"note"`
		StatusOverride    string `json:"statusOverride"`
		LinkedResourceURN string `json:"linkedResourceUrn"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	switch {
	case !slices.ContainsFunc(d.Resources, func(r DiscoveredResource) bool { return r.URN == req.ResourceURN }):
		return reply{}, badRequest("Invalid request: there is no resource '%s'", req.ResourceURN)
	case req.Note == "" && req.StatusOverride == "":
		return reply{}, badRequest("Invalid request: note or statusOverride must not be empty")
	case req.StatusOverride != "" && req.StatusOverride != "Migrated":
		return reply{}, badRequest("Invalid request: statusOverride must be Migrated")
	}
	d.notes[req.ResourceURN] = wireMigrationNote{req.Note, req.StatusOverride, req.LinkedResourceURN}
	return noContent, nil
}

func (s *Server) deleteMigrationAnnotation(c *call) (reply, error) {
	_, d, err := s.findDiscoveredStack(c, false)
	if err != nil {
		return reply{}, err
	}
	urn := c.query.Get("resourceUrn")
	if _, has := d.notes[urn]; !has {
		return reply{}, notFound("Annotation of '%s' not found", urn)
	}
	delete(d.notes, urn)
	return noContent, nil
}

var importComments = map[string]string{
	"typescript": "//", "javascript": "//", "go": "//", "csharp": "//", "java": "//", "python": "#", "yaml": "#",
}

// generateImportCode names the resources in comments: it knows nobody's schema.
func (s *Server) generateImportCode(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		Language string   `json:"language"`
		URNs     []string `json:"urns"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	comment, known := importComments[req.Language]
	if !known || len(req.URNs) == 0 {
		return reply{}, badRequest("Invalid language or URNs")
	}
	var code strings.Builder
	for _, urn := range req.URNs {
		r := o.discoveredResource(urn)
		if r == nil {
			return reply{}, badRequest("Invalid language or URNs: there is no resource '%s'", urn)
		}
		fmt.Fprintf(&code, "%s import %s %s\n", comment, r.kind, r.id)
	}
	return ok(map[string]any{"code": code.String()}), nil
}

func (o *organization) discoveredResource(urn string) *discoveredResource {
	for _, a := range o.accounts {
		for _, r := range a.resources {
			if r.urn() == urn {
				return r
			}
		}
	}
	return nil
}
