package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// How long anything may take. The sender gives up after ten seconds.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = 20 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 10 * time.Second
	maxHeader       = 64 << 10 // bytes
)

// server receives deliveries.
type server struct {
	http     *http.Server
	listener net.Listener
	out      *program.Output
	mu       sync.Mutex // for what is printed: deliveries come at the same time
}

// newServer returns a server that listens already.
func newServer(ctx context.Context, addr, path string, secrets []pulumiapi.Secret, out *program.Output) (*server, error) {
	s := &server{out: out}
	receiver, err := pulumiapi.NewWebhookHandler(secrets, pulumiapi.WebhookHandlers{
		// With a function for a kind, such as StackUpdate, that kind's events would go there.
		Other:  s.print,
		Logger: slog.New(slog.NewTextHandler(stderr{s}, nil)),
	})
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           s.tellRefusals(at(path, receiver)),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.NewTextHandler(stderr{s}, nil), slog.LevelWarn),
	}
	var config net.ListenConfig
	s.listener, err = config.Listen(ctx, "tcp", addr)
	return s, err
}

// at answers for one path only.
func at(path string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// run receives until the context ends, and lets what is under way then end.
func (s *server) run(ctx context.Context) error {
	s.out.Say("webhookreceiver: listening on %s", s.listener.Addr()) // the first to write there
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("%w: deliveries were cut off", errors.Join(err, s.http.Close()))
	}
	return nil
}

// print prints an event. If that fails, the sender learns it.
func (s *server) print(_ context.Context, event *pulumiapi.WebhookEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := fmt.Fprintln(s.out.Stdout, time.Now().Format(time.TimeOnly)+"  "+summary(event))
	return err
}

// tellRefusals tells of requests that were answered with something else than that
// all is well.
func (s *server) tellRefusals(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(answer, r)
		if answer.status >= http.StatusBadRequest {
			_, _ = fmt.Fprintf(stderr{s}, "%s  refused with status %d: %s %s from %s\n", time.Now().Format(time.TimeOnly),
				answer.status, program.Cut(program.Printable(r.Method), 20), program.Cut(program.Printable(r.URL.Path), 100), r.RemoteAddr)
		}
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns what is below, for those who ask for more than an answer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// stderr is the standard error, on which everybody takes turns.
type stderr struct{ server *server }

// Write writes.
func (w stderr) Write(text []byte) (int, error) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	return w.server.out.Stderr.Write(text)
}
