"""Shows every draft-and-verify round: green was guessed and accepted, white the model added itself, grey was guessed in vain."""

import sys

from aded import Client, Delta, Finished, Round

GREEN, GREY, RESET = "\033[32m", "\033[90m", "\033[0m"

text = ""
with Client(sys.argv[1]) as client:
    prompt = "Repeat three times: the quick brown fox jumps over the lazy dog."
    for event in client.stream(prompt, report_rounds=True, max_tokens=96, temperature=0, draft="aded"):
        if isinstance(event, Delta):
            text = event.text
        elif isinstance(event, Round):
            guesses = event.nodes[1:]
            right = "".join(node.text for node in guesses if node.accepted)
            wrong = " ".join(node.text for node in guesses if not node.accepted)
            own = text.removeprefix(right)
            times = f"{event.draft_time * 1000:5.2f} + {event.verify_time * 1000:6.2f} ms"
            print(f"{event.index:3d} {sum(n.accepted for n in guesses):2d} of {len(guesses):2d}  {times}  "
                  f"{GREEN}{right}{RESET}{own}  {GREY}{wrong}{RESET}")  # fmt: skip
        elif isinstance(event, Finished):
            told = event.speculation
            print(f"{told.mean_acceptance_length:.2f} tokens per round with a draft; "
                  f"{told.draft_acceptance_rate:.0%} of {told.num_draft_tokens} guesses were right")  # fmt: skip
