"""The vectors of proto/vectors that are for clients; those of conformance/ are run by conformance/run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Scripted

import aded

VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors"
ANSWERS = json.loads((VECTORS / "answers.json").read_text(encoding="utf-8"))
ERRORS = json.loads((VECTORS / "errors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda vector: vector["name"])
def test_answers(vector: dict[str, Any], scripted: Callable[..., Scripted]) -> None:
    client = scripted(Generate=[[{"send": response} for response in vector["responses"]]]).client()
    if "failure" in vector:
        with pytest.raises(aded.AdedError) as failed:
            client.chat("Hello")
        assert failed.value.kind == vector["failure"]
        return
    answer = client.chat("Hello")
    assert {
        "text": answer.text,
        "tokens": list(answer.tokens),
        "reasoning": answer.reasoning,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in answer.tool_calls],
        "reason": answer.reason,
        "prompt_tokens": answer.usage.prompt_tokens,
        "cached_prompt_tokens": answer.usage.cached_prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "total_seconds": answer.usage.total_time,
        "seed": answer.seed,
        "mean_acceptance_length": answer.speculation.mean_acceptance_length,
    } == vector["answer"]


@pytest.mark.parametrize("vector", ERRORS, ids=lambda vector: vector["name"])
def test_errors(vector: dict[str, Any], scripted: Callable[..., Scripted]) -> None:
    failure: dict[str, Any] = {"code": vector["code"], "message": vector["message"]}
    for detail in vector["details"]:
        kind = detail["@type"].rsplit(".", 1)[1]
        if kind == "ErrorInfo":
            failure.update(reason=detail["reason"], domain=detail["domain"])
        elif kind == "BadRequest":
            failure["violations"] = detail["fieldViolations"]
        elif kind == "RetryInfo":
            failure["retry_after_ms"] = round(float(detail["retryDelay"].rstrip("s")) * 1000)
    client = scripted(Generate=[[{"fail": failure}]]).client(retry=aded.RetryPolicy.NONE)
    with pytest.raises(aded.AdedError) as failed:
        client.chat("Hello")
    assert {
        "kind": failed.value.kind,
        "reason": failed.value.reason,
        "violations": [{"field": each.field, "description": each.description} for each in failed.value.violations],
        "retry_after_seconds": failed.value.retry_after,
    } == vector["expect"]
