package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	orgTokensPath  = "/api/orgs/acme/tokens"
	coreTokensPath = corePath + "/tokens"
)

type ownedTokenList struct {
	Tokens []struct {
		ID, Name, Description, Type string
		Admin                       bool
		Expires                     int64
		Role                        *struct{ ID, Name string }
	}
	ContinuationToken *string
}

func createOwnedToken(t *testing.T, srv *pulumiapitest.Server, path, body string) createdToken {
	t.Helper()
	a := do(t, srv, http.MethodPost, path, body)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return decode[createdToken](t, a)
}

func TestServer_OrgTokens(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	role, err := srv.AddRole("acme", pulumiapitest.Role{Name: "Reader"})
	require.NoError(t, err)
	token := createOwnedToken(t, srv, orgTokensPath+"?reason=ci", `{"name":"ci","description":"d","expires":0,"admin":true,"roleID":"`+role+`"}`)
	requireAudit(t, srv, "Access Token Created", `Created access token "ci"`)
	assert.Equal(t, http.StatusOK, as(t, srv, token.TokenValue, http.MethodGet, orgPath).status)
	list := getJSON[ownedTokenList](t, srv, orgTokensPath)
	require.Len(t, list.Tokens, 1)
	got := list.Tokens[0]
	assert.Equal(t, token.ID+" ci d organization", got.ID+" "+got.Name+" "+got.Description+" "+got.Type)
	assert.True(t, got.Admin)
	require.NotNil(t, got.Role)
	assert.Equal(t, "Reader", got.Role.Name)
	assert.Len(t, getJSON[tokenList](t, srv, tokensPath).Tokens, 1, "it is not the user's")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, tokensPath+"/"+token.ID, "")

	requireNoContent(t, srv, http.MethodDelete, orgTokensPath+"/"+token.ID, "")
	requireAudit(t, srv, "Access Token Deleted", `Deleted access token "ci"`)
	assert.Equal(t, http.StatusUnauthorized, as(t, srv, token.TokenValue, http.MethodGet, orgPath).status)
	assert.Empty(t, getJSON[ownedTokenList](t, srv, orgTokensPath).Tokens)
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, orgTokensPath+"/"+token.ID, "")
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, orgTokensPath, `{"name":"ci","description":"","expires":0,"admin":false}`)
}

func TestServer_TeamTokens(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	require.NoError(t, srv.AddTeam("acme", pulumiapitest.Team{Name: "ops"}))
	token := createOwnedToken(t, srv, coreTokensPath, `{"name":"ci","description":"d","expires":0}`)
	list := getJSON[ownedTokenList](t, srv, coreTokensPath)
	require.Len(t, list.Tokens, 1)
	assert.Equal(t, token.ID+" team", list.Tokens[0].ID+" "+list.Tokens[0].Type)
	assert.Empty(t, getJSON[ownedTokenList](t, srv, teamsPath+"/ops/tokens").Tokens)
	assert.Empty(t, getJSON[ownedTokenList](t, srv, orgTokensPath).Tokens)
	requireError(t, srv, http.StatusConflict, "already exists", http.MethodPost, orgTokensPath, `{"name":"ci","description":"","expires":0,"admin":false}`)

	ofOrg := createOwnedToken(t, srv, orgTokensPath, `{"name":"cd","description":"","expires":0,"admin":false}`)
	requireError(t, srv, http.StatusBadRequest, "not a team token", http.MethodDelete, coreTokensPath+"/"+ofOrg.ID, "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, teamsPath+"/ops/tokens/"+token.ID, "")
	requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, orgTokensPath+"/"+token.ID, "")
	requireNoContent(t, srv, http.MethodDelete, coreTokensPath+"/"+token.ID+"?reason=over", "")
	assert.Empty(t, getJSON[ownedTokenList](t, srv, coreTokensPath).Tokens)

	last := createOwnedToken(t, srv, coreTokensPath, `{"name":"last","description":"","expires":0}`)
	requireNoContent(t, srv, http.MethodDelete, corePath, "")
	assert.Equal(t, http.StatusUnauthorized, as(t, srv, last.TokenValue, http.MethodGet, orgPath).status, "the team is gone, and its tokens with it")
	requireError(t, srv, http.StatusNotFound, "Team 'core' not found", http.MethodGet, coreTokensPath, "")
}

func TestServer_CreateOwnedToken_Errors(t *testing.T) {
	t.Parallel()
	srv := newTeamServer(t)
	for body, message := range map[string]string{
		`{"name":"x","description":"","expires":0}`:                                             "admin is required",
		`{"name":"x","description":"","admin":true}`:                                            "are required",
		`{"name":"x","expires":0,"admin":true}`:                                                 "are required",
		`{"description":"","expires":0,"admin":true}`:                                           "are required",
		`{"name":"","description":"","expires":0,"admin":true}`:                                 "Invalid token name",
		`{"name":"` + strings.Repeat("x", 41) + `","description":"","expires":0,"admin":false}`: "Invalid token name",
		`{"name":"x","description":"","expires":1,"admin":true}`:                                "in the future",
		`{"name":"x","description":"","expires":0,"admin":true,"roleID":"none"}`:                "Invalid parameter 'roleID'",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPost, orgTokensPath, body)
	}
	far := fmt.Sprintf(`{"name":"x","description":"","expires":%d}`, time.Now().AddDate(2, 0, 3).Unix())
	requireError(t, srv, http.StatusBadRequest, "within two years", http.MethodPost, coreTokensPath, far)
	requireError(t, srv, http.StatusNotFound, "Team 'none' not found", http.MethodPost, teamsPath+"/none/tokens", `{"name":"x","description":"","expires":0}`)
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/tokens", "")
	requireNoAudit(t, srv)
	createOwnedToken(t, srv, orgTokensPath, `{"name":"x","description":"","expires":0,"admin":false}`)
}

func TestServer_OwnedTokens_FilterAndPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newTeamServer(t)
		defer srv.Close()
		soon := time.Now().Add(time.Hour).Unix()
		for i := range 3 {
			createOwnedToken(t, srv, coreTokensPath, fmt.Sprintf(`{"name":"t%d","description":"","expires":%d}`, i, soon*int64(i%2)))
		}
		time.Sleep(time.Hour)
		names := func(query string) string {
			var all []string
			for _, token := range getJSON[ownedTokenList](t, srv, coreTokensPath+query).Tokens {
				all = append(all, token.Name)
			}
			return strings.Join(all, " ")
		}
		assert.Equal(t, "t0 t2", names(""))
		assert.Equal(t, "t1", names("?filter=expired"))
		assert.Equal(t, "t0 t1 t2", names("?filter=all"))
		first := getJSON[ownedTokenList](t, srv, coreTokensPath+"?filter=all&maxResults=2")
		require.NotNil(t, first.ContinuationToken)
		assert.Equal(t, "t2", names("?filter=all&continuationToken="+escape(*first.ContinuationToken)))
		for _, bad := range []string{"maxResults=0", "maxResults=1001", "filter=old", "continuationToken=x"} {
			assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, coreTokensPath+"?"+bad, "").status, bad)
		}
	})
}
