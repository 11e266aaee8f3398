"""An answer while it grows, and single answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import grpc
from typing_extensions import Self

from . import _types as t
from . import _wire as wire
from ._calls import INFERENCE, Clock, Malformed, being_cancelled, cancelled, heard, status_of
from ._core import Collector
from ._errors import (
    INCOMPLETE_ANSWER,
    MALFORMED_ANSWER,
    AdedError,
    Cancelled,
    Internal,
    WrongCall,
    decode,
    is_limit,
)
from ._telemetry import CallSpan
from .v1 import inference_service_pb2 as inference

if TYPE_CHECKING:
    from ._aio import AsyncClient

T = TypeVar("T")

# How long the status of a call is waited for after its last event.
_ENDING = 0.5


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

    def __aiter__(self) -> AsyncIterator[t.Event]:
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


class Single(AsyncAnswerStream[T]):
    """A call of `Generate`, and those that try it again."""

    def __init__(
        self, client: AsyncClient, request: inference.GenerateRequest, timeout: float | None, result: type[Any] | None
    ) -> None:
        super().__init__(result)
        self._client = client
        self._request = request
        self._clock = Clock(timeout)
        self._span = CallSpan(INFERENCE + "Generate", client._tracing)
        self._attempt = 1
        self._stopped = asyncio.Event()
        self._ending: asyncio.Future[Any] | None = None
        # Something has come, so that nothing is tried again, and more is to come.
        self._flowing = False
        self._begin()

    def _begin(self) -> None:
        self._call: Any = self._client._generate(
            self._request, timeout=self._clock.left(), metadata=self._client._metadata + self._span.metadata()
        )
        # The call's own iterator is a step shorter than its `read`, for each message.
        self._responses: AsyncIterator[Any] = self._call.__aiter__()

    def __aiter__(self) -> AsyncIterator[t.Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[t.Event]:
        """The events that are left. Most are deltas that follow others; they go the short way: nothing is tried again
        once something has come, and a generator is resumed where a method would be called anew."""
        add_text, add_tokens, add_log_probabilities = self._collector.takers()
        delta = wire.delta
        while True:
            if not self._flowing:
                try:
                    event = await self.__anext__()
                except StopAsyncIteration:
                    return
                yield event
                continue
            try:
                async for response in self._responses:
                    if response.WhichOneof("event") == "delta":
                        grown = delta(response.delta)
                        add_text(grown.text)
                        add_tokens(grown.tokens)
                        if grown.log_probabilities:
                            add_log_probabilities(grown.log_probabilities)
                        yield grown
                    elif (other := self._other(response)) is not None:
                        self._collector.add(other)
                        yield other
                    if not self._flowing:
                        break
                else:
                    raise await self._incomplete()
            except (grpc.aio.AioRpcError, asyncio.CancelledError) as broken:
                raise self._fail(self._broken(broken)) from None
            except AdedError as failed:
                raise self._fail(failed) from None

    def _fail(self, failed: BaseException) -> BaseException:
        if isinstance(failed, AdedError):
            self._flowing = False
            self._failure = failed
            self._span.end(failed)
        return failed

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
                self._begin()
                continue
            self._flowing = self._ending is None
            return event

    def _finish(self, finished: t.Finished) -> None:
        self._flowing = False
        self._span.finished(finished)
        self._span.end()
        self._ending = asyncio.ensure_future(self._rest_of_call())
        self._ending.add_done_callback(heard)

    async def _rest_of_call(self) -> None:
        async for _ in self._responses:
            pass

    async def _end(self) -> None:
        # A call whose status nobody read counts as cancelled.
        if self._ending is not None:
            await asyncio.wait({self._ending}, timeout=_ENDING)

    async def _rest(self, pause: float) -> None:
        try:
            await asyncio.wait_for(self._stopped.wait(), pause)
        except asyncio.TimeoutError:
            return
        raise cancelled(self.text)

    async def _read(self) -> t.Event:
        while True:
            try:
                response = await self._responses.__anext__()
            except StopAsyncIteration:
                raise await self._incomplete() from None
            except (grpc.aio.AioRpcError, asyncio.CancelledError) as broken:
                raise self._broken(broken) from None
            event = self._other(response)
            if event is not None:
                if not self._client._versions.done:
                    await self._client._compare(self._call)
                return event

    def _broken(self, broken: grpc.aio.AioRpcError | asyncio.CancelledError) -> BaseException:
        """What to raise instead of an exception of gRPC's, or of one that says that this task was cancelled."""
        if isinstance(broken, grpc.aio.AioRpcError):
            return self._decoded(broken)
        # A loop that ends cancels what is left, such as the generator of an answer whose reader left: nobody is told.
        return cancelled(self.text) if self._stopped.is_set() and not being_cancelled() else broken

    def _other(self, response: Any) -> t.Event | None:
        """The event; None for one of a newer server, to be passed over."""
        if isinstance(response, Malformed):
            self._call.cancel()
            raise Internal("what the server sent is no message", reason=MALFORMED_ANSWER, text=self.text)
        event = wire.event(response)
        if isinstance(event, t.Finished):
            self._finish(event)
        return event

    async def _incomplete(self) -> AdedError:
        """What became of a call that is over while its answer is not."""
        if self._stopped.is_set():
            return cancelled(self.text)
        code = await self._call.code()
        if code is not grpc.StatusCode.OK:
            return self._decoded(
                status_of(code, await self._call.trailing_metadata(), await self._call.details()),
            )
        return Internal("the call ended before the answer did", reason=INCOMPLETE_ANSWER, code="OK", text=self.text)

    def _decoded(self, failed: grpc.aio.AioRpcError) -> AdedError:
        decoded = decode(failed, self.text)
        if is_limit(decoded) and self._clock.seconds is not None:
            return self._clock.late(self.text)
        if isinstance(decoded, Cancelled) and not decoded.reason and self._stopped.is_set():
            return cancelled(self.text)
        return decoded

    async def cancel(self) -> None:
        if not self._over:
            self._stopped.set()
            self._call.cancel()

    async def aclose(self) -> None:
        if not self._over:
            self._left = True
            self._flowing = False
            self._stopped.set()
            self._call.cancel()
            self._span.end()

    def __del__(self) -> None:
        # Who drops an answer in the middle does not want the rest.
        if hasattr(self, "_call") and not self._over:
            self._call.cancel()
            self._span.end()
