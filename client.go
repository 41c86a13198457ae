package pulumiapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/transport"
)

const (
	version = "0.1.0"

	// defaultBaseURL is Pulumi's own installation of the service.
	defaultBaseURL = "https://api.pulumi.com"

	// stallTimeout ends an attempt (each of them) during which nothing moves,
	// where the caller has set no deadline.
	stallTimeout = 60 * time.Second
)

// Client talks to Pulumi Cloud, or to a self-hosted installation of it. Its
// fields are the service's resources. Make it with [NewClient]; it does not
// change afterwards and is safe for concurrent use.
type Client struct {
	// Stacks manages stacks: their tags, configuration, state and resources, and
	// who may do what with them.
	Stacks *StacksService
	// Updates reads the updates of stacks, previews, refreshes and destroys among
	// them, and what happened during them.
	Updates *UpdatesService
	// Orgs manages organizations: members, invitations, roles, settings and tokens.
	Orgs *OrgsService
	// Teams manages teams: members, roles, what they may do, and tokens.
	Teams *TeamsService
	// Tokens manages the user's access tokens; those of organizations and of teams
	// are methods of Orgs and Teams.
	Tokens *TokensService
	// User is the token's user: who it is, and what belongs to the account.
	User *UserService
	// Webhooks manages webhooks, of organizations, of stacks and of environments,
	// and what they have delivered.
	Webhooks *WebhooksService
	// AuditLogs reads and exports audit logs.
	AuditLogs *AuditLogsService
	// Insights manages cloud accounts, the scans that discover what is in them, and
	// what was discovered.
	Insights *InsightsService
	// PolicyIssues reads and triages what policies have found.
	PolicyIssues *PolicyIssuesService
	// PolicyCompliance tells how well policies are obeyed.
	PolicyCompliance *PolicyComplianceService
	// AgentPools lists the pools of agents that an organization hosts.
	AgentPools *AgentPoolsService
	// Meta tells about the service itself.
	Meta *MetaService

	base      *url.URL
	common    commonHeader
	tokens    *tokenCache // nil without a token source
	limits    answerLimits
	transport *transport.Client
}

// NewClient returns a Client. Without credentials, or with an option that
// can't be right, it returns an [*ArgumentError]. It sends nothing, and looks
// for credentials neither in the environment nor in files unless
// [FromEnvironment] is among the options. Without [WithHTTPClient], requests go
// through the proxy that HTTPS_PROXY and the like name.
func NewClient(opts ...Option) (*Client, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	if c.fromEnvironment {
		if err := c.readEnvironment(); err != nil {
			return nil, err
		}
	}
	client, err := c.newClient()
	if err != nil {
		return nil, err
	}
	switch {
	case c.tokenSource != nil:
		if err := checkTokenSource(c.tokenSource, client.base); err != nil {
			return nil, err
		}
		client.tokens = &tokenCache{source: c.tokenSource}
	case c.storedLogin != nil:
		client.tokens = c.storedLogin.tokens(client)
	case c.token.IsZero():
		return nil, &ArgumentError{
			Name: "opts",
			Reason: "no access token: add WithToken or WithTokenSource, or FromEnvironment with PULUMI_ACCESS_TOKEN set " +
				"or after `pulumi login`",
		}
	default:
		setToken(client.common(), c.token)
	}
	return client, nil
}

func newConfig(opts []Option) (*config, error) {
	c := config{userAgent: "pulumiapi/" + version, limits: answerLimits{state: defaultMaxState, other: defaultMaxAnswer}}
	for i, opt := range opts {
		if opt == nil {
			return nil, &ArgumentError{Name: fmt.Sprintf("opts[%d]", i), Reason: "is nil"}
		}
		if err := opt(&c); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// newClient returns a client that has no credentials.
func (c *config) newClient() (*Client, error) {
	base, err := parseBaseURL("WithBaseURL", cmp.Or(c.baseURL, defaultBaseURL))
	if err != nil {
		return nil, err
	}
	client := &Client{
		base:      base,
		common:    newHeader(c.userAgent),
		limits:    c.limits,
		transport: transport.New(c.transportConfig(base)),
	}
	client.Stacks = &StacksService{client: client}
	client.Updates = &UpdatesService{client: client}
	client.Orgs = &OrgsService{client: client}
	client.Teams = &TeamsService{client: client}
	client.Tokens = &TokensService{client: client}
	client.User = &UserService{client: client}
	client.Webhooks = &WebhooksService{client: client}
	client.AuditLogs = &AuditLogsService{client: client}
	client.Insights = &InsightsService{client: client}
	client.PolicyIssues = &PolicyIssuesService{client: client}
	client.PolicyCompliance = &PolicyComplianceService{client: client}
	client.AgentPools = &AgentPoolsService{client: client}
	client.Meta = &MetaService{client: client}
	return client, nil
}

func (c *config) transportConfig(base *url.URL) transport.Config {
	t := transport.Config{
		HTTP:  cmp.Or(c.httpClient, &http.Client{}),
		Base:  base,
		Retry: c.retry.complete(),
		Stall: stallTimeout,
	}
	if c.limiter != nil {
		t.Limiter = c.limiter
	}
	if c.logger != nil {
		t.OnAttempt = append(t.OnAttempt, transport.LogAttempts(c.logger))
		t.OnWarning = append(t.OnWarning, transport.LogWarnings(c.logger))
	}
	if on := c.observer.OnAttempt; on != nil {
		t.OnAttempt = append(t.OnAttempt, func(ctx context.Context, a transport.Attempt) { on(ctx, newAttempt(ctx, a)) })
	}
	if on := c.observer.OnWarning; on != nil {
		t.OnWarning = append(t.OnWarning, func(ctx context.Context, w transport.Warning) { on(ctx, newWarning(ctx, w)) })
	}
	return t
}

// BaseURL returns the address that the client talks to.
func (c *Client) BaseURL() string { return c.base.String() }

// CloseIdleConnections closes the connections that no call uses at the moment.
// A program that keeps its client for good has no need of it.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }
