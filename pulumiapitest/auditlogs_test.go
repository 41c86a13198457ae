package pulumiapitest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const auditPath = "/api/orgs/acme/auditlogs"

type auditEvent struct {
	Timestamp                    int64
	SourceIP, Event, Description string
	User                         struct{ Name, GithubLogin string }
	TokenID, TokenName           string
	ReqOrgAdmin, ReqStackAdmin   bool
	AuthFailure                  bool
	ActorName, ActorURN          string
}

type auditLog struct {
	ContinuationToken *string
	AuditLogEvents    []auditEvent
}

// requireAudit wants the newest event of acme's audit log to be this one.
func requireAudit(t *testing.T, srv *pulumiapitest.Server, event, description string) {
	t.Helper()
	log := getJSON[auditLog](t, srv, auditPath+"/v2")
	require.NotEmpty(t, log.AuditLogEvents)
	newest := log.AuditLogEvents[0]
	assert.Equal(t, event+": "+description, newest.Event+": "+newest.Description)
	assert.Equal(t, srv.User(), newest.User.GithubLogin)
	assert.NotEmpty(t, newest.TokenID)
	assert.NotEmpty(t, newest.SourceIP)
	assert.InDelta(t, time.Now().Unix(), newest.Timestamp, 3600)
}

// requireNoAudit wants acme's audit log to be empty.
func requireNoAudit(t *testing.T, srv *pulumiapitest.Server) {
	t.Helper()
	require.Empty(t, getJSON[auditLog](t, srv, auditPath+"/v2").AuditLogEvents)
}

// newAuditServer returns a server with an event at each of these seconds.
func newAuditServer(t *testing.T, seconds ...int64) *pulumiapitest.Server {
	t.Helper()
	srv := newServer(t)
	for i, second := range seconds {
		require.NoError(t, srv.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
			Time: time.Unix(second, int64(i)), Event: "Stack Created", Description: fmt.Sprintf("event %d", i),
		}))
	}
	return srv
}

// walkAudit reads pages to their end, and returns the seconds of the events.
func walkAudit(t *testing.T, srv *pulumiapitest.Server, path string) (seconds []int64, sizes []int) {
	t.Helper()
	for token := ""; ; {
		query := path
		if token != "" {
			query += "&continuationToken=" + token
		}
		log := getJSON[auditLog](t, srv, query)
		sizes = append(sizes, len(log.AuditLogEvents))
		for _, e := range log.AuditLogEvents {
			seconds = append(seconds, e.Timestamp)
		}
		if log.ContinuationToken == nil {
			return seconds, sizes
		}
		require.NotEqual(t, token, *log.ContinuationToken)
		token = *log.ContinuationToken
	}
}

func TestServer_AuditLog_Ranges(t *testing.T) {
	t.Parallel()
	srv := newAuditServer(t, 300, 100, 200, 400, 500)
	for query, want := range map[string][]int64{
		"?startTime=500":                          {500, 400, 300, 200, 100},
		"?startTime=499":                          {400, 300, 200, 100},
		"?startTime=100":                          {100},
		"?startTime=0":                            nil,
		"?startTime=500&endTime=200":              {200, 100},
		"?continuationToken=300":                  {200, 100},
		"?startTime=500&continuationToken=300":    {200, 100},
		"/v2?startTime=200":                       {500, 400, 300, 200},
		"/v2?startTime=200&endTime=400":           {400, 300, 200},
		"/v2?endTime=200":                         {200, 100},
		"/v2?startTime=200&continuationToken=400": {300, 200},
		"/v2": {500, 400, 300, 200, 100},
		"/v2?format=json&eventFilter=Stack%20Created":   {500, 400, 300, 200, 100},
		"/v2?eventFilter=stack-created":                 {500, 400, 300, 200, 100},
		"/v2?eventFilter=stack-deleted":                 nil,
		"/v2?userFilter=" + srv.User() + "&startTime=5": {500, 400, 300, 200, 100},
	} {
		var got []int64
		for _, e := range getJSON[auditLog](t, srv, auditPath+query).AuditLogEvents {
			got = append(got, e.Timestamp)
		}
		assert.Equal(t, want, got, query)
	}
	for query, status := range map[string]int{
		"":                               http.StatusBadRequest,
		"?endTime=500":                   http.StatusBadRequest,
		"/export":                        http.StatusBadRequest,
		"?startTime=x":                   http.StatusBadRequest,
		"?startTime=1&endTime=x":         http.StatusBadRequest,
		"?continuationToken=x":           http.StatusBadRequest,
		"?startTime=1&format=csv":        http.StatusBadRequest,
		"/v2?format=xml":                 http.StatusBadRequest,
		"/v2/export?format=json":         http.StatusBadRequest,
		"/v2?eventType=x":                http.StatusBadRequest,
		"?startTime=1&userFilter=nobody": http.StatusNotFound,
		"/v2/export?userFilter=nobody":   http.StatusNotFound,
		"?startTime=1&pageSize=10":       http.StatusBadRequest,
	} {
		assert.Equal(t, status, do(t, srv, http.MethodGet, auditPath+query, "").status, query)
	}
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/auditlogs/v2", "")
}

func TestServer_AuditLog_UserFilter(t *testing.T) {
	t.Parallel()
	srv := newPeopleServer(t)
	require.NoError(t, srv.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
		Event: "Login", User: pulumiapitest.User{Login: "ada", Name: "Ada Silva"}, SourceIP: "10.0.0.1",
		TokenID: "t1", TokenName: "laptop", ActorName: "robot", ActorURN: "urn:robot", AuthFailure: true, RequiresStackAdmin: true,
	}))
	do(t, srv, http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod"}`)
	log := getJSON[auditLog](t, srv, auditPath+"/v2?userFilter=ada")
	require.Len(t, log.AuditLogEvents, 1)
	e := log.AuditLogEvents[0]
	assert.Equal(t, "Ada Silva", e.User.Name)
	assert.Equal(t, []string{"10.0.0.1", "t1", "laptop", "robot", "urn:robot"}, []string{e.SourceIP, e.TokenID, e.TokenName, e.ActorName, e.ActorURN})
	assert.Equal(t, []bool{true, true, false}, []bool{e.AuthFailure, e.ReqStackAdmin, e.ReqOrgAdmin})
	assert.Empty(t, getJSON[auditLog](t, srv, auditPath+"/v2?userFilter=bob").AuditLogEvents)
}

func TestServer_AuditLog_Pages(t *testing.T) {
	t.Parallel()
	var seconds []int64
	for i := range 35 {
		seconds = append(seconds, int64(1000+i))
	}
	srv := newAuditServer(t, seconds...)
	for _, path := range []string{"?startTime=5000", "/v2?startTime=1"} {
		got, sizes := walkAudit(t, srv, auditPath+path)
		assert.Equal(t, []int{10, 10, 10, 5}, sizes)
		assert.Len(t, got, 35)
		assert.IsDecreasing(t, got)
	}
	got, _ := walkAudit(t, srv, auditPath+"/v2?startTime=1010")
	assert.Len(t, got, 25)
}

// As long as a second fits into a page, nothing repeats and nothing is skipped.
func TestServer_AuditLog_Pages_SameSecond(t *testing.T) {
	t.Parallel()
	srv := newAuditServer(t, 1, 2, 2, 2, 3, 4, 4, 4, 4, 5)
	srv.SetPageSize(4)
	got, sizes := walkAudit(t, srv, auditPath+"/v2?startTime=0")
	assert.Equal(t, []int64{5, 4, 4, 4, 4, 3, 2, 2, 2, 1}, got)
	assert.Equal(t, []int{1, 4, 4, 1}, sizes)
	srv.SetPageSize(3)
	got, _ = walkAudit(t, srv, auditPath+"/v2?startTime=0")
	assert.Equal(t, []int64{5, 4, 4, 4, 3, 2, 2, 2, 1}, got, "a second with more than a page holds is cut, and the rest skipped")

	srv = newAuditServer(t, 7, 7, 7, 7)
	srv.SetPageSize(3)
	got, sizes = walkAudit(t, srv, auditPath+"/v2?startTime=0")
	assert.Len(t, got, 3)
	assert.Len(t, sizes, 1, "and no token leads to nothing")
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	zip, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	text, err := io.ReadAll(zip)
	require.NoError(t, err)
	return string(text)
}

// export gets an export as a client does that undoes no compression by itself.
func export(t *testing.T, srv *pulumiapitest.Server, path, acceptEncoding string) answer {
	t.Helper()
	req := newRequest(t, srv, http.MethodGet, path, "")
	req.Header.Set("Accept-Encoding", acceptEncoding)
	a, err := send(t, srv, req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return a
}

func TestServer_ExportAuditLog_CSV(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	at := time.Date(2021, 4, 11, 23, 51, 45, 0, time.UTC)
	for i := range 30 {
		require.NoError(t, srv.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
			Time: at.Add(time.Duration(i) * time.Hour), Event: "Member Role Changed", SourceIP: "192.0.2.1", RequiresOrgAdmin: true,
			Description: `Changed "x", ` + strconv.Itoa(i), User: pulumiapitest.User{Login: "user1", Name: "First Last"},
		}))
	}
	for _, path := range []string{"/export?startTime=9999999999", "/v2/export", "/v2/export?format=csv"} {
		for _, accept := range []string{"identity", "gzip"} {
			a := export(t, srv, auditPath+path, accept)
			assert.Equal(t, "gzip", a.header.Get("Content-Encoding"))
			assert.NotContains(t, a.header, "Content-Type")
			text := unzip(t, a.body)
			assert.True(t, strings.HasPrefix(text, "Timestamp,Name,Login,Event,Description,SourceIP,RequireOrgAdmin,RequireStackAdmin,AuthenticationFailure\n"))
			records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			require.NoError(t, err)
			require.Len(t, records, 31, "all of it")
			assert.Equal(t, []string{
				"2021-04-11T23:51:45Z", "First Last", "user1", "Member Role Changed", `Changed "x", 0`, "192.0.2.1", "true", "false", "false",
			}, records[30])
		}
	}
	text := unzip(t, export(t, srv, auditPath+"/v2/export?endTime="+strconv.FormatInt(at.Unix(), 10), "gzip").body)
	assert.Equal(t, 2, strings.Count(text, "\n"))

	srv.SetExportEncoding(false)
	a := export(t, srv, auditPath+"/v2/export", "gzip")
	assert.Empty(t, a.header.Get("Content-Encoding"))
	assert.True(t, bytes.HasPrefix([]byte(a.body), []byte{0x1f, 0x8b}), "compressed all the same")
	srv.SetExportEncoding(true)
	assert.Equal(t, "gzip", export(t, srv, auditPath+"/v2/export", "identity").header.Get("Content-Encoding"))
}

func TestServer_ExportAuditLog_CEF(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.NoError(t, srv.AddAuditLogEvent("acme", pulumiapitest.AuditLogEvent{
		Time: time.Unix(1_600_000_000, 0), Event: `a|b\`, Description: "x=y\nz", SourceIP: "192.0.2.1", AuthFailure: true,
	}))
	text := unzip(t, export(t, srv, auditPath+"/export?startTime=1700000000&format=cef", "gzip").body)
	assert.Equal(t, `CEF:0|Pulumi|Pulumi Cloud|1.0|a\|b\\|a\|b\\|0|rt=1600000000000 src=192.0.2.1 suser=pulumi-tester msg=x\=y\nz outcome=failure`+"\n", text)
}

// Every change is in the audit log, newest first, and what fails is not.
func TestServer_AuditLog_EveryChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		srv.SetPageSize(100)
		require.NoError(t, srv.AddOrganization("other"))
		const state = `{"version":3,"deployment":{"resources":[]}}`
		for _, step := range [][3]string{
			{http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod"}`},
			{http.MethodPost, "/api/stacks/acme/web", `{"stackName":"prod"}`}, // fails
			{http.MethodPost, tagsPath, `{"name":"a","value":"b"}`},
			{http.MethodPatch, tagsPath + "/a", `{"name":"a","value":"c"}`},
			{http.MethodDelete, tagsPath + "/a", ""},
			{http.MethodPatch, tagsPath, `{"b":"c"}`},
			{http.MethodPost, prodPath + "/import", state},
			{http.MethodPost, prodPath + "/transfer", `{"toOrg":"other"}`},
			{http.MethodPost, "/api/stacks/other/web/prod/transfer", `{"toOrg":"acme"}`},
			{http.MethodDelete, prodPath, ""},
		} {
			do(t, srv, step[0], step[1], step[2])
			time.Sleep(time.Second)
		}
		var events []string
		for _, e := range getJSON[auditLog](t, srv, auditPath+"/v2").AuditLogEvents {
			events = append(events, e.Event)
		}
		assert.Equal(t, []string{
			"Stack Deleted", "Stack Transferred", "Stack Transferred", "Stack Imported", "Stack Tags Replaced",
			"Stack Tag Deleted", "Stack Tag Updated", "Stack Tag Added", "Stack Created",
		}, events)
	})
}

func TestServer_AuditLog_Updates(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "destroy", RequestedBy: pulumiapitest.User{Login: "ada"}})
	require.NoError(t, err)
	require.NoError(t, running.Finish(pulumiapitest.Failed))
	_, err = srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{}) // history: not heard of
	require.NoError(t, err)
	log := getJSON[auditLog](t, srv, auditPath+"/v2").AuditLogEvents
	require.Len(t, log, 2)
	assert.Equal(t, "Stack Update Completed", log[0].Event)
	assert.Equal(t, fmt.Sprintf("Completed update %q for stack \"web/prod\": failed", running.ID()), log[0].Description)
	assert.Equal(t, "Stack Update Started", log[1].Event)
	assert.Equal(t, "ada", log[1].User.GithubLogin)
	require.ErrorContains(t, srv.AddAuditLogEvent("", pulumiapitest.AuditLogEvent{}), "organization name")
}
