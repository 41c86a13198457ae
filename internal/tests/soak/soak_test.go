package soak_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// The soak: one client, many goroutines, every method, a service that fails now
// and then, for as long as PULUMIAPI_SOAK says. It goes round by round. In each,
// every worker goes through some scenarios, in a cloud that is thrown away
// afterwards: whatever then grows is the client's.

const (
	soakWorkers   = 100
	soakScenarios = 3 // of each worker in a round
	// soakRounds is how many it takes to tell whether memory is flat.
	soakRounds = 8
	// soakFaults is how many of the methods' calls bring a fault with them. Most send
	// several requests, so that it is well below what a retry budget allows.
	soakFaults = 0.08
	// soakRound is far more than a round needs.
	soakRound = 2 * time.Minute
	// soakHeap is how much more memory may be in use at the end than after the first
	// quarter: some bytes for each request. It was seen to go up and down
	// by a third of that.
	soakHeap = 1 << 20
)

// Not parallel: it counts the process's goroutines and memory.
func TestSoak(t *testing.T) { //nolint:paralleltest // as above
	text := os.Getenv("PULUMIAPI_SOAK")
	if text == "" && testkit.Whole() {
		text = "2m"
	}
	if text == "" {
		t.Skip("neither PULUMIAPI_SOAK nor PULUMIAPI_TESTS=all is set: PULUMIAPI_SOAK=2m soaks for two minutes, PULUMIAPI_SOAK_SEED=7 with the faults of seed 7")
	}
	duration, err := time.ParseDuration(text)
	require.NoError(t, err, "PULUMIAPI_SOAK")
	s := newSoak(t, soakWorkers, soakScenarios)
	s.retryAfter = "1"
	var heap []uint64
	for start := time.Now(); !t.Failed() && (time.Since(start) < duration || len(heap) < soakRounds); {
		s.round()
		heap = append(heap, heapInUse())
	}
	s.report()
	if t.Failed() {
		return
	}
	s.checkMethods()
	quarter := len(heap) / 4
	first, last := median(heap[:quarter]), median(heap[len(heap)-quarter:])
	t.Logf("heap in use, in bytes: %d in the first quarter, %d in the last; after each round: %d", first, last, heap)
	assert.Less(t, last, first+soakHeap, "seed %d: memory grows", s.seed)
}

// A round of the soak with all scenarios and few workers, for every day.
func TestSoak_Short(t *testing.T) { //nolint:paralleltest // as above
	s := newSoak(t, 10, len(scenarios()))
	s.retryAfter = "0"
	s.round()
	s.report()
	s.checkMethods()
}

// soak is a run of the soak.
type soak struct {
	t          *testing.T
	seed       uint64
	workers    int
	scenarios  int    // of each worker in a round
	retryAfter string // of rate limits, in seconds
	client     *pulumiapi.Client
	cloud      atomic.Pointer[pulumiapitest.Server] // of this round
	goroutines int                                  // at the start
	rounds     int

	attempts, retries atomic.Int64

	mu     sync.Mutex
	calls  map[string]int // by method
	faults map[string]int // by kind
}

func newSoak(t *testing.T, workers, scenariosEach int) *soak {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("PULUMIAPI_SOAK_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "PULUMIAPI_SOAK_SEED")
	}
	t.Logf("seed %d", seed)
	s := &soak{
		t: t, seed: seed, workers: workers, scenarios: scenariosEach, goroutines: runtime.NumGoroutine(),
		calls: map[string]int{}, faults: map[string]int{},
	}
	// Every cloud has the same address and token. The one client talks to that of the round.
	first := pulumiapitest.NewServer()
	defer first.Close()
	var err error
	s.client, err = pulumiapi.NewClient(append(first.Options(),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
			return s.cloud.Load().HTTPClient().Transport.RoundTrip(req)
		})}),
		pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: soakAttempts, MinWait: time.Millisecond, MaxWait: 2 * time.Second}),
		pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, a pulumiapi.Attempt) {
			s.attempts.Add(1)
			if a.WillRetry {
				s.retries.Add(1)
			}
		}}),
	)...)
	require.NoError(t, err)
	return s
}

// round lets the workers work, and looks at what is left of it.
func (s *soak) round() {
	s.rounds++
	ctx, cancel := context.WithTimeout(s.t.Context(), soakRound)
	defer cancel()
	srv := pulumiapitest.NewServer()
	s.cloud.Store(srv)
	srv.SetPageSize(7)
	srv.HandleWebhooks("receiver.test", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	shared := newContests(s.t, srv)
	workers := make([]*worker, s.workers)
	for id := range workers {
		workers[id] = s.newWorker(ctx, srv, id, newEstate(s.t, srv, fmt.Sprintf("org-%03d", id)))
	}

	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			defer s.count(w)
			shared.enter(w)
			w.work()
		})
	}
	all.Wait()
	if !s.t.Failed() {
		judge := s.newWorker(ctx, srv, s.workers, &estate{org: contested})
		all.Go(func() { shared.check(judge) }) // FailNow ends its goroutine
		all.Wait()
	}

	srv.Close()
	s.cloud.Store(nil)
	s.client.CloseIdleConnections()
	_, open := srv.Connections()
	assert.Zero(s.t, open, "seed %d, round %d: connections are left", s.seed, s.rounds)
	s.checkGoroutines()
}

func (s *soak) count(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, n := range w.calls {
		s.calls[name] += n
	}
	for kind, n := range w.faults {
		s.faults[kind] += n
	}
}

// checkGoroutines gives those of the round a moment to end.
func (s *soak) checkGoroutines() {
	for range 2000 {
		if runtime.NumGoroutine() <= s.goroutines {
			return
		}
		time.Sleep(time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	assert.Fail(s.t, "goroutines are left", "seed %d, round %d: %d, and %d at the start\n%s",
		s.seed, s.rounds, runtime.NumGoroutine(), s.goroutines, stacks[:runtime.Stack(stacks, true)])
}

// checkMethods fails if a method took no part, or a scenario calls one by a name
// that is none's.
func (s *soak) checkMethods() {
	assert.Equal(s.t, testkit.MethodNames(), slices.Sorted(maps.Keys(s.calls)), "the methods of all services, and those that took part")
}

func (s *soak) report() {
	total := 0
	for _, n := range s.calls {
		total += n
	}
	s.t.Logf("%d rounds of %d workers: %d calls of %d methods, %d attempts, %d of them retried; %d goroutines, %d at the start",
		s.rounds, s.workers, total, len(s.calls), s.attempts.Load(), s.retries.Load(), runtime.NumGoroutine(), s.goroutines)
	injected := 0
	for _, kind := range slices.Sorted(maps.Keys(s.faults)) {
		injected += s.faults[kind]
		s.t.Logf("%6d faults: %s", s.faults[kind], kind)
	}
	s.t.Logf("%6d faults in all, for %.1f %% of the attempts", injected, 100*float64(injected)/float64(max(s.attempts.Load(), 1)))
}

// heapInUse is what is left when all garbage is collected, also that of pools.
func heapInUse() uint64 {
	for range 3 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func median(values []uint64) uint64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// worker is one goroutine of a round, with an organization of its own, in which
// nothing happens but by it.
type worker struct {
	*soak
	*estate
	ctx    context.Context //nolint:containedctx // a round's
	srv    *pulumiapitest.Server
	id     int
	dice   *rand.Rand
	method string // that is called now
	calls  map[string]int
	faults map[string]int
	marks  int
	// changes are those made so far that the audit log has to tell of.
	changes []change
}

func (s *soak) newWorker(ctx context.Context, srv *pulumiapitest.Server, id int, e *estate) *worker {
	return &worker{
		soak: s, estate: e, ctx: ctx, srv: srv, id: id,
		dice:  rand.New(rand.NewPCG(s.seed, uint64(s.rounds)<<32|uint64(id))),
		calls: map[string]int{}, faults: map[string]int{},
	}
}

// Errorf and FailNow make a worker a require.TestingT, whose failures say where
// they come from. FailNow ends the worker.
func (w *worker) Errorf(format string, args ...any) {
	w.t.Errorf("seed %d, round %d, worker %d, %s: %s", w.seed, w.rounds, w.id, w.method, fmt.Sprintf(format, args...))
}

func (w *worker) FailNow() {
	w.t.Fail()
	runtime.Goexit()
}

// work goes through scenarios, each another. Afterwards each change must be in the
// audit log, and only one that may be sent twice more than once.
func (w *worker) work() {
	all := scenarios()
	w.dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, scenario := range all[:w.scenarios] {
		scenario(w)
	}
	log := w.auditLog("")
	for _, c := range w.changes {
		w.method = c.method
		n := c.countIn(log)
		require.Positive(w, n, "%q of %s in the audit log", c.event, c.about)
		require.LessOrEqual(w, n, mostTimes(c.method), "%q of %s in the audit log", c.event, c.about)
	}
}

// at counts a call of a method, rolls the dice for a fault, and returns the client
// to make the call with.
func (w *worker) at(method string) *pulumiapi.Client {
	w.method = method
	w.calls[method]++
	if w.dice.Float64() < soakFaults {
		kind, fault := w.fault()
		w.faults[kind]++
		w.srv.Inject(fault) // which strikes the next request, whoever sends it
	}
	return w.client
}

// fault is something that goes wrong, once. Whether the service has done what it
// was asked to is another roll of the dice.
func (w *worker) fault() (kind string, fault pulumiapitest.Fault) {
	fault.Times = 1
	switch w.dice.IntN(5) {
	case 0:
		kind, fault.Status = "503", http.StatusServiceUnavailable
	case 1:
		kind, fault.Status = "429", http.StatusTooManyRequests
		fault.Header = http.Header{"Retry-After": {"0"}}
		if w.dice.IntN(4) == 0 {
			fault.Header.Set("Retry-After", w.retryAfter)
		}
	case 2:
		kind, fault.Drop = "dropped", true
	case 3:
		return "truncated", pulumiapitest.Fault{Times: 1, Truncate: 1 + w.dice.IntN(100)}
	default:
		kind, fault.Delay = "delayed", time.Duration(1+w.dice.IntN(20))*time.Millisecond
	}
	if w.dice.IntN(2) == 0 {
		fault.Applied = true
		kind += ", applied"
	}
	return kind, fault
}

// mark returns a name that nothing else has in this round, nor is part of another.
func (w *worker) mark(noun string) string {
	w.marks++
	return fmt.Sprintf("%s-%03d-%03d", noun, w.id, w.marks)
}

// change is a change as the audit log tells of it.
type change struct {
	method string // that made it
	event  string // the kind of entry
	about  string // a mark in its description
}

func (c change) countIn(log []pulumiapi.AuditLogRecord) int {
	n := 0
	for _, entry := range log {
		if entry.Event == c.event && strings.Contains(entry.Description, c.about) {
			n++
		}
	}
	return n
}

// soakAttempts are enough for any call to succeed at last.
const soakAttempts = 10

// soakPatience is how often something is tried that faults may spoil each time.
const soakPatience = 20

// change makes a change, of which the audit log will have an entry of a kind that
// contains a mark. call is nothing but the call of the method.
func (w *worker) change(method, event, about string, call func(client *pulumiapi.Client) error) {
	c := change{method, event, about}
	w.attempt(method, func() int { return c.countIn(w.auditLog(event)) }, call)
	w.changes = append(w.changes, c)
}

// once makes a change that the audit log does not tell of. count tells how often
// it was made.
func (w *worker) once(method string, count func() int, call func(client *pulumiapi.Client) error) {
	w.attempt(method, count, call)
	n := count()
	w.method = method
	require.Equal(w, 1, n, "times that it was done")
}

// attempt makes a change. When the client does not know whether it has worked,
// count tells: if never, it is made again.
func (w *worker) attempt(method string, count func() int, call func(client *pulumiapi.Client) error) {
	for range soakPatience {
		err := call(w.at(method))
		if err == nil {
			return
		}
		lost := errors.Is(err, pulumiapi.ErrResponseLost)
		require.True(w, lost || errors.Is(err, pulumiapi.ErrOutcomeUnknown), "%v", err)
		n := count()
		if lost {
			require.Positive(w, n, "times that it was done; its error was: %v", err)
		}
		w.method = method
		require.LessOrEqual(w, n, mostTimes(method), "times that it was done; its error was: %v", err)
		if n > 0 {
			return
		}
	}
	require.Fail(w, "it never worked")
}

// mostTimes returns how often a method may do its work: as often as it is sent if
// its request may be sent twice, and otherwise once.
func mostTimes(method string) int {
	if slices.ContainsFunc(testkit.JSONOperations(), func(o testkit.Operation) bool { return o.Name == method && o.Endpoint.Idempotent }) {
		return soakAttempts
	}
	return 1
}

// contests are changes of what all workers share, that only one of them can make.
type contests struct {
	stack pulumiapi.StackIdentifier

	mu                sync.Mutex
	winners, doubtful map[string][]string // workers' marks by the contest
}

const contested = "contested"

func newContests(t *testing.T, srv *pulumiapitest.Server) *contests {
	t.Helper()
	c := &contests{
		stack:   pulumiapi.StackIdentifier{Org: contested, Project: "web", Stack: "prod"},
		winners: map[string][]string{}, doubtful: map[string][]string{},
	}
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: c.stack.Org, Project: c.stack.Project, Name: c.stack.Stack}))
	return c
}

// enter lets a worker try to be the one.
func (c *contests) enter(w *worker) {
	mine := w.mark("mine")
	c.note(w, "Stack Tag Added", mine, w.at("Stacks.CreateTag").Stacks.CreateTag(w.ctx, c.stack, contested, mine))
	c.note(w, "Webhook Created", mine, testkit.ErrorOf(w.at("Webhooks.Create").Webhooks.Create(w.ctx, c.stack, pulumiapi.WebhookCreateRequest{
		Name: new(contested), DisplayName: mine, PayloadURL: "http://receiver.test/",
	})))
	c.note(w, "Team Created", mine, testkit.ErrorOf(w.at("Teams.Create").Teams.Create(w.ctx, contested, pulumiapi.TeamCreateRequest{
		Name: contested, DisplayName: mine,
	})))
}

func (c *contests) note(w *worker, contest, mine string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	refused, isRefused := errors.AsType[*pulumiapi.APIError](err)
	switch {
	case err == nil, errors.Is(err, pulumiapi.ErrResponseLost):
		c.winners[contest] = append(c.winners[contest], mine)
	case isRefused && (refused.StatusCode == http.StatusConflict || refused.StatusCode == http.StatusBadRequest): // too late
	default:
		require.ErrorIs(w, err, pulumiapi.ErrOutcomeUnknown)
		c.doubtful[contest] = append(c.doubtful[contest], mine)
	}
}

// check: each contest has one winner, who was told so or not to be sure.
func (c *contests) check(w *worker) {
	log := w.auditLog("")
	stack, err := w.at("Stacks.Get").Stacks.Get(w.ctx, c.stack)
	require.NoError(w, err)
	hook, err := w.at("Webhooks.Get").Webhooks.Get(w.ctx, c.stack, contested)
	require.NoError(w, err)
	team, found := w.srv.Team(contested, contested)
	require.True(w, found)
	for contest, winner := range map[string]string{
		"Stack Tag Added": stack.Tags[contested], "Webhook Created": hook.DisplayName, "Team Created": team.DisplayName,
	} {
		assert.Equal(w, 1, change{event: contest, about: contested}.countIn(log), "%q in the audit log", contest)
		assert.LessOrEqual(w, len(c.winners[contest]), 1, "%q: the winners: %v", contest, c.winners[contest])
		assert.Contains(w, cmp.Or(strings.Join(c.winners[contest], ""), strings.Join(c.doubtful[contest], " ")), winner, contest)
	}
}
