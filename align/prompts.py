#!/usr/bin/env python3
"""Writes prompts for ``aded align export``: everyday questions, put together from kinds of requests and topics.

Usage: prompts.py COUNT [SEED] > prompts.jsonl. The same arguments give the same prompts. A real training wants the
prompts of those who will use the model; these stand in where there are none.
"""

import json
import random
import sys

TOPICS = """
the water cycle; a city that you know well; learning to cook; the history of the bicycle; how vaccines work; black holes
saving money; a healthy breakfast; the Roman Empire; climate change; electric cars; growing tomatoes; the human heart
meditation; the French Revolution; photosynthesis; job interviews; the stock market; dogs; the ocean; public libraries
volcanoes; the printing press; remote work; chess; the Moon landing; sleep; bees; bread baking; the internet; rivers
mountain climbing; tea; the piano; earthquakes; the human brain; trains; solar energy; football; the Silk Road; penguins
first aid; recycling; poetry; the Great Wall of China; coffee; computer viruses; yoga; the Vikings; rain forests; glass
mathematics; photography; camping; the Renaissance; antibiotics; friendship; time management; bridges; DNA; the theatre
wolves; gardening; ancient Egypt; public speaking; artificial intelligence; the desert; cheese; museums; running; languages
""".replace("\n", ";")

REQUESTS = {
    "explain": [
        "Explain {} to a child of ten.",
        "What are the most important facts about {}?",
        "How would you describe {} in a few sentences?",
        "Why does {} matter?",
        "What do people often get wrong about {}?",
    ],
    "list": [
        "List five interesting facts about {}.",
        "Give me three questions that a teacher could ask about {}.",
        "What are the advantages and disadvantages of {}? Answer as two lists.",
        "Write a short plan, step by step, for a lesson about {}.",
    ],
    "write": [
        "Write a short story in which {} plays a part.",
        "Write a friendly e-mail that invites a colleague to a talk about {}.",
        "Write a short poem about {}.",
        "Write the first paragraph of an essay about {}.",
        "Write a short conversation between two friends about {}.",
    ],
    "code": [
        "Write a Python function that reads a list of notes about {} and returns the longest one.",
        "Write a Python class that stores articles about {} by their dates, with a method that finds the newest.",
        "Write an HTML page with a heading and a list of five points about {}.",
    ],
}


def main() -> None:
    try:
        count, seed = (int(argument) for argument in (sys.argv[1:] + ["1"])[:2])
    except ValueError:
        sys.exit("usage: prompts.py COUNT [SEED] > prompts.jsonl; both are whole numbers, SEED is 1 unless given")
    chance = random.Random(seed)
    topics = [topic.strip() for topic in TOPICS.split(";") if topic.strip()]
    every = [
        (kind, request, topic) for kind, requests in REQUESTS.items() for request in requests for topic in topics
    ]
    chance.shuffle(every)
    for number, (kind, request, topic) in enumerate(every[:count]):
        print(json.dumps({"id": f"made-{number}", "task": f"made-{kind}", "turns": [request.format(topic)]}))


if __name__ == "__main__":
    main()
