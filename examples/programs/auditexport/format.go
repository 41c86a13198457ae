package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// format writes events to a buffer.
type format struct {
	header []byte
	write  func(to *bytes.Buffer, e *pulumiapi.AuditLogEvent) error
}

var formats = map[string]format{
	"csv":  {header: csvLine(csvColumns), write: writeCSV},
	"cef":  {write: writeCEF},
	"json": {write: writeJSON},
}

// csvColumns are those of the service's own export, which
// [pulumiapi.DecodeAuditLogCSV] reads, and behind them what only the list tells.
var csvColumns = []string{
	"Timestamp", "Name", "Login", "Event", "Description", "SourceIP",
	"RequireOrgAdmin", "RequireStackAdmin", "AuthenticationFailure",
	"TokenID", "TokenName", "ActorName", "ActorURN",
}

func writeCSV(to *bytes.Buffer, e *pulumiapi.AuditLogEvent) error {
	fields := []string{
		e.Timestamp.Format(time.RFC3339), e.User.Name, e.User.GitHubLogin, e.Event, e.Description, e.SourceIP,
		strconv.FormatBool(e.ReqOrgAdmin), strconv.FormatBool(e.ReqStackAdmin), strconv.FormatBool(e.AuthFailure),
		e.TokenID, e.TokenName, e.ActorName, e.ActorURN,
	}
	for i := range fields {
		fields[i] = noFormula(visible(fields[i]))
	}
	_, err := to.Write(csvLine(fields))
	return err
}

func csvLine(fields []string) []byte {
	var line bytes.Buffer
	for i, field := range fields {
		if i > 0 {
			line.WriteByte(',')
		}
		line.WriteByte('"')
		line.WriteString(strings.ReplaceAll(field, `"`, `""`))
		line.WriteByte('"')
	}
	line.WriteByte('\n')
	return line.Bytes()
}

// noFormula returns text that a spreadsheet does not take for a formula, and carry
// out: with an apostrophe before it, if it begins as a formula does, or with one.
func noFormula(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune("'=+-@\t\n＝＋－＠", first) {
		return "'" + text
	}
	return text
}

// writeCEF writes an event in the Common Event Format, version 0.
func writeCEF(to *bytes.Buffer, e *pulumiapi.AuditLogEvent) error {
	severity, outcome := 3, "success"
	if e.AuthFailure {
		severity, outcome = 7, "failure"
	}
	name := cefHeader(e.Event)
	fmt.Fprintf(to, "CEF:0|Pulumi|Pulumi Cloud|1.0|%s|%s|%d|rt=%d", name, name, severity, e.Timestamp.UnixMilli())
	for _, field := range []struct{ key, value string }{
		{"src", e.SourceIP},
		{"suser", e.User.GitHubLogin},
		{"msg", e.Description},
		{"outcome", outcome},
		{"cs1", e.TokenID},
		{"cs2", e.TokenName},
		{"cs3", e.ActorName},
		{"cs4", e.ActorURN},
	} {
		if field.value == "" {
			continue
		}
		fmt.Fprintf(to, " %s=%s", field.key, cefValue(field.value))
		if label := cefLabels[field.key]; label != "" {
			fmt.Fprintf(to, " %sLabel=%s", field.key, label)
		}
	}
	return to.WriteByte('\n')
}

// cefLabels say what the keys mean that the format leaves open.
var cefLabels = map[string]string{"cs1": "tokenID", "cs2": "tokenName", "cs3": "actorName", "cs4": "actorURN"}

var (
	cefHeaderEscapes = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r", " ", "\n", " ")
	cefValueEscapes  = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)

func cefHeader(text string) string { return visible(cefHeaderEscapes.Replace(text)) }
func cefValue(text string) string  { return visible(cefValueEscapes.Replace(text)) }

func writeJSON(to *bytes.Buffer, e *pulumiapi.AuditLogEvent) error {
	line, err := program.JSONLine(e)
	if err != nil {
		return err
	}
	_, err = to.Write(line)
	return err
}

// visible returns text in which U+FFFD stands for what can't be seen, and could do
// harm where the file is looked at, on a terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
