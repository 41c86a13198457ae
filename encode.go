package pulumiapi

import (
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
	})
	data, err = encoder.Encode(v)
	return data, secrets, err
}

// secretHolders remembers what holdsSecret has found out (BenchmarkW7CreateTag).
var secretHolders sync.Map // reflect.Type → bool

// mayHoldSecret reports whether there can be a Secret in a value of type t.
func mayHoldSecret(t reflect.Type) bool {
	if known, ok := secretHolders.Load(t); ok {
		return known == true
	}
	holds := holdsSecret(t, map[reflect.Type]bool{})
	secretHolders.Store(t, holds)
	return holds
}

// holdsSecret does the work of mayHoldSecret. Types that were seen further out are
// left to there.
func holdsSecret(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Map:
		return holdsSecret(t.Key(), seen) || holdsSecret(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holdsSecret(t.Elem(), seen)
	case reflect.Struct:
		if t == reflect.TypeFor[Secret]() {
			return true
		}
		for field := range t.Fields() {
			if holdsSecret(field.Type, seen) {
				return true
			}
		}
	default:
	}
	return false
}
