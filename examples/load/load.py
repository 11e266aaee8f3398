"""Many callers at once, by asyncio: what each waits for its first token, and what all get together."""

import asyncio
import statistics
import sys
import time

from aded import AdedError, AsyncClient, Delta

CALLERS, CALLS = 16, 3


async def caller(client: AsyncClient, number: int) -> list[tuple[float, int]]:
    measured = []
    for call in range(CALLS):
        began, first = time.monotonic(), 0.0
        try:
            async with client.stream(f"Caller {number}, question {call}.", max_tokens=48) as answer:
                async for event in answer:
                    if isinstance(event, Delta) and not first:
                        first = time.monotonic() - began
                measured.append((first, len((await answer.answer()).tokens)))
        except AdedError as failed:  # a full queue was tried again before
            print(f"caller {number}: {failed}")
    return measured


async def main() -> None:
    async with AsyncClient(sys.argv[1]) as client:
        began = time.monotonic()
        calls = sum(await asyncio.gather(*(caller(client, number) for number in range(CALLERS))), [])
        took = time.monotonic() - began
        print(f"{len(calls)} answers of {CALLERS} callers in {took:.2f} s, {sum(n for _, n in calls) / took:.0f} tokens/s")
        print(f"first token after {statistics.median(first for first, _ in calls) * 1000:.0f} ms (median)")


asyncio.run(main())
