package pulumiapitest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// webhookRoutes are there three times: for the webhooks of organizations, for those of
// stacks and for those of environments.
func webhookRoutes() []route {
	var routes []route
	for _, owner := range []string{"/api/orgs/{orgName}", "/api/stacks/{orgName}/{projectName}/{stackName}", "/api/esc/environments/{orgName}/{projectName}/{envName}"} {
		hooks := owner + "/hooks"
		hook := hooks + "/{hookName}"
		routes = append(routes,
			route{endpoint: "GET " + hooks, handle: (*Server).listWebhooks},
			route{endpoint: "POST " + hooks, handle: (*Server).createWebhook},
			route{endpoint: "GET " + hook, handle: (*Server).getWebhook},
			route{endpoint: "PATCH " + hook, handle: (*Server).updateWebhook},
			route{endpoint: "DELETE " + hook, handle: (*Server).deleteWebhook},
			route{endpoint: "POST " + hook + "/ping", handle: (*Server).pingWebhook},
			route{endpoint: "GET " + hook + "/deliveries", handle: (*Server).listDeliveries},
			route{endpoint: "POST " + hook + "/deliveries/{event}/redeliver", handle: (*Server).redeliver},
		)
	}
	return routes
}

// Webhook is a webhook of an organization, of a stack or of a Pulumi ESC environment,
// see [Server.AddWebhook].
type Webhook struct {
	// Org is the organization it belongs to.
	Org string
	// Project and Stack, or Project and Environment, name what it belongs to, if it is
	// not the organization's own. No environment has to exist.
	Project, Stack, Environment string
	// Name identifies it there. One is made up, if it is left out.
	Name string
	// DisplayName is what people see: the Name, if it is left out.
	DisplayName string
	// PayloadURL is where it delivers. See [Server.HandleWebhooks].
	PayloadURL string
	// Secret is the key of the signature, if it is to sign.
	Secret string
	// Format is "raw", which is the default, "slack", "ms_teams" or
	// "pulumi_deployments".
	Format string
	// Inactive keeps it from hearing of events. It can be pinged all the same.
	Inactive bool
	// Filters and Groups are the events that it hears of: all, if both are empty.
	Filters, Groups []string
}

// AddWebhook puts a webhook into the cloud, and returns its name. The organization
// is created if there is none of the name. It fails if the webhook exists, if
// there is no such stack, or if the name is one that no client can send.
func (s *Server) AddWebhook(w Webhook) (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(w.Org)
	if err != nil {
		return "", err
	}
	hooks := &o.hooks
	switch {
	case w.Environment != "":
		if w.Stack != "" {
			return "", errors.New("pulumiapitest: a webhook belongs to a stack or to an environment")
		}
		hooks = o.hooksOf(environmentID{w.Project, w.Environment})
	case w.Project != "" || w.Stack != "":
		st, err := s.seededStack(w.Org, w.Project, w.Stack)
		if err != nil {
			return "", err
		}
		hooks = &st.hooks
	}
	if w.Name == "" {
		w.Name = s.hookName()
	}
	if err := checkSeedName("webhook", w.Name); err != nil {
		return "", err
	}
	if hooks.find(w.Name) != nil {
		return "", fmt.Errorf("pulumiapitest: webhook %q exists", w.Name)
	}
	*hooks = append(*hooks, newWebhook(w))
	return w.Name, nil
}

// webhook is a webhook in the cloud. Its Org, Project, Stack and Environment are not
// looked at: a stack may move.
type webhook struct {
	Webhook
	deliveries []delivery // the oldest first
}

func newWebhook(w Webhook) *webhook {
	if w.DisplayName == "" {
		w.DisplayName = w.Name
	}
	if w.Format == "" {
		w.Format = formatRaw
	}
	w.Filters, w.Groups = slices.Clone(w.Filters), slices.Clone(w.Groups)
	return &webhook{Webhook: w}
}

// hookName makes up a name, as the service does for a webhook without one.
func (s *Server) hookName() string {
	return fakeHex(fmt.Sprintf("webhook %d", s.nextSerial()), 8)
}

type hookList []*webhook

// find returns the webhook of a name, or nil.
func (hooks hookList) find(name string) *webhook {
	for _, w := range hooks {
		if w.Name == name {
			return w
		}
	}
	return nil
}

// hookOwner is what webhooks belong to.
type hookOwner struct {
	org   *organization
	stack *stack        // nil if they are no stack's
	env   environmentID // zero if they are no environment's
	hooks *hookList
}

// environmentID names an environment in its organization. The cloud has none, and takes
// any name for one.
type environmentID struct{ project, name string }

// hooksOf returns the webhooks of an environment.
func (o *organization) hooksOf(env environmentID) *hookList {
	if o.envHooks[env] == nil {
		o.envHooks[env] = &hookList{}
	}
	return o.envHooks[env]
}

// isOrg reports whether the webhooks are the organization's own.
func (owner hookOwner) isOrg() bool { return owner.stack == nil && owner.env == (environmentID{}) }

func (owner hookOwner) String() string {
	if owner.stack != nil {
		return fmt.Sprintf("stack %q", owner.stack.slug())
	}
	if !owner.isOrg() {
		return fmt.Sprintf("environment %q", owner.env.project+"/"+owner.env.name)
	}
	return "the organization"
}

// findHookOwner returns the organization, the stack or the environment that the path
// names.
func (s *Server) findHookOwner(c *call) (hookOwner, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return hookOwner{}, err
	}
	if name := c.param("envName"); name != "" {
		env := environmentID{c.param("projectName"), name}
		return hookOwner{org: o, env: env, hooks: o.hooksOf(env)}, nil
	}
	if c.param("stackName") == "" {
		return hookOwner{org: o, hooks: &o.hooks}, nil
	}
	st, err := s.findStack(c)
	if err != nil {
		return hookOwner{}, err
	}
	return hookOwner{org: o, stack: st, hooks: &st.hooks}, nil
}

func (s *Server) findWebhook(c *call) (hookOwner, *webhook, error) {
	owner, err := s.findHookOwner(c)
	if err != nil {
		return owner, nil, err
	}
	w := owner.hooks.find(c.param("hookName"))
	if w == nil {
		return owner, nil, notFound("Webhook '%s' not found", c.param("hookName"))
	}
	return owner, w, nil
}

type wireWebhook struct {
	OrganizationName string   `json:"organizationName"`
	ProjectName      string   `json:"projectName,omitempty"`
	StackName        string   `json:"stackName,omitempty"`
	EnvName          string   `json:"envName,omitempty"`
	Name             string   `json:"name"`
	DisplayName      string   `json:"displayName"`
	PayloadURL       string   `json:"payloadUrl"`
	Active           bool     `json:"active"`
	Format           string   `json:"format"`
	Filters          []string `json:"filters,omitempty"`
	Groups           []string `json:"groups,omitempty"`
	HasSecret        bool     `json:"hasSecret"`
	SecretCiphertext string   `json:"secretCiphertext"`
}

func (w *webhook) wire(owner hookOwner) wireWebhook {
	wire := wireWebhook{
		OrganizationName: owner.org.name, Name: w.Name, DisplayName: w.DisplayName, PayloadURL: w.PayloadURL,
		Active: !w.Inactive, Format: w.Format, Filters: w.Filters, Groups: w.Groups, HasSecret: w.Secret != "",
	}
	if owner.stack != nil {
		wire.ProjectName, wire.StackName = owner.stack.project, owner.stack.name
	} else {
		wire.ProjectName, wire.EnvName = owner.env.project, owner.env.name
	}
	if w.Secret != "" {
		sum := sha256.Sum256([]byte("pulumiapitest " + w.Secret))
		wire.SecretCiphertext = base64.StdEncoding.EncodeToString(sum[:])
	}
	return wire
}

func (s *Server) listWebhooks(c *call) (reply, error) {
	owner, err := s.findHookOwner(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireWebhook{}
	for _, w := range *owner.hooks {
		list = append(list, w.wire(owner))
	}
	return ok(list), nil
}

func (s *Server) getWebhook(c *call) (reply, error) {
	owner, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	return ok(w.wire(owner)), nil
}

// wireWebhookRequest is what both creating and updating take. The last two members
// belong to responses. They are ignored, so that a client can send back what it got.
type wireWebhookRequest struct {
	OrganizationName *string          `json:"organizationName"`
	ProjectName      *string          `json:"projectName"`
	StackName        *string          `json:"stackName"`
	EnvName          *string          `json:"envName"`
	Name             *string          `json:"name"`
	DisplayName      *string          `json:"displayName"`
	PayloadURL       *string          `json:"payloadUrl"`
	Secret           optional[string] `json:"secret"`
	Active           *bool            `json:"active"`
	Format           *string          `json:"format"`
	Filters          *[]string        `json:"filters"`
	Groups           *[]string        `json:"groups"`
	HasSecret        json.RawMessage  `json:"hasSecret"`
	SecretCiphertext json.RawMessage  `json:"secretCiphertext"`
}

var hookNameRule = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,32}$`)

// apply checks a request, and writes what it says over a webhook.
func (req *wireWebhookRequest) apply(w *Webhook, owner hookOwner) error {
	if err := req.checkOwner(owner); err != nil {
		return err
	}
	for _, field := range []struct{ from, to *string }{
		{req.Name, &w.Name}, {req.DisplayName, &w.DisplayName}, {req.PayloadURL, &w.PayloadURL}, {req.Format, &w.Format},
	} {
		if field.from != nil {
			*field.to = *field.from
		}
	}
	if req.Secret.present {
		w.Secret = ""
		if req.Secret.value != nil {
			w.Secret = *req.Secret.value
		}
	}
	if req.Active != nil {
		w.Inactive = !*req.Active
	}
	if req.Filters != nil {
		w.Filters = *req.Filters
	}
	if req.Groups != nil {
		w.Groups = *req.Groups
	}
	return checkWebhook(w, owner)
}

// checkOwner fails if the body is about a webhook of something else than the path.
func (req *wireWebhookRequest) checkOwner(owner hookOwner) error {
	if req.OrganizationName != nil && *req.OrganizationName != owner.org.name {
		return badRequest("Organization name from request body doesn't match URL: '%s'", *req.OrganizationName)
	}
	project, stack := owner.env.project, ""
	if owner.stack != nil {
		project, stack = owner.stack.project, owner.stack.name
	}
	for _, name := range []struct{ body, path *string }{
		{req.ProjectName, &project}, {req.StackName, &stack}, {req.EnvName, &owner.env.name},
	} {
		if name.body != nil && *name.body != *name.path {
			return badRequest("Project, stack or environment name from request body doesn't match URL: '%s'", *name.body)
		}
	}
	return nil
}

// The formats of what is delivered.
const (
	formatRaw         = "raw"
	formatSlack       = "slack"
	formatTeams       = "ms_teams"
	formatDeployments = "pulumi_deployments"
)

func checkWebhook(w *Webhook, owner hookOwner) error {
	switch w.Format {
	case "":
		w.Format = formatRaw
	case formatRaw, formatSlack, formatTeams:
	case formatDeployments:
		if owner.isOrg() {
			return badRequest("'%s' format can only be used on stack or environment webhooks.", formatDeployments)
		}
	default:
		return badRequest("Invalid webhook format '%s'", w.Format)
	}
	if !hookNameRule.MatchString(w.Name) || w.Name == "." || w.Name == ".." {
		return badRequest("Invalid webhook name '%s': a name has 1 to 32 letters, digits, hyphens, underscores and periods", w.Name)
	}
	if w.DisplayName == "" {
		return badRequest("A webhook needs a display name")
	}
	target, err := url.Parse(w.PayloadURL)
	if w.PayloadURL == "" || err != nil || w.Format != formatDeployments && (target.Host == "" || target.Scheme != "http" && target.Scheme != "https") {
		return badRequest("Invalid payload URL '%s'", w.PayloadURL)
	}
	groups := webhookGroups
	if owner.stack != nil {
		groups = stackWebhookGroups
	}
	for _, group := range w.Groups {
		if !slices.Contains(groups, group) {
			return badRequest("Invalid webhook group '%s'", group)
		}
	}
	for _, filter := range w.Filters {
		if !slices.Contains(webhookFilters, filter) {
			return badRequest("Invalid webhook filter '%s'", filter)
		}
	}
	return nil
}

func (s *Server) createWebhook(c *call) (reply, error) {
	owner, err := s.findHookOwner(c)
	if err != nil {
		return reply{}, err
	}
	var req wireWebhookRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.OrganizationName == nil || req.DisplayName == nil || req.PayloadURL == nil || req.Active == nil {
		return reply{}, badRequest("invalid request body: organizationName, displayName, payloadUrl and active are required")
	}
	var w Webhook
	if req.Name == nil || *req.Name == "" {
		req.Name = new(s.hookName())
	}
	if err := req.apply(&w, owner); err != nil {
		return reply{}, err
	}
	if owner.hooks.find(w.Name) != nil {
		return reply{}, conflict("Webhook with this name already exists: '%s'", w.Name)
	}
	added := newWebhook(w)
	*owner.hooks = append(*owner.hooks, added)
	s.logWebhook(c, owner, "Created", w.Name)
	return created(added.wire(owner)), nil
}

// logWebhook writes a change of a webhook into the audit log.
func (s *Server) logWebhook(c *call, owner hookOwner, what, name string) {
	s.log(c, owner.org, AuditLogEvent{
		Event: "Webhook " + what, Description: fmt.Sprintf("%s webhook %q of %s", what, name, owner),
		RequiresOrgAdmin: owner.isOrg(), RequiresStackAdmin: owner.stack != nil,
	})
}

// updateWebhook leaves alone what the body does not have. A secret of null or ""
// takes the secret away.
func (s *Server) updateWebhook(c *call) (reply, error) {
	owner, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	var req wireWebhookRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Name != nil && *req.Name != w.Name {
		return reply{}, badRequest("A webhook keeps its name: the body says '%s', the path '%s'", *req.Name, w.Name)
	}
	updated := w.Webhook
	if err := req.apply(&updated, owner); err != nil {
		return reply{}, err
	}
	w.Webhook = updated
	s.logWebhook(c, owner, "Updated", w.Name)
	return ok(w.wire(owner)), nil
}

func (s *Server) deleteWebhook(c *call) (reply, error) {
	owner, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	*owner.hooks = slices.DeleteFunc(*owner.hooks, func(other *webhook) bool { return other == w })
	s.logWebhook(c, owner, "Deleted", w.Name)
	return noContent, nil
}
