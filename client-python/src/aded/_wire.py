"""Messages to values and back. The only place, beside the calls themselves, that knows the generated classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from google.protobuf import duration_pb2, field_mask_pb2, struct_pb2

from . import _types as t
from ._options import Constraint, Draft, Prompt, Reasoning, Sampling, Settings, Tool
from ._schema import parameters_of
from .v1 import answer_pb2, chat_pb2, constraint_pb2, draft_pb2, draft_service_pb2, generation_pb2
from .v1 import inference_service_pb2 as inference
from .v1 import model_service_pb2 as models

# Fields of GenerationOptions that are taken over field by field; a mask may name what is in them.
_MERGED = ("sampling", "draft", "reasoning")

_SETTINGS = Settings.__required_keys__ | Settings.__optional_keys__
_SHARING = {"none": 1, "caller": 2, "all": 3}
_CHOICES = {"auto": 1, "none": 2, "required": 3}
_REASONS: dict[int, t.FinishReason] = {
    1: "STOP",
    2: "LENGTH",
    3: "CONTEXT_FULL",
    4: "CANCELLED",
    5: "TOOL_CALLS",
}


# --- to the server


def tool_of(tool: Tool | Callable[..., Any]) -> Tool:
    """A tool as such, from a function: its name, its documentation, a schema of its arguments."""
    if isinstance(tool, Tool):
        return tool
    name = getattr(tool, "__name__", "")
    described = (tool.__doc__ or "").strip()
    return Tool(name, described, json.dumps(parameters_of(tool)), None, tool)


def duration(seconds: float) -> duration_pb2.Duration:
    made = duration_pb2.Duration()
    made.FromNanoseconds(round(seconds * 1e9))
    return made


def options(settings: Settings) -> generation_pb2.GenerationOptions:
    unknown = set(settings) - set(Settings.__annotations__)
    if unknown:
        raise TypeError(
            f"there is no setting {sorted(unknown)[0]!r}; there are {', '.join(sorted(Settings.__annotations__))}"
        )
    made = generation_pb2.GenerationOptions()
    _copy(settings.get("sampling"), made.sampling, made, "sampling")
    if "temperature" in settings:
        made.sampling.temperature = settings["temperature"]
    if "seed" in settings:
        made.sampling.seed = settings["seed"]
    if "constraint" in settings:
        made.constraint.CopyFrom(_constraint(settings["constraint"]))
    draft = settings.get("draft")
    _copy(Draft(mode=draft) if isinstance(draft, str) else draft, made.draft, made, "draft")
    _copy(settings.get("reasoning"), made.reasoning, made, "reasoning")
    for name in ("max_tokens", "ignore_end", "log_probabilities", "report_rounds", "priority", "parallel_tool_calls"):
        if name in settings:
            setattr(made, name, settings[name])
    stop = settings.get("stop", ())
    made.stop_strings.extend([stop] if isinstance(stop, str) else stop)
    made.stop_tokens.extend(settings.get("stop_tokens", ()))
    if "prefix_sharing" in settings:
        made.prefix_sharing = _SHARING[settings["prefix_sharing"]]  # type: ignore[assignment]
    for tool in map(tool_of, settings.get("tools", ())):
        made.tools.append(
            chat_pb2.Tool(name=tool.name, description=tool.description, parameters=tool.parameters, strict=tool.strict)
        )
    choice = settings.get("tool_choice")
    if choice is not None:
        if choice in _CHOICES:
            made.tool_choice.mode = _CHOICES[choice]  # type: ignore[assignment]
        else:
            made.tool_choice.tool = choice
    if settings.get("template_variables"):
        made.template_variables.CopyFrom(_struct(settings["template_variables"]))
    return made


def _copy(value: Sampling | Draft | Reasoning | None, into: Any, parent: Any, name: str) -> None:
    """What is set of a value, and nothing else."""
    if value is None:
        return
    for field in fields(value):
        said = getattr(value, field.name)
        if said is None:
            continue
        if isinstance(said, Mapping):
            getattr(into, field.name).update(said)
        elif isinstance(said, Sequence) and not isinstance(said, str):
            getattr(into, field.name).extend(said)
        else:
            setattr(into, field.name, said)
        parent_field = getattr(parent, name)
        parent_field.SetInParent()


def _constraint(constraint: Constraint) -> constraint_pb2.Constraint:
    if constraint.kind == "none":
        return constraint_pb2.Constraint(none=constraint_pb2.Unconstrained())
    if constraint.kind == "json_object":
        return constraint_pb2.Constraint(json_object=constraint_pb2.AnyJsonObject())
    return constraint_pb2.Constraint(**{constraint.kind: constraint.value})  # type: ignore[arg-type]


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(dict(values))
    return made


def mask(paths: Iterable[str]) -> field_mask_pb2.FieldMask:
    return field_mask_pb2.FieldMask(paths=list(paths))


def update(settings: Settings) -> inference.Update:
    """Without resets no mask: what is set changes. With them the mask names both."""
    changes = options(settings)
    made = inference.Update(options=changes)
    reset = list(settings.get("reset", ()))
    if reset:
        paths = []
        for field, value in changes.ListFields():
            if field.name in _MERGED:
                paths += [f"{field.name}.{inner.name}" for inner, _ in value.ListFields()]
            else:
                paths.append(field.name)
        made.update_mask.CopyFrom(mask(paths + [path for path in reset if path not in paths]))
    return made


def _messages(prompt: Prompt) -> chat_pb2.Chat | None:
    if isinstance(prompt, t.Message):
        prompt = [prompt]
    if isinstance(prompt, (str, t.Text, t.Tokens)):
        return None
    return chat_pb2.Chat(messages=[_message(message) for message in prompt])


def _message(message: t.Message) -> chat_pb2.ChatMessage:
    if not (message.reasoning or message.tool_calls or message.tool_results):
        return chat_pb2.ChatMessage(role=message.role, content=message.content)
    parts = []
    if message.reasoning:
        parts.append(chat_pb2.ContentPart(reasoning=message.reasoning))
    if message.content:
        parts.append(chat_pb2.ContentPart(text=message.content))
    for call in message.tool_calls:
        parts.append(
            chat_pb2.ContentPart(tool_call=chat_pb2.ToolCall(id=call.id, name=call.name, arguments=call.arguments))
        )
    for result in message.tool_results:
        parts.append(
            chat_pb2.ContentPart(
                tool_result=chat_pb2.ToolResult(
                    tool_call_id=result.id, name=result.name, content=result.content, is_error=result.is_error
                )
            )
        )
    return chat_pb2.ChatMessage(role=message.role, parts=parts)


def _fill(request: Any, prompt: Prompt) -> None:
    chat = _messages(prompt)
    if chat is not None:
        request.chat.CopyFrom(chat)
    elif isinstance(prompt, str):
        request.prompt = prompt
    elif isinstance(prompt, t.Text):
        request.text = prompt.text
    elif isinstance(prompt, t.Tokens):
        request.tokens.ids.extend(prompt.ids)


def generate(prompt: Prompt, settings: Settings, model: str) -> inference.GenerateRequest:
    request = inference.GenerateRequest(options=options(settings), model=model)
    _fill(request, prompt)
    return request


def turn(prompt: Prompt, settings: Settings) -> inference.ConverseRequest:
    made = inference.Turn(options=options(settings))
    _fill(made, prompt)
    if settings.get("reset"):
        made.reset.CopyFrom(mask(settings["reset"]))
    return inference.ConverseRequest(turn=made)


def opening(
    id: str, require_resume: bool, retention: float | None, model: str, settings: Settings
) -> inference.ConverseRequest:
    made = inference.Open(model=model, conversation_id=id, require_resume=require_resume, options=options(settings))
    if retention is not None:
        made.retention.CopyFrom(duration(retention))
    if settings.get("reset"):
        made.reset.CopyFrom(mask(settings["reset"]))
    return inference.ConverseRequest(open=made)


def count(prompt: Prompt, settings: Settings, model: str) -> inference.CountTokensRequest:
    if isinstance(prompt, t.Tokens):
        raise TypeError("token ids are counted already")
    request = inference.CountTokensRequest(options=options(settings), model=model)
    _fill(request, prompt)
    return request


# --- from the server


def seconds(of: duration_pb2.Duration) -> float:
    return of.seconds + of.nanos / 1e9


_new = object.__new__


def delta(
    message: answer_pb2.Delta, new: Callable[[type[t.Delta]], t.Delta] = _new, made_of: type[t.Delta] = t.Delta
) -> t.Delta:
    """Most events are these. Past the constructor, which for a frozen class takes twice as long. A slice of a repeated
    field is a list, and quicker than its iterator."""
    entries = message.log_probabilities
    made = new(made_of)
    fields = made.__dict__
    fields["text"] = message.text
    fields["tokens"] = tuple(message.tokens[:])
    fields["log_probabilities"] = _log_probabilities(entries) if entries else ()
    return made


def event(response: inference.GenerateResponse | inference.ConverseResponse) -> t.Event | None:
    """The event; None for one of a newer server."""
    kind = response.WhichOneof("event")
    if kind == "delta":
        return delta(response.delta)
    if kind == "finished":
        return _finished(response.finished)
    if kind == "reasoning_delta":
        thought = response.reasoning_delta
        return t.ReasoningDelta(thought.text, tuple(thought.tokens), _log_probabilities(thought.log_probabilities))
    if kind == "tool_call_delta":
        call = response.tool_call_delta
        return t.ToolCallDelta(
            call.index,
            call.id,
            call.name,
            call.arguments,
            tuple(call.tokens),
            _log_probabilities(call.log_probabilities),
        )
    if kind == "round":
        return _round(response.round)
    return None


def _log_probabilities(entries: Any) -> tuple[t.TokenLogProbability, ...]:
    if not entries:
        return ()
    return tuple(
        t.TokenLogProbability(
            each.token,
            each.text,
            each.log_probability,
            tuple(t.Alternative(a.token, a.text, a.log_probability) for a in each.alternatives),
        )
        for each in entries
    )


def _round(round: draft_pb2.Round) -> t.Round:
    return t.Round(
        round.index,
        round.drafter,
        tuple(
            t.DraftNode(node.token, node.text, node.parent, node.probability, node.accepted, node.source)
            for node in round.nodes
        ),
        tuple(round.emitted_tokens),
        round.proposed_nodes,
        round.batch_tokens,
        round.batch_streams,
        seconds(round.draft_time),
        seconds(round.verify_time),
        round.arm,
        round.arm_reason,
    )


def _finished(finished: answer_pb2.Finished) -> t.Finished:
    usage = finished.usage
    return t.Finished(
        _REASONS.get(finished.reason, "OTHER"),
        t.Usage(
            usage.prompt_tokens,
            usage.cached_prompt_tokens if usage.HasField("cached_prompt_tokens") else None,
            usage.completion_tokens,
            usage.reasoning_tokens,
            seconds(usage.queue_time),
            seconds(usage.time_to_first_token),
            seconds(usage.total_time),
        ),
        finished.seed,
        speculation(finished.speculation),
    )


def speculation(of: draft_pb2.SpeculationStatistics) -> t.Speculation:
    return t.Speculation(
        of.num_spec_steps,
        of.num_steps,
        of.num_draft_tokens,
        of.num_accepted_draft_tokens,
        of.mean_acceptance_length,
        of.draft_acceptance_rate,
        tuple(of.acceptance_histogram),
        tuple(of.num_accepted_tokens_per_pos),
        of.expected_accepted_draft_tokens,
        seconds(of.draft_time),
        seconds(of.verify_time),
        seconds(of.host_time),
    )


def opened(of: inference.Opened) -> t.ConversationInfo:
    return t.ConversationInfo(
        of.conversation_id,
        of.resumed,
        of.history_tokens,
        seconds(of.retention) if of.HasField("retention") else None,
        of.model,
        of.context_tokens,
        of.library,
        tuple(of.devices),
    )


def model(of: models.Model) -> t.Model:
    words = of.vocabulary
    return t.Model(
        of.name,
        of.architecture,
        of.description,
        of.quantization,
        of.parameters,
        of.size_bytes,
        of.trained_context_tokens,
        of.context_tokens,
        of.layers,
        of.embedding_size,
        of.recurrent,
        words.size,
        words.kind,
        words.beginning_of_sequence if words.HasField("beginning_of_sequence") else None,
        words.end_of_sequence if words.HasField("end_of_sequence") else None,
        of.chat_template,
        tuple(of.devices),
        of.library,
    )


def server(of: models.GetServerInfoResponse) -> t.Server:
    limits, load = of.limits, of.load
    return t.Server(
        of.version,
        of.library,
        of.runtime,
        of.start_time.ToDatetime() if of.HasField("start_time") else None,
        t.Limits(
            limits.context_tokens,
            limits.max_running,
            limits.max_waiting,
            seconds(limits.max_wait),
            limits.max_message_bytes,
            seconds(limits.max_retention),
            seconds(limits.max_unread),
        ),
        t.Load(
            load.running,
            load.waiting,
            load.parked,
            load.conversations,
            load.cells_used,
            load.cells,
            load.passes_total,
            load.tokens_total,
        ),
        tuple(t.Drafter(each.name, each.description, each.baseline) for each in of.drafters),
        frozenset(of.capabilities),
        _draft_model(of.draft_model) if of.HasField("draft_model") else None,
    )


def statistics(of: draft_service_pb2.GetDraftStatisticsResponse) -> t.DraftStatistics:
    return t.DraftStatistics(
        speculation(of.totals),
        {each.drafter: speculation(each.statistics) for each in of.drafters},
        tuple(_arm(arm) for arm in of.arms),
        _draft_model_statistics(of.draft_model) if of.HasField("draft_model") else None,
    )


def _draft_model(model: draft_pb2.DraftModel) -> t.DraftModel:
    return t.DraftModel(
        model.name,
        model.quantization,
        model.size_bytes,
        model.layers,
        model.self_draft,
        model.shares_cache,
    )


def _arm(arm: draft_service_pb2.DraftArm) -> t.DraftArm:
    return t.DraftArm(
        arm.drafter,
        arm.arm,
        arm.num_steps,
        arm.num_probes,
        arm.num_draft_tokens,
        arm.num_accepted_draft_tokens,
        arm.num_tokens,
        seconds(arm.time),
        arm.weight,
        arm.hindsight,
        arm.regret,
    )


def _draft_model_statistics(did: draft_service_pb2.DraftModelStatistics) -> t.DraftModelStatistics:
    return t.DraftModelStatistics(
        _draft_model(did.model) if did.HasField("model") else None,
        did.num_passes,
        did.num_asked_tokens,
        seconds(did.time),
        did.num_read_tokens,
        did.num_copies,
        did.num_copied_tokens,
        did.num_refused_copies,
        did.num_evictions,
        did.num_without_room,
        did.num_failures,
        did.num_steps,
        did.num_unpaid_steps,
        did.num_unready_steps,
        did.num_unusable_steps,
        did.trouble,
    )


# --- the standard health service, of which two small messages are all that is needed

_STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


def health_request(service: str) -> bytes:
    name = service.encode()
    return b"\x0a" + bytes([len(name)]) + name


def health_state(raw: bytes) -> str:
    return _STATES.get(raw[1] if len(raw) >= 2 and raw[0] == 8 else 0, "UNKNOWN")
