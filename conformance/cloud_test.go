package conformance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// TestCloud_AnswersAsDescribed walks through the in-memory cloud, and holds what
// it answers to every operation that it has state for against the description. Such an
// operation needs a line in one of the tours; others are scripted by tests.
func TestCloud_AnswersAsDescribed(t *testing.T) { //nolint:tparallel // one tour after the other, and then what they have heard
	t.Parallel()
	h := load(t)
	cloud := pulumiapitest.Demo(pulumiapitest.Strict())
	defer cloud.Close()
	answers := &listener{next: cloud.HTTPClient().Transport}
	client, err := pulumiapi.NewClient(append(cloud.Options(), pulumiapi.WithHTTPClient(&http.Client{Transport: answers}))...)
	require.NoError(t, err)

	for _, tour := range tours {
		t.Run(tour.name, func(t *testing.T) { tour.walk(t, cloud, client) })
	}

	answered, reported := map[string]bool{}, map[string]bool{}
	for _, answer := range answers.heard {
		answered[answer.operation] = answered[answer.operation] || answer.isSuccess()
		for _, problem := range h.checkAnswer(t, answer) {
			kind := answer.operation + listIndex.ReplaceAllString(problem, "[]")
			if !reported[kind] {
				reported[kind] = true
				assert.Fail(t, fmt.Sprintf("the cloud's answer to %s: %s", answer.operation, problem), "in %.1000s", answer.body)
			}
		}
	}
	hasState := map[string]bool{}
	for _, route := range record().Routes {
		hasState[route.Operation] = true
	}
	for _, endpoint := range h.source.Endpoints {
		assert.Equal(t, hasState[endpoint.Operation], answered[endpoint.Operation],
			"the cloud never answers %s (%s): add it to one of the tours", endpoint.Operation, endpoint.Position)
	}
}

// listIndex is what differs between two mistakes that are the same.
var listIndex = regexp.MustCompile(`\[\d+\]`)

// heard is an answer of the cloud.
type heard struct {
	operation string
	status    int
	body      []byte
}

func (a heard) isSuccess() bool { return a.status >= 200 && a.status < 300 }

// listener hears what the cloud answers.
type listener struct {
	next http.RoundTripper

	mu    sync.Mutex
	heard []heard
}

// RoundTrip implements http.RoundTripper.
func (l *listener) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if resp.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(unzipped); err != nil {
			return nil, err
		}
	}
	endpoint, _ := pulumiapi.EndpointFromContext(req.Context())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, heard{endpoint.String(), resp.StatusCode, data})
	return resp, nil
}

// checkAnswer returns what is wrong with an answer.
func (h harness) checkAnswer(t *testing.T, answer heard) []string {
	t.Helper()
	if !h.spec.Has(answer.operation) {
		return nil // the test of the operations says so
	}
	described := h.operation(t, answer.operation).Answer
	switch {
	case !answer.isSuccess():
		return checkRefusal(answer)
	case answer.status != described.Status:
		return []string{fmt.Sprintf("the status is %d, but %d is described", answer.status, described.Status)}
	case described.Schema == nil:
		if described.ContentType == "" && len(answer.body) > 0 {
			return []string{"there is a body, and none is described"}
		}
		return nil
	case len(answer.body) == 0:
		return []string{fmt.Sprintf("there is no body, but %d with one is described", described.Status)}
	}
	value, err := spec.DecodeJSON(answer.body)
	if err != nil {
		return []string{err.Error()}
	}
	return h.spec.Check(described.Schema.Value, value)
}

// checkRefusal returns what is wrong with an answer that is no success: the
// service's has its status again, and says why.
func checkRefusal(answer heard) []string {
	var body map[string]any
	if err := json.Unmarshal(answer.body, &body); err != nil {
		return []string{fmt.Sprintf("the body of a %d: %v", answer.status, err)}
	}
	message, _ := body["message"].(string)
	if code, _ := body["code"].(float64); int(code) != answer.status || message == "" {
		return []string{fmt.Sprintf("the body of a %d has neither its code nor a message", answer.status)}
	}
	return nil
}

func TestCloud_HasRoutesOfTheDescription(t *testing.T) {
	t.Parallel()
	h := load(t)
	recording := record()
	require.NotEmpty(t, recording.Routes, "nothing was recorded: %v", recording.err)
	covered := map[string]bool{}
	for _, endpoint := range h.source.Endpoints {
		covered[endpoint.Operation] = true
	}
	for _, route := range recording.Routes {
		if !assert.True(t, h.spec.Has(route.Operation), "the cloud has %s, the description does not", route.Operation) {
			continue
		}
		var described []string
		for _, parameter := range h.operation(t, route.Operation).Query {
			described = append(described, parameter.Name)
		}
		for _, name := range route.Query {
			assert.Contains(t, described, name, "the cloud's %s knows a query parameter that the description does not", route.Operation)
		}
		if !covered[route.Operation] {
			continue
		}
		for _, name := range described {
			assert.True(t, slices.Contains(route.Query, name), "the cloud's %s does not know the query parameter %s", route.Operation, name)
		}
	}
}
