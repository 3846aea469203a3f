// This module pins lego, from which the build of Traefik takes everything but its DNS providers.
module canary.bed/lego

go 1.26

require github.com/go-acme/lego/v5 v5.4.1
