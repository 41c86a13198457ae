// Package contract checks the behaviour of Pulumi Cloud that the package pulumiapi
// relies on: statuses and error bodies, how lists end, the rules of tags, the order of
// events, what survives a state's import and export. Each check is written once, in
// this folder's tests. They run against the cloud in memory of pulumiapitest:
//
//	go test ./contract
//
// And against a real one, Pulumi's or your own, with the credentials that
// pulumiapi.FromEnvironment takes (PULUMI_ACCESS_TOKEN, or what `pulumi login` left):
//
//	go test ./contract -v -live -org acme
//
// That only reads, with some hundred requests, one after the other. The run ends with a
// table of all checks, which -v shows: which passed, which were skipped and why, which
// failed.
//
// A check is skipped if the organization has no data for it, or the token no permission,
// or if the server does not have what it is about. So the suite is of use against
// servers that have only a part of the service. A server does not have an endpoint if it
// responds with 405 or 501, or with the same 404 as to a path that no server has, unless
// the endpoint has worked before in the same run. A server whose error responses never
// carry a request ID does not have request IDs. If nothing but such checks is left, the
// test fails.
//
//	go test ./contract -v -live -org acme -strict
//
// With -strict, a check that is skipped fails. (That includes the checks that write, if
// -live-writes is not set.)
//
//	go test ./contract -v -live -org acme -live-writes
//
// This also writes: stacks of one project with a name of its own
// (pulumiapi-contract-20260102-150405-1a2b3c), with tags, states and webhooks. A webhook
// is pinged, so the service sends a request to the URL of -receiver. In the end all
// stacks are deleted, and the webhooks with them: also when a check fails, at Ctrl-C,
// and a minute before the test's timeout. What can't be deleted is named.
//
// What stays are the entries in the audit log, and what the service keeps of deleted
// stacks to restore them. A process that is killed deletes nothing: the next run with
// -live-writes names the stacks that it finds left over, and `pulumi stack rm --force`
// deletes them.
package contract
