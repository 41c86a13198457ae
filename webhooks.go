package pulumiapi

import (
	"context"
	"net/http"
)

// WebhooksService manages webhooks, of organizations, of stacks and of environments,
// and what they have delivered.
type WebhooksService struct {
	client *Client
}

// WebhookScope is what a webhook belongs to: an [OrgScope], a [StackIdentifier] or an
// [EnvironmentIdentifier].
type WebhookScope interface {
	webhookScope() webhookOwner
}

// OrgScope is an organization as what webhooks belong to.
type OrgScope string

// webhookOwner names the scope in the body of a request.
type webhookOwner struct {
	OrganizationName string `json:"organizationName"`
	ProjectName      string `json:"projectName,omitzero"`
	StackName        string `json:"stackName,omitzero"`
	EnvName          string `json:"envName,omitzero"`
}

func (o OrgScope) webhookScope() webhookOwner { return webhookOwner{OrganizationName: string(o)} }

func (id StackIdentifier) webhookScope() webhookOwner {
	return webhookOwner{OrganizationName: id.Org, ProjectName: id.Project, StackName: id.Stack}
}

func (id EnvironmentIdentifier) webhookScope() webhookOwner {
	return webhookOwner{OrganizationName: id.Org, ProjectName: id.Project, EnvName: id.Environment}
}

// scopedCall returns a call of the endpoint that is right for the scope.
func scopedCall(scope WebhookScope, ofOrg, ofStack, ofEnvironment Endpoint, more ...pathArg) (call, error) {
	switch scope := scope.(type) {
	case OrgScope:
		return call{endpoint: ofOrg, args: append([]pathArg{{"scope", string(scope)}}, more...)}, nil
	case StackIdentifier:
		return call{endpoint: ofStack, args: append([]pathArg{
			{"scope.Org", scope.Org}, {"scope.Project", scope.Project}, {"scope.Stack", scope.Stack},
		}, more...)}, nil
	case EnvironmentIdentifier:
		return call{endpoint: ofEnvironment, args: append([]pathArg{
			{"scope.Org", scope.Org}, {"scope.Project", scope.Project}, {"scope.Environment", scope.Environment},
		}, more...)}, nil
	}
	return call{}, &ArgumentError{Name: "scope", Reason: "must be an OrgScope, a StackIdentifier or an EnvironmentIdentifier"}
}

// Webhook is a webhook as the service has it.
type Webhook struct {
	// OrganizationName, ProjectName, StackName and EnvName are what the webhook
	// belongs to; the last three are empty where they don't apply.
	OrganizationName string `json:"organizationName"`
	ProjectName      string `json:"projectName"`
	StackName        string `json:"stackName"`
	EnvName          string `json:"envName"`
	// Name names the webhook in other methods, DisplayName is what is shown.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// PayloadURL is where deliveries go.
	PayloadURL string `json:"payloadUrl"`
	// Active says that there are deliveries.
	Active bool          `json:"active"`
	Format WebhookFormat `json:"format"`
	// Filters and Groups are the events that are delivered: all of them if both
	// are empty.
	Filters []WebhookFilter `json:"filters"`
	Groups  []WebhookGroup  `json:"groups"`
	// HasSecret says that deliveries are signed, and SecretCiphertext is the
	// secret, encrypted.
	HasSecret        bool   `json:"hasSecret"`
	SecretCiphertext string `json:"secretCiphertext"`
}

// WebhookFormat is the form of a delivery's body.
type WebhookFormat string

// The forms of deliveries.
const (
	// WebhookFormatRaw is the service's own JSON.
	WebhookFormatRaw WebhookFormat = "raw"
	// WebhookFormatSlack and WebhookFormatMSTeams are messages to be shown.
	WebhookFormatSlack   WebhookFormat = "slack"
	WebhookFormatMSTeams WebhookFormat = "ms_teams"
	// WebhookFormatPulumiDeployments starts a deployment of another stack. It is
	// not for webhooks of organizations.
	WebhookFormatPulumiDeployments WebhookFormat = "pulumi_deployments"
)

// WebhookGroup is a group of events.
type WebhookGroup string

// The groups of events.
const (
	WebhookGroupStacks         WebhookGroup = "stacks"
	WebhookGroupDeployments    WebhookGroup = "deployments"
	WebhookGroupEnvironments   WebhookGroup = "environments"
	WebhookGroupPolicies       WebhookGroup = "policies"
	WebhookGroupChangeRequests WebhookGroup = "change_requests"
)

// WebhookCreateRequest describes a new webhook.
type WebhookCreateRequest struct {
	// DisplayName is what is shown.
	DisplayName string `json:"displayName"`
	// PayloadURL is where deliveries go.
	PayloadURL string `json:"payloadUrl"`
	// Inactive makes a webhook that delivers nothing yet. [WebhooksService.Update]
	// activates it.
	Inactive bool `json:"-"`
	// Name names the webhook: 1 to 32 letters, digits, "-", "_" and ".". The
	// service chooses one if it is nil.
	Name *string `json:"name,omitzero"`
	// Secret signs the deliveries, which are not signed if it is nil.
	Secret *Secret `json:"secret,omitzero"`
	// Format is [WebhookFormatRaw] if nil.
	Format *WebhookFormat `json:"format,omitzero"`
	// Filters and Groups are the events to deliver: all of them if both are nil.
	Filters []WebhookFilter `json:"filters,omitzero"`
	Groups  []WebhookGroup  `json:"groups,omitzero"`
}

var (
	webhookCreateOrgEndpoint         = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/hooks"}
	webhookCreateStackEndpoint       = Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks"}
	webhookCreateEnvironmentEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks"}
)

// Create makes a webhook and returns it. It is active unless req says otherwise. A name that is taken is [ErrConflict].
//
// Pulumi Cloud: POST /api/orgs/{orgName}/hooks,
// or POST /api/stacks/{orgName}/{projectName}/{stackName}/hooks,
// or POST /api/esc/environments/{orgName}/{projectName}/{envName}/hooks
func (s *WebhooksService) Create(ctx context.Context, scope WebhookScope, req WebhookCreateRequest) (*Webhook, error) {
	r, err := scopedCall(scope, webhookCreateOrgEndpoint, webhookCreateStackEndpoint, webhookCreateEnvironmentEndpoint)
	if err != nil {
		return nil, err
	}
	return fetchWithBody[Webhook](ctx, s.client, r, "req", struct {
		webhookOwner
		WebhookCreateRequest
		Active bool `json:"active"`
	}{scope.webhookScope(), req, !req.Inactive})
}

var (
	webhookListOrgEndpoint         = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/hooks"}
	webhookListStackEndpoint       = Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks"}
	webhookListEnvironmentEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks"}
)

// List returns all webhooks of a scope.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/hooks,
// or GET /api/stacks/{orgName}/{projectName}/{stackName}/hooks,
// or GET /api/esc/environments/{orgName}/{projectName}/{envName}/hooks
func (s *WebhooksService) List(ctx context.Context, scope WebhookScope) ([]Webhook, error) {
	r, err := scopedCall(scope, webhookListOrgEndpoint, webhookListStackEndpoint, webhookListEnvironmentEndpoint)
	if err != nil {
		return nil, err
	}
	return fetchAll[Webhook](ctx, s.client, r)
}

var (
	webhookGetOrgEndpoint         = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/hooks/{hookName}"}
	webhookGetStackEndpoint       = Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}"}
	webhookGetEnvironmentEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}"}
)

// Get returns one webhook by its name.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/hooks/{hookName},
// or GET /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName},
// or GET /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}
func (s *WebhooksService) Get(ctx context.Context, scope WebhookScope, name string) (*Webhook, error) {
	r, err := scopedCall(scope, webhookGetOrgEndpoint, webhookGetStackEndpoint, webhookGetEnvironmentEndpoint, pathArg{"name", name})
	if err != nil {
		return nil, err
	}
	return fetch[Webhook](ctx, s.client, r)
}

// WebhookUpdateRequest changes a webhook. The fields without a pointer are set
// always: begin with what [WebhooksService.Get] returns.
type WebhookUpdateRequest struct {
	// DisplayName is what is shown.
	DisplayName string `json:"displayName"`
	// PayloadURL is where deliveries go.
	PayloadURL string `json:"payloadUrl"`
	// Active says whether there are deliveries.
	Active bool `json:"active"`
	// Secret signs the deliveries: [NullableOf] sets it, [Null] removes it, and
	// the zero value leaves it as it is.
	Secret Nullable[Secret] `json:"secret,omitzero"`
	// Format changes the form of deliveries, unless nil.
	Format *WebhookFormat `json:"format,omitzero"`
	// Filters and Groups change the events to deliver, unless nil. If both are
	// empty, all events are delivered.
	Filters []WebhookFilter `json:"filters,omitzero"`
	Groups  []WebhookGroup  `json:"groups,omitzero"`
}

// These are idempotent: they set fields to values, and the webhook's name stays.
var (
	webhookUpdateOrgEndpoint         = Endpoint{Method: http.MethodPatch, Template: "/api/orgs/{orgName}/hooks/{hookName}", Idempotent: true}
	webhookUpdateStackEndpoint       = Endpoint{Method: http.MethodPatch, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}", Idempotent: true}
	webhookUpdateEnvironmentEndpoint = Endpoint{Method: http.MethodPatch, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}", Idempotent: true}
)

// Update changes a webhook and returns it.
//
// Pulumi Cloud: PATCH /api/orgs/{orgName}/hooks/{hookName},
// or PATCH /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName},
// or PATCH /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}
func (s *WebhooksService) Update(ctx context.Context, scope WebhookScope, name string, req WebhookUpdateRequest) (*Webhook, error) {
	r, err := scopedCall(scope, webhookUpdateOrgEndpoint, webhookUpdateStackEndpoint, webhookUpdateEnvironmentEndpoint, pathArg{"name", name})
	if err != nil {
		return nil, err
	}
	return fetchWithBody[Webhook](ctx, s.client, r, "req", struct {
		webhookOwner
		WebhookUpdateRequest
	}{scope.webhookScope(), req})
}

var (
	webhookDeleteOrgEndpoint         = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/hooks/{hookName}"}
	webhookDeleteStackEndpoint       = Endpoint{Method: http.MethodDelete, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}"}
	webhookDeleteEnvironmentEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}"}
)

// Delete deletes a webhook. One that does not exist is [ErrNotFound].
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/hooks/{hookName},
// or DELETE /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName},
// or DELETE /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}
func (s *WebhooksService) Delete(ctx context.Context, scope WebhookScope, name string) error {
	r, err := scopedCall(scope, webhookDeleteOrgEndpoint, webhookDeleteStackEndpoint, webhookDeleteEnvironmentEndpoint, pathArg{"name", name})
	if err != nil {
		return err
	}
	return execute(ctx, s.client, r)
}

// WebhookDelivery is one delivery of a webhook, and what came back.
type WebhookDelivery struct {
	// ID is the delivery's, which the receiver gets as Pulumi-Webhook-ID.
	ID   string           `json:"id"`
	Kind WebhookEventKind `json:"kind"`
	// Payload is the body that was sent.
	Payload   string    `json:"payload"`
	Timestamp Timestamp `json:"timestamp"`
	// DurationMilliseconds is how long the receiver took.
	DurationMilliseconds int    `json:"duration"`
	RequestURL           string `json:"requestUrl"`
	// RequestHeaders and ResponseHeaders are lines of "Name: value".
	RequestHeaders  string `json:"requestHeaders"`
	ResponseCode    int    `json:"responseCode"`
	ResponseHeaders string `json:"responseHeaders"`
	ResponseBody    string `json:"responseBody"`
}

var (
	webhookPingOrgEndpoint         = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/hooks/{hookName}/ping"}
	webhookPingStackEndpoint       = Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/ping"}
	webhookPingEnvironmentEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/ping"}
)

// Ping delivers a test event to a webhook at once, and returns what came back.
// That the receiver refuses it is no error.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/hooks/{hookName}/ping,
// or POST /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/ping,
// or POST /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/ping
func (s *WebhooksService) Ping(ctx context.Context, scope WebhookScope, name string) (*WebhookDelivery, error) {
	r, err := scopedCall(scope, webhookPingOrgEndpoint, webhookPingStackEndpoint, webhookPingEnvironmentEndpoint, pathArg{"name", name})
	if err != nil {
		return nil, err
	}
	return fetch[WebhookDelivery](ctx, s.client, r)
}

var (
	webhookListDeliveriesOrgEndpoint         = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/hooks/{hookName}/deliveries"}
	webhookListDeliveriesStackEndpoint       = Endpoint{Method: http.MethodGet, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/deliveries"}
	webhookListDeliveriesEnvironmentEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/deliveries"}
)

// ListDeliveries returns the latest deliveries of a webhook.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/hooks/{hookName}/deliveries,
// or GET /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/deliveries,
// or GET /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/deliveries
func (s *WebhooksService) ListDeliveries(ctx context.Context, scope WebhookScope, name string) ([]WebhookDelivery, error) {
	r, err := scopedCall(scope, webhookListDeliveriesOrgEndpoint, webhookListDeliveriesStackEndpoint, webhookListDeliveriesEnvironmentEndpoint, pathArg{"name", name})
	if err != nil {
		return nil, err
	}
	return fetchAll[WebhookDelivery](ctx, s.client, r)
}

var (
	webhookRedeliverOrgEndpoint         = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/hooks/{hookName}/deliveries/{event}/redeliver"}
	webhookRedeliverStackEndpoint       = Endpoint{Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/deliveries/{event}/redeliver"}
	webhookRedeliverEnvironmentEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/deliveries/{event}/redeliver"}
)

// Redeliver delivers an event once more, by the ID of one of its deliveries,
// and returns what came back.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/hooks/{hookName}/deliveries/{event}/redeliver,
// or POST /api/stacks/{orgName}/{projectName}/{stackName}/hooks/{hookName}/deliveries/{event}/redeliver,
// or POST /api/esc/environments/{orgName}/{projectName}/{envName}/hooks/{hookName}/deliveries/{event}/redeliver
func (s *WebhooksService) Redeliver(ctx context.Context, scope WebhookScope, name, deliveryID string) (*WebhookDelivery, error) {
	r, err := scopedCall(scope, webhookRedeliverOrgEndpoint, webhookRedeliverStackEndpoint, webhookRedeliverEnvironmentEndpoint,
		pathArg{"name", name}, pathArg{"deliveryID", deliveryID})
	if err != nil {
		return nil, err
	}
	return fetch[WebhookDelivery](ctx, s.client, r)
}
