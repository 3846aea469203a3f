"""A kubeconfig leads to a cluster, or to one line that quotes none of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from canary.adapters.cluster.kubernetes import Cluster
from tests.fuzz.spoiling import DEEP, MARK, SECRET, fuzzed, said, spoilt, texts

RIGHT: dict[str, Any] = {
    "apiVersion": "v1",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
    "users": [
        {"name": "token", "user": {"token": SECRET}},
        {"name": "basic", "user": {"username": "me", "password": SECRET}},
        {
            "name": "cert",
            "user": {
                "client-certificate-data": base64.b64encode(SECRET.encode()).decode(),
                "client-key-data": base64.b64encode(SECRET.encode()).decode(),
            },
        },
    ],
    "contexts": [
        {"name": user, "context": {"cluster": "c", "user": user, "namespace": "test"}}
        for user in ("token", "basic", "cert")
    ],
    "current-context": "token",
}
contexts = st.sampled_from(["", "token", "basic", "cert", "none"])
trees = spoilt(RIGHT)
documents = (
    trees.map(lambda tree: json.dumps(tree, ensure_ascii=True))
    | trees.map(lambda tree: yaml.safe_dump(tree, allow_unicode=False))
    | texts
    | st.sampled_from([DEEP, f"{{{SECRET}", f"a: b: {SECRET}", "when: 2001-99-99"])
)


@fuzzed
@example(DEEP, "")
@example("when: 2001-99-99", "")
@example('{"contexts": ["x"], "current-context": "x"}', "")
@example(json.dumps(RIGHT).replace("https://127.0.0.1:6443", "\\u0000"), "token")
@given(documents, contexts)
def test_a_kubeconfig_is_used_or_refused(text: str, context: str) -> None:
    outcome = said(lambda: Cluster.connect(context=context, kubeconfig_text=text).host)
    assert MARK not in outcome
    assert len(outcome.splitlines()) <= 1
