"""The peer's fields as text: every one that there is, and what the models cannot tell of them.

`FIELDS` is Flagger 1.44's Canary (v1beta1), below `spec`. Whether this project accepts a field is
asked of the configuration's models, never written here; so a field that they learn needs no change.
"""

from __future__ import annotations

from typing import Final

from canary.convert.remarks import Kind

_ANALYSIS: Final = (
    "interval threshold maxWeight stepWeight stepWeights stepWeightPromotion iterations match "
    "mirror mirrorWeight primaryReadyThreshold canaryReadyThreshold sessionAffinity "
    "sessionAffinity.cookieName sessionAffinity.primaryCookieName sessionAffinity.domain "
    "sessionAffinity.httpOnly sessionAffinity.maxAge sessionAffinity.partitioned "
    "sessionAffinity.path sessionAffinity.sameSite sessionAffinity.secure "
    "metrics[].name metrics[].interval metrics[].threshold metrics[].thresholdRange "
    "metrics[].thresholdRange.min metrics[].thresholdRange.max metrics[].query "
    "metrics[].templateRef metrics[].templateVariables "
    "webhooks[].name webhooks[].type webhooks[].url webhooks[].timeout webhooks[].retries "
    "webhooks[].metadata webhooks[].disableTLS webhooks[].muteAlert "
    "alerts[].name alerts[].severity alerts[].providerRef alerts[].providerRef.name "
    "alerts[].providerRef.namespace"
)
_SERVICE: Final = (
    "name port portName targetPort appProtocol portDiscovery headless trafficDistribution apex "
    "primary canary unmanagedMetadata"
)
_ROUTING: Final = (
    "hosts gateways gatewayRefs delegation trafficPolicy match rewrite retries timeout "
    "backendTimeout headers mirror corsPolicy meshName backends"
)
_TOP: Final = (
    "provider metricsServer targetRef autoscalerRef autoscalerRef.primaryScalerQueries "
    "autoscalerRef.primaryScalerReplicas ingressRef routeRef upstreamRef progressDeadlineSeconds "
    "skipAnalysis suspend revertOnDeletion canaryAnalysis"
)
FIELDS: Final = (
    *_TOP.split(),
    *(f"service.{name}" for name in f"{_SERVICE} {_ROUTING}".split()),
    *(f"analysis.{name}" for name in _ANALYSIS.split()),
)

# Of Istio, the Gateway API, App Mesh and others: the peer itself ignores them with Traefik.
OTHER_ROUTERS: Final = (
    *("ingressRef", "routeRef", "upstreamRef"),
    *(f"service.{name}" for name in _ROUTING.split()),
)
IGNORED_THERE: Final = "the peer ignores it with Traefik, too; see host, path and middlewares"
OTHER_ROUTER: Final = "is of another router; see host, path and middlewares"

# Taken out before the models are asked.
REMOVED: Final[dict[str, tuple[Kind, str]]] = {
    "revertOnDeletion": (Kind.UNNEEDED, "`pulumi destroy` removes what the stack made"),
    "service.apex": (Kind.DROPPED, "labels and annotations of Services are not set here"),
    "service.primary": (Kind.DROPPED, "labels and annotations of Services are not set here"),
    "service.canary": (Kind.DROPPED, "labels and annotations of Services are not set here"),
    "service.unmanagedMetadata": (Kind.UNNEEDED, "labels of Services are not set here"),
    "service.portDiscovery": (Kind.DROPPED, "a Service has one port here"),
    "service.headless": (Kind.DROPPED, "no headless Service is made here"),
    "service.trafficDistribution": (Kind.DROPPED, "is not set here"),
}

# Put into other words by the converter itself.
REPHRASED: Final[dict[str, str]] = {
    "provider": "traefik is the only router; another one is told of",
    "targetRef": "image, pods and replicas are taken from the Deployment, which must be given too; "
    "its name is the app's. Other kinds are not released",
    "autoscalerRef": "becomes `autoscaler`, from the HorizontalPodAutoscaler; every version has "
    "its own, and takes no pods away while a run goes on. Other kinds are not made here",
    "autoscalerRef.primaryScalerReplicas": "becomes minReplicas and maxReplicas of `autoscaler`, "
    "for every version",
    "autoscalerRef.primaryScalerQueries": "goes with KEDA's ScaledObject, which is not made here",
    "canaryAnalysis": "the deprecated name of analysis; becomes `analysis`",
    "service.name": "becomes the app's name: the Service has it",
    "analysis.metrics[].threshold": "deprecated there; becomes thresholdRange",
    "analysis.alerts[].providerRef.namespace": "not needed: the providers are the stack's",
}

# Carried over under its name, and not quite what it was.
CHANGED: Final[dict[str, str]] = {
    "analysis.threshold": "counts failed checks as there; but pods that are not ready, and proof "
    "that the canary is worse (analysis.evidence), roll back without waiting for it",
    "analysis.sessionAffinity": "keeps a client on either version, not on the canary alone: a "
    "weight is that of clients without a cookie; the shield then needs `safeToRepeat`",
    "analysis.metrics[].interval": "there is no sliding window: each weight is judged by all of "
    "its own requests; in a query it is {{ interval }}, and the query is asked so often besides at "
    "the end of each bake",
    "analysis.metrics[].thresholdRange": "a bound of a builtin metric is broken only if chance "
    "does not explain it; analysis.strict: true reads it literally, as the peer does",
}

# The same as the peer's in the main; the page says that there is more to it.
IN_PART: Final = ("analysis.interval", "analysis.maxWeight", "analysis.stepWeight")
GATES: Final = (
    "a confirm-… hook holds a run for at most gateTimeout, 1h unless set, where the peer waits for "
    "ever; then the run ends, or what onGateTimeout says; the weight is judged meanwhile"
)

# Without one of these the rest of its list element would mean something else, so all of it goes.
ESSENTIAL: Final = frozenset(
    {
        "analysis.webhooks[].type",
        "analysis.metrics[].query",
        "analysis.metrics[].templateRef",
        "analysis.metrics[].templateVariables",
        "analysis.metrics[].thresholdRange",
    }
)

# What it means that a field is gone.
CONSEQUENCES: Final[dict[str, str]] = {
    "analysis.match": "without it users may reach the canary whom nobody chose",
    "analysis.mirror": "without it the canary's first requests are answered to users",
    "analysis.metrics[]": "this check is not made",
    "analysis.webhooks[]": "this webhook is not called",
    "analysis.alerts[]": "this alert is not sent",
}


def brief(refusal: str) -> str:
    """A refusal without the advice to remove the field: that has been done."""
    for advice in ("; known here: ", ": remove it"):
        refusal = refusal.partition(advice)[0]
    return refusal
