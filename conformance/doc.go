// Package conformance holds the package pulumiapi against the service's own
// OpenAPI description. Its tests are the questions:
//
//   - Operations: does each endpoint of the package exist, and is it marked
//     Deprecated where it is?
//   - Requests: does the description know all that any test of the package and
//     any example sends?
//   - Arguments: does what each method sends with all fields set fit, and does
//     it reach everything that the description has?
//   - Responses: does each method return every leaf of what the service can
//     answer?
//   - Cloud: does the in-memory cloud answer as described?
//
// The description is data that is not part of this repository. Its path comes
// from the flag -openapi or from the environment variable PULUMI_OPENAPI:
//
//	go -C conformance run ./cmd/fetchspec -o openapi.json
//	PULUMI_OPENAPI=openapi.json go -C conformance test ./...
//
// Where the description is wrong or vague, or where the package leaves something
// out on purpose, exceptions.txt has a line with the reason.
package conformance
