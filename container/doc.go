// Package container tests the container image ssolab on a real engine; "make container" builds the image and runs it.
//
//	test ─► testcontainers ─► engine ─► image ssolab: read-only, no root, ports published under their own numbers
//	  └── conformance.Flow over those ports, as a browser and an app on the host
//
// It is a module of its own, so that who uses the lab gets neither testcontainers nor Docker's client. app is the
// example relying party of the compose profile "vendor", and compose.sh the test of both profiles. What a registry or
// an orchestrator adds is not tested.
package container
