// Package mgmt is the management API of a Scalekit environment: one implementation over the directory, spoken in three ways.
//
//	POST /scalekit.v1.<package>.<Service>/<Method>   gRPC (HTTP/2 with and without TLS, HTTP/1.1 with trailers), gRPC-Web, Connect
//	GET|POST|PUT|PATCH|DELETE /api/v1/…              REST: JSON in and out, the rules of rest.go
//
//	           ┌─ connect-go ─┐
//	request ──►│              ├─► authorize ─► validate ─► method ─► directory
//	           └─ REST ───────┘       │             │         │
//	                                  └─────────────┴─────────┴──► Error ─► gRPC status with scalekit.v1.errdetails.ErrorInfo,
//	                                                                        or {"code":…,"message":…,"details":[…]} over REST
//
// Callers authenticate with an access token that a client of the environment got by client_credentials
// (https://docs.scalekit.com/apis/). Messages and field numbers are those of the vendor's published SDKs; internal/proto has
// them in .proto files of our own, which `make proto` turns into Go.
//
// Served: organizations with their settings and portal links, connections, domains, users with memberships and roles, clients
// of the environment and of organizations. Every other service and method answers unimplemented (gRPC status 12) and names
// itself.
//
// Unverified: the wording of errors but for "Token empty", error codes but for UNAUTHENTICATED, and which members of a
// REST answer are left out when they have no value.
package mgmt
