"""How answers are made: what callers may set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import TypedDict

from ._schema import schema_of
from ._types import Message, Text, Tokens

Prompt = str | Message | Sequence[Message] | Text | Tokens
"""What to answer: what the user says, messages, or raw `Text` or `Tokens` to continue. In a conversation only what is
new."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. None leaves a value as it is in force. Ranges are checked by the server, all at once.

    - `temperature`: 0 (always the best token) to 100.
    - `seed`: of the random stream, 0 to 4294967295; the server draws one if none is in force.
    - `top_k`, `top_p`, `min_p`, `typical_p`, `top_n_sigma`: which tokens are kept.
    - `logit_bias`: added to the logits of token ids.
    - The others are as in `sampling.proto`.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    penalty_window: int | None = None
    seed: int | None = None
    logit_bias: Mapping[int, float] | None = None
    top_n_sigma: float | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    dynamic_temperature_range: float | None = None
    dynamic_temperature_exponent: float | None = None
    mirostat_tau: float | None = None
    mirostat_eta: float | None = None
    dry_multiplier: float | None = None
    dry_base: float | None = None
    dry_allowed_length: int | None = None
    dry_window: int | None = None
    dry_sequence_breakers: Sequence[str] | None = None


@dataclass(frozen=True)
class Draft:
    """How the server guesses ahead: faster or slower, never another answer. None leaves a value as it is in force.

    - `mode`: `auto`, `off`, or a drafter of `Server.drafters`; it brings its own bounds where they are not set.
    - `max_nodes`: draft tokens a round, 0 to 256; `max_depth`, `max_branches`: of the tree, 1 to 64.
    - `share_learned`: consent that what is learned from this text may outlive the conversation.
    - `allow_training`: consent that a server that keeps answers for it writes prompts and answers to its disk, to train
      draft models by.
    """

    mode: str | None = None
    max_nodes: int | None = None
    max_depth: int | None = None
    max_branches: int | None = None
    share_learned: bool | None = None
    allow_training: bool | None = None


@dataclass(frozen=True)
class Reasoning:
    """How reasoning is treated, for models that mark it: its most tokens (0 none, -1 no bound), and whether it is
    sent."""

    budget: int | None = None
    include: bool | None = None


@dataclass(frozen=True)
class Constraint:
    """What the whole answer must match; made by one of the methods."""

    kind: Literal["none", "grammar", "json_schema", "regular_expression", "json_object"]
    value: str = ""

    @staticmethod
    def none() -> Constraint:
        """Explicitly nothing, whatever the conversation's default is."""
        return Constraint("none")

    @staticmethod
    def grammar(gbnf: str) -> Constraint:
        """A grammar in llama.cpp's notation, from its rule `root`."""
        return Constraint("grammar", gbnf)

    @staticmethod
    def json_schema(schema: str | Mapping[str, Any] | type) -> Constraint:
        """A JSON schema: as text, as a dictionary, or of a type (a dataclass, a pydantic model, …)."""
        import json

        if isinstance(schema, str):
            return Constraint("json_schema", schema)
        return Constraint("json_schema", json.dumps(schema if isinstance(schema, Mapping) else schema_of(schema)))

    @staticmethod
    def regular_expression(pattern: str) -> Constraint:
        """A regular expression (ECMA-262) for the whole answer."""
        return Constraint("regular_expression", pattern)

    @staticmethod
    def json_object() -> Constraint:
        """Any JSON object."""
        return Constraint("json_object")


@dataclass(frozen=True)
class Tool:
    """A function that the model may call. `parameters` is a JSON schema of an object, as text; empty takes none.
    `strict` holds the arguments to it (the server's default). `function` is what `run_tools` calls, with the
    arguments by name."""

    name: str
    description: str = ""
    parameters: str = ""
    strict: bool | None = None
    function: Callable[..., Any] | None = None


class TurnSettings(TypedDict, total=False):
    """`Settings` but for `tools`."""

    sampling: Sampling
    temperature: float
    seed: int
    constraint: Constraint
    draft: Draft | str
    max_tokens: int
    stop: str | Sequence[str]
    stop_tokens: Sequence[int]
    ignore_end: bool
    log_probabilities: int
    report_rounds: bool
    priority: int
    prefix_sharing: Literal["none", "caller", "all"]
    tool_choice: str
    parallel_tool_calls: bool
    reasoning: Reasoning
    template_variables: Mapping[str, Any]
    reset: Sequence[str]
    timeout: float


class Settings(TurnSettings, total=False):
    """Keyword arguments of everything that makes an answer. What is left out is as the conversation has it, or the
    server.

    - `sampling`, or just `temperature` and `seed`: how tokens are drawn.
    - `constraint`: what the answer must match. `draft`: how the server guesses ahead, a `Draft` or a mode's name.
    - `max_tokens`: 1 or more; 0 is as many as there is room for. `stop`: strings (`stop_tokens`: ids) that end it.
    - `tools`: functions or `Tool`s; `tool_choice`: `auto`, `none`, `required`, or a name; `parallel_tool_calls`.
    - `reasoning`; `template_variables`: for the model's chat template.
    - `log_probabilities`: alternatives to report with each token, 0 to 20. `report_rounds`: whether `Round`s are sent.
    - `priority`: -100 to 100. `prefix_sharing`: `none`, `caller` or `all`. `ignore_end`: for benchmarks.
    - `reset`: paths, such as `sampling.seed` or `*`, that return to the server's own default.
    - `timeout`: seconds that the answer may take in all.
    """

    tools: Sequence[Tool | Callable[..., Any]]


@dataclass(frozen=True)
class Tls:
    """Encryption. Files are PEM.

    - `ca`: the authorities to trust; those of the system if None.
    - `certificate`, `key`: the client's own, where the server wants one (mTLS).
    - `server_name`: the name in the server's certificate, where it is not that of the target.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
