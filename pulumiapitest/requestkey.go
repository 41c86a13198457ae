package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// requestKey is what a request is recognized by. There are no secrets in it, but
// placeholders that are counted from its own first one: the same secret has other
// numbers in other recordings.
type requestKey struct {
	method, host string
	path         []string
	query        url.Values
	body         any  // decoded JSON, a text, or nil
	anyBody      bool // it was too long to be recorded
}

// newRequestKey returns the key of a request that was scrubbed.
func newRequestKey(method string, u *url.URL, b body) requestKey {
	numbers := map[string]string{}
	own := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			if numbers[found] == "" {
				numbers[found] = ownPlaceholder + strconv.Itoa(len(numbers)+1)
			}
			return numbers[found]
		})
	}
	key := requestKey{
		method:  method,
		host:    u.Scheme + "://" + u.Host,
		path:    strings.Split(own(u.EscapedPath()), "/"),
		query:   url.Values{},
		anyBody: b.LeftOut,
	}
	query := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			key.query.Add(name, own(value))
		}
	}
	switch {
	case b.JSON != nil:
		decoder := json.NewDecoder(bytes.NewReader(b.JSON))
		decoder.UseNumber()
		_ = decoder.Decode(&key.body) // it is JSON: it was scrubbed as that, or read from JSON
		key.body = mapStrings(key.body, own)
	case b.Text != nil:
		key.body = own(strings.Join(b.Text, ""))
	case b.Base64 != nil:
		key.body = own(string(b.Base64))
	}
	return key
}

// mapStrings changes all texts in decoded JSON, in the order of the members' names.
func mapStrings(value any, change func(string) string) any {
	switch value := value.(type) {
	case string:
		return change(value)
	case []any:
		for i := range value {
			value[i] = mapStrings(value[i], change)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			value[name] = mapStrings(value[name], change)
		}
	}
	return value
}

// ownPlaceholder begins the placeholders of a key.
const ownPlaceholder = "scrubbed#"

var ownPlaceholders = regexp.MustCompile(ownPlaceholder + `\d+`)

// sameText compares a text that was recorded with one that was sent. In the place of a
// secret, that may be anything of which only the recording knew, from another exchange,
// that it is one.
func sameText(recorded, sent string) bool {
	if recorded == sent {
		return true
	}
	if !strings.Contains(recorded, ownPlaceholder) || strings.Contains(sent, ownPlaceholder) {
		return false
	}
	parts := ownPlaceholders.Split(recorded, -1)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".+") + `$`).MatchString(sent)
}

// sameJSON is sameText for decoded JSON.
func sameJSON(recorded, sent any) bool {
	switch recorded := recorded.(type) {
	case string:
		text, ok := sent.(string)
		return ok && sameText(recorded, text)
	case []any:
		elements, ok := sent.([]any)
		return ok && slices.EqualFunc(recorded, elements, sameJSON)
	case map[string]any:
		members, ok := sent.(map[string]any)
		return ok && maps.EqualFunc(recorded, members, sameJSON)
	}
	return recorded == sent
}

// answers reports whether a recorded request is the one that was sent.
func (k requestKey) answers(sent requestKey) bool { return k.distance(sent) == 0 }

// distance returns how different two requests are: zero if they are equal.
func (k requestKey) distance(sent requestKey) int {
	distance := 0
	if k.method != sent.method {
		distance += 12
	}
	if k.host != sent.host {
		distance += 20
	}
	if !slices.EqualFunc(k.path, sent.path, sameText) {
		distance += 10 * max(len(k.path), len(sent.path))
		for i := range min(len(k.path), len(sent.path)) {
			if sameText(k.path[i], sent.path[i]) {
				distance -= 9
			}
		}
	}
	for _, name := range k.otherParams(sent) {
		distance += 2
		if k.query.Has(name) && sent.query.Has(name) {
			distance--
		}
	}
	if k.otherBody(sent) {
		distance += 2
	}
	return distance
}

// otherParams returns the names of the query's parameters that differ.
func (k requestKey) otherParams(sent requestKey) []string {
	names := map[string]bool{}
	for _, query := range []url.Values{k.query, sent.query} {
		for name := range query {
			if !slices.EqualFunc(k.query[name], sent.query[name], sameText) {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (k requestKey) otherBody(sent requestKey) bool {
	return !k.anyBody && !sameJSON(k.body, sent.body)
}

// differences says what is recorded, and what was sent instead.
func (k requestKey) differences(sent requestKey) []string {
	var found []string
	differ := func(what, recorded, instead string) {
		found = append(found, fmt.Sprintf("%s: %s, not %s", what, recorded, instead))
	}
	if k.method != sent.method {
		differ("method", k.method, sent.method)
	}
	if k.host != sent.host {
		differ("host", k.host, sent.host)
	}
	if !slices.EqualFunc(k.path, sent.path, sameText) {
		differ("path", strings.Join(k.path, "/"), strings.Join(sent.path, "/"))
	}
	for _, name := range k.otherParams(sent) {
		differ("query: "+name, shown(k.query[name]), shown(sent.query[name]))
	}
	if k.otherBody(sent) {
		differ(firstDifference("body", k.body, sent.body))
	}
	return found
}

// shown returns the values of a parameter.
func shown(values []string) string {
	if len(values) == 0 {
		return "left out"
	}
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = strconv.Quote(value)
	}
	return strings.Join(quoted, " and ")
}

// firstDifference returns where two bodies differ first, and what is there.
func firstDifference(where string, recorded, sent any) (at, recordedText, sentText string) {
	switch recorded := recorded.(type) {
	case map[string]any:
		if sent, ok := sent.(map[string]any); ok {
			return firstDifferentMember(where, recorded, sent)
		}
	case []any:
		if sent, ok := sent.([]any); ok && len(sent) == len(recorded) {
			for i := range recorded {
				if !sameJSON(recorded[i], sent[i]) {
					return firstDifference(fmt.Sprintf("%s[%d]", where, i), recorded[i], sent[i])
				}
			}
		}
	}
	return where, asText(recorded), asText(sent)
}

func firstDifferentMember(where string, recorded, sent map[string]any) (at, recordedText, sentText string) {
	names := maps.Clone(recorded)
	maps.Copy(names, sent)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, isRecorded := recorded[name]
		is, isSent := sent[name]
		member := where + "." + name
		switch {
		case !isRecorded:
			return member, "left out", asText(is)
		case !isSent:
			return member, asText(was), "left out"
		case !sameJSON(was, is):
			return firstDifference(member, was, is)
		}
	}
	return where, asText(recorded), asText(sent)
}

// maxShown is how many bytes of a value an error shows.
const maxShown = 80

func asText(value any) string {
	text := "nothing"
	if value != nil {
		encoded, _ := json.Marshal(value) // cannot fail: it was JSON, or a text
		text = string(encoded)
	}
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
