"""The conformance driver of this SDK (see conformance/README.md): `python conformance_driver.py [asyncio]`."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import warnings
import threading
from collections.abc import AsyncIterator
from typing import Any

import aded


@dataclasses.dataclass
class City:
    name: str
    population: int
    rivers: list[str]


def weather(city: str) -> dict[str, Any]:
    """The weather in a city."""
    return {"city": city, "celsius": 21}


def divide(a: int, b: int) -> float:
    """Divides."""
    return a / b


class Blocking:
    """The client without asyncio, behind the interface of the other one."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self.inner, {"aclose": "close"}.get(name, name))
        if name == "ask" or name == "stream":
            return lambda *a, **k: Blocking(inner(*a, **k))
        if not callable(inner):
            return inner

        async def called(*a: Any, **k: Any) -> Any:
            result = inner(*a, **k)
            return Blocking(result) if isinstance(result, aded.Conversation) else result

        return called

    async def __aiter__(self) -> AsyncIterator[Any]:
        for event in self.inner:
            yield event

    def cancel_later(self, seconds: float) -> None:
        threading.Timer(seconds, self.inner.cancel).start()


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def log_probabilities(of: Any) -> dict[str, Any]:
    return {"log_probabilities": [dataclasses.asdict(each) for each in of]} if of else {}


def usage(finished: aded.Finished) -> dict[str, Any]:
    told = dataclasses.asdict(finished.usage)
    return {
        "reason": finished.reason,
        "seed": finished.seed,
        "usage": {**told, "total_seconds": told["total_time"]},
        "speculation": dataclasses.asdict(finished.speculation),
    }


def event(of: aded.Event) -> dict[str, Any]:
    if isinstance(of, aded.Finished):
        return {"event": "finished", **usage(of)}
    told = dataclasses.asdict(of)
    told.pop("log_probabilities", None)
    names = {"Delta": "delta", "ReasoningDelta": "reasoning", "ToolCallDelta": "tool_call", "Round": "round"}
    return {"event": names[type(of).__name__], **told, **log_probabilities(getattr(of, "log_probabilities", ()))}


def answer(of: aded.Answer[Any]) -> dict[str, Any]:
    return {
        "text": of.text,
        "tokens": of.tokens,
        "reasoning": of.reasoning,
        "tool_calls": [dataclasses.asdict(call) for call in of.tool_calls],
        **usage(of.finished),
    }


def error(of: aded.AdedError) -> dict[str, Any]:
    return {
        "kind": of.kind,
        "code": of.code,
        "reason": of.reason,
        "message": of.message,
        "violations": [dataclasses.asdict(each) for each in of.violations],
        "retry_after_seconds": of.retry_after,
        "text": of.text,
    }


def settings(step: dict[str, Any]) -> dict[str, Any]:
    said = dict(step.get("options", {}))
    if "sampling" in said:
        said["sampling"] = aded.Sampling(**said["sampling"])
    if "draft" in said:
        said["draft"] = aded.Draft(**said["draft"])
    if "reasoning" in said:
        said["reasoning"] = aded.Reasoning(**said["reasoning"])
    if "constraint" in said:
        (kind, value), *_ = said["constraint"].items()
        make = getattr(aded.Constraint, kind)
        said["constraint"] = make() if kind in ("none", "json_object") else make(value)
    if "stop_strings" in said:
        said["stop"] = said.pop("stop_strings")
    if "tools" in said:
        said["tools"] = [aded.Tool(**tool) for tool in said["tools"]]
    if "tool_choice" in said:
        choice = said["tool_choice"]
        said["tool_choice"] = choice.get("tool") or choice["mode"].removeprefix("TOOL_CHOICE_MODE_").lower()
    timeout = step.get("timeout_ms", said.pop("timeout_ms", None))
    if timeout is not None:
        said["timeout"] = timeout / 1000
    if "reset" in step:
        said["reset"] = step["reset"]
    return said


def prompt(step: dict[str, Any]) -> Any:
    if "messages" in step:
        return [aded.Message(each["role"], each["content"]) for each in step["messages"]]
    if "text" in step:
        return aded.Text(step["text"])
    if "tokens" in step:
        return aded.Tokens(tuple(step["tokens"]))
    if "prompt_repeat" in step:
        return step["prompt_repeat"][0] * step["prompt_repeat"][1]
    return step["prompt"]


class Driver:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.conversations: dict[str, Any] = {}

    async def step(self, number: int, step: dict[str, Any]) -> Any:
        kind = step["do"]
        if "trace" in step:
            from opentelemetry import context, trace

            parent = trace.SpanContext(
                int(step["trace"]["trace"], 16), int(step["trace"]["span"], 16), True, trace.TraceFlags(1)
            )
            attached = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
            try:
                return await self.step(number, {key: value for key, value in step.items() if key != "trace"})
            finally:
                context.detach(attached)
        if kind in ("stream", "chat", "ask"):
            source = self.client
            if kind == "ask":
                source = self.conversations[step.get("name", "c")]
                stream = source.ask(prompt(step), **settings(step))
                if step.get("whole"):
                    return answer(await stream.answer())
            elif kind == "chat":
                return answer(await self.client.chat(prompt(step), **settings(step)))
            else:
                stream = self.client.stream(prompt(step), **settings(step))
            return await self.read(number, step, stream, source)
        if kind == "open":
            conversation = await self.client.converse(
                step.get("conversation_id", ""),
                require_resume=step.get("require_resume", False),
                retention=step["retention_ms"] / 1000 if "retention_ms" in step else None,
                open_timeout=step["timeout_ms"] / 1000 if "timeout_ms" in step else None,
                model=step.get("model"),
                **settings({"options": step.get("options", {})}),
            )
            self.conversations[step.get("name", "c")] = conversation
            info = dataclasses.asdict(conversation.info)
            return {"conversation_id": info["id"], **info}
        if kind == "update":
            await self.conversations[step.get("name", "c")].update(**settings(step))
        elif kind == "close":
            await self.conversations[step.get("name", "c")].aclose()
        elif kind == "sleep":
            await asyncio.sleep(step["ms"] / 1000)
        elif kind == "await_ready":
            await self.client.wait_ready(step["timeout_ms"] / 1000)
        elif kind == "typed":
            typed = await self.client.chat(step["prompt"], result=City)
            return {"value": dataclasses.asdict(typed.value)}
        elif kind == "tools":
            ran = await self.client.run_tools(step["prompt"], [weather, divide])
            return {**answer(ran), "calls": [dataclasses.asdict(call) for call in ran.calls]}
        elif kind == "tokenize":
            return {"tokens": await self.client.tokenize(step["text"])}
        elif kind == "detokenize":
            return {"text": await self.client.detokenize(step["tokens"])}
        elif kind == "count_tokens":
            return dataclasses.asdict(await self.client.count_tokens(prompt(step)))
        elif kind == "model":
            return dataclasses.asdict(await self.client.model(step.get("name", "")))
        elif kind == "models":
            return {"names": [model.name for model in await self.client.models()]}
        elif kind == "server":
            server = await self.client.server()
            drafters = [drafter.name for drafter in server.drafters]
            drafting = dataclasses.asdict(server.draft_model) if server.draft_model else None
            capabilities = sorted(server.capabilities)
            return {
                "version": server.version,
                "capabilities": capabilities,
                "drafters": drafters,
                "draft_model": drafting,
            }
        elif kind == "draft_statistics":
            told = dataclasses.asdict(await self.client.draft_statistics(step.get("conversation_id", "")))
            for timed in filter(None, (*told["arms"], told["draft_model"])):
                timed["seconds"] = timed.pop("time")
            return {**told["totals"], "arms": told["arms"], "draft_model": told["draft_model"]}
        else:
            raise NotImplementedError(kind)
        return None

    async def read(self, number: int, step: dict[str, Any], stream: Any, source: Any) -> Any:
        count = 0
        meanwhile = {}
        if "cancel_after_ms" in step:
            if isinstance(stream, Blocking):
                stream.cancel_later(step["cancel_after_ms"] / 1000)
            else:
                task = asyncio.get_running_loop().create_task
                asyncio.get_running_loop().call_later(step["cancel_after_ms"] / 1000, lambda: task(stream.cancel()))
        async for each in stream:
            say(step=number, **event(each))
            count += 1
            if count == 1 and step.get("ask_meanwhile"):
                try:
                    source.ask("too early")
                except aded.AdedError as refused:
                    meanwhile = {"meanwhile": error(refused)}
            if count == step.get("pause_after"):
                await asyncio.sleep(step["pause_ms"] / 1000)
            if count == step.get("cancel_after"):
                await stream.cancel()
            if count == step.get("close_after"):
                await stream.aclose()
                return None
            if count == step.get("close_conversation_after"):
                await source.aclose()
        return {**answer(await stream.answer()), **meanwhile}

    async def close(self) -> None:
        for conversation in self.conversations.values():
            await conversation.aclose()
        await self.client.aclose()


def connect(said: dict[str, Any], twin: str) -> Any:
    tls = said.get("tls")
    retry = said.get("retry", {})
    arguments = {
        "tls": aded.Tls(tls.get("ca"), tls.get("cert"), tls.get("key")) if tls is not None else False,
        "token": said.get("token"),
        "client_id": said.get("client_id"),
        "retry": aded.RetryPolicy(retry.get("attempts", 4), retry.get("initial_ms", 100) / 1000),
    }
    if twin == "asyncio":
        return aded.AsyncClient(said["target"], **arguments)
    return Blocking(aded.Client(said["target"], **arguments))


warned: list[str] = []
warnings.simplefilter("always", UserWarning)
warnings.showwarning = lambda message, *_, **__: warned.append(str(message))


async def play(vector: dict[str, Any], twin: str) -> None:
    client = vector["client"]
    driver = Driver(connect(client["connect"], twin))
    for number, step in enumerate(client["steps"]):
        try:
            said = {"result": await driver.step(number, step)}
        except aded.AdedError as failed:
            said = {"error": error(failed)}
        except KeyError as missing:
            said = {"error": {"kind": "NOT_OPEN_HERE", "message": str(missing)}}
        say(step=number, **said)
    await driver.close()
    say(done=vector["vector"], warnings=warned)
    warned.clear()


class _Runner:
    """One loop for all vectors, on Python 3.10."""

    def __enter__(self) -> _Runner:
        self.loop = asyncio.new_event_loop()
        return self

    def run(self, work: Any) -> None:
        self.loop.run_until_complete(work)

    def __exit__(self, *_: Any) -> None:
        self.loop.close()


def main() -> None:
    twin = sys.argv[1] if len(sys.argv) > 1 else "sync"
    with asyncio.Runner() if sys.version_info >= (3, 11) else _Runner() as runner:
        for line in sys.stdin:
            runner.run(play(json.loads(line), twin))


if __name__ == "__main__":
    main()
