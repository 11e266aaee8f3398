"""What answers consist of, and what a server tells of itself. All are immutable values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal

from typing_extensions import TypeVar

T = TypeVar("T", default=None)

FinishReason = Literal["STOP", "LENGTH", "CONTEXT_FULL", "CANCELLED", "TOOL_CALLS", "OTHER"]
"""Why an answer ended: the model was done (STOP), a limit (LENGTH, CONTEXT_FULL), the caller (CANCELLED), or it waits
for the results of its calls (TOOL_CALLS). OTHER is a reason of a newer server."""


@dataclass(frozen=True)
class Alternative:
    """A token that could have been: its id, its text, the natural logarithm of its probability."""

    token: int
    text: str
    log_probability: float


@dataclass(frozen=True)
class TokenLogProbability:
    """What the model thought of a token that it emitted, before any filter: the natural logarithm of its probability,
    at most 0, and the best tokens in its place, best first."""

    token: int
    text: str
    log_probability: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Delta:
    """The answer grows by `text`; empty while a character, or what may be a stop string, is held back."""

    text: str
    tokens: tuple[int, ...] = ()
    log_probabilities: tuple[TokenLogProbability, ...] = ()


@dataclass(frozen=True)
class ReasoningDelta:
    """The reasoning before the answer grows by `text`."""

    text: str
    tokens: tuple[int, ...] = ()
    log_probabilities: tuple[TokenLogProbability, ...] = ()


@dataclass(frozen=True)
class ToolCallDelta:
    """A tool call grows by `arguments`, JSON text. `id` and `name` come with the first piece of the call `index`."""

    index: int
    id: str
    name: str
    arguments: str
    tokens: tuple[int, ...] = ()
    log_probabilities: tuple[TokenLogProbability, ...] = ()


@dataclass(frozen=True)
class DraftNode:
    """A guess: a token, the index of its parent in `Round.nodes` (-1 for the root, which was emitted before), the
    drafter's estimate that it is accepted, 0 to 1, and whether it was. `source` is what guessed it: `table`, `model`,
    `both`, `grammar`, or the drafter's name; empty for the root, and if it is not told."""

    token: int
    text: str
    parent: int
    probability: float
    accepted: bool
    source: str = ""


@dataclass(frozen=True)
class Round:
    """A draft-and-verify round is over. Comes if `report_rounds` is set, after the round's delta. Times are seconds.

    `arm` is which of several ways to draft it took, where the drafter has a choice, and `arm_reason` why that one.
    """

    index: int
    drafter: str
    nodes: tuple[DraftNode, ...]
    emitted_tokens: tuple[int, ...]
    proposed_nodes: int
    batch_tokens: int
    batch_streams: int
    draft_time: float
    verify_time: float
    arm: str = ""
    arm_reason: str = ""


@dataclass(frozen=True)
class Usage:
    """What an answer cost.

    - `prompt_tokens`: of the whole prompt, history and chat template included.
    - `cached_prompt_tokens`: those of them that needed no computing; None if the server does not tell.
    - `completion_tokens`: drawn for the answer, the end token included.
    - `reasoning_tokens`: those of them that were reasoning.
    - `queue_time`, `time_to_first_token`, `total_time`: seconds since the prompt was submitted.
    """

    prompt_tokens: int = 0
    cached_prompt_tokens: int | None = None
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    queue_time: float = 0.0
    time_to_first_token: float = 0.0
    total_time: float = 0.0


@dataclass(frozen=True)
class Speculation:
    """How drafting fared, by the names that vLLM and llama.cpp publish. Times are seconds.

    `mean_acceptance_length` is tokens per round that had a draft, `draft_acceptance_rate` accepted by verified draft
    tokens, `acceptance_histogram[i]` the rounds that accepted exactly i, `num_accepted_tokens_per_pos[i]` those
    accepted at depth i + 1.
    """

    num_spec_steps: int = 0
    num_steps: int = 0
    num_draft_tokens: int = 0
    num_accepted_draft_tokens: int = 0
    mean_acceptance_length: float = 0.0
    draft_acceptance_rate: float = 0.0
    acceptance_histogram: tuple[int, ...] = ()
    num_accepted_tokens_per_pos: tuple[int, ...] = ()
    expected_accepted_draft_tokens: float = 0.0
    draft_time: float = 0.0
    verify_time: float = 0.0
    host_time: float = 0.0


@dataclass(frozen=True)
class Finished:
    """The answer is complete. The last event. With `seed` the same request gives the same answer."""

    reason: FinishReason
    usage: Usage
    seed: int
    speculation: Speculation


Event = Delta | ReasoningDelta | ToolCallDelta | Round | Finished
"""What happens while an answer grows: any number of deltas (and of rounds, if asked for), then one `Finished`."""


@dataclass(frozen=True)
class ToolCall:
    """A call that the model wants made; `arguments` is a JSON object, as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolResult:
    """What a call gave: `id` of the call, and the result as text, often JSON."""

    id: str
    content: str
    name: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class ToolOutcome:
    """A call that was made while tools were run: the arguments as the model gave them, and what the function gave."""

    name: str
    arguments: dict[str, object]
    result: str
    is_error: bool = False


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A whole answer.

    - `text`, `tokens`, `log_probabilities` (if asked for), `reasoning` (if there was any).
    - `tool_calls`: what the model wants called, if `reason` is TOOL_CALLS.
    - `reason`, `usage`, `seed`, `speculation`: why it ended, what it cost, how drafting fared.
    - `value`: the answer as the type that was asked for with `result=`, else None.
    - `calls`: what was called on the way, where tools were run.
    """

    text: str
    tokens: tuple[int, ...]
    log_probabilities: tuple[TokenLogProbability, ...]
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    finished: Finished
    value: T
    calls: tuple[ToolOutcome, ...] = ()

    @property
    def reason(self) -> FinishReason:
        """Why it ended."""
        return self.finished.reason

    @property
    def usage(self) -> Usage:
        """What it cost."""
        return self.finished.usage

    @property
    def seed(self) -> int:
        """Of the random stream; with it the same request gives the same answer."""
        return self.finished.seed

    @property
    def speculation(self) -> Speculation:
        """How drafting fared."""
        return self.finished.speculation

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Message:
    """A message of a conversation. `role` is `system`, `user`, `assistant`, `tool`, or another that the model's
    template knows.

    - `content`: the text.
    - `reasoning`, `tool_calls`: what the model thought and called before; of an `assistant`.
    - `tool_results`: what calls gave; of a `tool`.
    """

    role: str
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()

    @staticmethod
    def system(content: str) -> Message:
        """What the model is told beforehand."""
        return Message("system", content)

    @staticmethod
    def user(content: str) -> Message:
        """What the user says."""
        return Message("user", content)

    @staticmethod
    def assistant(answer: str | Answer[object]) -> Message:
        """What the model answered before: its text, or a whole `Answer` with reasoning and tool calls."""
        if isinstance(answer, str):
            return Message("assistant", answer)
        return Message("assistant", answer.text, answer.reasoning, answer.tool_calls)

    @staticmethod
    def tool(*results: ToolResult) -> Message:
        """What the calls of the last answer gave."""
        return Message("tool", tool_results=results)


@dataclass(frozen=True)
class Text:
    """A prompt that is raw text to continue, without the model's chat template."""

    text: str


@dataclass(frozen=True)
class Tokens:
    """A prompt that is token ids to continue, as they are."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class TokenCount:
    """Tokens that a prompt takes, and tokens that the context holds, prompt and answer together."""

    tokens: int
    context_tokens: int


@dataclass(frozen=True)
class ConversationInfo:
    """What was opened. `retention` is for how many seconds it is kept after its stream ends; None if it is not."""

    id: str
    resumed: bool
    history_tokens: int
    retention: float | None
    model: str
    context_tokens: int
    library: str
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """A model that is served. Sizes are bytes; a vocabulary's ids run from 0 to its size, exclusive."""

    name: str
    architecture: str
    description: str
    quantization: str
    parameters: int
    size_bytes: int
    trained_context_tokens: int
    context_tokens: int
    layers: int
    embedding_size: int
    recurrent: bool
    vocabulary_size: int
    vocabulary_kind: str
    beginning_of_sequence: int | None
    end_of_sequence: int | None
    chat_template: str
    devices: tuple[str, ...]
    library: str


@dataclass(frozen=True)
class Drafter:
    """A drafter that `draft=` may name; a `baseline` is there for comparison only."""

    name: str
    description: str
    baseline: bool


@dataclass(frozen=True)
class Load:
    """How busy a server was a moment ago; a cell of the KV cache holds a token."""

    running: int = 0
    waiting: int = 0
    parked: int = 0
    conversations: int = 0
    cells_used: int = 0
    cells: int = 0
    passes_total: int = 0
    tokens_total: int = 0


@dataclass(frozen=True)
class Limits:
    """What a server allows; times are seconds, 0 where it does not say."""

    context_tokens: int = 0
    max_running: int = 0
    max_waiting: int = 0
    max_wait: float = 0.0
    max_message_bytes: int = 0
    max_retention: float = 0.0
    max_unread: float = 0.0


@dataclass(frozen=True)
class DraftModel:
    """A model that guesses what the served one will say.

    - `name`: its name in the catalogue, or its file's name.
    - `quantization`: the predominant tensor type.
    - `size_bytes`: its file's length; 0 if there is no file.
    - `layers`: the number of transformer blocks.
    - `self_draft`: whether it is made of the served model's own weights.
    - `shares_cache`: whether it takes over the served model's KV cells.
    """

    name: str
    quantization: str
    size_bytes: int
    layers: int
    self_draft: bool
    shares_cache: bool


@dataclass(frozen=True)
class Server:
    """A server: versions, limits, what it offers. `capabilities` names the optional parts of the API that it has;
    `draft_model` is None if there is none."""

    version: str
    library: str
    runtime: str
    start_time: datetime | None
    limits: Limits
    load: Load
    drafters: tuple[Drafter, ...]
    capabilities: frozenset[str]
    draft_model: DraftModel | None = None


@dataclass(frozen=True)
class DraftArm:
    """How a way to draft fared among which a drafter chooses round by round, over all streams. Times are seconds.

    - `drafter`: the drafter that chooses.
    - `arm`: the way: `none`, `table`, `model` or `both` (table and draft model in one tree).
    - `num_steps`: rounds that it drafted.
    - `num_probes`: those of them in which it was tried although another looked better.
    - `num_draft_tokens`: draft tokens of its rounds that were verified.
    - `num_accepted_draft_tokens`: those of them that the model agreed with.
    - `num_tokens`: tokens emitted in its rounds.
    - `time`: what its rounds took.
    - `weight`: its share of the choice at this moment, 0 to 1.
    - `hindsight`: what all rounds would have taken by it alone less what their tokens were worth, in plain tokens
      (what a token takes without a draft); the lowest is the best in hindsight.
    - `regret`: what was taken above the best single way in hindsight, in plain tokens; the same in all ways of a
      drafter.
    """

    drafter: str
    arm: str
    num_steps: int
    num_probes: int
    num_draft_tokens: int
    num_accepted_draft_tokens: int
    num_tokens: int
    time: float
    weight: float
    hindsight: float
    regret: float


@dataclass(frozen=True)
class DraftModelStatistics:
    """What a draft model is, and what it did since the server started. Times are seconds.

    - `model`: the model; None if the server does not know it.
    - `num_passes`: forward passes of it.
    - `num_asked_tokens`: tokens after which it was asked what comes next.
    - `time`: time of its passes and of taking over cells.
    - `num_read_tokens`: tokens of texts that it computed itself.
    - `num_copies`: times that it took over cells of the served model's.
    - `num_copied_tokens`: tokens that it need not compute because of that.
    - `num_refused_copies`: times that cells could not be taken over.
    - `num_evictions`: streams that lost their cells in its cache to others.
    - `num_without_room`: passes of it that found no room in its cache.
    - `num_failures`: passes of it, and takings of cells, that failed.
    - `num_steps`: rounds in which it guessed.
    - `num_unpaid_steps`: rounds in which it was not asked, since that was not expected to pay.
    - `num_unready_steps`: rounds in which it was asked and had no guess.
    - `num_unusable_steps`: rounds that had to do without it because it has failed for good.
    - `trouble`: why it does not guess any more; empty while it does.
    """

    model: DraftModel | None
    num_passes: int
    num_asked_tokens: int
    time: float
    num_read_tokens: int
    num_copies: int
    num_copied_tokens: int
    num_refused_copies: int
    num_evictions: int
    num_without_room: int
    num_failures: int
    num_steps: int
    num_unpaid_steps: int
    num_unready_steps: int
    num_unusable_steps: int
    trouble: str


@dataclass(frozen=True)
class DraftStatistics:
    """How drafting has fared, in all and by drafter.

    `arms` are the ways to draft among which drafters choose beside a draft model, and `draft_model` is what that did:
    empty and None without one, and for a conversation.
    """

    totals: Speculation
    drafters: dict[str, Speculation] = field(default_factory=dict)
    arms: tuple[DraftArm, ...] = ()
    draft_model: DraftModelStatistics | None = None
