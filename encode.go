package pulumiapi

import (
	"bytes"
	"fmt"
	"net/url"
	"reflect"
	"sync"

	"github.com/google/go-querystring/query"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
	"github.com/pulumiapi/pulumiapi/internal/transport"
)

// jsonBody returns v as the body of a request. name is the argument it is.
func jsonBody(name string, v any) (transport.Body, error) {
	data, secrets, err := encodeRequest(v)
	if err != nil {
		return transport.Body{}, &ArgumentError{Name: name, Reason: "can't be sent as JSON: " + err.Error()}
	}
	return transport.BytesBody(data, secrets...), nil
}

// encodeQuery returns the options' `url` tags as a query.
func encodeQuery(opts any) (url.Values, error) {
	values, err := query.Values(opts)
	if err != nil {
		return nil, &ArgumentError{Name: "opts", Reason: err.Error()}
	}
	return values, nil
}

// wireValuer is implemented by types whose form on the wire is another than
// the one they marshal to elsewhere.
type wireValuer interface {
	wireValue() any
}

// requestEncoder writes the bodies of requests that have no secrets.
var requestEncoder = jsonx.NewEncoder(func(v wireValuer) any { return v.wireValue() })

// encodeRequest returns v as the JSON of a request's body, and the secrets that
// are in it.
func encodeRequest(v any) (data []byte, secrets []string, err error) {
	if v == nil || !mayHoldSecret(reflect.TypeOf(v)) {
		data, err = requestEncoder.Encode(v)
		return data, nil, err
	}
	return encodeWithSecrets(v)
}

func encodeWithSecrets(v any) (data []byte, secrets []string, err error) {
	encoder := jsonx.NewEncoder(func(v wireValuer) any {
		if secret, ok := v.(interface{ Reveal() string }); ok {
			secrets = append(secrets, secret.Reveal())
		}
		return v.wireValue()
	}).Check(checkMarshaled)
	data, err = encoder.Encode(v)
	return data, secrets, err
}

// checkMarshaled refuses what a type's own method makes of a Secret, which shows the
// secret to nobody.
func checkMarshaled(v any, written []byte) error {
	if bytes.Contains(written, []byte(redacted)) && mayHoldSecret(reflect.TypeOf(v)) {
		return fmt.Errorf("the method of %T that marshals it writes %q in place of a Secret: use Reveal there, or leave it to the struct's tags", v, redacted)
	}
	return nil
}

// secretHolders finds out which types have a Secret in them, and remembers it
// (BenchmarkW7CreateTag).
type secretHolders struct {
	// interfaces says what is assumed of an interface.
	interfaces bool
	known      sync.Map // reflect.Type → bool
}

var (
	inRequests  = secretHolders{interfaces: true}
	inResponses secretHolders // decoding puts no Secret into an interface
)

// mayHoldSecret reports whether there can be a Secret in a value of type t that is
// sent.
func mayHoldSecret(t reflect.Type) bool { return inRequests.has(t) }

// mayBringSecret reports whether a response of which a value of type t is decoded
// may hold a secret.
func mayBringSecret(t reflect.Type) bool { return inResponses.has(t) }

func (h *secretHolders) has(t reflect.Type) bool {
	if known, ok := h.known.Load(t); ok {
		return known == true
	}
	holds := h.find(t, map[reflect.Type]bool{})
	h.known.Store(t, holds)
	return holds
}

// find does the work of has. Types that were seen further out are left to there.
func (h *secretHolders) find(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return h.interfaces
	case reflect.Map:
		return h.find(t.Key(), seen) || h.find(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return h.find(t.Elem(), seen)
	case reflect.Struct:
		if t == reflect.TypeFor[Secret]() {
			return true
		}
		for field := range t.Fields() {
			if h.find(field.Type, seen) {
				return true
			}
		}
	default:
	}
	return false
}
