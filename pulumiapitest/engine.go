package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// engineRoutes are what the engine uses to record an update while it runs, so
// that a test can play the engine. They are there for each of the segments that
// the engine has for kinds of updates. A lease never runs out by itself.
func engineRoutes() []route {
	var routes []route
	for _, kind := range []string{anyKind, "preview", "refresh", "destroy"} {
		path := "/api/stacks/{orgName}/{projectName}/{stackName}/" + kind
		id := path + "/{updateID}"
		engine := func(handle func(*Server, *call, *stack, *update) (reply, error)) func(*Server, *call) (reply, error) {
			return func(s *Server, c *call) (reply, error) { return s.forEngine(c, kind, handle) }
		}
		routes = append(routes,
			route{
				endpoint: "POST " + path,
				handle:   func(s *Server, c *call) (reply, error) { return s.createUpdate(c, kind) },
			},
			route{endpoint: "POST " + id, handle: engine((*Server).startUpdate)},
			route{endpoint: "POST " + id + "/events/batch", lease: true, handle: engine((*Server).recordEvents)},
			route{endpoint: "POST " + id + "/renew_lease", lease: true, handle: engine((*Server).renewLease)},
			route{endpoint: "POST " + id + "/complete", lease: true, handle: engine((*Server).completeUpdate)},
			route{endpoint: "POST " + id + "/cancel", handle: engine((*Server).cancelUpdate)},
		)
		if kind != "preview" {
			routes = append(routes,
				route{endpoint: "PATCH " + id + "/checkpoint", lease: true, handle: engine((*Server).patchCheckpoint)})
		}
	}
	return routes
}

// anyKind is the segment of the paths under which updates of every kind are found.
const anyKind = "update"

const (
	leaseScheme = "update-token "
	leaseTime   = 5 * time.Minute // and the longest that one can be renewed for
)

// forEngine finds the update that a call of the engine is about. A call that needs
// a lease needs an update that runs, too.
func (s *Server) forEngine(c *call, kind string, handle func(*Server, *call, *stack, *update) (reply, error)) (reply, error) {
	if c.route.lease {
		if !strings.HasPrefix(c.header.Get("Authorization"), leaseScheme) {
			return reply{}, errorf(http.StatusUnauthorized,
				"Unauthorized: the Authorization header must be the word update-token, a space and the lease of the update")
		}
	}
	st, u, err := s.findUpdate(c)
	if err != nil {
		return reply{}, err
	}
	if err := u.checkSegment(kind); err != nil {
		return reply{}, err
	}
	if c.route.lease {
		if u.status == notStarted {
			return reply{}, conflict("The Update has not started")
		}
		if c.header.Get("Authorization") != leaseScheme+u.lease {
			return reply{}, errorf(http.StatusForbidden, "The provided update token has expired")
		}
		if err := u.checkNotEnded(); err != nil {
			return reply{}, err
		}
	}
	return handle(s, c, st, u)
}

// checkSegment fails if the path of a request has the segment of another kind of
// update. Every update is found under …/update/{updateID}, where the CLI looks for
// all of them.
func (u *update) checkSegment(segment string) error {
	if segment != anyKind && segment != u.segment {
		return notFound("Update '%s' not found: it is not of kind %s", u.id, segment)
	}
	return nil
}

func (u *update) checkNotEnded() error {
	switch {
	case u.status == string(Cancelled):
		return conflict("The Update has been cancelled")
	case u.ended():
		return conflict("The Update has already completed")
	}
	return nil
}

type wireUpdateProgram struct {
	Name        string                     `json:"name"`
	Runtime     string                     `json:"runtime"`
	Main        string                     `json:"main"`
	Description string                     `json:"description"`
	Options     wireUpdateOptions          `json:"options"`
	Config      map[string]wireConfigValue `json:"config"`
	Metadata    wireUpdateMetadata         `json:"metadata"`
}

type wireUpdateOptions struct {
	LocalPolicyPackPaths []string `json:"localPolicyPackPaths"`
	Color                string   `json:"color"`
	DryRun               bool     `json:"dryRun"`
	Parallel             int32    `json:"parallel"`
	ShowConfig           bool     `json:"showConfig"`
	ShowReplacementSteps bool     `json:"showReplacementSteps"`
	ShowNames            bool     `json:"showNames"`
	Summary              bool     `json:"summary"`
	Debug                bool     `json:"debug"`
}

type wireUpdateMetadata struct {
	Message     string            `json:"message"`
	Environment map[string]string `json:"environment"`
}

type wireCreatedUpdate struct {
	UpdateID         string               `json:"updateID"`
	RequiredPolicies []wireRequiredPolicy `json:"requiredPolicies"`
	Messages         []wireMessage        `json:"messages"`
}

func (s *Server) createUpdate(c *call, kind string) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateProgram
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	u := Update{
		Kind:        kind,
		Message:     req.Metadata.Message,
		Environment: req.Metadata.Environment,
		Config:      map[string]ConfigValue{},
	}
	for key, value := range req.Config {
		u.Config[key] = ConfigValue(value)
	}
	switch {
	case kind == "preview":
		u.Kind = "Pupdate"
	case req.Options.DryRun:
		u.Kind = "P" + kind
	}
	if !isPreview(u.Kind) {
		if err := st.checkIdle(); err != nil {
			return reply{}, err
		}
	}
	created := st.newUpdate(u)
	created.segment = kind
	return ok(wireCreatedUpdate{UpdateID: created.id, RequiredPolicies: s.requiredPolicies(st, ""), Messages: []wireMessage{}}), nil
}

type wireStartUpdateRequest struct {
	Tags           map[string]*string `json:"tags"`
	JournalVersion int                `json:"journalVersion"`
}

type wireStartedUpdate struct {
	Version         int    `json:"version"`
	Token           string `json:"token"`
	TokenExpiration int64  `json:"tokenExpiration"`
}

func (s *Server) startUpdate(c *call, st *stack, u *update) (reply, error) {
	var req wireStartUpdateRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	var tags map[string]string
	if req.Tags != nil {
		var err error
		if tags, err = checkTags(st.project, req.Tags); err != nil {
			return reply{}, err
		}
		tags[projectTag] = st.project
	}
	if err := u.checkNotEnded(); err != nil {
		return reply{}, err
	}
	if u.status == running {
		return reply{}, conflict("The Update has already started")
	}
	if !u.preview() {
		if err := st.checkIdle(); err != nil {
			return reply{}, err
		}
	}
	if tags != nil {
		st.tags = tags
	}
	u.Started = time.Now()
	st.begin(u)
	s.started(c, st, u)
	s.newLease(u)
	return ok(wireStartedUpdate{
		Version:         st.version, // which a preview has not changed
		Token:           u.lease,
		TokenExpiration: u.Started.Add(leaseTime).Unix(),
	}), nil
}

func (s *Server) newLease(u *update) {
	u.lease = fmt.Sprintf("lease-%s-%d", u.id, s.nextID())
}

type wireRenewLeaseRequest struct {
	Token    string `json:"token"`
	Duration *int64 `json:"duration"`
}

type wireRenewedLease struct {
	Token           string `json:"token"`
	TokenExpiration int64  `json:"tokenExpiration"`
}

// renewLease makes the lease that was good until now worthless.
func (s *Server) renewLease(c *call, _ *stack, u *update) (reply, error) {
	var req wireRenewLeaseRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Duration == nil || *req.Duration < 0 || *req.Duration > int64(leaseTime.Seconds()) {
		return reply{}, badRequest("Renewal duration must be between 0 and %d seconds", int64(leaseTime.Seconds()))
	}
	s.newLease(u)
	expires := time.Now().Add(time.Duration(*req.Duration) * time.Second)
	return ok(wireRenewedLease{Token: u.lease, TokenExpiration: expires.Unix()}), nil
}

type wireEngineEventBatch struct {
	Events []map[string]json.RawMessage `json:"events"`
}

func (s *Server) recordEvents(c *call, _ *stack, u *update) (reply, error) {
	var req wireEngineEventBatch
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if len(req.Events) == 0 {
		return reply{}, badRequest("No events provided.")
	}
	type sequenced struct {
		recordedEvent
		number int64
	}
	batch := make([]sequenced, len(req.Events))
	for i, members := range req.Events {
		event, number, err := decodeEvent(members, c.strict)
		if err != nil {
			return reply{}, badRequest("invalid request body: events[%d]: %v", i, err)
		}
		batch[i] = sequenced{event, number}
	}
	slices.SortStableFunc(batch, func(a, b sequenced) int { return cmp.Compare(a.number, b.number) })
	events := make([]recordedEvent, len(batch))
	for i, event := range batch {
		events[i] = event.recordedEvent
	}
	u.record(events)
	return reply{status: http.StatusOK}, nil
}

// decodeEvent returns an event as the engine sends it, and its sequence number. A
// type that the service doesn't have may be one of a newer engine.
func decodeEvent(members map[string]json.RawMessage, strict bool) (recordedEvent, int64, error) {
	var sequence, timestamp int64
	var payloads, unknown []string
	for name, value := range members {
		var err error
		switch {
		case name == "sequence":
			err = json.Unmarshal(value, &sequence)
		case name == "timestamp":
			err = json.Unmarshal(value, &timestamp)
		case slices.Contains(eventTypes, name):
			if string(value) != "null" {
				payloads = append(payloads, name)
			}
		case strict:
			return recordedEvent{}, 0, fmt.Errorf("there is no member %q", name)
		case bytes.HasPrefix(value, []byte("{")):
			unknown = append(unknown, name)
		}
		if err != nil {
			return recordedEvent{}, 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(payloads) == 0 {
		payloads = unknown
	}
	if members["sequence"] == nil || members["timestamp"] == nil || len(payloads) != 1 {
		return recordedEvent{}, 0, fmt.Errorf("an event has a sequence, a timestamp and one payload, not %d", len(payloads))
	}
	event, err := recordEvent(EngineEvent{
		Type: payloads[0], Payload: members[payloads[0]], Time: time.Unix(timestamp, 0),
	}, time.Time{})
	event.sequence = members["sequence"]
	return event, sequence, err
}

type wireCheckpoint struct {
	IsInvalid  bool            `json:"isInvalid"`
	Version    int             `json:"version"`
	Features   []string        `json:"features"`
	Deployment json.RawMessage `json:"deployment"`
}

func (s *Server) patchCheckpoint(c *call, st *stack, u *update) (reply, error) {
	var req wireCheckpoint
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	switch {
	case u.preview():
		return reply{}, errorf(http.StatusForbidden, "Updating the checkpoint is not permitted for preview operations.")
	case req.IsInvalid:
		return reply{}, badRequest("using the IsInvalid flag is no longer supported")
	case req.Deployment == nil:
		return reply{}, badRequest("request must contain a checkpoint")
	}
	state := &wireDeployment{Version: req.Version, Features: req.Features, Deployment: req.Deployment}
	resources, err := state.resourceCount()
	if err != nil {
		return reply{}, err
	}
	st.setState(state, resources)
	return noContent, nil
}

type wireCompleteUpdate struct {
	Status Result `json:"status"`
}

func (s *Server) completeUpdate(c *call, st *stack, u *update) (reply, error) {
	var req wireCompleteUpdate
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if !req.Status.valid() {
		return reply{}, badRequest("unrecognized status '%s'", req.Status)
	}
	s.finish(c, st, u, req.Status)
	return noContent, nil
}

// cancelUpdate ends an update at once. The service takes its time.
func (s *Server) cancelUpdate(c *call, st *stack, u *update) (reply, error) {
	if u.status == notStarted {
		return reply{}, conflict("The Update has not started")
	}
	if err := u.checkNotEnded(); err != nil {
		return reply{}, err
	}
	s.finish(c, st, u, Cancelled)
	return noContent, nil
}
