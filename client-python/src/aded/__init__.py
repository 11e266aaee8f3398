"""Talk to an aded sidecar: a llama.cpp model served over gRPC, with lossless speculative decoding.

    from aded import Client

    with Client("localhost:50051") as client:
        print(client.chat("Name three rivers.").text)

`Client` and `AsyncClient` are twins; what they give and raise is the same. Begin with `Client.chat`, `Client.stream`
and `Client.converse`; `Settings` lists what may be set for an answer, `AdedError` what can go wrong.
"""

import os as _os

# gRPC's library logs every connection that ends; who wants that sets the variable.
_os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from ._aio import AsyncClient
from ._conversation import AsyncConversation
from ._core import VERSION as __version__
from ._errors import (
    AdedError,
    BadAnswer,
    Cancelled,
    DeadlineExceeded,
    Denied,
    FailedPrecondition,
    Internal,
    InvalidRequest,
    NotFound,
    ResourceExhausted,
    Unavailable,
    Unsupported,
    Violation,
    WrongCall,
)
from ._options import Constraint, Draft, Prompt, Reasoning, Sampling, Settings, Tls, Tool
from ._retry import RetryPolicy
from ._schema import schema_of
from ._stream import AsyncAnswerStream
from ._sync import AnswerStream, Client, Conversation
from ._types import (
    Alternative,
    Answer,
    ConversationInfo,
    Delta,
    DraftArm,
    DraftModel,
    DraftModelStatistics,
    DraftNode,
    Drafter,
    DraftStatistics,
    Event,
    Finished,
    FinishReason,
    Limits,
    Load,
    Message,
    Model,
    ReasoningDelta,
    Round,
    Server,
    Speculation,
    Text,
    TokenCount,
    TokenLogProbability,
    Tokens,
    ToolCall,
    ToolCallDelta,
    ToolOutcome,
    ToolResult,
    Usage,
)

__all__ = [
    "Client",
    "AnswerStream",
    "Conversation",
    "AsyncClient",
    "AsyncAnswerStream",
    "AsyncConversation",
    "Settings",
    "Prompt",
    "Message",
    "Text",
    "Tokens",
    "Sampling",
    "Constraint",
    "Draft",
    "Reasoning",
    "Tool",
    "RetryPolicy",
    "Tls",
    "Event",
    "Delta",
    "ReasoningDelta",
    "ToolCallDelta",
    "Round",
    "DraftNode",
    "Finished",
    "FinishReason",
    "Answer",
    "Usage",
    "Speculation",
    "TokenLogProbability",
    "Alternative",
    "ToolCall",
    "ToolResult",
    "ToolOutcome",
    "ConversationInfo",
    "Model",
    "Server",
    "Drafter",
    "Limits",
    "Load",
    "DraftStatistics",
    "DraftArm",
    "DraftModel",
    "DraftModelStatistics",
    "TokenCount",
    "AdedError",
    "InvalidRequest",
    "FailedPrecondition",
    "NotFound",
    "ResourceExhausted",
    "Unavailable",
    "DeadlineExceeded",
    "Cancelled",
    "Denied",
    "Unsupported",
    "Internal",
    "WrongCall",
    "BadAnswer",
    "Violation",
    "schema_of",
    "__version__",
]
