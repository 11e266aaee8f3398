"""Stops an answer midway, and goes on with the conversation."""

import sys

from aded import Client, Delta, Finished

LONG = "Tell me a long story about a lighthouse."

with Client(sys.argv[1]) as client, client.converse(max_tokens=400) as conversation:
    # cancel(): the server is asked to stop, and says what the part that came has cost.
    story = conversation.ask(LONG)
    for number, event in enumerate(story):
        if isinstance(event, Delta):
            print(event.text, end="", flush=True)
        elif isinstance(event, Finished):
            print(f"\n[{event.reason} after {event.usage.completion_tokens} tokens]\n")
        if number == 10:
            story.cancel()

    # Leaving the block: no longer interested. The rest is dropped when the next question is asked.
    with conversation.ask(LONG) as another:
        print(f"[closed after {next(another)}]\n")

    print(conversation.ask("What was the story about?", max_tokens=32).answer())
