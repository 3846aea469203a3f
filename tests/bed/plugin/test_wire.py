"""Properties on the wire: marks of secrets and unknowns survive."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.bed.plugin.wire import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    Secret,
    decoded,
    encoded,
    is_unknown,
    marked,
    revealed,
    secret_texts,
)

leaves = st.one_of(
    st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5), st.just(UNKNOWN)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.builds(Secret, inner),
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_properties_survive_the_wire_with_their_marks(properties: dict[str, Any]) -> None:
    assert decoded(encoded(properties)) == properties


def test_whole_numbers_come_back_as_integers() -> None:
    ports = decoded(encoded({"port": 80, "share": 0.5}))
    assert ports == {"port": 80, "share": 0.5}
    assert isinstance(ports["port"], int)


def test_a_secret_goes_out_under_the_engines_signature() -> None:
    struct = encoded({"password": Secret("hunter22")})
    assert dict(struct["password"]) == {SIGNATURE: SECRET, "value": "hunter22"}


def test_null_entries_are_absent() -> None:
    assert decoded(encoded({"a": None, "b": {"c": None}})) == {"b": {}}


def test_outputs_are_as_secret_as_the_inputs_were() -> None:
    inputs = {"env": [{"name": "A"}, {"name": "B", "value": Secret("x")}]}
    live = {"env": [{"name": "A"}, {"name": "B", "value": "x"}, {"name": "C"}], "more": 1}
    seen = marked(live, inputs)
    assert seen["env"][1]["value"] == Secret("x")
    assert revealed(seen) == live


def test_what_is_secret_can_be_told_to_hide_it() -> None:
    inputs = {"a": Secret({"b": ["one", {"c": "two"}]}), "d": "open"}
    assert set(secret_texts(inputs)) == {"one", "two"}
    assert "two" not in repr(inputs)


def test_an_unknown_deep_inside_is_found() -> None:
    assert is_unknown({"a": [Secret({"b": UNKNOWN})]})
    assert not is_unknown({"a": [Secret({"b": 1})]})
