package pulumiapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// What an error is about, for [errors.Is].
var (
	// ErrUnauthorized is the status 401: there was no access token, or the
	// service does not know it (any more).
	ErrUnauthorized = errors.New("pulumiapi: unauthorized")
	// ErrForbidden is the status 403: the token's user may not do this.
	ErrForbidden = errors.New("pulumiapi: forbidden")
	// ErrNotFound is the status 404: it does not exist, or the token's user
	// may not see it.
	ErrNotFound = errors.New("pulumiapi: not found")
	// ErrConflict is the status 409: it exists already, or something else is
	// in progress.
	ErrConflict = errors.New("pulumiapi: conflict")
	// ErrRateLimited is the status 429: too many requests. It is also the error of a
	// call that was not sent, because the service had answered another call of the
	// client with a 429 and the call's deadline is before the end of the wait.
	ErrRateLimited = errors.New("pulumiapi: rate limited")
	// ErrOutcomeUnknown says that a write failed in a way that does not prove
	// that nothing happened: it may or may not have been carried out. It is
	// found on an [*APIError] or a [*CallError], beside what else they are.
	ErrOutcomeUnknown = errors.New("pulumiapi: outcome unknown")
	// ErrResponseLost means that a write succeeded and that its response could not
	// be read: it had no body, was truncated or was not what the method returns. Do
	// not repeat the write; read what it made instead. It is found beside what else
	// the error is, and never together with ErrOutcomeUnknown.
	ErrResponseLost = errors.New("pulumiapi: the write succeeded, but its response is lost")
	// ErrRetryBudget says that another attempt might have helped, but that the
	// client has made too many for all its calls together: see
	// [RetryPolicy.Budget]. It is found beside what else the error is.
	ErrRetryBudget = errors.New("pulumiapi: retry budget used up")
)

// callOutcome is what an error knows of its call beside what went wrong.
type callOutcome struct {
	unknown    bool // a write may or may not have been carried out
	succeeded  bool // a write has been carried out, and its response is lost
	transient  bool // another time it may go better
	overBudget bool // it was not tried again for the sake of the service
	tooLate    bool // it was not tried again because of the deadline
}

// APIError is the service's own refusal: an answer with a status that is not a
// success. Get it with [errors.As], or ask with [errors.Is] for
// [ErrUnauthorized], [ErrForbidden], [ErrNotFound], [ErrConflict],
// [ErrRateLimited], [ErrOutcomeUnknown], [ErrResponseLost] or [ErrRetryBudget].
type APIError struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Message is the service's explanation. Where something else answered, a
	// proxy for instance, it holds the status's name and the first 200
	// characters of what came. If the response may hold a secret, as that of a
	// method which creates a token, Message has nothing of it but a well-known
	// error code.
	Message string
	// Details say more about single attributes, mostly of a rejected request.
	Details []ErrorDetail
	// DocumentationURL points to the documentation, where the service says so.
	DocumentationURL string
	// RequestID names the request for Pulumi's support.
	RequestID string
	// Endpoint is the operation.
	Endpoint Endpoint
	// Path is the request's path, escaped, without the base URL's.
	Path string
	// RetryAfter is how long the service asked to wait; zero if it did not.
	RetryAfter time.Duration
	// Attempts is how often the request was sent.
	Attempts int
	// Header is the answer's header.
	Header http.Header

	outcome callOutcome
}

// ErrorDetail is one complaint of the service about a request.
type ErrorDetail struct {
	// Resource and Attribute say what it is about.
	Resource  string `json:"resource"`
	Attribute string `json:"attribute"`
	// ErrorType classifies it; new values may appear.
	ErrorType ErrorType `json:"errorType"`
	// CustomMessage is the explanation, where ErrorType is not enough.
	CustomMessage string `json:"customMessage"`
}

// ErrorType classifies an [ErrorDetail].
type ErrorType string

// The error types that the service is known to send.
const (
	ErrorTypeNotFound           ErrorType = "not_found"
	ErrorTypeRequired           ErrorType = "required"
	ErrorTypeInvalid            ErrorType = "invalid"
	ErrorTypeAlreadyExists      ErrorType = "already_exists"
	ErrorTypeCustom             ErrorType = "custom"
	ErrorTypeSAMLLoginRequired  ErrorType = "saml_login_required"
	ErrorTypeSAMLReauthRequired ErrorType = "saml_reauth_required"
)

// How many characters of foreign text an error shows.
const (
	maxErrorText    = 300
	maxErrorMethod  = 20
	maxErrorPath    = 100
	maxErrorValue   = 100
	maxExcerpt      = 200
	maxShownRequest = 50
)

// Error returns one line of at most 300 characters: the request, the status,
// the explanation, and what else there is to say: the request ID, the number of
// attempts if there were several, why there was no other, how long to wait, and
// whether the outcome is unknown. Message may hold more.
func (e *APIError) Error() string {
	message := e.Message
	if message == "" {
		message = http.StatusText(e.StatusCode)
	}
	notes := errorNotes(e.RequestID, e.Attempts, e.outcome)
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.String())
	}
	return errorLine(fmt.Sprintf("pulumiapi: %s: %d: ", requestText(e.Endpoint, e.Path), e.StatusCode), message, notes)
}

// errorLine returns one line of at most maxErrorText characters, for which message
// is cut.
func errorLine(start, message string, notes []string) string {
	end := inParentheses(notes)
	room := maxErrorText - utf8.RuneCountInString(start) - utf8.RuneCountInString(end)
	return start + oneLine(message, room) + end
}

// requestText names a request: by its path, if it got that far.
func requestText(endpoint Endpoint, path string) string {
	if path == "" {
		path = endpoint.Template
	}
	return oneLine(endpoint.Method, maxErrorMethod) + " " + oneLine(path, maxErrorPath)
}

// errorNotes returns what an error says beside what went wrong.
func errorNotes(requestID string, attempts int, outcome callOutcome) []string {
	var notes []string
	if requestID != "" {
		notes = append(notes, "request "+oneLine(requestID, maxShownRequest))
	}
	if attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", attempts))
	}
	if outcome.overBudget {
		notes = append(notes, "no more retries: the client's retry budget is used up")
	}
	if outcome.tooLate {
		notes = append(notes, "not retried: the deadline is before the next attempt")
	}
	if outcome.unknown {
		notes = append(notes, "outcome unknown")
	}
	if outcome.succeeded {
		notes = append(notes, "the write succeeded")
	}
	return notes
}

func inParentheses(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

// Is reports whether target is the sentinel of the error's status, or
// [ErrOutcomeUnknown], [ErrResponseLost] or [ErrRetryBudget] where that holds.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrOutcomeUnknown:
		return e.outcome.unknown
	case ErrResponseLost:
		return e.outcome.succeeded
	case ErrRetryBudget:
		return e.outcome.overBudget
	}
	return false
}

// CallError says that a call came to no usable answer: the connection failed,
// the answer was cut off, it was not the JSON that it should be, a redirect
// was refused, or the context ended. Unwrap leads to the cause. If the context
// ended after the service had refused an earlier attempt, both the context's
// error and that [*APIError] are among the causes.
type CallError struct {
	// Endpoint is the operation.
	Endpoint Endpoint
	// Path is the request's path, escaped, without the base URL's.
	Path string
	// RequestID names the request for Pulumi's support, if there was an answer
	// that had one.
	RequestID string
	// Attempts is how often the request was sent; 0 if never.
	Attempts int
	// Err is the cause.
	Err error

	outcome callOutcome
}

// Error returns one line of at most 300 characters: the request, the cause, and
// what else there is to say: the request ID, the number of attempts if there
// were several, why there was no other, and whether the outcome is unknown. Err may
// say more.
func (e *CallError) Error() string {
	start := fmt.Sprintf("pulumiapi: %s: ", requestText(e.Endpoint, e.Path))
	// An APIError among the causes names the request, too. Said twice, a long path
	// would leave no room for the reason.
	cause := strings.ReplaceAll(fmt.Sprint(e.Err), start, "")
	return errorLine(start, cause, errorNotes(e.RequestID, e.Attempts, e.outcome))
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrOutcomeUnknown], [ErrResponseLost],
// [ErrRetryBudget] or [ErrRateLimited], and holds.
func (e *CallError) Is(target error) bool {
	switch target {
	case ErrOutcomeUnknown:
		return e.outcome.unknown
	case ErrResponseLost:
		return e.outcome.succeeded
	case ErrRetryBudget:
		return e.outcome.overBudget
	case ErrRateLimited:
		return e.Err == transport.ErrPaused // and not wrapped: a token source's is not about this call
	}
	return false
}

// ArgumentError says that an argument can't be right. Nothing was sent.
type ArgumentError struct {
	// Name is the argument, with its field: "id.Project", "opts.TagValue".
	Name string
	// Value is what was given, cut to 100 characters; empty where it could
	// hold a secret.
	Value string
	// Reason says what is wrong with it.
	Reason string
}

// Error returns the argument, what was given, and what is wrong with it.
func (e *ArgumentError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("pulumiapi: argument %s: %s", e.Name, e.Reason)
	}
	return fmt.Sprintf("pulumiapi: argument %s: %q: %s", e.Name, e.Value, e.Reason)
}

// newArgumentError returns an ArgumentError that shows the start of value.
func newArgumentError(name, value, reason string) *ArgumentError {
	return &ArgumentError{Name: name, Value: cut(value), Reason: reason}
}

// checkNotEmpty refuses an argument that goes into a request's body and is empty.
// One that goes into the path is refused with it.
func checkNotEmpty(name, value string) error {
	if value == "" {
		return &ArgumentError{Name: name, Reason: "is empty"}
	}
	return nil
}

// checkNotNegative refuses a number that is below zero.
func checkNotNegative(name string, number int) error {
	if number < 0 {
		return newArgumentError(name, strconv.Itoa(number), "is negative")
	}
	return nil
}

// checkJSON refuses what goes into a request's body as it is and is not JSON.
func checkJSON(name string, value json.RawMessage) error {
	if !jsonx.IsValid(value) {
		return &ArgumentError{Name: name, Reason: "is not JSON"}
	}
	return nil
}

// checkOptionalJSON is checkJSON for what may be nil.
func checkOptionalJSON(name string, value json.RawMessage) error {
	if value == nil {
		return nil
	}
	return checkJSON(name, value)
}

// errorBody is the service's form of a refusal.
type errorBody struct {
	Message          string        `json:"message"`
	DocumentationURL string        `json:"documentationUrl"`
	Errors           []ErrorDetail `json:"errors"`
	// Error and ErrorDescription are what an exchange of tokens is refused with
	// (RFC 6749, section 5.2), if they are text.
	Error            any `json:"error"`
	ErrorDescription any `json:"error_description"`
}

// oauthMessage returns an OAuth refusal's code and description.
func (b errorBody) oauthMessage() string {
	code, _ := b.Error.(string)
	description, _ := b.ErrorDescription.(string)
	if code != "" && description != "" {
		return code + ": " + description
	}
	return code + description
}

// readErrorBody fills in what body says, which is the service's JSON or
// whatever a proxy in front of it answered, and reports whether it can be the
// service's. redact makes a text fit to be shown.
func (e *APIError) readErrorBody(body []byte, redact func(string) string) (byService bool) {
	var parsed errorBody
	err := jsonx.Decode(body, &parsed)
	if err == nil && (parsed.Message != "" || len(parsed.Errors) > 0) {
		e.Message = redact(parsed.Message)
		e.DocumentationURL = redact(parsed.DocumentationURL)
		for _, d := range parsed.Errors {
			e.Details = append(e.Details, ErrorDetail{
				Resource:      redact(d.Resource),
				Attribute:     redact(d.Attribute),
				ErrorType:     ErrorType(redact(string(d.ErrorType))),
				CustomMessage: redact(d.CustomMessage),
			})
		}
		if e.Message == "" {
			e.Message = e.Details[0].text()
		}
		return true
	}
	if message := parsed.oauthMessage(); err == nil && message != "" {
		// Much else answers in this form, too.
		e.Message = redact(message)
		return false
	}
	e.Message = http.StatusText(e.StatusCode)
	if e.Message == "" {
		e.Message = "unknown status"
	}
	excerpt := oneLine(redact(string(body)), maxExcerpt)
	if excerpt != "" {
		e.Message += ": " + excerpt
	}
	return excerpt == ""
}

// readConfidentialBody is readErrorBody for a response that may hold a secret: it
// quotes nothing, and says only which of the known error codes the body has.
func (e *APIError) readConfidentialBody(body []byte) (byService bool) {
	var parsed errorBody
	if err := jsonx.Decode(body, &parsed); err != nil {
		parsed = errorBody{}
	}
	e.Message = http.StatusText(e.StatusCode)
	if e.Message == "" {
		e.Message = "unknown status"
	}
	if code, ok := parsed.Error.(string); ok && slices.Contains(oauthErrors, code) {
		e.Message += ": " + code
	}
	for _, d := range parsed.Errors {
		if slices.Contains(errorTypes, d.ErrorType) {
			e.Message += ": " + string(d.ErrorType)
			e.Details = append(e.Details, ErrorDetail{ErrorType: d.ErrorType})
		}
	}
	if len(body) > 0 {
		e.Message += " " + notShown
	}
	return parsed.Message != "" || len(parsed.Errors) > 0 || len(body) == 0
}

// oauthErrors are the codes with which an exchange of tokens is refused (RFC 6749,
// section 5.2; RFC 8693, section 2.2.2).
var oauthErrors = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	"invalid_target",
}

// errorTypes are the known values of [ErrorType].
var errorTypes = []ErrorType{
	ErrorTypeNotFound, ErrorTypeRequired, ErrorTypeInvalid, ErrorTypeAlreadyExists, ErrorTypeCustom,
	ErrorTypeSAMLLoginRequired, ErrorTypeSAMLReauthRequired,
}

func (d ErrorDetail) text() string {
	if d.CustomMessage != "" {
		return d.CustomMessage
	}
	return strings.TrimSpace(strings.TrimSpace(d.Resource+" "+d.Attribute) + " " + string(d.ErrorType))
}

// oneLine returns text in one line of at most limit characters, without control
// characters.
func oneLine(text string, limit int) string { return transport.OneLine(text, limit) }

// cut returns text, cut to the length at which an error quotes a value.
func cut(text string) string { return transport.Cut(text, maxErrorValue) }
