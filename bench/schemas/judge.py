"""Judges drawn answers with Python's jsonschema, and refusals by whether they name a keyword of the schema.

    python3 judge.py answers.jsonl
"""
import collections
import json
import sys

import jsonschema
import regress

DRAFTS = {"2020-12": jsonschema.Draft202012Validator, "7": jsonschema.Draft7Validator}


def pattern(validator, expression, instance, schema):
    """As ECMA-262 has it."""
    if validator.is_type(instance, "string") and not regress.Regex(expression, "u").find(instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {expression!r}")


def validator(line):
    kind = jsonschema.validators.extend(DRAFTS[line["draft"]], {"pattern": pattern})
    return kind(json.loads(line["schema"]), format_checker=kind.FORMAT_CHECKER)


def keywords(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            yield from keywords(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def main():
    counts = collections.Counter()
    slowest = (0, "")
    wrong = []
    unnamed = []
    narrow = collections.Counter()
    endless = []
    for text in open(sys.argv[1], encoding="utf-8"):
        line = json.loads(text)
        slowest = max(slowest, (line["nanos"], line["name"]))
        origin = line["origin"]
        if "refused" in line:
            counts[f"{origin}: refused"] += 1
            message = line["refused"]
            named = any(word in message for word in keywords(json.loads(line["schema"])))
            if not named and "allows nothing" not in message and "allows no " not in message:
                unnamed.append(f"{line['name']}: {message}")
            continue
        counts[f"{origin}: accepted"] += 1
        judge = validator(line)
        for answer in line["drawn"]:
            counts[f"{origin}: answers"] += 1
            try:
                value = json.loads(answer)
                error = next(judge.iter_errors(value), None)
            except ValueError as e:
                error = e
            if error is not None:
                wrong.append(f"{line['name']}: {answer[:200]}: {str(error).splitlines()[0][:200]}")
        if len(line["drawn"]) < line["answers"]:
            counts[f"{origin}: answers that did not end"] += line["answers"] - len(line["drawn"])
            endless.append(line["name"])
        for instance, valid, accepted in zip(line["texts"], line["valid"], line["accepted"]):
            if accepted and not valid:
                try:
                    really = judge.is_valid(json.loads(instance))
                except Exception:
                    really = False
                if not really:
                    wrong.append(f"{line['name']}: accepts {instance[:200]}")
            elif valid:
                counts["instances: " + ("accepted" if accepted else "narrower")] += 1
                if not accepted:
                    narrow[line["name"].split(":")[0]] += 1
    for what, count in sorted(counts.items()):
        print(f"{what:45} {count:7}")
    print(f"slowest to compile: {slowest[0] / 1e6:.0f} ms, {slowest[1]}")
    print("answers that did not end:", ", ".join(endless))
    print("narrower than the schema, by file:", ", ".join(f"{name} {n}" for name, n in narrow.most_common(12)))
    for title, lines in (("WRONG", wrong), ("REFUSED WITHOUT A KEYWORD'S NAME", unnamed)):
        print(f"{title}: {len(lines)}")
        for line in lines[:40]:
            print("  " + line)
    sys.exit(1 if wrong or unnamed else 0)


main()
