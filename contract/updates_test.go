package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// What is not here: how a running update is told, as nothing may be updated to see it;
// the filter type of events, whose codes are published nowhere.
var updateChecks = []check{
	{name: "an update that has ended says so, with all it printed", run: checkUpdateStatus},
	{name: "events come in order, and end", run: checkEvents},
	{name: "each event has one payload, under the name of its type", run: checkEventPayloads},
	{name: "events are filtered by resource", run: checkEventFilter},
	{name: "an update is found by its version", run: checkUpdateVersion},
}

var finalStatuses = []pulumiapi.UpdateStatus{
	pulumiapi.UpdateStatusFailed, pulumiapi.UpdateStatusSucceeded, pulumiapi.UpdateStatusCancelled,
}

// ended returns an update that has ended, the newest.
func (c *cloud) ended(ctx context.Context) (pulumiapi.StackIdentifier, string, error) {
	stack, err := c.updated(ctx)
	if err != nil {
		return pulumiapi.StackIdentifier{}, "", err
	}
	for _, update := range stack.updates {
		if update.UpdateID != "" && (update.Result == pulumiapi.UpdateResultSucceeded || update.Result == pulumiapi.UpdateResultFailed) {
			return stack.id, update.UpdateID, nil
		}
	}
	return stack.id, "", skipf("none of the last updates of %s has ended", stack.id)
}

func checkUpdateStatus(ctx context.Context, c *cloud) error {
	id, update, err := c.ended(ctx)
	if err != nil {
		return err
	}
	token, last := "", -1
	for page := 0; ; page++ {
		results, err := c.client.Updates.GetStatus(ctx, id, update, &pulumiapi.UpdateStatusOptions{ContinuationToken: token})
		if err != nil {
			return err
		}
		if !slices.Contains(finalStatuses, results.Status) {
			return fmt.Errorf("the update %s of %s has ended, and its status is %q", update, id, results.Status)
		}
		for _, event := range results.Events {
			if index, err := strconv.Atoi(event.Index); err == nil {
				if index <= last {
					return fmt.Errorf("the output of %s of %s should come in order: %d after %d", update, id, index, last)
				}
				last = index
			}
		}
		if results.ContinuationToken == "" {
			return nil
		}
		if results.ContinuationToken == token && len(results.Events) > 0 {
			return fmt.Errorf("the same token %q stands for nothing new, and came with %d events", token, len(results.Events))
		}
		if token = results.ContinuationToken; page > 50 {
			return skipf("the output of %s of %s is longer than 50 pages", update, id)
		}
	}
}

func (c *cloud) events(ctx context.Context, urn string) ([]pulumiapi.EngineEvent, error) {
	id, update, err := c.ended(ctx)
	if err != nil {
		return nil, err
	}
	var events []pulumiapi.EngineEvent
	for event, err := range c.client.Updates.ListEvents(ctx, id, update, &pulumiapi.EngineEventListOptions{URN: urn}) {
		if err != nil {
			return nil, err
		}
		if events = append(events, *event); len(events) == 10*maxWalked {
			break
		}
	}
	if len(events) == 0 && urn == "" {
		return nil, skipf("the service has no events of %s any more", update)
	}
	return events, nil
}

func checkEvents(ctx context.Context, c *cloud) error {
	events, err := c.events(ctx, "")
	if err != nil {
		return err
	}
	for i := 1; i < len(events); i++ {
		before, event := events[i-1], events[i]
		if event.Sequence > 0 && event.Sequence <= before.Sequence {
			return fmt.Errorf("events should come in order: %d after %d", event.Sequence, before.Sequence)
		}
		// Without sequence there is only the time, of which engines are not quite sure.
		if event.Timestamp.Add(2 * time.Second).Before(before.Timestamp.Time) {
			return fmt.Errorf("events should come in order: one of %s after one of %s", event.Timestamp, before.Timestamp)
		}
	}
	for i, event := range events {
		if event.SummaryEvent != nil && slices.ContainsFunc(events[i+1:], func(e pulumiapi.EngineEvent) bool { return e.ResourcePreEvent != nil }) {
			return fmt.Errorf("event %d, the summary, should come behind all that was done", i)
		}
	}
	again, err := c.events(ctx, "")
	if err != nil {
		return err
	}
	if len(again) != len(events) {
		return fmt.Errorf("%d events, and then %d, of an update that has ended", len(events), len(again))
	}
	return nil
}

func checkEventPayloads(ctx context.Context, c *cloud) error {
	id, update, err := c.ended(ctx)
	if err != nil {
		return err
	}
	var page struct {
		Events []map[string]json.RawMessage `json:"events"`
	}
	_, err = c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}/events"},
		Args:     []string{id.Org, id.Project, id.Stack, update},
	}, &page)
	switch {
	case err != nil:
		return err
	case len(page.Events) == 0:
		return skipf("the service has no events of %s any more", update)
	}
	for i, event := range page.Events {
		var payloads []string
		for name := range event {
			if name != "type" && name != "timestamp" && name != "sequence" {
				payloads = append(payloads, name)
			}
		}
		var name string
		_ = json.Unmarshal(event["type"], &name)
		// A self-hosted service leaves the type out.
		if len(payloads) != 1 || (name != "" && name != payloads[0]) {
			return fmt.Errorf("event %d is of the type %q, and has the payloads %v", i, name, payloads)
		}
	}
	return nil
}

func checkEventFilter(ctx context.Context, c *cloud) error {
	events, err := c.events(ctx, "")
	if err != nil {
		return err
	}
	for _, event := range events {
		if event.ResourcePreEvent == nil {
			continue
		}
		urn := event.ResourcePreEvent.Metadata.URN
		filtered, err := c.events(ctx, urn)
		if err != nil {
			return err
		}
		if len(filtered) == 0 || len(filtered) >= len(events) {
			return fmt.Errorf("%d of %d events are of %s", len(filtered), len(events), urn)
		}
		for _, other := range filtered {
			if other.ResourcePreEvent != nil && other.ResourcePreEvent.Metadata.URN != urn {
				return fmt.Errorf("an event of %s is in the list of those of %s", other.ResourcePreEvent.Metadata.URN, urn)
			}
		}
		return nil
	}
	return skipf("nothing was done in the last update")
}

func checkUpdateVersion(ctx context.Context, c *cloud) error {
	stack, err := c.updated(ctx)
	if err != nil {
		return err
	}
	newest := stack.updates[0]
	update, err := c.client.Updates.Get(ctx, stack.id, newest.Version)
	if err != nil {
		return err
	}
	if update.UpdateID != newest.UpdateID || update.Version != newest.Version {
		return fmt.Errorf("version %d of %s is update %s in the list, and update %s by itself", newest.Version, stack.id, newest.UpdateID, update.UpdateID)
	}
	return nil
}
