package pulumiapitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestServer_User(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	user := getJSON[struct {
		GitHubLogin, Email string
		Identities         []string
		Organizations      []struct{ GitHubLogin, Role string }
	}](t, srv, "/api/user")
	assert.Equal(t, srv.User(), user.GitHubLogin)
	assert.NotEmpty(t, user.Email)
	require.Len(t, user.Organizations, 2)
	assert.Equal(t, "acme", user.Organizations[0].GitHubLogin)
	assert.Equal(t, "admin", user.Organizations[0].Role)
	requireError(t, srv, http.StatusBadRequest, "more than one identity", http.MethodDelete, "/api/user/vcs?identity=github.com", "")
}

func TestServer_DefaultOrganization(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	get := func() string {
		return getJSON[struct{ GitHubLogin string }](t, srv, "/api/user/organizations/default").GitHubLogin
	}
	assert.Equal(t, srv.User(), get())
	requireError(t, srv, http.StatusNotFound, "Organization 'none'", http.MethodPost, "/api/user/organizations/none/default", "")
	requireNoContent(t, srv, http.MethodPost, "/api/user/organizations/acme/default", "")
	assert.Equal(t, "acme", get())
}

func TestServer_Account(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.Equal(t, "true", do(t, srv, http.MethodGet, "/api/user/verified-email", "").body)
	requireNoContent(t, srv, http.MethodGet, "/api/user/pending-emails", "")
	srv.SetUserAccount(pulumiapitest.UserAccount{
		Email: "old@example.com", PendingEmail: "new@example.com", Unverified: true, Identities: []string{"github.com", "google.com"},
		Invites: []pulumiapitest.Invite{{Role: "admin", SentBy: pulumiapitest.User{Login: "ada"}, Sent: time.Unix(1760000000, 0)}},
		VCSOrgs: []pulumiapitest.VCSOrg{
			{Login: "acme", Name: "Acme", Teams: []pulumiapitest.VCSTeam{{ID: 42, Name: "Web", Slug: "web"}, {ID: 43, Name: "Ops"}}},
			{Login: "elsewhere", Kind: "gitlab.com"},
		},
	})
	requireError(t, srv, http.StatusNotFound, "Verified email", http.MethodGet, "/api/user/verified-email", "")
	assert.JSONEq(t, `{"email":"new@example.com"}`, do(t, srv, http.MethodGet, "/api/user/pending-emails", "").body)
	requireNoContent(t, srv, http.MethodDelete, "/api/user/pending-emails", "")
	requireNoContent(t, srv, http.MethodGet, "/api/user/pending-emails", "")

	invites := getJSON[struct {
		Invites []struct {
			Email, Role string
			SentAt      int
		}
	}](t, srv, "/api/user/pending-invites").Invites
	require.Len(t, invites, 1)
	assert.Equal(t, "old@example.com", invites[0].Email)
	assert.Equal(t, "admin", invites[0].Role)
	assert.Equal(t, 1760000000, invites[0].SentAt)

	assert.Equal(t, http.StatusCreated, do(t, srv, http.MethodPost, "/api/orgs/acme/teams/github", `{"githubTeamID":42}`).status)
	assert.JSONEq(t, `{"teams":[{"id":42,"name":"Web","slug":"web","description":"","knownToPulumi":true},
		{"id":43,"name":"Ops","slug":"","description":"","knownToPulumi":false}]}`, do(t, srv, http.MethodGet, "/api/user/github/acme/teams", "").body)
	requireError(t, srv, http.StatusNotFound, "Organization 'elsewhere'", http.MethodGet, "/api/user/github/elsewhere/teams", "")
	orgs := getJSON[struct {
		Organizations []struct {
			VCSKind       string
			KnownToPulumi bool
		}
	}](t, srv, "/api/user/vcs/organizations").Organizations
	require.Len(t, orgs, 2)
	assert.True(t, orgs[0].KnownToPulumi)
	assert.Equal(t, "gitlab.com", orgs[1].VCSKind)

	requireError(t, srv, http.StatusBadRequest, "no identity 'SAML'", http.MethodPost, "/api/user/vcs/sync?identity=SAML", "")
	assert.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, "/api/user/vcs/sync?identity=google.com", "").status)
	left := decode[struct{ Identities []string }](t, do(t, srv, http.MethodDelete, "/api/user/vcs?identity=github.com", ""))
	assert.Equal(t, []string{"google.com"}, left.Identities)
	requireError(t, srv, http.StatusBadRequest, "GitHub-backed", http.MethodGet, "/api/user/github/acme/teams", "")
}

func TestServer_PendingEmail_OfThePrimaryAddress(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.SetUserAccount(pulumiapitest.UserAccount{Email: "a@example.com", PendingEmail: "a@example.com", Unverified: true})
	requireError(t, srv, http.StatusBadRequest, "primary email", http.MethodDelete, "/api/user/pending-emails", "")
}

func TestServer_Meta_AsksForNoToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for path, want := range map[string]string{
		"/api/capabilities": "stack-policy-packs", "/api/cli/version": "latestVersion",
		"/api/openapi/pulumi-spec.json": "/api/stacks/{orgName}/{projectName}/{stackName}/resources/{version}/{urn}",
	} {
		req := newRequest(t, srv, http.MethodGet, path, "")
		req.Header.Del("Authorization")
		a, err := send(t, srv, req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, a.status, path)
		assert.Contains(t, a.body, want)
	}
}
