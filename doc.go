// Package pulumiapi is a client for the REST API of Pulumi Cloud: Pulumi's own
// installation, or one that you host. Its methods are the service's operations,
// with types for what they take and return; [Client.Do] calls any other.
//
// A program that lists the stacks of an organization:
//
//	client, err := pulumiapi.NewClient(pulumiapi.FromEnvironment())
//	if err != nil {
//		log.Fatal(err)
//	}
//	opts := &pulumiapi.StackListOptions{Organization: "acme-corp"}
//	for stack, err := range client.Stacks.List(context.Background(), opts) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(stack.Identifier(), stack.ResourceCount)
//	}
//
// # Services
//
// The resources of Pulumi Cloud are fields of [Client], and what can be done
// with one is a method of its field: client.Stacks.Get returns a stack.
//
//   - Stacks ([StacksService]): stacks, and what belongs to one: its tags,
//     configuration, state and resources, its activity, its access.
//   - Updates ([UpdatesService]): updates, previews, refreshes and destroys, their
//     status, events and timelines.
//   - Orgs ([OrgsService]): organizations: members, invitations, roles, settings,
//     and the organization's access tokens.
//   - Teams ([TeamsService]): teams: members, roles, what they may do with stacks,
//     environments and Insights accounts, and the team's access tokens.
//   - Tokens ([TokensService]): the user's own access tokens.
//   - User ([UserService]): the token's user: identities, invitations, the default
//     organization.
//   - Webhooks ([WebhooksService]): webhooks of an organization, a stack or an
//     environment, and their deliveries.
//   - AuditLogs ([AuditLogsService]): audit logs, and their export to S3.
//   - Insights ([InsightsService]): cloud accounts, scans, the resources and stacks
//     that these discovered, and the results of policies for them.
//   - PolicyIssues ([PolicyIssuesService]): what policies have found, its triage and
//     export, and violations.
//   - PolicyCompliance ([PolicyComplianceService]): how well policies are obeyed. The
//     policy groups and packs of one stack are methods of Stacks.
//   - AgentPools ([AgentPoolsService]): pools of deployment agents that an
//     organization hosts.
//   - Meta ([MetaService]): the service itself: capabilities, the newest version of
//     the command line, the description of the API.
//
// Who comes from the service's documentation looks for the path: the comment of each
// method ends with its endpoint, as in "Pulumi Cloud: GET /api/user/stacks". The
// names in braces are those of the service's OpenAPI description, so look for what
// stands between them. Where several methods send to one endpoint, as to change
// a team, each stands for one of the things that it does.
//
// Options are a pointer and come last; nil stands for the defaults, and what you
// pass is copied.
//
// A Client may be used from any number of goroutines, and does not change after
// [NewClient]. One for the whole program is the right number: its calls share
// connections.
//
// # Lists
//
// A list that the service sends in pages comes as two methods. List returns an
// iterator that walks all pages. Its second value is an error, which comes after
// the last item that could be had, and ends the loop. Leaving the loop early leaves
// nothing behind, and ranging over the sequence again starts anew. [Collect] turns
// it into a slice. (A list that the service sends as a whole is one method, which
// returns a slice.)
//
// The first page is fetched when the loop begins, and the next one when the loop
// asks for the second item of a page, so that it comes while the loop works. One
// page is fetched ahead and no more, by another goroutine, which has ended when the
// loop is left: the request is cancelled. NoPrefetch, in the options, turns this
// off. Where pages are numbered, or ranges of rows, the options have Parallel, too:
// the first page tells the list's length, and then as many pages as that are
// fetched at a time, and yielded in their order. No more than so many are ahead of
// the loop, where they take memory.
//
// ListPage returns one [Page], whose Next is the [Cursor] of the page after it.
// A cursor is text: keep it in a file, and a later run goes on from there with
// the same filters and the cursor in its options. [Pages] walks pages instead
// of items, for a program that shows progress or keeps the cursor on the way. The
// first cursor that it gives to your function is empty: don't let that overwrite
// the one you have kept, but write o.Cursor = cmp.Or(cursor, kept). The function
// runs while the loop works on a page, so kept must not be changed by the loop.
//
// # Updates under way
//
// [UpdatesService.Follow] yields the events of an update as they appear, and ends
// when the update has. [UpdatesService.Wait] waits for the end, and tells how it
// was: an update that has failed is an [*UpdateFailedError], which tells it from a
// call that has failed. Both poll, survive faults that pass, and need a deadline in
// the context if they are to give up on an update that never ends.
// [InsightsService.WaitForScan] waits for a scan of an Insights account in the same
// way; one that has failed is an [*InsightsScanFailedError].
//
// # Errors
//
// What a call fails with is of one of three types:
//
//   - [*APIError]: the service refused. It has the status, the service's
//     explanation, and the request's ID, which Pulumi's support asks for.
//   - [*CallError]: there was no usable answer. The connection failed, the
//     answer was cut off or was not JSON, a redirect was refused, or the
//     context ended, which [errors.Is] finds in it.
//   - [*ArgumentError]: an argument can't be right, and nothing was sent.
//
// Ask for kinds of refusals with [errors.Is]: [ErrUnauthorized], [ErrForbidden],
// [ErrNotFound], [ErrConflict], [ErrRateLimited].
//
// [ErrOutcomeUnknown] is found on a write that failed without proof that nothing
// happened: look at what is there now before you repeat it. [ErrResponseLost] is
// found on a write that succeeded but whose response is lost. [ErrRetryBudget] is
// found on a call that was not tried again for the sake of the service.
//
// What is no call's failure has errors of its own: [UpdateFailedError] and
// [InsightsScanFailedError] for an update and a scan that were waited for, and
// [ErrWebhookUnsigned], [ErrWebhookBadSignature] and [ErrWebhookNoSecret] for what
// webhooks deliver.
//
// # Retries
//
// A request is sent up to four times, with growing waits between. GET, HEAD,
// PUT and DELETE are sent again after the status 429, after a 5xx (but for 501),
// and when the connection broke or the answer was cut off. A POST or PATCH that
// changes something is sent again only if it never left, as no connection could
// be made; repeating it is your decision, not the client's. A Retry-After of the
// service is honoured; one that is longer than the policy allows, or than the
// context has left, ends the call at once. All calls of a client share a budget of
// retries, so that they don't storm a service that is down. [WithRetry] sets the
// numbers.
//
// # Timeouts and limits
//
// A call takes as long as its context lets it. Without a deadline in the
// context, an attempt in which no byte comes for 60 seconds is given up; an
// answer that keeps flowing is not. With a deadline, nothing but the deadline
// counts, and the Timeout of a [net/http.Client] that you brought. A JSON answer
// of more than 64 MiB is refused, and of more than 1 GiB where it is a stack's
// state ([StacksService.Export]); [WithMaxAnswer] sets another limit for both. What
// streams has none.
//
// # Configuration and credentials
//
// [NewClient] takes options in any order, checks them, and sends nothing. It
// needs credentials: [WithToken] for an access token that the program has,
// [WithTokenSource] for tokens that expire, as a CI job gets them for its identity
// ([NewOIDCTokenSource]), or [FromEnvironment] for PULUMI_ACCESS_TOKEN and for what
// `pulumi login` left on the machine. Without FromEnvironment, neither is looked
// for. A transport of your own, with its proxy and its certificates, comes by
// [WithHTTPClient], and a limit to the rate of requests by [WithRateLimiter].
//
// The token goes to the base URL ([WithBaseURL]) and nowhere else: a redirect to
// another scheme, host or port, or out of the base URL's path, is refused. It
// appears in no error, no [ResponseInfo] and no log record, not even if the
// service sends it back; text that must stay hidden is a [Secret], which every way
// of printing shows as "[redacted]". [Client.BaseURL] says where the client leads.
//
// # Text and times
//
// What has a name prints and parses as text, in flags, in JSON and as the keys of
// maps: a [StackIdentifier] is "organization/project/stack", and empty when it is
// zero. A [Timestamp] is a [time.Time] in UTC that reads every form in which the
// service writes one; the zero Timestamp means never, and prints as "never".
//
// # Receiving webhooks
//
// [NewWebhookHandler] returns an [net/http.Handler] that verifies what webhooks
// deliver, and calls a function with the payload of its kind: [WebhookHandlers] has
// one for each. What was handled is not handled again by this process, as long as
// it remembers it, when it is delivered again, and what failed is. [ParseWebhook]
// is for a handler of your own.
//
// # Everything else
//
// For an operation that has no method yet, [Client.Do] takes the method, the
// path with its placeholders and their values. It escapes the values, and
// retries, decodes and reports errors as the methods do.
//
// # Testing
//
// The package [github.com/pulumiapi/pulumiapi/pulumiapitest] is a Pulumi Cloud
// in memory. Its Client method returns a Client of this package, so that code
// can be tested against a service with state, with pages, and with faults where
// you want them.
//
// # Observing
//
// The client is silent unless told otherwise. [WithLogger] writes a record for
// each attempt at level Debug, and the service's warnings at level Warn;
// [WithObserver] calls functions of yours with the same, for metrics. In a
// transport of your own ([WithHTTPClient]), [EndpointFromContext] names the
// operation without the identifiers that the URL holds. [CaptureResponse] gets
// the status, headers and request ID of a call that succeeded.
package pulumiapi
