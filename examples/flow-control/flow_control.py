"""A slow reader: the server waits for it and computes no further, and nothing piles up in between."""

import sys
import time

from aded import Client

with Client(sys.argv[1]) as client, client.stream("Count to a thousand.", max_tokens=60, draft="off") as answer:
    began = time.monotonic()
    for number, text in enumerate(answer.texts(), start=1):
        print(f"{time.monotonic() - began:5.1f} s  {text!r}")
        if number % 20 == 0:
            time.sleep(1)  # something slow; what is not read stays with the server
    # A reader who stops for longer than 20 s (`aded serve --unread`) loses the answer: ResourceExhausted, NOT_READ.
