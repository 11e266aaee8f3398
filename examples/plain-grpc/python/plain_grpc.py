"""Asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before."""

import queue
import sys

import grpc
from aded.v1 import answer_pb2, generation_pb2, inference_service_pb2 as api, sampling_pb2
from aded.v1.inference_service_pb2_grpc import InferenceServiceStub

OPTIONS = generation_pb2.GenerationOptions(max_tokens=128, sampling=sampling_pb2.Sampling(temperature=0))
EDIT = """Rename the variable total to price, and repeat the whole function:

def invoice(items, rate):
    total = 0
    for item in items:
        total += item.count * item.unit_price
    total += total * rate
    return round(total, 2)
"""
TEXT = (
    "The harbour office will replace the floating pontoon at the east quay between the 4th and the 22nd of March. "
    "Boats that lie there must be moved by the evening of the 3rd. The crane works on weekdays from seven to four. "
    "Write to the office to book it.\n"
)


def show(event):
    """Prints the growing answer; returns whether it is complete."""
    if event.HasField("delta"):
        print(event.delta.text, end="", flush=True)
    elif event.HasField("finished"):
        finished = event.finished
        reason = answer_pb2.FinishReason.Name(finished.reason).removeprefix("FINISH_REASON_").lower()
        print(
            f"\n[{reason}: {finished.usage.completion_tokens} tokens in {finished.speculation.num_steps} passes]\n"
        )
        return True
    return False


def single_answer(sidecar):
    request = api.GenerateRequest(prompt=EDIT, options=OPTIONS)
    for event in sidecar.Generate(request):
        show(event)


def conversation(sidecar):
    requests = queue.SimpleQueue()
    # The requests are an iterator that ends, and with it the conversation, at None.
    events = sidecar.Converse(iter(requests.get, None))
    requests.put(api.ConverseRequest(open=api.Open()))
    opened = next(events).opened
    print(f"{opened.model}, {opened.context_tokens} tokens of context")
    for question in (TEXT + "Quote the sentence that says when boats must be moved.", "Repeat the text."):
        print(f"> {question}")
        requests.put(api.ConverseRequest(turn=api.Turn(prompt=question, options=OPTIONS)))
        while not show(next(events)):
            pass
    requests.put(None)


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else "localhost:50051"
    with grpc.insecure_channel(target) as channel:
        sidecar = InferenceServiceStub(channel)
        try:
            single_answer(sidecar)
            conversation(sidecar)
        except grpc.RpcError as failed:
            sys.exit(f"{failed.code().name}: {failed.details()}")


if __name__ == "__main__":
    main()
