package pulumiapi_test

import (
	"bytes"
	"context"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

var (
	prod    = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	prodEnv = pulumiapi.EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}

	logBucket = pulumiapi.AuditLogS3ConfigRequest{S3BucketName: "logs", IAMRoleARN: "arn:aws:iam::1:role/a"}
	bucket    = pulumiapi.InsightsResourceIdentifier{Account: account, Type: "aws:s3/bucket:Bucket", ID: "b-1"}
)

const account = "FizzBuzz AWS Staging"

// operation is one method as the tests that drive all of them see it. The methods
// are found by [testkit.Operations]: there is no list to add one to.
type operation struct {
	// name is the method's: "Stacks.Get".
	name string
	call func(ctx context.Context, client *pulumiapi.Client) (any, error)
	// endpoint is the one that the method calls first.
	endpoint pulumiapi.Endpoint
	// fixture is the file below testdata with the documentation's answer, answer an
	// answer that the documentation doesn't show, and madeUp an answer in which
	// everything is set. All are empty if the method returns nothing.
	fixture string
	answer  string
	madeUp  string
	// text says that the answer is text, which the caller reads as it comes.
	text bool
	// whole is what the method hands on as it comes of an answer that is a long
	// state; call returns what came of it with an error, too. It is empty for others.
	whole string
	// items is the member of the answer that holds what a list returns, or the
	// path to it: "a.b".
	items string
	// refusesNothing is what the error says of an answer whose members are null or
	// missing; empty if the method takes it.
	refusesNothing string
	// resends says whether a request that may have been carried out is sent
	// again.
	resends bool
	// waits says that the method asks until an answer says that it is over.
	waits bool
	// on404 are the HTTP methods of what it sends if everything is refused
	// with a 404.
	on404 []string
	// asks says that the method asks whether there is something: a 404 is an
	// answer then, and no error.
	asks bool
	// anyJSON says that the answer may be JSON of any form.
	anyJSON bool
	// foreign says that the answer is read into a type of the caller's.
	foreign bool
	// mayBeEmpty says that the answer may have no content.
	mayBeEmpty bool
}

// operations are all methods whose answer is JSON, or nothing.
func operations() []operation {
	return slices.DeleteFunc(allOperations(), func(o operation) bool { return o.text })
}

// textOperations are those whose answer is no JSON.
func textOperations() []operation {
	return slices.DeleteFunc(allOperations(), func(o operation) bool { return !o.text })
}

func allOperations() []operation {
	var all []operation
	for _, o := range must(testkit.Operations()) {
		all = append(all, operation{
			name: o.Name, call: o.Call, endpoint: o.Endpoint,
			fixture: o.Fixture, answer: o.Response, madeUp: o.MadeUp, items: o.Items, text: o.Text,
			refusesNothing: o.RefusesNothing, resends: testkit.Resends(o.Endpoint), waits: o.Waits, on404: o.On404(),
			asks: o.Asks, anyJSON: o.AnyJSON, mayBeEmpty: o.MayBeEmpty,
		})
	}
	return all
}

// firstOf returns the first that a list yields: a fixture's token or total
// would make the rest endless.
func firstOf[T any](seq iter.Seq2[*T, error]) (any, error) {
	for item, err := range seq {
		return item, err
	}
	return nil, nil //nolint:nilnil // an empty list has no first
}

// revokes reports whether the method deletes an access token.
func (o operation) revokes() bool {
	return slices.Contains([]string{"Tokens.Delete", "Orgs.DeleteToken", "Teams.DeleteToken"}, o.name)
}

// returnsValue reports whether the method returns more than an error.
func (o operation) returnsValue() bool { return o.fixture != "" || o.answer != "" }

// isArray reports whether the answer is a bare array.
func (o operation) isArray(tb testing.TB) bool {
	tb.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(tb))[0] == '['
}

// method is the HTTP method of what it sends first.
func (o operation) method() string { return o.on404[0] }

// isWrite reports whether the method changes something.
func (o operation) isWrite() bool {
	if o.endpoint.Method == "" { // it is none of a service's
		return o.method() == http.MethodPost && !o.resends
	}
	return testkit.Writes(o.endpoint)
}

// isObject reports whether the answer is a JSON object.
func (o operation) isObject(t *testing.T) bool {
	t.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(t))[0] == '{'
}

// isText reports whether the answer is a JSON string.
func (o operation) isText(t *testing.T) bool {
	t.Helper()
	return o.returnsValue() && bytes.TrimSpace(o.body(t))[0] == '"'
}

// body returns what a server answers to the operation when all is well.
func (o operation) body(tb testing.TB) []byte {
	tb.Helper()
	if o.answer != "" || o.fixture == "" {
		return []byte(o.answer)
	}
	return readFixture(tb, o.fixture)
}

func readFixture(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err, "reading the fixture %s", name)
	return data
}
