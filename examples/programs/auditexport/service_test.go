package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// event is an event as the service sends it.
type event struct {
	Timestamp   int64  `json:"timestamp"`
	SourceIP    string `json:"sourceIP"`
	Event       string `json:"event"`
	Description string `json:"description"`
	User        user   `json:"user"`
	TokenName   string `json:"tokenName,omitzero"`
	AuthFailure bool   `json:"authFailure,omitzero"`
}

type user struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
}

// service has an audit log whose pages end wherever they are full, also in the middle
// of a second. The cloud in memory is kinder.
type service struct {
	events   []event // newest first
	pageSize int
	// repeats says that a token leads to its second again, and not behind it.
	repeats bool
	// exclusive says that the upper bound is not counted in.
	exclusive bool
	// before is called with the number of each request, before it is answered.
	before   func(request int64)
	requests atomic.Int64

	listen sync.Once
	url    string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/export") {
		s.serveExport(w, r)
		return
	}
	if request := s.requests.Add(1); s.before != nil {
		s.before(request)
	}
	bound := func(name string, missing int64) int64 {
		if second, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64); err == nil {
			return second
		}
		return missing
	}
	since, until, token := bound("startTime", 0), bound("endTime", 1<<40), bound("continuationToken", 1<<40)
	if s.exclusive {
		until--
	}
	if s.repeats {
		token++
	}
	var page struct {
		ContinuationToken string  `json:"continuationToken,omitzero"`
		AuditLogEvents    []event `json:"auditLogEvents"`
	}
	page.AuditLogEvents = []event{}
	for _, e := range s.events {
		if e.Timestamp < since || e.Timestamp > until || e.Timestamp >= token {
			continue
		}
		if len(page.AuditLogEvents) == s.pageSize {
			page.ContinuationToken = fmt.Sprint(page.AuditLogEvents[s.pageSize-1].Timestamp)
			break
		}
		page.AuditLogEvents = append(page.AuditLogEvents, e)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page)
}

// serveExport answers with all events of a range, in which the client counts those of
// a second.
func (s *service) serveExport(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintln(w, "Timestamp,Description")
	for _, e := range s.events {
		second := fmt.Sprint(e.Timestamp)
		if query := r.URL.Query(); second >= query.Get("startTime") && second <= query.Get("endTime") {
			_, _ = fmt.Fprintf(w, "%s,%q\n", time.Unix(e.Timestamp, 0).UTC().Format(time.RFC3339), e.Description)
		}
	}
}

var march = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// events returns that many events in March, newest first: one a minute, but for every
// third to fifth, which come in one second.
func events(n int) []event {
	var all []event
	for i := range n {
		minute := i
		if i%5 > 2 {
			minute = i - i%5 + 2
		}
		all = append(all, event{
			Timestamp: march.Add(time.Duration(minute) * time.Minute).Unix(), SourceIP: "203.0.113.7", Event: "Stack Updated",
			Description: fmt.Sprint("no. ", i), User: user{Name: "Ada", GitHubLogin: "ada"},
		})
	}
	slices.Reverse(all)
	return all
}

// export is the command for the export of March from the service.
func (s *service) export(t *testing.T, path string, args ...string) programtest.Command {
	t.Helper()
	s.listen.Do(func() {
		srv := httptest.NewServer(s)
		t.Cleanup(srv.Close)
		s.url = srv.URL
	})
	return programtest.Command{
		Args: append([]string{"-live", "-org", "acme", "-from", "2026-03-01", "-to", "2026-04-01", "-format", "json", "-o", path}, args...),
		Env:  []string{"PULUMI_BACKEND_URL=" + s.url, "PULUMI_ACCESS_TOKEN=pul-test"},
	}
}

// descriptions returns those of the events in a file of JSON lines.
func descriptions(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // it is only read
	var all []string
	for decoder := json.NewDecoder(file); decoder.More(); {
		var e event
		require.NoError(t, decoder.Decode(&struct {
			*event
			Timestamp time.Time `json:"timestamp"`
		}{event: &e}))
		all = append(all, e.Description)
	}
	return all
}

// wanted returns the descriptions of events.
func wanted(events []event) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Description)
	}
	return all
}

// names returns those of the files in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	all := []string{}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(data)
}
