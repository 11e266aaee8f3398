"""Gives an answer a time limit, and keeps what came."""

import sys

from aded import Client, DeadlineExceeded

with Client(sys.argv[1]) as client, client.converse(draft="off") as conversation:
    try:
        print(conversation.ask("Tell me everything about the sea.", timeout=0.5, max_tokens=4000).answer())
    except DeadlineExceeded as late:
        print(f"{late.text}\n[{late}]")
    # The turn is over, the conversation is not.
    print(conversation.ask("In one word, please.", max_tokens=8).answer())
