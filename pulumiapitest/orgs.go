package pulumiapitest

import (
	"fmt"
	"unicode/utf8"
)

// AddOrganization creates an organization. It fails if there is one of that name,
// or if the name is one that no client can send: empty, "." or "..", or not UTF-8.
func (s *Server) AddOrganization(name string) error {
	if err := checkSeedName("organization", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orgs[name] {
		return fmt.Errorf("pulumiapitest: organization %q exists", name)
	}
	s.orgs[name] = true
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
