// Package ext stands for Traefik's commercial extension point, which its release keeps in a
// directory that the Go module does not contain. Without extensions both types are empty.
package ext

// HTTP extends the dynamic configuration of HTTP: by nothing.
type HTTP struct{}

// Router extends the configuration of a router: by nothing.
type Router struct{}
