"""A typed answer: the type's JSON schema constrains the model, and the answer is a value of the type."""

import sys
from dataclasses import dataclass
from typing import Annotated, Literal

from aded import BadAnswer, Client, schema_of


@dataclass
class City:
    name: Annotated[str, "in English"]
    continent: Literal["Africa", "America", "Asia", "Europe", "Oceania"]
    capital: bool


print(schema_of(City))
with Client(sys.argv[1]) as client:
    try:
        answer = client.chat("Describe Rome.", result=City, temperature=0, max_tokens=120)
        print(answer.value)
        print(f"{answer.usage.completion_tokens} tokens in {answer.speculation.num_steps} passes: what the schema "
              "leaves no choice about is not guessed, but known")  # fmt: skip
    except BadAnswer as cut:
        # Only an answer that was cut short can break the schema.
        print(f"{cut}: {cut.text}")
