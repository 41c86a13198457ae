package pulumiapitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Fault is something that goes wrong, see [Server.Inject]. Its first fields say
// which requests it strikes, the others what happens to those:
//
//   - Before is called first of all.
//   - The Delay comes then.
//   - Drop then closes the connection, whatever else is set.
//   - Status or Body replace the answer. The request has no effect then, unless
//     Applied is set.
//   - Without them the request is answered as ever, and takes effect: after the
//     Delay, or with Applied before it.
//   - Header is set on either answer.
//   - Truncate cuts off either answer.
//
// A rate limit is Status 429 and a Header with Retry-After; a proxy's error page
// is Status 502 and a Body of HTML; a warning to the
// user is a Header alone, with X-Pulumi-Warning.
type Fault struct {
	// Endpoint is the method and path template of the requests to strike, as the
	// service's description writes them: "GET /api/user/stacks". It may be an endpoint
	// that this server lacks, to script it. Empty, it means all requests below the
	// base path. A request is struck before its token is looked at.
	Endpoint string

	// Skip is the number of such requests to spare first.
	Skip int

	// Times is the number of requests to strike, after which the fault is gone. At
	// zero it stays until it is removed.
	Times int

	// Before is called before the request takes effect, so that something can happen
	// that the client does not expect: another writer is faster, say. It may use the
	// server: while it runs, the fault strikes no other request. It must return, or the
	// server's Close waits for it.
	Before func()

	// Applied lets the request take effect before the fault strikes: the client does
	// not hear of what happened.
	Applied bool

	// Status is the status of the answer. Without it, a Body is sent with 200.
	Status int

	// Header is set on the answer, over what is there; a name without a value removes
	// that header.
	Header http.Header

	// Body is the body of the answer. Without it, a Status of 400 and more comes with
	// the service's error body, a lower one with none.
	Body string

	// Delay is the time to wait. It ends early, without an answer, when the client
	// gives up or the server is closed.
	Delay time.Duration

	// Drop closes the connection without an answer. The client's error wraps
	// [io.ErrUnexpectedEOF]; on the in-memory network it also says that a fault dropped
	// the connection. (The first line of an answer is sent, as Go's HTTP transport, where
	// no byte comes back on a connection it had used before, repeats a GET without
	// telling anyone.)
	Drop bool

	// Truncate, if positive, is the number of bytes of the body, compressed if it is
	// sent compressed, after which the connection breaks. A body that is not longer
	// arrives whole.
	Truncate int
}

// InjectedFault is a [Fault] that a server has, see [Server.Inject]. Its methods may
// be called from any number of goroutines.
type InjectedFault struct {
	server *Server
	fault  *fault
}

// fault is a Fault that is or was in force.
type fault struct {
	Fault
	where    string // the call of Inject
	template template
	skip     int
	times    int // left; 0 is no limit
	struck   int
	paused   bool // while Before runs
}

// Inject puts a fault into force, until it has struck as often as it says or is
// removed. A fault that never strikes, because its endpoint is misspelt for example,
// fails the test: see [Server.Unused].
//
// Faults are asked in the order in which they were injected. One that still has
// a request to skip counts it and leaves it to the next; the first that has not
// strikes, and those behind it don't hear of the request. Two faults with Times 1
// therefore strike one after the other.
func (s *Server) Inject(f Fault) *InjectedFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Header = f.Header.Clone()
	in := &fault{
		Fault: f, where: "an unknown place", template: newTemplate(route{endpoint: f.Endpoint}), skip: f.Skip, times: max(f.Times, 0),
	}
	if _, file, line, known := runtime.Caller(1); known {
		in.where = fmt.Sprintf("%s:%d", filepath.Base(file), line)
	}
	s.faults = append(s.faults, in)
	s.unused = append(s.unused, in)
	return &InjectedFault{s, in}
}

// Struck returns the number of requests that the fault has struck so far.
func (f *InjectedFault) Struck() int {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return f.fault.struck
}

// Remove ends the fault. It may be called more than once.
func (f *InjectedFault) Remove() {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	f.server.removeFault(f.fault)
}

// Unused returns an error that names the faults which never struck a request, also
// those that were removed. A test with such a fault shows less than it seems to.
// [Server.Close] panics with it, and [ForTest] fails the test.
func (s *Server) Unused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.unused {
		errs = append(errs, fmt.Errorf("pulumiapitest: the fault that was injected at %s never struck: %s", f.where, s.missed(f)))
	}
	return errors.Join(errs...)
}

// missed says why a fault has not struck.
func (s *Server) missed(f *fault) string {
	what := "any endpoint"
	if f.Endpoint != "" {
		what = strconv.Quote(f.Endpoint)
	}
	seen := max(f.Skip, 0) - max(f.skip, 0)
	why := fmt.Sprintf("requests to %s: %d, and it skips the first %d", what, seen, max(f.Skip, 0))
	if seen == 0 && f.Endpoint != "" && s.routes.find(f.Endpoint) == nil && s.scripts.find(f.Endpoint) == nil {
		why += fmt.Sprintf("; the server has no such endpoint, the nearest is %q", s.routes.nearest(f.Endpoint))
	}
	return why
}

func (s *Server) removeFault(f *fault) {
	s.faults = slices.DeleteFunc(s.faults, func(other *fault) bool { return other == f })
}

// strike returns the fault that strikes a request, or nil.
func (s *Server) strike(a *arrival, segments []string) *fault {
	for _, f := range s.faults {
		if f.paused || !f.concerns(a, segments) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.struck++; f.struck == 1 {
			s.unused = slices.DeleteFunc(s.unused, func(other *fault) bool { return other == f })
		}
		if f.times > 0 {
			if f.times--; f.times == 0 {
				s.removeFault(f)
			}
		}
		f.paused = f.Before != nil
		return f
	}
	return nil
}

func (f *fault) concerns(a *arrival, segments []string) bool {
	switch {
	case f.Endpoint == "":
		return true
	case a.route != nil:
		return f.Endpoint == a.route.endpoint
	default:
		return f.template.method == a.method && f.template.matches(segments)
	}
}

// runBefore calls the function of a fault that is to run before the request.
func (s *Server) runBefore(f *fault) {
	if f.Before == nil {
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f.paused = false
	}()
	f.Before()
}

// answers says whether the fault replaces the answer.
func (f *fault) answers() bool { return f.Status != 0 || f.Body != "" }

func (f *fault) response() response {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case status < 200 || status > 999:
		return errorResponse(fmt.Errorf("pulumiapitest: the fault's status %d is none", status))
	case f.Body == "" && status >= 400:
		return errorResponse(errorf(status, "%s", statusText(status)))
	}
	resp := response{status: status, header: http.Header{}, body: []byte(f.Body)}
	if json.Valid(resp.body) {
		resp.header.Set("Content-Type", "application/json")
	}
	return resp
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return fmt.Sprintf("status %d", status)
}
