package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const secret = "a secret that nobody guesses"

// stack is the body of a delivery.
const stack = `{"user":{"githubLogin":"grace"},"organization":{"githubLogin":"acme"},"action":"created","projectName":"web","stackName":"prod"}`

// start starts the receiver, and returns the process and the URL.
func start(t *testing.T, command programtest.Command) (process *programtest.Process, url string) {
	t.Helper()
	// A port that is free now is free in a moment, or else the test says so.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	command.Args = append([]string{"-addr", addr}, command.Args...)
	process = command.Start(t)
	process.WaitForError("webhookreceiver: listening on " + addr + "\n")
	return process, "http://" + addr + "/"
}

// deliver delivers a body that is signed with a secret, and returns the answer's status.
func deliver(t *testing.T, url, secret, id, kind, body string) int {
	t.Helper()
	req := pulumiapitest.SignedWebhook(kind, []byte(body), secret)
	out, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, req.Body)
	require.NoError(t, err)
	out.Header = req.Header
	out.Header.Set("Pulumi-Webhook-ID", id)
	return send(t, out)
}

func send(t *testing.T, req *http.Request) int {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

var clock = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  `)

func TestWebhookreceiver_Selftest(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-selftest"}, {"-selftest", "-addr", ":0", "-path", "/pulumi/hooks"}} {
		got := programtest.Run(t, args...)
		assert.Equal(t, 0, got.Status, got.Stderr)
		said := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).ReplaceAllString(clock.ReplaceAllString(got.Stdout, "HH:MM:SS  "), "URL/")
		said = strings.ReplaceAll(said, "URL/pulumi/hooks", "URL/")
		assert.Equal(t, `Registered the webhook selftest of acme-corp, which delivers to URL/
HH:MM:SS  ping            🍹 Just a friendly ping from Pulumi 🍹
HH:MM:SS  stack           acme-corp/webshop/selftest: created, by pulumi-tester
HH:MM:SS  stack           acme-corp/webshop/selftest: deleted, by pulumi-tester
HH:MM:SS  stack_update    acme-corp/payments-api/prod-us: update succeeded, by margaret
Registered the webhook selftest-forged of acme-corp, which delivers to URL/
All is well: 4 signed deliveries were accepted, and one with a wrong signature was refused.
`, said)
		assert.Contains(t, got.Stderr, "refused with status 401: POST /")
	}
}

// The test finds out what is wrong with a receiver.
func TestTester_BadReceivers(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]func(*http.Request) int{
		"a delivery with a wrong signature was not refused":   func(*http.Request) int { return http.StatusNoContent },
		"the delivery of a ping was answered with status 500": func(*http.Request) int { return http.StatusInternalServerError },
		"the delivery of a stack was answered with status 404": func(r *http.Request) int {
			if r.Header.Get("Pulumi-Webhook-Kind") == "stack" {
				return http.StatusNotFound
			}
			return http.StatusNoContent
		},
	} {
		srv := pulumiapitest.Demo()
		t.Cleanup(srv.Close)
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(answer(r)) }))
		t.Cleanup(receiver.Close)
		tester := tester{
			cloud: srv, client: srv.Client(), out: &program.Output{Stdout: io.Discard, Stderr: io.Discard},
			url: receiver.URL, secret: pulumiapi.NewSecret(secret),
		}
		assert.ErrorContains(t, tester.run(t.Context()), want)
	}
}

func TestWebhookreceiver_Help(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-h")
	assert.Equal(t, 0, got.Status)
	assert.Equal(t, help, got.Stdout)
}

func TestWebhookreceiver_Receives(t *testing.T) {
	t.Parallel()
	process, url := start(t, programtest.Command{Env: []string{"WEBHOOK_SECRET=" + secret}})
	for range 2 {
		assert.Equal(t, http.StatusNoContent, deliver(t, url, secret, "1", "stack", stack), "twice, and told once")
	}
	assert.Equal(t, http.StatusNoContent, deliver(t, url, secret, "2", "policy_violation", `{"a": 1}`))
	assert.Equal(t, http.StatusUnauthorized, deliver(t, url, "another", "3", "stack", stack))
	assert.Equal(t, http.StatusNotFound, deliver(t, url+"elsewhere", secret, "4", "stack", stack))
	assert.Equal(t, http.StatusRequestEntityTooLarge, deliver(t, url, secret, "5", "stack", `"`+strings.Repeat("x", 1<<20)+`"`))
	assert.Equal(t, http.StatusBadRequest, deliver(t, url, secret, "6", "stack", `not JSON`))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	assert.Equal(t, http.StatusMethodNotAllowed, send(t, req))
	req, err = http.NewRequestWithContext(t.Context(), strings.Repeat("X", 1000), url, http.NoBody)
	require.NoError(t, err)
	assert.Equal(t, http.StatusMethodNotAllowed, send(t, req))
	req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(stack))
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, send(t, req), "it is not signed")

	process.Signal(syscall.SIGTERM)
	got := process.Wait()
	assert.Equal(t, 0, got.Status)
	assert.Equal(t, `stack           acme/web/prod: created, by grace
policy_violation  8 bytes of a form that is not known
`, clock.ReplaceAllString(got.Stdout, ""))
	for _, refused := range []string{"401: POST / from 127", "404: POST /elsewhere from", "413: POST /", "400: POST /", "405: GET /", "405: " + strings.Repeat("X", 19) + "… / from"} {
		assert.Contains(t, got.Stderr, "refused with status "+refused)
	}
	assert.NotContains(t, got.Stdout+got.Stderr, secret)
}

func TestWebhookreceiver_SecretFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(file, []byte("the new one\n\n  the old one \r\n"), 0o600))
	process, url := start(t, programtest.Command{Args: []string{"-secret-file", file}, Env: []string{"WEBHOOK_SECRET=" + secret}})
	for _, good := range []string{"the new one", "the old one", secret} {
		assert.Equal(t, http.StatusNoContent, deliver(t, url, good, good, "stack", stack), good)
	}
	for _, bad := range []string{"", "the", "the new one\n"} {
		assert.Equal(t, http.StatusUnauthorized, deliver(t, url, bad, "1", "stack", stack), bad)
	}
	process.Signal(os.Interrupt)
	got := process.Wait()
	assert.Equal(t, 0, got.Status)
	assert.NotContains(t, got.Stdout+got.Stderr, " one")
}

func TestWebhookreceiver_NoSecret(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n \n"), 0o600))
	none := []string{"WEBHOOK_SECRET="} // whatever the test's own user has set
	got := programtest.Command{Args: []string{"-addr", "127.0.0.1:0"}, Env: none}.Run(t)
	assert.Equal(t, 2, got.Status)
	assert.Contains(t, got.Stderr, "there is no secret to verify deliveries with: set WEBHOOK_SECRET, or add -secret-file")
	got = programtest.Command{Args: []string{"-addr", "127.0.0.1:0", "-secret-file", empty}, Env: none}.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "empty has no secret in it")
	got = programtest.Command{Args: []string{"-addr", "127.0.0.1:0", "-secret-file", filepath.Join(t.TempDir(), "missing")}, Env: none}.Run(t)
	assert.Equal(t, 1, got.Status)
	assert.Contains(t, got.Stderr, "no such file")
}

func TestWebhookreceiver_WrongCommandLine(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-secret s3cret": "not defined: -secret",
		"-addr 8080":     `-addr must be host:port, or :port for all of the machine's addresses: "8080"`,
		"-path hooks":    `-path must begin with /, and end before any ? or #: "hooks"`,
		"-path /a?b":     `-path must begin with /, and end before any ? or #: "/a?b"`,
		"-addr=":         "-addr must not be empty", // and the test of itself is no receiver
		"-secret-file x": "-secret-file needs an address to listen on: add -addr",
		"-selftest -addr 127.0.0.1:0 -secret-file x": "-selftest makes up a secret of its own",
		"now": "unexpected argument",
	} {
		got := programtest.Run(t, strings.Fields(args)...)
		assert.Equal(t, 2, got.Status, args)
		assert.Contains(t, got.Stderr, want, args)
		assert.Empty(t, got.Stdout, args)
	}
}

func TestWebhookreceiver_AddressInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	for _, args := range [][]string{{"-addr", listener.Addr().String()}, {"-selftest", "-addr", listener.Addr().String()}} {
		got := programtest.Command{Args: args, Env: []string{"WEBHOOK_SECRET=" + secret}}.Run(t)
		assert.Equal(t, 1, got.Status)
		assert.Contains(t, got.Stderr, "address already in use")
	}
}

// dial begins a delivery whose body is sent when the server asks for it.
func dial(t *testing.T, url, body string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.Trim(url, "htp:/"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	req := pulumiapitest.SignedWebhook("stack", []byte(body), secret)
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", len(body))
	require.NoError(t, req.Header.Write(&head))
	_, err = io.WriteString(conn, head.String()+"\r\n")
	require.NoError(t, err)
	return conn
}

// A delivery that is under way when the process is told to end, is received.
func TestWebhookreceiver_EndsGracefully(t *testing.T) {
	t.Parallel()
	process, url := start(t, programtest.Command{Env: []string{"WEBHOOK_SECRET=" + secret}})
	conn := dial(t, url, stack)
	answers := bufio.NewReader(conn)
	// The server asks for the body when it handles the delivery. It would close a
	// connection whose request it had not read yet.
	asked, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.NoError(t, asked.Body.Close())
	require.Equal(t, http.StatusContinue, asked.StatusCode)
	assert.Equal(t, http.StatusNoContent, deliver(t, url, secret, "1", "stack", stack))
	process.Signal(syscall.SIGTERM)
	require.Eventually(t, func() bool { // nobody listens any more
		other, err := net.Dial("tcp", strings.Trim(url, "htp:/"))
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
	_, err = io.WriteString(conn, stack)
	require.NoError(t, err)
	resp, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusNoContent, resp.StatusCode)
	got := process.Wait()
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, 2, strings.Count(got.Stdout, "acme/web/prod: created"))
}

// Who says nothing is not listened to for ever.
func TestServer_Timeouts(t *testing.T) {
	t.Parallel()
	srv, err := newServer(t.Context(), "127.0.0.1:0", "/", []pulumiapi.Secret{pulumiapi.NewSecret(secret)}, &program.Output{Stdout: io.Discard, Stderr: io.Discard})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.run(ctx) }()
	conn, err := net.Dial("tcp", srv.listener.Addr().String())
	require.NoError(t, err)
	begun := time.Now()
	_, err = io.WriteString(conn, "POST / HT")
	require.NoError(t, err)
	_, _ = io.ReadAll(conn) // until it is closed
	assert.Less(t, time.Since(begun), headerTimeout+5*time.Second)
	cancel()
	require.NoError(t, <-ended)
}

func TestWebhookreceiver_UnwritableOutput(t *testing.T) {
	t.Parallel()
	process, url := start(t, programtest.Command{Env: []string{"WEBHOOK_SECRET=" + secret}, Stdout: programtest.FullDisk(t)})
	for range 2 {
		assert.Equal(t, http.StatusInternalServerError, deliver(t, url, secret, "1", "stack", stack), "so that it comes again")
	}
	process.Signal(os.Interrupt)
	got := process.Wait()
	assert.Equal(t, 0, got.Status)
	assert.Contains(t, got.Stderr, "no space left")
	assert.Equal(t, 1, programtest.Command{Stdout: programtest.FullDisk(t)}.Run(t).Status, "the test of itself fails")
}

func TestWebhookreceiver_HostileText(t *testing.T) {
	t.Parallel()
	process, url := start(t, programtest.Command{Env: []string{"WEBHOOK_SECRET=" + secret}})
	const evil = `\u001b[2J\u001b]0;title\u0007\u202e\r\n12:00:00  ping  forged`
	for i, kind := range []string{"stack", "stack_update", "team", "environment_tag"} {
		body := strings.NewReplacer("grace", evil, "acme", evil, "created", evil, "web", evil, "prod", evil).Replace(stack)
		assert.Equal(t, http.StatusNoContent, deliver(t, url, secret, fmt.Sprint(i), kind, body))
	}
	assert.Equal(t, http.StatusNotFound, deliver(t, url+"%1b%5b2J%0aforged", secret, "x", "stack", stack))
	process.Signal(os.Interrupt)
	got := process.Wait()
	for _, r := range got.Stdout + got.Stderr {
		assert.False(t, (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == '\u202e', "%q", r)
	}
	assert.Equal(t, 4, strings.Count(got.Stdout, "\n"), "a line for each:\n%s", got.Stdout)
}

func TestSummary(t *testing.T) {
	t.Parallel()
	const source = `"user":{"githubLogin":"grace"},"organization":{"githubLogin":"acme"},"projectName":"web","stackName":"prod","environmentName":"env"`
	for _, test := range []struct{ kind, body, want string }{
		{"ping", `{"message":"hello"}`, "ping            hello"},
		{"stack", `{` + source + `,"action":"deleted"}`, "stack           acme/web/prod: deleted, by grace"},
		{"stack_update", `{` + source + `,"kind":"update","result":"failed","resourceChanges":{"same":3,"create":1}}`, "stack_update    acme/web/prod: update failed, by grace, 1 create, 3 same"},
		{"stack_preview", `{` + source + `,"kind":"update","result":"succeeded","isPreview":true}`, "stack_preview   acme/web/prod: preview (update) succeeded, by grace"},
		{"deployment", `{` + source + `,"version":7,"operation":"update","status":"running"}`, "deployment      acme/web/prod: deployment 7 (update) running, by grace"},
		{"drift_detection", `{` + source + `,"driftDetected":true,"resourceChanges":{"update":2}}`, "drift_detection  acme/web/prod: drift detected, 2 update"},
		{"drift_detection", `{` + source + `,"status":"succeeded"}`, "drift_detection  acme/web/prod: no drift: succeeded"},
		{"drift_remediation", `{` + source + `,"status":"failed"}`, "drift_remediation  acme/web/prod: drift remediation failed"},
		{"environment", `{` + source + `,"action":"created"}`, "environment     acme/web/env: created, by grace"},
		{"environment_revision", `{` + source + `,"action":"created","revision":3}`, "environment_revision  acme/web/env: revision 3 created, by grace"},
		{"environment_revision_tag", `{` + source + `,"action":"updated","tagName":"stable","revision":3}`, "environment_revision_tag  acme/web/env: tag stable of revision 3 updated, by grace"},
		{"environment_tag", `{` + source + `,"action":"deleted","tagName":"owner"}`, "environment_tag  acme/web/env: tag owner deleted, by grace"},
		{"imported_environment_changed", `{` + source + `,"importedEnvironmentReference":{"projectName":"base","environmentName":"aws","revision":9}}`, "imported_environment_changed  acme/web/env: imports base/aws, of which revision 9 is new"},
		{"team", `{` + source + `,"action":"updated","team":{"name":"shop"}}`, "team            acme: team shop updated, by grace"},
		{"new_kind", `{}`, "new_kind        2 bytes of a form that is not known"},
		{"", `[]`, "-               2 bytes of a form that is not known"},
	} {
		req := pulumiapitest.SignedWebhook(test.kind, []byte(test.body), secret)
		event, err := pulumiapi.ParseWebhook(req, pulumiapi.NewSecret(secret))
		require.NoError(t, err, test.kind)
		assert.Equal(t, test.want, summary(event))
	}
}
