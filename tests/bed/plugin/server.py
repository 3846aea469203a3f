"""`pulumi-resource-kubernetes` over gRPC: each request of the engine becomes one plain call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent import futures
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.bed.engine_process import serve
from tests.bed.plugin.answers import diff_response, in_words
from tests.bed.plugin.api import Api
from tests.bed.plugin.await_ import Patience, timeout_s
from tests.bed.plugin.check import Naming, checked
from tests.bed.plugin.diff import difference
from tests.bed.plugin.errors import ClusterError, KindError
from tests.bed.plugin.inputs import preview_of_change, preview_of_new
from tests.bed.plugin.kinds import Kinds
from tests.bed.plugin.lifecycle import Lifecycle
from tests.bed.plugin.row import Row
from tests.bed.plugin.settings import Settings, settings_of, unserved_options
from tests.bed.plugin.wire import decoded, encoded, is_unknown

THREADS = 64  # the engine runs 4 × cores resources at once by default, and awaits hold a thread


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """The provider; its state is the configured cluster, the known kinds, and the cancellation."""

    def __init__(self, engine: Any, make_api: Callable[[Settings], Api]) -> None:
        self._engine = engine
        self._make_api = make_api
        self._settings = Settings()
        self._api: Api | None = None
        self._lock = threading.Lock()
        self._kinds = Kinds(self.api)
        self.cancelled = threading.Event()

    def api(self) -> Api:
        """The configured cluster's API, made when it is first needed."""
        with self._lock:
            if self._api is None:
                self._api = self._make_api(self._settings)
            return self._api

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """The version is the SDK's, for that is the one the program asks for."""
        return plugin_pb2.PluginInfo(version=version("pulumi_kubernetes"))

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        reason = "the stand-in Kubernetes plugin does not have this option"
        failures = [
            provider_pb2.CheckFailure(property=option, reason=reason)
            for option in unserved_options(decoded(request.news))
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @in_words
    def DiffConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Another server means other objects, so everything is replaced; else it is an update."""
        olds, news = decoded(request.old_inputs), decoded(request.news)
        found = difference("Provider", olds, news)
        response = diff_response(found)
        servers = {_server(settings_of(olds)), _server(settings_of(news))} - {None}
        if len(servers) > 1:
            response.replaces.extend(sorted(found.changes))
        return response

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802
        with self._lock:
            self._settings, self._api = settings_of(decoded(request.args)), None
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @in_words
    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        news, mode = decoded(request.news), provider_pb2.CheckRequest.AutonamingOptions.DISABLE
        try:
            kind = self._kinds.checked(_token(request))
            naming = Naming(
                resource_name=request.urn.rpartition("::")[2],
                seed=request.randomSeed,
                proposed=request.autonaming.proposed_name,
                forbidden=request.HasField("autonaming") and request.autonaming.mode == mode,
            )
            inputs = checked(
                kind,
                news,
                decoded(request.olds),
                namespace=self._settings.namespace(),
                naming=naming,
            )
        except KindError as error:
            failure = provider_pb2.CheckFailure(property="kind", reason=str(error))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        if kind.name == "CustomResourceDefinition" and not is_unknown(inputs):
            self._kinds.declare(inputs)
        return provider_pb2.CheckResponse(inputs=encoded(inputs))

    @in_words
    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        name = _token(request).rpartition(":")[2]
        return diff_response(difference(name, decoded(request.old_inputs), decoded(request.news)))

    @in_words
    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802
        inputs = decoded(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encoded(preview_of_new(inputs)))
        resource_id, outputs = self._lifecycle(request, inputs).create(inputs)
        return provider_pb2.CreateResponse(id=resource_id, properties=encoded(outputs))

    @in_words
    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802
        inputs = decoded(request.news)
        if request.preview:
            outputs = preview_of_change(inputs, decoded(request.olds))
        else:
            outputs = self._lifecycle(request, inputs).update(request.id, inputs)
        return provider_pb2.UpdateResponse(properties=encoded(outputs))

    @in_words
    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802
        old_inputs = decoded(request.inputs)
        try:
            found = self._lifecycle(request, old_inputs).read(request.id, old_inputs)
        except KindError:
            found = None  # the CRD is gone, and its objects with it
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(
            id=request.id, inputs=encoded(inputs), properties=encoded(outputs)
        )

    @in_words
    def Delete(self, request: Any, _context: Any) -> Any:  # noqa: N802
        inputs = decoded(request.old_inputs) or decoded(request.properties)
        try:
            self._lifecycle(request, inputs).delete(request.id, inputs)
        except KindError:
            return empty_pb2.Empty()  # the CRD is gone, and its objects with it
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        self.cancelled.set()
        return empty_pb2.Empty()

    def _lifecycle(self, request: Any, inputs: dict[str, Any]) -> Lifecycle:
        row = Row(engine=self._engine, urn=request.urn)
        patience = Patience(
            timeout_s=timeout_s(inputs, request.timeout), say=row.say, cancelled=self.cancelled
        )
        return Lifecycle(
            api=self.api(),
            kind=self._kinds.named(_token(request)),
            patience=patience,
            warn=row.warn,
            upsert=self._settings.upserts(),
        )


def _token(request: Any) -> str:
    """The resource's type, which the URN ends with, after the types of its parents."""
    chain: str = request.urn.split("::")[2]
    return chain.rpartition("$")[2]


def _server(settings: Settings) -> str | None:
    try:
        return settings.cluster().server
    except ClusterError:
        return None  # not known yet, or of no use: the first resource that needs it will say so


def main() -> None:
    """Serve the engine that started us, until it goes away."""
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[-1]))
    plugin = Plugin(engine, lambda settings: Api(settings.cluster()))
    server = grpc.server(futures.ThreadPoolExecutor(THREADS))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    serve(server, on_interrupt=plugin.cancelled.set)
    plugin.cancelled.set()
