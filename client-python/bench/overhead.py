"""What the client costs beside the raw stubs: streams of the scripted model, tokens per second. The two take turns, and who begins
changes from pair to pair; what is told is the median of the pairs' ratios, with its interval of 95 %.

../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
python bench/overhead.py 127.0.0.1:50051 [STREAMS] [PAIRS]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import grpc

import aded
from aded.v1 import generation_pb2, sampling_pb2
from aded.v1 import inference_service_pb2 as inference

TOKENS = 512


def stub_options() -> generation_pb2.GenerationOptions:
    options = generation_pb2.GenerationOptions(
        max_tokens=TOKENS, ignore_end=True, sampling=sampling_pb2.Sampling(temperature=0)
    )
    options.draft.mode = "off"
    return options


async def with_stubs(channel: grpc.aio.Channel, streams: int) -> int:
    call = channel.unary_stream(
        "/aded.v1.InferenceService/Generate",
        inference.GenerateRequest.SerializeToString,
        inference.GenerateResponse.FromString,
    )

    async def one() -> int:
        tokens, text = 0, []
        async for response in call(inference.GenerateRequest(prompt="Hello", options=stub_options())):
            if response.WhichOneof("event") == "delta":
                tokens += len(response.delta.tokens)
                text.append(response.delta.text)
        return tokens

    return sum(await asyncio.gather(*(one() for _ in range(streams))))


async def with_client(client: aded.AsyncClient, streams: int) -> int:
    async def one() -> int:
        tokens, text = 0, []
        async for event in client.stream("Hello", max_tokens=TOKENS, ignore_end=True, temperature=0, draft="off"):
            if isinstance(event, aded.Delta):
                tokens += len(event.tokens)
                text.append(event.text)
        return tokens

    return sum(await asyncio.gather(*(one() for _ in range(streams))))


def with_threads(client: aded.Client, streams: int) -> int:
    tokens: list[int] = []

    def one() -> None:
        answer = client.stream("Hello", max_tokens=TOKENS, ignore_end=True, temperature=0, draft="off")
        tokens.append(sum(len(event.tokens) for event in answer if isinstance(event, aded.Delta)))

    threads = [threading.Thread(target=one) for _ in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(tokens)


def threaded_stubs(channel: grpc.Channel, streams: int) -> int:
    call = channel.unary_stream(
        "/aded.v1.InferenceService/Generate",
        inference.GenerateRequest.SerializeToString,
        inference.GenerateResponse.FromString,
    )
    tokens: list[int] = []

    def one() -> None:
        mine, text = 0, []
        for response in call(inference.GenerateRequest(prompt="Hello", options=stub_options())):
            if response.WhichOneof("event") == "delta":
                mine += len(response.delta.tokens)
                text.append(response.delta.text)
        tokens.append(mine)

    threads = [threading.Thread(target=one) for _ in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(tokens)


async def compare(name: str, ways: list[Callable[[], Awaitable[int]]], pairs: int) -> None:
    speeds: list[list[float]] = [[], []]
    for pair in range(-3, pairs):
        both = [0.0, 0.0]
        for way in (0, 1) if pair % 2 == 0 else (1, 0):
            began = time.perf_counter()
            tokens = await ways[way]()
            both[way] = tokens / (time.perf_counter() - began)
        if pair >= 0:  # the first ones warm up
            for way in (0, 1):
                speeds[way].append(both[way])
    ratios = sorted(client / stubs for stubs, client in zip(*speeds, strict=True))
    low = max(0, int((pairs - 1) / 2 - 0.98 * pairs**0.5))  # by the binomial distribution of what lies below a median
    stubs, client = map(statistics.median, speeds)
    print(
        f"{name} {client:.0f} tokens/s, {statistics.median(ratios):.2f} of the stubs' {stubs:.0f} "
        f"(95 %: {ratios[low]:.2f} to {ratios[pairs - 1 - low]:.2f}, {pairs} pairs)"
    )


async def main() -> None:
    target = sys.argv[1]
    streams = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 41
    async with grpc.aio.insecure_channel(target) as channel, aded.AsyncClient(target) as client:
        await compare("asyncio", [lambda: with_stubs(channel, streams), lambda: with_client(client, streams)], pairs)
    with grpc.insecure_channel(target) as blocking_channel, aded.Client(target) as blocking:
        await compare(
            "threads",
            [
                lambda: asyncio.to_thread(threaded_stubs, blocking_channel, streams),
                lambda: asyncio.to_thread(with_threads, blocking, streams),
            ],
            -(-pairs // 6),
        )


asyncio.run(main())
