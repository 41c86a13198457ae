// Package pulumiapitest is a Pulumi Cloud in memory, to test programs that use
// [github.com/pulumiapi/pulumiapi] without an account, a network or a mock.
//
//	srv := pulumiapitest.NewServer(pulumiapitest.ForTest(t))
//	client := srv.Client()
//
// [ForTest] closes the server at the end of the test. Without it, call [Server.Close].
//
// The cloud has state: a stack that is created can be got, found page by page in
// the list, tagged and deleted. It starts with one user ([Server.User]), who has
// one access token ([Server.Token]) and an organization of the same name. Fill it
// with [Server.AddOrganization] and [Server.AddStack], or start from [Demo].
//
// # Updates
//
// [Server.AddUpdate] puts an update or a preview into a stack's history, with what
// the engine told of it, and [Server.SetState] gives a stack the state to export.
// [Server.StartUpdate] starts an update that runs until the test finishes it:
//
//	running, err := srv.StartUpdate("acme", "web", "prod", pulumiapitest.Update{Kind: "destroy"})
//	// … the program under test watches …
//	err = running.Emit(pulumiapitest.DiagnosticEvent("error", "", "no permission to delete"))
//	err = running.Finish(pulumiapitest.Failed)
//
// Meanwhile the stack is busy: it can't be deleted, renamed, transferred, imported
// into or updated (409). Previews and tags are not in the way. Clients can record
// updates themselves, over the endpoints that the engine uses: create one
// (…/update, …/preview, …/refresh, …/destroy), start it, and with the lease that
// this returns send its events and checkpoints, and complete it. An update that is
// created and not started is in no list, and leases never run out by themselves.
// Pulumi's own CLI does all this against [Server.URL]: init, preview, up, refresh,
// destroy, and the import, the renaming and the removal of a stack. The server can't
// encrypt, so the program must not have secrets.
//
// The states after updates are kept by their versions, and so are the resources in
// them. A stack reads the outputs of those that its state has references to. One
// that was deleted can be restored, without the access that teams had to it.
//
// # Organizations
//
// People, teams, roles, access tokens, webhooks, audit logs, Insights accounts and
// policy issues are there as well: [Server.AddMember], [Server.AddTeam], [Server.AddRole],
// [Server.AddToken], [Server.AddWebhook], [Server.AddAuditLogEvent],
// [Server.AddInsightsAccount] and [Server.AddPolicyIssue] put them into the cloud,
// and [Server.Team] looks at a team. [Server.AddCollaborator] and
// [Server.AddPolicyGroup] say who may do what with a stack, and what it has to obey;
// [Server.SetUserAccount] is about the user alone. The rules of the service connect them: who
// leaves an organization leaves its teams, a stack that is deleted is gone from the
// teams that had access to it, and a token is good until it expires or is deleted.
//
// An organization has settings and invitations, it and its teams have tokens of their
// own, and [Server.SetProduct] says what it has subscribed to. Nobody is sent an
// e-mail, and the audit log is written to no bucket. Whatever token a request is made
// with, it is made by the server's user. How well policies are obeyed follows from the
// policy issues: a resource that has only closed ones obeys.
//
// Every change that a client makes is an event in the audit log, and so are the
// updates of [Server.StartUpdate]. What a test puts into the cloud is not. The
// exports of the log are compressed and say so; [Server.SetExportEncoding] makes them
// raw, which is the same without the header.
// The token of its pages is a second in time: a second with more events than a page
// holds is cut, and the rest of it skipped. [Server.SetPageSize] makes pages larger.
//
// # Webhooks
//
// Webhooks really deliver. [Server.HandleWebhooks] receives what goes to a host, in
// memory; everything else goes over the network:
//
//	srv.HandleWebhooks("hooks.example.com", handlerUnderTest)
//
// A ping is answered when it has been delivered. Webhooks are told, too, when a
// client creates or deletes a stack, and when an update or a preview ends that was
// not put into the history by the test. That happens meanwhile:
// [Server.WaitForWebhooks] waits for it. For events that this cloud does not have,
// [SignedWebhook] makes a delivery with any payload.
//
// # Operations without state
//
// Every other operation of the service is answered with 501 and a message that says how
// to script it. [Server.Handle] takes a handler for an endpoint, and [Respond] makes
// one from a value:
//
//	srv.Handle("GET /api/orgs/{orgName}/agent-pools", pulumiapitest.Respond(http.StatusOK, json.RawMessage(`{"agentPools":[]}`)))
//
// # Two ways in
//
// [Server.Client] and [Server.HTTPClient] speak to the server over connections
// that exist in memory only. They open no port, and they work inside a
// [testing/synctest] bubble when [NewServer] was called in it: hours of backoff
// then pass in no time. The server has the address [BaseURL] there.
//
// [Server.URL] opens a port on the loopback interface, for every other client:
// curl, another language, a program that runs as a process of its own.
//
// # Stricter than the service
//
// A test server is there to find mistakes, so it refuses some requests that the
// service would let pass:
//
//   - a path outside the base path, which is not empty: 404, as plain text
//   - a path with an empty, "." or ".." segment, which a proxy may turn into
//     another endpoint: 400
//   - a query parameter that the endpoint does not know: 400
//   - a JSON body that is not declared as application/json: 415
//   - a continuation token of another endpoint, or of a list with other filters: 400
//   - an output-type of updates that is neither service nor cli: 400
//   - a webhook's filter or group that the service does not know: 400
//   - the lease of an update that was renewed since: 403
//   - a request body that has more than 64 MiB when it is decompressed: 413
//
// With the option [Strict] it also refuses what the service ignores in a JSON body.
//
// It is laxer in three places: a state that is imported is not searched for secrets of
// another stack, every Pulumi ESC environment is taken to exist, and an organization
// tells for how long access tokens may be good, but no token is refused for it. There
// are no deployments in it, no pull requests, and no stacks but those of Pulumi.
//
// It asks for no Accept header, as the service doesn't; [Server.Requests] shows
// what was sent. Pages are small (10 items, see [Server.SetPageSize]), so that a
// test with a handful of items sees more than one. [Server.SetSelfHosted] makes it
// answer as old self-hosted installations do.
//
// # When things go wrong
//
// [Server.Inject] makes requests fail: with a status, late, cut off, or without
// any answer; or lets something happen before them. A fault that never strikes fails
// the test. [Server.LimitRate] is a rate limit. [Server.Requests] returns what clients
// sent, [Server.Connections] how many connections they needed.
//
// # What the real service has answered
//
// [Record] is a transport that writes what goes to and fro into a file, and [Replay]
// one that answers from it, without any network: for the test of a program against
// data as it really is. A request that is not in the file fails, and the error names
// the nearest one that is, and how it differs. [Replayer.Close] says, too, what was
// recorded and is no longer asked for.
//
// The file is JSON, to be read and compared: the exchanges in the order in which they
// began, with JSON as JSON, text line by line, the rest in base64, and nothing
// compressed. Retries, redirects, broken connections and answers that were cut off
// are in it.
//
// Secrets are not. No header of a request is written, and no cookie of a response. The
// following is replaced:
//
//   - values under the name of a secret (tokenValue, accessTokens, password,
//     passwordHash, pwd, secrets, AccountKey, ciphertext and the like, and the names of
//     [WithSecretNames]), in JSON, YAML, queries, forms, connection strings and texts
//   - values that are marked as secret in a stack's configuration and state
//   - tokens and keys of a known form: those of Pulumi, AWS, Google, Azure, GitHub,
//     GitLab, Slack, Stripe, npm and others, JSON web tokens, private keys, and webhook
//     URLs of chat services
//   - base64 that contains any of these
//
// A secret of eight characters or more is then replaced wherever else it stands. In its
// place there is a text like scrubbed0001, which is the same for the same secret, or,
// for a number, 0. JSON that was cut off ends behind its last value that is whole. A
// replay does the same with each request before it compares: the secrets of the test do
// not matter, only which of them are equal.
//
// What nothing marks as a secret is written as it is: names, addresses, the outputs of
// stacks. Look at the file before you share it, and see [WithSecrets].
package pulumiapitest
