"""When a call is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from ._errors import AdedError


@dataclass(frozen=True)
class RetryPolicy:
    """When a call that failed before its first event is tried again: after `Unavailable`, and after `ResourceExhausted`
    for a reason that passes, such as `QUEUE_FULL`. Never once a part of the answer has come.

    - `attempts`: the first one included, 1 or more; 1 tries nothing again.
    - `initial`: seconds before the second attempt; doubles each time, give or take a fifth.
    - `longest`: seconds that no pause exceeds, unless the server asks for more.
    """

    attempts: int = 4
    initial: float = 0.1
    longest: float = 5.0

    NONE: ClassVar[RetryPolicy]
    """Tries nothing again."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}; allowed: 1 or more")

    def pause(self, attempt: int, failure: AdedError, left: float | None) -> float | None:
        """Seconds to wait after the attempt of that number, from 1; None if there is to be no other.

        `left` are the seconds until the time limit, None without one.
        """
        if attempt >= self.attempts or not failure.retryable:
            return None
        backoff = min(self.longest, self.initial * 2.0 ** (attempt - 1)) * random.uniform(0.8, 1.2)
        pause = max(backoff, failure.retry_after or 0.0)
        return None if left is not None and pause >= left else pause


RetryPolicy.NONE = RetryPolicy(attempts=1)
