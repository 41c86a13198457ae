package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// atATime is how many requests are made at the same time.
const atATime = 8

// organization is what was read of an organization.
type organization struct {
	name string
	// everybody is what every member may do with every stack.
	everybody pulumiapi.StackPermission
	members   []pulumiapi.OrgMember
	teams     []pulumiapi.Team // with their members and what they may do
	stacks    []pulumiapi.StackSummary
	owners    map[pulumiapi.StackIdentifier]pulumiapi.UserInfo
	// personal is what was permitted to persons.
	personal map[memberStack]pulumiapi.StackPermission
	// gaps are what could not be read.
	gaps []string
}

// memberStack is a member's login and a stack of the organization. Its name is left
// out: the service may write it in another way than the user has.
type memberStack struct {
	login, project, stack string
}

// reader reads an organization.
type reader struct {
	client   *pulumiapi.Client
	org      string
	personal int // as many requests may ask for what is permitted to persons
}

// read reads everything. What can't be read of single things is a gap; that there is
// no list of them, an error.
func (r *reader) read(ctx context.Context, out *program.Output) (*organization, error) {
	progress := out.Progress(0, "reading members, teams and stacks")
	defer progress.Done()
	o, err := r.readLists(ctx)
	if err != nil {
		return nil, err
	}
	var members []pulumiapi.OrgMember // who may have been permitted something
	for _, m := range o.members {
		if m.KnownToPulumi {
			members = append(members, m)
		}
	}
	pairs := len(members) * len(o.stacks)
	if pairs > r.personal {
		o.gaps = append(o.gaps, fmt.Sprintf(
			"what was permitted to single persons: it would take %d requests, and -personal allows %d", pairs, r.personal))
		pairs, members = 0, nil
	}
	progress.SetTotal(len(o.teams) + len(o.stacks) + pairs)
	d := details{client: r.client, organization: o, progress: progress}
	return o, d.read(ctx, members)
}

// readLists reads what there is, without the details.
func (r *reader) readLists(ctx context.Context) (*organization, error) {
	o := &organization{
		name: r.org, owners: map[pulumiapi.StackIdentifier]pulumiapi.UserInfo{}, personal: map[memberStack]pulumiapi.StackPermission{},
	}
	switch metadata, err := r.client.Orgs.GetMetadata(ctx, r.org); {
	case errors.Is(err, pulumiapi.ErrForbidden):
		o.gaps = append(o.gaps, program.Printable("what every member may do: "+err.Error()))
	case err != nil:
		return nil, err
	default:
		o.everybody = metadata.DefaultStackPermission
	}
	for member, err := range r.client.Orgs.ListMembers(ctx, r.org, nil) {
		if err != nil {
			return nil, err
		}
		// What stands behind an organization may list the organization itself.
		if member.User.GitHubLogin != r.org {
			o.members = append(o.members, *member)
		}
	}
	var err error
	if o.teams, err = r.client.Teams.List(ctx, r.org); err != nil {
		return nil, err
	}
	o.stacks, err = pulumiapi.Collect(r.client.Stacks.List(ctx, &pulumiapi.StackListOptions{Organization: r.org}))
	return o, err
}

// details reads the details of an organization, some at the same time.
type details struct {
	client       *pulumiapi.Client
	organization *organization
	progress     *program.Progress
	mu           sync.Mutex // guards the organization's maps and gaps
}

// read reads the teams, the stacks' owners, and what was permitted to these members.
func (d *details) read(ctx context.Context, members []pulumiapi.OrgMember) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atATime)
	for i := range d.organization.teams {
		group.Go(func() error { return d.readTeam(ctx, &d.organization.teams[i]) })
	}
	for _, stack := range d.organization.stacks {
		group.Go(func() error { return d.readOwner(ctx, stack.Identifier()) })
		for _, member := range members {
			group.Go(func() error { return d.readPersonal(ctx, member.User.GitHubLogin, stack.Identifier()) })
		}
	}
	return group.Wait()
}

func (d *details) readTeam(ctx context.Context, team *pulumiapi.Team) error {
	defer d.progress.Add(1)
	got, err := d.client.Teams.Get(ctx, d.organization.name, team.Name)
	if err != nil {
		return d.excuse(err, fmt.Sprintf("team %s", team.Name))
	}
	*team = *got // each team is one goroutine's own
	if team.ListMembersError != "" {
		return d.gap(fmt.Sprintf("the members of team %s: %s", team.Name, team.ListMembersError))
	}
	return nil
}

func (d *details) readOwner(ctx context.Context, id pulumiapi.StackIdentifier) error {
	defer d.progress.Add(1)
	metadata, err := d.client.Stacks.GetMetadata(ctx, id)
	if err != nil {
		return d.excuse(err, fmt.Sprintf("the owner of stack %s", id))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.organization.owners[id] = metadata.OwnedBy
	return nil
}

func (d *details) readPersonal(ctx context.Context, login string, id pulumiapi.StackIdentifier) error {
	defer d.progress.Add(1)
	access, err := d.client.Orgs.GetMemberStackAccess(ctx, login, id)
	if err != nil {
		return d.excuse(err, fmt.Sprintf("what was permitted to %s with stack %s", login, id))
	}
	if access.ExplicitPermission != pulumiapi.StackPermissionNone {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.organization.personal[memberStack{login, id.Project, id.Stack}] = access.ExplicitPermission
	}
	return nil
}

// excuse makes a gap of what may not be seen, or was deleted meanwhile. Any other
// error ends the work.
func (d *details) excuse(err error, what string) error {
	if errors.Is(err, pulumiapi.ErrForbidden) || errors.Is(err, pulumiapi.ErrNotFound) {
		return d.gap(what + ": " + err.Error())
	}
	return err
}

func (d *details) gap(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.organization.gaps = append(d.organization.gaps, program.Printable(what))
	return nil
}
