package pulumiapitest

import (
	"slices"
	"time"
)

// demoInvites are the people who have not accepted their invitations.
var demoInvites = []struct {
	email, role string
	sent        time.Duration // ago
}{
	{"ines@acme-corp.test", roleMember, 2 * day},
	{"auditor@ledger.test", roleBilling, 40 * day},
}

// demoOwnedTokens are the tokens of the organization and of its teams.
var demoOwnedTokens = []struct {
	team, name, description string
	created, used, lifetime time.Duration // ago, ago and from its creation; zero is never
}{
	{"", "inventory", "Reads all stacks every night", 300 * day, 6 * hour, 2 * year},
	{"", "migration-2019", "The move from the old place", 3 * year, 3*year - 20*day, year},
	{"payments", "payments-deploys", "Deploys payments from CI", 90 * day, hour, 0},
}

// demoEnvironments are the environments that teams were given access to.
var demoEnvironments = map[string][]TeamEnvironment{
	"platform": {{Project: "default", Environment: "aws-network", Permission: "admin"}},
	"payments": {
		{Project: "default", Environment: "aws-network", Permission: "read"},
		{Project: "default", Environment: "payments-prod", Permission: "open", MaxOpenDuration: "1h"},
	},
}

// demoAdministration gives the organization what its administrators look after.
func demoAdministration(s *Server, o *organization, now time.Time) {
	for _, d := range demoInvites {
		o.invites = append(o.invites, &orgInvite{id: fakeUUID("invite of " + d.email), email: d.email, role: d.role, sent: now.Add(-d.sent)})
	}
	for _, d := range demoOwnedTokens {
		t := Token{Description: d.description, Created: now.Add(-d.created), LastUsed: now.Add(-d.used)}
		if d.lifetime > 0 {
			t.Expires = t.Created.Add(d.lifetime)
		}
		s.newOwnedToken(tokenOwner{o, d.team}, d.name, t)
	}
	for _, t := range o.teams {
		t.Environments = slices.Clone(demoEnvironments[t.Name])
	}
	o.auditExport = &wireAuditExport{
		Enabled:    true,
		LastResult: wireAuditExportResult{Timestamp: now.Add(-20 * time.Minute).Unix()},
		S3Config:   wireS3Config{IAMRoleARN: "arn:aws:iam::111122223333:role/pulumi-audit-log", S3BucketName: "acme-corp-audit", S3PathPrefix: "pulumi/"},
	}
	o.settings.Created = now.Add(-5 * year)
}
