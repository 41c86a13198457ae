package pulumiapitest

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SetExportEncoding sets whether exports of audit logs have the header
// Content-Encoding: gzip, as they do by default. Without it they are raw: compressed
// all the same, which a client finds out only from their bytes.
func (s *Server) SetExportEncoding(declared bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rawExports = !declared
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
	return ok(download{text: export(found), declared: !s.rawExports}), nil
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
