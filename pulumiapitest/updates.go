package pulumiapitest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Result is how an update ended.
type Result string

// The ways in which an update ends.
const (
	Succeeded Result = "succeeded"
	Failed    Result = "failed"
	// Cancelled is an update's status. In lists, where the service has no word for it,
	// the update has failed.
	Cancelled Result = "cancelled"
)

// Update is an update or a preview for the history of a stack, see
// [Server.AddUpdate] and [Server.StartUpdate]. Each of its fields may be left out.
type Update struct {
	// Kind is what it does: "update" (which is the default), "refresh", "destroy",
	// "import", "rename", or any other text. With a P before it ("Pupdate",
	// "Prefresh" and so on), and as "preview", it is a preview: it has no part in the
	// stack's version, and is in another list.
	Kind string
	// Result is how it ended: [Succeeded], if it is left out.
	Result Result
	// Started and Ended are its times: now, if Started is left out; as long as it
	// takes to start, if Ended is.
	Started, Ended time.Time
	// Message is the purpose that the user gave.
	Message string
	// Environment describes where it ran, by keys such as "git.head" and "exec.kind".
	Environment map[string]string
	// Config is the stack's configuration at the time.
	Config map[string]ConfigValue
	// ResourceChanges counts resources by what was done to them ("create", "same").
	// Without it, what the last summary event says counts.
	ResourceChanges map[string]int
	// ResourceCount is the number of resources after it. The stack has that many from
	// then on, unless it has a state to count. Without it, the stack's number counts.
	ResourceCount *int
	// RequestedBy is who started it: the server's user, if it is left out.
	RequestedBy User
	// RequestedByToken is the name of the access token, if one was used.
	RequestedByToken string
	// PolicyPacks are the packs whose policies it had to meet.
	PolicyPacks []RequiredPolicyPack
	// Commit is the commit that it ran from. Without it, the Environment may tell, by
	// "vcs.kind" (github.com), "vcs.owner", "vcs.repo" and "git.head".
	Commit *Commit
	// Events are what the engine told of it, the oldest first.
	Events []EngineEvent
	// Output is what it printed.
	Output []OutputLine
}

// ConfigValue is a value of a stack's configuration.
type ConfigValue struct {
	// String is the value: the ciphertext of a secret, JSON of an object.
	String string
	// Secret says that the value is encrypted.
	Secret bool
	// Object says that the value is JSON.
	Object bool
}

// User is a user of the cloud, or someone who writes what is deployed.
type User struct {
	// Login is the user's login.
	Login string
	// Name is the name to show: the login, if it is left out.
	Name string
	// Email is the address, which only lists of members show.
	Email string
}

// Commit is a commit on GitHub.
type Commit struct {
	// Slug is the repository, as in "acme/infrastructure".
	Slug string
	// SHA is the commit's hash.
	SHA string
	// Message is the commit's message.
	Message string
	// Author is who wrote it.
	Author User
}

// RequiredPolicyPack is a policy pack that an update had to meet.
type RequiredPolicyPack struct {
	// Name is the pack's unique name, DisplayName the one to show.
	Name, DisplayName string
	// Version counts the pack's versions, VersionTag is what its author calls it.
	Version    int
	VersionTag string
	// Config is the configuration of its policies, by their names.
	Config map[string]map[string]any
}

// OutputLine is text that an update printed.
type OutputLine struct {
	// Text is what was printed.
	Text string
	// Stderr says that it went to the standard error.
	Stderr bool
}

// AddUpdate puts an update that has ended into the history of a stack, as its
// newest, and returns its ID. Unless it is a preview, the stack's version goes up
// by one, and its last update is this one. It fails if there is no such stack or
// an update runs on it, and if the Update makes no sense: an unknown Result, an
// end before its start, an event without a type or with a payload that is not
// JSON.
func (s *Server) AddUpdate(org, project, stack string, u Update) (updateID string, err error) {
	switch {
	case u.Result == "":
		u.Result = Succeeded
	case !u.Result.valid():
		return "", fmt.Errorf("pulumiapitest: an update does not end %q", u.Result)
	}
	if u.Started.IsZero() {
		u.Started = time.Now()
	}
	if u.Ended.IsZero() {
		u.Ended = u.Started
	}
	if u.Ended.Before(u.Started) {
		return "", errors.New("pulumiapitest: the update ends before it starts")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added, st, err := s.seedUpdate(org, project, stack, u)
	if err != nil {
		return "", err
	}
	st.end(added, u.Result, u.Ended)
	return added.id, nil
}

// StartUpdate starts an update on a stack, and returns it so that the test can
// let things happen. Until [RunningUpdate.Finish], or until a client cancels it,
// the stack is busy, except for previews, which the service lets run at any time.
// The audit log has both ends of it. It fails as [Server.AddUpdate] does, and if
// the Update says how and when it ended.
func (s *Server) StartUpdate(org, project, stack string, u Update) (*RunningUpdate, error) {
	if u.Result != "" || !u.Ended.IsZero() {
		return nil, errors.New("pulumiapitest: an update that starts has neither a result nor an end")
	}
	if u.Started.IsZero() {
		u.Started = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	started, st, err := s.seedUpdate(org, project, stack, u)
	if err != nil {
		return nil, err
	}
	s.started(nil, st, started)
	return &RunningUpdate{server: s, stack: st, update: started}, nil
}

// seedUpdate begins an update that a test describes.
func (s *Server) seedUpdate(org, project, stack string, u Update) (*update, *stack, error) {
	st, err := s.seededStack(org, project, stack)
	if err != nil {
		return nil, nil, err
	}
	if st.running != nil && !isPreview(u.Kind) {
		return nil, nil, fmt.Errorf("pulumiapitest: stack %q has an update running", st)
	}
	events := make([]recordedEvent, len(u.Events))
	for i, event := range u.Events {
		if events[i], err = recordEvent(event, u.Started); err != nil {
			return nil, nil, fmt.Errorf("pulumiapitest: %w", err)
		}
	}
	added := st.newUpdate(u)
	st.begin(added)
	added.record(events)
	return added, st, nil
}

// testUser is the server's one user.
var testUser = User{Login: userLogin, Name: "Pulumi Tester"}

func (r Result) valid() bool { return r == Succeeded || r == Failed || r == Cancelled }

// update is an update in the cloud.
type update struct {
	Update
	id      string
	segment string // the one in the paths of the engine's protocol
	status  string // notStarted, running, or a Result
	version int
	lease   string
	counted bool // the changes were given, and no event says otherwise
	events  []recordedEvent
	earlier func() []recordedEvent // makes those before events when they are asked for, or nil
}

// What an update's status is until it is a Result.
const (
	notStarted = "not started"
	running    = "running"
)

func (u *update) preview() bool { return isPreview(u.Kind) }

// isPreview tells previews from updates.
func isPreview(kind string) bool {
	return kind == "preview" || len(kind) > 1 && kind[0] == 'P' && kind[1] >= 'a' && kind[1] <= 'z'
}

// segmentOf returns the segment in the paths of the engine's protocol for a kind
// that did not come by it.
func segmentOf(kind string) string {
	switch {
	case isPreview(kind):
		return "preview"
	case kind == "refresh" || kind == "destroy":
		return kind
	default:
		return "update"
	}
}

func (u *update) ended() bool { return u.status != notStarted && u.status != running }

// allEvents returns what was told of the update so far.
func (u *update) allEvents() []recordedEvent {
	if u.earlier != nil {
		u.events, u.earlier = append(u.earlier(), u.events...), nil
	}
	return u.events
}

// record keeps events. The last summary among them tells what has changed, if
// nobody did before.
func (u *update) record(events []recordedEvent) {
	u.events = append(u.events, events...)
	for _, event := range events {
		if changes := event.resourceChanges(); changes != nil && !u.counted {
			u.ResourceChanges = changes
		}
	}
}

// newUpdate makes an update of a stack, which has not started yet. It keeps no
// reference to what is in the Update.
func (st *stack) newUpdate(u Update) *update {
	if u.Kind == "" {
		u.Kind = "update"
	}
	if u.RequestedBy.Login == "" {
		u.RequestedBy = testUser
	}
	u.Environment = maps.Clone(u.Environment)
	u.Config = maps.Clone(u.Config)
	u.ResourceChanges = maps.Clone(u.ResourceChanges)
	u.PolicyPacks = slices.Clone(u.PolicyPacks)
	u.Output = slices.Clone(u.Output)
	u.Events = nil
	if u.ResourceCount != nil {
		u.ResourceCount = new(*u.ResourceCount)
	}
	st.updateIDs = max(st.updateIDs, st.version) + 1
	added := &update{
		Update: u, id: st.updateID(st.updateIDs), segment: segmentOf(u.Kind), status: notStarted,
		counted: u.ResourceChanges != nil,
	}
	st.updates[added.id] = added
	return added
}

// begin starts an update. Callers know that nothing runs that would forbid it.
func (st *stack) begin(u *update) {
	u.status = running
	st.history = append(st.history, u)
	u.version = st.version + 1
	if u.preview() {
		// No lock, and nothing that would refuse one: https://github.com/pulumi/pulumi/pull/8642
		return
	}
	st.version = u.version
	st.lastUpdate = u.Started
	st.running = u
}

// end ends an update that runs.
func (st *stack) end(u *update, result Result, at time.Time) {
	u.status = string(result)
	u.Result = result
	u.Ended = at
	if st.running == u {
		st.running = nil
	}
	if u.preview() {
		return
	}
	if u.ResourceCount == nil {
		u.ResourceCount = new(st.resourceCount)
	} else if st.state == nil {
		st.resourceCount = *u.ResourceCount
	}
	st.states[u.version] = st.state
}

// started writes an update that has started just now into the audit log.
func (s *Server) started(c *call, st *stack, u *update) {
	s.logUpdate(c, st, u, "Started", "")
}

// finish ends an update that runs, now, and tells who wants to know.
func (s *Server) finish(c *call, st *stack, u *update, result Result) {
	st.end(u, result, time.Now())
	s.logUpdate(c, st, u, "Completed", ": "+string(result))
	s.announceUpdate(st, u)
}

func (s *Server) logUpdate(c *call, st *stack, u *update, what, how string) {
	noun := "Update"
	if u.preview() {
		noun = "Preview"
	}
	s.log(c, s.orgs[st.org], AuditLogEvent{
		Event: "Stack " + noun + " " + what, User: u.RequestedBy,
		Description: fmt.Sprintf("%s %s %q for stack %q%s", what, strings.ToLower(noun), u.id, st.slug(), how),
	})
}

// unixSeconds returns a time as the service writes it, 0 for never.
func unixSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
