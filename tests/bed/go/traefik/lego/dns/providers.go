// Package dns takes the place of lego's own package of DNS providers: the bed obtains no
// certificates, and some of the providers' client libraries cannot be had from every registry.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

// NewDNSChallengeProviderByName always fails: this build knows no DNS provider.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("DNS provider %q: this build of Traefik has no DNS providers", name)
}
