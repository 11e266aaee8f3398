"""Streaming, cancelling and a typed answer, in ten lines."""

import sys
from dataclasses import dataclass

from aded import Client


# --- begin
@dataclass
class Verdict:
    right: bool

with Client(sys.argv[1]) as client, client.converse() as conversation:
    story = conversation.ask("Tell me a long story.")
    for text in story.texts():
        print(text, end="")
        if len(story.text) > 60:
            story.cancel()  # what had come stands, and the conversation goes on
    print(conversation.ask("Is Rome in Italy?", result=Verdict).answer().value)
# --- end
