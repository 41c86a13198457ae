package pulumiapi

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// The headers of a delivery. Its signature covers the body, and not these.
const (
	webhookIDHeader        = "Pulumi-Webhook-ID"
	webhookKindHeader      = "Pulumi-Webhook-Kind"
	webhookSignatureHeader = "Pulumi-Webhook-Signature"
)

// maxWebhookBody is the longest body of a delivery that is read.
const maxWebhookBody = 1 << 20

// Why a delivery is not trusted, for [errors.Is].
var (
	// ErrWebhookUnsigned says that a delivery has no signature: its webhook has
	// no secret, or somebody else has sent it.
	ErrWebhookUnsigned = errors.New("pulumiapi: webhook: it is not signed")
	// ErrWebhookBadSignature says that a delivery's signature was made with none
	// of the secrets, or for another body.
	ErrWebhookBadSignature = errors.New("pulumiapi: webhook: its signature is wrong")
	// ErrWebhookNoSecret says that the receiver has no secret to verify
	// deliveries with, or an empty one, with which anybody could sign. It is an
	// [*ArgumentError].
	ErrWebhookNoSecret error = &ArgumentError{Name: "secrets", Reason: "must hold at least one, and none that is empty"}
)

// WebhookEvent is a delivery of a webhook, as its receiver gets it.
type WebhookEvent struct {
	// ID is the delivery's, which [WebhooksService.ListDeliveries] lists; empty if
	// it came without one. The signature does not cover it, nor the Kind.
	ID string
	// Kind is what the delivery is about. New kinds may appear.
	Kind WebhookEventKind
	// Payload is the body: a pointer to the type of the kind, such as
	// [*WebhookStackPayload]. It is nil for the kinds that have no type, and where
	// the body has another form than its kind.
	Payload any
	// Raw is the body as it was sent.
	Raw json.RawMessage
}

// ParseWebhook reads a delivery of a webhook, and verifies that it is signed
// with one of the secrets. There may be several, so that deliveries are accepted
// while a secret is being changed. A kind that is not known is no error. The
// webhook's format is to be [WebhookFormatRaw]: the others are for people.
//
// The signature covers the body alone, neither the ID nor the kind: whoever has
// seen a delivery can send its body again, under another ID or another kind.
//
// It fails with [ErrWebhookUnsigned], with [ErrWebhookBadSignature], with
// [ErrWebhookNoSecret], with a [*net/http.MaxBytesError] for a body of more than
// 1 MiB, and when the body can't be read or is not JSON. If it is JSON of another
// form than its kind has, the event is returned with the error, without a Payload.
// Nothing may have read the request's body before.
func ParseWebhook(r *http.Request, secrets ...Secret) (*WebhookEvent, error) {
	if err := checkWebhookSecrets(secrets); err != nil {
		return nil, err
	}
	if r == nil {
		return nil, &ArgumentError{Name: "r", Reason: "is nil"}
	}
	body, err := readSignedBody(nil, r, secrets)
	if err != nil {
		return nil, err
	}
	return parseWebhookEvent(r.Header, body)
}

// ParseUnverifiedWebhook reads a delivery of a webhook as [ParseWebhook] does,
// but takes it from anybody: a signature is not looked at. It is for webhooks
// without a secret, and for receivers behind something that has verified.
func ParseUnverifiedWebhook(r *http.Request) (*WebhookEvent, error) {
	if r == nil {
		return nil, &ArgumentError{Name: "r", Reason: "is nil"}
	}
	body, err := readWebhookBody(nil, r)
	if err != nil {
		return nil, err
	}
	return parseWebhookEvent(r.Header, body)
}

func checkWebhookSecrets(secrets []Secret) error {
	if len(secrets) == 0 {
		return ErrWebhookNoSecret
	}
	for _, secret := range secrets {
		if secret.IsZero() {
			return ErrWebhookNoSecret
		}
	}
	return nil
}

// readSignedBody returns the body of a delivery that is signed with one of the
// secrets. w may be nil.
func readSignedBody(w http.ResponseWriter, r *http.Request, secrets []Secret) ([]byte, error) {
	signature, err := webhookSignature(r.Header)
	if err != nil {
		return nil, err // and whoever didn't sign is not listened to
	}
	body, err := readWebhookBody(w, r)
	if err != nil {
		return nil, err
	}
	verified := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		_, _ = mac.Write(body) // never fails
		verified = hmac.Equal(mac.Sum(nil), signature) || verified
	}
	if !verified {
		return nil, ErrWebhookBadSignature
	}
	return body, nil
}

// webhookSignature returns the signature that a delivery claims. Which case its
// digits have, and white space around them, makes no difference; of several
// signatures none is believed.
func webhookSignature(header http.Header) ([]byte, error) {
	values := header.Values(webhookSignatureHeader)
	if strings.TrimSpace(strings.Join(values, "")) == "" {
		return nil, ErrWebhookUnsigned
	}
	signature, err := hex.DecodeString(strings.TrimSpace(values[0]))
	if err != nil || len(values) > 1 {
		return nil, ErrWebhookBadSignature
	}
	return signature, nil
}

// readWebhookBody returns the body of a delivery. w may be nil; otherwise it
// learns of a body that is too long, so that the rest of it is not waited for.
func readWebhookBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil { // of a request that was made for sending
		return nil, nil
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxWebhookBody)); err != nil {
		return nil, fmt.Errorf("pulumiapi: webhook: reading its body: %w", err)
	}
	return body.Bytes(), nil
}

// parseWebhookEvent returns the event, without its payload if that is of another
// form than expected, which is an error.
func parseWebhookEvent(header http.Header, body []byte) (*WebhookEvent, error) {
	event, err := newWebhookEvent(header, body)
	if err != nil {
		return nil, err
	}
	err = event.decodePayload()
	return event, err
}

// newWebhookEvent returns the event without its payload.
func newWebhookEvent(header http.Header, body []byte) (*WebhookEvent, error) {
	if !jsonx.IsValid(body) {
		return nil, errors.New("pulumiapi: webhook: its body is not JSON")
	}
	return &WebhookEvent{
		ID:   header.Get(webhookIDHeader),
		Kind: WebhookEventKind(header.Get(webhookKindHeader)),
		Raw:  body,
	}, nil
}

// decodePayload sets the payload, if the kind has a type and the body fits.
func (e *WebhookEvent) decodePayload() error {
	newPayload, known := webhookPayloads[e.Kind]
	if !known {
		return nil
	}
	payload := newPayload()
	if err := jsonx.Decode(e.Raw, payload); err != nil {
		return fmt.Errorf("pulumiapi: webhook: its body is JSON of another form than that of the kind %s: %s",
			e.Kind, oneLine(err.Error(), maxErrorText))
	}
	e.Payload = payload
	return nil
}

// WebhookEventKind is what a delivery of a webhook is about.
type WebhookEventKind string

// The kinds of deliveries.
const (
	WebhookEventKindStack                      WebhookEventKind = "stack"
	WebhookEventKindStackUpdate                WebhookEventKind = "stack_update"
	WebhookEventKindStackPreview               WebhookEventKind = "stack_preview"
	WebhookEventKindDeployment                 WebhookEventKind = "deployment"
	WebhookEventKindDriftDetection             WebhookEventKind = "drift_detection"
	WebhookEventKindDriftRemediation           WebhookEventKind = "drift_remediation"
	WebhookEventKindEnvironment                WebhookEventKind = "environment"
	WebhookEventKindEnvironmentRevision        WebhookEventKind = "environment_revision"
	WebhookEventKindEnvironmentRevisionTag     WebhookEventKind = "environment_revision_tag"
	WebhookEventKindEnvironmentTag             WebhookEventKind = "environment_tag"
	WebhookEventKindImportedEnvironmentChanged WebhookEventKind = "imported_environment_changed"
	WebhookEventKindTeam                       WebhookEventKind = "team"
	WebhookEventKindPolicyViolation            WebhookEventKind = "policy_violation"
	WebhookEventKindPing                       WebhookEventKind = "ping"
)

// WebhookFilter is an event that a webhook can be narrowed down to.
type WebhookFilter string

// The events that a webhook can be narrowed down to.
const (
	WebhookFilterStackCreated                  WebhookFilter = "stack_created"
	WebhookFilterStackDeleted                  WebhookFilter = "stack_deleted"
	WebhookFilterPreviewSucceeded              WebhookFilter = "preview_succeeded"
	WebhookFilterPreviewFailed                 WebhookFilter = "preview_failed"
	WebhookFilterUpdateSucceeded               WebhookFilter = "update_succeeded"
	WebhookFilterUpdateFailed                  WebhookFilter = "update_failed"
	WebhookFilterDestroySucceeded              WebhookFilter = "destroy_succeeded"
	WebhookFilterDestroyFailed                 WebhookFilter = "destroy_failed"
	WebhookFilterRefreshSucceeded              WebhookFilter = "refresh_succeeded"
	WebhookFilterRefreshFailed                 WebhookFilter = "refresh_failed"
	WebhookFilterImportSucceeded               WebhookFilter = "import_succeeded"
	WebhookFilterImportFailed                  WebhookFilter = "import_failed"
	WebhookFilterDriftDetectionSucceeded       WebhookFilter = "drift_detection_succeeded"
	WebhookFilterDriftDetectionFailed          WebhookFilter = "drift_detection_failed"
	WebhookFilterDriftRemediationSucceeded     WebhookFilter = "drift_remediation_succeeded"
	WebhookFilterDriftRemediationFailed        WebhookFilter = "drift_remediation_failed"
	WebhookFilterEnvironmentRotationSucceeded  WebhookFilter = "environment_rotation_succeeded"
	WebhookFilterEnvironmentRotationFailed     WebhookFilter = "environment_rotation_failed"
	WebhookFilterDriftDetected                 WebhookFilter = "drift_detected"
	WebhookFilterDeploymentQueued              WebhookFilter = "deployment_queued"
	WebhookFilterDeploymentStarted             WebhookFilter = "deployment_started"
	WebhookFilterDeploymentSucceeded           WebhookFilter = "deployment_succeeded"
	WebhookFilterDeploymentFailed              WebhookFilter = "deployment_failed"
	WebhookFilterDeploymentFileIngestionFailed WebhookFilter = "deployment_file_ingestion_failed"
	WebhookFilterPolicyViolationMandatory      WebhookFilter = "policy_violation_mandatory"
	WebhookFilterPolicyViolationAdvisory       WebhookFilter = "policy_violation_advisory"
	WebhookFilterEnvironmentCreated            WebhookFilter = "environment_created"
	WebhookFilterEnvironmentDeleted            WebhookFilter = "environment_deleted"
	WebhookFilterEnvironmentRevisionCreated    WebhookFilter = "environment_revision_created"
	WebhookFilterEnvironmentRevisionRetracted  WebhookFilter = "environment_revision_retracted"
	WebhookFilterEnvironmentRevisionTagCreated WebhookFilter = "environment_revision_tag_created"
	WebhookFilterEnvironmentRevisionTagUpdated WebhookFilter = "environment_revision_tag_updated"
	WebhookFilterEnvironmentRevisionTagDeleted WebhookFilter = "environment_revision_tag_deleted"
	WebhookFilterEnvironmentTagCreated         WebhookFilter = "environment_tag_created"
	WebhookFilterEnvironmentTagUpdated         WebhookFilter = "environment_tag_updated"
	WebhookFilterEnvironmentTagDeleted         WebhookFilter = "environment_tag_deleted"
	WebhookFilterImportedEnvironmentChanged    WebhookFilter = "imported_environment_changed"
	WebhookFilterChangeRequestCreated          WebhookFilter = "change_request_created"
	WebhookFilterChangeRequestUpdated          WebhookFilter = "change_request_updated"
	WebhookFilterChangeRequestApproved         WebhookFilter = "change_request_approved"
	WebhookFilterChangeRequestUnapproved       WebhookFilter = "change_request_unapproved"
	WebhookFilterChangeRequestClosed           WebhookFilter = "change_request_closed"
	WebhookFilterChangeRequestApplied          WebhookFilter = "change_request_applied"
	WebhookFilterChangeRequestSubmitted        WebhookFilter = "change_request_submitted"
)

// webhookPayloads makes what the body of a kind is read into. The kinds that are
// missing have no published form: their body is [WebhookEvent.Raw].
var webhookPayloads = map[WebhookEventKind]func() any{
	WebhookEventKindStack:                      newPayload[WebhookStackPayload],
	WebhookEventKindStackUpdate:                newPayload[WebhookStackUpdatePayload],
	WebhookEventKindStackPreview:               newPayload[WebhookStackUpdatePayload],
	WebhookEventKindDeployment:                 newPayload[WebhookDeploymentPayload],
	WebhookEventKindDriftDetection:             newPayload[WebhookDriftDetectionPayload],
	WebhookEventKindDriftRemediation:           newPayload[WebhookDriftRemediationPayload],
	WebhookEventKindEnvironment:                newPayload[WebhookEnvironmentPayload],
	WebhookEventKindEnvironmentRevision:        newPayload[WebhookEnvironmentRevisionPayload],
	WebhookEventKindEnvironmentRevisionTag:     newPayload[WebhookEnvironmentRevisionTagPayload],
	WebhookEventKindEnvironmentTag:             newPayload[WebhookEnvironmentTagPayload],
	WebhookEventKindImportedEnvironmentChanged: newPayload[WebhookImportedEnvironmentChangedPayload],
	WebhookEventKindTeam:                       newPayload[WebhookTeamPayload],
	WebhookEventKindPing:                       newPayload[WebhookPingPayload],
}

func newPayload[T any]() any { return new(T) }

// WebhookSource says whose doing an event is. It is a part of every payload, but
// for that of a ping.
type WebhookSource struct {
	// User is who did it; empty where nobody did.
	User UserInfo `json:"user"`
	// Organization is the organization it happened in, whose name in other
	// methods is its GitHubLogin.
	Organization UserInfo `json:"organization"`
}

// WebhookAction is what happened to the subject of an event.
type WebhookAction string

// The things that happen to the subjects of events.
const (
	WebhookActionCreated   WebhookAction = "created"
	WebhookActionUpdated   WebhookAction = "updated"
	WebhookActionDeleted   WebhookAction = "deleted"
	WebhookActionRetracted WebhookAction = "retracted"
)

// WebhookStackPayload says that a stack was created or deleted. It is the payload
// of [WebhookEventKindStack].
type WebhookStackPayload struct {
	WebhookSource

	Action      WebhookAction `json:"action"`
	ProjectName string        `json:"projectName"`
	StackName   string        `json:"stackName"`
}

// Identifier returns the stack's identifier.
func (p *WebhookStackPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookStackUpdatePayload says that an update or a preview has ended. It is the
// payload of [WebhookEventKindStackUpdate] and [WebhookEventKindStackPreview].
type WebhookStackUpdatePayload struct {
	WebhookSource

	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// UpdateURL is the update's page in the console.
	UpdateURL string       `json:"updateUrl"`
	Kind      UpdateKind   `json:"kind"`
	Result    UpdateResult `json:"result"`
	// ResourceChanges counts the resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	IsPreview       bool           `json:"isPreview"`
}

// Identifier returns the stack's identifier.
func (p *WebhookStackUpdatePayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDeploymentPayload says how far a deployment has come. It is the payload
// of [WebhookEventKindDeployment].
type WebhookDeploymentPayload struct {
	WebhookSource

	ProjectName string `json:"projectName"`
	StackName   string `json:"stackName"`
	// DeploymentURL is the deployment's page in the console.
	DeploymentURL string `json:"deploymentUrl"`
	// Version counts the deployments of the stack.
	Version   int                 `json:"version"`
	Operation DeploymentOperation `json:"operation"`
	Status    DeploymentStatus    `json:"status"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDeploymentPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDriftDetectionPayload says what a search for drift has found. It is the
// payload of [WebhookEventKindDriftDetection].
type WebhookDriftDetectionPayload struct {
	WebhookSource

	ProjectName   string       `json:"projectName"`
	StackName     string       `json:"stackName"`
	DriftDetected bool         `json:"driftDetected"`
	DriftRunID    string       `json:"driftRunId"`
	Status        JobRunStatus `json:"status"`
	// ResourceChanges counts the resources by what would have to be done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// ReferenceURL is the run's page in the console.
	ReferenceURL string `json:"referenceUrl"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDriftDetectionPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

// WebhookDriftRemediationPayload says that drift was undone, or not. It is the
// payload of [WebhookEventKindDriftRemediation].
type WebhookDriftRemediationPayload struct {
	WebhookSource

	ProjectName string       `json:"projectName"`
	StackName   string       `json:"stackName"`
	Status      JobRunStatus `json:"status"`
	// ResourceChanges counts the resources by what was done to them.
	ResourceChanges map[StepOp]int `json:"resourceChanges"`
	// ReferenceURL is the run's page in the console.
	ReferenceURL string `json:"referenceUrl"`
}

// Identifier returns the stack's identifier.
func (p *WebhookDriftRemediationPayload) Identifier() StackIdentifier {
	return p.stack(p.ProjectName, p.StackName)
}

func (s WebhookSource) stack(project, name string) StackIdentifier {
	return StackIdentifier{Org: s.Organization.GitHubLogin, Project: project, Stack: name}
}

// WebhookEnvironmentPayload says that a Pulumi ESC environment was created or
// deleted. It is the payload of [WebhookEventKindEnvironment].
type WebhookEnvironmentPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
}

// WebhookEnvironmentRevisionPayload says that a revision of an environment was
// created or retracted. It is the payload of
// [WebhookEventKindEnvironmentRevision].
type WebhookEnvironmentRevisionPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	Revision        int           `json:"revision"`
}

// WebhookEnvironmentRevisionTagPayload says that a tag of an environment's
// revisions was created, moved or deleted. It is the payload of
// [WebhookEventKindEnvironmentRevisionTag].
type WebhookEnvironmentRevisionTagPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	TagName         string        `json:"tagName"`
	// Revision is what the tag stands for.
	Revision int `json:"revision"`
}

// WebhookEnvironmentTagPayload says that a tag of an environment was created,
// changed or deleted. It is the payload of [WebhookEventKindEnvironmentTag].
type WebhookEnvironmentTagPayload struct {
	WebhookSource

	ProjectName     string        `json:"projectName"`
	EnvironmentName string        `json:"environmentName"`
	Action          WebhookAction `json:"action"`
	TagName         string        `json:"tagName"`
}

// WebhookImportedEnvironmentChangedPayload says that an environment has changed
// which this one imports. It is the payload of
// [WebhookEventKindImportedEnvironmentChanged].
type WebhookImportedEnvironmentChangedPayload struct {
	WebhookSource

	ProjectName     string `json:"projectName"`
	EnvironmentName string `json:"environmentName"`
	// AffectedRevisions are the revisions of the environment that import the other.
	AffectedRevisions []int `json:"affectedRevisions"`
	// ImportedEnvironmentReference is the environment that has changed.
	ImportedEnvironmentReference WebhookEnvironmentReference `json:"importedEnvironmentReference"`
}

// WebhookEnvironmentReference names a revision of an environment.
type WebhookEnvironmentReference struct {
	ProjectName     string `json:"projectName"`
	EnvironmentName string `json:"environmentName"`
	Revision        int    `json:"revision"`
}

// WebhookTeamPayload says that a team has changed. It is the payload of
// [WebhookEventKindTeam], which older installations send.
type WebhookTeamPayload struct {
	WebhookSource

	Action WebhookAction `json:"action"`
	// Team is the team as it is now: its kind, name, members and stacks.
	Team Team `json:"team"`
}

// WebhookPingPayload is what a webhook delivers when it is tried out. It is the
// payload of [WebhookEventKindPing].
type WebhookPingPayload struct {
	Timestamp Timestamp `json:"timestamp"`
	Message   string    `json:"message"`
}
