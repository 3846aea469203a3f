"""Fields of the peer that are not carried out here: each is refused with what to do instead.

To accept a field and ignore it would let a release be judged otherwise than its author believes.
"""

from __future__ import annotations

from pydantic import BaseModel

from canary.config.affinity import SessionAffinity
from canary.config.alerts import AlertProvider, ProviderRef
from canary.config.analysis import Analysis, Metric
from canary.config.app import AppConfig
from canary.config.workload import Service

REFUSED: dict[type[BaseModel], dict[str, str]] = {
    Analysis: {
        "primaryReadyThresholdPercent": "is called primaryReadyThreshold",
    },
    SessionAffinity: {
        "primaryCookieName": "is not needed: the one cookie keeps a client on either version",
        "partitioned": "is not set here: Traefik's cookies have no such attribute",
    },
    AlertProvider: {
        "address": "is a secret and belongs into canary:alertAddresses, under the provider's name",
        "proxy": "is not set here: HTTPS_PROXY of the environment is obeyed",
    },
    ProviderRef: {"namespace": "is not needed: the providers are those of this stack"},
    Metric: {
        "threshold": "is deprecated in the peer too: write thresholdRange with min or max",
    },
    Service: {
        "name": "is not needed: the Service has the app's name",
        "hosts": "is not needed: write the app's host",
        "retries": "is not set here: use a Traefik middleware",
        "timeout": "is not set here: use a Traefik middleware",
        "headers": "is not set here: use a Traefik middleware",
        "cors": "is not set here: use a Traefik middleware",
    },
    AppConfig: {
        "suspend": "is not needed: a release begins only with `pulumi up`, and "
        "`python -m canary suspend` holds one",
        "autoscalerRef": "is not needed: write autoscaler with minReplicas and maxReplicas",
        "ingressRef": "is not needed: write host and path",
        "routeRef": "is not needed: write host and path",
        "revertOnDeletion": "is not needed: pulumi destroy removes what this stack made",
        "metricsServer": "is set for the whole stack: canary:prometheus.access",
    },
}
