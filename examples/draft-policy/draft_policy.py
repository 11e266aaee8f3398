"""One question, answered under several draft policies: the same tokens, in more or fewer forward passes."""

import sys

from aded import Client, Draft

QUESTION = "Repeat three times: the quick brown fox jumps over the lazy dog."

with Client(sys.argv[1]) as client:
    answers = {}
    for draft in ("off", "auto", "prompt-lookup", Draft("aded", max_nodes=12)):
        answer = client.chat(QUESTION, temperature=0, max_tokens=96, draft=draft)
        name = draft if isinstance(draft, str) else f"{draft.mode}, {draft.max_nodes} nodes"
        told = answer.speculation
        print(f"{name:16} {len(answer.tokens):3d} tokens in {told.num_steps:3d} passes, {answer.usage.total_time:6.3f} s")
        answers[name] = answer.tokens
    print("the same answer" if len(set(answers.values())) == 1 else "answers differ (near ties of a quantised model)")
