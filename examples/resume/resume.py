"""A conversation that is left and resumed from another connection, with its history, KV cache and drafter."""

import sys

from aded import Client, NotFound

NAME = "example-resume"

with Client(sys.argv[1], client_id="examples") as client:
    with client.converse(NAME, retention=60, max_tokens=32) as conversation:
        print(conversation.ask("My name is Ada.").answer())

with Client(sys.argv[1], client_id="examples") as later:
    with later.converse(NAME, require_resume=True, retention=0) as conversation:
        print(f"[resumed {conversation.id} with {conversation.info.history_tokens} tokens]")
        answer = conversation.ask("What is my name?").answer()
        print(answer)
        print(f"[{answer.usage.cached_prompt_tokens} of {answer.usage.prompt_tokens} tokens needed no computing]")
    try:
        later.converse("never-there", require_resume=True)
    except NotFound as gone:
        print(f"[{gone}]")
