package pulumiapitest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	webhookTimeout  = 10 * time.Second // for a delivery
	maxWebhookReply = 64 << 10         // bytes of a receiver's answer that are kept
)

// webhookMessage is something that webhooks are to be told of.
type webhookMessage struct {
	id, kind string
	payload  []byte // JSON, unless it was made for one webhook's format already
	text     string // what it says, for formats that are for people
}

// newMessage makes a message. Callers hold mu.
func (s *Server) newMessage(kind, text string, payload any) webhookMessage {
	encoded, _ := json.Marshal(payload) // cannot fail: texts, numbers and maps of them
	return webhookMessage{id: fakeUUID(fmt.Sprintf("webhook message %d", s.nextSerial())), kind: kind, payload: encoded, text: text}
}

// in returns the message in a webhook's format.
func (m webhookMessage) in(format string) webhookMessage {
	if format == formatSlack || format == formatTeams {
		m.payload, _ = json.Marshal(map[string]string{"text": m.text}) // cannot fail
	}
	return m
}

// delivery is what became of a message to one webhook.
type delivery struct {
	message         webhookMessage // in the webhook's format
	at              time.Time
	duration        time.Duration
	url             string
	requestHeaders  string
	status          int // 0 if there was no answer
	responseHeaders string
	responseBody    string // or what went wrong
}

// send delivers a message, as it is, to a webhook, which is a copy: mu is not held.
func (s *Server) send(w Webhook, m webhookMessage) delivery {
	ctx, cancel := context.WithTimeout(s.background(), webhookTimeout)
	defer cancel()
	d := delivery{message: m, at: time.Now(), url: w.PayloadURL}
	err := d.post(ctx, &s.webhooks, w)
	d.duration = time.Since(d.at)
	if err != nil {
		d.responseBody = err.Error()
	}
	return d
}

// post sends the request, and notes both it and the answer.
func (d *delivery) post(ctx context.Context, transport http.RoundTripper, w Webhook) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.PayloadURL, strings.NewReader(string(d.message.payload)))
	if err != nil {
		return err
	}
	req.Header = requestHeader(d.message, w.Secret)
	d.requestHeaders = headerText(req.Header)
	resp, err := transport.RoundTrip(req) // and no http.Client, which would follow a redirect
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	d.status, d.responseHeaders = resp.StatusCode, headerText(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxWebhookReply))
	d.responseBody = string(body)
	return err
}

func requestHeader(m webhookMessage, secret string) http.Header {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Pulumi-Webhook-ID", m.id)
	header.Set("Pulumi-Webhook-Kind", m.kind)
	if secret != "" {
		header.Set("Pulumi-Webhook-Signature", sign(m.payload, secret))
	}
	return header
}

// sign returns the signature of what is delivered.
func sign(payload []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(payload) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}

func headerText(header http.Header) string {
	var text strings.Builder
	_ = header.Write(&text) // a builder takes everything
	return text.String()
}

// deliver sends a message to a webhook and keeps the delivery. Callers hold mu,
// which it gives up while it waits for the answer.
func (s *Server) deliver(w *webhook, m webhookMessage) delivery {
	to := w.Webhook
	s.mu.Unlock()
	d := s.send(to, m)
	s.mu.Lock()
	w.deliveries = append(w.deliveries, d)
	return d
}

// deliverLater sends a message to a webhook while the cloud goes on. Callers hold mu.
func (s *Server) deliverLater(w *webhook, m webhookMessage) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if s.closing {
		return
	}
	s.delivering++
	s.running.Go(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.deliver(w, m)
		s.delivering--
		s.delivered.Broadcast()
	})
}

// WaitForWebhooks returns when every event up to now has been delivered to the
// webhooks that are to hear of it, or has failed to be. A test inside a
// [testing/synctest] bubble can call synctest.Wait instead.
func (s *Server) WaitForWebhooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.delivering > 0 {
		s.delivered.Wait()
	}
}

type wireDelivery struct {
	ID              string `json:"id"`
	Kind            string `json:"kind"`
	Payload         string `json:"payload"`
	Timestamp       int64  `json:"timestamp"`
	Duration        int64  `json:"duration"`
	RequestURL      string `json:"requestUrl"`
	RequestHeaders  string `json:"requestHeaders"`
	ResponseCode    int    `json:"responseCode"`
	ResponseHeaders string `json:"responseHeaders"`
	ResponseBody    string `json:"responseBody"`
}

func (d *delivery) wire() wireDelivery {
	return wireDelivery{
		ID: d.message.id, Kind: d.message.kind, Payload: string(d.message.payload),
		Timestamp: d.at.Unix(), Duration: d.duration.Milliseconds(), RequestURL: d.url, RequestHeaders: d.requestHeaders,
		ResponseCode: d.status, ResponseHeaders: d.responseHeaders, ResponseBody: d.responseBody,
	}
}

type wirePing struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// pingWebhook delivers at once, and to webhooks that are not active, too.
func (s *Server) pingWebhook(c *call) (reply, error) {
	_, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	if w.Format == formatDeployments {
		return reply{}, badRequest("Webhook '%s' starts deployments, and has nowhere to deliver a ping", w.Name)
	}
	const text = "🍹 Just a friendly ping from Pulumi 🍹"
	m := s.newMessage("ping", text, wirePing{time.Now().Unix(), text})
	d := s.deliver(w, m.in(w.Format))
	return ok(d.wire()), nil
}

// listDeliveries has the newest first.
func (s *Server) listDeliveries(c *call) (reply, error) {
	_, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	list := []wireDelivery{}
	for _, d := range slices.Backward(w.deliveries) {
		list = append(list, d.wire())
	}
	return ok(list), nil
}

// redeliver sends the same bytes once more, under the same ID, signed with the
// secret that the webhook has now. That makes another delivery.
func (s *Server) redeliver(c *call) (reply, error) {
	_, w, err := s.findWebhook(c)
	if err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(w.deliveries, func(d delivery) bool { return d.message.id == c.param("event") })
	if i < 0 {
		return reply{}, notFound("Webhook event '%s' not found", c.param("event"))
	}
	d := s.deliver(w, w.deliveries[i].message)
	return ok(d.wire()), nil
}
