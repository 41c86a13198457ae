package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// test receives deliveries from a Pulumi Cloud in memory, over a real connection.
// It fails if one that is signed is refused, or another one accepted.
func (s *settings) test(ctx context.Context, out *program.Output) error {
	cloud := program.Cloud{}
	client, err := cloud.Connect() //nolint:contextcheck // the cloud in memory ends with Close
	if err != nil {
		return err
	}
	defer client.Close()

	secret := pulumiapi.NewSecret(rand.Text())
	srv, err := newServer(ctx, cmp.Or(s.addr, "127.0.0.1:0"), s.path, []pulumiapi.Secret{secret}, out)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.run(ctx) }()
	t := tester{
		cloud: client.Demo, client: client.Client, out: out,
		url: "http://" + reachable(srv.listener.Addr()) + s.path, secret: secret,
	}
	err = t.run(ctx)
	cancel()
	return errors.Join(err, <-ended)
}

// reachable returns an address at which this machine reaches a listener.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprint("127.0.0.1:", tcp.Port)
	}
	return addr.String()
}

// tester makes a cloud deliver.
type tester struct {
	cloud  *pulumiapitest.Server
	client *pulumiapi.Client
	out    *program.Output
	url    string // of the receiver
	secret pulumiapi.Secret
}

const (
	scope = pulumiapi.OrgScope(pulumiapitest.DemoOrganization)
	// The webhooks, of which the second signs with another secret.
	goodHook, badHook = "selftest", "selftest-forged"
)

func (t *tester) run(ctx context.Context) error {
	if err := t.register(ctx, goodHook, t.secret); err != nil {
		return err
	}
	if _, err := t.client.Webhooks.Ping(ctx, scope, goodHook); err != nil {
		return err
	}
	if err := t.doSomething(ctx); err != nil {
		return err
	}
	if err := t.register(ctx, badHook, pulumiapi.NewSecret("another one")); err != nil {
		return err
	}
	if _, err := t.client.Webhooks.Ping(ctx, scope, badHook); err != nil {
		return err
	}
	return t.judge(ctx)
}

// register makes a webhook that delivers to the receiver.
func (t *tester) register(ctx context.Context, name string, secret pulumiapi.Secret) error {
	hook, err := t.client.Webhooks.Create(ctx, scope, pulumiapi.WebhookCreateRequest{
		Name: &name, DisplayName: "The receiver's test of itself", PayloadURL: t.url, Secret: &secret,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out.Stdout, "Registered the webhook %s of %s, which delivers to %s\n", hook.Name, scope, hook.PayloadURL)
	return err
}

// doSomething makes events: a stack that is created and deleted again, and an update
// that ends.
func (t *tester) doSomething(ctx context.Context) error {
	id := pulumiapi.StackIdentifier{Org: string(scope), Project: "webshop", Stack: "selftest"}
	if _, err := t.client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{}); err != nil {
		return err
	}
	t.cloud.WaitForWebhooks()
	if err := t.client.Stacks.Delete(ctx, id, nil); err != nil {
		return err
	}
	t.cloud.WaitForWebhooks()
	running, err := t.cloud.RunningUpdate(string(scope), "payments-api", "prod-us")
	if err != nil {
		return err
	}
	err = running.Finish(pulumiapitest.Succeeded) //nolint:contextcheck // the cloud delivers by itself
	t.cloud.WaitForWebhooks()
	return err
}

// judge looks at what became of the deliveries, as the cloud tells it.
func (t *tester) judge(ctx context.Context) error {
	good, err := t.client.Webhooks.ListDeliveries(ctx, scope, goodHook)
	if err != nil {
		return err
	}
	bad, err := t.client.Webhooks.ListDeliveries(ctx, scope, badHook)
	if err != nil {
		return err
	}
	var kinds []pulumiapi.WebhookEventKind // the oldest first
	for _, delivery := range slices.Backward(good) {
		if delivery.ResponseCode != http.StatusNoContent {
			return fmt.Errorf("the delivery of a %s was answered with status %d: %s", delivery.Kind, delivery.ResponseCode, delivery.ResponseBody)
		}
		kinds = append(kinds, delivery.Kind)
	}
	want := []pulumiapi.WebhookEventKind{
		pulumiapi.WebhookEventKindPing, pulumiapi.WebhookEventKindStack, pulumiapi.WebhookEventKindStack, pulumiapi.WebhookEventKindStackUpdate,
	}
	if !slices.Equal(kinds, want) {
		return fmt.Errorf("these were delivered: %v, and not %v", kinds, want)
	}
	if len(bad) != 1 || bad[0].ResponseCode != http.StatusUnauthorized {
		return fmt.Errorf("a delivery with a wrong signature was not refused: %v", bad)
	}
	_, err = fmt.Fprintf(t.out.Stdout, "%s: %d signed deliveries were accepted, and one with a wrong signature was refused.\n",
		program.Green("All is well"), len(good))
	return err
}
