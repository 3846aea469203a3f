"""Between what the program declares, what is applied, and what lives in the cluster."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any, Final

from tests.bed.plugin.wire import UNKNOWN, Secret, marked, revealed

_SERVERS_OWN: Final = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
_SECRET_KEYS: Final = ("data", "stringData")
_QUANTITY: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<suffix>m|k|[KMGTPE]i?|)")
_SCALE: Final = {"m": Decimal("0.001"), "": Decimal(1), "k": Decimal(1000)} | {
    letter + i: Decimal(1024 if i else 1000) ** power
    for power, letter in enumerate("KMGTPE", start=1)
    for i in ("i", "")
}
Object = dict[str, Any]


def manifest_of(inputs: Object) -> Object:
    """What is sent to the API server; a Secret's plain texts are encoded as its data.

    (The server would encode them too, but then nobody owns the data in server-side apply.)
    """
    manifest = {key: value for key, value in revealed(inputs).items() if key != "status"}
    if manifest["kind"] == "Secret" and "stringData" in manifest:
        texts = manifest.pop("stringData")
        encoded = {key: _encoded(text) for key, text in texts.items()}
        manifest["data"] = manifest.get("data", {}) | encoded
    return manifest


def outputs_of(live: Object, inputs: Object) -> Object:
    """What the program sees: the live object, as secret as the inputs were."""
    metadata = {k: v for k, v in live["metadata"].items() if k != "managedFields"}
    outputs = _without_null(live | {"metadata": metadata})
    if live.get("kind") == "Secret":
        # The SDK declares both properties, and the diff of a later version may need the texts.
        outputs |= {"stringData": inputs["stringData"]} if "stringData" in inputs else {}
        outputs |= {key: Secret(revealed(outputs[key])) for key in _SECRET_KEYS if key in outputs}
    seen: Object = marked(outputs, inputs)
    return seen | {"__initialApiVersion": live["apiVersion"]}


def preview_of_new(inputs: Object) -> Object:
    """What the program sees in a preview: the inputs, and unknown where the server will decide."""
    unknown = dict.fromkeys(_SERVERS_OWN[:-1], UNKNOWN)
    outputs = inputs | {"status": UNKNOWN, "metadata": _overlaid(unknown, inputs["metadata"])}
    if inputs["kind"] == "Service":
        computed = {"clusterIP": UNKNOWN, "clusterIPs": UNKNOWN}
        outputs["spec"] = _overlaid(computed, inputs.get("spec", {}))
    return outputs


def preview_of_change(inputs: Object, old_outputs: Object) -> Object:
    """The old outputs under the new inputs; what every write counts up is unknown."""
    outputs: Object = _overlaid(old_outputs, inputs)
    counted = {"resourceVersion": UNKNOWN, "generation": UNKNOWN}
    return outputs | {"metadata": _overlaid(outputs["metadata"], counted)}


def live_inputs(live: Object, old_inputs: Object) -> Object:
    """The inputs that would describe the live object: the old ones, with what has drifted.

    Without old inputs (an import) everything but the server's own fields.
    """
    if not old_inputs:
        metadata = {k: v for k, v in live["metadata"].items() if k not in _SERVERS_OWN}
        inputs = {k: v for k, v in live.items() if k != "status"} | {"metadata": metadata}
        secret = live.get("kind") == "Secret" and "data" in inputs
        return inputs | {"data": Secret(inputs["data"])} if secret else inputs
    seen = dict(live)
    if "stringData" in old_inputs:
        seen["stringData"] = {
            key: base64.b64decode(value).decode(errors="replace")
            for key, value in (live.get("data") or {}).items()
        }
    pruned: Object = marked(_pruned(seen, revealed(old_inputs)), old_inputs)
    return pruned


def _encoded(text: Any) -> str:
    return base64.b64encode(str(text).encode()).decode()


def _overlaid(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return under | {key: _overlaid(under.get(key), value) for key, value in over.items()}
    return over


def _pruned(live: Any, old: Any) -> Any:
    if isinstance(live, dict) and isinstance(old, dict):
        kept = {key: _pruned(live.get(key), value) for key, value in old.items()}
        return {key: value for key, value in kept.items() if value is not None}
    if isinstance(live, list) and isinstance(old, list) and len(live) == len(old):
        return [_pruned(one, other) for one, other in zip(live, old, strict=True)]
    return old if _means_the_same(live, old) else live


def _means_the_same(live: Any, old: Any) -> bool:
    """Equal, both as good as absent, or one quantity written in two ways (1000m and 1)."""
    if live == old or (not live and not old):
        return True
    amounts = _amount(live), _amount(old)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int) else None
    return Decimal(found["number"]) * _SCALE[found["suffix"]] if found else None


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value
