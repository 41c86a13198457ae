package pulumiapitest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

var inviteRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/invites",
		handle:   (*Server).listOrgInvites,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/invites/batch",
		handle:   (*Server).createInvites,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/invites/unverified/batch",
		handle:   (*Server).createInvites,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/invites/link",
		handle:   (*Server).createInviteLink,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/invites/{inviteID}",
		handle:   (*Server).getInvite,
	},
	{
		endpoint: "PATCH /api/orgs/{orgName}/invites/{inviteID}",
		handle:   (*Server).acceptInvite,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/invites/{inviteID}",
		handle:   (*Server).cancelInvite,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/invites/{inviteID}/resend",
		handle:   (*Server).resendInvite,
	},
}

// orgInvite is an invitation to an organization.
type orgInvite struct {
	id, email, role, roleID string
	sent                    time.Time
	over                    bool // it was accepted or canceled
}

func (i *orgInvite) url() string { return "https://app.pulumi.test/invites/" + i.id }

func (s *Server) listOrgInvites(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireInvite{}
	for _, i := range o.invites {
		if !i.over {
			list = append(list, wireInvite{
				AcceptInviteURL: i.url(), Email: i.email, ID: i.id, Role: i.role, RoleID: i.roleID,
				SentAt: i.sent.Unix(), SentBy: testUser.wire(), Status: "pending",
			})
		}
	}
	return ok(map[string]any{"invites": list}), nil
}

type wireCreateInvite struct {
	Email  string `json:"email,omitempty"`
	Role   string `json:"role"`
	RoleID string `json:"roleId,omitempty"`
}

// check refuses an invitation to a role that there is not.
func (w *wireCreateInvite) check(o *organization) error {
	if !builtInRole(w.Role) {
		return badRequest("Invalid organization role '%s'.", w.Role)
	}
	if w.RoleID != "" && o.role(w.RoleID) == nil {
		return badRequest("Invalid parameter 'roleID'.")
	}
	return nil
}

func (s *Server) newInvite(c *call, o *organization, req wireCreateInvite) wireCreatedInvite {
	added := &orgInvite{
		id: fakeUUID(fmt.Sprintf("organization invite %d", s.nextSerial())), email: req.Email, role: req.Role, roleID: req.RoleID, sent: time.Now(),
	}
	o.invites = append(o.invites, added)
	s.log(c, o, AuditLogEvent{Event: "Member Invited", Description: fmt.Sprintf("Invited %q", cmp.Or(req.Email, "by link")), RequiresOrgAdmin: true})
	return wireCreatedInvite{added.url(), added.id}
}

type wireCreateInvitesRequest struct {
	Invites []wireCreateInvite `json:"invites"`
	Token   string             `json:"token"`
}

type wireCreatedInvite struct {
	AcceptInviteURL string `json:"acceptInviteUrl"`
	ID              string `json:"id"`
}

type wireCreatedInvites struct {
	FailedInvites []wireCreateInvite  `json:"failedInvites"`
	SentInvites   []wireCreatedInvite `json:"sentInvites"`
}

// createInvites sends nothing. An address fails that an invitation is waiting for.
func (s *Server) createInvites(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireCreateInvitesRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	for _, one := range req.Invites {
		if !strings.Contains(one.Email, "@") {
			return reply{}, badRequest("Invalid email address.")
		}
		if err := one.check(o); err != nil {
			return reply{}, err
		}
	}
	w := wireCreatedInvites{FailedInvites: []wireCreateInvite{}, SentInvites: []wireCreatedInvite{}}
	for _, one := range req.Invites {
		if slices.ContainsFunc(o.invites, func(i *orgInvite) bool { return !i.over && i.email == one.Email }) {
			w.FailedInvites = append(w.FailedInvites, one)
			continue
		}
		w.SentInvites = append(w.SentInvites, s.newInvite(c, o, one))
	}
	return ok(w), nil
}

func (s *Server) createInviteLink(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireCreateInvite
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := req.check(o); err != nil {
		return reply{}, err
	}
	return ok(s.newInvite(c, o, req)), nil
}

func (s *Server) findInvite(c *call) (*organization, *orgInvite, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range o.invites {
		if i.id == c.param("inviteID") {
			return o, i, nil
		}
	}
	return nil, nil, notFound("Invite '%s' not found", c.param("inviteID"))
}

// findPendingInvite is findInvite for one that was neither accepted nor canceled.
func (s *Server) findPendingInvite(c *call) (*organization, *orgInvite, error) {
	o, i, err := s.findInvite(c)
	if err == nil && i.over {
		return nil, nil, notFound("Invite '%s' not found", i.id)
	}
	return o, i, err
}

func (s *Server) getInvite(c *call) (reply, error) {
	o, _, err := s.findPendingInvite(c)
	if err != nil {
		return reply{}, err
	}
	w := wireUserOrg{AvatarURL: User{Login: o.name}.wire().AvatarURL, GitHubLogin: o.name, Name: o.name, Role: "none"}
	if me := o.member(userLogin); me != nil {
		w.Role = me.Role
	}
	return ok(w), nil
}

// acceptInvite makes the server's user a member, who mostly is one already.
func (s *Server) acceptInvite(c *call) (reply, error) {
	o, i, err := s.findInvite(c)
	if err != nil {
		return reply{}, err
	}
	if i.over {
		return reply{}, conflict("Invite is not in the 'invited' state")
	}
	i.over = true
	if o.member(userLogin) == nil {
		m := Member{User: testUser, Role: i.role}
		if r := o.role(i.roleID); r != nil {
			m.Role, m.RoleID = r.given()
		}
		s.newMember(o, m)
	}
	s.log(c, o, AuditLogEvent{Event: "Invite Accepted", Description: fmt.Sprintf("Accepted invite %q", i.id)})
	return noContent, nil
}

func (s *Server) cancelInvite(c *call) (reply, error) {
	o, gone, err := s.findPendingInvite(c)
	if err != nil {
		return reply{}, err
	}
	gone.over = true
	s.log(c, o, AuditLogEvent{Event: "Invite Canceled", Description: fmt.Sprintf("Canceled invite %q", gone.id), RequiresOrgAdmin: true})
	return noContent, nil
}

type wireResendInviteRequest struct {
	Token string `json:"token"`
}

func (s *Server) resendInvite(c *call) (reply, error) {
	_, i, err := s.findPendingInvite(c)
	if err != nil {
		return reply{}, err
	}
	var req wireResendInviteRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	i.sent = time.Now()
	return noContent, nil
}
