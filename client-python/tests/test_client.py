from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import HI, OPENED, Scripted

import aded
from aded._core import VersionCheck

Start = Callable[..., Scripted]


@dataclass
class City:
    name: str
    population: int


def test_retry_pause_doubles_and_honours_the_server() -> None:
    policy = aded.RetryPolicy(attempts=3, initial=1.0, longest=5.0)
    away = aded.Unavailable("away")
    full = aded.ResourceExhausted("full", reason="QUEUE_FULL", retry_after=30.0)
    assert 0.8 <= (policy.pause(1, away, None) or 0) <= 1.2
    assert 1.6 <= (policy.pause(2, away, None) or 0) <= 2.4
    assert policy.pause(3, away, None) is None
    assert policy.pause(1, full, None) == 30.0
    assert policy.pause(1, full, 29.0) is None
    assert policy.pause(1, aded.Internal("fault"), None) is None
    assert policy.pause(1, aded.ResourceExhausted("never", reason="NOT_READ", retry_after=1.0), None) is None


def test_retry_policy_without_attempts_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        aded.RetryPolicy(attempts=0)


def test_error_says_kind_reason_and_text() -> None:
    failed = aded.ResourceExhausted("full", reason="QUEUE_FULL", code="RESOURCE_EXHAUSTED", retry_after=2.0)
    assert str(failed) == "full [QUEUE_FULL]"
    assert failed.kind == "RESOURCE_EXHAUSTED"
    assert failed.with_text("so far").text == "so far"
    assert failed.with_text("so far").retry_after == 2.0


def test_settings_that_are_not_there_are_named(scripted: Start) -> None:
    server = scripted(Generate=[HI])
    with pytest.raises(TypeError, match="no setting 'max_token'"):
        server.client().chat("Hello", max_token=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no setting 'max_token'"):
        server.client().converse(max_token=3)  # type: ignore[call-arg]
    assert server.seen() == {}


def test_chat_with_a_result_gives_a_value(scripted: Start) -> None:
    said = [{"send": {"delta": {"text": '{"name": "Rome", "population": 3}'}}}, HI[1]]
    answer = scripted(Generate=[said]).client().chat("Rome?", result=City)
    assert answer.value == City("Rome", 3)
    assert str(answer) == answer.text


def test_texts_are_the_text_and_nothing_else(scripted: Start) -> None:
    script = [{"send": {"reasoning_delta": {"text": "hm"}}}, {"send": {"delta": {"tokens": [1]}}}, *HI]
    client = scripted(Generate=[script]).client()
    assert list(client.stream("Hello").texts()) == ["Hi"]


def test_stream_dropped_in_the_middle_is_cancelled(scripted: Start) -> None:
    server = scripted(Generate=[[HI[0], {"await": "cancelled"}]])
    for _ in server.client().stream("Hello"):
        break
    gc.collect()
    assert server.server.calls[0].over.wait(5)
    assert server.seen()["Generate"][0]["ended"] == "CANCELLED"


def test_stream_cancelled_by_another_thread_fails_with_its_text(scripted: Start) -> None:
    server = scripted(Generate=[[HI[0], {"await": "cancelled"}]])
    stream = server.client().stream("Hello")
    first = next(stream)
    threading.Thread(target=stream.cancel).start()
    with pytest.raises(aded.Cancelled) as cancelled:
        next(stream)
    assert first == aded.Delta("Hi", (1,))
    assert cancelled.value.text == "Hi"
    assert cancelled.value.reason == "CLIENT_CANCELLED"


def test_client_of_many_threads_answers_each(scripted: Start) -> None:
    client = scripted(Generate=[HI]).client()
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(client.chat("Hello").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert texts == ["Hi"] * 8


def test_twins_in_one_process_both_answer(scripted: Start) -> None:
    server = scripted(Generate=[HI])

    async def other() -> str:
        async with aded.AsyncClient(server.server.target) as client:
            return (await client.chat("Hello")).text

    assert server.client().chat("Hello").text == "Hi"
    assert asyncio.run(other()) == "Hi"


def test_task_cancelled_while_it_reads_cancels_the_call(scripted: Start) -> None:
    server = scripted(Generate=[[HI[0], {"await": "cancelled"}]])

    async def read() -> None:
        async with aded.AsyncClient(server.server.target) as client:
            await asyncio.wait_for(client.chat("Hello"), 0.3)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(read())
    assert server.seen()["Generate"][0]["ended"] == "CANCELLED"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 cannot tell whether a task is being cancelled")
def test_answer_left_early_leaves_nothing_to_complain_of(scripted: Start) -> None:
    server = scripted(Generate=[[{**HI[0], "times": 100}, {"await": "cancelled"}]])
    complaints: list[Any] = []

    async def read() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with aded.AsyncClient(server.server.target) as client:
            stream = client.stream("Hello")
            events = aiter(stream)
            for _ in range(3):
                await anext(events)
            await stream.aclose()
            del events  # from here on the loop has it, and ends

    asyncio.run(read())
    assert complaints == []


def test_turn_whose_reader_gave_up_leaves_the_conversation(scripted: Start) -> None:
    turn = [{"await": "turn"}, {"send": {"turn": 1, **HI[0]["send"]}}, {"await": "cancel"}]
    end = {"send": {"turn": 1, "finished": {"reason": "FINISH_REASON_CANCELLED"}}}
    more = [{"await": "turn"}, {"send": {"turn": 2, **HI[1]["send"]}}, {"await": "half_close"}]
    server = scripted(Converse=[[{"await": "open"}, OPENED, *turn, end, *more]])

    async def talk() -> str:
        async with aded.AsyncClient(server.server.target) as client, client.converse() as conversation:
            with pytest.raises(asyncio.TimeoutError):
                async with conversation.ask("one") as answer:
                    await asyncio.wait_for(answer.answer(), 0.3)
            return (await conversation.ask("two").answer()).reason

    assert asyncio.run(talk()) == "STOP"


def test_tools_run_in_the_callers_thread(scripted: Start) -> None:
    call = {"tool_call_delta": {"index": 0, "id": "1", "name": "where"}}
    first = [{"await": "turn"}, {"send": {"turn": 1, **call}},
             {"send": {"turn": 1, "finished": {"reason": "FINISH_REASON_TOOL_CALLS"}}}]  # fmt: skip
    second = [{"await": "turn"}, {"send": {"turn": 2, **HI[1]["send"]}}, {"await": "half_close"}]
    server = scripted(Converse=[[{"await": "open"}, OPENED, *first, *second]])
    threads = []

    def where() -> str:
        """Where it runs."""
        threads.append(threading.current_thread())
        return "here"

    answer = server.client().run_tools("Where?", [where])
    assert threads == [threading.current_thread()]
    assert answer.calls == (aded.ToolOutcome("where", {}, "here"),)


def test_unread_answer_is_not_fetched(scripted: Start) -> None:
    server = scripted(Generate=[[{"send": {"delta": {"tokens": [1]}}, "pad": 16384, "times": 4000}, HI[1]]])
    stream = server.client().stream("Hello")
    next(stream)
    before = -1
    while before != server.server.calls[0].sent:  # until the transport takes no more
        before = server.server.calls[0].sent
        time.sleep(0.3)
    stream.close()
    assert before < 1000, "at most 16 MiB of 64 lie between server and reader"


def test_version_of_another_series_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aded._core.VERSION", "0.1.0")
    check = VersionCheck()
    with pytest.warns(UserWarning, match="update the client"):
        check.seen("0.2.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check.seen("0.2.0")
        VersionCheck().seen("0.1.7-SNAPSHOT")
        VersionCheck().seen(None)


def test_trace_context_travels_and_spans_end(scripted: Start) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    server = scripted(Generate=[HI, [{"fail": {"code": "INTERNAL"}}]])
    client = server.client()
    with trace.get_tracer("test").start_as_current_span("outer") as outer:
        client.chat("Hello")
    with pytest.raises(aded.Internal):
        client.chat("Hello")
    spans: dict[str, Any] = {span.status.status_code.name: span for span in exporter.get_finished_spans()
                             if span.name == "aded.v1.InferenceService/Generate"}  # fmt: skip
    assert format(outer.get_span_context().trace_id, "032x") in server.seen()["Generate"][0]["metadata"]["traceparent"]
    assert spans["UNSET"].attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert spans["ERROR"].attributes["error.type"] == "INTERNAL"
