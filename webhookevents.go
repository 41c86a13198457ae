package pulumiapi

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
