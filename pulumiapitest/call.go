package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// call is a request as a handler sees it.
type call struct {
	route  *template // nil if there is none
	header http.Header
	params map[string]string
	token  *accessToken // nil where none, or the lease of an update, is asked for
	query  url.Values
	body   []byte // decompressed
	// baseURL is the server's base URL as the client has it.
	baseURL string
	// strict says that unknown members are an error, and null for an array.
	strict bool
}

// param returns the value of a parameter of the path template, decoded.
func (c *call) param(name string) string { return c.params[name] }

// boolQuery returns the value of a boolean query parameter, false if it is absent.
func (c *call) boolQuery(name string) (bool, error) {
	value := c.query.Get(name)
	if value == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, badRequest("invalid query parameter: %s must be true or false, not %q", name, value)
	}
	return b, nil
}

// intQuery returns the value of a numeric query parameter, 0 if it is absent.
func (c *call) intQuery(name string) (int, error) {
	value := c.query.Get(name)
	if value == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, badRequest("Invalid '%s' value. Must be a number, not %q.", name, value)
	}
	return n, nil
}

// checkQuery refuses parameters that the route does not know.
func (c *call) checkQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("invalid query: %v", err)
	}
	c.query = query
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(c.route.query, name) {
			return badRequest("invalid query parameter: %s does not know %q", c.route.endpoint, name)
		}
	}
	return nil
}

// decode reads the JSON body into the wire form that v points to. Each field of
// a wire form has a json tag with its name, and none is embedded.
func (c *call) decode(v any) error {
	if len(c.body) == 0 {
		return badRequest("invalid request body: JSON is expected, and nothing was sent")
	}
	contentType := c.header.Get("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != "application/json" {
		return errorf(http.StatusUnsupportedMediaType, "Content-Type of a JSON body must be application/json, not %q", contentType)
	}
	plain, err := decodePlain(c.body)
	if err != nil {
		return badRequest("invalid request body: %v", err)
	}
	if c.strict {
		if member := unknownMember(plain, reflect.TypeOf(v), ""); member != "" {
			return badRequest("invalid request body: %s does not know the member %q", c.route.endpoint, member)
		}
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return badRequest("invalid request body: %v", err)
	}
	return nil
}

// decodePlain decodes a body into maps and slices. Numbers stay text, as a state
// may have some that no float64 can hold.
func decodePlain(body []byte) (any, error) {
	if !json.Valid(body) { // which tells what follows the first value too
		return nil, json.Unmarshal(body, new(any))
	}
	var plain any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(&plain)
	return plain, err
}

// optional is a member of a JSON body that may be absent, null or have a value.
type optional[T any] struct {
	present bool
	value   *T // nil if it is null
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *optional[T]) UnmarshalJSON(data []byte) error {
	o.present = true
	return json.Unmarshal(data, &o.value)
}

// wrapped returns the type of the value.
func (optional[T]) wrapped() reflect.Type { return reflect.TypeFor[T]() }

var unmarshalerType = reflect.TypeFor[json.Unmarshaler]()

// unknownMember returns the path of a member in a decoded JSON value that type t
// has no field for, or "". It does what json.Decoder.DisallowUnknownFields does,
// but tells upper from lower case and knows where the member stands.
func unknownMember(value any, t reflect.Type, path string) string {
	if t.Kind() == reflect.Pointer {
		return unknownMember(value, t.Elem(), path)
	}
	if o, isOptional := reflect.TypeAssert[interface{ wrapped() reflect.Type }](reflect.Zero(t)); isOptional {
		return unknownMember(value, o.wrapped(), path)
	}
	if reflect.PointerTo(t).Implements(unmarshalerType) {
		return ""
	}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			var member reflect.Type
			switch t.Kind() {
			case reflect.Struct:
				if member = fieldType(t, name); member == nil {
					return path + name
				}
			case reflect.Map:
				member = t.Elem()
			default: // any, or of the wrong type: what json.Unmarshal will say
				return ""
			}
			if unknown := unknownMember(value[name], member, path+name+"."); unknown != "" {
				return unknown
			}
		}
	case []any:
		if t.Kind() != reflect.Slice {
			return ""
		}
		for i, element := range value {
			prefix := strings.TrimSuffix(path, ".") + "[" + strconv.Itoa(i) + "]."
			if unknown := unknownMember(element, t.Elem(), prefix); unknown != "" {
				return unknown
			}
		}
	}
	return ""
}

func fieldType(t reflect.Type, name string) reflect.Type {
	for field := range t.Fields() {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag == name {
			return field.Type
		}
	}
	return nil
}
