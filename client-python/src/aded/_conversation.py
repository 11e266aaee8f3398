"""Conversations: one call, many answers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import grpc
from typing_extensions import Self, Unpack

from . import _types as t
from . import _wire as wire
from ._calls import EOF, INFERENCE, Clock, Malformed, cancelled, heard, settled, status_of
from ._core import MOST_TOOL_ROUNDS, ToolBox, describe, with_result
from ._errors import (
    CLIENT_TIMEOUT,
    CONVERSATION_ENDED,
    MALFORMED_ANSWER,
    AdedError,
    Cancelled,
    DeadlineExceeded,
    Internal,
    Unavailable,
    WrongCall,
    decode,
)
from ._options import Prompt, Settings, Tool, TurnSettings
from ._stream import AsyncAnswerStream
from ._telemetry import CallSpan
from .v1 import inference_service_pb2 as inference

if TYPE_CHECKING:
    from ._aio import AsyncClient

T = TypeVar("T")
R = TypeVar("R")

# How long a conversation that was half-closed is given to end by itself.
_CLOSING = 2.0


class TurnStream(AsyncAnswerStream[T]):
    """One turn of a conversation."""

    def __init__(
        self, conversation: AsyncConversation, request: Any, timeout: float | None, result: type[Any] | None
    ) -> None:
        super().__init__(result)
        self._conversation = conversation
        self._request = request
        self._clock = Clock(timeout)
        self._attempt = 1
        self._stopping = False
        self._start = asyncio.ensure_future(conversation._begin(request))
        self._start.add_done_callback(heard)

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
                self._start.add_done_callback(heard)
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
        self._span = CallSpan(INFERENCE + "Converse", False)
        self._info: t.ConversationInfo | None = None
        self._current: TurnStream[Any] | None = None
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
        clock = Clock(self._open_timeout)
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

    async def _open_once(self, opening: dict[str, Any], clock: Clock) -> None:
        self._span.end()
        self._span = CallSpan(INFERENCE + "Converse", self._client._tracing)
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
            if isinstance(response, Malformed) or response.WhichOneof("event") != "opened":
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

    @overload
    def ask(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> AsyncAnswerStream[R]: ...
    @overload
    def ask(self, prompt: Prompt, **settings: Unpack[Settings]) -> AsyncAnswerStream[None]: ...
    def ask(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> Any:
        """Starts the next turn, with what is new in the conversation.

        Raises `WrongCall` while an answer is being read, or after the close, and what ended the conversation if it
        has failed.
        """
        self._require_open()
        if self._current is not None:
            raise WrongCall("an answer is still being read; read it to its end, or close it, before you ask again")
        request = wire.turn(prompt, with_result(settings, result))
        timeout = settings.get("timeout", self._timeout)
        turn: TurnStream[Any] = TurnStream(self, request, timeout, result)
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
            asked = t.Message.tool(*[await called(box, call) for call in answer.tool_calls])
        return with_calls(answer, box)

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
        clock = Clock(self._open_timeout)
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
            self._reading.add_done_callback(heard)
        return self._reading

    def _received(self) -> None:
        self._reading = None

    async def _read(self, call: Any) -> Any:
        try:
            response = await call.read()
        except grpc.aio.AioRpcError as failed:
            raise self._decoded(await settled(call, failed)) from None
        except asyncio.CancelledError:
            raise cancelled("", "the conversation was closed") from None
        if response is EOF:
            try:
                code = await call.code()
                if code is not grpc.StatusCode.OK:
                    raise self._decoded(status_of(code, await call.trailing_metadata(), await call.details()))
            except asyncio.CancelledError:
                raise cancelled("", "the conversation was closed") from None
            if self._closed:
                raise cancelled("", "the conversation was closed")
            raise Unavailable("the server ended the conversation", reason=CONVERSATION_ENDED, code="OK")
        return response

    def _decoded(self, failed: grpc.aio.AioRpcError) -> AdedError:
        decoded = decode(failed)
        if isinstance(decoded, Cancelled) and not decoded.reason and self._closed:
            return cancelled("", "the conversation was closed")
        return decoded

    def _event(self, response: Any) -> t.Event | None:
        if isinstance(response, Malformed):
            self._call.cancel()
            raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER)
        return wire.event(response)

    async def _write(self, request: Any, clock: Clock | None = None) -> None:
        """Sends; what the transport makes of a call that is over is told by reading it."""
        writing = asyncio.ensure_future(self._call.write(request))
        if clock is not None:
            await asyncio.wait({writing}, timeout=clock.left())
            if not writing.done():
                self._call.cancel()
                writing.add_done_callback(heard)
                raise clock.late("", "the conversation was not open")
        try:
            await writing
        except grpc.aio.AioRpcError as failed:
            raise self._decoded(await settled(self._call, failed)) from None
        except (asyncio.InvalidStateError, grpc.aio.UsageError):
            await self._read(self._call)
        except asyncio.CancelledError:
            if self._call.cancelled():
                raise cancelled("", "the conversation was closed") from None
            raise

    async def _send_cancel(self) -> None:
        if self._failure is None and not self._closed:
            try:
                await self._write(inference.ConverseRequest(cancel=inference.Cancel()))
            except AdedError:
                pass  # the turn's reader hears of it

    async def _leave(self, turn: TurnStream[Any]) -> None:
        if self._current is not turn:
            return
        self._current = None
        if not turn._start.done():
            # Not sent yet, or being sent: it is, and then it is cancelled.
            await asyncio.wait({turn._start})
        if turn._start.exception() is None and not self._closed:
            self._draining = True
            await self._send_cancel()

    def _done(self, turn: TurnStream[Any]) -> None:
        self._answered += 1
        self._updates.clear()
        if self._current is turn:
            self._current = None

    def _failed(self, turn: TurnStream[Any], failure: AdedError) -> None:
        if self._current is turn:
            self._current = None
        if self._failure is None and not self._closed:
            self._failure = failure.with_text("")
            self._span.end(failure)


async def called(box: ToolBox, call: t.ToolCall) -> t.ToolResult:
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


def with_calls(answer: t.Answer[None], box: ToolBox) -> t.Answer[None]:
    from dataclasses import replace

    return replace(answer, calls=tuple(box.calls))
