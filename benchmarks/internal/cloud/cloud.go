// Package cloud is a Pulumi Cloud to measure clients against. It answers what the
// workloads ask, always the same, from bytes that were made beforehand: it costs
// little, and as much for one client as for another.
package cloud

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

// The page sizes of the lists, whatever is asked for.
const (
	StacksPage  = 100
	UpdatesPage = 100
	EventsPage  = 1000
	AuditPage   = 1000
)

// Load is what a workload meets.
type Load struct {
	// Items is the length of every list, a multiple of the list's page.
	Items int
	// StateBytes is about how long the state is that a stack exports.
	StateBytes int64
	// Latency passes before each answer.
	Latency time.Duration
	// Gzip compresses the state.
	Gzip bool
}

// Server serves any number of loads, each below a path of its own.
type Server struct {
	http     *http.Server
	address  string
	stopped  chan struct{}
	contents *contents

	mu    sync.RWMutex
	loads map[string]*prepared // by the first part of the path
	made  int
}

// prepared is a load with what it needs.
type prepared struct {
	Load
	state state
}

// Start returns a Server that listens on a port of this machine.
func Start() (*Server, error) {
	contents, err := newContents()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait for anything
	if err != nil {
		return nil, err
	}
	s := &Server{
		address:  listener.Addr().String(),
		stopped:  make(chan struct{}),
		contents: contents,
		loads:    map[string]*prepared{},
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.stopped)
		_ = s.http.Serve(listener) // until Close
	}()
	return s, nil
}

// Close stops the server.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.stopped
	return err
}

// URL returns the base URL below which the server serves the load.
func (s *Server) URL(load Load) (string, error) {
	p := &prepared{Load: load, state: newState(s.contents.resources, load.StateBytes)}
	if load.Gzip {
		if err := p.state.compress(); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	name := strconv.Itoa(s.made)
	s.loads[name] = p
	return "http://" + s.address + "/" + name, nil
}

// Forget lets go of what the server keeps for the load at the URL.
func (s *Server) Forget(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.loads, path.Base(base))
}

func (s *Server) load(r *http.Request) (*prepared, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.loads[r.PathValue("load")]
	if !ok {
		return nil, errors.New("there is no such load")
	}
	return p, nil
}

func (s *Server) routes() http.Handler {
	const stack = "/{load}/api/stacks/{org}/{project}/{stack}"
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(w http.ResponseWriter, r *http.Request, p *prepared) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			p, err := s.load(r)
			if err == nil {
				time.Sleep(p.Latency)
				err = answer(w, r, p)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		})
	}
	handle("GET "+stack, func(w http.ResponseWriter, _ *http.Request, _ *prepared) error {
		write(w, s.contents.stack)
		return nil
	})
	handle("POST "+stack+"/tags", func(w http.ResponseWriter, r *http.Request, _ *prepared) error {
		_, err := io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
		return err
	})
	handle("GET "+stack+"/export", func(w http.ResponseWriter, _ *http.Request, p *prepared) error {
		p.state.write(w)
		return nil
	})
	handle("GET "+stack+"/updates", func(w http.ResponseWriter, r *http.Request, p *prepared) error {
		return s.contents.updates.numberedPage(w, r, p.Items)
	})
	handle("GET "+stack+"/update/{update}/events", func(w http.ResponseWriter, r *http.Request, p *prepared) error {
		return s.contents.events.tokenPage(w, r, p.Items)
	})
	handle("GET /{load}/api/user/stacks", func(w http.ResponseWriter, r *http.Request, p *prepared) error {
		return s.contents.stacks.tokenPage(w, r, p.Items)
	})
	handle("GET /{load}/api/orgs/{org}/auditlogs/v2", func(w http.ResponseWriter, r *http.Request, p *prepared) error {
		return s.contents.audit.tokenPage(w, r, p.Items)
	})
	return mux
}

// write sends the parts as one JSON body.
func write(w http.ResponseWriter, parts ...[]byte) {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	for _, part := range parts {
		_, _ = w.Write(part)
	}
}

// list is a list of any length: its pages are a few, over and over.
type list struct {
	pageSize int
	starts   [][]byte // of pages, up to the end of their items
}

func (l *list) pages(items int) (int, error) {
	if items <= 0 || items%l.pageSize != 0 {
		return 0, fmt.Errorf("%d items are no number of whole pages of %d", items, l.pageSize)
	}
	return items / l.pageSize, nil
}

// tokenPage answers with the page that the token names, which is its number,
// from 0.
func (l *list) tokenPage(w http.ResponseWriter, r *http.Request, items int) error {
	pages, err := l.pages(items)
	if err != nil {
		return err
	}
	number := 0
	if token := r.URL.Query().Get("continuationToken"); token != "" {
		if number, err = strconv.Atoi(token); err != nil || number <= 0 || number >= pages {
			return fmt.Errorf("the token %q was not given out", token)
		}
	}
	end := []byte(`],"continuationToken":null}`)
	if number+1 < pages {
		end = fmt.Appendf(nil, `],"continuationToken":"%d"}`, number+1)
	}
	write(w, l.starts[number%len(l.starts)], end)
	return nil
}

// numberedPage answers with the page of the number that is asked for, from 1.
func (l *list) numberedPage(w http.ResponseWriter, r *http.Request, items int) error {
	pages, err := l.pages(items)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > pages {
		return errors.New("there is no such page")
	}
	write(w, l.starts[number%len(l.starts)], fmt.Appendf(nil, `],"itemsPerPage":%d,"total":%d}`, l.pageSize, items))
	return nil
}

// state is a stack's state of any length: its resources are a few, over and
// over, so that it need not be in memory as a whole.
type state struct {
	start, repeated, end []byte
	times                int
	compressed           []byte
}

// newState returns a state of about the given length.
func newState(resources []byte, length int64) state {
	return state{
		start:    []byte(stateStart),
		repeated: append([]byte(","), resources...),
		end:      []byte(stateEnd),
		times:    int(length / int64(len(resources)+1)),
	}
}

func (s *state) length() int { return len(s.start) + s.times*len(s.repeated) + len(s.end) }

func (s *state) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if s.compressed != nil {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(s.compressed)))
		_, _ = w.Write(s.compressed)
		return
	}
	header.Set("Content-Length", strconv.Itoa(s.length()))
	_ = s.writeTo(w) // the client may have gone
}

func (s *state) writeTo(w io.Writer) error {
	if _, err := w.Write(s.start); err != nil {
		return err
	}
	for range s.times {
		if _, err := w.Write(s.repeated); err != nil {
			return err
		}
	}
	_, err := w.Write(s.end)
	return err
}

func (s *state) compress() error {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if err := s.writeTo(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	s.compressed = compressed.Bytes()
	return nil
}
