package pulumiapitest

import (
	"fmt"
	"hash/fnv"
	"time"
)

const (
	demoAuditEvents = 500
	demoAuditSpan   = 120 * day // in which they are
)

// demoAuditKinds are what people do, as often as a kind is in here. A description
// has the stack, the ID of an update, and someone's login to say it with.
var demoAuditKinds = []struct {
	event, description           string
	orgAdmin, stackAdmin, denied bool
}{
	{event: "Stack Update Started", description: "Started update %[2]q for stack %[1]q"},
	{event: "Stack Update Started", description: "Started update %[2]q for stack %[1]q"},
	{event: "Stack Update Completed", description: "Completed update %[2]q for stack %[1]q: succeeded"},
	{event: "Stack Update Completed", description: "Completed update %[2]q for stack %[1]q: succeeded"},
	{event: "Stack Preview Completed", description: "Completed preview %[2]q for stack %[1]q: succeeded"},
	{event: "Stack Exported", description: "Exported stack %[1]q"},
	{event: "Secret Decrypted", description: "Decrypted secret value for stack %[1]q (cipher text suffix: \"%.6[2]s=\")"},
	{event: "Secret Decrypted", description: "Decrypted secret value for stack %[1]q (cipher text suffix: \"%.6[2]s=\")"},
	{event: "Stack Tag Updated", description: "Stack Tag Updated: \"owner\" on stack %[1]q"},
	{event: "Stack Created", description: "Created stack %[1]q"},
	{event: "Stack Deleted", description: "Deleted stack %[1]q", stackAdmin: true},
	{event: "Stack Imported", description: "Imported stack %[1]q", stackAdmin: true},
	{event: "Member Role Changed", description: "Changed organization role for %[3]q to admin", orgAdmin: true},
	{event: "Team Member Added", description: "Added %[3]q to team \"platform\"", orgAdmin: true},
	{event: "Access Token Created", description: "Created access token \"%[3]s on a new laptop\""},
	{event: "Authentication Failed", description: "Refused %[3]q access to stack %[1]q, comma, \"quotes\" and all", denied: true},
}

// demoAudit fills the audit log, one event after the other, and now and then two
// in a second.
func demoAudit(o *organization, now time.Time) {
	for i := range demoAuditEvents {
		age := demoAuditSpan * time.Duration(demoAuditEvents-i-i%50/49) / demoAuditEvents
		chance := demoChance("audit", i)
		kind := demoAuditKinds[chance%len(demoAuditKinds)]
		d := demoStacks[chance/100%len(demoStacks)]
		by, other := d.by(), demoStaff[chance/10_000%len(demoStaff)].login
		if kind.orgAdmin {
			by = "grace"
		}
		if kind.denied {
			by = other
		}
		e := AuditLogEvent{
			Time: now.Add(-age - time.Minute), Event: kind.event, User: demoUser(by), SourceIP: fmt.Sprintf("203.0.113.%d", len(by)*7),
			Description:      demoDescription(kind.description, d.project+"/"+d.name, fakeUUID(fmt.Sprintf("update %d", i)), other),
			RequiresOrgAdmin: kind.orgAdmin, RequiresStackAdmin: kind.stackAdmin, AuthFailure: kind.denied,
		}
		if by == "ci" {
			e.TokenID, e.TokenName = fakeUUID("token of ci"), "github-actions"
		}
		o.audit = append(o.audit, e)
	}
}

// demoDescription fills in a description, and cuts off what it has no use for.
func demoDescription(format, stack, id, other string) string {
	return fmt.Sprintf(format+"%[4]s", stack, id, other, "")
}

// demoChance returns a number that looks like chance, and is the same for the same
// input.
func demoChance(what string, i int) int {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s %d", what, i) // never fails
	x := hash.Sum64()                          // of which like inputs have like bits, until they are stirred
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int(x >> 20)
}
