"""What the client costs beside the raw stubs: streams of the scripted model, by turns with either, tokens per second.

../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
python bench/overhead.py 127.0.0.1:50051 [STREAMS] [ROUNDS]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import threading
import time

import grpc

import aded
from aded.v1 import generation_pb2, sampling_pb2
from aded.v1 import inference_service_pb2 as inference

TOKENS = 256


async def with_stubs(channel: grpc.aio.Channel, streams: int) -> int:
    call = channel.unary_stream(
        "/aded.v1.InferenceService/Generate",
        inference.GenerateRequest.SerializeToString,
        inference.GenerateResponse.FromString,
    )
    options = generation_pb2.GenerationOptions(
        max_tokens=TOKENS, ignore_end=True, sampling=sampling_pb2.Sampling(temperature=0)
    )
    options.draft.mode = "off"

    async def one() -> int:
        tokens, text = 0, []
        async for response in call(inference.GenerateRequest(prompt="Hello", options=options)):
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


async def main() -> None:
    target = sys.argv[1]
    streams = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    speeds: dict[str, list[float]] = {"stubs": [], "asyncio": [], "threads": []}
    blocking = aded.Client(target)
    async with grpc.aio.insecure_channel(target) as channel, aded.AsyncClient(target) as client:
        for _ in range(rounds + 1):
            for name in speeds:
                began = time.perf_counter()
                if name == "stubs":
                    tokens = await with_stubs(channel, streams)
                elif name == "asyncio":
                    tokens = await with_client(client, streams)
                else:
                    tokens = await asyncio.to_thread(with_threads, blocking, streams)
                speeds[name].append(tokens / (time.perf_counter() - began))
    blocking.close()
    base = statistics.median(speeds["stubs"][1:])
    for name, measured in speeds.items():
        median = statistics.median(measured[1:])  # the first round warms up
        print(f"{name:8} {median:8.0f} tokens/s, {median / base:.2f} of the stubs")


asyncio.run(main())
