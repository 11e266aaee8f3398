"""The scripted server of the conformance vectors, inside the tests' process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aded

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "conformance"))

HI = [{"send": {"delta": {"text": "Hi", "tokens": [1]}}}, {"send": {"finished": {"reason": "FINISH_REASON_STOP"}}}]
OPENED = {"send": {"opened": {"conversation_id": "c", "model": "fake", "context_tokens": 4096}}}


class Scripted:
    """A server that does what a script says, and clients of it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        from fake import Fake

        self.server = Fake(spec, "")
        self.clients: list[aded.Client] = []

    def client(self, **more: Any) -> aded.Client:
        client = aded.Client(self.server.target, **more)
        self.clients.append(client)
        return client

    def seen(self) -> dict[str, Any]:
        """Ends it; the calls that arrived, by method."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        return self.server.stop()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    started: list[Scripted] = []

    def start(**calls: Any) -> Scripted:
        started.append(Scripted({"calls": calls}))
        return started[-1]

    yield start
    for each in started:
        each.seen()
