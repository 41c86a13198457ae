package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const tokensPath = "/api/user/tokens"

type tokenList struct {
	Tokens []struct {
		ID, Name, Description, Created, CreatedBy, Type string
		LastUsed, Expires                               int64
	}
	ContinuationToken *string
}

func (l tokenList) descriptions() []string {
	var texts []string
	for _, token := range l.Tokens {
		texts = append(texts, token.Description)
	}
	return texts
}

// as sends a request with a token.
func as(t *testing.T, srv *pulumiapitest.Server, token, method, path string) answer {
	t.Helper()
	req := newRequest(t, srv, method, path, "")
	req.Header.Set("Authorization", "token "+token)
	a, err := send(t, srv, req)
	require.NoError(t, err)
	return a
}

type createdToken struct{ ID, TokenValue string }

func createToken(t *testing.T, srv *pulumiapitest.Server, body string) createdToken {
	t.Helper()
	a := do(t, srv, http.MethodPost, tokensPath, body)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return decode[createdToken](t, a)
}

func TestServer_Tokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		start := time.Now()
		token := createToken(t, srv, `{"description":"ci","expires":0}`)
		assert.Regexp(t, `^pul-[0-9a-f]{40}$`, token.TokenValue)

		time.Sleep(time.Hour)
		list := getJSON[tokenList](t, srv, tokensPath)
		require.Len(t, list.Tokens, 2, "with the test's own")
		assert.Equal(t, time.Now().Unix(), list.Tokens[0].LastUsed)
		ci := list.Tokens[1]
		assert.Equal(t, token.ID, ci.ID)
		assert.Equal(t, "ci", ci.Description)
		assert.Equal(t, start.UTC().Format("2006-01-02 15:04:05.000"), ci.Created)
		assert.Equal(t, "personal "+srv.User(), ci.Type+" "+ci.CreatedBy)
		assert.Zero(t, ci.LastUsed)
		assert.Zero(t, ci.Expires)
		assert.NotContains(t, do(t, srv, http.MethodGet, tokensPath, "").body, token.TokenValue, "told once")
		assert.Contains(t, do(t, srv, http.MethodGet, tokensPath, "").body, `"continuationToken":null`)

		assert.Equal(t, http.StatusOK, as(t, srv, token.TokenValue, http.MethodGet, "/api/user/stacks").status)
		assert.Equal(t, time.Now().Unix(), getJSON[tokenList](t, srv, tokensPath).Tokens[1].LastUsed)
		requireAudit(t, srv, "Access Token Created", `Created access token "ci"`)

		requireNoContent(t, srv, http.MethodDelete, tokensPath+"/"+token.ID, "")
		assertError(t, as(t, srv, token.TokenValue, http.MethodGet, "/api/user/stacks"), http.StatusUnauthorized, "nobody has this access token")
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodDelete, tokensPath+"/"+token.ID, "")
		requireAudit(t, srv, "Access Token Deleted", `Deleted access token "ci"`)
	})
}

func TestServer_Tokens_Expire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		expires := time.Now().Add(time.Hour).Unix()
		token := createToken(t, srv, fmt.Sprintf(`{"description":"short","expires":%d}`, expires))
		time.Sleep(time.Hour - time.Second)
		assert.Equal(t, http.StatusOK, as(t, srv, token.TokenValue, http.MethodGet, "/api/user/stacks").status)
		assert.Equal(t, []string{"The test's own", "short"}, getJSON[tokenList](t, srv, tokensPath+"?filter=active").descriptions())
		assert.Empty(t, getJSON[tokenList](t, srv, tokensPath+"?filter=expired").Tokens)
		time.Sleep(time.Second)
		assertError(t, as(t, srv, token.TokenValue, http.MethodGet, "/api/user/stacks"), http.StatusUnauthorized, "expired")
		assert.Equal(t, []string{"The test's own"}, getJSON[tokenList](t, srv, tokensPath).descriptions())
		list := getJSON[tokenList](t, srv, tokensPath+"?filter=expired")
		assert.Equal(t, []string{"short"}, list.descriptions())
		assert.Equal(t, expires, list.Tokens[0].Expires)
		assert.Len(t, getJSON[tokenList](t, srv, tokensPath+"?filter=all").Tokens, 2)

		for _, past := range []int64{time.Now().Unix(), 1, -1} {
			requireError(t, srv, http.StatusBadRequest, "Invalid expiration", http.MethodPost, tokensPath, fmt.Sprintf(`{"description":"x","expires":%d}`, past))
		}
	})
}

func TestServer_ListTokens_Pages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for range 124 {
		srv.AddToken(pulumiapitest.Token{Description: "x"})
	}
	size := func(query string) int { return len(getJSON[tokenList](t, srv, tokensPath+query).Tokens) }
	assert.Equal(t, 10, size(""))
	assert.Equal(t, 110, size("?maxResults=110"), "not cut off at 100")
	assert.Equal(t, 125, size("?maxResults=1000"))
	srv.SetPageSize(100)
	first := getJSON[tokenList](t, srv, tokensPath)
	assert.Len(t, first.Tokens, 100)
	assert.Equal(t, 25, size("?continuationToken="+escape(*first.ContinuationToken)))
	for _, bad := range []string{"maxResults=1001", "maxResults=0", "maxResults=x", "filter=old", "continuationToken=x"} {
		assert.Equal(t, http.StatusBadRequest, do(t, srv, http.MethodGet, tokensPath+"?"+bad, "").status, bad)
	}
}

func TestServer_AddToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	used := time.Unix(1_700_000_000, 0)
	id, value := srv.AddToken(pulumiapitest.Token{Description: "old", Created: used.Add(-time.Hour), LastUsed: used})
	list := getJSON[tokenList](t, srv, tokensPath)
	assert.Equal(t, id, list.Tokens[1].ID)
	assert.Equal(t, used.Unix(), list.Tokens[1].LastUsed)
	assert.Equal(t, "2023-11-14 21:13:20.000", list.Tokens[1].Created)
	// The last thing that it does: it is gone at once.
	assert.Equal(t, http.StatusNoContent, as(t, srv, value, http.MethodDelete, tokensPath+"/"+id).status)
	assert.Equal(t, http.StatusUnauthorized, as(t, srv, value, http.MethodGet, tokensPath).status)
	log := getJSON[auditLog](t, srv, "/api/orgs/acme/auditlogs/v2")
	assert.Equal(t, "old", log.AuditLogEvents[0].TokenName)
	assert.Equal(t, id, log.AuditLogEvents[0].TokenID)
}

func TestServer_CreateToken_NeedsBothMembers(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	for _, incomplete := range []string{`{}`, `{"description":"ci"}`, `{"expires":0}`} {
		requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, "/api/user/tokens", incomplete)
	}
}
