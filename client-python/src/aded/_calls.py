"""What calls are made of: methods, messages that may be none, time limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from ._errors import (
    CLIENT_CANCELLED,
    CLIENT_TIMEOUT,
    Cancelled,
    DeadlineExceeded,
)
from .v1 import inference_service_pb2 as inference

# The stubs do not know it.
EOF: Any = vars(grpc.aio)["EOF"]

INFERENCE = "/aded.v1.InferenceService/"
MODELS = "/aded.v1.ModelService/"
DRAFTS = "/aded.v1.DraftService/"


class Malformed:
    """What stands for bytes that are no message."""

    def WhichOneof(self, _: str) -> None:
        """No event."""


def parser(message: Any) -> Callable[[bytes], Any]:
    def parse(raw: bytes) -> Any:
        try:
            return message.FromString(raw)
        except DecodeError:
            return Malformed()

    return parse


ANSWERS = parser(inference.GenerateResponse)
CONVERSATIONS = parser(inference.ConverseResponse)


def heard(task: asyncio.Future[Any]) -> None:
    """Looks at what became of a task, so that asyncio does not complain where nobody else does."""
    if not task.cancelled():
        task.exception()


def status_of(code: grpc.StatusCode, trailers: Any, details: str) -> grpc.aio.AioRpcError:
    none: Any = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, none, trailers, details, "")


async def settled(call: Any, failed: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
    """The status of a call that was over while it was written to. gRPC reports such a write as a fault of its own
    until the status itself has been read."""
    pause, patience = 0.002, 5.0  # the status is on its way, and on a busy machine that takes a while
    while patience > 0 and failed.details() == "Internal error from Core":
        await asyncio.sleep(pause)
        patience -= pause
        pause = min(2 * pause, 0.05)
        failed = status_of(await call.code(), await call.trailing_metadata(), await call.details())
    return failed


class Clock:
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


def cancelled(text: str, what: str = "the answer was cancelled by its reader") -> Cancelled:
    return Cancelled(what, reason=CLIENT_CANCELLED, code="CANCELLED", text=text)


def being_cancelled() -> bool:
    """Whether somebody cancels this task, or its loop ends: not its call alone. Python 3.10 cannot tell."""
    task: Any = asyncio.current_task()
    return task is not None and hasattr(task, "cancelling") and task.cancelling() > 0
