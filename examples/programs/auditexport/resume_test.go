package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
)

// uninterrupted returns what a service's export is.
func uninterrupted(t *testing.T, s *service) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	got := s.export(t, path).Run(t)
	require.Equal(t, 0, got.Status, got.Stderr)
	return read(t, path)
}

// The process is killed as soon as the service has got a request, each in turn.
func TestResume_KilledAtAnyRequest(t *testing.T) {
	t.Parallel()
	all := events(40)
	whole := &service{events: all, pageSize: 6}
	want := uninterrupted(t, whole)
	requests := whole.requests.Load()
	require.Greater(t, requests, int64(10))
	for killedAt := range requests {
		kill, killed := make(chan struct{}), make(chan struct{})
		s := &service{events: all, pageSize: 6}
		s.before = func(request int64) {
			if request == killedAt+1 {
				close(kill)
				<-killed
			}
		}
		path := filepath.Join(t.TempDir(), "log")
		command := s.export(t, path)
		process := command.Start(t)
		<-kill
		assert.Equal(t, -1, process.Kill().Status)
		close(killed)
		assert.NotContains(t, names(t, filepath.Dir(path)), "log", "it is not complete")
		got := command.Run(t)
		require.Equal(t, 0, got.Status, got.Stderr)
		require.Equal(t, want, read(t, path), "killed at request %d", killedAt+1)
		require.Equal(t, []string{"log"}, names(t, filepath.Dir(path)))
	}
}

// The process is killed again and again, at any moment, until it is through.
func TestResume_KilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := &service{events: events(400), pageSize: 4}
	want := uninterrupted(t, s)
	path := filepath.Join(t.TempDir(), "log")
	command := s.export(t, path)
	kills := 0
	for patience := 2 * time.Millisecond; ; patience += 200 * time.Microsecond {
		process := command.Start(t)
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(patience))), func() { process.Kill() })
		got := process.Wait()
		timer.Stop()
		if got.Status != -1 {
			require.Equal(t, 0, got.Status, got.Stderr)
			break
		}
		kills++
		if left := names(t, filepath.Dir(path)); slices.Contains(left, "log") && !slices.Contains(left, "log.state") {
			require.NoError(t, os.RemoveAll(path+".lock"))
			break // it was through, and about to end by itself
		}
	}
	assert.Greater(t, kills, 5)
	require.Equal(t, want, read(t, path), "after %d kills", kills)
	require.Equal(t, []string{"log"}, names(t, filepath.Dir(path)))
}

// Killed in the middle of a write, and between writing and remembering, the process
// leaves more of the output than it remembers: any number of bytes of a page.
func TestResume_KilledWhileItWrites(t *testing.T) {
	t.Parallel()
	s := &service{events: events(30), pageSize: 7}
	want := uninterrupted(t, s)
	folder := t.TempDir()
	path := filepath.Join(folder, "log")
	command := s.export(t, path, "-pages", "1")
	state, partial := "", ""
	for page := 1; command.Run(t).Status != 0; page++ {
		known, written := len(partial), len(read(t, folder, "log.partial"))
		partial = read(t, folder, "log.partial")
		require.Equal(t, want[:written], partial)
		for _, size := range []int{known, known + 1, (known + written) / 2, written - 1, written} {
			if state == "" {
				break // for that, see TestResume_KilledAtBothEnds
			}
			image := t.TempDir()
			put(t, image, "log.state", state)
			put(t, image, "log.state.next", state[:len(state)/2])
			put(t, image, "log.partial", partial[:size])
			resumed := s.export(t, filepath.Join(image, "log")).Run(t)
			require.Equal(t, 0, resumed.Status, resumed.Stderr)
			require.Equal(t, want, read(t, image, "log"), "page %d, %d bytes", page, size)
			require.Equal(t, []string{"log"}, names(t, image))
		}
		state = read(t, folder, "log.state")
	}
}

func put(t *testing.T, folder, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

// started returns the files of an export that has remembered a page.
func started(t *testing.T, s *service) (state, partial string) {
	t.Helper()
	folder := t.TempDir()
	got := s.export(t, filepath.Join(folder, "log"), "-pages", "1").Run(t)
	require.Equal(t, 1, got.Status)
	require.Equal(t, []string{"log.lock", "log.partial", "log.state"}, names(t, folder))
	return read(t, folder, "log.state"), read(t, folder, "log.partial")
}

// Before the first page and after the last one, there are other files than between.
func TestResume_KilledAtBothEnds(t *testing.T) {
	t.Parallel()
	s := &service{events: events(30), pageSize: 7}
	want := uninterrupted(t, s)
	state, _ := started(t, s)
	begin := strings.Index(state, `"cursor":`)
	require.Positive(t, begin)
	anew := state[:begin] + `"cursor":"","reached":0,"length":0,"events":0,"complete":false}`
	complete := strings.Replace(anew, `"length":0`, `"length":`+strconv.Itoa(len(want)), 1)
	complete = strings.Replace(complete, `"complete":false`, `"complete":true`, 1)
	requests := s.requests.Load()
	for name, files := range map[string]map[string]string{
		"nothing but the lock":           {"log.lock": ""},
		"before the state had its name":  {"log.lock": "", "log.state.next": "{"},
		"before there was an output":     {"log.state": anew},
		"in the first page":              {"log.state": anew, "log.partial": want[:100]},
		"before the output had its name": {"log.lock": "", "log.state": complete, "log.partial": want},
		"before the state was removed":   {"log.lock": "", "log.state": complete, "log": want},
	} {
		folder := t.TempDir()
		for name, text := range files {
			put(t, folder, name, text)
		}
		got := s.export(t, filepath.Join(folder, "log")).Run(t)
		require.Equal(t, 0, got.Status, "%s: %s", name, got.Stderr)
		assert.Equal(t, want, read(t, folder, "log"), name)
		assert.Equal(t, []string{"log"}, names(t, folder), name)
		if strings.Contains(files["log.state"], `"complete":true`) {
			assert.Equal(t, requests, s.requests.Load(), "there is nothing to ask for")
		}
		requests = s.requests.Load()
	}
	// Before the lock was removed: nothing is left to do.
	folder := t.TempDir()
	put(t, folder, "log", want)
	put(t, folder, "log.lock", "")
	got := s.export(t, filepath.Join(folder, "log")).Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "log is there already")
	assert.Equal(t, []string{"log"}, names(t, folder))
}

// What does not fit together is left alone.
func TestResume_Refused(t *testing.T) {
	t.Parallel()
	s := &service{events: events(30), pageSize: 7}
	state, partial := started(t, s)
	complete := strings.Replace(state, `"complete":false`, `"complete":true`, 1)
	for says, files := range map[string]map[string]string{
		"log is there already: remove it":          {"log": "precious"},
		"log.partial is there already: remove it":  {"log.partial": "precious"},
		"log.state: unexpected end of JSON input":  {"log.state": "", "log.partial": partial},
		"log.state: invalid character":             {"log.state": "precious"},
		"log.partial has 99 bytes, and there were": {"log.state": state, "log.partial": partial[:99]},
		"log.partial: no such file":                {"log.state": state},
		"log has 8 bytes, and there were":          {"log.state": complete, "log": "precious"},
		"log.partial is gone":                      {"log.state": complete},
		"log has appeared meanwhile":               {"log.state": complete, "log.partial": partial, "log": "precious"},
	} {
		folder := t.TempDir()
		for name, text := range files {
			put(t, folder, name, text)
		}
		got := s.export(t, filepath.Join(folder, "log")).Run(t)
		assert.Equal(t, 1, got.Status, says)
		assert.Contains(t, got.Stderr, says)
		for name, text := range files {
			assert.Equal(t, text, read(t, folder, name), "%s: %s", says, name)
		}
	}
}

func TestResume_OtherSettings(t *testing.T) {
	t.Parallel()
	s := &service{events: events(30), pageSize: 7}
	path := filepath.Join(t.TempDir(), "log")
	require.Equal(t, 1, s.export(t, path, "-pages", "1").Run(t).Status)
	before := read(t, path+".state") + read(t, path+".partial")
	for says, args := range map[string][]string{
		`-org was "acme", and is "other" now`:                                 {"-org", "other"},
		`-from was "2026-03-01T00:00:00Z", and is "2026-03-02T00:00:00Z" now`: {"-from", "2026-03-02"},
		`-to was "2026-04-01T00:00:00Z", and is "2026-03-31T23:59:59Z" now`:   {"-to", "2026-03-31T23:59:59Z"},
		`-user was "", and is "ada" now`:                                      {"-user", "ada"},
		`-event was "", and is "stack-created" now`:                           {"-event", "stack-created"},
		`-format was "json", and is "cef" now`:                                {"-format", "cef"},
	} {
		got := s.export(t, path, args...).Run(t)
		assert.Equal(t, 2, got.Status)
		assert.Contains(t, got.Stderr, says)
		assert.Contains(t, got.Stderr, "log.partial was begun with other settings: ")
		assert.Equal(t, before, read(t, path+".state")+read(t, path+".partial"))
	}
	elsewhere := (&service{events: events(30), pageSize: 7}).export(t, path).Run(t) // at another address
	assert.Equal(t, 2, elsewhere.Status)
	assert.Contains(t, elsewhere.Stderr, `the Pulumi Cloud was "http://127.0.0.1:`)
}

// Without -from and -to, what was begun goes on, also in another month.
func TestResume_RemembersTheSpan(t *testing.T) {
	t.Parallel()
	all := events(30)
	s := &service{events: all, pageSize: 7}
	path := filepath.Join(t.TempDir(), "log")
	command := s.export(t, path, "-pages", "1")
	require.Equal(t, 1, command.Run(t).Status)
	command.Args = []string{"-live", "-org", "acme", "-format", "json", "-o", path}
	got := command.Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, "Going on after 8 events.\n", got.Stderr)
	assert.Equal(t, wanted(all), descriptions(t, path))
}

// stopped is an export of 30 events that waits for the answer to its third request.
type stopped struct {
	command programtest.Command
	process *programtest.Process
	path    string
	proceed func()
}

func startAndStop(t *testing.T) stopped {
	t.Helper()
	arrived, proceed := make(chan struct{}), make(chan struct{})
	s := &service{events: events(30), pageSize: 7}
	s.before = func(request int64) {
		if request == 3 {
			close(arrived)
			<-proceed
		}
	}
	path := filepath.Join(t.TempDir(), "log")
	command := s.export(t, path)
	process := command.Start(t)
	<-arrived
	return stopped{command, process, path, func() { close(proceed) }}
}

func TestResume_NotTwoAtOnce(t *testing.T) {
	t.Parallel()
	export := startAndStop(t)
	got := export.command.Run(t)
	assert.Equal(t, programtest.Result{Stderr: "auditexport: another process is writing " + export.path + "\n", Status: 1}, got)
	export.proceed()
	assert.Equal(t, 0, export.process.Wait().Status)
	assert.Len(t, descriptions(t, export.path), 30)
}

// Interrupted politely, it says what to do.
func TestResume_Interrupted(t *testing.T) {
	t.Parallel()
	export := startAndStop(t)
	export.process.Signal(os.Interrupt)
	got := export.process.Wait()
	export.proceed()
	assert.Equal(t, programtest.Result{
		Stderr: "What there is so far is kept: run this again to go on.\nauditexport: interrupted\n", Status: 1,
	}, got)
	got = export.command.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Len(t, descriptions(t, export.path), 30)
}
