package pulumiapi

import (
	"context"
	"net/http"
	"time"
)

// AuditLogExportConfig is where the service writes an organization's audit log by
// itself, and how that goes.
type AuditLogExportConfig struct {
	// Enabled says that it writes. It stops by itself after it was refused again and
	// again.
	Enabled  bool             `json:"enabled"`
	S3Config AuditLogS3Config `json:"s3Config"`
	// LastResult is what came of the last time that it wrote.
	LastResult AuditLogExportResult `json:"lastResult"`
}

// AuditLogS3Config is a place in Amazon S3.
type AuditLogS3Config struct {
	S3BucketName string `json:"s3BucketName"`
	// S3PathPrefix is what the names of the objects begin with.
	S3PathPrefix string `json:"s3PathPrefix"`
	// IAMRoleARN is the role that the service writes as.
	IAMRoleARN string `json:"iamRoleArn"`
}

// AuditLogExportResult is what came of writing an audit log.
type AuditLogExportResult struct {
	Timestamp Timestamp `json:"timestamp"`
	// Message is what went wrong; empty if nothing did.
	Message string `json:"message"`
}

var auditLogGetExportConfigEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/export/config"}

// GetExportConfig returns where the service writes an organization's audit log. One
// that it writes nowhere is [ErrNotFound].
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/export/config
func (s *AuditLogsService) GetExportConfig(ctx context.Context, org string) (*AuditLogExportConfig, error) {
	return fetch[AuditLogExportConfig](ctx, s.client, call{endpoint: auditLogGetExportConfigEndpoint, args: orgArgs(org)})
}

// AuditLogS3ConfigRequest is a place in Amazon S3 for an audit log.
type AuditLogS3ConfigRequest struct {
	S3BucketName string `json:"s3BucketName"`
	// S3PathPrefix is what the names of the objects begin with.
	S3PathPrefix *string `json:"s3PathPrefix,omitzero"`
	// IAMRoleARN is the role that the service writes as.
	IAMRoleARN string `json:"iamRoleArn"`
}

func (r AuditLogS3ConfigRequest) check(name string) error {
	if err := checkNotEmpty(name+".S3BucketName", r.S3BucketName); err != nil {
		return err
	}
	return checkNotEmpty(name+".IAMRoleARN", r.IAMRoleARN)
}

// AuditLogExportConfigUpdateRequest says where the service is to write an
// organization's audit log by itself.
type AuditLogExportConfigUpdateRequest struct {
	// Enabled says whether it is to write.
	Enabled         bool                    `json:"newEnabled"`
	S3Configuration AuditLogS3ConfigRequest `json:"newS3Configuration"`
}

// auditLogUpdateExportConfigEndpoint is idempotent: it replaces the configuration.
var auditLogUpdateExportConfigEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/auditlogs/export/config", Idempotent: true}

// UpdateExportConfig says where the service is to write an organization's audit log,
// whether or not it was told before. A subscription without such exports is an
// [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/auditlogs/export/config
func (s *AuditLogsService) UpdateExportConfig(ctx context.Context, org string, req AuditLogExportConfigUpdateRequest) error {
	if err := req.S3Configuration.check("req.S3Configuration"); err != nil {
		return err
	}
	return executeWithBody(ctx, s.client, call{endpoint: auditLogUpdateExportConfigEndpoint, args: orgArgs(org)}, "req", req)
}

var auditLogDeleteExportConfigEndpoint = Endpoint{Method: http.MethodDelete, Template: "/api/orgs/{orgName}/auditlogs/export/config"}

// DeleteExportConfig makes the service write an organization's audit log nowhere any
// more. What it has written stays. If it wrote nowhere before, that is an [*APIError]
// of status 400: an [ErrOutcomeUnknown], too, if an attempt whose answer was lost may
// have done it.
//
// Pulumi Cloud: DELETE /api/orgs/{orgName}/auditlogs/export/config
func (s *AuditLogsService) DeleteExportConfig(ctx context.Context, org string) error {
	return execute(ctx, s.client, call{endpoint: auditLogDeleteExportConfigEndpoint, args: orgArgs(org)})
}

var auditLogTestExportConfigEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/auditlogs/export/config/test"}

// TestExportConfig tries to write something where an audit log might be written, and
// returns what came of it. That it fails is no error: the result says so. A
// subscription without such exports is an [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/auditlogs/export/config/test
func (s *AuditLogsService) TestExportConfig(ctx context.Context, org string, req AuditLogS3ConfigRequest) (*AuditLogExportResult, error) {
	if err := req.check("req"); err != nil {
		return nil, err
	}
	return fetchWithBody[AuditLogExportResult](ctx, s.client, call{endpoint: auditLogTestExportConfigEndpoint, args: orgArgs(org)}, "req", req)
}

var auditLogForceExportEndpoint = Endpoint{Method: http.MethodPost, Template: "/api/orgs/{orgName}/auditlogs/export/config/force"}

// ForceExport writes an organization's audit log of a point in time, in whole
// seconds, where it should have been written then, and returns what came of it. That
// it fails is no error: the result says so. An organization whose audit log is
// written nowhere is [ErrNotFound], a subscription without such exports an
// [*APIError] of status 400.
//
// Pulumi Cloud: POST /api/orgs/{orgName}/auditlogs/export/config/force
func (s *AuditLogsService) ForceExport(ctx context.Context, org string, at time.Time) (*AuditLogExportResult, error) {
	if at.IsZero() {
		return nil, &ArgumentError{Name: "at", Reason: "is zero"}
	}
	values, err := encodeQuery(struct {
		Timestamp time.Time `url:"timestamp,unix"`
	}{at})
	if err != nil {
		return nil, err
	}
	return fetch[AuditLogExportResult](ctx, s.client, call{endpoint: auditLogForceExportEndpoint, args: orgArgs(org), query: values})
}

var auditLogGetReaderKindEndpoint = Endpoint{Method: http.MethodGet, Template: "/api/orgs/{orgName}/auditlogs/reader-kind"}

// GetReaderKind returns what the service calls the database from which it reads an
// organization's audit log, MySQL or DynamoDB: they differ in how events can be
// filtered.
//
// Pulumi Cloud: GET /api/orgs/{orgName}/auditlogs/reader-kind
func (s *AuditLogsService) GetReaderKind(ctx context.Context, org string) (string, error) {
	kind, err := fetch[string](ctx, s.client, call{endpoint: auditLogGetReaderKindEndpoint, args: orgArgs(org)})
	if err != nil {
		return "", err
	}
	return *kind, nil
}
