package pulumiapitest

import "time"

// demoAccount gives the server's user an account, and the organization the policy
// groups that production has to obey.
func demoAccount(s *Server, now time.Time) {
	s.account = UserAccount{
		Email: userLogin + "@acme-corp.test", PendingEmail: "tester@acme-corp.test", Identities: []string{gitHub, "Pulumi"},
		Invites: []Invite{{SentBy: demoUser("sophie"), Sent: now.Add(-3 * day)}},
		VCSOrgs: []VCSOrg{{Login: DemoOrganization, Name: "Acme Corporation", Teams: []VCSTeam{
			{4711, "Platform", "platform", "Everything below the services"}, {4712, "Web shop", "webshop", ""},
		}}},
	}
	guarded := PolicyGroup{Name: "production", Mode: "preventative", Packs: demoPolicyPacks}
	for _, d := range demoStacks {
		if d.environment == "prod" {
			guarded.Stacks = append(guarded.Stacks, d.project+"/"+d.name)
		}
	}
	org := s.orgs[DemoOrganization]
	org.policyGroups = []PolicyGroup{{Name: "default-policy-group", Mode: "audit", Default: true}, guarded}
}
