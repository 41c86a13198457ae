package pulumiapitest

import (
	"net/http"
	"strconv"
	"time"
)

// rateLimit lets so many requests through in a time: all of them at once after a
// pause, and evenly spread after that.
type rateLimit struct {
	requests int
	interval time.Duration // in which one request more may come
	full     time.Time     // when the limit is as if nothing had ever come
}

// LimitRate answers requests with 429 while more than so many come in a time. All of
// them may come at once. After that each may come as soon as its share of the time has
// passed. The header Retry-After of the response says, in whole seconds, how long to
// wait. A request that is rejected has no effect, and does not count. LimitRate(0, 0)
// ends the limit.
//
// The limit is one for all clients and endpoints, whatever token they use.
func (s *Server) LimitRate(requests int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = nil
	if requests > 0 && per > 0 {
		s.rate = &rateLimit{requests: requests, interval: per / time.Duration(requests)}
	}
}

// take counts a request, and fails if it comes too early.
func (l *rateLimit) take(now time.Time) error {
	if l == nil {
		return nil
	}
	full := l.full
	if full.Before(now) {
		full = now
	}
	wait := full.Sub(now) - time.Duration(l.requests-1)*l.interval
	if wait <= 0 {
		l.full = full.Add(l.interval)
		return nil
	}
	seconds := (wait + time.Second - 1) / time.Second
	return &statusError{
		status:  http.StatusTooManyRequests,
		message: "Too many requests: the rate limit is exceeded",
		header:  http.Header{"Retry-After": {strconv.FormatInt(int64(seconds), 10)}},
	}
}
