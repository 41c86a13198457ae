package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// readers is how many stacks are read at the same time: enough to be quick, and
// few enough to leave the service to others, too.
const readers = 8

// stack is a stack in the inventory, as it is in a line of JSON.
type stack struct {
	ID      pulumiapi.StackIdentifier `json:"stack"`
	Project string                    `json:"project"`
	Name    string                    `json:"name"`
	// Owner is a tag's value, or a login: OwnerFrom says which.
	Owner     string `json:"owner"`
	OwnerFrom source `json:"ownerFrom,omitzero"`
	// LastUpdate and AgeDays are nil if there was no update.
	LastUpdate *time.Time        `json:"lastUpdate"`
	AgeDays    *int              `json:"ageDays"`
	Stale      bool              `json:"stale"`
	Resources  int               `json:"resources"`
	Tags       map[string]string `json:"tags"`
	Console    string            `json:"console,omitzero"`
	Note       string            `json:"note,omitzero"`

	age  time.Duration // since LastUpdate
	gone bool          // deleted meanwhile
}

// source is who says who owns a stack.
type source string

const (
	fromTag     source = "tag"
	fromService source = "service"
)

// newStack returns what the list tells of a stack.
func newStack(listed *pulumiapi.StackSummary, now time.Time, stale time.Duration) stack {
	s := stack{
		ID: listed.Identifier(), Project: listed.ProjectName, Name: listed.StackName,
		Resources: listed.ResourceCount, Console: listed.Links.Self,
		Stale: stale > 0,
	}
	if !listed.LastUpdate.IsZero() {
		s.LastUpdate = &listed.LastUpdate.Time
		s.age = max(0, now.Sub(listed.LastUpdate.Time)) // clocks differ
		s.AgeDays = new(int(s.age / (24 * time.Hour)))
		s.Stale = stale > 0 && s.age > stale
	}
	return s
}

// read returns the stacks that the settings ask for, in the order of the list.
func (s *settings) read(ctx context.Context, client *pulumiapi.Client, now time.Time, out *program.Output) ([]stack, error) {
	progress := out.Progress(0, "listing stacks")
	defer func() { progress.Done() }()
	opts := pulumiapi.StackListOptions{Organization: s.cloud.Org}
	s.tags.narrow(&opts)
	var stacks []stack
	for listed, err := range client.Stacks.List(ctx, &opts) {
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, newStack(listed, now, time.Duration(s.stale)))
		progress.Add(1)
	}
	if len(stacks) == 0 {
		// The list of an organization that does not exist is empty, too.
		if _, err := client.Orgs.Get(ctx, s.cloud.Org); err != nil {
			return nil, err
		}
	}
	progress.Done()

	progress = out.Progress(len(stacks), "reading tags")
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i := range stacks {
		group.Go(func() error {
			defer progress.Add(1)
			return s.readDetails(ctx, client, &stacks[i])
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var wanted []stack
	for _, st := range stacks {
		if !st.gone && (st.Tags == nil || s.tags.match(st.Tags)) {
			wanted = append(wanted, st)
		}
	}
	return wanted, nil
}

// readDetails fills in what the list does not tell: the tags and the owner.
func (s *settings) readDetails(ctx context.Context, client *pulumiapi.Client, st *stack) error {
	got, err := client.Stacks.Get(ctx, st.ID)
	switch {
	case errors.Is(err, pulumiapi.ErrNotFound):
		st.gone = true // between the list and now
		return nil
	case errors.Is(err, pulumiapi.ErrForbidden):
		st.Note = "tags not yours to read"
		return nil
	case err != nil:
		return err
	}
	st.Tags = got.Tags
	if st.Tags == nil {
		st.Tags = map[string]string{}
	}
	if !s.tags.match(st.Tags) {
		return nil // and so the owner does not matter
	}
	if owner := st.Tags[s.ownerTag]; owner != "" {
		st.Owner, st.OwnerFrom = owner, fromTag
		return nil
	}
	metadata, err := client.Stacks.GetMetadata(ctx, st.ID)
	switch {
	case errors.Is(err, pulumiapi.ErrNotFound), errors.Is(err, pulumiapi.ErrForbidden):
		st.Note = "owner not yours to read" // a self-hosted installation may not have it at all
	case err != nil:
		return err
	default:
		if st.Owner = cmp.Or(metadata.OwnedBy.GitHubLogin, metadata.OwnedBy.Name); st.Owner != "" {
			st.OwnerFrom = fromService
		}
	}
	return nil
}
