package main

import (
	"context"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// demoStack is where something runs in the cloud in memory.
const demoStack = "payments-api/prod-us"

// demo goes on with the update that runs in the cloud in memory.
type demo struct {
	pace  time.Duration
	fails bool
}

// start begins, and returns what ends it.
func (d *demo) start(ctx context.Context, client *program.Connection) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.run(ctx, client) // if it can't go on, the update runs for ever, as others do
	}()
	return func() {
		cancel()
		<-done
	}
}

func (d *demo) run(ctx context.Context, client *program.Connection) error {
	id, err := pulumiapi.ParseStackIdentifier(pulumiapitest.DemoOrganization + "/" + demoStack)
	if err != nil {
		return err
	}
	running, err := client.Demo.RunningUpdate(id.Org, id.Project, id.Stack)
	if err != nil {
		return err
	}
	begun := time.Now()
	counts := map[string]int{"update": 5} // of the first
	i := 0
	for resource, err := range client.Stacks.ExportResources(ctx, id) {
		if err != nil {
			return err
		}
		if i++; i < underWay {
			continue
		}
		op := demoOps[i%len(demoOps)]
		if i == underWay {
			op = "update"
		}
		step := pulumiapitest.Step{Op: op, URN: resource.URN, ID: resource.ID}
		if err := running.Emit(pulumiapitest.ResourcePreEvent(step)); err != nil {
			return err
		}
		select {
		case <-time.After(d.pace):
		case <-ctx.Done():
			return ctx.Err()
		}
		if d.fails && i > 70 && op == "update" {
			return fail(running, step) //nolint:contextcheck // the cloud tells its webhooks, and ends with Close
		}
		counts[op]++
		if err := running.Emit(append(demoTrouble(i, resource.URN), pulumiapitest.ResOutputsEvent(step))...); err != nil {
			return err
		}
	}
	err = running.Emit(pulumiapitest.SummaryEvent(pulumiapitest.Summary{
		Result: pulumiapitest.Succeeded, Duration: 4*time.Minute + time.Since(begun), ResourceChanges: counts,
	}))
	if err != nil {
		return err
	}
	return running.Finish(pulumiapitest.Succeeded) //nolint:contextcheck // as above
}

// underWay is the resource with which the update goes on: it has been through the
// stack, the provider and five others.
const underWay = 8

// demoOps are what is done to one resource after the other.
var demoOps = []string{"same", "same", "same", "update", "same", "same", "same", "same", "create", "same", "same", "replace", "same"}

// demoTrouble returns what there is to complain of.
func demoTrouble(i int, urn string) []pulumiapitest.EngineEvent {
	switch i {
	case 30:
		return []pulumiapitest.EngineEvent{pulumiapitest.DiagnosticEvent("warning", urn, "the property acl is deprecated: use a policy instead")}
	case 50:
		policy := pulumiapitest.ViolatedPolicy{Pack: "acme-guard-rails", PackVersion: "2.3.0", Policy: "required-tags", Level: "advisory", Severity: "low"}
		return []pulumiapitest.EngineEvent{pulumiapitest.PolicyEvent(policy, urn, "There is no tag costCenter.")}
	case 65:
		return []pulumiapitest.EngineEvent{pulumiapitest.DiagnosticEvent("info", urn, "took longer than usual")}
	}
	return nil
}

// fail ends the update, as a provider does that is asked for too much.
func fail(running *pulumiapitest.RunningUpdate, step pulumiapitest.Step) error {
	policy := pulumiapitest.ViolatedPolicy{Pack: "acme-guard-rails", PackVersion: "2.3.0", Policy: "no-public-access", Level: "mandatory", Severity: "high"}
	err := running.Emit(
		pulumiapitest.PolicyEvent(policy, step.URN, "Anybody on the internet can reach this."),
		pulumiapitest.DiagnosticEvent("error", step.URN, "updating: operation error: api error ThrottlingException: Rate exceeded"),
		pulumiapitest.ResOpFailedEvent(step),
		pulumiapitest.DiagnosticEvent("error", "", "update failed"),
		pulumiapitest.SummaryEvent(pulumiapitest.Summary{Result: pulumiapitest.Failed, Duration: 4 * time.Minute}),
	)
	if err != nil {
		return err
	}
	return running.Finish(pulumiapitest.Failed)
}
