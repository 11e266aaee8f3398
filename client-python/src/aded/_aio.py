"""The client for asyncio. The other one, `_sync`, is a shell around it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar, cast, overload

import grpc
from google.protobuf.message import DecodeError
from typing_extensions import Self, Unpack

from . import _types as t
from . import _wire as wire
from ._core import MOST_TOOL_ROUNDS, VERSION, Collector, ToolBox, VersionCheck, describe, with_result
from ._errors import (
    CLIENT_CANCELLED,
    CLIENT_TIMEOUT,
    CONVERSATION_ENDED,
    INCOMPLETE_ANSWER,
    MALFORMED_ANSWER,
    AdedError,
    Cancelled,
    DeadlineExceeded,
    Internal,
    Unavailable,
    WrongCall,
    decode,
)
from ._options import Prompt, Settings, Tls, Tool, TurnSettings
from ._retry import RetryPolicy
from ._telemetry import CallSpan
from .v1 import draft_service_pb2 as drafts
from .v1 import inference_service_pb2 as inference
from .v1 import model_service_pb2 as models

T = TypeVar("T")
R = TypeVar("R")

# The stubs do not know it.
_EOF: Any = vars(grpc.aio)["EOF"]

_INFERENCE = "/aded.v1.InferenceService/"
_MODELS = "/aded.v1.ModelService/"
_DRAFTS = "/aded.v1.DraftService/"

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

# How long a conversation that was half-closed is given to end by itself.
_CLOSING = 2.0

# How long the status of a call is waited for after its last event.
_ENDING = 0.5


class _Malformed:
    """What stands for bytes that are no message."""


def _parser(message: Any) -> Callable[[bytes], Any]:
    def parse(raw: bytes) -> Any:
        try:
            return message.FromString(raw)
        except DecodeError:
            return _Malformed()

    return parse


_ANSWERS = _parser(inference.GenerateResponse)
_CONVERSATIONS = _parser(inference.ConverseResponse)


def _heard(task: asyncio.Future[Any]) -> None:
    """Looks at what became of a task, so that asyncio does not complain where nobody else does."""
    if not task.cancelled():
        task.exception()


def _status(code: grpc.StatusCode, trailers: Any, details: str) -> grpc.aio.AioRpcError:
    none: Any = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, none, trailers, details, "")


class _Clock:
    """A time limit, from now on."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else asyncio.get_running_loop().time() + seconds

    def left(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - asyncio.get_running_loop().time())

    def late(self, text: str = "", what: str = "the answer was not complete") -> DeadlineExceeded:
        return DeadlineExceeded(
            f"{what} after {self.seconds} s", reason=CLIENT_TIMEOUT, code="DEADLINE_EXCEEDED", text=text
        )


def _cancelled(text: str, what: str = "the answer was cancelled by its reader") -> Cancelled:
    return Cancelled(what, reason=CLIENT_CANCELLED, code="CANCELLED", text=text)


class AsyncAnswerStream(Generic[T]):
    """An answer while it grows: `async for event in answer`, or `texts()`, or `answer()` for the whole.

    The server is at work from the start. Who does not read to the end closes: leave an `async with` block, or call
    `aclose`.
    """

    def __init__(self, result: type[Any] | None) -> None:
        self._result = result
        self._collector = Collector()
        self._failure: AdedError | None = None
        self._left = False

    @property
    def text(self) -> str:
        """What has come so far."""
        return self._collector.text

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> t.Event:
        if self._failure is not None:
            raise self._failure
        if self._left or self._collector.finished is not None:
            await self._end()
            raise StopAsyncIteration
        try:
            event = await self._next()
        except AdedError as failed:
            self._failure = failed if failed.text or not self.text else failed.with_text(self.text)
            raise self._failure from failed.__cause__
        self._collector.add(event)
        return event

    async def texts(self) -> AsyncIterator[str]:
        """The pieces of the answer's text, and nothing else."""
        async for event in self:
            if isinstance(event, t.Delta) and event.text:
                yield event.text

    async def answer(self) -> t.Answer[T]:
        """Reads to the end; the whole answer, with what was read before.

        Raises `BadAnswer` if it is not of the type that was asked for.
        """
        async for _ in self:
            pass
        if self._collector.finished is None:
            raise WrongCall("the answer was closed before its end", text=self.text)
        return cast("t.Answer[T]", self._collector.answer(self._result))

    async def cancel(self) -> None:
        """Ends the answer early. In a conversation its `Finished` (CANCELLED) still comes; a single answer fails with
        `Cancelled`. Does nothing once it is over."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Ends the answer if it is not over, and reads nothing more of it."""
        raise NotImplementedError

    async def _next(self) -> t.Event:
        raise NotImplementedError

    async def _end(self) -> None:
        """After the last event."""

    @property
    def _over(self) -> bool:
        return self._left or self._failure is not None or self._collector.finished is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Single(AsyncAnswerStream[T]):
    """A call of `Generate`, and those that try it again."""

    def __init__(
        self, client: AsyncClient, request: inference.GenerateRequest, timeout: float | None, result: type[Any] | None
    ) -> None:
        super().__init__(result)
        self._client = client
        self._request = request
        self._clock = _Clock(timeout)
        self._span = CallSpan(_INFERENCE + "Generate", client._tracing)
        self._attempt = 1
        self._stopped = asyncio.Event()
        self._ending: asyncio.Future[Any] | None = None
        self._call = self._begin()

    def _begin(self) -> Any:
        return self._client._generate(
            self._request, timeout=self._clock.left(), metadata=self._client._metadata + self._span.metadata()
        )

    async def _next(self) -> t.Event:
        while True:
            try:
                event = await self._read()
            except AdedError as failed:
                pause = None
                if not self._collector.begun:
                    pause = self._client._retry.pause(self._attempt, failed, self._clock.left())
                if pause is None:
                    self._span.end(failed)
                    raise
                await self._rest(pause)
                self._attempt += 1
                self._call = self._begin()
                continue
            if isinstance(event, t.Finished):
                self._span.finished(event)
                self._span.end()
                self._ending = asyncio.ensure_future(self._call.read())
                self._ending.add_done_callback(_heard)
            return event

    async def _end(self) -> None:
        # A call whose status nobody read counts as cancelled.
        if self._ending is not None:
            await asyncio.wait({self._ending}, timeout=_ENDING)

    async def _rest(self, pause: float) -> None:
        try:
            await asyncio.wait_for(self._stopped.wait(), pause)
        except asyncio.TimeoutError:
            return
        raise _cancelled(self.text)

    async def _read(self) -> t.Event:
        while True:
            try:
                response = await self._call.read()
            except grpc.aio.AioRpcError as failed:
                raise self._decoded(failed) from None
            except asyncio.CancelledError:
                if self._stopped.is_set():
                    raise _cancelled(self.text) from None
                raise
            if response is _EOF:
                if self._stopped.is_set():
                    raise _cancelled(self.text)
                raise Internal(
                    "the call ended before the answer did", reason=INCOMPLETE_ANSWER, code="OK", text=self.text
                )
            if isinstance(response, _Malformed):
                self._call.cancel()
                raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER, text=self.text)
            event = wire.event(response)
            if event is not None:
                if not self._client._versions.done:
                    await self._client._compare(self._call)
                return event

    def _decoded(self, failed: grpc.aio.AioRpcError) -> AdedError:
        decoded = decode(failed, self.text)
        if isinstance(decoded, DeadlineExceeded) and not decoded.reason and self._clock.seconds is not None:
            return self._clock.late(self.text)
        if isinstance(decoded, Cancelled) and not decoded.reason and self._stopped.is_set():
            return _cancelled(self.text)
        return decoded

    async def cancel(self) -> None:
        if not self._over:
            self._stopped.set()
            self._call.cancel()

    async def aclose(self) -> None:
        if not self._over:
            self._left = True
            self._stopped.set()
            self._call.cancel()
            self._span.end()

    def __del__(self) -> None:
        # Who drops an answer in the middle does not want the rest.
        if hasattr(self, "_call") and not self._over:
            self._call.cancel()
            self._span.end()


class _TurnStream(AsyncAnswerStream[T]):
    """One turn of a conversation."""

    def __init__(
        self, conversation: AsyncConversation, request: Any, timeout: float | None, result: type[Any] | None
    ) -> None:
        super().__init__(result)
        self._conversation = conversation
        self._request = request
        self._clock = _Clock(timeout)
        self._attempt = 1
        self._stopping = False
        self._start = asyncio.ensure_future(conversation._begin(request))
        self._start.add_done_callback(_heard)

    async def _next(self) -> t.Event:
        conversation = self._conversation
        while True:
            try:
                await self._within(self._start)
                event = await self._read()
            except AdedError as failed:
                if isinstance(failed, DeadlineExceeded) and failed.reason == CLIENT_TIMEOUT:
                    await conversation._leave(self)
                    raise
                pause = None
                if not self._collector.begun and not self._stopping and conversation._again():
                    pause = conversation._client._retry.pause(self._attempt, failed, self._clock.left())
                if pause is None:
                    conversation._failed(self, failed)
                    raise
                await asyncio.sleep(pause)
                self._attempt += 1
                self._start = asyncio.ensure_future(conversation._reopen(self._request))
                self._start.add_done_callback(_heard)
                continue
            if isinstance(event, t.Finished):
                conversation._done(self)
            return event

    async def _within(self, task: asyncio.Future[Any]) -> Any:
        """What the task gives; the limit, or whoever stops waiting, does not end the task."""
        left = self._clock.left()
        if task.done():
            return task.result()
        if left is None:
            return await asyncio.shield(task)
        await asyncio.wait({task}, timeout=left)
        if not task.done():
            raise self._clock.late(self.text)
        return task.result()

    async def _read(self) -> t.Event:
        while True:
            response = await self._within(self._conversation._receiving())
            self._conversation._received()
            event = self._conversation._event(response)
            if event is not None:
                return event

    async def cancel(self) -> None:
        if not self._over and not self._stopping:
            self._stopping = True
            await asyncio.wait({self._start})
            await self._conversation._send_cancel()

    async def aclose(self) -> None:
        if not self._over:
            self._left = True
            await self._conversation._leave(self)


class AsyncConversation:
    """A conversation: it remembers what was said, keeps its KV cache on the server, and guesses better with every turn.

    One turn at a time. A turn that fails ends the conversation, unless it is tried again (`RetryPolicy`); one with an
    id can be resumed by opening it again.
    """

    # One call, many answers. "_current" is the turn that events belong to. A turn that its reader left is still
    # running on the server until its "finished" comes; "_draining" says so, and the next turn first reads that rest
    # and drops it. A read of the call is a task of its own ("_reading"), since a read that is given up would end the
    # whole call.

    def __init__(self, client: AsyncClient, opening: dict[str, Any], settings: Settings, timeout: float) -> None:
        self._client = client
        self._opening = opening
        self._settings = settings
        self._open_timeout = timeout
        self._timeout = settings.get("timeout")
        self._updates: list[Any] = []
        self._answered = 0
        self._call: Any = None
        self._span = CallSpan(_INFERENCE + "Converse", False)
        self._info: t.ConversationInfo | None = None
        self._current: _TurnStream[Any] | None = None
        self._reading: asyncio.Future[Any] | None = None
        self._draining = False
        self._failure: AdedError | None = None
        self._closed = False

    @property
    def info(self) -> t.ConversationInfo:
        """What the server opened."""
        if self._info is None:
            raise WrongCall("the conversation is not open")
        return self._info

    @property
    def id(self) -> str:
        """Its name."""
        return self.info.id

    async def _open(self) -> None:
        clock = _Clock(self._open_timeout)
        attempt = 1
        while True:
            try:
                await self._open_once(self._opening, clock)
                return
            except AdedError as failed:
                pause = self._client._retry.pause(attempt, failed, clock.left())
                if pause is None:
                    self._closed = True
                    raise
                await asyncio.sleep(pause)
                attempt += 1

    async def _open_once(self, opening: dict[str, Any], clock: _Clock) -> None:
        self._span.end()
        self._span = CallSpan(_INFERENCE + "Converse", self._client._tracing)
        self._reading = None
        self._draining = False
        self._call = self._client._converse(metadata=self._client._metadata + self._span.metadata())
        try:
            await self._write(wire.opening(settings=self._settings, **opening), clock)
            reading = self._receiving()
            await asyncio.wait({reading}, timeout=clock.left())
            if not reading.done():
                self._call.cancel()
                raise clock.late("", "the conversation was not open")
            response = reading.result()
            self._received()
            if isinstance(response, _Malformed) or response.WhichOneof("event") != "opened":
                self._call.cancel()
                raise Internal("the server did not open the conversation", reason=MALFORMED_ANSWER)
        except AdedError as failed:
            self._span.end(failed)
            raise
        except BaseException:
            self._call.cancel()
            self._span.end()
            raise
        self._info = wire.opened(response.opened)
        await self._client._compare(self._call)

    def ask(
        self, prompt: Prompt, *, result: type[R] | None = None, **settings: Unpack[Settings]
    ) -> AsyncAnswerStream[R]:
        """Starts the next turn, with what is new in the conversation.

        Raises `WrongCall` while an answer is being read, or after the close, and what ended the conversation if it
        has failed.
        """
        self._require_open()
        if self._current is not None:
            raise WrongCall("an answer is still being read; read it to its end, or close it, before you ask again")
        request = wire.turn(prompt, with_result(settings, result))
        timeout = settings.get("timeout", self._timeout)
        turn: _TurnStream[R] = _TurnStream(self, request, timeout, result)
        self._current = turn
        return turn

    async def update(self, **settings: Unpack[Settings]) -> None:
        """Changes how the turns that follow are answered: what is set replaces what was in force, what `reset` names
        returns to the server's own default."""
        self._require_open()
        update = inference.ConverseRequest(update=wire.update(settings))
        await self._write(update)
        if not self._answered:
            self._updates.append(update)
        self._timeout = settings.get("timeout", self._timeout)

    async def run_tools(
        self,
        prompt: Prompt,
        tools: Sequence[Tool | Callable[..., Any]],
        *,
        max_rounds: int = MOST_TOOL_ROUNDS,
        **settings: Unpack[TurnSettings],
    ) -> t.Answer[None]:
        """Asks, calls what the model wants called, tells it the results, until it answers. `Answer.calls` tells what
        was called.

        A function that fails is told to the model as a failed call. After `max_rounds` the answer is what it is then.
        """
        box = ToolBox(tools)
        await self.update(tools=box.tools)
        asked = prompt
        for _ in range(max_rounds):
            answer: t.Answer[None] = await self.ask(asked, **settings).answer()
            if answer.reason != "TOOL_CALLS":
                break
            asked = t.Message.tool(*[await _called(box, call) for call in answer.tool_calls])
        return _with_calls(answer, box)

    async def aclose(self) -> None:
        """Ends the conversation; an answer that is being read is cancelled."""
        if self._closed:
            return
        self._closed = True
        running, self._current = self._current, None
        call = self._call
        if self._failure is None and call is not None:
            if running is None and not self._draining:
                try:
                    await call.done_writing()
                    await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(call.code())), _CLOSING)
                except (grpc.RpcError, asyncio.TimeoutError, asyncio.InvalidStateError):
                    pass
            call.cancel()
        self._span.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # --- for its turns

    def _require_open(self) -> None:
        if self._closed:
            raise WrongCall("the conversation was closed")
        if self._failure is not None:
            raise self._failure

    async def _begin(self, request: Any) -> None:
        """Reads what is left of a turn that its reader left, then sends the next one."""
        while self._draining:
            response = await self._receiving()
            self._received()
            if isinstance(self._event(response), t.Finished):
                self._draining = False
        await self._write(request)

    async def _reopen(self, request: Any) -> None:
        clock = _Clock(self._open_timeout)
        if self._answered or self.info.resumed:
            await self._open_once({**self._opening, "id": self.id, "require_resume": True}, clock)
        else:
            await self._open_once(self._opening, clock)
            for update in self._updates:
                await self._write(update)
        await self._write(request)

    def _again(self) -> bool:
        """Whether the conversation can be had as it was."""
        if self._closed:
            return False
        kept = bool(self._opening["id"]) and self._info is not None and bool(self._info.retention)
        return kept or (not self._answered and self._info is not None and not self._info.resumed)

    def _receiving(self) -> asyncio.Future[Any]:
        """The read of the next message, by whom it was ever begun."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read(self._call))
            self._reading.add_done_callback(_heard)
        return self._reading

    def _received(self) -> None:
        self._reading = None

    async def _read(self, call: Any) -> Any:
        try:
            response = await call.read()
        except grpc.aio.AioRpcError as failed:
            raise self._decoded(failed) from None
        except asyncio.CancelledError:
            raise _cancelled("", "the conversation was closed") from None
        if response is _EOF:
            try:
                code = await call.code()
                if code is not grpc.StatusCode.OK:
                    raise self._decoded(_status(code, await call.trailing_metadata(), await call.details()))
            except asyncio.CancelledError:
                raise _cancelled("", "the conversation was closed") from None
            if self._closed:
                raise _cancelled("", "the conversation was closed")
            raise Unavailable("the server ended the conversation", reason=CONVERSATION_ENDED, code="OK")
        return response

    def _decoded(self, failed: grpc.aio.AioRpcError) -> AdedError:
        decoded = decode(failed)
        if isinstance(decoded, Cancelled) and not decoded.reason and self._closed:
            return _cancelled("", "the conversation was closed")
        return decoded

    def _event(self, response: Any) -> t.Event | None:
        if isinstance(response, _Malformed):
            self._call.cancel()
            raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER)
        return wire.event(response)

    async def _write(self, request: Any, clock: _Clock | None = None) -> None:
        """Sends; what the transport makes of a call that is over is told by reading it."""
        writing = asyncio.ensure_future(self._call.write(request))
        if clock is not None:
            await asyncio.wait({writing}, timeout=clock.left())
            if not writing.done():
                self._call.cancel()
                writing.add_done_callback(_heard)
                raise clock.late("", "the conversation was not open")
        try:
            await writing
        except grpc.aio.AioRpcError as failed:
            raise self._decoded(failed) from None
        except (asyncio.InvalidStateError, grpc.aio.UsageError):
            await self._read(self._call)
        except asyncio.CancelledError:
            if self._call.cancelled():
                raise _cancelled("", "the conversation was closed") from None
            raise

    async def _send_cancel(self) -> None:
        if self._failure is None and not self._closed:
            try:
                await self._write(inference.ConverseRequest(cancel=inference.Cancel()))
            except AdedError:
                pass  # the turn's reader hears of it

    async def _leave(self, turn: _TurnStream[Any]) -> None:
        if self._current is not turn:
            return
        self._current = None
        if not turn._start.done():
            # Not sent yet, or being sent: it is, and then it is cancelled.
            await asyncio.wait({turn._start})
        if turn._start.exception() is None and not self._closed:
            self._draining = True
            await self._send_cancel()

    def _done(self, turn: _TurnStream[Any]) -> None:
        self._answered += 1
        self._updates.clear()
        if self._current is turn:
            self._current = None

    def _failed(self, turn: _TurnStream[Any], failure: AdedError) -> None:
        if self._current is turn:
            self._current = None
        if self._failure is None and not self._closed:
            self._failure = failure.with_text("")
            self._span.end(failure)


async def _called(box: ToolBox, call: t.ToolCall) -> t.ToolResult:
    function, arguments, error = box.prepare(call)
    result: Any = None
    if function is not None:
        try:
            result = function(**arguments)
            if inspect.isawaitable(result):
                result = await result
        except Exception as failed:
            error = describe(failed)
    return box.done(call, result, error)


def _with_calls(answer: t.Answer[None], box: ToolBox) -> t.Answer[None]:
    from dataclasses import replace

    return replace(answer, calls=tuple(box.calls))


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
                channel.unary_stream(_INFERENCE + "Generate", inference.GenerateRequest.SerializeToString, _ANSWERS),
                channel.stream_stream(
                    _INFERENCE + "Converse", inference.ConverseRequest.SerializeToString, _CONVERSATIONS
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
        return _Single(self, request, settings.get("timeout"), result)

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
    ) -> _Opening:
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
        return _Opening(self, opening, settings, self._timeout if open_timeout is None else open_timeout)

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
                asked = t.Message.tool(*[await _called(box, call) for call in answer.tool_calls])
        return _with_calls(answer, box)

    async def tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        """Splits text into token ids. Text such as `<|im_end|>` stays text."""
        request = inference.TokenizeRequest(text=text, add_special=add_special, model=self._model)
        return list((await self._unary(_INFERENCE + "Tokenize", request, inference.TokenizeResponse)).tokens)

    async def detokenize(self, tokens: Sequence[int], *, with_special: bool = False) -> str:
        """Puts token ids back together; control tokens have no text unless asked for."""
        request = inference.DetokenizeRequest(tokens=tokens, with_special=with_special, model=self._model)
        return str((await self._unary(_INFERENCE + "Detokenize", request, inference.DetokenizeResponse)).text)

    async def count_tokens(self, prompt: Prompt, **settings: Unpack[Settings]) -> t.TokenCount:
        """Counts the tokens that a prompt would take, the chat template included, without running the model."""
        request = wire.count(prompt, settings, self._model)
        counted = await self._unary(_INFERENCE + "CountTokens", request, inference.CountTokensResponse)
        return t.TokenCount(counted.tokens, counted.context_tokens)

    async def model(self, name: str = "") -> t.Model:
        """A model that is served; without a name the default one. Raises `NotFound` if it is not."""
        response = await self._unary(
            _MODELS + "GetModel", models.GetModelRequest(name=name or self._model), models.GetModelResponse
        )
        return wire.model(response.model)

    async def models(self) -> list[t.Model]:
        """All models that are served, in the order of their names."""
        found: list[t.Model] = []
        page = ""
        while True:
            request = models.ListModelsRequest(page_token=page)
            response = await self._unary(_MODELS + "ListModels", request, models.ListModelsResponse)
            found += [wire.model(each) for each in response.models]
            page = response.next_page_token
            if not page:
                return found

    async def server(self) -> t.Server:
        """The server: versions, limits, drafters, capabilities, how busy it is."""
        response = await self._unary(
            _MODELS + "GetServerInfo", models.GetServerInfoRequest(), models.GetServerInfoResponse
        )
        return wire.server(response)

    async def draft_statistics(self, conversation_id: str = "") -> t.DraftStatistics:
        """How drafting has fared, since the server started, or in a conversation that is open or kept."""
        request = drafts.GetDraftStatisticsRequest(conversation_id=conversation_id)
        return wire.statistics(
            await self._unary(_DRAFTS + "GetDraftStatistics", request, drafts.GetDraftStatisticsResponse)
        )

    async def _unary(self, method: str, request: Any, response: Any) -> Any:
        stub = self._channel().unary_unary(method, request.__class__.SerializeToString, _parser(response))
        clock = _Clock(self._timeout)
        attempt = 1
        span = CallSpan(method, self._tracing)
        while True:
            call = stub(request, timeout=clock.left(), metadata=self._metadata + span.metadata())
            try:
                answer = await call
                if isinstance(answer, _Malformed):
                    raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER)
                await self._compare(call)
                span.end()
                return answer
            except grpc.aio.AioRpcError as failed:
                decoded = decode(failed)
                if isinstance(decoded, DeadlineExceeded) and not decoded.reason:
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
        clock = _Clock(timeout)
        seen = "no sidecar answered"
        watch = self._channel().unary_stream("/grpc.health.v1.Health/Watch", None, None)
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


class _Opening:
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
