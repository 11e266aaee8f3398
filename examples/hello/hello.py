"""Asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before."""

import sys

from aded import Answer, Client

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


def report(answer: Answer) -> None:
    """A forward pass without a draft yields one token; what is above that was drafted and accepted."""
    print(f"\n[{answer.reason}: {answer.usage.completion_tokens} tokens in {answer.speculation.num_steps} passes]\n")


with Client(sys.argv[1]) as client:
    whole = client.chat(EDIT, max_tokens=128, temperature=0)
    print(whole.text)
    report(whole)
    with client.converse(max_tokens=128, temperature=0) as conversation:
        print(f"{conversation.info.model}, {conversation.info.context_tokens} tokens of context")
        for question in (TEXT + "Quote the sentence that says when boats must be moved.", "Repeat the text."):
            print(f"> {question}")
            answer = conversation.ask(question)
            for text in answer.texts():
                print(text, end="", flush=True)
            report(answer.answer())
