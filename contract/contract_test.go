package contract

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

var (
	live       = flag.Bool("live", false, "run against a real Pulumi Cloud, with the credentials of pulumiapi.FromEnvironment")
	liveOrg    = flag.String("org", "", "the organization; needed with -live")
	liveWrites = flag.Bool("live-writes", false, "with -live: also create, change and remove stacks of a project made for this")
	strict     = flag.Bool("strict", false, "fail the checks that are skipped")
	receiver   = flag.String("receiver", "https://example.com/pulumiapi-contract", "with -live-writes: where webhooks deliver a ping")
)

// check is one thing that the package relies on.
type check struct {
	name string
	// run returns what is wrong, or a skipped if it can't be said.
	run func(ctx context.Context, c *cloud) error
	// writes says that the check changes something, in the project of its own.
	writes bool
	// anywhere says that the check passes whatever there is in the organization.
	anywhere bool
}

// allChecks returns the checks in their order. Those of what is missing come after those
// of what is there, which show that the server has the endpoint.
func allChecks() []check {
	return slices.Concat(pageChecks, readChecks, updateChecks, statusChecks, writeChecks, lastChecks)
}

// skipped is why a check could not be made.
type skipped struct{ reason string }

func (s *skipped) Error() string { return s.reason }

func skipf(format string, args ...any) error {
	return &skipped{fmt.Sprintf(format, args...)}
}

// outcome is how a check has ended: err is nil, a skipped, or what is wrong.
type outcome struct {
	check

	err error
}

func (o outcome) isSkipped() bool {
	_, isSkipped := o.err.(*skipped) //nolint:errorlint // judge has seen to it that nothing else is wrong
	return isSkipped
}

// runCheck makes a check, where it may write.
func runCheck(ctx context.Context, c *cloud, k check) outcome {
	if k.writes && c.project == "" {
		return outcome{k, c.judge(skipf("it writes: add -live-writes"))}
	}
	return outcome{k, c.judge(k.run(ctx, c))}
}

// writeTable writes what has become of each check, and how many passed, were skipped
// and failed.
func writeTable(w io.Writer, outcomes []outcome) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	count := map[string]int{}
	for _, o := range outcomes {
		result, reason := "passed", ""
		switch {
		case o.isSkipped():
			result, reason = "skipped", o.err.Error()
		case o.err != nil:
			result, reason = "FAILED", o.err.Error()
		}
		count[result]++
		reason, _, _ = strings.Cut(reason, "\n")
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", result, o.name, reason) // Flush returns its error
	}
	_, _ = fmt.Fprintf(table, "%d passed, %d skipped, %d failed\n", count["passed"], count["skipped"], count["FAILED"])
	return table.Flush()
}

// verdict says what is wrong with a run as a whole: a cloud in memory has everything
// that is to be checked, and if there is nothing in a real one, nothing was checked.
func verdict(c *cloud, outcomes []outcome) error {
	made, left := 0, []string{}
	for _, o := range outcomes {
		switch {
		case o.isSkipped():
			left = append(left, o.name+": "+o.err.Error())
		case !o.anywhere:
			made++
		}
	}
	switch {
	case c.inMemory && len(left) > 0:
		return fmt.Errorf("in memory, nothing may be skipped:\n%s", strings.Join(left, "\n"))
	case made == 0:
		return fmt.Errorf("NOTHING WAS CHECKED: the organization has no data, or the token may not read it:\n%s", strings.Join(left, "\n"))
	}
	return nil
}

func TestContract(t *testing.T) { //nolint:paralleltest // its subtests share what they look at, and a real service is asked one thing at a time
	ctx, stop := untilInterrupted(t)
	defer stop()
	c := newCloud(ctx, t)
	var outcomes []outcome
	for _, k := range allChecks() {
		t.Run(k.name, func(t *testing.T) {
			o := runCheck(ctx, c, k)
			outcomes = append(outcomes, o)
			switch {
			case o.isSkipped():
				t.Skip(o.err)
			case o.err != nil:
				t.Error(o.err)
			}
		})
	}
	if err := writeTable(t.Output(), outcomes); err != nil {
		t.Error(err)
	}
	if err := verdict(c, outcomes); err != nil && len(outcomes) == len(allChecks()) { // not with -run
		t.Error(err)
	}
}

// untilInterrupted returns a context that ends at Ctrl-C, and early enough before the
// test's timeout to clean up, as a process that times out doesn't.
func untilInterrupted(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	deadline, ok := t.Deadline()
	if !ok || !*live { // what is in memory needs no cleaning
		return ctx, stop
	}
	limited, cancel := context.WithDeadline(ctx, deadline.Add(-cleanUpTime))
	return limited, func() { cancel(); stop() }
}

// cleanUpTime is how long it may take to remove what was made.
const cleanUpTime = time.Minute

// newCloud returns what the flags say: a cloud in memory, or a real one.
func newCloud(ctx context.Context, t *testing.T) *cloud {
	t.Helper()
	if !*live {
		if *liveWrites || *liveOrg != "" {
			t.Fatal("-org and -live-writes are for a real Pulumi Cloud: add -live")
		}
		return newMemoryCloud(t) //nolint:contextcheck // the cloud in memory ends with the test
	}
	if *liveOrg == "" {
		t.Fatal("-live needs to know the organization: add -org and its name")
	}
	c, err := connect(*liveOrg, http.DefaultTransport, pulumiapi.FromEnvironment(), pulumiapi.WithUserAgent("pulumiapi-contract"))
	if err != nil {
		t.Fatal(err)
	}
	c.strict = *strict
	t.Cleanup(c.client.CloseIdleConnections)
	t.Logf("%s of %s", *liveOrg, c.client.BaseURL())
	opts := &pulumiapi.StackListOptions{Organization: *liveOrg}
	if _, err := c.client.Stacks.ListPage(ctx, opts); err != nil {
		t.Fatalf("the organization can't be read, so nothing can be checked: %v", err)
	}
	if *liveWrites {
		c.receiver = *receiver
		c.makeProject(ctx, t)
	}
	return c
}

// projectPrefix begins the names of the projects that this test makes.
const projectPrefix = "pulumiapi-contract-"

// makeProject chooses the project that checks may write to, and sees to it that
// nothing of it is left.
func (c *cloud) makeProject(ctx context.Context, t *testing.T) {
	t.Helper()
	c.project = projectPrefix + time.Now().UTC().Format("20060102-150405-") + strings.ToLower(rand.Text()[:6])
	t.Logf("what is written goes into the project %s", c.project)
	t.Cleanup(func() {
		// Not the test's context, which has ended.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
		defer cancel()
		if left, err := c.removeProject(ctx); err != nil {
			t.Errorf("LEFT OVER: these stacks of %s could not be removed: %v: %v", c.project, left, err)
		}
	})
	var old []string
	for stack, err := range c.client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: c.org}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(stack.ProjectName, projectPrefix) {
			old = append(old, stack.Identifier().String())
		}
	}
	if len(old) > 0 {
		t.Logf("left over from an earlier run that was killed: %s", strings.Join(old, ", "))
	}
}

// removeProject removes all stacks of the project, and returns what is left of them.
func (c *cloud) removeProject(ctx context.Context) (left []pulumiapi.StackIdentifier, err error) {
	stacks := slices.Clone(c.made)
	// A check may have been interrupted before it knew what it had made.
	for stack, err := range c.client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: c.org, Project: c.project}) {
		if err != nil {
			return stacks, err
		}
		if stack.ProjectName == c.project { // whatever the filter does
			stacks = append(stacks, stack.Identifier())
		}
	}
	slices.SortFunc(stacks, func(a, b pulumiapi.StackIdentifier) int { return cmp.Compare(a.String(), b.String()) })
	var failures []error
	for _, id := range slices.Compact(stacks) {
		err := c.client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true})
		if err != nil && !errors.Is(err, pulumiapi.ErrNotFound) {
			left, failures = append(left, id), append(failures, err)
		}
	}
	return left, errors.Join(failures...)
}

// newMemoryCloud returns a cloud in memory that has everything.
func newMemoryCloud(t *testing.T) *cloud {
	t.Helper()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	c, err := connect(pulumiapitest.DemoOrganization, srv.HTTPClient().Transport,
		pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithToken(srv.Token()))
	if err != nil {
		t.Fatal(err)
	}
	const host = "hooks.contract.test"
	srv.HandleWebhooks(host, http.NotFoundHandler())
	c.inMemory, c.strict, c.receiver = true, *strict, "https://"+host+"/x"
	c.makeProject(t.Context(), t)
	return c
}
