"""What a run's process does not import: whatever it never uses would be most of its memory."""

from __future__ import annotations

import subprocess
import sys

LOGIN = """
import sys
from canary.adapters.cluster.kubeconfig import Source
CONFIG = '''
{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],
 clusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}],
 users: [{name: u, user: {token: t}}]}
'''
assert Source(text=CONFIG).login().token() == "Bearer t"
"""
CLASSES = """
from kubernetes.client import ApiClient, Configuration, V1Pod
from canary.adapters.cluster.loader import official
assert V1Pod(api_version="v1").api_version == "v1"
assert Configuration is official("config.kube_config").Configuration
assert ApiClient is official("config.kube_config").ApiClient
import kubernetes
assert kubernetes.__version__ and kubernetes.watch.Watch
assert not hasattr(kubernetes, "nonsense")
"""
OPEN = """
import kubernetes as opened
from kubernetes.client import V1Pod
"""
STILL_OPEN = """
import kubernetes.client
assert sys.modules["kubernetes"] is opened
assert kubernetes.client.V1Pod is V1Pod
"""
TOGETHER = """
import threading
from importlib import import_module
from canary.adapters.cluster import loader
both = threading.Barrier(2, timeout=0.5)
def importing(name):
    try:
        both.wait()  # as two would if nothing kept them apart
    except threading.BrokenBarrierError:
        return import_module(name)
    raise AssertionError("at the same time")
loader.import_module = importing
found = []
def work():
    found.append(loader.official("config.kube_config"))
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found))
"""
MISSING = """
from canary.adapters.cluster import loader
loader.find_spec = lambda name: None
try:
    loader.official("config.kube_config")
except ModuleNotFoundError as error:
    print(error, error.name)
"""


def printed(script: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def modules(script: str) -> set[str]:
    """What has been imported when it ends."""
    return set(printed(f"{script}\nimport sys; print(*sys.modules)").split())


def test_a_login_imports_none_of_the_generated_classes() -> None:
    imported = modules(LOGIN)
    assert "kubernetes.config.kube_config" in imported
    assert not [name for name in imported if name.startswith("kubernetes.client.models.")]
    assert not [name for name in imported if name.startswith("kubernetes.client.api.")]


def test_whoever_wants_a_generated_class_gets_it_all_the_same() -> None:
    assert "kubernetes.client.models.v1_pod" in modules(LOGIN + CLASSES)


def test_a_package_that_was_imported_as_ever_stays_open() -> None:
    assert "kubernetes.client.models.v1_pod" in modules(OPEN + LOGIN + STILL_OPEN)


def test_of_two_who_log_in_together_one_waits() -> None:
    assert printed(TOGETHER) == "2\n"


def test_without_the_official_client_that_is_what_is_said() -> None:
    assert printed(MISSING) == "No module named 'kubernetes' kubernetes\n"


def test_a_provider_draws_nothing_on_a_terminal() -> None:
    imported = modules("import canary.provider")
    assert "httpx" in imported
    assert not imported & {"rich", "click", "pygments"}
