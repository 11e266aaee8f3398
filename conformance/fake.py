"""The scripted server of the conformance vectors: does what a vector's `server` says and remembers what it saw.

Controlled by JSON lines on standard input: {"start": SERVER, "certificates": DIR} answers {"target": …},
{"stop": true} answers {"seen": …}. One server at a time.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import sys
import tempfile
import threading
import time
from concurrent import futures
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc
from aded.v1 import draft_service_pb2, inference_service_pb2, model_service_pb2
from google.protobuf import any_pb2, duration_pb2, json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2

SERVICES = {
    "aded.v1.InferenceService": inference_service_pb2.DESCRIPTOR.services_by_name["InferenceService"],
    "aded.v1.ModelService": model_service_pb2.DESCRIPTOR.services_by_name["ModelService"],
    "aded.v1.DraftService": draft_service_pb2.DESCRIPTOR.services_by_name["DraftService"],
    "grpc.health.v1.Health": health_pb2.DESCRIPTOR.services_by_name["Health"],
}


def message_class(descriptor: Any) -> Any:
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(descriptor)


def as_json(message: Any) -> Any:
    """A request as the vectors show it: a chat of one plain message of the user is the prompt that it stands for."""
    shown = json_format.MessageToDict(message, preserving_proto_field_name=True)
    for asked in (shown, shown.get("turn", {})):
        messages = asked.get("chat", {}).get("messages", [])
        if len(messages) == 1 and messages[0].get("role", "user") == "user" and "content" in messages[0]:
            del asked["chat"]
            asked["prompt"] = messages[0]["content"]
    return shown


def tokens_of(text: str) -> list[int]:
    return [3 + byte for byte in text.encode()]


def usual(method: str, request: Any) -> Any:
    """What a method answers that has no script."""
    if method == "Tokenize":
        return {"tokens": tokens_of(request.text)}
    if method == "Detokenize":
        return {"text": bytes(token - 3 for token in request.tokens if token >= 3).decode("utf-8", "replace")}
    if method == "CountTokens":
        text = request.prompt or request.text or "".join(m.content for m in request.chat.messages)
        return {"tokens": len(tokens_of(text)), "context_tokens": 4096}
    model = {"name": "fake", "architecture": "fake", "context_tokens": 4096, "vocabulary": {"size": 259}}
    if method == "GetModel":
        return {"model": model}
    if method == "ListModels":
        return {"models": [model]}
    if method == "GetServerInfo":
        return {"version": "0.1.0", "drafters": [{"name": "auto"}, {"name": "off"}], "capabilities": ["ChatMessage.parts"]}
    if method == "GetDraftStatistics":
        return {"totals": {"num_steps": 4, "num_spec_steps": 2, "num_draft_tokens": 6, "num_accepted_draft_tokens": 3,
                           "mean_acceptance_length": 2.5, "draft_acceptance_rate": 0.5}}
    if method in ("Check", "Watch"):
        return {"status": "SERVING"}
    return None


class Ended(Exception):
    """The call is over before its script is."""


class Call:
    """One call: its requests as they come, and what became of it."""

    def __init__(self, method: str, context: grpc.ServicerContext, gap_ms: float):
        self.method = method
        self.context = context
        self.gap_ms = gap_ms
        self.metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        remaining = context.time_remaining()
        self.deadline_ms = None if remaining is None or remaining > 1e6 else remaining * 1000
        self.requests: list[Any] = []
        self.arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.half_closed = False
        self.sent = 0
        self.status: str | None = None
        self.over = threading.Event()
        if not context.add_callback(self.terminated):
            self.terminated()

    def terminated(self) -> None:
        self.status = self.status or "CANCELLED"
        self.over.set()

    def read(self, requests: Any) -> None:
        def pump() -> None:
            try:
                for request in requests:
                    self.requests.append(request)
                    self.arrived.put(request)
            except Exception:
                return
            self.half_closed = True
            self.arrived.put(None)

        threading.Thread(target=pump, daemon=True).start()

    def expect(self, kind: str) -> None:
        if kind == "cancelled":
            self.over.wait()
            raise Ended
        while not self.over.is_set():
            try:
                request = self.arrived.get(timeout=0.02)
            except queue.Empty:
                continue
            seen = "half_close" if request is None else request.WhichOneof("event")
            if seen != kind:
                self.status = f"WRONG: awaited {kind}, got {seen}"
                self.context.abort(grpc.StatusCode.FAILED_PRECONDITION, self.status)
            return
        raise Ended

    def told(self) -> dict[str, Any]:
        told = {
            "requests": [as_json(request) for request in self.requests],
            "metadata": self.metadata,
            "ended": self.status,
            "half_closed": self.half_closed,
            "sent": self.sent,
            "gap_ms": self.gap_ms,
        }
        if self.deadline_ms is not None:
            told["deadline_ms"] = self.deadline_ms
        return told


class Fake:
    def __init__(self, spec: dict[str, Any], certificates: str):
        self.spec = spec
        self.certificates = certificates
        self.lock = threading.Lock()
        self.calls: list[Call] = []
        self.last = 0.0
        self.directory: tempfile.TemporaryDirectory[str] | None = None
        if spec.get("listen") == "unix":
            self.directory = tempfile.TemporaryDirectory(prefix="aded-conformance-")
            self.address = f"unix:{self.directory.name}/s"
            self.target = self.address
        else:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            self.address = f"127.0.0.1:{port}"
            self.target = f"localhost:{port}" if "tls" in spec else self.address
        self.server: grpc.Server | None = None
        self.stopped = False
        after = spec.get("starts_after_ms", 0) / 1000
        if after:
            threading.Timer(after, self.listen).start()
        else:
            self.listen()

    def listen(self) -> None:
        if self.stopped:
            return
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=64),
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        server.add_generic_rpc_handlers(tuple(self.handlers()))
        if "tls" in self.spec:
            kind = self.spec["tls"]
            own = kind if kind in ("expired", "elsewhere") else "server"
            key, chain, root = (self.read(name) for name in (f"{own}.key", f"{own}.pem", "ca.pem"))
            mutual = kind == "mutual"
            server.add_secure_port(
                self.address,
                grpc.ssl_server_credentials([(key, chain)], root if mutual else None, require_client_auth=mutual),
            )
        else:
            server.add_insecure_port(self.address)
        server.start()
        self.server = server

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.certificates, name), "rb") as file:
            return file.read()

    def restart(self, down_ms: float) -> None:
        old = self.server
        assert old is not None

        def again() -> None:
            old.stop(0).wait()
            time.sleep(down_ms / 1000)
            self.listen()

        threading.Thread(target=again, daemon=True).start()

    def handlers(self) -> list[Any]:
        found = []
        for name, service in SERVICES.items():
            methods = {}
            for method in service.methods:
                request_class = message_class(method.input_type)
                kind = ("stream" if method.client_streaming else "unary") + (
                    "_stream" if method.server_streaming else "_unary")
                make = getattr(grpc, kind + "_rpc_method_handler")
                methods[method.name] = make(self.behaviour(method), request_class.FromString, lambda raw: raw)
            found.append(grpc.method_handlers_generic_handler(name, methods))
        return found

    def behaviour(self, method: Any) -> Any:
        response_class = message_class(method.output_type)

        def begin(context: grpc.ServicerContext) -> tuple[Call, list[Any] | None]:
            with self.lock:
                now = time.monotonic()
                call = Call(method.name, context, (now - self.last) * 1000 if self.last else 0)
                self.last = now
                number = sum(1 for other in self.calls if other.method == method.name)
                self.calls.append(call)
            scripts = self.spec.get("calls", {}).get(method.name)
            if "version" in self.spec:
                context.send_initial_metadata((("aded-server-version", self.spec["version"]),))
            return call, None if scripts is None else scripts[min(number, len(scripts) - 1)]

        def guard(call: Call) -> None:
            token = self.spec.get("token")
            if token is not None and call.metadata.get("authorization") != f"Bearer {token}":
                call.status = "UNAUTHENTICATED"
                call.context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is required, or it is wrong")

        def answers(requests: Any, context: grpc.ServicerContext) -> Any:
            call, script = begin(context)
            guard(call)
            if method.client_streaming:
                call.read(requests)
            else:
                call.requests.append(requests)
            try:
                if script is None:
                    answer = usual(method.name, requests)
                    if answer is None:
                        call.status = "UNIMPLEMENTED"
                        context.abort(grpc.StatusCode.UNIMPLEMENTED, "this vector has no script for it")
                    yield json_format.ParseDict(answer, response_class()).SerializeToString()
                    if method.name == "Watch":
                        call.over.wait()
                    call.status = "OK"
                    return
                for action in script:
                    yield from self.act(call, action, response_class)
                call.status = "OK"
            except Ended:
                return

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            for response in answers(request, context):
                return response
            return b""

        return answers if method.server_streaming else answer

    def act(self, call: Call, action: dict[str, Any], response_class: Any) -> Any:
        if call.over.is_set():
            raise Ended
        if "send" in action or "raw" in action:
            if "raw" in action:
                raw = bytes.fromhex(action["raw"])
            else:
                message = json_format.ParseDict(action["send"], response_class())
                if "pad" in action:
                    message.delta.text = "x" * action["pad"]
                raw = message.SerializeToString()
            if "unknown_field" in action:
                field = action["unknown_field"] << 3 | 2
                raw += bytes([field & 0x7F | 0x80, field >> 7, 3]) + b"new"
            for _ in range(action.get("times", 1)):
                if call.over.is_set():
                    raise Ended
                yield raw
                call.sent += 1
        elif "wait_ms" in action:
            if call.over.wait(action["wait_ms"] / 1000):
                raise Ended
        elif "await" in action:
            call.expect(action["await"])
        elif "restart" in action:
            self.restart(action["restart"]["down_ms"])
            call.over.wait(5)
            raise Ended
        elif "fail" in action:
            self.fail(call, action["fail"])
        else:
            raise ValueError(f"unknown action {action}")

    def fail(self, call: Call, failure: dict[str, Any]) -> None:
        code = grpc.StatusCode[failure["code"]]
        details = []
        if "reason" in failure:
            details.append(error_details_pb2.ErrorInfo(
                reason=failure["reason"], domain=failure.get("domain", "aded.io"), metadata=failure.get("metadata", {})))
        if "violations" in failure:
            details.append(error_details_pb2.BadRequest(field_violations=[
                error_details_pb2.BadRequest.FieldViolation(**violation) for violation in failure["violations"]]))
        if "retry_after_ms" in failure:
            delay = duration_pb2.Duration()
            delay.FromMilliseconds(failure["retry_after_ms"])
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        message = failure.get("message", "")
        if details:
            status = status_pb2.Status(code=code.value[0], message=message)
            for detail in details:
                packed = any_pb2.Any()
                packed.Pack(detail)
                status.details.append(packed)
            call.context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        call.status = failure["code"]
        call.context.abort(code, message)

    def stop(self) -> dict[str, Any]:
        end = time.monotonic() + 2
        while time.monotonic() < end and not all(call.over.is_set() for call in self.calls):
            time.sleep(0.01)
        self.stopped = True
        seen: dict[str, Any] = {}
        for call in self.calls:
            seen.setdefault(call.method, []).append(call.told())
        if self.server is not None:
            self.server.stop(0).wait()
        if self.directory is not None:
            self.directory.cleanup()
        return seen


def main() -> None:
    running: Fake | None = None
    for line in sys.stdin:
        command = json.loads(line)
        if "start" in command:
            running = Fake(command["start"], command["certificates"])
            print(json.dumps({"target": running.target}), flush=True)
        else:
            seen = running.stop() if running else {}
            running = None
            print(json.dumps({"seen": seen}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
