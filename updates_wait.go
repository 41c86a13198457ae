package pulumiapi

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// UpdateFailedError says that an update has ended without success. The calls
// that found it out have not failed: those are an [*APIError] or a [*CallError].
type UpdateFailedError struct {
	// Stack and UpdateID name the update.
	Stack    StackIdentifier
	UpdateID string
	// Status is [UpdateStatusFailed] or [UpdateStatusCancelled].
	Status UpdateStatus
	// Results are the status again, and what the update has printed.
	Results *UpdateResults
}

// Error returns the update and how it ended.
func (e *UpdateFailedError) Error() string {
	return fmt.Sprintf("pulumiapi: update %s of stack %s: %s",
		oneLine(e.UpdateID, maxErrorPath), oneLine(e.Stack.String(), maxErrorPath), e.Status)
}

// Wait waits until an update of any kind has ended, and returns its status with
// everything that it has printed. One that has failed or was cancelled is an
// [*UpdateFailedError]; the results are returned with it, too.
//
// The wait itself fails with any other error, and without results: at once, if
// the first look fails or the service refuses a later one; when ctx ends, which
// is then among the causes. Faults that may pass, such as a lost connection or a
// status 503, don't end it once it has begun: it goes on looking, until they have
// lasted for five minutes. Its calls share the retry budget of the client's others
// ([RetryPolicy.Budget]). To give up earlier, or at all if the update never ends,
// ctx needs a deadline.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}
func (s *UpdatesService) Wait(ctx context.Context, id StackIdentifier, updateID string, opts *WaitOptions) (*UpdateResults, error) {
	o := optionsOf(opts)
	if err := o.check(); err != nil {
		return nil, err
	}
	w := s.watch(id, updateID, o.poller())
	output := []UpdateEvent{}
	for {
		results, err := w.look(ctx)
		if err != nil {
			return nil, err
		}
		output = append(output, results.Events...)
		switch {
		case len(results.Events) > 0 && results.ContinuationToken != "":
			// There may be more already.
		case !results.Status.IsFinal():
			w.poller.pause(ctx)
		default:
			results.Events, results.ContinuationToken = output, ""
			if results.Status != UpdateStatusSucceeded {
				return results, &UpdateFailedError{Stack: id, UpdateID: updateID, Status: results.Status, Results: results}
			}
			return results, nil
		}
	}
}

// updateWatch looks at an update again and again.
type updateWatch struct {
	service  *UpdatesService
	id       StackIdentifier
	updateID string
	poller   *poller
	output   tail
}

func (s *UpdatesService) watch(id StackIdentifier, updateID string, poller *poller) *updateWatch {
	return &updateWatch{service: s, id: id, updateID: updateID, poller: poller, output: tail{list: updateGetStatusEndpoint}}
}

// look returns the status, and a page of the output since the last time, whose
// token is empty where the output ends for now.
func (w *updateWatch) look(ctx context.Context) (*UpdateResults, error) {
	results, err := ask(ctx, w.poller, func() (*UpdateResults, error) {
		return w.service.GetStatus(ctx, w.id, w.updateID, &UpdateStatusOptions{ContinuationToken: w.output.token})
	})
	if err != nil {
		return nil, err
	}
	var atEnd bool
	if results.Events, atEnd, err = take(&w.output, results.Events, results.ContinuationToken); err != nil {
		return nil, err
	}
	if atEnd {
		results.ContinuationToken = ""
	}
	return results, nil
}

// How often an update is looked at that is followed. With each event, it is the
// short time again.
const (
	followMinInterval = 500 * time.Millisecond
	followMaxInterval = 5 * time.Second
)

// Follow walks the engine's events of an update of any kind, oldest first, as
// they appear, and ends when the update has ended and all its events were there.
// How it ended, [UpdatesService.Wait] then tells at once: an update that has failed
// is no error here. The Cursor of opts is where to begin, and filters leave
// events out.
//
// The sequence yields a nil event with the first error, and ends: at once, if
// the first call fails or the service refuses a later one; when ctx ends, which
// is then among the causes. Faults that may pass, such as a lost connection or a
// status 503, don't end it once it has begun: it goes on where it was, with no
// event lost or repeated, unless they last for five minutes. Its calls share the
// retry budget of the client's others ([RetryPolicy.Budget]).
//
// When nothing is new, it looks again after 0.5 s, and then after up to twice as
// long each time, but no longer than 5 s, until there is an event. A look is two
// requests at most, for events and for the status. A page that a filter leaves
// empty is nothing new, too: with a narrow filter and an update that has done much
// already, a Cursor spares the time. When the update has ended, 1,000 empty pages in a
// row are an error.
//
// Pulumi Cloud: GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events,
// and GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}
func (s *UpdatesService) Follow(ctx context.Context, id StackIdentifier, updateID string, opts *EngineEventListOptions) iter.Seq2[*EngineEvent, error] {
	options := optionsOf(opts)
	options.Type = slices.Clone(options.Type)
	return func(yield func(*EngineEvent, error) bool) {
		w := s.watch(id, updateID, newPoller(followMinInterval, followMaxInterval))
		at := tail{list: updateListEventsEndpoint, token: string(options.Cursor)}
		var empty emptyPages // since the update has ended
		for ended := false; ; {
			o := options
			o.Cursor = Cursor(at.token)
			page, err := ask(ctx, w.poller, func() (*Page[EngineEvent], error) {
				return s.ListEventsPage(ctx, id, updateID, &o)
			})
			if err != nil {
				yield(nil, err)
				return
			}
			events, atEnd, err := take(&at, page.Items, string(page.Next))
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range events {
				w.poller.hurry()
				if !yield(&events[i], nil) {
					return
				}
			}
			switch {
			case atEnd && ended:
				return
			case !atEnd && len(page.Items) > 0:
				empty = emptyPages{}
				continue // There may be more already.
			case ended:
				// A filter leaves pages empty, with more behind them. But some
				// installation might have a new token for ever.
				wait, err := empty.add(len(page.Items))
				if err != nil {
					yield(nil, listError(at.list, err.Error()))
					return
				}
				sleep(ctx, wait)
				continue
			}
			// An end of the list means nothing by itself: some installations have
			// one after each page that is the newest. And between the page and the
			// status there may have been more events.
			results, err := w.look(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if ended = results.Status.IsFinal(); !ended {
				w.poller.pause(ctx)
			}
		}
	}
}
