"""Functions as tools: the schema comes from the signature, and the loop is run until the model answers."""

import sys
from typing import Literal

from aded import Client, Unsupported


def weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> dict[str, object]:
    """The weather in a city at the moment."""
    return {"city": city, "temperature": 21 if unit == "celsius" else 70, "sky": "clear"}


def divide(a: float, b: float) -> float:
    """Divides a by b."""
    return a / b  # what a function raises is told to the model as a failed call


with Client(sys.argv[1]) as client:
    try:
        answer = client.run_tools("How warm is it in Rome?", [weather, divide], max_tokens=200)
    except Unsupported as unsupported:
        print(f"this server serves no tools: {unsupported}")
        sys.exit(0)
    for call in answer.calls:
        print(f"{call.name}({call.arguments}) gave {call.result}")
    print(answer)
