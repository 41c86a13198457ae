package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// Wherever pages end, and whatever a token means, every event is there once.
func TestExport_PagesThatEndWithinASecond(t *testing.T) {
	t.Parallel()
	all := events(40)
	for _, repeats := range []bool{false, true} {
		for _, size := range []int{4, 5, 6, 7, 39, 40, 41} {
			s := &service{events: all, pageSize: size, repeats: repeats}
			path := filepath.Join(t.TempDir(), "log")
			got := s.export(t, path).Run(t)
			called := fmt.Sprintf("pages of %d, repeats %t", size, repeats)
			require.Equal(t, 0, got.Status, "%s: %s", called, got.Stderr)
			assert.Equal(t, "40 events of acme from 2026-03-01T00:00:00Z to 2026-04-01T00:00:00Z: "+path+"\n", got.Stdout, called)
			assert.Equal(t, wanted(all), descriptions(t, path), called)
			assert.Equal(t, []string{"log"}, names(t, filepath.Dir(path)), called)
		}
	}
}

// The bounds are -from, and the second before -to, whatever the service counts in.
func TestExport_Bounds(t *testing.T) {
	t.Parallel()
	all := []event{}
	for _, second := range []int64{2, 1, 0, -1, -2} {
		all = append(all, event{Timestamp: march.AddDate(0, 1, 0).Unix() + second, Description: fmt.Sprint("end ", second)})
	}
	for _, second := range []int64{2, 1, 0, -1, -2} {
		all = append(all, event{Timestamp: march.Unix() + second, Description: fmt.Sprint("begin ", second)})
	}
	for _, exclusive := range []bool{false, true} {
		s := &service{events: all, pageSize: 100, exclusive: exclusive}
		path := filepath.Join(t.TempDir(), "log")
		require.Equal(t, 0, s.export(t, path).Run(t).Status)
		assert.Equal(t, []string{"end -1", "end -2", "begin 2", "begin 1", "begin 0"}, descriptions(t, path))
	}
}

// A second with more events than a page is an error: no file lacks events.
func TestExport_CrowdedSecond(t *testing.T) {
	t.Parallel()
	all := events(20)
	for i := 5; i < 12; i++ {
		all[i].Timestamp = all[5].Timestamp
	}
	path := filepath.Join(t.TempDir(), "log")
	got := (&service{events: all, pageSize: 5}).export(t, path).Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "the events of "+time.Unix(all[5].Timestamp, 0).UTC().Format(time.RFC3339)+
		": the page has 5 of them, the log has 7: Export returns them all")
	assert.NotContains(t, names(t, filepath.Dir(path)), "log")

	cloud := pulumiapitest.NewServer()
	defer cloud.Close()
	for i := range 30 {
		require.NoError(t, cloud.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{Time: march.Add(time.Duration(i/12) * time.Hour)}))
	}
	got = programtest.RunLive(t, cloud, "-org", "acme", "-from", "2026-03-01", "-o", filepath.Join(t.TempDir(), "log"))
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "the page has 10 of them, the log has 12: Export returns them all")

	// A list that is short is no sign of it.
	path = filepath.Join(t.TempDir(), "log")
	got = (&service{events: all[5:8], pageSize: 5}).export(t, path).Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
}

// What can't be relied on is an error, and no file that lacks something.
func TestExport_AServiceThatMakesNoSense(t *testing.T) {
	t.Parallel()
	unordered := events(20)
	unordered[10], unordered[15] = unordered[15], unordered[10]
	for says, s := range map[string]*service{
		"the audit log is not in order": {events: unordered, pageSize: 20},
		"the service tells 0 events":    {events: events(20), pageSize: 5, exclusive: true},
	} {
		path := filepath.Join(t.TempDir(), "log")
		got := s.export(t, path).Run(t)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stderr, says)
		assert.NotContains(t, names(t, filepath.Dir(path)), "log")
	}
}

func TestExport_Nothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	s := &service{pageSize: 5}
	got := s.export(t, path).Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Empty(t, read(t, path))
	got = s.export(t, path+".csv", "-format", "csv").Run(t)
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, csvHeader, read(t, path+".csv"))
}
