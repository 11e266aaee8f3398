"""Takes llama.cpp's own test cases of grammars out of its sources, and judges what became of them.

    python3 cases.py gather TESTS_DIRECTORY > cases.jsonl
    python3 cases.py judge answers.jsonl
"""
import json
import pathlib
import re
import sys

LITERAL = re.compile(r'R"(\w*|"*)\((.*?)\)\1"|"((?:[^"\\]|\\.)*)"|token\(\d+\)|([{}(),;+])|//[^\n]*', re.S)


def parts(source, start):
    """The arguments of a call whose parenthesis opens at start: texts, and lists of texts. A text in which tokens stand is a
    list of texts and numbers."""
    depth, groups, current, whole, pending = 0, [], None, [], False
    for match in LITERAL.finditer(source, start):
        text = match.group(0)
        if match.group(2) is not None or match.group(3) is not None:
            value = match.group(2) if match.group(2) is not None else json.loads(
                '"' + re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", match.group(3)).replace("\n", "\\n") + '"')
            whole.append(value)
            pending = True
        elif text.startswith("token("):
            whole.append(int(text[6:-1]))
            pending = True
        elif text == "(":
            depth += 1
            whole, pending = [], False
        elif text == "{":
            current, whole, pending = [], [], False
        elif text in (",", "}", ")"):
            if pending:
                is_text = all(isinstance(part, str) for part in whole)
                (groups if current is None else current).append("".join(whole) if is_text else whole)
            whole, pending = [], False
            if text == "}":
                groups.append(current)
                current = None
            if text == ")":
                depth -= 1
                if depth == 0:
                    return groups
    return groups


def gather(directory):
    source = (directory / "test-grammar-integration.cpp").read_text("utf-8")
    for match in re.finditer(r"^ {4}test_grammar\(", source, re.M):
        name, grammar, good, bad = parts(source, match.end() - 1)
        yield {"name": name, "gbnf": grammar, "texts": good + bad, "expected": [True] * len(good) + [False] * len(bad)}
    for name, grammar in re.findall(r'const std::string (\w+) = R"""\((.*?)\)"""', source, re.S):
        if re.search(r"test_build_grammar_fails\(" + name + r"\)", source):
            yield {"name": name, "gbnf": grammar, "texts": [], "expected": None}
    source = (directory / "test-grammar-parser.cpp").read_text("utf-8")
    for kind, grammar in re.findall(r'(verify_parsing|verify_failure)\(R"""\((.*?)\)"""', source, re.S):
        # The vocabulary that walks through grammars has some hundred tokens.
        grammar = re.sub(r"<\[(\d+)\]>", lambda number: f"<[{int(number.group(1)) % 200}]>", grammar)
        yield {"name": f"{kind}: {grammar.strip()[:50]}", "gbnf": grammar, "texts": [],
               "expected": [] if kind == "verify_parsing" else None}


def judge(path):
    alike, other, larger = 0, [], []
    for line in map(json.loads, open(path, encoding="utf-8")):
        refused = line.get("refused")
        if line["expected"] is None and refused is None and re.search(r"\d{2,}", line["gbnf"]):
            larger.append(line["name"])  # repetitions beyond llama.cpp's bounds
        elif line["expected"] is None or refused is not None:
            if line["expected"] is None and refused is not None:
                alike += 1
            else:
                other.append(f"{line['name']}: {refused or 'is accepted'}")
        else:
            for text, expected, accepted in zip(line["texts"], line["expected"], line["accepted"]):
                if expected == accepted:
                    alike += 1
                else:
                    other.append(f"{line['name']}: {text!r} is {'accepted' if accepted else 'refused'}")
            alike += not line["texts"]
    print(f"{alike} as llama.cpp has it, {len(other)} otherwise; {len(larger)} repetitions that it refuses and we follow")
    for line in other + larger:
        print("  " + line.replace("\n", " ")[:150])
    sys.exit(1 if other else 0)


if sys.argv[1] == "gather":
    for case in gather(pathlib.Path(sys.argv[2])):
        print(json.dumps(case))
else:
    judge(sys.argv[2])
