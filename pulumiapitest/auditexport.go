package pulumiapitest

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SetExportEncoding makes the exports of audit logs say in the header
// Content-Encoding that they are compressed, or no longer. They are compressed
// either way, whatever the client accepts; that nothing says so is the default,
// as a client has to cope with it.
func (s *Server) SetExportEncoding(declared bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exportEncoding = declared
}

// exportAuditLog sends everything in the range at once.
func (s *Server) exportAuditLog(c *call, version auditRange) (reply, error) {
	export := auditCSV
	switch format := c.query.Get("format"); format {
	case "", "csv":
	case "cef":
		export = auditCEF
	default:
		return reply{}, badRequest("invalid query parameter: format must be csv or cef, not %q", format)
	}
	found, err := s.findAuditLog(c, version)
	if err != nil {
		return reply{}, err
	}
	return ok(download{text: export(found), declared: s.exportEncoding}), nil
}

func auditCSV(events []AuditLogEvent) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf) // whose errors are the buffer's, which has none
	_ = w.Write([]string{
		"Timestamp", "Name", "Login", "Event", "Description", "SourceIP",
		"RequireOrgAdmin", "RequireStackAdmin", "AuthenticationFailure",
	})
	for _, e := range events {
		_ = w.Write([]string{
			e.Time.UTC().Format(time.RFC3339), e.User.wire().Name, e.User.Login, e.Event, e.Description, e.SourceIP,
			strconv.FormatBool(e.RequiresOrgAdmin), strconv.FormatBool(e.RequiresStackAdmin), strconv.FormatBool(e.AuthFailure),
		})
	}
	w.Flush()
	return buf.Bytes()
}

var (
	cefHeader    = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r", " ", "\n", " ")
	cefExtension = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)

func auditCEF(events []AuditLogEvent) []byte {
	var buf bytes.Buffer
	for _, e := range events {
		outcome := "success"
		if e.AuthFailure {
			outcome = "failure"
		}
		fmt.Fprintf(&buf, "CEF:0|Pulumi|Pulumi Cloud|1.0|%s|%s|0|", cefHeader.Replace(e.Event), cefHeader.Replace(e.Event))
		fmt.Fprintf(&buf, "rt=%d src=%s suser=%s msg=%s outcome=%s\n",
			e.Time.UnixMilli(), cefExtension.Replace(e.SourceIP), cefExtension.Replace(e.User.Login),
			cefExtension.Replace(e.Description), outcome)
	}
	return buf.Bytes()
}
