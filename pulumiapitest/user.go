package pulumiapitest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

var userRoutes = []route{
	{
		endpoint: "GET /api/user",
		handle:   (*Server).getUser,
	},
	{
		endpoint: "GET /api/user/organizations/default",
		handle:   (*Server).getDefaultOrg,
	},
	{
		endpoint: "POST /api/user/organizations/{orgName}/default",
		handle:   (*Server).updateDefaultOrg,
	},
	{
		endpoint: "GET /api/user/pending-invites",
		handle:   (*Server).listUserInvites,
	},
	{
		endpoint: "GET /api/user/pending-emails",
		handle:   (*Server).getPendingEmail,
	},
	{
		endpoint: "DELETE /api/user/pending-emails",
		handle:   (*Server).deletePendingEmail,
	},
	{
		endpoint: "GET /api/user/verified-email",
		handle:   (*Server).hasVerifiedEmail,
	},
	{
		endpoint: "DELETE /api/user/vcs",
		query:    []string{"identity"},
		handle:   (*Server).deleteIdentity,
	},
	{
		endpoint: "POST /api/user/vcs/sync",
		query:    []string{"identity"},
		handle:   (*Server).syncIdentity,
	},
	{
		endpoint: "GET /api/user/vcs/organizations",
		handle:   (*Server).listVCSOrgs,
	},
	{
		endpoint: "GET /api/user/github/{ghOrgName}/teams",
		handle:   (*Server).listGitHubTeams,
	},
}

// UserAccount is what the server's user has beside the organizations, see
// [Server.SetUserAccount].
type UserAccount struct {
	// Email is the user's address, and Unverified says that nobody has proved so far
	// that it is.
	Email      string
	Unverified bool
	// PendingEmail is the address that the user wants to have, if it is not verified
	// yet.
	PendingEmail string
	// Identities are where the user can sign in: "Pulumi", "github.com" and so on.
	// Without any, it is "github.com".
	Identities []string
	// Invites are the invitations that wait for the user.
	Invites []Invite
	// VCSOrgs are the organizations at the identity providers.
	VCSOrgs []VCSOrg
}

// Invite is an invitation of the server's user to an organization.
type Invite struct {
	// Role is "member", which is the default, "admin" or "billing-manager".
	Role string
	// SentBy is who sent it, and Sent when that was: now, if it is left out.
	SentBy User
	Sent   time.Time
}

// VCSOrg is an organization at an identity provider.
type VCSOrg struct {
	// Login identifies the organization, Name is the one to show.
	Login, Name string
	// Kind is the identity provider: "github.com", if it is left out.
	Kind string
	// Teams are its teams.
	Teams []VCSTeam
}

// VCSTeam is a team of a [VCSOrg].
type VCSTeam struct {
	// ID is the number by which a team in the cloud can mirror it.
	ID int
	// Name, Slug and Description are what people see.
	Name, Slug, Description string
}

const gitHub = "github.com"

// SetUserAccount sets what the server's user has.
func (s *Server) SetUserAccount(a UserAccount) {
	a.Identities, a.Invites, a.VCSOrgs = slices.Clone(a.Identities), slices.Clone(a.Invites), slices.Clone(a.VCSOrgs)
	if len(a.Identities) == 0 {
		a.Identities = []string{gitHub}
	}
	for i := range a.Invites {
		if invite := &a.Invites[i]; invite.Sent.IsZero() {
			invite.Sent = time.Now()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = a
}

type wireAccountUser struct {
	AvatarURL           string        `json:"avatarUrl"`
	Email               string        `json:"email"`
	GitHubLogin         string        `json:"githubLogin"`
	HasMFA              bool          `json:"hasMFA"`
	ID                  string        `json:"id"`
	Identities          []string      `json:"identities"`
	IsManagedByMultiOrg bool          `json:"isManagedByMultiOrg"`
	IsOrgManaged        bool          `json:"isOrgManaged"`
	Name                string        `json:"name"`
	Organizations       []wireUserOrg `json:"organizations"`
}

type wireUserOrg struct {
	AvatarURL   string `json:"avatarUrl"`
	GitHubLogin string `json:"githubLogin"`
	Name        string `json:"name"`
	Role        string `json:"role"`
}

func (s *Server) wireAccountUser() wireAccountUser {
	user := testUser.wire()
	w := wireAccountUser{
		AvatarURL: user.AvatarURL, Email: s.account.Email, GitHubLogin: user.GitHubLogin, ID: fakeUUID("user " + userLogin),
		Identities: s.account.Identities, Name: user.Name, Organizations: []wireUserOrg{},
	}
	for _, o := range s.orgsOf(userLogin) {
		org := User{Login: o.name}.wire()
		w.Organizations = append(w.Organizations, wireUserOrg{
			AvatarURL: org.AvatarURL, GitHubLogin: o.name, Name: o.name, Role: o.member(userLogin).Role,
		})
	}
	return w
}

func (s *Server) getUser(*call) (reply, error) { return ok(s.wireAccountUser()), nil }

type wireDefaultOrg struct {
	GitHubLogin string        `json:"GitHubLogin"`
	Messages    []wireMessage `json:"Messages"`
}

// getDefaultOrg takes the user's own organization until another one is chosen.
func (s *Server) getDefaultOrg(*call) (reply, error) {
	return ok(wireDefaultOrg{GitHubLogin: cmp.Or(s.defaultOrg, userLogin), Messages: []wireMessage{}}), nil
}

func (s *Server) updateDefaultOrg(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	s.defaultOrg = o.name
	return noContent, nil
}

type wireInvite struct {
	AcceptInviteURL string   `json:"acceptInviteUrl"`
	Email           string   `json:"email"`
	ID              string   `json:"id"`
	Role            string   `json:"role"`
	RoleID          string   `json:"roleId,omitempty"`
	SentAt          int64    `json:"sentAt"`
	SentBy          wireUser `json:"sentBy"`
	Status          string   `json:"status"`
}

func (s *Server) listUserInvites(*call) (reply, error) {
	list := []wireInvite{}
	for i, invite := range s.account.Invites {
		id := fakeUUID(fmt.Sprintf("invite %d", i))
		list = append(list, wireInvite{
			AcceptInviteURL: "https://app.pulumi.test/invites/" + id, Email: s.account.Email, ID: id,
			Role: cmp.Or(invite.Role, roleMember), SentAt: invite.Sent.Unix(), SentBy: invite.SentBy.wire(), Status: "pending",
		})
	}
	return ok(map[string]any{"invites": list}), nil
}

func (s *Server) getPendingEmail(*call) (reply, error) {
	if s.account.PendingEmail == "" {
		return noContent, nil
	}
	return ok(map[string]string{"email": s.account.PendingEmail}), nil
}

func (s *Server) deletePendingEmail(*call) (reply, error) {
	if s.account.PendingEmail != "" && s.account.PendingEmail == s.account.Email {
		return reply{}, badRequest("Cannot delete the pending verification for primary email.")
	}
	s.account.PendingEmail = ""
	return noContent, nil
}

func (s *Server) hasVerifiedEmail(*call) (reply, error) {
	if s.account.Unverified {
		return reply{}, notFound("Verified email not found")
	}
	return ok(true), nil
}

// findIdentity returns the identity provider that a call is about.
func (s *Server) findIdentity(c *call) (string, error) {
	identity := c.query.Get("identity")
	if !slices.Contains(s.account.Identities, identity) {
		return "", badRequest("invalid query parameter: the user has no identity '%s'", identity)
	}
	return identity, nil
}

func (s *Server) deleteIdentity(c *call) (reply, error) {
	identity, err := s.findIdentity(c)
	if err != nil {
		return reply{}, err
	}
	if len(s.account.Identities) == 1 {
		return reply{}, badRequest("must have more than one identity provider")
	}
	s.account.Identities = slices.DeleteFunc(s.account.Identities, func(other string) bool { return other == identity })
	return ok(s.wireAccountUser()), nil
}

// syncIdentity finds nothing new there.
func (s *Server) syncIdentity(c *call) (reply, error) {
	if _, err := s.findIdentity(c); err != nil {
		return reply{}, err
	}
	return ok(s.wireAccountUser()), nil
}

type wireVCSOrg struct {
	KnownToPulumi bool     `json:"knownToPulumi"`
	Organization  wireUser `json:"organization"`
	VCSKind       string   `json:"vcsKind"`
}

func (s *Server) listVCSOrgs(*call) (reply, error) {
	list := []wireVCSOrg{}
	for _, o := range s.account.VCSOrgs {
		list = append(list, wireVCSOrg{
			KnownToPulumi: s.orgs[o.Login] != nil, Organization: User{Login: o.Login, Name: o.Name}.wire(), VCSKind: cmp.Or(o.Kind, gitHub),
		})
	}
	return ok(map[string]any{"organizations": list}), nil
}

type wireGitHubTeam struct {
	Description   string `json:"description"`
	ID            int    `json:"id"`
	KnownToPulumi bool   `json:"knownToPulumi"`
	Name          string `json:"name"`
	Slug          string `json:"slug"`
}

func (s *Server) listGitHubTeams(c *call) (reply, error) {
	if !slices.Contains(s.account.Identities, gitHub) {
		return reply{}, badRequest("operation only supported for GitHub-backed users")
	}
	for _, o := range s.account.VCSOrgs {
		if o.Login != c.param("ghOrgName") || cmp.Or(o.Kind, gitHub) != gitHub {
			continue
		}
		list := []wireGitHubTeam{}
		for _, t := range o.Teams {
			list = append(list, wireGitHubTeam{
				Description: t.Description, ID: t.ID, KnownToPulumi: s.mirrored(t.ID), Name: t.Name, Slug: t.Slug,
			})
		}
		return ok(map[string]any{"teams": list}), nil
	}
	return reply{}, notFound("Organization '%s' not found", c.param("ghOrgName"))
}

// mirrored reports whether a team of GitHub's has one in the cloud.
func (s *Server) mirrored(teamID int) bool {
	for _, o := range s.orgs {
		if o.team(gitHubTeamName(int64(teamID))) != nil {
			return true
		}
	}
	return false
}
