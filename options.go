package pulumiapi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// Option configures a [Client]. Options may stand in any order; of two that set
// the same, the last one counts.
type Option func(*config) error

type config struct {
	baseURL         string
	token           Secret
	tokenSource     TokenSource
	storedLogin     *storedLogin // one that can renew its token
	fromEnvironment bool
	httpClient      *http.Client
	userAgent       string
	logger          *slog.Logger
	observer        Observer
	retry           RetryPolicy
	limiter         RateLimiter
	limits          answerLimits
}

// WithToken sets the access token. It goes before what [FromEnvironment] finds,
// and takes the place of [WithTokenSource].
func WithToken(token string) Option {
	return func(c *config) error {
		secret, err := checkToken("WithToken", token)
		c.token, c.tokenSource = secret, nil
		return err
	}
}

// checkToken returns token as a secret, unless it can't stand in a header.
func checkToken(name, token string) (Secret, error) {
	if token == "" {
		return Secret{}, &ArgumentError{Name: name, Reason: "the token is empty"}
	}
	for _, r := range token {
		if r <= ' ' || r >= 0x7f {
			return Secret{}, &ArgumentError{
				Name:   name,
				Reason: "the token holds a space, a line break or another character that no token has",
			}
		}
	}
	return NewSecret(token), nil
}

// WithBaseURL sets the service's address, which is https://api.pulumi.com
// otherwise. A path in it is kept: with "https://example.com/pulumi", requests
// go to "https://example.com/pulumi/api/…". The host is converted to lower case. An
// international host name must be in its ASCII form ("xn--…").
func WithBaseURL(baseURL string) Option {
	return func(c *config) error {
		_, err := parseBaseURL("WithBaseURL", baseURL)
		c.baseURL = baseURL
		return err
	}
}

// parseBaseURL reads the service's address. name is where it comes from.
func parseBaseURL(name, text string) (*url.URL, error) {
	base, err := url.Parse(text)
	// What can't be read may hold a password.
	if err != nil {
		return nil, &ArgumentError{Name: name, Reason: "is not a URL"}
	}
	if base.User != nil {
		return nil, &ArgumentError{Name: name, Reason: "must not hold a user or a password"}
	}
	var reason string
	switch {
	case base.Scheme != "http" && base.Scheme != "https":
		reason = "must begin with https:// or http://"
	case base.Hostname() == "":
		reason = "has no host"
	case base.RawQuery != "" || base.ForceQuery:
		reason = "must not have a query"
	case base.Fragment != "" || strings.Contains(text, "#"):
		reason = "must not have a fragment"
	case !isASCII(base.Host):
		reason = "must have a host of ASCII characters: write an international one in the form that begins with xn--"
	case hasDotSegment(base.Path):
		reason = `must not have "." or ".." in its path`
	}
	if reason != "" {
		// Nor is what was read as something else than a user or a query shown.
		// A text that is no address at all may be a token in the wrong place.
		if strings.ContainsAny(text, "@?#") || !strings.Contains(text, "://") {
			text = ""
		}
		return nil, newArgumentError(name, text, reason)
	}
	host, _, _ := strings.Cut(base.Host, "%") // an IPv6 zone follows, which has a spelling of its own
	base.Host = strings.TrimSuffix(strings.ToLower(host)+base.Host[len(host):], ":")
	// Only slashes that are separators: "%2F" at the end is part of a name.
	base.RawPath = strings.TrimRight(base.EscapedPath(), "/")
	if base.Path, err = url.PathUnescape(base.RawPath); err != nil {
		return nil, &ArgumentError{Name: name, Reason: "is not a URL"}
	}
	return base, nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// WithHTTPClient makes the client use hc's Transport, Timeout and Jar. hc is
// copied and not changed. Timeout limits each attempt, not a call as a whole,
// and cuts an export that takes longer.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return &ArgumentError{Name: "WithHTTPClient", Reason: "is nil"}
		}
		c.httpClient = hc
		return nil
	}
}

// WithUserAgent names the program to the service, as "acme-inventory/1.2".
// The package's own name follows it.
func WithUserAgent(userAgent string) Option {
	return func(c *config) error {
		for _, r := range userAgent {
			if r < ' ' || r >= 0x7f {
				return newArgumentError("WithUserAgent", userAgent, "holds a character that a header can't carry")
			}
		}
		if strings.TrimSpace(userAgent) == "" {
			return &ArgumentError{Name: "WithUserAgent", Reason: "is empty"}
		}
		c.userAgent = strings.TrimSpace(userAgent) + " pulumiapi/" + version
		return nil
	}
}

// WithLogger makes the client write one record an attempt at level Debug, and
// warnings at level Warn: the service's, and that of [FromEnvironment] about a
// credentials file that others may read. Without it the client is silent.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return &ArgumentError{Name: "WithLogger", Reason: "is nil"}
		}
		c.logger = logger
		return nil
	}
}

// WithMaxAnswer sets how long a JSON answer may be, in bytes after decompression:
// unless set, 64 MiB, and 1 GiB for a stack's state ([StacksService.Export]). A
// longer one is a [*CallError] that says so, and is not read further. What streams
// has no limit: [StacksService.ExportTo], [StacksService.ExportResources], and an
// audit log's export.
func WithMaxAnswer(size int64) Option {
	return func(c *config) error {
		if size <= 0 {
			return newArgumentError("WithMaxAnswer", strconv.FormatInt(size, 10), "must be positive")
		}
		size = min(size, math.MaxInt64-1)
		c.limits = answerLimits{state: size, other: size}
		return nil
	}
}

// WithRetry changes how failed requests are sent again.
func WithRetry(policy RetryPolicy) Option {
	return func(c *config) error {
		c.retry = policy
		return policy.check()
	}
}

// isNil reports whether there is nothing in v, or a nil pointer, function, map or
// channel.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		return value.IsNil()
	default:
		return false
	}
}

// RateLimiter spaces out requests: a *rate.Limiter of golang.org/x/time does.
type RateLimiter interface {
	// Wait returns when the next request may be sent, or with an error when it
	// must not. It is called by several goroutines at a time.
	Wait(ctx context.Context) error
}

// WithRateLimiter makes each attempt of each call, retries included, wait for
// limiter before it is sent:
//
//	pulumiapi.WithRateLimiter(rate.NewLimiter(rate.Every(100*time.Millisecond), 5))
//
// Several clients may share one limiter. The wait counts against the context's
// deadline, but not against the http.Client's Timeout. If limiter fails, so does
// the call, with a [*CallError].
func WithRateLimiter(limiter RateLimiter) Option {
	return func(c *config) error {
		if isNil(limiter) {
			return &ArgumentError{Name: "WithRateLimiter", Reason: "is nil"}
		}
		c.limiter = limiter
		return nil
	}
}

// RetryPolicy says how failed requests are sent again. Zero fields mean the
// defaults.
//
// Every request is sent again if its connection failed before anything was
// written. Reads, PUT, DELETE, and the writes whose [Endpoint] is Idempotent are
// also sent again after a status 429 or 5xx, a connection that broke, and a
// response that was cut off. Any other POST or PATCH that may have been carried out
// is not: its error is [ErrOutcomeUnknown].
//
// A 429 with a Retry-After of at most MaxWait pauses the whole client: its other
// calls wait until then, too, and then go out one after the other. A call that has
// waited for MaxWait does not wait for further pauses. A call whose deadline is
// before the end of the pause fails at once; if it was not sent at all, its error is
// [ErrRateLimited].
type RetryPolicy struct {
	// MaxAttempts is how often a request is sent at most, the first time
	// counted: 4 by default, 1 for no retry. An attempt that only showed that its
	// token had to be renewed ([WithTokenSource]) is not counted. Nor is a 429 that
	// pauses the client, if the service has served another of the client's calls
	// since it last refused this one so: up to ten such refusals for each attempt
	// of MaxAttempts.
	MaxAttempts int
	// MinWait is the longest first wait: 500 ms by default. It doubles with
	// each attempt, and each wait is shortened at random by up to a half.
	MinWait time.Duration
	// MaxWait is the longest wait: 30 s by default, or MinWait if that is
	// longer. If the service asks to wait longer than this, or if a wait would
	// outlast the context's deadline, the call fails at once, and the error
	// says how long the service asked to wait.
	MaxWait time.Duration
	// Budget bounds the retries of all calls of a client together, so that many
	// of them don't storm a service that is overloaded: ten, and this many for
	// each call; 0.2 by default, which is 20 % of the calls. It refills with calls,
	// and never holds more than ten retries. A call that is not tried again
	// because of it has an error that is [ErrRetryBudget]. Negative is no bound;
	// more than 100 is refused. A retry after a 429 that pauses the client costs
	// nothing.
	Budget float64
	// RetryThrottledWrites makes the client retry every POST and PATCH that got a
	// 429, not only those whose [Endpoint] is Idempotent. It is for bulk jobs that
	// prefer a possible duplicate to a failure: the service may answer with a 429
	// after it has done a part of the work, so that the retry may create a second
	// resource, or fail with [ErrConflict] because of the first attempt. The error of a write that fails in the end is still
	// [ErrOutcomeUnknown]. Other failures of these writes are not retried, nor is an
	// endpoint with NoRetry.
	RetryThrottledWrites bool
}

// maxRetryWait keeps sums of waits from overflowing.
const maxRetryWait = 365 * 24 * time.Hour

// maxRetryBudget is more retries a call than any policy makes.
const maxRetryBudget = 100

func (p RetryPolicy) check() error {
	switch {
	case p.MaxAttempts < 0:
		return newArgumentError("WithRetry", fmt.Sprint(p.MaxAttempts), "MaxAttempts is negative")
	case p.MinWait < 0:
		return newArgumentError("WithRetry", p.MinWait.String(), "MinWait is negative")
	case p.MaxWait < 0:
		return newArgumentError("WithRetry", p.MaxWait.String(), "MaxWait is negative")
	case p.MinWait > maxRetryWait || p.MaxWait > maxRetryWait:
		return newArgumentError("WithRetry", max(p.MinWait, p.MaxWait).String(), "a wait is longer than a year")
	case p.MaxWait > 0 && p.MinWait > p.MaxWait:
		return newArgumentError("WithRetry", p.MinWait.String(), "MinWait is longer than MaxWait")
	case math.IsNaN(p.Budget) || p.Budget > maxRetryBudget:
		return newArgumentError("WithRetry", fmt.Sprint(p.Budget), "Budget must be at most 100")
	}
	return nil
}

// complete returns the policy with the defaults filled in.
func (p RetryPolicy) complete() transport.RetryPolicy {
	minWait := p.MinWait
	if minWait == 0 {
		minWait = 500 * time.Millisecond
		if p.MaxWait > 0 {
			minWait = min(minWait, p.MaxWait)
		}
	}
	return transport.RetryPolicy{
		MaxAttempts: cmp.Or(p.MaxAttempts, 4),
		MinWait:     minWait,
		MaxWait:     cmp.Or(p.MaxWait, max(30*time.Second, minWait)),
		Budget:      cmp.Or(max(p.Budget, -1), 0.2),

		ThrottledWrites: p.RetryThrottledWrites,
	}
}
