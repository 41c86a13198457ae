package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

// What is not here, as it would leave the project: transferring a stack, and all that
// belongs to the organization or to the user. 409 while an update runs, as nothing is
// updated.
var writeChecks = []check{
	{name: "a stack is created once: its name is taken", run: checkCreate, writes: true},
	{name: "a new stack has no updates", run: checkNewStackUpdates, writes: true},
	{name: "a project exists while it has stacks", run: checkProject, writes: true},
	{name: "a stack is deleted", run: checkDelete, writes: true},
	{name: "a tag is created once, changed, and deleted", run: checkTagLife, writes: true},
	{name: "tags of bad names and long values are refused", run: checkTagRules, writes: true},
	{name: "built-in tags stay", run: checkBuiltInTags, writes: true},
	{name: "replacing tags replaces all", run: checkReplaceTags, writes: true},
	{name: "a state survives import and export", run: checkRoundTrip, writes: true},
	{name: "a stack with resources is deleted by force only", run: checkDeleteByForce, writes: true},
	{name: "a stack is renamed", run: checkRename, writes: true},
	{name: "a webhook is created, changed, pinged and deleted", run: checkWebhook, writes: true},
}

// newStack makes a stack in the project, which is removed in the end.
func (c *cloud) newStack(ctx context.Context, name string) (pulumiapi.StackIdentifier, error) {
	id := pulumiapi.StackIdentifier{Org: c.org, Project: c.project, Stack: name}
	c.made = append(c.made, id) // before it is known whether it is
	_, err := c.client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{})
	return id, permitted(err, "a new stack")
}

func checkCreate(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "created")
	if err != nil {
		return err
	}
	_, err = c.client.Stacks.Create(ctx, id, pulumiapi.StackCreateRequest{})
	if err := c.refused(err, "a stack of a name that is taken", http.StatusConflict); err != nil {
		return err
	}
	stack, err := c.client.Stacks.Get(ctx, id)
	if err != nil {
		return err
	}
	if stack.Identifier() != id || stack.Version != 0 || stack.CurrentOperation != nil {
		return fmt.Errorf("the new stack %s is %+v", id, stack)
	}
	_, err = c.client.Stacks.Create(ctx, pulumiapi.StackIdentifier{Org: c.org, Project: c.project, Stack: "no/good name"}, pulumiapi.StackCreateRequest{})
	return c.refused(err, "a stack of a bad name", http.StatusBadRequest)
}

func checkNewStackUpdates(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "without-updates")
	if err != nil {
		return err
	}
	page, err := c.client.Updates.ListPage(ctx, id, nil)
	if err != nil {
		return err
	}
	if len(page.Items) != 0 || page.Total != 0 || page.Next != "" {
		return fmt.Errorf("the new stack %s has %d updates, and more at %q", id, page.Total, page.Next)
	}
	return nil
}

func checkProject(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "in-project")
	if err != nil {
		return err
	}
	exists, err := c.client.Stacks.ProjectExists(ctx, c.org, id.Project)
	if err != nil {
		return err
	}
	if !exists {
		// The 404 is no error of the method.
		if reason := c.answers.lacks(pulumiapi.Endpoint{Method: http.MethodHead, Template: "/api/stacks/{orgName}/{projectName}"}); reason != "" {
			return skipf("%s", reason)
		}
		return fmt.Errorf("the project of %s does not exist", id)
	}
	exists, err = c.client.Stacks.ProjectExists(ctx, c.org, c.missing().Project)
	if err == nil && exists {
		err = errors.New("a project without stacks exists")
	}
	return err
}

// wantTag checks the value of a stack's tag; "" is none.
func (c *cloud) wantTag(ctx context.Context, id pulumiapi.StackIdentifier, name, value string) error {
	stack, err := c.client.Stacks.Get(ctx, id)
	if err != nil {
		return err
	}
	if stack.Tags[name] != value {
		return fmt.Errorf("the tag %s of %s should be %q, and is %q", name, id, value, stack.Tags[name])
	}
	return nil
}

func checkTagLife(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "tagged")
	if err != nil {
		return err
	}
	const name = "contract:a.b_c-1"
	for _, step := range []func() error{
		func() error { return c.client.Stacks.CreateTag(ctx, id, name, "one") },
		func() error { return c.wantTag(ctx, id, name, "one") },
		func() error {
			err := c.client.Stacks.CreateTag(ctx, id, name, "two")
			return c.refused(err, "a tag that exists", http.StatusBadRequest)
		},
		func() error { return c.wantTag(ctx, id, name, "one") },
		func() error { return c.client.Stacks.SetTag(ctx, id, name, "three") },
		func() error { return c.wantTag(ctx, id, name, "three") },
		func() error { return c.client.Stacks.SetTag(ctx, id, "contract:new", "made by SetTag") },
		func() error { return c.wantTag(ctx, id, "contract:new", "made by SetTag") },
		func() error { return c.client.Stacks.DeleteTag(ctx, id, name) },
		func() error { return c.wantTag(ctx, id, name, "") },
		func() error {
			return c.refused(c.client.Stacks.DeleteTag(ctx, id, name), "a tag that is gone", http.StatusNotFound)
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func checkTagRules(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "rules")
	if err != nil {
		return err
	}
	longest, longestValue := strings.Repeat("n", 40), strings.Repeat("v", 256)
	if err := c.client.Stacks.CreateTag(ctx, id, longest, longestValue); err != nil {
		return fmt.Errorf("a name of 40 and a value of 256 bytes should be good: %w", err)
	}
	if err := c.wantTag(ctx, id, longest, longestValue); err != nil {
		return err
	}
	for _, tag := range []struct{ what, name, value string }{
		{"a name of 41 characters", longest + "n", "v"},
		{"a name with a space", "a b", "v"},
		{"a name with a slash", "a/b", "v"},
		{"a value of 257 bytes", "short", longestValue + "v"},
	} {
		if err := c.refused(c.client.Stacks.CreateTag(ctx, id, tag.name, tag.value), tag.what, http.StatusBadRequest); err != nil {
			return err
		}
	}
	return nil
}

func checkBuiltInTags(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "built-in")
	if err != nil {
		return err
	}
	return errors.Join(
		c.refused(c.client.Stacks.DeleteTag(ctx, id, "pulumi:project"), "deleting a built-in tag", http.StatusBadRequest),
		c.wantTag(ctx, id, "pulumi:project", c.project),
	)
}

func checkReplaceTags(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "replaced")
	if err != nil {
		return err
	}
	if err := c.client.Stacks.CreateTag(ctx, id, "contract:old", "x"); err != nil {
		return err
	}
	if err := c.client.Stacks.ReplaceTags(ctx, id, map[string]string{"contract:new": "y", "pulumi:project": c.project}); err != nil {
		return err
	}
	return errors.Join(
		c.wantTag(ctx, id, "contract:old", ""),
		c.wantTag(ctx, id, "contract:new", "y"),
		c.wantTag(ctx, id, "pulumi:project", c.project),
	)
}

// deployment is a state with two resources, nothing of which exists anywhere.
func deployment(id pulumiapi.StackIdentifier) json.RawMessage {
	urn := fmt.Sprintf("urn:pulumi:%s::%s::", id.Stack, id.Project)
	root := urn + "pulumi:pulumi:Stack::" + id.Project + "-" + id.Stack
	return json.RawMessage(fmt.Sprintf(`{"manifest":{"time":"2024-01-02T03:04:05.678Z","magic":"","version":"v3.100.0"},"resources":[`+
		`{"urn":%q,"custom":false,"type":"pulumi:pulumi:Stack"},`+
		`{"urn":%q,"custom":false,"type":"contract:index:Thing","parent":%q,"inputs":{"html":"<&>","number":12345678901234567890,"é":"\u00e9"}}]}`,
		root, urn+"contract:index:Thing::thing", root))
}

// importState gives a stack a state, and waits until it has it.
func (c *cloud) importState(ctx context.Context, id pulumiapi.StackIdentifier, state pulumiapi.StackState) error {
	started, err := c.client.Stacks.Import(ctx, id, state)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if _, err := c.client.Updates.Wait(ctx, id, started.UpdateID, nil); err != nil {
		return fmt.Errorf("import, as update %s: %w", started.UpdateID, err)
	}
	return nil
}

func checkRoundTrip(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "state")
	if err != nil {
		return err
	}
	if err := c.importState(ctx, id, pulumiapi.StackState{Version: 3, Deployment: deployment(id)}); err != nil {
		return err
	}
	first, err := c.client.Stacks.Export(ctx, id)
	if err != nil {
		return err
	}
	if err := sameResources(deployment(id), first.Deployment); err != nil {
		return fmt.Errorf("what was imported, and what is exported: %w", err)
	}
	if err := c.importState(ctx, id, *first); err != nil {
		return err
	}
	second, err := c.client.Stacks.Export(ctx, id)
	if err != nil {
		return err
	}
	if err := sameResources(first.Deployment, second.Deployment); err != nil {
		return fmt.Errorf("what was exported, and what is after importing that: %w", err)
	}
	bad := pulumiapi.StackState{Version: 3, Deployment: json.RawMessage(`[]`)}
	_, err = c.client.Stacks.Import(ctx, id, bad)
	return c.refused(err, "a deployment that is none", http.StatusBadRequest)
}

// sameResources compares the resources of two deployments by what each says that both
// have: the service may add what it knows.
func sameResources(want, got json.RawMessage) error {
	type resource struct {
		URN    string                     `json:"urn"`
		Type   string                     `json:"type"`
		Parent string                     `json:"parent"`
		Inputs map[string]json.RawMessage `json:"inputs"`
	}
	var a, b struct {
		Resources []resource `json:"resources"`
	}
	if err := errors.Join(json.Unmarshal(want, &a), json.Unmarshal(got, &b)); err != nil {
		return err
	}
	if len(a.Resources) != len(b.Resources) {
		return fmt.Errorf("%d resources became %d", len(a.Resources), len(b.Resources))
	}
	for i := range a.Resources {
		was, is := a.Resources[i], b.Resources[i]
		if was.URN != is.URN || was.Type != is.Type || was.Parent != is.Parent {
			return fmt.Errorf("the resource %s became %s", was.URN, is.URN)
		}
		for name, value := range was.Inputs {
			var before, after any
			_ = json.Unmarshal(value, &before) // it was decoded once
			_ = json.Unmarshal(is.Inputs[name], &after)
			if before != after {
				return fmt.Errorf("the input %s of %s was %s, and became %s", name, was.URN, value, is.Inputs[name])
			}
		}
	}
	return nil
}

func checkDelete(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "deleted")
	if err != nil {
		return err
	}
	if err := c.client.Stacks.Delete(ctx, id, nil); err != nil {
		return err
	}
	_, err = c.client.Stacks.Get(ctx, id)
	return errors.Join(
		c.refused(err, "a stack that is deleted", http.StatusNotFound),
		c.refused(c.client.Stacks.Delete(ctx, id, nil), "deleting a stack again", http.StatusNotFound),
	)
}

func checkDeleteByForce(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "deleted-by-force")
	if err != nil {
		return err
	}
	if err := c.importState(ctx, id, pulumiapi.StackState{Version: 3, Deployment: deployment(id)}); err != nil {
		return err
	}
	if err := c.refused(c.client.Stacks.Delete(ctx, id, nil), "a stack that has resources", http.StatusBadRequest); err != nil {
		return err
	}
	if err := c.client.Stacks.Delete(ctx, id, &pulumiapi.StackDeleteOptions{Force: true}); err != nil {
		return err
	}
	_, err = c.client.Stacks.Get(ctx, id)
	return c.refused(err, "a stack that is deleted by force", http.StatusNotFound)
}

func checkRename(ctx context.Context, c *cloud) error {
	old, err := c.newStack(ctx, "old-name")
	if err != nil {
		return err
	}
	id := pulumiapi.StackIdentifier{Org: c.org, Project: c.project, Stack: "new-name"}
	c.made = append(c.made, id)
	if _, err := c.client.Stacks.Rename(ctx, old, pulumiapi.StackRenameRequest{NewName: id.Stack, NewProject: c.project}); err != nil {
		return err
	}
	if _, err := c.client.Stacks.Get(ctx, id); err != nil {
		return fmt.Errorf("under its new name: %w", err)
	}
	_, err = c.client.Stacks.Get(ctx, old)
	if err := c.refused(err, "a stack's old name", http.StatusNotFound); err != nil {
		return err
	}
	taken, err := c.newStack(ctx, "taken-name")
	if err != nil {
		return err
	}
	_, err = c.client.Stacks.Rename(ctx, taken, pulumiapi.StackRenameRequest{NewName: id.Stack, NewProject: c.project})
	return c.refused(err, "a name that is taken", http.StatusConflict)
}

func checkWebhook(ctx context.Context, c *cloud) error {
	id, err := c.newStack(ctx, "hooked")
	if err != nil {
		return err
	}
	secret := pulumiapi.NewSecret("contract-secret")
	name := "contract"
	create := pulumiapi.WebhookCreateRequest{Name: &name, DisplayName: "Contract", PayloadURL: c.receiver, Secret: &secret}
	hook, err := c.client.Webhooks.Create(ctx, id, create)
	if err != nil {
		return permitted(err, "webhooks")
	}
	if hook.Name != name || !hook.HasSecret || hook.StackName != id.Stack {
		return fmt.Errorf("the new webhook %s of %s has a secret: %t", hook.Name, hook.StackName, hook.HasSecret)
	}
	_, err = c.client.Webhooks.Create(ctx, id, create)
	if err := c.refused(err, "a webhook of a name that is taken", http.StatusConflict); err != nil {
		return err
	}
	_, err = c.client.Do(ctx, pulumiapi.Request{
		Endpoint: pulumiapi.Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks"},
		Args:     []string{id.Org, id.Project, id.Stack},
		Body: map[string]any{
			"organizationName": "another", "projectName": id.Project, "stackName": id.Stack,
			"displayName": "Another", "payloadUrl": c.receiver, "active": true,
		},
	}, nil)
	if err := c.refused(err, "a webhook of another organization than the path's", http.StatusBadRequest); err != nil {
		return err
	}
	hooks, err := c.client.Webhooks.List(ctx, id)
	if err != nil {
		return err
	}
	if len(hooks) != 1 || hooks[0].Name != name {
		return fmt.Errorf("the new stack has %d webhooks, and not one", len(hooks))
	}
	changed, err := c.client.Webhooks.Update(ctx, id, name, pulumiapi.WebhookUpdateRequest{DisplayName: "Changed", PayloadURL: c.receiver, Active: true})
	if err != nil {
		return err
	}
	if changed.DisplayName != "Changed" || !changed.HasSecret {
		return fmt.Errorf("the webhook should be called Changed and keep its secret: %q, %t", changed.DisplayName, changed.HasSecret)
	}
	if err := c.checkPing(ctx, id, name, secret); err != nil {
		return err
	}
	if err := c.client.Webhooks.Delete(ctx, id, name); err != nil {
		return err
	}
	_, err = c.client.Webhooks.Get(ctx, id, name)
	return c.refused(err, "a webhook that is deleted", http.StatusNotFound)
}

// checkPing verifies a ping by what the service says that it has sent, whatever became
// of it at the receiver.
func (c *cloud) checkPing(ctx context.Context, id pulumiapi.StackIdentifier, name string, secret pulumiapi.Secret) error {
	ping, err := c.client.Webhooks.Ping(ctx, id, name)
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	deliveries, err := c.client.Webhooks.ListDeliveries(ctx, id, name)
	if err != nil {
		return err
	}
	for _, delivery := range deliveries {
		if delivery.ID != ping.ID {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.receiver, strings.NewReader(delivery.Payload))
		if err != nil {
			return err
		}
		for line := range strings.Lines(delivery.RequestHeaders) {
			if header, value, found := strings.Cut(line, ":"); found {
				req.Header.Add(strings.TrimSpace(header), strings.TrimSpace(value))
			}
		}
		event, err := pulumiapi.ParseWebhook(req, secret)
		if err != nil {
			return fmt.Errorf("the ping, with the headers %q: %w", delivery.RequestHeaders, err)
		}
		if event.Kind != pulumiapi.WebhookEventKindPing || event.ID != delivery.ID {
			return fmt.Errorf("the ping %s is a %s of the ID %s", delivery.ID, event.Kind, event.ID)
		}
		return nil
	}
	return fmt.Errorf("the ping %s is not among the %d deliveries", ping.ID, len(deliveries))
}
