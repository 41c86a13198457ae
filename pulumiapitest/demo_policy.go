package pulumiapitest

import (
	"fmt"
	"strings"
	"time"
)

const demoPolicyIssues = 300

// demoPolicies are the policies that are not obeyed.
var demoPolicies = []struct {
	pack, tag, name, display, message, level, severity string
}{
	{"acme-guard-rails", "2.3.0", "required-tags", "Required tags", "There is no tag costCenter.", "advisory", "low"},
	{"acme-guard-rails", "2.3.0", "no-public-access", "No public access", "Anybody on the internet can reach this.", "mandatory", "critical"},
	{"acme-guard-rails", "2.2.1", "encrypted-at-rest", "Encrypted at rest", "The data is stored in the clear.", "mandatory", "high"},
	{"cis-aws", "1.5.0", "log-retention", "Logs are kept", "Logs are gone after less than 90 days.", "advisory", "medium"},
	{"cis-aws", "1.5.0", "least-privilege", "Least privilege", "The role may do everything.", "advisory", "high"},
}

// demoStatuses are as frequent as they are in here.
var demoStatuses = []string{
	statusOpen, statusOpen, statusOpen, statusOpen, statusInProgress, statusInProgress, statusIgnored, statusFixed, statusFixed, statusByDesign,
}

// demoPolicy puts the policy issues into the cloud: two thirds about the resources
// of stacks, the others about those of Insights accounts.
func demoPolicy(s *Server, o *organization, now time.Time) {
	resources := map[string][]demoResource{}
	for i := range demoPolicyIssues {
		chance := demoChance("policy", i)
		policy := demoPolicies[chance%len(demoPolicies)]
		p := PolicyIssue{
			ID:   fakeUUID(fmt.Sprintf("demo issue %d", i)),
			Pack: policy.pack, PackTag: policy.tag, Policy: policy.name, Message: policy.display + "\n" + policy.message,
			Level: policy.level, Severity: policy.severity,
			Status: demoStatuses[chance/10%len(demoStatuses)], Priority: fmt.Sprintf("p%d", 4-min(chance/100%9, 4)),
			Observed: now.Add(-time.Duration(chance/1000%200)*day - time.Duration(i)*time.Minute),
		}
		if chance%7 != 0 {
			p.Definition = &PolicyDefinition{
				DisplayName: policy.display, Description: policy.message, Message: policy.message, PackDisplayName: strings.ToUpper(policy.pack),
			}
		}
		if i%3 == 2 {
			demoAccountIssue(&p, i)
		} else {
			d := demoIssueStacks[i%len(demoIssueStacks)]
			key := d.project + "/" + d.name
			if resources[key] == nil {
				resources[key] = d.resourceList(now, 60)[2:]
			}
			demoStackIssue(&p, d, resources[key][chance/100_000%len(resources[key])])
		}
		p.Modified = p.Observed
		if p.Status != statusOpen {
			p.Modified = p.Observed.Add(now.Sub(p.Observed) / 2)
		}
		s.newIssue(o, p)
	}
}

// demoIssueStacks are the stacks that have something to find fault with.
var demoIssueStacks = func() []demoStack {
	var stacks []demoStack
	for _, d := range demoStacks {
		if d.resources > 2 {
			stacks = append(stacks, d)
		}
	}
	return stacks
}()

func demoStackIssue(p *PolicyIssue, d demoStack, r demoResource) {
	p.Project, p.Stack, p.Version = d.project, d.name, d.version
	p.URN, p.Type, p.Resource = r.URN, r.Type, r.URN[strings.LastIndex(r.URN, ":")+1:]
	p.Provider, _, _ = strings.Cut(r.Type, ":")
	p.Kind, p.Group, p.GroupType = "preventative", "every stack", "preventative"
	if p.Status == statusInProgress {
		p.AssignedTo = d.by()
	}
}

func demoAccountIssue(p *PolicyIssue, i int) {
	account := demoAccounts[1+i%2] // the two with a parent
	id := "bucket-0" + fakeHex(p.ID, 12)
	p.Account, p.Version = account.name, 1+i%12
	p.Provider, p.Type, p.Resource = account.provider, "aws:s3/bucket:Bucket", id
	p.URN = "urn:insights:" + account.name + "::aws::" + p.Type + "::" + id
	p.Kind, p.Group, p.GroupType = "audit", "production accounts", "accounts"
	if p.Status == statusInProgress {
		p.AssignedTo = account.owner
	}
}
