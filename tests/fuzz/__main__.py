"""`python -m tests.fuzz records`: one test's inputs led by coverage, until it is interrupted.

Needs atheris, which is installed for no other purpose: `pip install --target DIR atheris`, and DIR
on PYTHONPATH. What follows the name is for libFuzzer, such as `-max_total_time=60`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

TESTS = {
    "configuration": "test_configuration:test_a_spoilt_configuration_is_told_of",
    "kubeconfigs": "test_kubeconfigs:test_a_kubeconfig_is_used_or_refused",
    "orders": "test_records:test_an_order_is_read_in_one_line",
    "prometheus": "test_answers:test_prometheus_is_believed_or_refused",
    "records": "test_records:test_a_record_is_read_or_refused",
    "webhooks": "test_answers:test_a_webhook_says_yes_or_why_not",
}


def main(arguments: list[str]) -> int:
    """1 when there is nothing to do; else it ends when something is found, or when told to."""
    name, *options = arguments or [""]
    if name not in TESTS:
        print(f"which of them? {', '.join(TESTS)}")
        return 1
    try:
        atheris: Any = import_module("atheris")
    except ImportError:
        print("atheris is not installed: pip install --target DIR atheris; PYTHONPATH=DIR")
        return 1
    module, _, test = TESTS[name].partition(":")
    with atheris.instrument_imports(include=["canary"]):
        found: Any = getattr(import_module(f"tests.fuzz.{module}"), test)
    atheris.Setup([sys.argv[0], *options], found.hypothesis.fuzz_one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
