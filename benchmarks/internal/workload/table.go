package workload

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/cloud"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/raw"
)

// The stack, and what belongs to it, of all workloads. The server doesn't mind.
const (
	stackPath = "acme/web/prod"
	updateID  = "938cd018-3ecc-4a9e-86dd-42e84fefcc9c"
)

var stackID = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}

const (
	kilobyte = 1_000
	megabyte = 1_000_000

	// latency is what an answer takes over a good line.
	latency = 5 * time.Millisecond
	// consumption is what some consumers do with each page.
	consumption = 5 * time.Millisecond
)

// All returns the workloads. To add one, add it here, and a benchmark of its name
// to bench_test.go.
func All() []Workload {
	return append([]Workload{
		{
			Name: "W1GetStack", Job: "get one stack",
			Times: 4000,
			Goals: []Goal{AtMost(CPU, 1.00), AtMost(Allocs, 0.80)},
			Raw:   rawGetStack, Package: getStack,
		},
		{
			Name: "W2ListStacks", Job: "list 10,000 stacks, pages of 100",
			Load: cloud.Load{Items: 10_000}, Short: cloud.Load{Items: 1000},
			Times: 8,
			Goals: []Goal{AtMost(Time, 0.45), AtMost(Allocs, 0.66)},
			Raw:   rawListStacks(nil), Package: listStacks(nil),
		},
		{
			Name: "W2ListStacksSlowly", Job: "the same, 5 ms latency a response, consumer spends 5 ms a page",
			Load: cloud.Load{Items: 10_000, Latency: latency}, Short: cloud.Load{Items: 1000, Latency: latency},
			Times: 1,
			Goals: []Goal{AtMost(Time, 0.56)},
			Raw:   rawListStacks(consume), Package: listStacks(consume),
		},
		{
			Name: "W3Export", Job: "export 50 MB as a `StackState`",
			Load: cloud.Load{StateBytes: 50 * megabyte}, Short: cloud.Load{StateBytes: 500 * kilobyte},
			Times: 2,
			Goals: []Goal{AtMost(Time, 0.28), NoMoreThan(PeakHeap, 56*megabyte)},
			Raw:   rawExport, Package: export,
		},
		{
			Name: "W4ListEvents", Job: "list 100,000 engine events, pages of 1,000",
			Load: cloud.Load{Items: 100_000}, Short: cloud.Load{Items: 5000},
			Times: 1,
			Goals: []Goal{AtMost(Time, 0.28), AtMost(Allocs, 0.14)},
			Raw:   rawListEvents[raw.Object], Package: listEvents,
		},
		{
			// It has no goals: it says how much of W4 is due to leaving that JSON alone.
			Name: "W4ListEventsKeptRaw", Job: "the same, and raw keeps JSON of no fixed form as it is, too",
			Load: cloud.Load{Items: 100_000}, Short: cloud.Load{Items: 5000},
			Times: 1,
			Raw:   rawListEvents[json.RawMessage], Package: listEvents,
		},
		{
			Name: "W5ListUpdates", Job: "list 5,000 updates, pages of 100, 5 ms latency",
			Load: cloud.Load{Items: 5000, Latency: latency}, Short: cloud.Load{Items: 500, Latency: latency},
			Times: 1,
			Goals: []Goal{AtMost(Time, 0.90)},
			Raw:   rawListUpdates, Package: listUpdates(pulumiapi.UpdateListOptions{PageSize: cloud.UpdatesPage}),
		},
		{
			Name: "W6ListAuditLog", Job: "list 50,000 audit events, pages of 1,000",
			Load: cloud.Load{Items: 50_000}, Short: cloud.Load{Items: 5000},
			Times: 2,
			Goals: []Goal{AtMost(Time, 0.35), AtMost(Allocs, 0.80)},
			Raw:   rawListAuditLog, Package: listAuditLog,
		},
		{
			Name: "W7CreateTag", Job: "create a tag (POST, 204)",
			Times: 4000,
			Goals: []Goal{AtMost(CPU, 1.00), AtMost(Allocs, 1.08)},
			Raw:   rawCreateTag, Package: createTag,
		},
	}, streams()...)
}

func consume() { time.Sleep(consumption) }

func rawGetStack(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	stack, err := c.GetStack(ctx, stackPath)
	if err != nil {
		return seen, err
	}
	seen.item(stack.CurrentOperation.Started, stack.ID, stack.ActiveUpdate, stack.Tags["vcs:repo"])
	return seen, nil
}

func getStack(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	stack, err := c.Stacks.Get(ctx, stackID)
	if err != nil {
		return seen, err
	}
	seen.item(stack.CurrentOperation.Started.Unix(), stack.ID, stack.ActiveUpdate, stack.Tags["vcs:repo"])
	return seen, nil
}

// rawListStacks calls afterPage after each page, unless it is nil.
func rawListStacks(afterPage func()) func(context.Context, *raw.Client) (Seen, error) {
	return func(ctx context.Context, c *raw.Client) (seen Seen, err error) {
		err = c.ListStacks(ctx, func(stacks []raw.StackSummary) {
			for i := range stacks {
				stack := &stacks[i]
				seen.item(stack.LastUpdate, stack.ID, stack.ProjectName, stack.Links.Self)
			}
			if afterPage != nil {
				afterPage()
			}
		})
		return seen, err
	}
}

func listStacks(afterPage func()) func(context.Context, *pulumiapi.Client) (Seen, error) {
	return func(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
		opts := &pulumiapi.StackListOptions{Organization: "acme", PageSize: cloud.StacksPage}
		for stack, err := range c.Stacks.List(ctx, opts) {
			if err != nil {
				return seen, err
			}
			seen.item(stack.LastUpdate.Unix(), stack.ID, stack.ProjectName, stack.Links.Self)
			if afterPage != nil && seen.Items%cloud.StacksPage == 0 {
				afterPage()
			}
		}
		return seen, nil
	}
}

func rawExport(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	state, err := c.Export(ctx, stackPath)
	if err != nil {
		return seen, err
	}
	seen.item(int64(len(state.Deployment)))
	return seen, nil
}

func export(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	state, err := c.Stacks.Export(ctx, stackID)
	if err != nil {
		return seen, err
	}
	seen.item(int64(len(state.Deployment)))
	return seen, nil
}

// rawListEvents makes an O of each object of no fixed form.
func rawListEvents[O any](ctx context.Context, c *raw.Client) (seen Seen, err error) {
	err = raw.ListEvents(ctx, c, stackPath, updateID, func(events []raw.EngineEvent[O]) {
		for i := range events {
			event := &events[i]
			urn := ""
			if event.ResOutputsEvent != nil {
				urn = event.ResOutputsEvent.Metadata.URN
			}
			seen.item(event.Timestamp, event.Type, urn)
		}
	})
	return seen, err
}

func listEvents(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	for event, err := range c.Updates.ListEvents(ctx, stackID, updateID, nil) {
		if err != nil {
			return seen, err
		}
		urn := ""
		if event.ResOutputsEvent != nil {
			urn = event.ResOutputsEvent.Metadata.URN
		}
		seen.item(event.Timestamp.Unix(), string(event.Type), urn)
	}
	return seen, nil
}

func rawListUpdates(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	err = c.ListUpdates(ctx, stackPath, func(updates []raw.Update) {
		for i := range updates {
			update := &updates[i]
			seen.item(update.StartTime, update.UpdateID, update.Message, update.Environment["git.head"])
		}
	})
	return seen, err
}

func listUpdates(opts pulumiapi.UpdateListOptions) func(context.Context, *pulumiapi.Client) (Seen, error) {
	return func(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
		for update, err := range c.Updates.List(ctx, stackID, &opts) {
			if err != nil {
				return seen, err
			}
			seen.item(update.StartTime.Unix(), update.UpdateID, update.Message, update.Environment["git.head"])
		}
		return seen, nil
	}
}

func rawListAuditLog(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	err = c.ListAuditLog(ctx, stackID.Org, func(events []raw.AuditLogEvent) {
		for i := range events {
			event := &events[i]
			seen.item(event.Timestamp, event.Description, event.User.GitHubLogin)
		}
	})
	return seen, err
}

func listAuditLog(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	for event, err := range c.AuditLogs.List(ctx, stackID.Org, nil) {
		if err != nil {
			return seen, err
		}
		seen.item(event.Timestamp.Unix(), event.Description, event.User.GitHubLogin)
	}
	return seen, nil
}

// The tag of W7.
const (
	tagName  = "owner"
	tagValue = "platform-team@example.com"
)

func rawCreateTag(ctx context.Context, c *raw.Client) (seen Seen, err error) {
	err = c.CreateTag(ctx, stackPath, tagName, tagValue)
	seen.item(1)
	return seen, err
}

func createTag(ctx context.Context, c *pulumiapi.Client) (seen Seen, err error) {
	err = c.Stacks.CreateTag(ctx, stackID, tagName, tagValue)
	seen.item(1)
	return seen, err
}
