package pulumiapitest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const invitesPath = "/api/orgs/acme/invites"

type inviteOf struct {
	ID, Email, Role, RoleID, Status, AcceptInviteURL string
	SentAt                                           int64
	SentBy                                           struct{ GithubLogin string }
}

func invitesOf(t *testing.T, srv *pulumiapitest.Server) []inviteOf {
	t.Helper()
	return getJSON[struct{ Invites []inviteOf }](t, srv, invitesPath).Invites
}

type createdInvite struct{ ID, AcceptInviteURL string }

type createdInvites struct {
	SentInvites   []createdInvite
	FailedInvites []struct{ Email, Role, RoleID string }
}

func createInvites(t *testing.T, srv *pulumiapitest.Server, path, body string) createdInvites {
	t.Helper()
	a := do(t, srv, http.MethodPost, path, body)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return decode[createdInvites](t, a)
}

func TestServer_CreateInvites(t *testing.T) {
	t.Parallel()
	for _, path := range []string{invitesPath + "/batch", invitesPath + "/unverified/batch"} {
		srv := newServer(t)
		created := createInvites(t, srv, path, `{"invites":[{"email":"a@acme.test","role":"admin"},{"email":"b@acme.test","role":"member"},{"email":"a@acme.test","role":"member"}]}`)
		require.Len(t, created.SentInvites, 2)
		require.Len(t, created.FailedInvites, 1, "nobody is invited twice")
		assert.Equal(t, "a@acme.test member", created.FailedInvites[0].Email+" "+created.FailedInvites[0].Role)
		assert.Contains(t, created.SentInvites[0].AcceptInviteURL, created.SentInvites[0].ID)
		requireAudit(t, srv, "Member Invited", `Invited "b@acme.test"`)

		list := invitesOf(t, srv)
		require.Len(t, list, 2)
		assert.Equal(t, created.SentInvites[0].ID+" "+created.SentInvites[0].AcceptInviteURL, list[0].ID+" "+list[0].AcceptInviteURL)
		assert.Equal(t, "a@acme.test admin pending", list[0].Email+" "+list[0].Role+" "+list[0].Status)
		assert.Equal(t, srv.User(), list[0].SentBy.GithubLogin)
		assert.InDelta(t, time.Now().Unix(), list[0].SentAt, 3600)
	}
}

func TestServer_CreateInvites_AllOrNothing(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for second, message := range map[string]string{
		`{"email":"nowhere","role":"member"}`:                   "Invalid email address",
		`{"role":"member"}`:                                     "Invalid email address",
		`{"email":"b@acme.test","role":"owner"}`:                "Invalid organization role",
		`{"email":"b@acme.test"}`:                               "Invalid organization role",
		`{"email":"b@acme.test","role":"member","roleId":"no"}`: "Invalid parameter 'roleID'",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, invitesPath+"/batch", `{"invites":[{"email":"a@acme.test","role":"member"},`+second+`]}`)
	}
	requireError(t, srv, http.StatusBadRequest, "Invalid organization role", http.MethodPost, invitesPath+"/link", `{"role":"none"}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodPost, "/api/orgs/none/invites/link", `{"role":"member"}`)
	assert.Empty(t, invitesOf(t, srv))
	requireNoAudit(t, srv)
}

func inviteByLink(t *testing.T, srv *pulumiapitest.Server, org, body string) string {
	t.Helper()
	a := do(t, srv, http.MethodPost, "/api/orgs/"+org+"/invites/link", body)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return "/api/orgs/" + org + "/invites/" + decode[createdInvite](t, a).ID
}

func TestServer_AcceptInvite(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	invite := inviteByLink(t, srv, "acme", `{"role":"member"}`)
	require.Len(t, invitesOf(t, srv), 1)
	assert.JSONEq(t, `{"githubLogin":"acme","name":"acme","avatarUrl":"https://avatars.pulumi.test/acme","role":"admin"}`, do(t, srv, http.MethodGet, invite, "").body)
	requireNoContent(t, srv, http.MethodPatch, invite, "")
	requireError(t, srv, http.StatusConflict, "not in the 'invited' state", http.MethodPatch, invite, "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, invite, "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodPost, invite+"/resend", `{}`)
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, invite, "")
	assert.Empty(t, invitesOf(t, srv))
	assert.Equal(t, "admin", getJSON[metadataOf](t, srv, orgPath+"/metadata").UserRole, "who is a member already stays what they are")
	requireError(t, srv, http.StatusNotFound, "Invite 'x' not found", http.MethodPatch, invitesPath+"/x", "")
}

func TestServer_CancelInvite(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	const body = `{"invites":[{"email":"a@acme.test","role":"member"}]}`
	id := createInvites(t, srv, invitesPath+"/batch", body).SentInvites[0].ID
	requireNoContent(t, srv, http.MethodDelete, invitesPath+"/"+id, "")
	requireAudit(t, srv, "Invite Canceled", `Canceled invite "`+id+`"`)
	assert.Empty(t, invitesOf(t, srv))
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		requireError(t, srv, http.StatusNotFound, "not found", method, invitesPath+"/"+id, "")
	}
	requireError(t, srv, http.StatusConflict, "not in the 'invited' state", http.MethodPatch, invitesPath+"/"+id, "")
	again := createInvites(t, srv, invitesPath+"/batch", body).SentInvites
	require.Len(t, again, 1, "the address is free again")
	requireNoContent(t, srv, http.MethodPatch, invitesPath+"/"+again[0].ID, "")
	assert.Len(t, createInvites(t, srv, invitesPath+"/batch", body).SentInvites, 1, "and so it is when the invitation is accepted")
}

func TestServer_ResendInvite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		invite := inviteByLink(t, srv, "acme", `{"role":"billing-manager"}`)
		first := invitesOf(t, srv)[0]
		time.Sleep(time.Hour)
		requireNoContent(t, srv, http.MethodPost, invite+"/resend", `{}`)
		want := first
		want.SentAt += 3600
		assert.Equal(t, []inviteOf{want}, invitesOf(t, srv))
	})
}
