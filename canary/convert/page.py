"""The page about the peer's fields, docs/flagger.md: `python -m canary.convert.page`.

What is said of a field is what its model says: its docstring if it is accepted, else the refusal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from canary.config.problems import model_at
from canary.config.refusals import REFUSED
from canary.config.stack import StackConfig
from canary.convert.known import (
    CHANGED,
    CONSEQUENCES,
    FIELDS,
    GATES,
    IGNORED_THERE,
    IN_PART,
    OTHER_ROUTERS,
    REMOVED,
    REPHRASED,
    brief,
)
from canary.convert.remarks import Kind

TARGET: Final = Path("docs/flagger.md")
_HEAD: Final = """\
# Flagger's Canary, field by field

Every field of [Flagger](https://flagger.app) 1.44's Canary (`flagger.app/v1beta1`), below `spec`,
and what it does in `canary:apps.<name>`. `python -m canary convert` does what this page says;
[migrate.md](migrate.md) is how to move an app. This page is written by `make docs` from the
configuration's models, so it says what they do now.

| word | meaning |
|---|---|
| same | accepted under the same name, with the same meaning |
| differs | accepted under the same name; the meaning is not quite the peer's |
| rephrased | `convert` writes it in other words |
| not needed | not accepted; nothing is lost without it |
| refused | not accepted; `convert` drops it and says so, exit code 1 |

What no field shows:

- What is left out means the peer's default there and another here: `convert` writes out
  `interval` (60s), `threshold` (1), `maxWeight` (100), and an empty list of `metrics`. A Canary
  without `analysis` becomes `skipAnalysis: true`.
- The peer copies a judged version over the primary, which rolls its pods. Here the judged pods
  become the primary.
- A weight is judged once, after `interval`, by all of its own requests; the peer looks at a window
  that may hold another weight's, or another release's. A check without enough requests is neither
  passed nor failed here; the peer counts it as failed.
- A release that fails makes `pulumi up` fail with the reason.
- A change of a ConfigMap or Secret that pods name starts a release there. Here only what the
  stack's configuration holds does.
"""
_TAIL: Final = """
## MetricTemplate and AlertProvider

An AlertProvider becomes `canary:alertProviders.<name>`: `type`, `channel`, `username`, and
`secretRef` with its namespace. Its `address` is a secret: it is never written, and `convert` says
how to set it (`canary:alertAddresses`). Its `proxy` is refused: the environment's is obeyed.

A MetricTemplate becomes `canary:metricTemplates.<name>`, with its `query`, if its provider is
Prometheus; else it is dropped, with a remark, and so are the metrics that name it. Its provider's
`address` and credentials are not carried over: the stack has one Prometheus, `canary:prometheus`.

The variables in a query are the peer's, and what is under test has another name here:

| variable | value |
|---|---|
| `{{ name }}`, `{{ service }}` | the app's name, and its Service's for callers inside the cluster |
| `{{ namespace }}` | the app's namespace |
| `{{ target }}` | the Deployment of the version under test, `<app>-<version>` |
| `{{ ingress }}` | the IngressRoute, which has the app's name |
| `{{ interval }}` | the metric's `interval`, else the analysis' |
| `{{ variables.x }}` | `x` of the metric's `templateVariables` |

So the pods under test are `{{ target }}-…`, and in Traefik's counters their requests have the label
`service="{{ namespace }}-{{ target }}-<port>@kubernetescrd"`. `convert` makes `{{ target }}` of the
peer's `{{ target }}-canary`, and of `{{ service }}-canary` and `{{ name }}-canary`. The peer's
`…-primary` matches nothing here, and no variable names what serves: it is left in, with a remark,
exit code 1.

A query must yield one number, as a scalar or a single series. It is asked at the end of each bake;
no series or NaN is neither passed nor failed, and holds the run as missing requests do. A query
that Prometheus refuses as written, or that comes to several series, ends the run at once. A value
out of its `thresholdRange` is a failed check, with no allowance for chance. With `reportOnly: true`
it is shown and reported, and nothing follows from it; that goes for the two builtin metrics, too,
and evidence then leaves them out.
"""
_KINDS: Final = {Kind.DROPPED: "refused", Kind.UNNEEDED: "not needed"}


def text() -> str:
    """The page's contents."""
    rows = ["\n| field | here | |", "|---|---|---|"]
    for field in FIELDS:
        word, said = _row(field)
        rows.append(
            f"| `{field}` | {word} | {' '.join(said.split()).replace('|', chr(92) + '|')} |"
        )
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def _row(field: str) -> tuple[str, str]:
    if field in REPHRASED:
        return "rephrased", REPHRASED[field]
    if field in OTHER_ROUTERS:
        return "not needed", IGNORED_THERE
    if field in REMOVED:
        kind, why = REMOVED[field]
        return _KINDS[kind], why
    return _by_model(field)


def _by_model(field: str) -> tuple[str, str]:
    """What the models say, asked from the outermost part inwards: a refused part ends it."""
    path: tuple[str | int, ...] = ("apps", "app")
    said = ""
    for part in field.split("."):
        key = part.removesuffix("[]")
        model = model_at(StackConfig, path)
        if model is None:
            break
        known = {info.alias or name: info for name, info in model.model_fields.items()}
        if key not in known:
            why = brief(REFUSED.get(model, {}).get(key, "is unknown here"))
            consequence = CONSEQUENCES.get(field, "")
            return "refused", f"{why}; {consequence}" if consequence else why
        said = known[key].description or ""
        path = (*path, key, 0) if part.endswith("[]") else (*path, key)
    if field == "analysis.webhooks[].type":
        return "differs", f"{said} {GATES}."
    if field in CHANGED:
        return "differs", CHANGED[field]
    return "differs" if field in IN_PART else "same", said


def main(arguments: list[str]) -> int:
    """Write the page to the file named by the first argument, docs/flagger.md unless said."""
    target = Path(arguments[0]) if arguments else TARGET
    target.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
