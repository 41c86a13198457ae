package pulumiapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
)

// WebhookHandlers are the functions that [NewWebhookHandler] calls with events,
// one for each kind, with the kind's payload. The rest of the event is in their
// context: see [WebhookEventFromContext].
//
// That context is the request's, which ends when the sender stops waiting. What
// takes longer than a moment, put into a queue.
type WebhookHandlers struct {
	Stack                      func(ctx context.Context, payload *WebhookStackPayload) error
	StackUpdate                func(ctx context.Context, payload *WebhookStackUpdatePayload) error
	StackPreview               func(ctx context.Context, payload *WebhookStackUpdatePayload) error
	Deployment                 func(ctx context.Context, payload *WebhookDeploymentPayload) error
	DriftDetection             func(ctx context.Context, payload *WebhookDriftDetectionPayload) error
	DriftRemediation           func(ctx context.Context, payload *WebhookDriftRemediationPayload) error
	Environment                func(ctx context.Context, payload *WebhookEnvironmentPayload) error
	EnvironmentRevision        func(ctx context.Context, payload *WebhookEnvironmentRevisionPayload) error
	EnvironmentRevisionTag     func(ctx context.Context, payload *WebhookEnvironmentRevisionTagPayload) error
	EnvironmentTag             func(ctx context.Context, payload *WebhookEnvironmentTagPayload) error
	ImportedEnvironmentChanged func(ctx context.Context, payload *WebhookImportedEnvironmentChangedPayload) error
	Team                       func(ctx context.Context, payload *WebhookTeamPayload) error
	Ping                       func(ctx context.Context, payload *WebhookPingPayload) error

	// Other gets the events for which there is no function above: because it is
	// nil, or because the kind has no payload type, or is not known. If Other is
	// nil, they are accepted and dropped. It also gets those whose body has another
	// form than their kind, whether that has a function or not: their Payload is nil.
	Other func(ctx context.Context, event *WebhookEvent) error

	// Logger gets a record, at level Error, of each event that could not be
	// handled: [slog.Default] if nil. The sender learns no more than a status.
	Logger *slog.Logger
}

// webhookFunc handles an event of one kind.
type webhookFunc func(ctx context.Context, event *WebhookEvent) error

// byKind returns the functions that are there, but for Other.
func (h *WebhookHandlers) byKind() map[WebhookEventKind]webhookFunc {
	functions := map[WebhookEventKind]webhookFunc{}
	addWebhookFunc(functions, WebhookEventKindStack, h.Stack)
	addWebhookFunc(functions, WebhookEventKindStackUpdate, h.StackUpdate)
	addWebhookFunc(functions, WebhookEventKindStackPreview, h.StackPreview)
	addWebhookFunc(functions, WebhookEventKindDeployment, h.Deployment)
	addWebhookFunc(functions, WebhookEventKindDriftDetection, h.DriftDetection)
	addWebhookFunc(functions, WebhookEventKindDriftRemediation, h.DriftRemediation)
	addWebhookFunc(functions, WebhookEventKindEnvironment, h.Environment)
	addWebhookFunc(functions, WebhookEventKindEnvironmentRevision, h.EnvironmentRevision)
	addWebhookFunc(functions, WebhookEventKindEnvironmentRevisionTag, h.EnvironmentRevisionTag)
	addWebhookFunc(functions, WebhookEventKindEnvironmentTag, h.EnvironmentTag)
	addWebhookFunc(functions, WebhookEventKindImportedEnvironmentChanged, h.ImportedEnvironmentChanged)
	addWebhookFunc(functions, WebhookEventKindTeam, h.Team)
	addWebhookFunc(functions, WebhookEventKindPing, h.Ping)
	return functions
}

func addWebhookFunc[T any](functions map[WebhookEventKind]webhookFunc, kind WebhookEventKind, handle func(context.Context, *T) error) {
	if handle == nil {
		return
	}
	functions[kind] = func(ctx context.Context, event *WebhookEvent) error {
		payload, ok := event.Payload.(*T)
		if !ok { // webhookPayloads and WebhookHandlers contradict each other
			return fmt.Errorf("the payload of %s is a %T", kind, event.Payload)
		}
		return handle(ctx, payload)
	}
}

type webhookEventKey struct{}

// WebhookEventFromContext returns the event that a function of [WebhookHandlers]
// is called with: its ID, its kind and its raw JSON. It reports whether the
// context is that of such a call.
func WebhookEventFromContext(ctx context.Context) (event *WebhookEvent, ok bool) {
	if ctx == nil {
		return nil, false
	}
	event, ok = ctx.Value(webhookEventKey{}).(*WebhookEvent)
	return event, ok
}

// NewWebhookHandler returns a handler that receives the deliveries of webhooks,
// verifies that they are signed with one of the secrets, and calls the function
// for their kind. Without a secret it fails with [ErrWebhookNoSecret], and
// without any function with an [*ArgumentError].
//
// It answers a delivery with the status
//
//   - 204 when the function has returned nil
//   - 400 if the body is not JSON; or if it has another form than its kind, for
//     which there is a function, and Other is nil
//   - 401 if it is not signed, or not with one of the secrets
//   - 405 if it is not a POST, and 413 if the body has more than 1 MiB
//   - 500 when the function has returned an error, or has panicked, which is
//     logged and goes no further; nor does a panic of the logger
//   - 503 when the request has ended while it waited for another (see below), or
//     when 8 others wait already
//
// An event that was handled is not handled again: if the same comes once more,
// with the same ID, kind and body, the answer is 204 at once. One that comes
// while the first is being handled waits for it. What has failed is forgotten, and
// handled when it is delivered again. The last 10,000 events that were handled are
// remembered, in at most 2 MB of memory, by this handler alone: not by other
// processes, and not after a restart.
//
// The signature covers the body alone, neither the ID nor the kind. So whoever has
// seen a delivery can send its body again under another ID, or under another kind,
// whose function then gets it: where that matters, the functions must bear it.
//
// Any number of functions may run at a time. Events come in no particular order.
func NewWebhookHandler(secrets []Secret, handlers WebhookHandlers) (http.Handler, error) {
	if err := checkWebhookSecrets(secrets); err != nil {
		return nil, err
	}
	functions := handlers.byKind()
	if len(functions) == 0 && handlers.Other == nil {
		return nil, &ArgumentError{Name: "handlers", Reason: "has no function"}
	}
	return &webhookHandler{
		secrets:   slices.Clone(secrets),
		functions: functions,
		other:     handlers.Other,
		logger:    handlers.Logger,
		deliveries: webhookDeliveries{
			running: map[webhookDeliveryKey]*runningDelivery{},
			handled: map[webhookDeliveryKey]struct{}{},
		},
	}, nil
}

type webhookHandler struct {
	secrets    []Secret
	functions  map[WebhookEventKind]webhookFunc
	other      webhookFunc // or nil
	logger     *slog.Logger
	deliveries webhookDeliveries
}

// ServeHTTP receives one delivery.
func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Deferred, as a function may end its goroutine, and then nothing below returns.
	status := http.StatusInternalServerError
	defer func() {
		if status == http.StatusNoContent {
			w.WriteHeader(status)
		} else {
			http.Error(w, http.StatusText(status), status) // people see it in the list of deliveries
		}
	}()
	status = h.receive(w, r)
}

// receive returns the status to answer with.
func (h *webhookHandler) receive(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	body, err := readSignedBody(w, r, h.secrets)
	if err != nil {
		return statusOfUnreadable(err)
	}
	event, err := newWebhookEvent(r.Header, body)
	if err != nil {
		h.log(r.Context(), r.Header.Get(webhookIDHeader), r.Header.Get(webhookKindHeader), err)
		return http.StatusBadRequest
	}
	handle := h.functions[event.Kind]
	if handle == nil {
		handle = h.other
	}
	if handle == nil {
		return http.StatusNoContent
	}
	if err := event.decodePayload(); err != nil {
		if h.other == nil {
			h.log(r.Context(), event.ID, string(event.Kind), err)
			return http.StatusBadRequest
		}
		handle = h.other
	}
	return h.handleOnce(r.Context(), event, handle)
}

// statusOfUnreadable returns the status for a body that was not read, or is not
// verified. Anybody can cause that, so it is not logged.
func statusOfUnreadable(err error) int {
	if errors.Is(err, ErrWebhookUnsigned) || errors.Is(err, ErrWebhookBadSignature) {
		return http.StatusUnauthorized
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// handleOnce calls the function, unless it has succeeded with this event before.
func (h *webhookHandler) handleOnce(ctx context.Context, event *WebhookEvent, handle webhookFunc) int {
	if event.ID == "" { // each is another, for all we know
		return h.handle(ctx, event, handle)
	}
	key := newWebhookDeliveryKey(event)
	handled, err := h.deliveries.begin(ctx, key)
	if err != nil {
		return http.StatusServiceUnavailable
	}
	if handled {
		return http.StatusNoContent
	}
	status := http.StatusInternalServerError
	defer func() { h.deliveries.end(key, status == http.StatusNoContent) }()
	status = h.handle(ctx, event, handle)
	return status
}

// handle calls the function and logs how it fails: with an error, by a panic, or
// by ending the goroutine (runtime.Goexit, as a test's FailNow does).
func (h *webhookHandler) handle(ctx context.Context, event *WebhookEvent, handle webhookFunc) (status int) {
	returned := false
	defer func() {
		if returned {
			return
		}
		err := errors.New("the function ended its goroutine")
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
		status = http.StatusInternalServerError
		h.log(ctx, event.ID, string(event.Kind), err, slog.String("stack", string(debug.Stack())))
	}()
	err := handle(context.WithValue(ctx, webhookEventKey{}, event), event)
	returned = true
	if err != nil {
		h.log(ctx, event.ID, string(event.Kind), err)
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}

// log writes a record of an event that was not handled.
func (h *webhookHandler) log(ctx context.Context, id, kind string, err error, more ...slog.Attr) {
	defer func() { _ = recover() }() // of a logger that panics nobody can be told
	logger := h.logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.LogAttrs(ctx, slog.LevelError, "pulumi cloud webhook failed", append([]slog.Attr{
		slog.String("id", oneLine(id, maxErrorValue)), slog.String("kind", oneLine(kind, maxErrorValue)), slog.Any("error", err),
	}, more...)...)
}

// maxHandledDeliveries is how many deliveries a handler remembers.
const maxHandledDeliveries = 10_000

// webhookDeliveryKey tells deliveries apart. It is a digest of all that was sent:
// the ID is not signed, so it may come with a body that is not its own.
type webhookDeliveryKey [sha256.Size]byte

func newWebhookDeliveryKey(event *WebhookEvent) (key webhookDeliveryKey) {
	digest := sha256.New()
	_, _ = fmt.Fprintf(digest, "%q %q ", event.ID, event.Kind) // never fails
	_, _ = digest.Write(event.Raw)
	digest.Sum(key[:0])
	return key
}

// maxWaitingDeliveries is how many requests with the same delivery wait for one that is
// being handled. Each of them holds its body.
const maxWaitingDeliveries = 8

// runningDelivery is a delivery that is being handled.
type runningDelivery struct {
	ended   chan struct{} // closed at the end
	waiting int           // requests that wait for it
}

// errTooManyWaiting says that a delivery is being handled, and that enough requests
// wait for it.
var errTooManyWaiting = errors.New("too many requests wait for the same delivery")

// webhookDeliveries knows which deliveries are being handled, and which were.
type webhookDeliveries struct {
	mu      sync.Mutex
	running map[webhookDeliveryKey]*runningDelivery
	handled map[webhookDeliveryKey]struct{}
	order   []webhookDeliveryKey // of handled, a ring once it is full
	oldest  int                  // in order
}

// begin reports whether the delivery was handled before. If not, it is the
// caller's to handle, who then calls end. While another does, begin waits, until
// the context ends. It fails if too many wait.
func (d *webhookDeliveries) begin(ctx context.Context, key webhookDeliveryKey) (handled bool, err error) {
	for {
		running, handled, err := d.enter(key)
		if running == nil || err != nil {
			return handled, err
		}
		select {
		case <-running.ended:
		case <-ctx.Done():
			d.leave(running)
			return false, ctx.Err()
		}
	}
}

// enter returns what to wait for. If that is nil, the delivery either was handled,
// or is the caller's from now on.
func (d *webhookDeliveries) enter(key webhookDeliveryKey) (running *runningDelivery, handled bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, handled = d.handled[key]; handled {
		return nil, true, nil
	}
	running = d.running[key]
	switch {
	case running == nil:
		d.running[key] = &runningDelivery{ended: make(chan struct{})}
	case running.waiting == maxWaitingDeliveries:
		return nil, false, errTooManyWaiting
	default:
		running.waiting++
	}
	return running, false, nil
}

// leave ends the waiting for a delivery before it has ended.
func (d *webhookDeliveries) leave(running *runningDelivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	running.waiting--
}

// end lets go of a delivery, and remembers it if it was handled.
func (d *webhookDeliveries) end(key webhookDeliveryKey, handled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.running[key].ended)
	delete(d.running, key)
	if !handled {
		return
	}
	d.handled[key] = struct{}{}
	if len(d.order) < maxHandledDeliveries {
		d.order = append(d.order, key)
		return
	}
	delete(d.handled, d.order[d.oldest])
	d.order[d.oldest] = key
	d.oldest = (d.oldest + 1) % maxHandledDeliveries
}
