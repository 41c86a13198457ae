package transport

import "sync/atomic"

// budget bounds the retries of all of a client's calls together, so that a
// service which sheds load is not asked for more of it: ten, and so many for each
// first try. It holds never more than ten, as a good day is no reason to storm on
// a bad one.
type budget struct {
	unbounded bool
	perCall   int64        // millionths of a retry
	left      atomic.Int64 // millionths of a retry
}

const (
	oneRetry  = 1_000_000
	maxBudget = 10 * oneRetry
)

// newBudget returns a full budget that gains perCall retries with each call. If
// that is negative, it has no bounds.
func newBudget(perCall float64) *budget {
	b := &budget{unbounded: perCall < 0, perCall: int64(perCall * oneRetry)}
	b.left.Store(maxBudget)
	return b
}

// earn is called for each first try.
func (b *budget) earn() { b.add(b.perCall) }

// refund is called for a retry that was paid for, and then not sent.
func (b *budget) refund() { b.add(oneRetry) }

func (b *budget) add(amount int64) {
	for amount > 0 {
		left := b.left.Load()
		if left >= maxBudget || b.left.CompareAndSwap(left, min(left+amount, maxBudget)) {
			return
		}
	}
}

// spend reports whether there may be a retry, which is then paid for.
func (b *budget) spend() bool {
	if b.unbounded {
		return true
	}
	for {
		left := b.left.Load()
		if left < oneRetry {
			return false
		}
		if b.left.CompareAndSwap(left, left-oneRetry) {
			return true
		}
	}
}
