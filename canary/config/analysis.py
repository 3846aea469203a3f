"""How a release is judged: the peer's `analysis`, with the peer's field names and meanings.

Deliberately absent: strategies that a run does not carry out yet. Their fields are refused by name
(see `canary.config.refusals`), never ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from canary.config.affinity import SessionAffinity
from canary.config.alerts import Alert
from canary.config.base import (
    DnsLabel,
    DnsName,
    Duration,
    Flag,
    Model,
    Number,
    PositiveDuration,
    Text,
    Whole,
    problem,
)
from canary.config.match import Match
from canary.config.secrets import SecretRef
from canary.config.status import checked_status
from canary.config.urls import HeaderName, HeaderText, QueryName, Url
from canary.core.plan import CheckName
from canary.core.seen import HookType

HOOK_TYPES = tuple(kind.value for kind in HookType)

Percent = Annotated[Whole, Field(ge=0, le=100)]
Weight = Annotated[Whole, Field(ge=1, le=100)]
_LONGEST_NAME = 100


def _hook_type(value: object) -> object:
    if value in HOOK_TYPES:
        return value
    raise problem(f"is none of {', '.join(HOOK_TYPES)}")


def _metric_name(value: object) -> object:
    """A builtin metric's name as what it is, any other as a text that fits on a line."""
    if isinstance(value, str) and value in {name.value for name in CheckName}:
        return CheckName(value)
    if not isinstance(value, str):
        raise problem("must be a text")
    if not value.strip() or len(value) > _LONGEST_NAME or not value.isprintable():
        raise problem(f"must be a printable text of 1 to {_LONGEST_NAME} characters")
    return value


class ThresholdRange(Model):
    """The bounds of a metric, inclusive."""

    min: Number | None = None
    """The least acceptable value: percent for request-success-rate."""
    max: Number | None = None
    """The greatest acceptable value: milliseconds for request-duration."""


class TemplateRef(Model):
    """Which of the stack's metric templates."""

    name: DnsName
    """Its name under canary:metricTemplates."""
    namespace: DnsLabel | None = Field(default=None, exclude=True)
    """Accepted from the peer; the templates are those of this stack."""


class Metric(Model):
    """One metric and what is acceptable.

    One of the user's own has a query, which must yield one number: a scalar, or a single series.
    """

    name: Annotated[
        CheckName | str,
        BeforeValidator(_metric_name),
        WithJsonSchema({"type": "string", "examples": [name.value for name in CheckName]}),
    ]
    """request-success-rate (percent of requests without a badStatus), request-duration (P99, ms),
    or what the metric of a query is to be called."""
    threshold_range: ThresholdRange = Field(default_factory=ThresholdRange)
    """What is acceptable."""
    interval: PositiveDuration | None = None
    """Of a query: its {{ interval }}, and how often it is asked besides at the end of each bake.
    Of a builtin metric: the peer's sliding window; accepted, but every bake is judged as a whole.
    """
    query: str | None = None
    """PromQL, with the variables of metricTemplates."""
    template_ref: TemplateRef | None = None
    """Instead of `query`: one of canary:metricTemplates."""
    template_variables: dict[str, Text] = Field(default_factory=dict)
    """What {{ variables.x }} stands for in the query, by x."""
    report_only: Flag = False
    """Its value is shown and reported, and never judged. Of a builtin metric, evidence leaves out
    the classes that it counts, too: 5xx and errors, or slow."""


class Webhook(Model):
    """A URL that is called with the peer's payload."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What the preview, the terminal and the report call it."""
    type: Annotated[
        HookType,
        BeforeValidator(_hook_type),
        WithJsonSchema({"type": "string", "enum": list(HOOK_TYPES)}),
    ] = HookType.ROLLOUT
    """confirm-… hold the run until they answer 2xx; a rollback hook's 2xx ends it; event is
    told of every decision; the others are called before traffic, at each check, and at the end."""
    url: Url
    """Where it is posted; a name such as http://service.namespace/ is reached in the cluster."""
    timeout: PositiveDuration = 10.0
    """For each attempt."""
    retries: Annotated[Whole, Field(ge=0, le=20)] = 0
    """Further attempts after transport errors, 429 and 5xx."""
    metadata: dict[str, Text] = Field(default_factory=dict)
    """Passed on in the payload."""
    disable_tls: Flag = Field(default=False, alias="disableTLS")
    """Trust any certificate: for a server of one's own, and never over a network of others."""
    mute_alert: Flag = False
    """No alert tells that it holds the run or fails; that a release is rolled back is told."""
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict)
    """Sent besides; nothing secret, for they are shown."""
    secret_headers: dict[HeaderName, SecretRef] = Field(default_factory=dict)
    """The same from Secrets, in the app's namespace unless said: Authorization, for example, which
    a Service gets by access.via: portForward or direct alone, not by the API server's proxy."""
    secret_query: dict[QueryName, SecretRef] = Field(default_factory=dict)
    """Parameters that are added to the URL's query, from Secrets, where a server takes its token
    there; not by the API server's proxy either, which writes queries into its audit log."""
    signature: SecretRef | None = None
    """The Secret with the key of a signature: X-Canary-Signature is sha256= and the HMAC-SHA256, in
    hex, of X-Canary-Timestamp (unix seconds), a dot and the body."""
    gate_timeout: PositiveDuration = 3600.0
    """How long a confirm-… hook may hold the run."""
    on_gate_timeout: Literal["fail", "pass", "hold"] = "fail"
    """What happens then: fail, pass, or hold up to the run's maxDuration, a week unless set."""


def _default_metrics() -> tuple[Metric, ...]:
    return (
        Metric(name=CheckName.SUCCESS_RATE, threshold_range=ThresholdRange(min=99.0)),
        Metric(name=CheckName.DURATION, threshold_range=ThresholdRange(max=500.0)),
    )


class Evidence(Model):
    """When a release is stopped at once, without waiting for failed checks to add up."""

    enabled: Flag = True
    """Look at every poll whether the canary is worse than chance explains."""
    alpha: Annotated[Number, Field(gt=0, le=0.5)] = 0.01
    """The greatest chance with which a release that is as good as the primary may be stopped."""
    odds_ratio: Annotated[Number, Field(ge=1, le=100)] = 1.5
    """How many times the primary's odds of a bad answer are tolerated."""
    classes: tuple[Literal["5xx", "4xx", "errors", "slow"], ...] = ("5xx", "4xx", "errors", "slow")
    """What is bad: errors are 4xx and 5xx together, slow is slower than request-duration allows."""

    @field_validator("classes")
    @classmethod
    def _once(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise problem("lists a class twice")
        return classes


class Analysis(Model):
    """Steps, bakes, checks and hooks of a release.

    Without any configuration: 5 % to 50 % by 5, ten seconds each, 99 % success and a P99 of 500 ms,
    rolled back at the second failed check.
    """

    interval: PositiveDuration = 10.0
    """How long each weight is judged (the bake); at least two scrapes of Prometheus."""
    threshold: Annotated[Whole, Field(ge=1)] = 2
    """Failed checks, counted over the whole run, at which it rolls back."""
    max_weight: Weight = 50
    """The last weight before promotion; never exceeded."""
    step_weight: Weight = 5
    """By how much the weight rises; the last step is smaller when it does not divide maxWeight."""
    step_weights: tuple[Weight, ...] | None = None
    """The weights themselves, rising; instead of stepWeight and maxWeight."""
    step_weight_promotion: Weight = 100
    """By how much the weight rises after the last of these, each judged like them; 100: at once."""
    metrics: tuple[Metric, ...] = Field(default_factory=_default_metrics)
    """The checks; an empty list judges readiness alone."""
    webhooks: tuple[Webhook, ...] = ()
    """Load tests, acceptance tests, notifications."""
    alerts: tuple[Alert, ...] = ()
    """Who is told what a run does."""
    bad_status: tuple[str, ...] = ("500-599",)
    """Which answers are failures, for request-success-rate and for the class 5xx of evidence: codes
    or ranges, 400 to 599."""
    min_requests: Annotated[Whole, Field(ge=1)] = 6
    """Canary requests that a bake must see; it is extended until then."""
    warm_up: Duration = 0.0
    """How long after its first traffic the canary's latency is not judged."""
    inconclusive_deadline_seconds: Annotated[Whole, Field(ge=1)] | None = None
    """How long a bake may stay without a verdict; max(progressDeadlineSeconds, 3 × interval)."""
    on_inconclusive: Literal["rollback", "promote"] = "rollback"
    """What happens then."""
    strict: Flag = False
    """Read bounds literally, as the peer does, with no allowance for chance."""
    evidence: Evidence = Field(default_factory=Evidence)
    """Proof that ends a release at once."""
    canary_ready_threshold: Percent = 100
    """Percent of the pods which the canary's weight needs that must be ready, before that rises and
    while it has traffic."""
    primary_ready_threshold: Percent = 100
    """Percent of the primary's pods that must be ready for the run to begin."""
    scaling: Literal["full", "proportional"] = "full"
    """When the canary gets its pods. full: as many as the primary before its first request.
    proportional: before each weight, as many as that needs with scalingHeadroom, and all before
    100 %; the weight rises once canaryReadyThreshold of them are ready."""
    scaling_headroom: Annotated[Whole, Field(ge=0, le=900)] = 50
    """With proportional: percent of pods beyond the weight's share. With 50, the canary of an app
    of 4 pods has 1 at 10 %, 2 at 25 %, 3 at 50 % and 4 from 67 % on."""
    expected_requests_per_second: Annotated[Number, Field(gt=0)] | None = None
    """The app's usual load through Traefik: lets the preview warn of steps that see too little."""
    baseline: Flag = False
    """Compare the canary with a fresh copy of the primary, which gets as many pods and requests,
    instead of with the primary. At weights over 50 the copy gets what is left."""
    mirror: Flag = False
    """Before the first weight or iteration, for one interval, the canary gets copies of requests;
    its answers are judged and thrown away. The app must be safeToRepeat."""
    mirror_weight: Weight = 100
    """Of how many percent of the requests it gets a copy."""
    iterations: Annotated[Whole, Field(ge=1)] | None = None
    """Instead of weights: so many bakes while users stay, then 100 % at once. Without `match` the
    canary is reached by previewHost alone (blue/green)."""
    match: tuple[Match, ...] = ()
    """With iterations: who reaches the canary meanwhile (A/B), by one of these."""
    session_affinity: SessionAffinity | None = None
    """Keeps a client on the version that it met."""

    @field_validator("bad_status")
    @classmethod
    def _statuses(cls, status: tuple[str, ...]) -> tuple[str, ...]:
        checked_status(status)
        if not status or len(set(status)) < len(status):
            raise problem("must hold at least one code, and each once")
        return status

    @field_validator("step_weights")
    @classmethod
    def _rising(cls, weights: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if weights == ():
            raise problem("must name at least one weight")
        pairs = zip(weights or (), (weights or ())[1:], strict=False)
        if any(after <= before for before, after in pairs):
            raise problem(f"must rise: {list(weights or ())}")
        return weights
