package transport

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How many secrets a client remembers, how long one may be, and for how long it is
// remembered after it was sent last.
const (
	maxSentSecrets = 64
	longestSecret  = 16 << 10
	memoryOfSecret = 10 * time.Minute
)

// sentSecrets remembers the secrets that a client has sent lately: a server may send
// one back to another attempt, or to another call. It is safe for concurrent use.
type sentSecrets struct {
	mu sync.Mutex // held by those who replace list
	// list is never changed, but replaced.
	list atomic.Pointer[[]*sentSecret]
}

type sentSecret struct {
	text  string
	forms Redactor
	last  atomic.Int64 // when it was sent, in nanoseconds of Unix time
}

func (s *sentSecret) isFresh(now time.Time) bool {
	return now.UnixNano()-s.last.Load() < int64(memoryOfSecret)
}

func (s *sentSecrets) load() []*sentSecret {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// remember takes note of the secrets in a request that is about to be sent.
func (s *sentSecrets) remember(req *http.Request, body *Body) {
	now := time.Now()
	for _, value := range req.Header["Authorization"] {
		s.add(tokenOf(value), now)
	}
	for _, secret := range body.secrets {
		s.add(secret, now)
	}
}

func (s *sentSecrets) add(secret string, now time.Time) {
	if len(secret) < shortestSecret || len(secret) > longestSecret || s.touch(secret, now) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.touch(secret, now) {
		return
	}
	list := slices.DeleteFunc(slices.Clone(s.load()), func(old *sentSecret) bool { return !old.isFresh(now) })
	if len(list) >= maxSentSecrets {
		oldest := 0
		for i, old := range list {
			if old.last.Load() < list[oldest].last.Load() {
				oldest = i
			}
		}
		list = slices.Delete(list, oldest, oldest+1)
	}
	added := &sentSecret{text: secret, forms: Redactor(nil).with(secret)}
	added.last.Store(now.UnixNano())
	list = append(list, added)
	s.list.Store(&list)
}

// touch reports whether the secret is in the list, and notes that it is sent again.
func (s *sentSecrets) touch(secret string, now time.Time) bool {
	for _, known := range s.load() {
		if known.text == secret {
			known.last.Store(now.UnixNano())
			return true
		}
	}
	return false
}

// appendTo appends what to look for to forms.
func (s *sentSecrets) appendTo(forms Redactor, now time.Time) Redactor {
	if s == nil {
		return forms
	}
	for _, secret := range s.load() {
		if !secret.isFresh(now) {
			continue
		}
		for _, form := range secret.forms {
			if !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	return forms
}
