package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// urn returns the URN of a resource.
func urn(name string) string { return "urn:pulumi:prod::web::a:b:C$d:e:F::" + name }

// event returns an event, as the service writes it.
func event(t *testing.T, text string) *pulumiapi.EngineEvent {
	t.Helper()
	var e pulumiapi.EngineEvent
	require.NoError(t, json.Unmarshal([]byte(text), &e), text)
	return &e
}

// stepEvent returns an event about a step.
func stepEvent(t *testing.T, kind, op, name string) *pulumiapi.EngineEvent {
	t.Helper()
	return event(t, `{"`+kind+`": {"metadata": {"op": "`+op+`", "urn": "`+urn(name)+`", "type": "d:e:F"}}}`)
}

func TestStory_Changes(t *testing.T) {
	t.Parallel()
	s := newStory(10)
	assert.Empty(t, s.add(stepEvent(t, "resourcePreEvent", "update", "a")))
	assert.Empty(t, s.add(stepEvent(t, "resourcePreEvent", "same", "b")))
	done, total := s.progress()
	assert.Equal(t, [2]int{0, 10}, [2]int{done, total})
	assert.Equal(t, "~ updating    a  d:e:F", s.changes[0].line().String())

	assert.Equal(t, "~ updated     a  d:e:F", s.add(stepEvent(t, "resOutputsEvent", "update", "a"))[0].String())
	assert.Empty(t, s.add(stepEvent(t, "resOutputsEvent", "same", "b")), "that nothing changes is not told")
	done, _ = s.progress()
	assert.Equal(t, 2, done)

	// A replacement is three steps of one resource.
	for _, op := range []string{"create-replacement", "replace", "delete-replaced"} {
		s.add(stepEvent(t, "resourcePreEvent", op, "c"))
		s.add(stepEvent(t, "resOutputsEvent", op, "c"))
	}
	done, _ = s.progress()
	assert.Equal(t, 3, done)
	assert.Len(t, s.changes, 2)
	assert.Equal(t, "± replaced    c  d:e:F", s.changes[1].line().String())

	assert.Equal(t, "FAILED        creating d  d:e:F", s.add(stepEvent(t, "resOpFailedEvent", "create", "d"))[0].String())
	assert.Equal(t, "zap           e  d:e:F", s.add(stepEvent(t, "resOutputsEvent", "zap", "e"))[0].String(), "what is not known")
	assert.Equal(t, "~1 updated, ±1 replaced, 1 unchanged, 1 zap", describe(s.counts))
}

func TestStory_MoreResourcesThanExpected(t *testing.T) {
	t.Parallel()
	s := newStory(1)
	for _, name := range []string{"a", "b", "c"} {
		s.add(stepEvent(t, "resourcePreEvent", "create", name))
	}
	s.add(stepEvent(t, "resOutputsEvent", "create", "a"))
	done, total := s.progress()
	assert.Equal(t, [2]int{1, 3}, [2]int{done, total})
}

func TestStory_Messages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"diagnosticEvent": {"severity": "error", "urn": "` + urn("a") + `", "message": "<{%fg 1%}>no\n<{%reset%}>"}}`: "ERROR         a: no",
		`{"diagnosticEvent": {"severity": "warning", "message": "old"}}`:                                                "WARNING       old",
		`{"diagnosticEvent": {"severity": "info#err", "message": "hm"}}`:                                                "INFO          hm",
		`{"diagnosticEvent": {"severity": "debug", "message": "x"}}`:                                                    "",
		`{"diagnosticEvent": {"severity": "info", "message": "x", "ephemeral": true}}`:                                  "",
		`{"diagnosticEvent": {"severity": "info", "message": "\n"}}`:                                                    "",
		`{"stdoutEvent": {"message": "hello\n"}}`:                                                                       "ENGINE        hello",
		`{"errorEvent": {"error": "bang"}}`:                                                                             "ERROR         bang",
		`{"cancelEvent": {}}`:                                                                                           "CANCELLED",
		`{"policyEvent": {"policyPackName": "p", "policyName": "n", "message": "m", "enforcementLevel": "advisory"}}`:   "POLICY        n: m (p)",
		`{"policyEvent": {"policyPackName": "p", "policyName": "n", "message": "m", "enforcementLevel": "mandatory", "severity": "high", "resourceUrn": "` + urn("a") + `"}}`: "VIOLATION     a: n: m (p, high severity)",
		`{"policyRemediationEvent": {"policyName": "n", "resourceUrn": "` + urn("a") + `"}}`:                                                                                  "REMEDIATED    n: changed a",
		`{"summaryEvent": {"maybeCorrupt": true}}`: "ERROR         what really exists may differ from the state",
		`{"summaryEvent": {}}`:                     "",
		`{"newEvent": {}}`:                         "",
	} {
		var got []string
		for _, l := range newStory(0).add(event(t, text)) {
			got = append(got, l.String())
		}
		assert.Equal(t, want, strings.Join(got, "\n"), text)
	}
	s := newStory(0)
	s.add(event(t, `{"summaryEvent": {}}`))
	assert.Empty(t, s.add(event(t, `{"cancelEvent": {}}`)), "which then only says that no more events come")
}

// screenOf returns what a view shows.
func screenOf(v *view) []string { return strings.Split(v.View().Content, "\n") }

func newTestView(t *testing.T, resources int) (v *view, stopped *bool) {
	t.Helper()
	stopped = new(bool)
	v = newView(&update{
		stack: pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}, title: "update by grace", resources: resources,
	}, func() { *stopped = true })
	return v, stopped
}

func TestView(t *testing.T) {
	t.Parallel()
	v, _ := newTestView(t, 4)
	v.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	v.Update(stepEvent(t, "resourcePreEvent", "update", "a"))
	v.Update(stepEvent(t, "resOutputsEvent", "update", "a"))
	v.Update(stepEvent(t, "resourcePreEvent", "create", "b"))
	v.Update(event(t, `{"errorEvent": {"error": "bang"}}`))
	got := screenOf(v)
	require.Len(t, got, 9)
	assert.Equal(t, "acme/web/prod  update by grace", got[0])
	assert.Contains(t, got[1], " 25% 1 of about 4 resources, 0s")
	assert.Equal(t, []string{
		"", "~ updated     a  d:e:F", "+ creating    b  d:e:F", "", "ERROR         bang", "", "q: stop watching",
	}, got[2:])
}

func TestView_UnknownNumberOfResources(t *testing.T) {
	t.Parallel()
	v, _ := newTestView(t, 0)
	assert.Equal(t, "0 resources, 0s", screenOf(v)[1])
}

// A screen is never full, however much there is to tell and however small it is.
func TestView_Fits(t *testing.T) {
	t.Parallel()
	for _, size := range []tea.WindowSizeMsg{{Width: 80, Height: 24}, {Width: 40, Height: 12}, {Width: 200, Height: 60}} {
		v, _ := newTestView(t, 1000)
		v.Update(size)
		long := strings.Repeat("long ", 50)
		for i := range 100 {
			v.Update(stepEvent(t, "resOutputsEvent", "update", strings.Repeat("x", i)))
			v.Update(event(t, `{"errorEvent": {"error": "`+long+`"}}`))
			got := screenOf(v)
			assert.LessOrEqual(t, len(got), size.Height)
			for _, line := range got[2:] {
				assert.LessOrEqual(t, len([]rune(line)), size.Width, line)
			}
		}
		got := strings.Join(screenOf(v), "\n")
		assert.Equal(t, 2, strings.Count(got, " more\n"), "changes and messages are left out:\n%s", got)
		assert.Contains(t, got, strings.Repeat("x", 15), "the newest are there")
	}
}

// What a screen costs depends on its size, and not on how long the story is.
func TestView_ManyChanges(t *testing.T) { //nolint:paralleltest // others would be counted, too
	v, _ := newTestView(t, 5000)
	for i := range 5000 {
		v.Update(stepEvent(t, "resOutputsEvent", "update", fmt.Sprint("r", i)))
	}
	assert.Less(t, testing.AllocsPerRun(3, func() { v.View() }), 1000.0)
}

func TestView_Keys(t *testing.T) {
	t.Parallel()
	for _, key := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}, {Code: tea.KeyEscape}} {
		v, stopped := newTestView(t, 1)
		_, cmd := v.Update(key)
		assert.True(t, *stopped, key.String())
		require.NotNil(t, cmd, key.String())
		assert.Equal(t, tea.Quit(), cmd())
	}
	v, stopped := newTestView(t, 1)
	_, cmd := v.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
	assert.False(t, *stopped)
	assert.Nil(t, cmd)
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	assert.Nil(t, keyboard(file))
	_, terminal, err := pty.Open()
	if err != nil {
		t.Skip("this system has no terminals to try")
	}
	t.Cleanup(func() { _ = terminal.Close() })
	assert.Equal(t, terminal, keyboard(terminal))
}

func TestView_Whole(t *testing.T) {
	t.Parallel()
	v, _ := newTestView(t, 1)
	for range 100 {
		v.Update(event(t, `{"errorEvent": {"error": "bang"}}`))
	}
	v.Update(stepEvent(t, "resOutputsEvent", "create", "a"))
	v.Update(event(t, `{"summaryEvent": {"durationSeconds": 90, "resourceChanges": {"create": 1}}}`))
	_, cmd := v.Update(end{status: pulumiapi.UpdateStatusFailed})
	assert.Equal(t, tea.Quit(), cmd())
	want := "acme/web/prod  update by grace\n+ created     a  d:e:F\n" + strings.Repeat("ERROR         bang\n", 100) + "FAILED        after 1m30s: +1 created\n"
	assert.Equal(t, want, v.whole())

	v, _ = newTestView(t, 1)
	v.Update(end{err: errors.New("no")})
	assert.Equal(t, "acme/web/prod  update by grace\n", v.whole(), "how it ended is not known")
}
