package program

import (
	"flag"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// Cloud says which Pulumi Cloud a program talks to: one in memory, with a made-up
// company in it, or with -live the real one.
type Cloud struct {
	// UserAgent is the program's name for the real one.
	UserAgent string
	// Seed adds to what is in the one in memory. It may be nil.
	Seed func(srv *pulumiapitest.Server) error

	// Live and Org are what the flags say. Check sets Org if they don't.
	Live bool
	Org  string
}

// Flags declares -live and -org.
func (c *Cloud) Flags(flags *flag.FlagSet) {
	flags.BoolVar(&c.Live, "live", false, "")
	flags.StringVar(&c.Org, "org", "", "")
}

// Check says what is wrong with the flags. Without -live, there is an organization
// to fall back on.
func (c *Cloud) Check() error {
	switch {
	case c.Org != "":
	case c.Live:
		return Usagef("-live needs to know the organization: add -org and its name")
	default:
		c.Org = pulumiapitest.DemoOrganization
	}
	return nil
}

// Stack returns the stack of the organization that text, project/stack, names. Call
// Check first.
func (c *Cloud) Stack(text string) (pulumiapi.StackIdentifier, error) {
	project, name, _ := strings.Cut(text, "/")
	if project == "" || name == "" || strings.Contains(name, "/") {
		return pulumiapi.StackIdentifier{}, Usagef("%q is not project/stack", text)
	}
	return pulumiapi.StackIdentifier{Org: c.Org, Project: project, Stack: name}, nil
}

// Connection is a client, and what to know about it.
type Connection struct {
	*pulumiapi.Client

	// Where is what to call the place it leads to.
	Where string
	// Demo is the cloud in memory; nil if it is the real one.
	Demo *pulumiapitest.Server
}

// Connect returns a client for the cloud, with the options in addition to its own.
// It sends nothing. Close the connection when all is done.
func (c *Cloud) Connect(opts ...pulumiapi.Option) (*Connection, error) {
	if c.Live {
		client, err := pulumiapi.NewClient(slices.Concat([]pulumiapi.Option{
			pulumiapi.FromEnvironment(),
			pulumiapi.WithUserAgent(c.UserAgent),
		}, opts)...)
		if err != nil {
			return nil, err
		}
		return &Connection{Client: client, Where: Printable(client.BaseURL())}, nil
	}
	srv := pulumiapitest.Demo()
	if c.Seed != nil {
		if err := c.Seed(srv); err != nil {
			srv.Close()
			return nil, err
		}
	}
	client, err := pulumiapi.NewClient(slices.Concat(srv.Options(), opts)...)
	if err != nil {
		srv.Close()
		return nil, err
	}
	return &Connection{Client: client, Where: "a Pulumi Cloud in memory", Demo: srv}, nil
}

// Close ends what the connection keeps open.
func (c *Connection) Close() {
	c.CloseIdleConnections()
	if c.Demo != nil {
		c.Demo.Close()
	}
}
