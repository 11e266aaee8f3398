"""The client for asyncio. The other one, `_sync`, is a shell around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, overload

import grpc
from typing_extensions import Self, Unpack

from . import _types as t
from . import _wire as wire
from ._calls import ANSWERS, CONVERSATIONS, DRAFTS, INFERENCE, MODELS, Clock, Malformed, parser
from ._conversation import AsyncConversation, called, with_calls
from ._core import MOST_TOOL_ROUNDS, VERSION, ToolBox, VersionCheck, with_result
from ._errors import (
    MALFORMED_ANSWER,
    DeadlineExceeded,
    Internal,
    Unavailable,
    decode,
    is_limit,
)
from ._options import Prompt, Settings, Tls, Tool, TurnSettings
from ._retry import RetryPolicy
from ._stream import AsyncAnswerStream, Single
from ._telemetry import CallSpan
from .v1 import draft_service_pb2 as drafts
from .v1 import inference_service_pb2 as inference
from .v1 import model_service_pb2 as models

R = TypeVar("R")

# Messages of any size; no retries but ours; a server that comes back is found soon; no state shared between clients.
_CHANNEL = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 3000),
    ("grpc.max_reconnect_backoff_ms", 3000),
    ("grpc.use_local_subchannel_pool", 1),
]


class AsyncClient:
    """One connection to a sidecar, for asyncio. Open one and keep it; it is made when first needed, and again when it
    breaks.

        async with AsyncClient("localhost:50051") as client:
            async for text in client.stream("Why is the sky blue?").texts():
                print(text, end="")

    - `target`: `HOST:PORT` or `unix:PATH`.
    - `tls`: True, or a `Tls`. `token` is sent as `authorization: Bearer …`. `metadata` is sent with every call.
    - `client_id`: who calls; calls of one id share one fair portion of the server.
    - `retry`: when a call is tried again; four attempts unless said otherwise.
    - `timeout`: seconds that calls other than answers may take, and opening a conversation.
    - `model`: the model that is expected; empty takes the server's default.
    - `tracing`: whether calls get spans, if OpenTelemetry is installed.
    """

    def __init__(
        self,
        target: str = "localhost:50051",
        *,
        tls: Tls | bool = False,
        token: str | None = None,
        client_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        timeout: float = 30.0,
        model: str = "",
        tracing: bool = True,
    ) -> None:
        self._target = target
        self._credentials = _credentials(tls)
        self._options = list(_CHANNEL)
        if isinstance(tls, Tls) and tls.server_name:
            self._options.append(("grpc.ssl_target_name_override", tls.server_name))  # type: ignore[arg-type]
        self._metadata: list[tuple[str, str]] = [("aded-client-version", f"aded-python/{VERSION}")]
        if client_id:
            self._metadata.append(("aded-client-id", client_id))
        if token is not None:
            self._metadata.append(("authorization", f"Bearer {token}"))
        self._metadata.extend((metadata or {}).items())
        self._retry = retry or RetryPolicy()
        self._timeout = timeout
        self._model = model
        self._tracing = tracing
        self._versions = VersionCheck()
        self._made: grpc.aio.Channel | None = None
        self._calls: tuple[Any, Any] | None = None

    @property
    def target(self) -> str:
        """Where the sidecar is."""
        return self._target

    def _channel(self) -> grpc.aio.Channel:
        # Not made before there is a loop.
        if self._made is None:
            if self._credentials is None:
                self._made = grpc.aio.insecure_channel(self._target, options=self._options)
            else:
                self._made = grpc.aio.secure_channel(self._target, self._credentials, options=self._options)
        return self._made

    def _stubs(self) -> tuple[Any, Any]:
        if self._calls is None:
            channel = self._channel()
            self._calls = (
                channel.unary_stream(INFERENCE + "Generate", inference.GenerateRequest.SerializeToString, ANSWERS),
                channel.stream_stream(
                    INFERENCE + "Converse", inference.ConverseRequest.SerializeToString, CONVERSATIONS
                ),
            )
        return self._calls

    @property
    def _generate(self) -> Any:
        return self._stubs()[0]

    @property
    def _converse(self) -> Any:
        return self._stubs()[1]

    async def _compare(self, call: Any) -> None:
        if not self._versions.done:
            told = {key: value for key, value in await call.initial_metadata() or ()}
            version = told.get("aded-server-version")
            self._versions.seen(version if isinstance(version, str) else None)

    @overload
    def stream(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> AsyncAnswerStream[R]: ...
    @overload
    def stream(self, prompt: Prompt, **settings: Unpack[Settings]) -> AsyncAnswerStream[None]: ...
    def stream(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> Any:
        """Answers one prompt and forgets it; the answer as it grows. Call it where a loop is running."""
        request = wire.generate(prompt, with_result(settings, result), self._model)
        return Single(self, request, settings.get("timeout"), result)

    @overload
    async def chat(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> t.Answer[R]: ...
    @overload
    async def chat(self, prompt: Prompt, **settings: Unpack[Settings]) -> t.Answer[None]: ...
    async def chat(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> t.Answer[Any]:
        """Answers one prompt and forgets it; the whole answer. With `result=City` the answer is constrained to the
        type's JSON schema, and `Answer.value` is a `City`.

        Raises `AdedError`.
        """
        async with self.stream(prompt, result=result, **settings) as answer:
            return await answer.answer()

    def converse(
        self,
        id: str = "",
        *,
        require_resume: bool = False,
        retention: float | None = None,
        open_timeout: float | None = None,
        model: str | None = None,
        **settings: Unpack[Settings],
    ) -> Opening:
        """Opens a conversation, or resumes one: `async with client.converse() as conversation`, or `await
        client.converse()`.

        - `id`: names it, so that it can be resumed from another stream. `require_resume` fails if there is nothing to
          resume.
        - `retention`: seconds that the server keeps it after its stream ends; its limit if None.
        - The settings hold for all turns that do not say otherwise; `timeout` is that of each turn.
        """
        opening: dict[str, Any] = {
            "id": id,
            "require_resume": require_resume,
            "retention": retention,
            "model": self._model if model is None else model,
        }
        wire.opening(settings=settings, **opening)  # what is wrong is wrong here, not in a task
        return Opening(self, opening, settings, self._timeout if open_timeout is None else open_timeout)

    async def run_tools(
        self,
        prompt: Prompt,
        tools: Sequence[Tool | Callable[..., Any]],
        *,
        max_rounds: int = MOST_TOOL_ROUNDS,
        **settings: Unpack[TurnSettings],
    ) -> t.Answer[None]:
        """Asks in a conversation of its own, calls the functions that the model wants called, until it answers."""
        box = ToolBox(tools)
        async with self.converse(tools=box.tools, **settings) as conversation:
            asked = prompt
            for _ in range(max_rounds):
                answer: t.Answer[None] = await conversation.ask(asked).answer()
                if answer.reason != "TOOL_CALLS":
                    break
                asked = t.Message.tool(*[await called(box, call) for call in answer.tool_calls])
        return with_calls(answer, box)

    async def tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        """Splits text into token ids. Text such as `<|im_end|>` stays text."""
        request = inference.TokenizeRequest(text=text, add_special=add_special, model=self._model)
        return list((await self._unary(INFERENCE + "Tokenize", request, inference.TokenizeResponse)).tokens)

    async def detokenize(self, tokens: Sequence[int], *, with_special: bool = False) -> str:
        """Puts token ids back together; control tokens have no text unless asked for."""
        request = inference.DetokenizeRequest(tokens=tokens, with_special=with_special, model=self._model)
        return str((await self._unary(INFERENCE + "Detokenize", request, inference.DetokenizeResponse)).text)

    async def count_tokens(self, prompt: Prompt, **settings: Unpack[Settings]) -> t.TokenCount:
        """Counts the tokens that a prompt would take, the chat template included, without running the model."""
        request = wire.count(prompt, settings, self._model)
        counted = await self._unary(INFERENCE + "CountTokens", request, inference.CountTokensResponse)
        return t.TokenCount(counted.tokens, counted.context_tokens)

    async def model(self, name: str = "") -> t.Model:
        """A model that is served; without a name the default one. Raises `NotFound` if it is not."""
        response = await self._unary(
            MODELS + "GetModel", models.GetModelRequest(name=name or self._model), models.GetModelResponse
        )
        return wire.model(response.model)

    async def models(self) -> list[t.Model]:
        """All models that are served, in the order of their names."""
        found: list[t.Model] = []
        page = ""
        while True:
            request = models.ListModelsRequest(page_token=page)
            response = await self._unary(MODELS + "ListModels", request, models.ListModelsResponse)
            found += [wire.model(each) for each in response.models]
            page = response.next_page_token
            if not page:
                return found

    async def server(self) -> t.Server:
        """The server: versions, limits, drafters, capabilities, how busy it is."""
        response = await self._unary(
            MODELS + "GetServerInfo", models.GetServerInfoRequest(), models.GetServerInfoResponse
        )
        return wire.server(response)

    async def draft_statistics(self, conversation_id: str = "") -> t.DraftStatistics:
        """How drafting has fared, since the server started, or in a conversation that is open or kept."""
        request = drafts.GetDraftStatisticsRequest(conversation_id=conversation_id)
        return wire.statistics(
            await self._unary(DRAFTS + "GetDraftStatistics", request, drafts.GetDraftStatisticsResponse)
        )

    async def _unary(self, method: str, request: Any, response: Any) -> Any:
        stub = self._channel().unary_unary(method, request.__class__.SerializeToString, parser(response))
        clock = Clock(self._timeout)
        attempt = 1
        span = CallSpan(method, self._tracing)
        while True:
            call = stub(request, timeout=clock.left(), metadata=self._metadata + span.metadata())
            try:
                answer = await call
                if isinstance(answer, Malformed):
                    raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER)
                await self._compare(call)
                span.end()
                return answer
            except grpc.aio.AioRpcError as failed:
                decoded = decode(failed)
                if is_limit(decoded):
                    decoded = clock.late("", "the call was not complete")
                pause = self._retry.pause(attempt, decoded, clock.left())
                if pause is None:
                    span.end(decoded)
                    raise decoded from None
                await asyncio.sleep(pause)
                attempt += 1

    async def wait_ready(self, timeout: float = 60.0) -> None:
        """Waits until the sidecar is there and ready to answer.

        Raises `DeadlineExceeded`, which says what was seen last, and `Unsupported` if there is no health service.
        """
        clock = Clock(timeout)
        seen = "no sidecar answered"
        watch: Any = self._channel().unary_stream("/grpc.health.v1.Health/Watch", None, None)
        while True:
            left = clock.left()
            assert left is not None
            if left <= 0:
                raise clock.late("", f"the sidecar was not ready ({seen})")
            call = watch(
                wire.health_request("aded.v1.InferenceService"),
                timeout=left,
                metadata=self._metadata,
                wait_for_ready=True,
            )
            try:
                async for raw in call:
                    state = wire.health_state(raw)
                    if state == "SERVING":
                        return
                    seen = f"it says {state}"
            except grpc.aio.AioRpcError as failed:
                decoded = decode(failed)
                if isinstance(decoded, Unavailable):
                    seen = decoded.message
                elif not isinstance(decoded, DeadlineExceeded):
                    raise decoded from None
            finally:
                call.cancel()
            await asyncio.sleep(min(0.05, left))

    async def aclose(self) -> None:
        """Ends every call under way and closes the connection."""
        made, self._made, self._calls = self._made, None, None
        if made is not None:
            await made.close(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Opening:
    """What `converse` gives: to be awaited, or entered."""

    def __init__(self, client: AsyncClient, opening: dict[str, Any], settings: Settings, timeout: float) -> None:
        self._arguments = (client, opening, settings, timeout)
        self._conversation: AsyncConversation | None = None

    async def _open(self) -> AsyncConversation:
        conversation = AsyncConversation(*self._arguments)
        await conversation._open()
        return conversation

    def __await__(self) -> Any:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncConversation:
        self._conversation = await self._open()
        return self._conversation

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._conversation is not None:
            await self._conversation.aclose()


def _credentials(tls: Tls | bool) -> grpc.ChannelCredentials | None:
    if tls is False:
        return None
    files = tls if isinstance(tls, Tls) else Tls()

    def read(path: str | None) -> bytes | None:
        return None if path is None else Path(path).read_bytes()

    return grpc.ssl_channel_credentials(read(files.ca), read(files.key), read(files.certificate))
