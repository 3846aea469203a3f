"""From a stack's configuration to what Pulumi shall declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s
from pulumi.runtime.config import CONFIG

from canary import access
from canary.adapters.clock import SystemClock
from canary.components.app import App
from canary.components.guard import GuardPod, guard_name
from canary.components.guard_charge import charge_of, untold
from canary.components.loadtester import LoadTester
from canary.components.namespaces import Namespaces
from canary.components.policies import Policies
from canary.components.prometheus import PrometheusServer
from canary.components.surroundings import Surroundings
from canary.components.traefik import TraefikIngress
from canary.config import AppConfig, StackConfig, decoded, in_order, load
from canary.custom import custom_checks, questions
from canary.identity import Identity
from canary.inputs import access_of
from canary.planning import PlanText, describe, plan_of
from canary.preflight import LOST, Doors, Post, look, rules_in
from canary.render import RenderedVersion, render_version
from canary.routing import hidden_clients

# A cluster has these without being asked, and nobody may delete them.
_BUILT_IN: Final = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})


def declare() -> Mapping[str, Any]:
    """Declare everything that the stack's configuration asks for; returns the stack's outputs.

    Raises:
        ConfigError: it cannot be carried out, with every problem.
        RenderError: a pod template of it cannot be merged.
        PreflightError: the cluster is not what it says.
    """
    config = load(decoded(CONFIG.get()))
    rendered = {key: render_version(app) for key, app in config.apps.items()}
    return built(config, rendered, _announced(config, rendered))


def built(
    config: StackConfig,
    rendered: Mapping[str, RenderedVersion],
    live: Mapping[str, Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Declare a stack of which everything is known; `rendered` and `live` are by app key."""
    options = pulumi.ResourceOptions(providers=[_cluster(config)])
    namespaces = Namespaces("namespaces", create=namespaces_of(config), opts=options)
    owner = Identity("identity").owner
    guard = GuardPod(
        "guard",
        config=config.guard,
        owner=owner,
        charge=charge_of(config, rendered),
        namespaces=namespaces,
        opts=options,
    )
    surroundings = Surroundings(
        stack=pulumi.get_stack(),
        owner=owner,
        access=access_of(config),
        namespaces=namespaces,
        ready=(*_installed(config, namespaces, options), *guard.ready),
    )
    apps: dict[str, App] = {}
    for key in in_order(config):
        app = config.apps[key]
        apps[key] = App(
            key,
            app=app,
            rendered=rendered[key],
            live=live.get(key, {}),
            surroundings=surroundings.after(*(apps[other].rollout for other in app.after)),
            opts=options,
        )
    return {"apps": {key: _outputs(apps[key]) for key in config.apps}}


def _announced(
    config: StackConfig, rendered: Mapping[str, RenderedVersion]
) -> Mapping[str, Mapping[str, Any]]:
    """Look before anything is touched, and say what a release will do; what serves, by app.

    Raises:
        PreflightError: the cluster is not what the configuration says, or somebody else carries
            out a run, beside which nothing is updated.
    """
    versions = {key: version.version for key, version in rendered.items()}
    findings = look(config, lambda: _doors(config, versions), guard=post_of(config))
    findings.demand_none(preview=pulumi.runtime.is_dry_run())
    plans = [
        described(
            key,
            config.apps[key],
            config,
            versions[key],
            _served_ago_s(findings.live.get(key, {}), versions[key]),
        )
        for key in in_order(config)
    ]
    of_plans = (text for plan in plans for text in plan.warnings)
    for text in (
        *findings.held,
        *findings.denied,
        *findings.miswritten,
        *unguarded(config),
        *hidden_clients(config),
        *findings.warnings,
        *of_plans,
    ):
        pulumi.log.warn(text)
    for text in (*findings.adopted, *untold(config)):
        pulumi.log.info(text)
    for plan in plans:
        pulumi.log.info("\n".join(plan.lines))
    return findings.live


def unguarded(config: StackConfig) -> tuple[str, ...]:
    """Return what is lost where the guard is not installed."""
    if config.guard.install or not config.apps:
        return ()
    return (f"canary:guard.install is false: {LOST}",)


def post_of(config: StackConfig) -> Post | None:
    """Return where the stack's guard is, None if it has none."""
    if not (config.guard.install and config.apps):
        return None
    return Post(name=guard_name(), namespace=min(app.namespace for app in config.apps.values()))


def _doors(config: StackConfig, versions: Mapping[str, str]) -> Doors:
    secret = config.kubeconfig.get_secret_value() if config.kubeconfig else ""
    api = access.cluster(config, secret)
    prometheus = access.prometheus(config, api)
    return Doors(
        cluster=api,
        prometheus=prometheus,
        rights=partial(rules_in, api),
        questions=tuple(questions(config, versions)),
    )


def _served_ago_s(live: Mapping[str, Any], version: str) -> float | None:
    """How long ago the wanted version was primary, None if it is or is not known to have been."""
    until_s = (live.get("former") or {}).get(version)
    return None if until_s is None else SystemClock().wall_s() - float(until_s)


def described(
    key: str,
    app: AppConfig,
    config: StackConfig,
    version: str,
    served_ago_s: float | None = None,
) -> PlanText:
    """The plan of an app's next release, in words; see `canary.planning.describe`."""
    plan = plan_of(
        app,
        scrape_interval_s=config.prometheus.scrape_interval,
        bucket_edges_s=config.traefik.bucket_edges_s,
        custom=custom_checks(app, config.metric_templates, version),
    )
    text = describe(key, app, plan, served_ago_s)
    order = (f"  after {', '.join(app.after)}",) if app.after else ()
    return replace(text, lines=(*text.lines, *order))


def _outputs(app: App) -> dict[str, Any]:
    """What serves: after an update of other things, or one that failed, not what is wished for."""
    return {"url": app.url, "image": app.image, "version": app.version}


def _cluster(config: StackConfig) -> k8s.Provider:
    """Return the one provider of every object: a stack never goes to another cluster by chance.

    An object that exists is applied to, so that what a killed CLI had made is adopted by the next
    `up`, and CRDs that outlived the stack are too. Preflight refuses names that are not ours, and
    the API server refuses fields that somebody else manages.
    """
    secret = config.kubeconfig.get_secret_value() if config.kubeconfig else None
    return k8s.Provider(
        "cluster",
        context=config.kubernetes.context,
        kubeconfig=pulumi.Output.secret(secret) if secret else config.kubernetes.kubeconfig,
        enable_server_side_apply=True,
        upsert_existing_objects=True,
    )


def _installed(
    config: StackConfig, namespaces: Namespaces, options: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    """Declare what apps share, and return what traffic and judging need of it."""
    traefik = TraefikIngress(
        "traefik",
        config=config.traefik,
        kubernetes=config.kubernetes,
        namespaces=namespaces,
        opts=options,
    )
    prometheus = PrometheusServer(
        "prometheus",
        config=config.prometheus,
        traefik=config.traefik,
        namespaces=namespaces,
        opts=options,
    )
    post = post_of(config)
    Policies(
        "policies",
        config=config,
        guard=(post.name, post.namespace) if post else None,
        namespaces=namespaces,
        opts=options,
    )
    tester = LoadTester("loadtester", config=config.loadtester, namespaces=namespaces, opts=options)
    return (*traefik.ready, *prometheus.ready, *tester.ready)


def namespaces_of(config: StackConfig) -> frozenset[str]:
    """Return the namespaces that the stack creates and deletes."""
    installed = {
        part.namespace
        for part in (config.traefik, config.prometheus, config.loadtester)
        if part.install
    }
    of_apps = {app.namespace for app in config.apps.values() if app.create_namespace}
    return frozenset((installed | of_apps) - _BUILT_IN)
