package pulumiapi

import (
	"context"
	"fmt"
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
