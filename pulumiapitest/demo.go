package pulumiapitest

import "time"

// DemoOrganization is the organization in a [Demo].
const DemoOrganization = "acme-corp"

const (
	hour = time.Hour
	day  = 24 * hour
)

// Demo returns a server with an organization worth looking at,
// [DemoOrganization]: a company with seven projects and 40 stacks, as such places
// are after some years. Most stacks say who owns them and some don't, previews of
// pull requests were left behind, experiments were forgotten, a few stacks hold
// nothing or were never updated, and in production something is being updated
// right now ([Server.RunningUpdate] finishes it).
//
// Stacks have a state with all of their resources, the largest some hundred of
// them, and their last updates: of every kind and result, with the events of the
// engine, where policies are violated and providers fail.
//
// Twenty-five people work there, the server's user among them, in six teams that
// have access to the stacks they own; three of them have roles that the organization
// made itself. Two people have not accepted their invitations; the organization and a
// team have tokens of their own. Webhooks have delivered, and failed to; what they
// deliver from now on goes to a receiver in memory. The audit log has 500 events, and
// is written to a bucket. Insights knows eight accounts, three resources in one of
// them and a stack of CloudFormation, and 300 policy issues wait for somebody. Stacks
// read outputs of the network's, production has to obey policies, and the user was
// invited elsewhere.
//
// Times count back from the moment of the call; nothing else differs from call to
// call.
func Demo(opts ...Option) *Server {
	s := NewServer(opts...)
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range demoStacks {
		d.insert(s, now)
	}
	org := s.orgs[DemoOrganization]
	demoCrowd(s, org, now)
	demoWebhooks(s, org, now)
	demoAudit(org, now)
	demoInsights(s, org, now)
	demoPolicy(s, org, now)
	demoAccount(s, now)
	demoAdministration(s, org, now)
	return s
}

// demoStack is a line in the table of the demo's stacks.
type demoStack struct {
	project, name            string
	environment, owner, team string // tags; none if empty
	resources, version       int
	age                      time.Duration // since the last update; 0 is never
	running                  string        // the author of an update under way
}

func (d demoStack) stack(now time.Time) Stack {
	project := demoProjects[d.project]
	tags := map[string]string{
		"pulumi:runtime":     project.runtime,
		"pulumi:description": project.description,
		"vcs:kind":           "github.com",
		"vcs:owner":          DemoOrganization,
		"vcs:repo":           project.repo,
	}
	for name, value := range map[string]string{"environment": d.environment, "owner": d.owner, "team": d.team} {
		if value != "" {
			tags[name] = value
		}
	}
	st := Stack{
		Org: DemoOrganization, Project: d.project, Name: d.name,
		Tags: tags, ResourceCount: d.resources, Version: d.version,
	}
	if d.age > 0 {
		st.LastUpdate = now.Add(-d.age)
	}
	if d.owner != "" {
		st.Owner = demoUser(d.owner)
	}
	return st
}

var demoProjects = map[string]struct{ runtime, description, repo string }{
	"network":       {"go", "VPCs, subnets, DNS zones and peering", "platform"},
	"kubernetes":    {"go", "EKS clusters and what every cluster needs", "platform"},
	"payments-api":  {"nodejs", "The service that takes the money", "payments"},
	"webshop":       {"nodejs", "Shop front end, CDN and edge functions", "webshop"},
	"data-platform": {"python", "Warehouse, ingestion and nightly jobs", "data"},
	"identity":      {"dotnet", "Sign-in, SSO and user directory", "identity"},
	"landing-zone":  {"yaml", "Accounts, guard rails and budgets", "cloud-governance"},
}

var demoStacks = []demoStack{
	{"network", "dev", "dev", "grace", "platform", 86, 214, 2 * day, ""},
	{"network", "staging", "staging", "grace", "platform", 131, 187, 6 * day, ""},
	{"network", "prod-us-east-1", "prod", "grace", "platform", 204, 163, 9 * day, ""},
	{"network", "prod-eu-west-1", "prod", "grace", "platform", 198, 158, 9 * day, ""},
	{"network", "prod-ap-southeast-2", "prod", "", "platform", 176, 41, 97 * day, ""},
	{"network", "peering-test", "", "", "", 12, 7, 611 * day, ""},

	{"kubernetes", "dev", "dev", "linus", "platform", 143, 508, 5 * hour, ""},
	{"kubernetes", "staging", "staging", "linus", "platform", 167, 391, 26 * hour, ""},
	{"kubernetes", "prod-us-east-1", "prod", "linus", "platform", 312, 274, 3 * day, ""},
	{"kubernetes", "prod-eu-west-1", "prod", "linus", "platform", 298, 266, 3 * day, ""},
	{"kubernetes", "upgrade-1.33", "dev", "linus", "platform", 0, 18, 48 * day, ""},

	{"payments-api", "dev", "dev", "margaret", "payments", 54, 1210, 38 * time.Minute, ""},
	{"payments-api", "staging", "staging", "margaret", "payments", 71, 884, 4 * hour, ""},
	{"payments-api", "prod-us", "prod", "margaret", "payments", 118, 642, 4 * time.Minute, "margaret"},
	{"payments-api", "prod-eu", "prod", "margaret", "payments", 121, 639, 7 * hour, ""},
	{"payments-api", "pr-1467", "preview", "", "payments", 49, 3, 33 * day, ""},
	{"payments-api", "pr-1482", "preview", "", "payments", 49, 6, 12 * day, ""},
	{"payments-api", "pr-1490", "preview", "dennis", "payments", 52, 2, 3 * hour, ""},

	{"webshop", "dev", "dev", "ada", "storefront", 33, 2764, 21 * time.Minute, ""},
	{"webshop", "staging", "staging", "ada", "storefront", 41, 1932, 9 * hour, ""},
	{"webshop", "prod", "prod", "ada", "storefront", 67, 1418, 31 * hour, ""},
	{"webshop", "black-friday-load-test", "", "", "storefront", 240, 9, 288 * day, ""},
	{"webshop", "pr-3310", "preview", "", "", 28, 4, 71 * day, ""},
	{"webshop", "pr-3328", "preview", "ada", "storefront", 28, 1, 50 * time.Minute, ""},
	{"webshop", "redesign", "dev", "ada", "storefront", 0, 0, 0, ""},

	{"data-platform", "dev", "dev", "edgar", "data", 92, 377, 14 * hour, ""},
	{"data-platform", "staging", "staging", "edgar", "data", 118, 251, 4 * day, ""},
	{"data-platform", "prod", "prod", "edgar", "data", 421, 196, 5 * day, ""},
	{"data-platform", "ml-experiments", "dev", "", "data", 67, 88, 154 * day, ""},
	{"data-platform", "gpu-spike", "", "", "", 16, 5, 203 * day, ""},
	{"data-platform", "warehouse-migration", "prod", "edgar", "data", 0, 64, 120 * day, ""},

	{"identity", "dev", "dev", "barbara", "security", 38, 145, 3 * day, ""},
	{"identity", "staging", "staging", "barbara", "security", 44, 121, 8 * day, ""},
	{"identity", "prod", "prod", "barbara", "security", 59, 102, 15 * day, ""},
	{"identity", "sso-sandbox", "dev", "", "security", 0, 0, 0, ""},

	{"landing-zone", "management", "prod", "grace", "cloud-governance", 74, 93, 19 * day, ""},
	{"landing-zone", "audit", "prod", "barbara", "cloud-governance", 31, 40, 64 * day, ""},
	{"landing-zone", "log-archive", "prod", "", "cloud-governance", 22, 17, 412 * day, ""},
	{"landing-zone", "sandbox-accounts", "dev", "grace", "cloud-governance", 58, 210, 27 * hour, ""},
	{"landing-zone", "new-region", "prod", "", "", 0, 0, 0, ""},
}
