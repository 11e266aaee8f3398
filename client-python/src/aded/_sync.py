"""The client for programs without asyncio: a shell around the one for asyncio, whose loop runs in a thread of this
module."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

from typing_extensions import Self, Unpack

from . import _types as t
from ._aio import AsyncClient
from ._conversation import AsyncConversation, with_calls
from ._core import MOST_TOOL_ROUNDS, ToolBox, describe
from ._options import Prompt, Settings, Tls, Tool, TurnSettings
from ._retry import RetryPolicy
from ._stream import AsyncAnswerStream

T = TypeVar("T")
R = TypeVar("R")


class _Loop:
    """One loop in one daemon thread, for all clients of the process; made when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="aded", daemon=True).start()
            return self._loop

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What a coroutine gives; an interrupt of the waiting thread cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self.get())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call(self, work: Callable[[], R]) -> R:
        """What a function gives that has to run where the loop runs."""

        async def called() -> R:
            return work()

        return self.run(called())

    def later(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Does it without anybody waiting."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            try:
                asyncio.run_coroutine_threadsafe(work(), loop)
            except RuntimeError:
                pass  # the interpreter ends

    def forget(self) -> None:
        """After a fork the thread is not there."""
        self._lock = threading.Lock()
        self._loop = None


_LOOP = _Loop()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LOOP.forget)


class AnswerStream(Generic[T]):
    """An answer while it grows: `for event in answer`, or `texts()`, or `answer()` for the whole.

    The server is at work from the start. Who does not read to the end closes: leave a `with` block, or call `close`.
    `cancel` may be called from another thread.
    """

    def __init__(self, inner: AsyncAnswerStream[T]) -> None:
        self._inner = inner

    @property
    def text(self) -> str:
        """What has come so far."""
        return self._inner.text

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> t.Event:
        event = _LOOP.run(self._following())
        if event is None:
            raise StopIteration
        return event

    async def _following(self) -> t.Event | None:
        # StopAsyncIteration does not travel through futures.
        try:
            return await self._inner.__anext__()
        except StopAsyncIteration:
            return None

    def texts(self) -> Iterator[str]:
        """The pieces of the answer's text, and nothing else."""
        for event in self:
            if isinstance(event, t.Delta) and event.text:
                yield event.text

    def answer(self) -> t.Answer[T]:
        """Reads to the end; the whole answer, with what was read before.

        Raises `BadAnswer` if it is not of the type that was asked for.
        """
        return _LOOP.run(self._inner.answer())

    def cancel(self) -> None:
        """Ends the answer early. In a conversation its `Finished` (CANCELLED) still comes; a single answer fails with
        `Cancelled`. Does nothing once it is over."""
        _LOOP.run(self._inner.cancel())

    def close(self) -> None:
        """Ends the answer if it is not over, and reads nothing more of it."""
        _LOOP.run(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Who leaves a loop without `with` does not want the rest.
        if hasattr(self, "_inner") and not self._inner._over:
            _LOOP.later(self._inner.aclose)


class Conversation:
    """A conversation: it remembers what was said, keeps its KV cache on the server, and guesses better with every turn.

    One turn at a time. A turn that fails ends the conversation, unless it is tried again (`RetryPolicy`); one with an
    id can be resumed by opening it again.
    """

    def __init__(self, inner: AsyncConversation) -> None:
        self._inner = inner

    @property
    def info(self) -> t.ConversationInfo:
        """What the server opened."""
        return self._inner.info

    @property
    def id(self) -> str:
        """Its name."""
        return self._inner.id

    @overload
    def ask(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> AnswerStream[R]: ...
    @overload
    def ask(self, prompt: Prompt, **settings: Unpack[Settings]) -> AnswerStream[None]: ...
    def ask(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> Any:
        """Starts the next turn, with what is new in the conversation.

        Raises `WrongCall` while an answer is being read, or after the close, and what ended the conversation if it
        has failed.
        """
        return AnswerStream(_LOOP.call(lambda: self._inner.ask(prompt, result=result, **settings)))

    def update(self, **settings: Unpack[Settings]) -> None:
        """Changes how the turns that follow are answered: what is set replaces what was in force, what `reset` names
        returns to the server's own default."""
        _LOOP.run(self._inner.update(**settings))

    def run_tools(
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
        self.update(tools=box.tools)
        return self._tools(prompt, box, max_rounds, settings)

    def _tools(self, prompt: Prompt, box: ToolBox, max_rounds: int, settings: TurnSettings) -> t.Answer[None]:
        # Functions run in the caller's thread: what they take their time for holds up nobody else.
        asked = prompt
        for _ in range(max_rounds):
            answer: t.Answer[None] = self.ask(asked, **settings).answer()
            if answer.reason != "TOOL_CALLS":
                break
            asked = t.Message.tool(*[called(box, call) for call in answer.tool_calls])
        return with_calls(answer, box)

    def close(self) -> None:
        """Ends the conversation; an answer that is being read is cancelled."""
        _LOOP.run(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def called(box: ToolBox, call: t.ToolCall) -> t.ToolResult:
    function, arguments, error = box.prepare(call)
    result: Any = None
    if function is not None:
        try:
            result = function(**arguments)
        except Exception as failed:
            error = describe(failed)
    return box.done(call, result, error)


class Client:
    """One connection to a sidecar. Open one and keep it; it is made when first needed, and again when it breaks. Any
    thread may use it.

        with Client("localhost:50051") as client:
            for text in client.stream("Why is the sky blue?").texts():
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
        self._inner = AsyncClient(
            target,
            tls=tls,
            token=token,
            client_id=client_id,
            metadata=metadata,
            retry=retry,
            timeout=timeout,
            model=model,
            tracing=tracing,
        )

    @property
    def target(self) -> str:
        """Where the sidecar is."""
        return self._inner.target

    @overload
    def stream(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> AnswerStream[R]: ...
    @overload
    def stream(self, prompt: Prompt, **settings: Unpack[Settings]) -> AnswerStream[None]: ...
    def stream(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> Any:
        """Answers one prompt and forgets it; the answer as it grows."""
        return AnswerStream(_LOOP.call(lambda: self._inner.stream(prompt, result=result, **settings)))

    @overload
    def chat(self, prompt: Prompt, *, result: type[R], **settings: Unpack[Settings]) -> t.Answer[R]: ...
    @overload
    def chat(self, prompt: Prompt, **settings: Unpack[Settings]) -> t.Answer[None]: ...
    def chat(self, prompt: Prompt, *, result: Any = None, **settings: Unpack[Settings]) -> t.Answer[Any]:
        """Answers one prompt and forgets it; the whole answer. With `result=City` the answer is constrained to the
        type's JSON schema, and `Answer.value` is a `City`.

        Raises `AdedError`.
        """
        return _LOOP.run(self._inner.chat(prompt, result=result, **settings))

    def converse(
        self,
        id: str = "",
        *,
        require_resume: bool = False,
        retention: float | None = None,
        open_timeout: float | None = None,
        model: str | None = None,
        **settings: Unpack[Settings],
    ) -> Conversation:
        """Opens a conversation, or resumes one: `with client.converse() as conversation`.

        - `id`: names it, so that it can be resumed from another stream. `require_resume` fails if there is nothing to
          resume.
        - `retention`: seconds that the server keeps it after its stream ends; its limit if None.
        - The settings hold for all turns that do not say otherwise; `timeout` is that of each turn.
        """
        opening = self._inner.converse(
            id,
            require_resume=require_resume,
            retention=retention,
            open_timeout=open_timeout,
            model=model,
            **settings,
        )
        return Conversation(_LOOP.run(opening._open()))

    def run_tools(
        self,
        prompt: Prompt,
        tools: Sequence[Tool | Callable[..., Any]],
        *,
        max_rounds: int = MOST_TOOL_ROUNDS,
        **settings: Unpack[TurnSettings],
    ) -> t.Answer[None]:
        """Asks in a conversation of its own, calls the functions that the model wants called, until it answers."""
        box = ToolBox(tools)
        with self.converse(tools=box.tools, **settings) as conversation:
            return conversation._tools(prompt, box, max_rounds, {})

    def tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        """Splits text into token ids. Text such as `<|im_end|>` stays text."""
        return _LOOP.run(self._inner.tokenize(text, add_special=add_special))

    def detokenize(self, tokens: Sequence[int], *, with_special: bool = False) -> str:
        """Puts token ids back together; control tokens have no text unless asked for."""
        return _LOOP.run(self._inner.detokenize(tokens, with_special=with_special))

    def count_tokens(self, prompt: Prompt, **settings: Unpack[Settings]) -> t.TokenCount:
        """Counts the tokens that a prompt would take, the chat template included, without running the model."""
        return _LOOP.run(self._inner.count_tokens(prompt, **settings))

    def model(self, name: str = "") -> t.Model:
        """A model that is served; without a name the default one. Raises `NotFound` if it is not."""
        return _LOOP.run(self._inner.model(name))

    def models(self) -> list[t.Model]:
        """All models that are served, in the order of their names."""
        return _LOOP.run(self._inner.models())

    def server(self) -> t.Server:
        """The server: versions, limits, drafters, capabilities, how busy it is."""
        return _LOOP.run(self._inner.server())

    def draft_statistics(self, conversation_id: str = "") -> t.DraftStatistics:
        """How drafting has fared, since the server started, or in a conversation that is open or kept."""
        return _LOOP.run(self._inner.draft_statistics(conversation_id))

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Waits until the sidecar is there and ready to answer.

        Raises `DeadlineExceeded`, which says what was seen last, and `Unsupported` if there is no health service.
        """
        _LOOP.run(self._inner.wait_ready(timeout))

    def close(self) -> None:
        """Ends every call under way and closes the connection."""
        _LOOP.run(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
