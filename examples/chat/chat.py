"""A chat at the terminal: a conversation that the server remembers."""

import sys

from aded import Client

with Client(sys.argv[1]) as client, client.converse(max_tokens=200) as conversation:
    print(f"{conversation.info.model}; an empty line ends")
    # At a terminal what is typed, else two questions.
    questions = iter(lambda: input("> "), "") if sys.stdin.isatty() else ["My name is Ada. Say hello to me.", "What is my name?"]
    for question in questions:
        with conversation.ask(question) as answer:
            for text in answer.texts():
                print(text, end="", flush=True)
        print()
