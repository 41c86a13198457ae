package pulumiapitest

import "time"

var auditExportRoutes = []route{
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs/export/config",
		handle:   (*Server).getAuditExport,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/auditlogs/export/config",
		handle:   (*Server).updateAuditExport,
	},
	{
		endpoint: "DELETE /api/orgs/{orgName}/auditlogs/export/config",
		handle:   (*Server).deleteAuditExport,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/auditlogs/export/config/test",
		handle:   (*Server).testAuditExport,
	},
	{
		endpoint: "POST /api/orgs/{orgName}/auditlogs/export/config/force",
		query:    []string{"timestamp"},
		handle:   (*Server).forceAuditExport,
	},
	{
		endpoint: "GET /api/orgs/{orgName}/auditlogs/reader-kind",
		handle:   (*Server).getAuditReaderKind,
	},
}

type wireAuditExport struct {
	Enabled    bool                  `json:"enabled"`
	LastResult wireAuditExportResult `json:"lastResult"`
	S3Config   wireS3Config          `json:"s3Config"`
}

type wireS3Config struct {
	IAMRoleARN   string `json:"iamRoleArn"`
	S3BucketName string `json:"s3BucketName"`
	S3PathPrefix string `json:"s3PathPrefix,omitempty"`
}

type wireAuditExportResult struct {
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
}

func (w wireS3Config) check() error {
	if w.IAMRoleARN == "" || w.S3BucketName == "" {
		return badRequest("invalid request body: iamRoleArn and s3BucketName are required")
	}
	return nil
}

// exportsAuditLog reports whether the subscription has exports of the audit log.
func (o *organization) exportsAuditLog() bool { return o.settings.Product == productBusinessCritical }

// findExportingOrg is findOrg for one whose subscription has exports of the audit log.
func (s *Server) findExportingOrg(c *call) (*organization, error) {
	o, err := s.findOrg(c)
	if err == nil && !o.exportsAuditLog() {
		return nil, badRequest("Audit log export is not available for this organization.")
	}
	return o, err
}

func (s *Server) getAuditExport(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	if o.auditExport == nil {
		return reply{}, notFound("Audit log export configuration not found")
	}
	return ok(o.auditExport), nil
}

type wireUpdateAuditExportRequest struct {
	NewEnabled         *bool         `json:"newEnabled"`
	NewS3Configuration *wireS3Config `json:"newS3Configuration"`
}

func (s *Server) updateAuditExport(c *call) (reply, error) {
	o, err := s.findExportingOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireUpdateAuditExportRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.NewEnabled == nil || req.NewS3Configuration == nil {
		return reply{}, badRequest("invalid request body: newEnabled and newS3Configuration are required")
	}
	if err := req.NewS3Configuration.check(); err != nil {
		return reply{}, err
	}
	if o.auditExport == nil {
		o.auditExport = &wireAuditExport{}
	}
	o.auditExport.Enabled, o.auditExport.S3Config = *req.NewEnabled, *req.NewS3Configuration
	s.log(c, o, AuditLogEvent{Event: "Audit Log Export Changed", Description: "Changed where the audit log is written", RequiresOrgAdmin: true})
	return noContent, nil
}

// deleteAuditExport takes no look at the subscription, which may have been another.
func (s *Server) deleteAuditExport(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	if o.auditExport == nil {
		return reply{}, badRequest("Organization has not configured audit log export.")
	}
	o.auditExport = nil
	s.log(c, o, AuditLogEvent{Event: "Audit Log Export Deleted", Description: "Stopped writing the audit log", RequiresOrgAdmin: true})
	return noContent, nil
}

// testAuditExport writes nothing, and succeeds.
func (s *Server) testAuditExport(c *call) (reply, error) {
	if _, err := s.findExportingOrg(c); err != nil {
		return reply{}, err
	}
	var req wireS3Config
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := req.check(); err != nil {
		return reply{}, err
	}
	return ok(wireAuditExportResult{Timestamp: time.Now().Unix()}), nil
}

// forceAuditExport writes nothing, and succeeds.
func (s *Server) forceAuditExport(c *call) (reply, error) {
	o, err := s.findExportingOrg(c)
	if err != nil {
		return reply{}, err
	}
	if _, err := c.intQuery("timestamp"); err != nil {
		return reply{}, err
	}
	if o.auditExport == nil {
		return reply{}, notFound("Audit log export configuration not found")
	}
	o.auditExport.LastResult = wireAuditExportResult{Timestamp: time.Now().Unix()}
	return ok(o.auditExport.LastResult), nil
}

func (s *Server) getAuditReaderKind(c *call) (reply, error) {
	if _, err := s.findOrg(c); err != nil {
		return reply{}, err
	}
	return ok("dynamodb"), nil
}
