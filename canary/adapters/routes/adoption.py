"""What was somebody else's before: how an object is taken over, and how it is given back.

Pure. Until a version of ours can serve, an object that is taken over goes on routing as it did; an
annotation keeps what is needed to give it back. Owner references go at once: an object that is ours
must not be deleted together with whoever made it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from typing import Any

ADOPTED = "canary.rollout/adopted"

Object = dict[str, Any]


def is_adopted(body: Object) -> bool:
    """Whether it still says what somebody else wrote, for us to keep or to give back."""
    return ADOPTED in (body["metadata"].get("annotations") or {})


def remember(body: Object, **was: Any) -> None:
    """Write `was` and the owner references into an annotation, and drop the latter."""
    metadata = body["metadata"]
    owners = metadata.pop("ownerReferences", None)
    text = json.dumps({**was, "ownerReferences": owners or []}, sort_keys=True)
    metadata["annotations"] = {**(metadata.get("annotations") or {}), ADOPTED: text}


def recall(body: Object) -> Object:
    """What was remembered; the annotation goes, the owner references are back."""
    metadata = body["metadata"]
    was: Object = json.loads(metadata["annotations"].pop(ADOPTED))
    if owners := was.pop("ownerReferences", None):
        metadata["ownerReferences"] = owners
    return was


def taken_over(seen: Object) -> Object:
    """A list of somebody else's, with what it was remembered."""
    body = copy.deepcopy(seen)
    remember(body, labels=dict(body["metadata"].get("labels") or {}))
    return body


def settle(body: Object) -> None:
    """From now on a list says what we write, and nothing of what was there before."""
    if is_adopted(body):
        body["metadata"]["annotations"].pop(ADOPTED)
        body["spec"] = {}


def given_back(seen: Object, marks: Collection[str]) -> Object:
    """A list as it was before it was taken over; `marks` are our annotations on it."""
    body = copy.deepcopy(seen)
    metadata = body["metadata"]
    metadata.pop("managedFields", None)
    metadata["labels"] = recall(body)["labels"]
    kept = metadata["annotations"].items()
    metadata["annotations"] = {key: value for key, value in kept if key not in marks}
    return body
