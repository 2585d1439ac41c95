package relay

// Code is the stable name of an error; each has a page of its own under
// /docs/errors/.
type Code string

// The codes of the contract, and those of the HTTP server itself.
const (
	InvalidJSON       Code = "invalid_json"
	MissingParameter  Code = "missing_parameter"
	UnknownParameter  Code = "unknown_parameter"
	DuplicateMember   Code = "duplicate_parameter"
	InvalidParameter  Code = "invalid_parameter"
	InvalidType       Code = "invalid_type"
	InvalidRecipient  Code = "invalid_recipient"
	UnsupportedChan   Code = "unsupported_channel"
	UnsupportedType   Code = "unsupported_content_type"
	UnsupportedStatus Code = "unsupported_status"
	ChannelNotSet     Code = "channel_not_configured"
	UnknownSender     Code = "unknown_sender"
	UnknownContact    Code = "unknown_contact"
	TemplateRequired  Code = "template_required"
	ContentRequired   Code = "content_required"
	ContentTooLong    Code = "content_too_long"
	InvalidFallback   Code = "invalid_fallback"
	TestRecipient     Code = "test_recipient"
	SandboxOnly       Code = "sandbox_only"
	InvalidCursor     Code = "invalid_cursor"
	BatchTooLarge     Code = "batch_too_large"
	BatchRefused      Code = "batch_refused"

	// Codes of warnings.
	Unroutable      Code = "unroutable"
	UnusedParameter Code = "unused_parameter"
	MayDuplicate    Code = "may_duplicate"
	InvalidCallback Code = "invalid_callback"

	MissingKey        Code = "missing_key"
	InvalidKey        Code = "invalid_key"
	KeyRevoked        Code = "key_revoked"
	KeyExpired        Code = "key_expired"
	InsufficientScope Code = "insufficient_scope"
	AddressNotAllowed Code = "ip_not_allowed"
	ExceedsOwnKey     Code = "exceeds_own_key"
	Unsigned          Code = "invalid_signature"

	NotFound          Code = "not_found"
	MethodNotAllowed  Code = "method_not_allowed"
	RateLimited       Code = "rate_limited"
	TooManyFailures   Code = "too_many_failed_attempts"
	Internal          Code = "internal"
	NotCancelable     Code = "not_cancelable"
	ExternalIDTaken   Code = "external_id_taken"
	VersionMismatch   Code = "version_mismatch"
	InvalidImport     Code = "invalid_import"
	NotResendable     Code = "not_resendable"
	KeyOver           Code = "key_not_valid"
	KeyRotated        Code = "key_already_rotated"
	DistributionState Code = "distribution_state"

	InvalidURL    Code = "invalid_url"
	EndpointLimit Code = "endpoint_limit_reached"
	ReplayRunning Code = "replay_in_progress"
	EndpointFull  Code = "endpoint_backlog_full"

	InProgress  Code = "idempotency_in_progress"
	KeyReused   Code = "idempotency_key_reused"
	Overloaded  Code = "overloaded"
	Draining    Code = "draining"
	BacklogFull Code = "channel_backlog_full"
	Unavailable Code = "storage_unavailable"

	BadRequest         Code = "bad_request"
	AmbiguousFraming   Code = "ambiguous_framing"
	LengthRequired     Code = "length_required"
	BodyTooLarge       Code = "body_too_large"
	HeaderTooLarge     Code = "header_too_large"
	TooManyHeaders     Code = "too_many_headers"
	RequestTimeout     Code = "request_timeout"
	ExpectationFailed  Code = "expectation_failed"
	UnsupportedMedia   Code = "unsupported_media_type"
	UnsupportedVersion Code = "http_version_not_supported"
)

// Problem is one row of the error table: all that is the same every time the
// error occurs.
type Problem struct {
	Code   Code
	Status int
	// Text is the message where the handler has no better one.
	Text string
	// Hint says what to do about it.
	Hint string
	// Permanent: the same request will fail again.
	Permanent bool
	// RetryAfter is in seconds; 0: no such header.
	RetryAfter int
	// Close: where the request ends isn't known, so the connection ends.
	Close bool
}

// Fault is one thing wrong with a request, told in the API's terms.
type Fault struct {
	Param   string
	Code    Code
	Message string
}

// Problems returns the error table: the only place that gives a code its
// status, text and hint.
func Problems() []Problem {
	return []Problem{
		{Code: InvalidJSON, Status: 400, Permanent: true, Text: "The body is not valid JSON.", Hint: "Send one JSON object in UTF-8."},
		{Code: MissingParameter, Status: 400, Permanent: true, Text: "A required parameter is missing.", Hint: "Add the parameter named in param."},
		{Code: UnknownParameter, Status: 400, Permanent: true, Text: "The body has a member that does not exist.", Hint: "Remove it, or correct its spelling; names are case-sensitive."},
		{Code: DuplicateMember, Status: 400, Permanent: true, Text: "The body has the same member twice.", Hint: "Keep one of the two."},
		{Code: InvalidParameter, Status: 400, Permanent: true, Text: "A parameter has a value that is not allowed.", Hint: "The message names the value and the rule."},
		{Code: InvalidType, Status: 400, Permanent: true, Text: "A parameter has the wrong JSON type.", Hint: "The message names the type that is wanted."},
		{Code: InvalidRecipient, Status: 400, Permanent: true, Text: "The recipient is not an address of the channel.", Hint: "Phone numbers are written in E.164: a plus sign, country code, number, no spaces."},
		{Code: UnsupportedChan, Status: 400, Permanent: true, Text: "There is no such channel.", Hint: "Use one of the channels listed in the message."},
		{Code: UnsupportedType, Status: 400, Permanent: true, Text: "The channel can't carry this content type.", Hint: "Use one of the content types listed in the message."},
		{Code: UnsupportedStatus, Status: 400, Permanent: true, Text: "The channel can't report the success status.", Hint: "Lower successStatus, or leave out strict to have it lowered for you."},
		{Code: ChannelNotSet, Status: 400, Permanent: true, Text: "The channel has no sender configured for live messages.", Hint: "Configure a sender for the channel, or use a test key."},
		{Code: UnknownSender, Status: 400, Permanent: true, Text: "There is no sender of this name on the channel.", Hint: "Leave out from, and the channel's configuration chooses the sender."},
		{Code: TemplateRequired, Status: 400, Permanent: true, Text: "A template message needs a templateId.", Hint: "Add templateId, or send contentType text."},
		{Code: ContentRequired, Status: 400, Permanent: true, Text: "The message has no content.", Hint: "Add content, or mediaUrl for media."},
		{Code: ContentTooLong, Status: 400, Permanent: true, Text: "The content is longer than the channel can carry.", Hint: "Shorten it; the message gives the limit."},
		{Code: InvalidFallback, Status: 400, Permanent: true, Text: "The fallback chain is not valid.", Hint: "fallback.channels lists 1 to 5 steps after the message's own channel."},
		{Code: TestRecipient, Status: 400, Permanent: true, Text: "Recipients that begin with sim: exist in the sandbox only.", Hint: "Use a cpk_test_ key, or a real recipient."},
		{Code: SandboxOnly, Status: 400, Permanent: true, Text: "This exists in the sandbox only.", Hint: "Use a cpk_test_ key."},
		{Code: UnknownContact, Status: 400, Permanent: true, Text: "There is no such contact.", Hint: "Contacts belong to one workspace, and to its live or its test keys; a deleted one is gone."},
		{Code: InvalidImport, Status: 400, Permanent: true, Text: "The import can't be read any further. What came before is stored.", Hint: "Correct the line, and send the import again: contacts are found by their externalId."},
		{Code: InvalidCursor, Status: 400, Permanent: true, Text: "The cursor is not one of ours.", Hint: "Pass page.next of the previous answer as it was."},
		{Code: BatchTooLarge, Status: 400, Permanent: true, Text: "The batch has too many messages.", Hint: "Send at most 1,000 messages as JSON, or 10,000 as application/x-ndjson, in one request."},
		{Code: BatchRefused, Status: 400, Permanent: true, Text: "The message was not taken because another one of its atomic batch is wrong.", Hint: "Correct the messages with errors of their own, or send the batch without atomic."},
		{Code: InvalidCallback, Status: 400, Permanent: true, Text: "The callback is signed, but not of the form that its provider documents.", Hint: "Check that the address belongs to this channel's callbacks, and the API version at the provider."},

		{Code: InvalidURL, Status: 400, Permanent: true, Text: "The URL is not one that events can be delivered to.", Hint: "Use an https:// URL with a public host; the message names the rule."},

		{Code: MissingKey, Status: 401, Permanent: true, Text: "The request has no API key.", Hint: "Send it as: Authorization: Bearer cpk_live_…"},
		{Code: InvalidKey, Status: 401, Permanent: true, Text: "The API key is not valid.", Hint: "Check that the whole key was copied: prefix, 32 characters and a 6-character checksum."},
		{Code: Unsigned, Status: 401, Permanent: true, Text: "The callback is not signed by a configured sender.", Hint: "Check the secret that the provider signs with."},
		{Code: KeyRevoked, Status: 403, Permanent: true, Text: "The API key has been revoked.", Hint: "Use the key that replaced it, or create a new one."},
		{Code: KeyExpired, Status: 403, Permanent: true, Text: "The API key has expired.", Hint: "Create a new key, or use the one it was rotated to."},
		{Code: InsufficientScope, Status: 403, Permanent: true, Text: "The API key lacks a scope.", Hint: "Use a key that has the scope named in the message."},
		{Code: AddressNotAllowed, Status: 403, Permanent: true, Text: "The API key may not be used from this address.", Hint: "Add the address to the key's allowlist, or check trustedProxies if you are behind a proxy."},
		{Code: ExceedsOwnKey, Status: 403, Permanent: true, Text: "An API key can't give what it does not have itself.", Hint: "Ask for less, or use a key that has it; the operator can make any."},

		{Code: NotFound, Status: 404, Permanent: true, Text: "There is no such resource.", Hint: "Check the path and the id; ids belong to one workspace."},
		{Code: MethodNotAllowed, Status: 405, Permanent: true, Text: "The resource does not have this method.", Hint: "The Allow header lists the methods it has."},
		{Code: NotCancelable, Status: 409, Permanent: true, Text: "The message can no longer be canceled.", Hint: "Only what has not been handed to a provider can be taken back."},
		{Code: NotResendable, Status: 409, Permanent: true, Text: "The message can't be sent again.", Hint: "Wait until it is over, or send a new message."},
		{Code: KeyOver, Status: 409, Permanent: true, Text: "The key is revoked or has expired, and can't be changed any more.", Hint: "Create a new one."},
		{Code: KeyRotated, Status: 409, Permanent: true, Text: "The key has been rotated already.", Hint: "Rotate the key that successor names."},
		{Code: EndpointLimit, Status: 409, Permanent: true, Text: "The workspace has as many webhook endpoints as it may have: 20.", Hint: "Delete one that is not needed, or let one endpoint take more event types."},
		{Code: ReplayRunning, Status: 409, RetryAfter: 60, Text: "The endpoint has a replay that is not over.", Hint: "Wait until its events are delivered; the endpoint's deliveries show how far it is."},
		{Code: EndpointFull, Status: 409, RetryAfter: 60, Text: "The endpoint has as many events to be tried again as it may have.", Hint: "Make it answer with 2xx, and wait until they are delivered."},
		{Code: DistributionState, Status: 409, Permanent: true, Text: "The state of the distribution does not allow this.", Hint: "While it is expanding it can be paused; while it is paused, resumed; until it is completed, canceled."},
		{Code: ExternalIDTaken, Status: 409, Permanent: true, Text: "Another contact has this externalId.", Hint: "Find it with GET /api/v1/contacts?externalId=…, and change that one."},
		{Code: VersionMismatch, Status: 412, Permanent: true, Text: "The contact has been changed since.", Hint: "Get the contact again, and repeat the change with the new ETag in If-Match."},
		{Code: InProgress, Status: 409, RetryAfter: 1, Text: "A request with this Idempotency-Key is still running.", Hint: "Repeat the request in a moment; it will get the first one's answer."},
		{Code: KeyReused, Status: 422, Permanent: true, Text: "This Idempotency-Key was used with another body.", Hint: "Use a new key for a new message."},
		{Code: RateLimited, Status: 429, RetryAfter: 1, Text: "The workspace has used up its requests for now.", Hint: "Wait as long as Retry-After says, and slow down: the X-RateLimit headers show what is left."},
		{Code: TooManyFailures, Status: 429, RetryAfter: 60, Text: "Too many requests without a valid key came from this address.", Hint: "Correct the key, and wait as long as Retry-After says."},

		{Code: Internal, Status: 500, Text: "Something went wrong on our side.", Hint: "Repeat the request with the same Idempotency-Key; if it goes on, report the request id."},
		{Code: Overloaded, Status: 503, RetryAfter: 1, Text: "The server has more requests than it can take. Nothing was stored.", Hint: "Repeat the request after Retry-After."},
		{Code: Draining, Status: 503, RetryAfter: 2, Text: "The server is shutting down. Nothing was stored.", Hint: "Repeat the request after Retry-After; it will reach another server or the restarted one."},
		{Code: BacklogFull, Status: 503, RetryAfter: 5, Text: "The channel has more waiting messages than it may. Nothing was stored.", Hint: "Repeat the request after Retry-After, or use another channel."},
		{Code: Unavailable, Status: 503, RetryAfter: 5, Text: "The storage can't take messages now.", Hint: "Repeat the request with the same Idempotency-Key after Retry-After."},

		{Code: BadRequest, Close: true, Status: 400, Permanent: true, Text: "The request is not valid HTTP/1.1.", Hint: "Check the request line and the header lines."},
		{Code: AmbiguousFraming, Close: true, Status: 400, Permanent: true, Text: "The request can be read in more than one way.", Hint: "Send each of Authorization, Host, Content-Length, Content-Type and Idempotency-Key once, and no Transfer-Encoding beside Content-Length."},
		{Code: RequestTimeout, Close: true, Status: 408, Text: "The request did not arrive in time.", Hint: "Send the whole request at once, within ten seconds unless the server was set up otherwise."},
		{Code: LengthRequired, Close: true, Status: 411, Permanent: true, Text: "The body has no Content-Length.", Hint: "Send Content-Length in place of Transfer-Encoding: chunked."},
		{Code: BodyTooLarge, Close: true, Status: 413, Permanent: true, Text: "The body is larger than the server takes: 256 KiB, unless it was set up otherwise.", Hint: "Send media by URL, and many messages in a batch."},
		{Code: UnsupportedMedia, Status: 415, Permanent: true, Text: "The body is not application/json.", Hint: "Send it with -H 'Content-Type: application/json' and without Content-Encoding; curl -d alone sends a form."},
		{Code: ExpectationFailed, Close: true, Status: 417, Permanent: true, Text: "The Expect header asks for something unknown.", Hint: "The only expectation is 100-continue."},
		{Code: HeaderTooLarge, Close: true, Status: 431, Permanent: true, Text: "The header is larger than the server takes: 8 KiB, unless it was set up otherwise.", Hint: "Send fewer or shorter header lines."},
		{Code: TooManyHeaders, Close: true, Status: 431, Permanent: true, Text: "The request has more than 64 header lines.", Hint: "Send fewer header lines."},
		{Code: UnsupportedVersion, Close: true, Status: 505, Permanent: true, Text: "The server speaks HTTP/1.1 and HTTP/1.0.", Hint: "Let a load balancer end HTTP/2."},
	}
}
