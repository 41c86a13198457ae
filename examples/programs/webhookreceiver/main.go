// Webhookreceiver receives the deliveries of Pulumi Cloud's webhooks, verifies their
// signatures, and prints a line for each. Without an address to listen on, it tests
// itself against a Pulumi Cloud in memory.
//
//	go -C examples/programs run ./webhookreceiver                                    # the test of itself
//	WEBHOOK_SECRET=… go -C examples/programs run ./webhookreceiver -addr :8080       # the receiver
package main

import (
	"context"
	"flag"
	"net"
	"strings"

	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

const help = `Receives the deliveries of webhooks (of the format "raw"), verifies that they are
signed with the webhook's secret, and prints a line for each. A delivery that was
printed is not printed again if it comes once more, while the program runs; one that
could not be printed is answered with status 500, so that it can be delivered again.

  webhookreceiver                     test itself against a Pulumi Cloud in memory
  WEBHOOK_SECRET=… webhookreceiver -addr :8080

Flags:
  -addr host:port    where to listen; needed to receive anything
  -path /path        the path that deliveries go to (default /)
  -secret-file file  a file with the secret: one in each line, all of which are
                     good, while a secret is being changed. A relative name is
                     relative to the program's folder if it is run with "go -C"
  -selftest          test itself: register at a Pulumi Cloud in memory, be pinged,
                     and show what came; what is done without -addr, too
  -h                 show this help

The secret is taken from the environment variable WEBHOOK_SECRET or from
-secret-file, never from the command line, which everybody on the machine can read.
It speaks HTTP: put it behind something that speaks HTTPS.

What is refused is told on the standard error. Ctrl-C, or SIGTERM, lets what is
under way end, for at most 10 seconds.

Exit status: 0 if it was told to end or the test went well, 1 if something failed, 2
for a wrong command line.
`

// settings is the command line.
type settings struct {
	addr, path, secretFile string
	selftest               bool
}

func main() {
	var s settings
	program.Main(program.Program{Name: "webhookreceiver", Help: help, Flags: s.flags, Check: s.check, Run: s.run})
}

func (s *settings) flags(flags *flag.FlagSet) {
	flags.StringVar(&s.addr, "addr", "", "")
	flags.StringVar(&s.path, "path", "/", "")
	flags.StringVar(&s.secretFile, "secret-file", "", "")
	flags.BoolVar(&s.selftest, "selftest", false, "")
}

func (s *settings) check(args []string) error {
	if err := program.NoArguments(args); err != nil {
		return err
	}
	switch _, _, err := net.SplitHostPort(s.addr); {
	case !strings.HasPrefix(s.path, "/") || strings.ContainsAny(s.path, "?#"):
		return program.Usagef("-path must begin with /, and end before any ? or #: %q", s.path)
	case s.addr != "" && err != nil:
		return program.Usagef("-addr must be host:port, or :port for all of the machine's addresses: %q", s.addr)
	case s.selftest && s.secretFile != "":
		return program.Usagef("-selftest makes up a secret of its own, and needs no -secret-file")
	case s.addr == "" && s.secretFile != "":
		return program.Usagef("-secret-file needs an address to listen on: add -addr")
	}
	return nil
}

func (s *settings) run(ctx context.Context, out *program.Output) error {
	if s.selftest || s.addr == "" {
		return s.test(ctx, out)
	}
	secrets, err := readSecrets(s.secretFile)
	if err != nil {
		return err
	}
	srv, err := newServer(ctx, s.addr, s.path, secrets, out)
	if err != nil {
		return err
	}
	return srv.run(ctx)
}
