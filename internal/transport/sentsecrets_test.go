package transport

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// hides reports whether what was sent is looked for in another response.
func (s *sentSecrets) hides(secret string) bool {
	return s.appendTo(nil, time.Now()).Redact("x "+secret) == "x "+redacted
}

func secretNumber(i int) string { return fmt.Sprintf("secret-number-%04d", i) }

func TestSentSecrets_AreForgottenAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent sentSecrets
		body := BytesBody(nil, secretNumber(1))
		sent.remember(&http.Request{Header: http.Header{"Authorization": {"token " + secretNumber(0)}}}, &body)
		time.Sleep(memoryOfSecret - time.Second)
		assert.True(t, sent.hides(secretNumber(0)))
		assert.True(t, sent.hides(secretNumber(1)))
		sent.add(secretNumber(1), time.Now())
		time.Sleep(time.Second)
		assert.False(t, sent.hides(secretNumber(0)))
		assert.True(t, sent.hides(secretNumber(1)), "it was sent again")
		sent.add(secretNumber(2), time.Now())
		assert.Len(t, sent.load(), 2, "what is forgotten is not kept")
	})
}

func TestSentSecrets_AreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent sentSecrets
		for i := range 1000 {
			sent.add(secretNumber(i), time.Now())
			sent.add("the-token-of-all-calls", time.Now())
			time.Sleep(time.Second)
			assert.LessOrEqual(t, len(sent.load()), maxSentSecrets)
		}
		assert.True(t, sent.hides("the-token-of-all-calls"), "it was sent last, each time")
		assert.True(t, sent.hides(secretNumber(999)))
		assert.False(t, sent.hides(secretNumber(999-maxSentSecrets)))

		sent.add(strings.Repeat("x", longestSecret+1), time.Now())
		sent.add("short", time.Now())
		assert.False(t, sent.hides(strings.Repeat("x", longestSecret+1)))
		assert.False(t, sent.hides("short"), "it stands in ordinary texts")
	})
}

func TestSentSecrets_AtOnce(t *testing.T) {
	t.Parallel()
	var sent sentSecrets
	var calls sync.WaitGroup
	for i := range 16 {
		calls.Go(func() {
			for n := range 200 {
				sent.add(secretNumber(n%32), time.Now())
				assert.True(t, sent.hides(secretNumber(n%32)), "%d", i)
			}
		})
	}
	calls.Wait()
	assert.Len(t, sent.load(), 32)
}

// A token that is sent again and again costs no memory.
func TestSentSecrets_RememberingAgainAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	var sent sentSecrets
	body := BytesBody(nil, secretNumber(1))
	req := &http.Request{Header: http.Header{"Authorization": {"token " + secretNumber(0)}}}
	sent.remember(req, &body)
	assert.Zero(t, testing.AllocsPerRun(100, func() { sent.remember(req, &body) }))
}
