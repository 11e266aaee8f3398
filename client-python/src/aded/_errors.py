"""What can go wrong, and the one place where a gRPC status becomes an exception of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "aded.io"

# Reasons that no server gave.
CLIENT_TIMEOUT = "CLIENT_TIMEOUT"
CLIENT_CANCELLED = "CLIENT_CANCELLED"
CONVERSATION_ENDED = "CONVERSATION_ENDED"
INCOMPLETE_ANSWER = "INCOMPLETE_ANSWER"
MALFORMED_ANSWER = "MALFORMED_ANSWER"

# Reasons of RESOURCE_EXHAUSTED after which the same request may succeed.
_PASSING = frozenset({"QUEUE_FULL", "QUEUE_WAIT", "PREPARATION_QUEUE_FULL", "MEMORY_BUSY", "INBOUND_BYTES"})


@dataclass(frozen=True)
class Violation:
    """A field of a request that is wrong.

    - `field`: its path from the request, such as `options.sampling.temperature`.
    - `description`: what is wrong, and what is allowed.
    """

    field: str
    description: str


class AdedError(Exception):
    """A call that failed. Each subclass is a kind of failure.

    - `message`: what happened, for people.
    - `reason`: stable, may be compared, such as `QUEUE_FULL`; empty if none was given.
    - `code`: the gRPC status, such as `RESOURCE_EXHAUSTED`; empty if no call was made.
    - `retry_after`: seconds after which it is worth trying again, if the server said so.
    - `violations`: every wrong field at once.
    - `text`: what had come of the answer.
    """

    kind: str = "INTERNAL"
    """Which kind of failure, such as `UNAVAILABLE`: one for each subclass."""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        code: str = "",
        retry_after: float | None = None,
        violations: tuple[Violation, ...] = (),
        text: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.code = code
        self.retry_after = retry_after
        self.violations = violations
        self.text = text

    def __str__(self) -> str:
        return f"{self.message} [{self.reason}]" if self.reason else self.message

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return False

    def with_text(self, text: str) -> AdedError:
        """The same failure, after another text."""
        return type(self)(
            self.message,
            reason=self.reason,
            code=self.code,
            retry_after=self.retry_after,
            violations=self.violations,
            text=text,
        )


class InvalidRequest(AdedError):
    """The request is wrong and will fail again; `violations` names every wrong field."""

    kind = "INVALID_REQUEST"


class FailedPrecondition(AdedError):
    """The request is fine, but not now, such as `CONVERSATION_HELD`."""

    kind = "FAILED_PRECONDITION"


class NotFound(AdedError):
    """The model or the conversation is not there: `MODEL_NOT_SERVED`, `CONVERSATION_NOT_FOUND`."""

    kind = "NOT_FOUND"


class ResourceExhausted(AdedError):
    """A limit is reached, such as `QUEUE_FULL`; `retry_after` says when to come back, if the server knows."""

    kind = "RESOURCE_EXHAUSTED"

    @property
    def retryable(self) -> bool:
        return self.reason in _PASSING


class Unavailable(AdedError):
    """Nobody answers, or the server is loading (`MODEL_LOADING`) or shutting down (`DRAINING`)."""

    kind = "UNAVAILABLE"

    @property
    def retryable(self) -> bool:
        return True


class DeadlineExceeded(AdedError):
    """The time limit has passed. Reason `CLIENT_TIMEOUT` if it was the caller's own."""

    kind = "DEADLINE_EXCEEDED"


class Cancelled(AdedError):
    """The call was cancelled. Reason `CLIENT_CANCELLED` if the caller did it."""

    kind = "CANCELLED"


class Denied(AdedError):
    """The token is missing or wrong, or does not allow this."""

    kind = "DENIED"


class Unsupported(AdedError):
    """A part of the API that this server does not serve; `violations` names it."""

    kind = "UNSUPPORTED"


class Internal(AdedError):
    """A fault of the server, of the network between, or of the native library."""

    kind = "INTERNAL"


class WrongCall(AdedError, RuntimeError):
    """The caller did what cannot be done, such as asking while an answer is being read. No server was asked."""

    kind = "WRONG_CALL"


class BadAnswer(AdedError, ValueError):
    """The answer is not of the type that was asked for, for instance because it was cut short; `text` is the answer."""

    kind = "BAD_ANSWER"


_KINDS: dict[grpc.StatusCode, type[AdedError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.ABORTED: FailedPrecondition,
    grpc.StatusCode.ALREADY_EXISTS: FailedPrecondition,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.UNAUTHENTICATED: Denied,
    grpc.StatusCode.PERMISSION_DENIED: Denied,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
}


# How gRPC's core tells of a stream that ended without a status, such as a proxy's page that says that the server is
# not there: by UNKNOWN, where other implementations say UNAVAILABLE.
_LOST = "Stream removed"


def is_limit(failed: AdedError) -> bool:
    """Whether a call's time limit has passed, which the server may have noticed first and said so."""
    return isinstance(failed, DeadlineExceeded) and failed.reason in ("", "DEADLINE")


def decode(failed: grpc.aio.AioRpcError, text: str = "") -> AdedError:
    """The exception for a status; details of kinds that are not known are passed over."""
    reason, violations, retry_after = "", (), None  # type: str, tuple[Violation, ...], float | None
    trailers: Any = failed.trailing_metadata() or ()
    for key, value in trailers:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            reason, violations, retry_after = _details(value)
    code = failed.code()
    message = failed.details() or code.name
    if code is grpc.StatusCode.UNKNOWN and message.startswith(_LOST):
        code = grpc.StatusCode.UNAVAILABLE
    return _KINDS.get(code, Internal)(
        message, reason=reason, code=code.name, retry_after=retry_after, violations=violations, text=text
    )


def _details(raw: bytes) -> tuple[str, tuple[Violation, ...], float | None]:
    reason = ""
    violations: tuple[Violation, ...] = ()
    retry_after = None
    try:
        for detail in status_pb2.Status.FromString(raw).details:
            info, bad, retry = (
                error_details_pb2.ErrorInfo(),
                error_details_pb2.BadRequest(),
                error_details_pb2.RetryInfo(),
            )
            if detail.Unpack(info):
                reason = info.reason if info.domain == DOMAIN else reason
            elif detail.Unpack(bad):
                violations = tuple(Violation(wrong.field, wrong.description) for wrong in bad.field_violations)
            elif detail.Unpack(retry):
                retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    except DecodeError:
        pass  # the status itself still says what happened; half-read details are better than another failure
    return reason, violations, retry_after
