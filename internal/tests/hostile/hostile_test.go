package hostile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// A 404 after an attempt of unknown outcome means that a delete has worked, but
// only if it is the service that says so.
func TestDelete_A404OfAProxyIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		done bool
	}{
		"the service's words": {`{"code":404,"message":"stack not found"}`, true},
		"nothing":             {"", true},
		"a page":              {"<html>default backend - 404</html>", false},
		"text":                {"404 page not found", false},
		"other JSON":          {`{"error":"no route"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return testkit.Respond(http.StatusServiceUnavailable, []byte("<html>no backend</html>")), nil
					}
					return testkit.Respond(http.StatusNotFound, []byte(c.body)), nil
				})
				err := client.Teams.Delete(t.Context(), "acme", "ops")
				if c.done {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, pulumiapi.ErrNotFound)
				require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "the first attempt may have deleted it")
			})
		})
	}
}

func TestWrites_ASignInPageIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, resp := range map[string]func() *http.Response{
		"a page":      func() *http.Response { return testkit.Respond(200, []byte(testkit.SignInPage)) },
		"with a mark": func() *http.Response { return testkit.Respond(200, []byte("\ufeff"+testkit.SignInPage)) },
		"text called HTML": func() *http.Response {
			return testkit.Respond(200, []byte("sign in"), "Content-Type", "text/html; charset=utf-8")
		},
		"gzip and identity": func() *http.Response {
			return testkit.Respond(200, testkit.Gzipped(t, []byte(testkit.SignInPage)), "Content-Encoding", "GZIP, identity")
		},
		"x-gzip": func() *http.Response {
			return testkit.Respond(200, testkit.Gzipped(t, []byte(testkit.SignInPage)), "Content-Encoding", "x-gzip")
		},
		"an unknown coding": func() *http.Response { return testkit.Respond(200, []byte("\x01\x02"), "Content-Encoding", "br") },
		"gzip twice by name": func() *http.Response {
			return testkit.Respond(200, []byte("\x01\x02"), "Content-Encoding", "gzip, gzip")
		},
	} {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return resp(), nil })
		err := client.Stacks.Transfer(t.Context(), testkit.Prod, "other")
		require.ErrorContains(t, err, "not JSON", name)
		require.ErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, name)
		require.ErrorContains(t, testkit.ErrorOf(client.AuditLogs.Export(t.Context(), "acme", nil)), "not text", name)
	}
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(200, []byte("\ufeff{\"stackName\":\"prod\"}")), nil
	})
	stack, err := client.Stacks.Get(t.Context(), testkit.Prod)
	require.NoError(t, err, "JSON behind a mark")
	assert.Equal(t, "prod", stack.StackName)
}

// Observers may keep errors, and look at them when the call has gone on.
func TestObserver_ErrorsDoNotChangeAfterwards(t *testing.T) {
	t.Parallel()
	seen := make(chan error, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for err := range seen {
			_ = errors.Is(err, pulumiapi.ErrOutcomeUnknown)
			_ = err.Error()
		}
	}()
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"),
		pulumiapi.WithObserver(pulumiapi.Observer{OnAttempt: func(_ context.Context, a pulumiapi.Attempt) { seen <- a.Err }}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusServiceUnavailable, nil), nil
		})}))
	require.NoError(t, err)
	for range 10 {
		require.ErrorIs(t, client.Stacks.CreateTag(t.Context(), testkit.Prod, "a", "b"), pulumiapi.ErrOutcomeUnknown)
	}
	close(seen)
	<-done
}

func TestSecrets_ThatAnswersRepeat(t *testing.T) {
	t.Parallel()
	const token, webhookSecret, created = "pul-canary0123456789", "hunter2-canary", "pul-newcanary42"
	hook := func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Create(t.Context(), pulumiapi.OrgScope("acme"), pulumiapi.WebhookCreateRequest{Secret: new(pulumiapi.NewSecret(webhookSecret))}))
	}
	update := func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Webhooks.Update(t.Context(), pulumiapi.OrgScope("acme"), "n", pulumiapi.WebhookUpdateRequest{Secret: pulumiapi.NullableOf(pulumiapi.NewSecret(webhookSecret))}))
	}
	create := func(c *pulumiapi.Client) error {
		return testkit.ErrorOf(c.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{}))
	}
	get := func(c *pulumiapi.Client) error { return testkit.ErrorOf(c.Stacks.Get(t.Context(), testkit.Prod)) }
	for name, c := range map[string]struct {
		call   func(*pulumiapi.Client) error
		status int
		body   string
	}{
		"the token, escaped":              {get, 401, `{"message":"bad token \u0070ul-canary0123456789"}`},
		"the token, with a control char":  {get, 401, "{\"message\":\"bad token pul-\\u0001canary0123456789\"}"},
		"the token in a page":             {get, 502, "<html>pul-\x01canary0123456789"},
		"the request's body":              {hook, 400, `{"displayName":"","secret":"` + webhookSecret + `"}`},
		"the request's body, of a change": {update, 400, `<pre>` + webhookSecret},
		"in a message":                    {hook, 400, `{"message":"secret ` + webhookSecret + ` is weak"}`},
		"broken JSON with a new token":    {create, 200, `{"id":"1","tokenValue":"` + created + `"}<script>`},
		"two values with a new token":     {create, 200, `{"id":"1","tokenValue":"` + created + `"}{}`},
		"another form with a new token":   {create, 200, `["` + created + `"]`},
	} {
		var log bytes.Buffer
		client, err := pulumiapi.NewClient(pulumiapi.WithToken(token),
			pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}),
			pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
				resp := testkit.Respond(c.status, []byte(c.body))
				resp.Request = &http.Request{URL: req.URL} // as a recorder's, without credentials
				return resp, nil
			})}))
		require.NoError(t, err)
		err = c.call(client)
		require.Error(t, err, name)
		for _, secret := range []string{token, webhookSecret, created} {
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), log.String()} {
				assert.NotContains(t, text, secret, name)
			}
		}
	}
}

func TestCaptureResponse_OfARefusedRedirect(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusFound, nil, "Location", "https://evil.example/", "X-Pulumi-Request-ID", "8f2c"), nil
	})
	var info pulumiapi.ResponseInfo
	_, err := client.Stacks.Get(pulumiapi.CaptureResponse(t.Context(), &info), testkit.Prod)
	var failed *pulumiapi.CallError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "8f2c", failed.RequestID)
	assert.Equal(t, http.StatusFound, info.StatusCode)
	assert.Equal(t, "8f2c", info.RequestID)
}

func TestClient_Do_AWriterThatFailsIsNotTheAnswersFault(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(200, []byte("text")), nil })
	full := errors.New("disk full")
	for method, read := range map[string]bool{http.MethodGet: false, http.MethodPost: false} {
		sent := len(s.Sent())
		_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: method, Template: "/api/test", Read: read}}, failing{full})
		require.ErrorIs(t, err, full, method)
		require.ErrorContains(t, err, "could not be written", method)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "%s: the status was a success", method)
		assert.Len(t, s.Sent(), sent+1, method)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestClient_Do_ReadIsForPOST(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(200, nil), nil })
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet} {
		_, err := client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: method, Template: "/api/test", Read: true}}, nil)
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong, method)
		assert.Equal(t, "req.Endpoint.Read", wrong.Name)
	}
	assert.Empty(t, s.Sent())
}

func TestClient_Do_LeavesOutWhatIsNil(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(200, nil), nil })
	_, err := client.Do(t.Context(), pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/test"},
		Header:   http.Header{"Accept-Encoding": nil, "Authorization": nil},
	}, nil)
	require.NoError(t, err)
	assert.Empty(t, s.Sent()[0].Header.Values("Accept-Encoding"))
	assert.Empty(t, s.Sent()[0].Header.Values("Authorization"))
}

func TestWithRetry_WaitsThatOverflow(t *testing.T) {
	t.Parallel()
	for _, policy := range []pulumiapi.RetryPolicy{{MinWait: math.MaxInt64}, {MaxWait: math.MaxInt64}} {
		_, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithRetry(policy))
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong)
	}
}

func TestWithBaseURL_DoesNotShowATokenInTheWrongPlace(t *testing.T) {
	t.Parallel()
	_, err := pulumiapi.NewClient(pulumiapi.WithBaseURL("pul-secrettoken"))
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &wrong)
	assert.NotContains(t, err.Error(), "pul-secrettoken")
}

func TestUpdates_List_ACutDownPageWithoutItsSize(t *testing.T) {
	t.Parallel()
	client, s := testkit.Client(t, func(_ int, req *http.Request) (*http.Response, error) {
		page, err := strconv.Atoi(req.URL.Query().Get("page"))
		if err != nil {
			return nil, err
		}
		var updates []string
		for i := (page - 1) * 50; i < min(page*50, 250); i++ {
			updates = append(updates, fmt.Sprintf(`{"info":{"kind":"update","version":%d},"updateID":"u%d"}`, i, i))
		}
		return testkit.Respond(200, []byte(`{"updates":[`+strings.Join(updates, ",")+`],"total":250}`)), nil
	})
	updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, nil))
	require.NoError(t, err)
	assert.Len(t, updates, 250)
	assert.Len(t, s.Sent(), 6, "only the empty page is the end")
}

func TestUpdates_List_TheFormIsToldByItsInfo(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(200, []byte(`{"updates":[{"info":{"version":7,"message":"m"},"version":8}],"itemsPerPage":10,"total":1}`)), nil
	})
	updates, err := pulumiapi.Collect(client.Updates.List(t.Context(), testkit.Prod, nil))
	require.NoError(t, err)
	assert.Equal(t, 7, updates[0].UpdateInfo.Version)
	assert.Equal(t, 8, updates[0].Version)
	assert.Equal(t, "m", updates[0].Message)
}

func TestPolicyIssues_List_ACountThatIsNone(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
		if n > 2 {
			return testkit.Respond(200, []byte(`{"policyIssues":[],"rowCount":-1}`)), nil
		}
		return testkit.Respond(200, fmt.Appendf(nil, `{"policyIssues":[{"id":"%d"}],"rowCount":-1}`, n)), nil
	})
	issues, err := pulumiapi.Collect(client.PolicyIssues.List(t.Context(), "acme", nil))
	require.NoError(t, err)
	assert.Len(t, issues, 2)
}

func TestPolicyIssues_CursorsOfIssuesAreNotThoseOfGroups(t *testing.T) {
	t.Parallel()
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
		return testkit.Respond(200, []byte(`{"policyIssues":[{"id":"1"}],"rowCount":9}`)), nil
	})
	page, err := client.PolicyIssues.ListPage(t.Context(), "acme", nil)
	require.NoError(t, err)
	for _, err := range []error{
		testkit.ErrorOf(client.PolicyIssues.ListPage(t.Context(), "other", &pulumiapi.PolicyIssueListOptions{Cursor: page.Next})),
		testkit.ErrorOf(client.PolicyIssues.ListGroupsPage(t.Context(), "acme", &pulumiapi.PolicyIssueGroupOptions{
			GroupBy: []pulumiapi.GridColumn{{ID: "status"}}, Cursor: page.Next,
		})),
	} {
		var wrong *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "opts.Cursor", wrong.Name)
	}
}

func TestGridFilter_IsNotChangedFromOutside(t *testing.T) {
	t.Parallel()
	filters := []pulumiapi.GridFilter{pulumiapi.FilterEquals("a", "b")}
	for _, join := range []func(...pulumiapi.GridFilter) pulumiapi.GridFilter{pulumiapi.FilterAnd, pulumiapi.FilterOr} {
		filter := join(filters...)
		own := slices.Clone(filters)
		own[0] = filter
		_, body := testkit.LastRequest(t, "{}", func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.PolicyIssues.ListPage(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{Filter: join(own...)}))
		})
		assert.Contains(t, body, `"colId":"a"`)
		filters[0] = filter // would be within itself
		_, body = testkit.LastRequest(t, "{}", func(c *pulumiapi.Client) error {
			return testkit.ErrorOf(c.PolicyIssues.ListPage(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{Filter: filter}))
		})
		assert.Contains(t, body, `"colId":"a"`)
		filters[0] = pulumiapi.FilterEquals("a", "b")
	}
	client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) { return testkit.Respond(200, []byte("{}")), nil })
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, testkit.ErrorOf(client.PolicyIssues.ListPage(t.Context(), "acme", &pulumiapi.PolicyIssueListOptions{
		Filter: pulumiapi.FilterOr(pulumiapi.FilterEquals("a", "b"), pulumiapi.FilterAnd(pulumiapi.FilterAnd())),
	})), &wrong, "a filter within an Or that is empty, however deep")
}

func TestCollect_ASequenceOfNothing(t *testing.T) {
	t.Parallel()
	_, err := pulumiapi.Collect(func(yield func(*int, error) bool) { yield(nil, nil) })
	var wrong *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &wrong)
}

func TestObserver_WarningsAreFitToBeShown(t *testing.T) {
	t.Parallel()
	var warnings []string
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"),
		pulumiapi.WithObserver(pulumiapi.Observer{OnWarning: func(_ context.Context, w pulumiapi.Warning) { warnings = append(warnings, w.Text) }}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			return testkit.Respond(200, []byte("{}"), "X-Pulumi-Warning", "upgrade\x1b[2J\tsoon"), nil
		})}))
	require.NoError(t, err)
	require.NoError(t, testkit.ErrorOf(client.Stacks.Get(t.Context(), testkit.Prod)))
	assert.Equal(t, []string{"upgrade[2J soon"}, warnings)
}

// What a few kilobytes of an answer decompress to counts, not what arrives.
func TestClient_AGzipBombMeetsTheLimits(t *testing.T) {
	t.Parallel()
	bomb := testkit.Gzipped(t, bytes.Repeat([]byte{' '}, 65<<20))
	require.Less(t, len(bomb), 100_000)
	for status, says := range map[int]string{http.StatusOK: "grows to more than 200 times its size", http.StatusBadRequest: "400: Bad Request"} {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(status, bomb, "Content-Encoding", "gzip"), nil
		})
		require.ErrorContains(t, testkit.ErrorOf(client.Stacks.Get(t.Context(), testkit.Prod)), says)
	}
}

// A caller's reader that fails is not read again.
func TestClient_Do_AReaderThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("disk gone")
		attempts := 0
		client, err := pulumiapi.NewClient(pulumiapi.WithToken("pul-test"), pulumiapi.WithHTTPClient(&http.Client{
			Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
				attempts++
				_, err := io.Copy(io.Discard, req.Body)
				return nil, err
			}),
		}))
		require.NoError(t, err)
		start := time.Now()
		_, err = client.Do(t.Context(), pulumiapi.Request{
			Endpoint: pulumiapi.Endpoint{Method: http.MethodPut, Template: "/api/test"}, Body: brokenFile{gone},
		}, nil)
		require.ErrorIs(t, err, gone)
		assert.Equal(t, 1, attempts)
		assert.Zero(t, time.Since(start))
	})
}

// brokenFile can seek, but not be read.
type brokenFile struct{ err error }

func (f brokenFile) Read([]byte) (int, error) { return 0, f.err }

func (f brokenFile) Seek(int64, int) (int64, error) { return 0, nil }
