"""What both twins share and what needs no connection: putting answers together, running tools, comparing versions."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Any

from . import _types as t
from ._errors import BadAnswer
from ._options import Constraint, Settings, Tool
from ._schema import arguments_for, parse
from ._wire import tool_of

try:
    VERSION = metadata.version("aded")
except metadata.PackageNotFoundError:  # a source tree that was not installed
    VERSION = "development"

MOST_TOOL_ROUNDS = 8


class Collector:
    """Puts an answer together from its events."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tokens: list[int] = []
        self._log_probabilities: list[t.TokenLogProbability] = []
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self.finished: t.Finished | None = None
        self.begun = False

    def add(self, event: t.Event) -> None:
        self.begun = True
        if isinstance(event, t.Delta):
            self._text.append(event.text)
        elif isinstance(event, t.ReasoningDelta):
            self._reasoning.append(event.text)
        elif isinstance(event, t.ToolCallDelta):
            self._calls.setdefault(event.index, (event.id, event.name, []))[2].append(event.arguments)
        elif isinstance(event, t.Finished):
            self.finished = event
            return
        else:
            return
        self._tokens += event.tokens
        if event.log_probabilities:
            self._log_probabilities += event.log_probabilities

    def takers(self) -> tuple[Callable[[str], None], Callable[[Iterable[int]], None], Callable[[Any], None]]:
        """What takes a delta's text, its tokens, its log-probabilities, quicker than `add`; for one after an event."""
        return self._text.append, self._tokens.extend, self._log_probabilities.extend

    @property
    def text(self) -> str:
        if len(self._text) > 1:
            self._text[:] = ["".join(self._text)]
        return self._text[0] if self._text else ""

    def answer(self, result: type[Any] | None) -> t.Answer[Any]:
        assert self.finished is not None
        value = None
        if result is not None:
            if self.finished.reason not in ("STOP", "OTHER"):
                raise BadAnswer(f"the answer was cut short ({self.finished.reason})", text=self.text)
            value = parse(result, self.text)
        return t.Answer(
            self.text,
            tuple(self._tokens),
            tuple(self._log_probabilities),
            "".join(self._reasoning),
            tuple(t.ToolCall(id, name, "".join(pieces)) for id, name, pieces in self._calls.values()),
            self.finished,
            value,
        )


def with_result(settings: Settings, result: type[Any] | None) -> Settings:
    """The settings, and a schema of the type that the answer is to be of."""
    return settings if result is None else {**settings, "constraint": Constraint.json_schema(result)}


class ToolBox:
    """Tools that have functions, and what was called of them."""

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]]) -> None:
        self.tools: Sequence[Tool] = [tool_of(tool) for tool in tools]
        self.calls: list[t.ToolOutcome] = []
        self._functions = {tool.name: tool.function for tool in self.tools if tool.function is not None}

    def prepare(self, call: t.ToolCall) -> tuple[Callable[..., Any] | None, dict[str, Any], str]:
        """The function and its arguments; or none, and what is wrong."""
        try:
            given = json.loads(call.arguments or "{}")
        except ValueError as wrong:
            return None, {}, f"the arguments are no JSON: {wrong}"
        function = self._functions.get(call.name)
        if function is None:
            return None, given, f"there is no tool {call.name!r}; there are {', '.join(self._functions)}"
        try:
            return function, arguments_for(function, given), ""
        except ValueError as wrong:
            return None, given, str(wrong)

    def done(self, call: t.ToolCall, result: Any, error: str) -> t.ToolResult:
        """Remembers a call, and says its result as the model is told it."""
        text = error or (result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=_plain))
        try:
            given = json.loads(call.arguments or "{}")
        except ValueError:
            given = {}
        self.calls.append(t.ToolOutcome(call.name, given, text, bool(error)))
        return t.ToolResult(call.id, text, call.name, bool(error))


def describe(failed: BaseException) -> str:
    """What the model is told of a function that failed."""
    return f"{type(failed).__name__}: {failed}"


def _plain(value: Any) -> Any:
    from dataclasses import asdict, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


class VersionCheck:
    """Warns once if the server is of a version that this client was not made for."""

    def __init__(self) -> None:
        self.done = False

    def seen(self, server: str | None) -> None:
        if self.done:
            return
        self.done = True
        ours, theirs = _series(VERSION), _series(server or "")
        if ours is None or theirs is None or ours == theirs:
            return
        older = "client" if ours < theirs else "server"
        warnings.warn(
            f"this is aded {VERSION}, the server is {server}: what the newer one added does not work; "
            f"update the {older}",
            stacklevel=2,
        )


def _series(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None
