package pulumiapitest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	auditConfigPath = auditPath + "/export/config"
	logBucket       = `{"s3BucketName":"logs","s3PathPrefix":"a/","iamRoleArn":"arn:aws:iam::1:role/a"}`
)

func TestServer_AuditLogExportConfiguration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Close()
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, auditConfigPath, "")
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodPost, auditConfigPath+"/force?timestamp=1700000000", "")
		requireError(t, srv, http.StatusBadRequest, "has not configured", http.MethodDelete, auditConfigPath, "")

		requireNoContent(t, srv, http.MethodPost, auditConfigPath, `{"newEnabled":true,"newS3Configuration":`+logBucket+`}`)
		requireAudit(t, srv, "Audit Log Export Changed", "Changed where the audit log is written")
		assert.JSONEq(t, `{"enabled":true,"lastResult":{"message":"","timestamp":0},"s3Config":`+logBucket+`}`, do(t, srv, http.MethodGet, auditConfigPath, "").body)

		type result struct {
			Message   string
			Timestamp int64
		}
		want := result{Timestamp: time.Now().Unix()}
		a := do(t, srv, http.MethodPost, auditConfigPath+"/force?timestamp=1700000000", "")
		require.Equal(t, http.StatusOK, a.status, a.body)
		assert.Equal(t, want, decode[result](t, a))
		requireNoContent(t, srv, http.MethodPost, auditConfigPath, `{"newEnabled":false,"newS3Configuration":{"s3BucketName":"b","iamRoleArn":"r"}}`)
		config := getJSON[struct {
			Enabled    bool
			LastResult result
			S3Config   struct{ S3BucketName, S3PathPrefix, IAMRoleARN string }
		}](t, srv, auditConfigPath)
		assert.Equal(t, "b  r", config.S3Config.S3BucketName+" "+config.S3Config.S3PathPrefix+" "+config.S3Config.IAMRoleARN)
		assert.False(t, config.Enabled)
		assert.Equal(t, want, config.LastResult, "it tells what came of the last time still")

		requireNoContent(t, srv, http.MethodDelete, auditConfigPath, "")
		requireAudit(t, srv, "Audit Log Export Deleted", "Stopped writing the audit log")
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, auditConfigPath, "")
		assert.Contains(t, do(t, srv, http.MethodPost, auditConfigPath+"/test", logBucket).body, `"message":""`)
		requireError(t, srv, http.StatusNotFound, "not found", http.MethodGet, auditConfigPath, "")
	})
}

func TestServer_AuditLogExportConfiguration_Errors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, incomplete := range []string{
		`{}`, `{"newEnabled":true}`, `{"newS3Configuration":` + logBucket + `}`,
		`{"newEnabled":true,"newS3Configuration":{"s3BucketName":"b"}}`, `{"newEnabled":true,"newS3Configuration":{"iamRoleArn":"r"}}`,
	} {
		requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, auditConfigPath, incomplete)
	}
	requireError(t, srv, http.StatusBadRequest, "are required", http.MethodPost, auditConfigPath+"/test", `{"s3BucketName":"b"}`)
	requireError(t, srv, http.StatusBadRequest, "timestamp", http.MethodPost, auditConfigPath+"/force?timestamp=now", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/auditlogs/export/config", "")
	requireNoAudit(t, srv)
}

func TestServer_AuditLogExportConfiguration_NeedsASubscription(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	requireNoContent(t, srv, http.MethodPost, auditConfigPath, `{"newEnabled":true,"newS3Configuration":`+logBucket+`}`)
	require.NoError(t, srv.SetProduct("acme", "enterprise"))
	for path, body := range map[string]string{"": `{"newEnabled":true,"newS3Configuration":` + logBucket + `}`, "/test": logBucket, "/force?timestamp=1": ""} {
		requireError(t, srv, http.StatusBadRequest, "not available", http.MethodPost, auditConfigPath+path, body)
	}
	requireNoContent(t, srv, http.MethodDelete, auditConfigPath, "")
}

func TestServer_AuditLogReaderKind(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.NotEmpty(t, getJSON[string](t, srv, auditPath+"/reader-kind"))
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/orgs/none/auditlogs/reader-kind", "")
}
