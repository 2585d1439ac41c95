package relay

import (
	"slices"

	"messagehub/store/message"
)

// route is one line of the route table. Every route of the API names the
// scope that a key needs; public says outright that it needs none.
type route struct {
	method  string
	pattern string
	scope   message.Scope
	handle  func(*Server, *call)
	// public: no key is asked for.
	public bool
	// admits: it takes on new work, so it is refused while the server drains.
	admits bool
	// json: a body must be application/json.
	json bool
	// lines: it may be NDJSON, too.
	lines bool
	// streams: the handler reads the body itself, from the connection.
	streams bool
	// nowhere: not a route at all, but what answers where there is none.
	nowhere bool
}

// sendPath is where single messages come in.
const sendPath = "/api/v1/messages/send"

// routes is the route table: the only place that says what exists and who may
// use it.
func routes() []route {
	return []route{
		{method: "POST", pattern: sendPath, scope: message.ScopeSend, handle: (*Server).send, admits: true, json: true},
		{method: "POST", pattern: batchPath, scope: message.ScopeSend, handle: (*Server).sendBatch, admits: true, json: true, lines: true},
		{method: "GET", pattern: "/api/v1/batches/{batchId}", scope: message.ScopeRead, handle: (*Server).batchStatus},
		{method: "GET", pattern: "/api/v1/messages", scope: message.ScopeRead, handle: (*Server).list},
		{method: "GET", pattern: receivedPath, scope: message.ScopeRead, handle: (*Server).inbounds},
		{method: "POST", pattern: receivedPath, scope: message.ScopeSend, handle: (*Server).writeReceived, json: true},
		{method: "GET", pattern: receivedPath + "/{inboundId}", scope: message.ScopeRead, handle: (*Server).inbound},
		{method: "GET", pattern: "/api/v1/messages/{messageId}", scope: message.ScopeRead, handle: (*Server).status},
		{method: "POST", pattern: "/api/v1/messages/{messageId}/cancel", scope: message.ScopeSend, handle: (*Server).cancel},
		{method: "POST", pattern: "/api/v1/messages/{messageId}/resend", scope: message.ScopeSend, handle: (*Server).resend, admits: true, json: true},
		{method: "GET", pattern: "/api/v1/events", scope: message.ScopeRead, handle: (*Server).events},
		{method: "POST", pattern: endpointsPath, scope: message.ScopeWebhooks, handle: (*Server).createEndpoint, json: true},
		{method: "GET", pattern: endpointsPath, scope: message.ScopeWebhooks, handle: (*Server).listEndpoints},
		{method: "GET", pattern: endpointPath, scope: message.ScopeWebhooks, handle: (*Server).endpointStatus},
		{method: "PATCH", pattern: endpointPath, scope: message.ScopeWebhooks, handle: (*Server).updateEndpoint, json: true},
		{method: "DELETE", pattern: endpointPath, scope: message.ScopeWebhooks, handle: (*Server).deleteEndpoint},
		{method: "POST", pattern: endpointPath + "/rotate", scope: message.ScopeWebhooks, handle: (*Server).rotateEndpoint, json: true},
		{method: "POST", pattern: endpointPath + "/test", scope: message.ScopeWebhooks, handle: (*Server).testEndpoint, json: true},
		{method: "POST", pattern: endpointPath + "/replay", scope: message.ScopeWebhooks, handle: (*Server).replayEndpoint, json: true},
		{method: "GET", pattern: endpointPath + "/deliveries", scope: message.ScopeWebhooks, handle: (*Server).deliveries},
		{method: "GET", pattern: contactsPath, scope: message.ScopeContactsRead, handle: (*Server).listContacts},
		{method: "POST", pattern: contactsPath, scope: message.ScopeContactsWrite, handle: (*Server).createContact, admits: true, json: true},
		{method: "POST", pattern: importPath, scope: message.ScopeContactsWrite, handle: (*Server).importContacts, admits: true, streams: true},
		{method: "GET", pattern: contactPath, scope: message.ScopeContactsRead, handle: (*Server).getContact},
		{method: "PUT", pattern: contactPath, scope: message.ScopeContactsWrite, handle: (*Server).replaceContact, admits: true, json: true},
		{method: "PATCH", pattern: contactPath, scope: message.ScopeContactsWrite, handle: (*Server).patchContact, admits: true, json: true},
		{method: "DELETE", pattern: contactPath, scope: message.ScopeContactsWrite, handle: (*Server).eraseContact, admits: true},
		{method: "GET", pattern: contactPath + "/erasure", scope: message.ScopeContactsRead, handle: (*Server).erasure},
		{method: "GET", pattern: "/api/v1/workspace", scope: message.ScopeKeys, handle: managed((*Server).workspace)},
		{method: "POST", pattern: keysPath, scope: message.ScopeKeys, handle: managed((*Server).createKey), json: true},
		{method: "GET", pattern: keysPath, scope: message.ScopeKeys, handle: managed((*Server).listKeys)},
		{method: "GET", pattern: keyPath, scope: message.ScopeKeys, handle: managed((*Server).keyStatus)},
		{method: "PATCH", pattern: keyPath, scope: message.ScopeKeys, handle: managed((*Server).updateKey), json: true},
		{method: "DELETE", pattern: keyPath, scope: message.ScopeKeys, handle: managed((*Server).revokeKey)},
		{method: "POST", pattern: keyPath + "/rotate", scope: message.ScopeKeys, handle: managed((*Server).rotateKey), json: true},
		{method: "POST", pattern: distributePath, scope: message.ScopeDistribute, handle: (*Server).distribute, admits: true, json: true},
		{method: "GET", pattern: distributionsPath, scope: message.ScopeDistribute, handle: (*Server).listDistributions},
		{method: "GET", pattern: distributionPath, scope: message.ScopeDistribute, handle: (*Server).distribution},
		{method: "POST", pattern: distributionPath + "/pause", scope: message.ScopeDistribute, handle: (*Server).pauseDistribution},
		{method: "POST", pattern: distributionPath + "/resume", scope: message.ScopeDistribute, handle: (*Server).resumeDistribution},
		{method: "POST", pattern: distributionPath + "/cancel", scope: message.ScopeDistribute, handle: (*Server).cancelDistribution},
		{method: "POST", pattern: deliveryPath, handle: (*Server).receive, public: true},
		{method: "GET", pattern: deliveryPath, handle: (*Server).receive, public: true},
		{method: "POST", pattern: deliveryPath + named, handle: (*Server).receive, public: true},
		{method: "GET", pattern: deliveryPath + named, handle: (*Server).receive, public: true},
		{method: "GET", pattern: "/docs", handle: (*Server).docs, public: true},
		{method: "GET", pattern: "/docs/{page:*}", handle: (*Server).docs, public: true},
		{method: "GET", pattern: "/openapi.json", handle: (*Server).openAPI, public: true},
		{method: "GET", pattern: "/openapi.yaml", handle: (*Server).openAPIAsYAML, public: true},
	}
}

// routeOf returns the line of the pattern.
func routeOf(pattern string) route {
	all := routes()
	return all[slices.IndexFunc(all, func(r route) bool { return r.pattern == pattern })]
}
