package pulumiapitest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

var memberRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/members",
		query:    []string{"type", tokenParam},
		handle:   (*Server).listMembers,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/members/{userLogin}",
		handle:   (*Server).addMember,
	},
	{
		endpoint: "PATCH /api/orgs/{orgName}/members/{userLogin}",
		handle:   (*Server).updateMember,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/members/{userLogin}",
		handle:   (*Server).removeMember,
	},
}

// maxFrontendMembers is the number of members beyond which the list that has no
// pages is cut off.
const maxFrontendMembers = 50

// The built-in roles of an organization.
const (
	roleMember  = "member"
	roleAdmin   = "admin"
	roleBilling = "billing-manager"
)

// Role is a role that members of an organization can have, beside the ones that
// every organization has ("member", "admin" and "billing-manager").
type Role struct {
	// ID identifies the role: as the service does it, by a UUID. One is made up, if it
	// is left out.
	ID string
	// Name and Description are what people see.
	Name, Description string
	// UXPurpose is what the console shows it as: "role", which is the default,
	// "role_private", "role_temporary", "policy" or "set".
	UXPurpose string
	// Modified is when it was changed last: now, if it is left out.
	Modified time.Time

	builtIn string
}

var builtInRoles = []Role{
	newBuiltInRole(roleMember, "Member"), newBuiltInRole(roleAdmin, "Admin"), newBuiltInRole(roleBilling, "Billing Manager"),
}

func newBuiltInRole(role, name string) Role {
	return Role{
		ID: fakeUUID("role " + role), Name: name, builtIn: role,
		Modified: time.Date(2025, time.March, 3, 9, 0, 0, 0, time.UTC),
	}
}

// AddRole gives an organization a role of its own, and returns its ID. It creates
// the organization if there is none of the name. It fails if the role has no name or
// a purpose that the service does not know, or there is one of that ID.
func (s *Server) AddRole(org string, r Role) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return "", err
	}
	if r.Name == "" {
		return "", errors.New("pulumiapitest: a role has a name")
	}
	if !slices.Contains(rolePurposes, r.purpose()) {
		return "", fmt.Errorf("pulumiapitest: there is no purpose %q of roles", r.UXPurpose)
	}
	if r.ID == "" {
		r.ID = fakeUUID(fmt.Sprintf("role %d", s.nextSerial()))
	}
	if r.Modified.IsZero() {
		r.Modified = time.Now()
	}
	if o.role(r.ID) != nil {
		return "", fmt.Errorf("pulumiapitest: role %q of organization %q exists", r.ID, org)
	}
	o.roles = append(o.roles, r)
	return r.ID, nil
}

// AddUser makes a user known to the cloud, who has an account there and is in no
// organization: someone that clients can add to one. It fails if the login is
// taken, or is one that no client can send.
func (s *Server) AddUser(u User) error {
	if err := checkSeedName("user", u.Login); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.users[u.Login]; known {
		return fmt.Errorf("pulumiapitest: user %q exists", u.Login)
	}
	s.users[u.Login] = u
	return nil
}

// Member is a member of an organization, see [Server.AddMember].
type Member struct {
	// User is who it is.
	User User
	// Role is "member", which is the default, "admin" or "billing-manager".
	Role string
	// RoleID is the ID of the role, if it is one of the organization's own. Such a
	// member's Role stays "member" unless it says otherwise.
	RoleID string
	// Joined is when the user joined: now, if it is left out.
	Joined time.Time
	// Unknown says that the user never signed in to the cloud.
	Unknown bool
}

// AddMember makes a user a member of an organization. It creates the organization
// if there is none of the name, and the user if the login is not known. It fails
// if the user is a member already, or has a role that the organization lacks.
//
// A member may have the organization's own name as login: lists of members on the
// service have such an entry sometimes, and no fgaRole in it.
func (s *Server) AddMember(org string, m Member) error {
	if err := checkSeedName("user", m.User.Login); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	switch {
	case o.member(m.User.Login) != nil:
		return fmt.Errorf("pulumiapitest: %q is a member of organization %q already", m.User.Login, org)
	case m.Role != "" && !builtInRole(m.Role):
		return fmt.Errorf("pulumiapitest: there is no built-in role %q", m.Role)
	case m.RoleID != "" && o.role(m.RoleID) == nil:
		return fmt.Errorf("pulumiapitest: organization %q has no role with ID %q", org, m.RoleID)
	}
	s.newMember(o, m)
	return nil
}

func builtInRole(role string) bool {
	return slices.ContainsFunc(builtInRoles, func(r Role) bool { return r.builtIn == role })
}

// member is a member of an organization.
type member struct {
	Member
	seq int64 // its place in lists
}

// newMember makes a user a member, and known to the cloud.
func (s *Server) newMember(o *organization, m Member) *member {
	if known, exists := s.users[m.User.Login]; exists {
		m.User = known
	} else {
		s.users[m.User.Login] = m.User
	}
	if m.Role == "" {
		m.Role = roleMember
	}
	if m.Joined.IsZero() {
		m.Joined = time.Now()
	}
	added := &member{Member: m, seq: s.nextSerial()}
	o.members = append(o.members, added)
	return added
}

// member returns the member with a login, or nil.
func (o *organization) member(login string) *member {
	for _, m := range o.members {
		if m.User.Login == login {
			return m
		}
	}
	return nil
}

// role returns the role with an ID, or nil.
func (o *organization) role(id string) *Role {
	for i := range o.roles {
		if o.roles[i].ID == id {
			return &o.roles[i]
		}
	}
	return nil
}

// given returns the Role and the RoleID of a member who is given the role.
func (r *Role) given() (role, roleID string) {
	if r.builtIn != "" {
		return r.builtIn, ""
	}
	return roleMember, r.ID
}

type wireMemberList struct {
	Members           []wireMember `json:"members"`
	ContinuationToken *string      `json:"continuationToken,omitempty"`
}

type wireMember struct {
	Role          string          `json:"role"`
	User          wireMemberUser  `json:"user"`
	Created       time.Time       `json:"created"`
	KnownToPulumi bool            `json:"knownToPulumi"`
	VirtualAdmin  bool            `json:"virtualAdmin"`
	Links         wireMemberLinks `json:"links"`
	FGARole       *wireFGARole    `json:"fgaRole,omitempty"`
}

type wireMemberUser struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	Email       string `json:"email,omitempty"`
}

type wireMemberLinks struct {
	Self string `json:"self"`
}

type wireFGARole struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	ModifiedAt time.Time `json:"modifiedAt"`
}

func (o *organization) wireMember(m *member) wireMember {
	user := m.User.wire()
	w := wireMember{
		Role:          m.Role,
		User:          wireMemberUser{user.Name, user.GitHubLogin, user.AvatarURL, m.User.Email},
		Created:       m.Joined.UTC(),
		KnownToPulumi: !m.Unknown,
		Links:         wireMemberLinks{"https://app.pulumi.test/" + url.PathEscape(o.name) + "/members/" + url.PathEscape(m.User.Login)},
	}
	if m.User.Login == o.name && !o.individual {
		return w
	}
	for i := range o.roles {
		r := &o.roles[i]
		if r.ID == m.RoleID || m.RoleID == "" && r.builtIn == m.Role {
			w.FGARole = &wireFGARole{r.ID, r.Name, r.Modified.UTC()}
		}
	}
	return w
}

func (s *Server) listMembers(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	page, next := o.members, (*string)(nil)
	switch kind := c.query.Get("type"); kind {
	case "backend":
		if page, next, err = tokenPage(s, c, "", o.members, func(m *member) int64 { return m.seq }); err != nil {
			return reply{}, err
		}
	case "frontend":
		if c.query.Get(tokenParam) != "" {
			return reply{}, badRequest("invalid query parameter: the list of frontend members has no pages")
		}
		page = page[:min(len(page), maxFrontendMembers)]
	default:
		return reply{}, badRequest("invalid query parameter: type must be backend or frontend, not %q", kind)
	}
	list := wireMemberList{Members: []wireMember{}, ContinuationToken: next}
	for _, m := range page {
		list.Members = append(list.Members, o.wireMember(m))
	}
	return ok(list), nil
}

type wireAddMemberRequest struct {
	Role string `json:"role"`
}

func (s *Server) addMember(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireAddMemberRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if !builtInRole(req.Role) {
		return reply{}, badRequest("Invalid organization role '%s'.", req.Role)
	}
	login := c.param("userLogin")
	user, known := s.users[login]
	switch {
	case !known:
		return reply{}, notFound("User '%s' not found", login)
	case o.member(login) != nil:
		return reply{}, conflict("User '%s' is already an organization member.", login)
	}
	added := s.newMember(o, Member{User: user, Role: req.Role})
	s.log(c, o, AuditLogEvent{
		Event: "Member Added", Description: fmt.Sprintf("Added %q to the organization as %s", login, req.Role), RequiresOrgAdmin: true,
	})
	return ok(o.wireMember(added)), nil
}

// findMember returns the member that the path names, who is to be changed.
func (s *Server) findMember(c *call) (*organization, *member, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	m := o.member(c.param("userLogin"))
	if m == nil {
		return nil, nil, notFound("User '%s' not found", c.param("userLogin"))
	}
	return o, m, nil
}

type wireUpdateMemberRequest struct {
	Role      *string `json:"role"`
	FGARoleID *string `json:"fgaRoleId"`
}

func (s *Server) updateMember(c *call) (reply, error) {
	o, m, err := s.findMember(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateMemberRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if m.User.Login == userLogin {
		return reply{}, badRequest("You cannot change your own role.")
	}
	var role, roleID string
	switch {
	case req.FGARoleID != nil: // wins
		r := o.role(*req.FGARoleID)
		if r == nil {
			return reply{}, badRequest("Invalid parameter 'roleID'.")
		}
		role, roleID = r.given()
	case req.Role == nil:
		return reply{}, badRequest("invalid request body: a role or an fgaRoleId is required")
	case !builtInRole(*req.Role):
		return reply{}, badRequest("Invalid organization role '%s'.", *req.Role)
	default:
		role = *req.Role
	}
	m.Role, m.RoleID = role, roleID
	s.log(c, o, AuditLogEvent{
		Event: "Member Role Changed", RequiresOrgAdmin: true,
		Description: fmt.Sprintf("Changed organization role for %q to %s", m.User.Login, o.wireMember(m).roleName()),
	})
	return noContent, nil
}

// roleName returns what the audit log calls a member's role.
func (w wireMember) roleName() string {
	if w.FGARole != nil && w.Role == roleMember {
		return w.FGARole.Name
	}
	return w.Role
}

// removeMember takes the member out of the organization's teams as well.
func (s *Server) removeMember(c *call) (reply, error) {
	o, m, err := s.findMember(c)
	if err != nil {
		return reply{}, err
	}
	if m.User.Login == userLogin {
		return reply{}, badRequest("You cannot remove yourself from the organization.")
	}
	o.members = slices.DeleteFunc(o.members, func(other *member) bool { return other == m })
	for _, t := range o.teams {
		t.removeMember(m.User.Login)
	}
	s.log(c, o, AuditLogEvent{
		Event: "Member Removed", Description: fmt.Sprintf("Removed %q from the organization", m.User.Login), RequiresOrgAdmin: true,
	})
	return noContent, nil
}
