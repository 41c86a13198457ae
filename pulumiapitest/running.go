package pulumiapitest

import (
	"fmt"
	"time"
)

// RunningUpdate is an update that runs until the test finishes it, see
// [Server.StartUpdate]. Clients that watch it see what happens at once. Its
// methods may be called from any goroutine. They fail when the update has ended,
// which a client may have brought about by cancelling it.
type RunningUpdate struct {
	server *Server
	stack  *stack
	update *update
}

// RunningUpdate returns the update that runs on a stack now, whoever started it:
// [Server.StartUpdate], a client, or [Demo]. It fails if there is none.
func (s *Server) RunningUpdate(org, project, stack string) (*RunningUpdate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.seededStack(org, project, stack)
	if err != nil {
		return nil, err
	}
	if st.running == nil {
		return nil, fmt.Errorf("pulumiapitest: nothing runs on stack %q", st)
	}
	return &RunningUpdate{server: s, stack: st, update: st.running}, nil
}

// ID returns the update's ID.
func (r *RunningUpdate) ID() string { return r.update.id }

// Emit adds events. If one of them is refused, as [Server.AddUpdate] would, none
// is added.
func (r *RunningUpdate) Emit(events ...EngineEvent) error {
	return r.do(func() error {
		now := time.Now()
		recorded := make([]recordedEvent, len(events))
		for i, event := range events {
			var err error
			if recorded[i], err = recordEvent(event, now); err != nil {
				return fmt.Errorf("pulumiapitest: %w", err)
			}
		}
		r.update.record(recorded)
		return nil
	})
}

// Print adds lines to what the update has printed.
func (r *RunningUpdate) Print(lines ...OutputLine) error {
	return r.do(func() error {
		r.update.Output = append(r.update.Output, lines...)
		return nil
	})
}

// SetState gives the stack the state that it has at this point of the update, as
// [Server.SetState] does.
func (r *RunningUpdate) SetState(deployment []byte, version int) error {
	return r.do(func() error {
		return r.stack.seedState(deployment, version)
	})
}

// Finish ends the update, and tells the webhooks. It leaves the stack's resources as they are, so a
// destroy that is to leave none calls SetState before.
func (r *RunningUpdate) Finish(result Result) error {
	return r.do(func() error {
		if !result.valid() {
			return fmt.Errorf("pulumiapitest: an update does not end %q", result)
		}
		r.server.finish(nil, r.stack, r.update, result)
		return nil
	})
}

// do does something to the update, if it still runs.
func (r *RunningUpdate) do(something func() error) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if r.update.ended() {
		return fmt.Errorf("pulumiapitest: update %s has ended: %s", r.update.id, r.update.status)
	}
	return something()
}
