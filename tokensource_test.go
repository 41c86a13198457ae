package pulumiapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// issuer hands out tokens that a cloud accepts, and counts how often it is asked.
type issuer struct {
	srv   *pulumiapitest.Server
	life  time.Duration // 0: for ever
	delay time.Duration

	asked, atOnce, most atomic.Int32
	fail                atomic.Pointer[error]
}

func (i *issuer) Token(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
	i.asked.Add(1)
	i.most.Store(max(i.most.Load(), i.atOnce.Add(1)))
	defer i.atOnce.Add(-1)
	select {
	case <-time.After(i.delay):
	case <-ctx.Done():
		return pulumiapi.Secret{}, time.Time{}, ctx.Err()
	}
	if err := i.fail.Load(); err != nil {
		return pulumiapi.Secret{}, time.Time{}, *err
	}
	var expires time.Time
	if i.life > 0 {
		expires = time.Now().Add(i.life)
	}
	_, value := i.srv.AddToken(pulumiapitest.Token{Expires: expires})
	return pulumiapi.NewSecret(value), expires, nil
}

// newIssued returns a cloud, and a client of it that gets its tokens from the
// issuer.
func newIssued(t *testing.T, i *issuer, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	i.srv = pulumiapitest.Demo()
	t.Cleanup(i.srv.Close)
	client, err := pulumiapi.NewClient(append([]pulumiapi.Option{
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithHTTPClient(i.srv.HTTPClient()), pulumiapi.WithTokenSource(i),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

func TestTokenSource_TokenIsKeptUntilShortlyBeforeItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		client := newIssued(t, source)
		assert.Zero(t, source.asked.Load(), "NewClient asks for no token")
		for range 3 {
			require.NoError(t, testkit.GetWebshop(t.Context(), client))
		}
		assert.EqualValues(t, 1, source.asked.Load(), "three calls with one token")

		time.Sleep(time.Hour - 61*time.Second)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 1, source.asked.Load(), "61 s before the token expires")
		time.Sleep(2 * time.Second)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 2, source.asked.Load(), "59 s before the token expires")
		for _, request := range source.srv.Requests() {
			assert.Equal(t, http.StatusOK, request.Status, "no request was sent with a token that was no longer good")
		}
	})
}

// The margin must not be as long as the token's life.
func TestTokenSource_ATokenOfHalfAMinuteIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: 30 * time.Second}
		client := newIssued(t, source)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		time.Sleep(26 * time.Second)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 1, source.asked.Load())
		time.Sleep(2 * time.Second)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 2, source.asked.Load())
	})
}

func TestTokenSource_OneRefreshForAllGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Second}
		client := newIssued(t, source)
		for range 2 {
			var calls sync.WaitGroup
			for range 100 {
				calls.Go(func() { assert.NoError(t, testkit.GetWebshop(t.Context(), client)) })
			}
			calls.Wait()
			time.Sleep(time.Hour)
		}
		assert.EqualValues(t, 2, source.asked.Load(), "100 calls at once, twice")
		assert.EqualValues(t, 1, source.most.Load(), "questions to the source at a time")
	})
}

// Whoever comes first may leave first.
func TestTokenSource_ACallThatEndsSpoilsNothingForTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Minute}
		client := newIssued(t, source)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("in a hurry"))
		defer cancel()
		var calls sync.WaitGroup
		start := time.Now()
		calls.Go(func() {
			err := testkit.GetWebshop(ctx, client)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "in a hurry")
			assert.Equal(t, time.Second, time.Since(start), "it waits no longer than its context")
			var failed *pulumiapi.CallError
			if assert.ErrorAs(t, err, &failed) {
				assert.Zero(t, failed.Attempts)
			}
		})
		synctest.Wait()
		calls.Go(func() {
			require.NoError(t, testkit.GetWebshop(t.Context(), client))
			assert.Equal(t, time.Minute, time.Since(start), "it gets what the first call has asked for")
		})
		calls.Wait()
		assert.EqualValues(t, 1, source.asked.Load())
	})
}

func TestTokenSource_IsGivenUpWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, delay: time.Minute}
		client := newIssued(t, source)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, testkit.GetWebshop(ctx, client), context.DeadlineExceeded)
		synctest.Wait()
		assert.Zero(t, source.atOnce.Load(), "nothing goes on when the call has ended")
		require.NoError(t, testkit.GetWebshop(t.Context(), client), "the next call asks anew")
		assert.EqualValues(t, 2, source.asked.Load())
	})
}

// stubborn is a source that does not look at its context.
type stubborn struct{ *issuer }

func (s stubborn) Token(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
	return s.issuer.Token(context.WithoutCancel(ctx))
}

// A call that comes when the source has been given up, but has not ended, neither
// fails with that nor makes a second question.
func TestTokenSource_IsNeverAskedTwiceAtATime(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"and succeeds": false, "and fails": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: time.Hour, delay: time.Minute}
				client := newIssued(t, source, pulumiapi.WithTokenSource(stubborn{source}))
				if fails {
					err := errors.New("too late")
					source.fail.Store(&err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.ErrorIs(t, testkit.GetWebshop(ctx, client), context.DeadlineExceeded)
				assert.EqualValues(t, 1, source.atOnce.Load(), "the source has not noticed")
				time.AfterFunc(time.Minute, func() { source.fail.Store(nil) })
				require.NoError(t, testkit.GetWebshop(t.Context(), client))
				assert.EqualValues(t, 1, source.most.Load(), "questions at a time")
			})
		})
	}
}

func TestTokenSource_A401RefreshesOnceAndRepeats(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *pulumiapi.Client) error{
		"GET": testkit.GetWebshop,
		"POST": func(ctx context.Context, c *pulumiapi.Client) error {
			return c.Stacks.CreateTag(ctx, testkit.Webshop, "a", "b")
		},
		"PATCH": func(ctx context.Context, c *pulumiapi.Client) error {
			return c.Stacks.SetTag(ctx, testkit.Webshop, "owner", "b")
		},
	} {
		for _, attempts := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s with MaxAttempts %d", name, attempts), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					source := &issuer{}
					client := newIssued(t, source, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: attempts}))
					require.NoError(t, testkit.GetWebshop(t.Context(), client))
					source.revoke(t)
					start := time.Now()
					var info pulumiapi.ResponseInfo
					require.NoError(t, call(pulumiapi.CaptureResponse(t.Context(), &info), client), "nothing was done at the 401")
					assert.Equal(t, 2, info.Attempts)
					assert.Zero(t, time.Since(start), "there is nothing to wait for")
					assert.EqualValues(t, 2, source.asked.Load())
					require.NoError(t, testkit.GetWebshop(t.Context(), client))
					assert.EqualValues(t, 2, source.asked.Load(), "the new token is kept")
				})
			})
		}
	}
}

// revoke takes every token from the cloud but the server's own.
func (i *issuer) revoke(t *testing.T) {
	t.Helper()
	own := i.srv.Client()
	for token, err := range own.Tokens.List(t.Context(), &pulumiapi.AccessTokenListOptions{Filter: pulumiapi.AccessTokenFilterAll}) {
		require.NoError(t, err)
		if token.Description == "" {
			require.NoError(t, own.Tokens.Delete(t.Context(), token.ID))
		}
	}
}

func TestTokenSource_TokensThatAreNeverAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		client := newIssued(t, source, pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(
			func(context.Context) (pulumiapi.Secret, time.Time, error) {
				return pulumiapi.NewSecret(fmt.Sprintf("pul-wrong-%d", source.asked.Add(1))), time.Time{}, nil
			})))
		for _, c := range []struct{ attempts, asked int }{{2, 2}, {1, 2}, {1, 2}} {
			err := testkit.GetWebshop(t.Context(), client)
			var refused *pulumiapi.APIError
			require.ErrorAs(t, err, &refused)
			require.ErrorIs(t, err, pulumiapi.ErrUnauthorized)
			assert.Equal(t, c.attempts, refused.Attempts)
			assert.EqualValues(t, c.asked, source.asked.Load(), "the token is not to blame if the next one is refused, too")
		}
		time.Sleep(10 * time.Second)
		require.ErrorIs(t, testkit.GetWebshop(t.Context(), client), pulumiapi.ErrUnauthorized)
		assert.EqualValues(t, 3, source.asked.Load(), "but some time later it may be")
	})
}

// The attempts that are left after a 401 are all that the policy allows.
func TestTokenSource_A401AndThenFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		client := newIssued(t, source, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 2, MinWait: time.Second}))
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		source.revoke(t)
		source.srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}", Status: http.StatusServiceUnavailable, Skip: 1})
		start := time.Now()
		var refused *pulumiapi.APIError
		require.ErrorAs(t, testkit.GetWebshop(t.Context(), client), &refused)
		assert.Equal(t, 3, refused.Attempts, "a 401, and two")
		assert.LessOrEqual(t, time.Since(start), time.Second, "the first wait")
	})
}

// A 401 that comes late, when there is a new token already, is no reason for
// another.
func TestTokenSource_LateRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		client := newIssued(t, source)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		source.revoke(t)
		var calls sync.WaitGroup
		source.srv.Inject(pulumiapitest.Fault{Endpoint: "GET /api/user/stacks", Delay: time.Minute, Times: 1})
		calls.Go(func() {
			_, err := client.Stacks.ListPage(t.Context(), nil)
			assert.NoError(t, err)
		})
		synctest.Wait()
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		calls.Wait()
		assert.EqualValues(t, 2, source.asked.Load(), "one for the first call, and one for both that were refused")
	})
}

// While the old token is good, nobody waits long for the new one.
func TestTokenSource_ASlowRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		client := newIssued(t, source)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		time.Sleep(time.Hour - 50*time.Second)
		source.delay = 20 * time.Second
		for _, want := range []time.Duration{2 * time.Second, 0, 0} {
			start := time.Now()
			require.NoError(t, testkit.GetWebshop(t.Context(), client))
			assert.Equal(t, want, time.Since(start), "it is tried once in a while")
		}
		assert.EqualValues(t, 2, source.asked.Load())
		time.Sleep(10 * time.Second)
		source.delay = time.Second
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 3, source.asked.Load())
		time.Sleep(time.Minute)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 3, source.asked.Load(), "the new token is in use")
	})
}

func TestTokenSource_ThatCallsItsOwnClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *pulumiapi.Client
		client = newIssued(t, &issuer{}, pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(
			func(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
				return pulumiapi.Secret{}, time.Time{}, testkit.GetWebshop(ctx, client)
			})))
		require.ErrorContains(t, testkit.GetWebshop(t.Context(), client), "the token source calls the client that asks it")
	})
}

// What a caller says about Authorization counts, however it spells that.
func TestTokenSource_AuthorizationOfTheCallers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Authorization", "authorization"} {
		for _, values := range [][]string{{"update-token lease"}, nil} {
			var sent []string
			client, err := pulumiapi.NewClient(
				pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
					return pulumiapi.NewSecret("pul-source"), time.Time{}, nil
				})),
				pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
					sent = req.Header.Values("Authorization")
					return nil, errors.New("no")
				})}), pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			_, err = client.Do(t.Context(), pulumiapi.Request{
				Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/x"}, Header: http.Header{name: values},
			}, nil)
			require.Error(t, err)
			assert.Equal(t, values, sent, "with %s: %q", name, values)
		}
	}
}

// A body that can't be read again is not sent again, but the next call has
// another token.
func TestTokenSource_A401OnABodyThatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		client := newIssued(t, source)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		source.revoke(t)
		_, err := client.Do(t.Context(), pulumiapi.Request{
			Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/tags"},
			Args:     []string{testkit.Webshop.Org, testkit.Webshop.Project, testkit.Webshop.Stack},
			Body:     io.MultiReader(strings.NewReader(`{"name":"a","value":"b"}`)),
		}, nil)
		require.ErrorIs(t, err, pulumiapi.ErrUnauthorized)
		require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 2, source.asked.Load())
		var refusals int
		for _, request := range source.srv.Requests() {
			if request.Status == http.StatusUnauthorized {
				refusals++
			}
		}
		assert.Equal(t, 1, refusals, "the next call has another token")
	})
}

// The token is that of the moment at which an attempt goes out.
func TestTokenSource_ATokenThatExpiresDuringTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Minute}
		client := newIssued(t, source, pulumiapi.WithRetry(pulumiapi.RetryPolicy{MaxWait: time.Hour}))
		source.srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"600"}}, Times: 1})
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.EqualValues(t, 2, source.asked.Load())
		for _, request := range source.srv.Requests() {
			assert.NotEqual(t, http.StatusUnauthorized, request.Status)
		}
	})
}

func TestTokenSource_FailuresAreTheCalls(t *testing.T) {
	t.Parallel()
	refused := errors.New("the vault is sealed")
	for name, c := range map[string]struct {
		source pulumiapi.TokenSourceFunc
		says   string
	}{
		"an error": {func(context.Context) (pulumiapi.Secret, time.Time, error) {
			return pulumiapi.Secret{}, time.Time{}, refused
		}, "the vault is sealed"},
		"no token": {func(context.Context) (pulumiapi.Secret, time.Time, error) {
			return pulumiapi.Secret{}, time.Time{}, nil
		}, "empty"},
		"a token that no header can carry": {func(context.Context) (pulumiapi.Secret, time.Time, error) {
			return pulumiapi.NewSecret("pul-\r\nHost: evil"), time.Time{}, nil
		}, "line break"},
		"a panic": {func(context.Context) (pulumiapi.Secret, time.Time, error) { panic("out of cheese") }, "out of cheese"},
		"its exit": {func(context.Context) (pulumiapi.Secret, time.Time, error) {
			runtime.Goexit()
			return pulumiapi.Secret{}, time.Time{}, nil
		}, "did not return"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{}
				client := newIssued(t, source, pulumiapi.WithTokenSource(c.source))
				for range 2 {
					err := client.Stacks.CreateTag(t.Context(), testkit.Webshop, "a", "b")
					var failed *pulumiapi.CallError
					require.ErrorAs(t, err, &failed)
					assert.Zero(t, failed.Attempts)
					require.ErrorContains(t, err, "no access token: ")
					require.ErrorContains(t, err, c.says)
					require.NotErrorIs(t, err, pulumiapi.ErrOutcomeUnknown, "nothing was sent")
					assert.Equal(t, name == "an error", errors.Is(err, refused))
				}
				assert.Empty(t, source.srv.Requests())
			})
		})
	}
}

// A source that fails while the old token has a little time left is no reason to
// fail, and one that fails at a 401 says both.
func TestTokenSource_FailsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		client := newIssued(t, source)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		sealed := errors.New("the vault is sealed")
		source.fail.Store(&sealed)
		time.Sleep(time.Hour - 10*time.Second)
		for range 3 {
			require.NoError(t, testkit.GetWebshop(t.Context(), client), "the old token is good for 10 s more")
		}
		assert.EqualValues(t, 2, source.asked.Load(), "and the source is left alone for as long")

		source.revoke(t)
		err := testkit.GetWebshop(t.Context(), client)
		require.ErrorIs(t, err, sealed)
		require.ErrorIs(t, err, pulumiapi.ErrUnauthorized, "what the last attempt came to")
		require.ErrorContains(t, err, "no access token: the vault is sealed; before that: ")

		time.Sleep(time.Minute)
		require.ErrorIs(t, testkit.GetWebshop(t.Context(), client), sealed)
		source.fail.Store(nil)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
	})
}

// What a caller has in its context for itself is not for the source's own calls.
func TestTokenSource_TheSourcesContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		type key struct{}
		var value any
		var named bool
		client := newIssued(t, source, pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(
			func(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
				value = ctx.Value(key{})
				_, named = pulumiapi.EndpointFromContext(ctx)
				_, _, err := source.Token(ctx)
				require.NoError(t, err)
				// A call of another client, with the context that it was given.
				return pulumiapi.NewSecret(source.srv.Token()), time.Time{}, testkit.GetWebshop(ctx, source.srv.Client())
			})))
		var info pulumiapi.ResponseInfo
		ctx := pulumiapi.CaptureResponse(context.WithValue(t.Context(), key{}, "a span"), &info)
		require.NoError(t, testkit.GetWebshop(ctx, client))
		assert.Equal(t, "a span", value)
		assert.False(t, named, "the endpoint is that of a call, and not that of the source's")
		assert.Contains(t, info.RequestID, "00000002-", "the call's own answer")
	})
}

// A call that has ended must not see its results change afterwards.
func TestTokenSource_FillsInNobodysResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{}
		client := newIssued(t, source, pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(
			func(ctx context.Context) (pulumiapi.Secret, time.Time, error) {
				time.Sleep(time.Minute)
				return pulumiapi.NewSecret(source.srv.Token()), time.Time{}, testkit.GetWebshop(context.WithoutCancel(ctx), source.srv.Client())
			})))
		var info pulumiapi.ResponseInfo
		ctx, cancel := context.WithTimeout(pulumiapi.CaptureResponse(t.Context(), &info), time.Second)
		defer cancel()
		require.ErrorIs(t, testkit.GetWebshop(ctx, client), context.DeadlineExceeded)
		require.NoError(t, testkit.GetWebshop(t.Context(), client))
		assert.Equal(t, pulumiapi.ResponseInfo{}, info)
	})
}

func TestWithTokenSource_AndTheOtherSources(t *testing.T) {
	t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
	srv := pulumiapitest.NewServer()
	defer srv.Close()
	source := pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(func(context.Context) (pulumiapi.Secret, time.Time, error) {
		return pulumiapi.NewSecret("from-source"), time.Time{}, nil
	}))
	token := pulumiapi.WithToken("from-option")
	for want, opts := range map[string][]pulumiapi.Option{
		"source":      {source, pulumiapi.FromEnvironment()},
		"last source": {token, source},
		"last token":  {source, token},
	} {
		// Only what the service is sent can tell.
		var sent string
		client, err := pulumiapi.NewClient(append(opts, pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithHTTPClient(&http.Client{
			Transport: testkit.RoundTripperFunc(func(req *http.Request) (*http.Response, error) {
				sent = req.Header.Get("Authorization")
				return srv.HTTPClient().Transport.RoundTrip(req)
			}),
		}))...)
		require.NoError(t, err)
		_ = testkit.GetWebshop(t.Context(), client)
		if want == "last token" {
			assert.Equal(t, "token from-option", sent, want)
		} else {
			assert.Equal(t, "token from-source", sent, want)
		}
	}
	for _, opt := range []pulumiapi.Option{
		pulumiapi.WithTokenSource(nil), pulumiapi.WithTokenSource(pulumiapi.TokenSourceFunc(nil)), pulumiapi.WithTokenSource((*issuer)(nil)), pulumiapi.WithTokenSource((*pulumiapi.OIDCTokenSource)(nil)),
		pulumiapi.WithTokenSource(new(pulumiapi.OIDCTokenSource)), pulumiapi.WithRateLimiter(nil), pulumiapi.WithRateLimiter((*testkit.SlowLimiter)(nil)),
	} {
		_, err := pulumiapi.NewClient(opt)
		var refused *pulumiapi.ArgumentError
		require.ErrorAs(t, err, &refused)
	}
}
