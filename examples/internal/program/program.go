// Package program is what the example programs have in common: how they start and
// end, which cloud they talk to, and how they write to a terminal.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/pulumiapi/pulumiapi"
)

// The exit statuses of all programs.
const (
	StatusOK = 0
	// StatusFailed says that something failed.
	StatusFailed = 1
	// StatusUsage says that the command line was wrong.
	StatusUsage = 2
	// StatusFound says that the program found what it was asked to look for.
	StatusFound = 3
)

// ErrFound is what a program returns that found what it was asked to look for,
// and has said so: the process ends with [StatusFound] and no message.
var ErrFound = errors.New("found what it was asked to look for")

// UsageError is a wrong command line.
type UsageError struct {
	Reason string
}

// Error returns the reason.
func (e *UsageError) Error() string { return e.Reason }

// Usagef returns a [*UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{Reason: fmt.Sprintf(format, args...)}
}

// Program is a program but for the process around it.
type Program struct {
	Name string
	// Help is what -h prints, to the last line feed.
	Help string
	// Flags declares the flags. Their usage is not printed: Help has it.
	Flags func(flags *flag.FlagSet)
	// Check says what is wrong with the flags, and with the arguments behind
	// them. Without it, there must be no arguments.
	Check func(args []string) error
	// Run does the job. What it returns decides on the exit status.
	Run func(ctx context.Context, out *Output) error
}

// Main runs a program as this process, and exits. The first interrupt, or SIGTERM,
// ends the context of Run, a second one the process.
func Main(p Program) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(p.main(ctx, os.Args[1:], newOutput(os.Stdout, os.Stderr)))
}

func (p Program) main(ctx context.Context, args []string, out *Output) int {
	err := p.parse(args)
	if err == nil {
		err = p.Run(ctx, out)
	}
	switch usage, wrong := errors.AsType[*UsageError](err); {
	case err == nil:
		return StatusOK
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out.Stdout, p.Help)
		if err == nil {
			return StatusOK
		}
	case wrong:
		say(out.Stderr, "%s: %s\nFor help: %[1]s -h\n", p.Name, Printable(usage.Reason))
		return StatusUsage
	case errors.Is(err, ErrFound):
		return StatusFound
	}
	say(out.Stderr, "%s: %s\n", p.Name, explain(err))
	return StatusFailed
}

// parse reads the command line.
func (p Program) parse(args []string) error {
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main writes what there is to say
	if p.Flags != nil {
		p.Flags(flags)
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return Usagef("%v", err)
	}
	if err := checkEmpty(flags); err != nil {
		return err
	}
	switch {
	case p.Check != nil:
		return p.Check(flags.Args())
	case flags.NArg() > 0:
		return NoArguments(flags.Args())
	}
	return nil
}

// checkEmpty returns what is wrong if a text was given that is empty. In a script, that
// is a variable that nobody has set, and not a wish for what happens without the flag.
func checkEmpty(flags *flag.FlagSet) (err error) {
	flags.Visit(func(f *flag.Flag) {
		if text, ok := f.Value.(flag.Getter); ok && text.Get() == "" {
			err = Usagef("-%s must not be empty", f.Name)
		}
	})
	return err
}

// NoArguments is the part of a Check that wants no arguments behind the flags.
func NoArguments(args []string) error {
	if len(args) > 0 {
		return Usagef("unexpected argument: %q", args[0])
	}
	return nil
}

// say writes a message; if that fails, there is nobody to tell.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

// explain returns an error as the user should see it: with what to do about it.
func explain(err error) string {
	text := Printable(err.Error())
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, pulumiapi.ErrUnauthorized):
		return text + "\nThe access token is not valid (any more): set PULUMI_ACCESS_TOKEN, or run `pulumi login`."
	case errors.Is(err, pulumiapi.ErrForbidden), errors.Is(err, pulumiapi.ErrNotFound):
		return text + "\nIs the name right, and may the token's user see what it names?"
	case errors.Is(err, pulumiapi.ErrRateLimited):
		return text + "\nThe service asks for patience: try again later."
	}
	return text
}
