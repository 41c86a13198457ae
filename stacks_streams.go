package pulumiapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// ExportTo writes a stack's state to w as it comes, without holding it, and
// returns how many bytes it has written: a JSON object with the members of
// [StackState], which [StacksService.ImportFrom] takes back.
//
// A state that breaks off is an error that says after how many bytes. It is
// fetched again only as long as nothing has been written. An answer that is
// short, but claims to be whole, is noticed unless it happens to end behind a
// closing brace: the JSON is not parsed, unless all of it is shorter than 32 KiB.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/export
func (s *StacksService) ExportTo(ctx context.Context, id StackIdentifier, w io.Writer) (int64, error) {
	if isNil(w) {
		return 0, &ArgumentError{Name: "w", Reason: "is nil"}
	}
	var written int64
	r := call{endpoint: stackExportEndpoint, args: id.pathArgs()}
	r.receive = func(resp *http.Response) error {
		state, err := r.openState(resp)
		if err != nil {
			return err
		}
		written, err = copyBody(state, w)
		return err
	}
	_, err := s.client.send(ctx, r)
	return written, err
}

// ImportFrom replaces a stack's state, as [StacksService.Import] does, by what r
// holds from its present position on: what [StacksService.ExportTo] has written.
// It is sent as it is read, and what it holds is left to the service to judge. A
// reader that fails ends the call with its error.
//
// The request is sent again, where [StacksService.Import] would be, only if r is
// an [io.Seeker], too.
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/import
func (s *StacksService) ImportFrom(ctx context.Context, id StackIdentifier, r io.Reader) (*StackImport, error) {
	if isNil(r) {
		return nil, &ArgumentError{Name: "r", Reason: "is nil"}
	}
	return fetch[StackImport](ctx, s.client, call{
		endpoint: stackImportEndpoint, args: id.pathArgs(), body: transport.ReaderBody(r),
	})
}

// ExportResources walks the resources of a stack's state, in its order, while the
// state comes: no more than one of them is held at a time, however large it is.
// The sequence yields a nil resource with the first error, and ends. Leaving the
// loop ends the request. Each time it is ranged over, the state is fetched anew.
//
// A state of a version that [StackState.Decode] refuses, or without a deployment,
// is an error. A state that breaks off, or turns out to be no JSON, is one, too,
// behind the resources that came whole; it is fetched again only as long as none
// has been yielded.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/export
func (s *StacksService) ExportResources(ctx context.Context, id StackIdentifier) iter.Seq2[*StateResource, error] {
	return func(yield func(*StateResource, error) bool) {
		r := call{endpoint: stackExportEndpoint, args: id.pathArgs()}
		limit := s.client.limits.other
		r.receive = func(resp *http.Response) error { return r.receiveResources(resp, limit, yield) }
		if _, err := s.client.send(ctx, r); err != nil {
			yield(nil, err)
		}
	}
}

// stateStart is how much of a state is looked at before any of it is handed on.
// A buffer of this size is what [io.Copy] reads into, too, so that it is passed by.
const stateStart = 32 << 10

// openState begins to read an answer, so that one that is broken from the start,
// or is no state, can still be told from a good one. It closes what it refuses.
func (r call) openState(resp *http.Response) (*stateReader, error) {
	body := bufio.NewReaderSize(resp.Body, stateStart)
	if mark, _ := body.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = body.Discard(len(mark)) // it is there
	}
	start, err := body.Peek(stateStart)
	switch {
	case errors.Is(err, io.EOF):
		// This is all of it.
		err = r.decoding.whole(resp, start, new(StackState), jsonx.Decode)
	case err != nil:
		err = cutOff(int64(len(start)), err)
	case !bytes.HasPrefix(trimStart(start), []byte("{")):
		err = r.decoding.unexpected("JSON", resp, start)
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return &stateReader{reader: body, closer: resp.Body}, nil
}

// errUnfinished is what a state ends with that is shorter than it was, although
// nothing on the way says so.
var errUnfinished = fmt.Errorf("it ends without a closing brace: %w", io.ErrUnexpectedEOF)

// stateReader reads a state, and doesn't take just any end of it for the end.
type stateReader struct {
	reader io.Reader
	closer io.Closer
	read   int64
	last   byte  // that is no white space
	err    error // what reading ended with, if that is not the end

	// offset, unless nil, is how much of what was read is not held any more, and
	// atMost how much may be.
	offset func() int64
	atMost int64
}

// errLongPart is the error of a state of which one part is too long to be held.
var errLongPart = errors.New("a part of the state is longer than what is read into memory (WithMaxAnswer)")

func (s *stateReader) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	s.read += int64(n)
	if s.offset != nil && s.read-s.offset() > s.atMost {
		s.err = errLongPart
		return 0, s.err
	}
	if text := bytes.TrimRight(p[:n], " \t\r\n"); len(text) > 0 {
		s.last = text[len(text)-1]
	}
	if errors.Is(err, io.EOF) {
		if s.last == '}' {
			return n, io.EOF
		}
		err = errUnfinished
	}
	s.err = err
	return n, err
}

func (s *stateReader) Close() error { return s.closer.Close() }

// receiveResources yields the resources of the state that is the answer.
func (r call) receiveResources(resp *http.Response, limit int64, yield func(*StateResource, error) bool) error {
	state, err := r.openState(resp)
	if err != nil {
		return err
	}
	defer func() { _ = state.Close() }() // also when the caller's loop panics
	walk := resourceWalk{stream: jsonx.NewStream(state), yield: yield}
	times := unreadableTimes{resp: resp}
	jsonx.MendIn[Timestamp](walk.stream, times.found)
	defer times.end()
	state.atMost = limit
	state.offset = walk.stream.Offset
	err = walk.state()
	switch {
	case errors.Is(err, errLoopLeft):
		return nil
	case errors.Is(state.err, errLongPart):
		err = transport.Permanent(state.err)
	case state.err != nil:
		err = cutOff(state.read, state.err)
	case jsonx.IsTruncated(err):
		err = cutOff(state.read, io.ErrUnexpectedEOF)
	case jsonx.IsTooDeep(err):
		err = errTooDeep
	case jsonx.IsSyntaxError(err):
		err = fmt.Errorf("the answer is not JSON: what begins like it ends to be after %d bytes", walk.stream.Offset())
	case jsonx.IsShapeError(err):
		err = r.decoding.otherForm(resp, err)
	}
	if err != nil && walk.yielded {
		// The caller has a part of it already.
		return transport.Permanent(err)
	}
	return err
}

// errLoopLeft says that the caller wants no more.
var errLoopLeft = errors.New("the loop was left")

// resourceWalk walks the resources of a state.
type resourceWalk struct {
	stream  *jsonx.Stream
	yield   func(*StateResource, error) bool
	yielded bool
}

// state reads all of the state, whatever the order of its members.
func (w *resourceWalk) state() error {
	var (
		version       int
		hasDeployment bool
	)
	err := w.stream.Object(func(name string) error {
		switch name {
		case "version":
			if err := w.stream.Decode(&version); err != nil {
				return err
			}
			return checkStateVersion(version)
		case "deployment":
			null, err := w.stream.Null()
			if null || err != nil {
				return err
			}
			hasDeployment = true
			return w.deployment()
		}
		return w.stream.Skip()
	})
	if err == nil {
		err = w.stream.End()
	}
	if err == nil {
		err = checkStateVersion(version) // there may have been none
	}
	if err == nil && !hasDeployment {
		err = errNoDeployment
	}
	return err
}

func (w *resourceWalk) deployment() error {
	return w.stream.Object(func(name string) error {
		if name != "resources" {
			return w.stream.Skip()
		}
		null, err := w.stream.Null()
		if null || err != nil {
			return err
		}
		return w.stream.Array(w.resource)
	})
}

func (w *resourceWalk) resource() error {
	resource := new(StateResource)
	if err := w.stream.Decode(resource); err != nil {
		return err
	}
	w.yielded = true
	if !w.yield(resource, nil) {
		return errLoopLeft
	}
	return nil
}
