package pulumiapitest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// auditLogQuery are the parameters of all four endpoints.
var auditLogQuery = []string{"startTime", "endTime", "userFilter", "eventFilter", "format", tokenParam}

var auditLogRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs",
		query:    auditLogQuery,
		handle:   func(s *Server, c *call) (reply, error) { return s.listAuditLog(c, rangeBackwards) },
	},
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs/v2",
		query:    auditLogQuery,
		handle:   func(s *Server, c *call) (reply, error) { return s.listAuditLog(c, rangeBetween) },
	},
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs/export",
		query:    auditLogQuery,
		handle:   func(s *Server, c *call) (reply, error) { return s.exportAuditLog(c, rangeBackwards) },
	},
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs/v2/export",
		query:    auditLogQuery,
		handle:   func(s *Server, c *call) (reply, error) { return s.exportAuditLog(c, rangeBetween) },
	},
}

// AuditLogEvent is an entry of an organization's audit log, see
// [Server.AddAuditLogEvent].
type AuditLogEvent struct {
	// Time is when it happened: now, if it is left out.
	Time time.Time
	// Event is what kind of thing happened, as in "Stack Created".
	Event string
	// Description says it in full.
	Description string
	// User is who did it: the server's user, if it is left out.
	User User
	// SourceIP is where the request came from.
	SourceIP string
	// TokenID and TokenName tell of the access token, if one was used.
	TokenID, TokenName string
	// ActorName and ActorURN tell of an actor that is not a person.
	ActorName, ActorURN string
	// RequiresOrgAdmin and RequiresStackAdmin say what it took to be allowed to.
	RequiresOrgAdmin, RequiresStackAdmin bool
	// AuthFailure says that it was not allowed.
	AuthFailure bool
}

// AddAuditLogEvent puts an entry into the audit log of an organization, which is
// created if there is none of the name. It fails if that name is one that no
// client can send.
//
// The cloud itself writes an entry for each change that a client makes, and for
// the updates of [Server.StartUpdate], but for nothing that a test puts into it.
func (s *Server) AddAuditLogEvent(org string, e AuditLogEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	o.record(e)
	return nil
}

// record puts an entry into the audit log, in its place in time.
func (o *organization) record(e AuditLogEvent) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.User.Login == "" {
		e.User = testUser
	}
	if e.SourceIP == "" {
		e.SourceIP = "127.0.0.1"
	}
	i := len(o.audit)
	for i > 0 && o.audit[i-1].Time.After(e.Time) {
		i--
	}
	o.audit = slices.Insert(o.audit, i, e)
}

// log writes what a call has done into the audit log. There is no call if it was
// the test that did it.
func (s *Server) log(c *call, o *organization, e AuditLogEvent) {
	if c != nil && c.token != nil {
		e.TokenID, e.TokenName = c.token.id, c.token.Description
	}
	o.record(e)
}

// logUser writes what a user has done to what is the user's own into the audit
// log of each organization that the user is in.
func (s *Server) logUser(c *call, e AuditLogEvent) {
	for _, o := range s.orgsOf(userLogin) {
		s.log(c, o, e)
	}
}

// logStack writes what was done to a stack into the audit log.
func (s *Server) logStack(c *call, st *stack, event, description string) {
	s.log(c, s.orgs[st.org], AuditLogEvent{Event: event, Description: description})
}

// slug is what the audit log calls a stack.
func (id stackID) slug() string { return id.project + "/" + id.name }

// auditRange says how an endpoint understands startTime and endTime.
type auditRange int

const (
	// rangeBackwards is the first version's: startTime is the latest time, and one is
	// needed.
	rangeBackwards auditRange = iota
	// rangeBetween is the second version's: from startTime to endTime.
	rangeBetween
)

// findAuditLog returns the entries that a call asks for, the newest first.
//
// The times of a range belong to it. A token is a second, and what it leads to
// was before that second.
func (s *Server) findAuditLog(c *call, version auditRange) ([]AuditLogEvent, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, err
	}
	start, hasStart, err := c.secondQuery("startTime")
	if err != nil {
		return nil, err
	}
	end, hasEnd, err := c.secondQuery("endTime")
	if err != nil {
		return nil, err
	}
	token, hasToken, err := c.secondQuery(tokenParam)
	if err != nil {
		return nil, badRequest("Invalid continuation token")
	}
	user, event := c.query.Get("userFilter"), c.query.Get("eventFilter")
	if _, known := s.users[user]; user != "" && !known {
		return nil, notFound("User '%s' not found", user)
	}
	if version == rangeBackwards && !hasStart && !hasToken {
		return nil, badRequest("invalid query parameters: startTime or %s is required", tokenParam)
	}
	var found []AuditLogEvent
	for _, e := range slices.Backward(o.audit) {
		at := e.Time.Unix()
		switch {
		case hasToken && at >= token:
		case hasEnd && at > end:
		case version == rangeBackwards && hasStart && at > start:
		case version == rangeBetween && hasStart && at < start:
		case user != "" && e.User.Login != user:
		case event != "" && eventID(e.Event) != eventID(event):
		default:
			found = append(found, e)
		}
	}
	return found, nil
}

// eventID returns the identifier of a kind of event ("stack-created"), by which
// the filter knows it as well as by its name.
func eventID(event string) string {
	return strings.ToLower(strings.ReplaceAll(event, " ", "-"))
}

// secondQuery returns the value of a query parameter that is a time, in seconds,
// and whether it is there.
func (c *call) secondQuery(name string) (second int64, has bool, err error) {
	value := c.query.Get(name)
	if value == "" {
		return 0, false, nil
	}
	second, err = strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, false, badRequest("invalid query parameter: %s must be a time in seconds since 1970, not %q", name, value)
	}
	return second, true, nil
}

// auditPage cuts a page out of entries, the newest first, and returns the token
// of the next, nil if there is none. A page ends with a second of which it has
// every entry, and may be short for that. Only a second that has more than a page
// holds is cut: as a token is a second, the rest of it is skipped.
func auditPage(found []AuditLogEvent, limit int) ([]AuditLogEvent, *string) {
	if len(found) <= limit {
		return found, nil
	}
	second := func(i int) int64 { return found[i].Time.Unix() }
	cut := limit
	for cut > 0 && second(cut-1) == second(limit) {
		cut--
	}
	if cut == 0 {
		cut = limit
	}
	if second(len(found)-1) == second(cut-1) { // nothing comes after that second
		return found[:cut], nil
	}
	return found[:cut], new(strconv.FormatInt(second(cut-1), 10))
}

type wireAuditLog struct {
	ContinuationToken *string             `json:"continuationToken,omitempty"`
	AuditLogEvents    []wireAuditLogEvent `json:"auditLogEvents"`
}

type wireAuditLogEvent struct {
	Timestamp     int64    `json:"timestamp"`
	SourceIP      string   `json:"sourceIP"`
	Event         string   `json:"event"`
	Description   string   `json:"description"`
	User          wireUser `json:"user"`
	TokenID       string   `json:"tokenID,omitempty"`
	TokenName     string   `json:"tokenName,omitempty"`
	ReqOrgAdmin   bool     `json:"reqOrgAdmin,omitempty"`
	ReqStackAdmin bool     `json:"reqStackAdmin,omitempty"`
	AuthFailure   bool     `json:"authFailure,omitempty"`
	ActorName     string   `json:"actorName,omitempty"`
	ActorURN      string   `json:"actorUrn,omitempty"`
}

func (s *Server) listAuditLog(c *call, version auditRange) (reply, error) {
	if format := c.query.Get("format"); format != "" && format != "json" {
		return reply{}, badRequest("invalid query parameter: format must be json, not %q", format)
	}
	found, err := s.findAuditLog(c, version)
	if err != nil {
		return reply{}, err
	}
	page, next := auditPage(found, s.pageSize)
	list := wireAuditLog{ContinuationToken: next, AuditLogEvents: []wireAuditLogEvent{}}
	for _, e := range page {
		list.AuditLogEvents = append(list.AuditLogEvents, wireAuditLogEvent{
			Timestamp: e.Time.Unix(), SourceIP: e.SourceIP, Event: e.Event, Description: e.Description, User: e.User.wire(),
			TokenID: e.TokenID, TokenName: e.TokenName,
			ReqOrgAdmin: e.RequiresOrgAdmin, ReqStackAdmin: e.RequiresStackAdmin, AuthFailure: e.AuthFailure,
			ActorName: e.ActorName, ActorURN: e.ActorURN,
		})
	}
	return ok(list), nil
}
