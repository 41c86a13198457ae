package pulumiapitest

import (
	"fmt"
	"slices"
	"time"
)

// demoUpdate is a line in the tables of the demo's updates.
type demoUpdate struct {
	kind    string
	result  Result
	message string
	by      string
	trouble func(about *demoResource) []EngineEvent // what the engine complained of, or nil
}

// demoUsual are the updates that a stack is through before those of demoNewest.
var demoUsual = []demoUpdate{
	{"update", Succeeded, "Upgrade the providers", "ci", nil},
	{"update", Succeeded, "Tag everything with its cost center", "", nil},
	{"refresh", Succeeded, "Nightly refresh", "ci", nil},
	{"update", Failed, "Move to the new instance type", "", demoError},
	{"update", Succeeded, "Move to the new instance type, second try", "", nil},
}

// demoNewest are the newest updates of a stack, the last one last.
var demoNewest = map[string][]demoUpdate{
	"network/prod-us-east-1":            {{"update", Succeeded, "Open port 22 for the migration (#871)", "grace", demoAdvisory}},
	"network/peering-test":              {{"import", Succeeded, "", "grace", nil}, {"update", Failed, "Try transit gateway", "grace", demoError}},
	"kubernetes/upgrade-1.33":           {{"destroy", Succeeded, "Clean up after the upgrade", "linus", nil}},
	"kubernetes/staging":                {{"update", Succeeded, "Replace deprecated API versions (#512)", "linus", demoWarning}},
	"payments-api/pr-1467":              {{"update", Failed, "Partial refunds (#1467)", "dennis", demoError}},
	"webshop/prod":                      {{"update", Cancelled, "Spring sale (#3301)", "ada", nil}, {"update", Succeeded, "Spring sale, smaller images (#3302)", "ada", demoWarning}},
	"data-platform/ml-experiments":      {{"update", Cancelled, "More GPUs", "edgar", demoWarning}},
	"data-platform/warehouse-migration": {{"refresh", Failed, "Check what is left", "edgar", demoError}, {"destroy", Succeeded, "Everything has moved", "edgar", nil}},
	"data-platform/prod":                {{"import", Succeeded, "", "edgar", nil}, {"update", Succeeded, "Repair the catalog (#233)", "edgar", nil}},
	"identity/prod":                     {{"rename", Succeeded, "", "barbara", nil}, {"update", Succeeded, "Rotate the signing keys", "barbara", nil}},
	"identity/staging":                  {{"resource-import", Succeeded, "Adopt the old user pool", "barbara", nil}, {"refresh", Cancelled, "", "barbara", nil}},
	"landing-zone/sandbox-accounts":     {{"destroy", Failed, "Close unused accounts", "grace", demoError}, {"update", Failed, "Accounts for the interns", "grace", demoMandatory}},
}

// demoPreviews are previews since a stack's last update, the last one last.
var demoPreviews = map[string][]demoUpdate{
	"network/staging":         {{"Pupdate", Succeeded, "Second NAT gateway (#880)", "grace", demoAdvisory}},
	"payments-api/staging":    {{"Pupdate", Failed, "Idempotency keys (#1491)", "dennis", demoError}, {"Pupdate", Succeeded, "Idempotency keys (#1491)", "dennis", nil}, {"Pupdate", Cancelled, "Idempotency keys (#1491)", "dennis", nil}},
	"webshop/prod":            {{"Prefresh", Succeeded, "Has somebody used the console?", "ada", demoWarning}, {"Pupdate", Failed, "Public bucket for the campaign (#3330)", "ada", demoMandatory}},
	"webshop/redesign":        {{"Pupdate", Succeeded, "First draft", "ada", nil}},
	"data-platform/gpu-spike": {{"Pdestroy", Succeeded, "What would go?", "edgar", nil}},
	"identity/staging":        {{"Pimport", Succeeded, "Adopt the rest", "barbara", nil}},
}

var demoPolicyPacks = []RequiredPolicyPack{{
	Name: "acme-guard-rails", DisplayName: "Acme guard rails", Version: 14, VersionTag: "2.3.0",
	Config: map[string]map[string]any{
		"required-tags":    {"enforcementLevel": "advisory", "tags": []string{"project", "environment"}},
		"no-public-access": {"enforcementLevel": "mandatory"},
	},
}}

func demoWarning(about *demoResource) []EngineEvent {
	return []EngineEvent{DiagnosticEvent("warning", about.URN, "the property acl is deprecated: use a policy instead")}
}

func demoError(about *demoResource) []EngineEvent {
	return []EngineEvent{
		DiagnosticEvent("error", about.URN, "updating: operation error: api error ThrottlingException: Rate exceeded"),
		ResOpFailedEvent(about.step("update")),
		DiagnosticEvent("error", "", "update failed"),
	}
}

func demoAdvisory(about *demoResource) []EngineEvent {
	policy := ViolatedPolicy{Pack: "acme-guard-rails", PackVersion: "2.3.0", Policy: "required-tags", Level: "advisory", Severity: "low"}
	return []EngineEvent{PolicyEvent(policy, about.URN, "There is no tag costCenter.")}
}

func demoMandatory(about *demoResource) []EngineEvent {
	policy := ViolatedPolicy{Pack: "acme-guard-rails", PackVersion: "2.3.0", Policy: "no-public-access", Level: "mandatory", Severity: "high"}
	return append(demoAdvisory(about),
		PolicyEvent(policy, about.URN, "Anybody on the internet can reach this."),
		DiagnosticEvent("error", "", "preview failed: a mandatory policy was violated"))
}

// demoSample is the number of resources that the events of an update are about.
const demoSample = 6

// insert puts the stack into the cloud, with its history up to now.
func (d demoStack) insert(s *Server, now time.Time) {
	lines := d.lines()
	stack := d.stack(now)
	stack.Version = d.version - len(lines)
	if d.running != "" {
		stack.Version--
	}
	st := s.insertStack(stack)
	if d.version > 0 {
		st.state = d.lazyState(now)
	}
	for i, line := range lines {
		age := d.age + time.Duration(len(lines)-1-i)*(d.age/8+7*hour)
		if d.running != "" {
			age += 3 * hour
		}
		d.add(st, line, now.Add(-age))
	}
	if d.running != "" {
		d.run(st, now)
	}
	for i, line := range demoPreviews[d.project+"/"+d.name] {
		since := d.age
		if since == 0 {
			since = day
		}
		d.add(st, line, now.Add(-since/time.Duration(i+2)))
	}
}

// lines returns the updates of the stack whose details are known.
func (d demoStack) lines() []demoUpdate {
	newest := demoNewest[d.project+"/"+d.name]
	known := d.version - len(newest)
	if d.running != "" {
		known--
	}
	usual := demoUsual[:min(len(demoUsual), max(0, known))]
	return slices.Concat(usual, newest)
}

// add puts an update or a preview into the stack's history.
func (d demoStack) add(st *stack, line demoUpdate, started time.Time) {
	u := d.begin(st, d.update(line, started), line)
	st.end(u, line.result, u.Ended)
}

func (d demoStack) begin(st *stack, u Update, line demoUpdate) *update {
	begun := st.newUpdate(u)
	begun.earlier = func() []recordedEvent { return d.events(&u, line) }
	st.begin(begun)
	return begun
}

func (d demoStack) update(line demoUpdate, started time.Time) Update {
	by := line.by
	if by == "" {
		by = d.owner
	}
	if by == "" {
		by = "ci"
	}
	project := demoProjects[d.project]
	environment := map[string]string{
		"exec.kind":  "cli",
		"git.author": demoNames[by], "git.committer": "GitHub", "git.dirty": "false",
		"git.head":  fakeHex(d.project+d.name+line.message, 40),
		"vcs.kind":  "github.com",
		"vcs.owner": DemoOrganization, "vcs.repo": project.repo,
	}
	u := Update{
		Kind: line.kind, Result: line.result, Message: line.message, Environment: environment,
		Started: started, Ended: started.Add(time.Duration(20+d.resources) * time.Second),
		Config: map[string]ConfigValue{
			"aws:region":              {String: "us-east-1"},
			d.project + ":adminToken": {String: "AAAB" + fakeHex(d.project+d.name, 32), Secret: true},
		},
		ResourceChanges: d.changes(line.kind, line.result),
		RequestedBy:     User{Login: by, Name: demoNames[by]},
	}
	if d.environment == "prod" {
		u.PolicyPacks = demoPolicyPacks
	}
	if by == "ci" {
		u.RequestedByToken = "github-actions"
	}
	return u
}

// demoOps are what kinds of updates do to the resources that they touch.
var demoOps = map[string]string{
	"update": "update", "refresh": "refresh", "destroy": "delete", "resource-import": "import",
	"Pupdate": "update", "Prefresh": "refresh", "Pdestroy": "delete", "Pimport": "import",
}

// op returns what an update does to the resources it touches, "" if it needs no engine.
func (d demoStack) op(kind string) string {
	if d.version == 0 {
		return "create"
	}
	return demoOps[kind]
}

// before returns the stack as it was before its last update: one that has been
// destroyed had some resources.
func (d demoStack) before() demoStack {
	d.resources = max(d.resources, 24)
	return d
}

func (d demoStack) changes(kind string, result Result) map[string]int {
	op, all := d.op(kind), d.before().resources
	switch {
	case op == "" || result == "":
		return nil
	case op == "create", op == "delete" && result == Succeeded:
		return map[string]int{op: all}
	default:
		return map[string]int{op: demoSample, "same": all - demoSample}
	}
}

// events returns what the engine tells of an update: how it begins, some of the
// resources, what went wrong, and how it ended.
func (d demoStack) events(u *Update, line demoUpdate) []recordedEvent {
	op := d.op(u.Kind)
	if op == "" {
		return nil
	}
	sample := d.before().resourceList(u.Started, demoSample+2)[2:]
	events := []EngineEvent{PreludeEvent(map[string]string{"aws:region": "us-east-1"})}
	for i := range sample {
		step := sample[i].step(op)
		step.Planning = isPreview(u.Kind)
		events = append(events, ResourcePreEvent(step))
		if i == len(sample)-1 && line.trouble != nil {
			events = append(events, line.trouble(&sample[i])...)
		}
		if i < len(sample)-1 || line.result == Succeeded {
			events = append(events, ResOutputsEvent(step))
		}
	}
	if line.result != "" {
		events = append(events, SummaryEvent(Summary{
			Result: line.result, Duration: u.Ended.Sub(u.Started), ResourceChanges: u.ResourceChanges, Preview: isPreview(u.Kind),
		}))
	}
	recorded := make([]recordedEvent, len(events))
	for i := range events {
		at := u.Started.Add(time.Duration(i) * time.Second)
		recorded[i], _ = recordEvent(events[i], at) // cannot fail: made by this package's own functions
	}
	return recorded
}

// run starts the update that is running now.
func (d demoStack) run(st *stack, now time.Time) {
	line := demoUpdate{kind: "update", message: "Retry failed payouts (#1494)", by: d.running, trouble: demoWarning}
	u := d.update(line, now.Add(-d.age))
	u.Ended = time.Time{}
	for i := range demoSample {
		u.Output = append(u.Output, OutputLine{Text: fmt.Sprintf("@ updating %d of %d\n", i+1, d.resources)})
	}
	d.begin(st, u, line)
}
