package program

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is a line on the terminal that says how far a program is, and goes
// away. Where nobody is watching, it does nothing. Its methods may be called from
// any number of goroutines.
type Progress struct {
	bar *progressbar.ProgressBar
}

// unknown is the library's total of what has none.
const unknown = -1

// Progress returns a line for a job of so many steps; 0 if their number is not
// known. Call Done before anything else is written.
func (o *Output) Progress(total int, format string, args ...any) *Progress {
	if total <= 0 {
		total = unknown
	}
	return &Progress{bar: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(o.Stderr),
		progressbar.OptionSetVisibility(o.watched),
		progressbar.OptionSetDescription(describe(format, args)),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionShowCount(),
		progressbar.OptionSpinnerType(14), // dots
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Add says that so many more steps are done.
func (p *Progress) Add(steps int) { _ = p.bar.Add(steps) } // a terminal that has gone needs no progress

// SetTotal changes the number of steps.
func (p *Progress) SetTotal(total int) { p.bar.ChangeMax(total) }

// Describe changes what stands before the bar.
func (p *Progress) Describe(format string, args ...any) { p.bar.Describe(describe(format, args)) }

// Done removes the line. It may be called more than once.
func (p *Progress) Done() { _ = p.bar.Finish() }

func describe(format string, args []any) string {
	return Cut(Printable(fmt.Sprintf(format, args...)), 40)
}
