"""Renders chat templates with Python's jinja2, set up as Hugging Face's transformers sets it up.

    python3 reference.py DIR|FILE... > references.jsonl

Each template is given every conversation of conversations.json; a line of the output holds the variables and what came
out, or the error. The clock stands still, so that both sides tell the same time.
"""
import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

EPOCH = 1_769_443_199  # a time whose day and month have one digit in no format
HERE = pathlib.Path(__file__).resolve().parent


class Generation(jinja2.ext.Extension):
    """The tag that marks what an assistant said in training data; it prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_say"), [], [], body).set_lineno(line)

    def _say(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    now = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).replace(tzinfo=None)
    env.globals["strftime_now"] = now.strftime
    return env


def templates(arguments):
    for argument in map(pathlib.Path, arguments):
        yield from sorted(argument.glob("*.jinja")) if argument.is_dir() else [argument]


def main():
    conversations = json.loads((HERE / "conversations.json").read_text("utf-8"))
    env = environment()
    for path in templates(sys.argv[1:]):
        source = path.read_bytes().decode("utf-8")
        for name, given in conversations.items():
            variables = {
                "tools": None,
                "documents": None,
                "add_generation_prompt": True,
                "bos_token": "<s>",
                "eos_token": "</s>",
                **given,
            }
            line = {"template": str(path.resolve()), "conversation": name, "variables": variables, "epoch": EPOCH}
            try:
                line["text"] = env.from_string(source).render(**variables)
            except Exception as error:  # whatever Python raises is a refusal
                line["error"] = f"{type(error).__name__}: {error}"
            print(json.dumps(line))


main()
