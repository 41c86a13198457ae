package pulumiapitest

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// AddOrganization creates an organization, whose admin is the server's user. It
// fails if there is one of that name, or if the name is one that no client can
// send: empty, "." or "..", or not UTF-8.
func (s *Server) AddOrganization(name string) error {
	if err := checkSeedName("organization", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orgs[name] != nil {
		return fmt.Errorf("pulumiapitest: organization %q exists", name)
	}
	s.newOrganization(name)
	return nil
}

// checkSeedName refuses what cannot be a segment of a path. The rules of the
// service are for its endpoints: a test may want names that break them.
func checkSeedName(noun, name string) error {
	if name == "" || name == "." || name == ".." || !utf8.ValidString(name) {
		return fmt.Errorf("pulumiapitest: %s name %q cannot be sent in a path", noun, name)
	}
	return nil
}

// organization is an organization with all that belongs to it, but its stacks.
type organization struct {
	name       string
	individual bool // it is a user's own, and has no teams
	members    []*member
	roles      []Role
	teams      []*team
	hooks      hookList
	audit      []AuditLogEvent // the oldest first
	accounts   []*account
	issues     []*issue

	policyGroups []PolicyGroup
	settings     wireOrgMetadata
	invites      []*orgInvite
	auditExport  *wireAuditExport // nil if there is none
	envHooks     map[environmentID]*hookList
	tokenNames   []string // that its tokens and its teams' have, or ever had

	discoveredStacks []*discoveredStack
	trialEnded       bool // that of Insights
}

// newOrganization puts an organization into the cloud. Its name must be free.
func (s *Server) newOrganization(name string) *organization {
	org := &organization{
		name: name, roles: slices.Clone(builtInRoles), settings: newOrgSettings(name),
		envHooks: map[environmentID]*hookList{},
	}
	s.orgs[name] = org
	s.newMember(org, Member{User: testUser, Role: roleAdmin})
	return org
}

// ensureOrg returns the organization of a name, and creates it if there is none.
func (s *Server) ensureOrg(name string) *organization {
	if org := s.orgs[name]; org != nil {
		return org
	}
	return s.newOrganization(name)
}

// seededOrg returns the organization that a test names, created if there is none.
func (s *Server) seededOrg(name string) (*organization, error) {
	if err := checkSeedName("organization", name); err != nil {
		return nil, err
	}
	return s.ensureOrg(name), nil
}

// findOrg returns the organization that the path names, or the error for the client.
func (s *Server) findOrg(c *call) (*organization, error) {
	if org := s.orgs[c.param("orgName")]; org != nil {
		return org, nil
	}
	return nil, notFound("Organization '%s' not found", c.param("orgName"))
}

// orgsOf returns the organizations that a user is a member of.
func (s *Server) orgsOf(login string) []*organization {
	var orgs []*organization
	for _, name := range slices.Sorted(maps.Keys(s.orgs)) {
		if s.orgs[name].member(login) != nil {
			orgs = append(orgs, s.orgs[name])
		}
	}
	return orgs
}
