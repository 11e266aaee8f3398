"""Gathers schemas, one JSON object a line: the test suite's, and what pydantic makes of models.

    python3 gather.py ANSWERS TESTS_DIRECTORY > schemas.jsonl

A test's valid instance is added as a text, written as the grammar writes values, to see how narrow the grammar is.
"""
import datetime
import decimal
import enum
import json
import pathlib
import sys
import typing
import uuid

import pydantic

DRAFTS = {"draft2020-12": "2020-12", "draft7": "7"}


def written(value):
    """As the grammar writes it: a blank after commas and colons, numbers without exponent."""
    if isinstance(value, float):
        text = format(decimal.Decimal(repr(value)).normalize(), "f")
        return "0" if text == "-0" else text
    if isinstance(value, list):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(json.dumps(k, ensure_ascii=False) + ": " + written(v) for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def suite(answers, tests):
    for directory, draft in DRAFTS.items():
        for path in sorted((tests / directory).glob("*.json")) + sorted((tests / directory / "optional").rglob("*.json")):
            for case in json.loads(path.read_text("utf-8")):
                texts = []
                for test in case["tests"]:
                    try:
                        text = written(test["data"])
                        text.encode("utf-8")
                        texts.append([text, test["valid"]])
                    except UnicodeEncodeError:
                        pass
                yield {
                    "origin": "suite",
                    "name": f"{draft} {path.stem}: {case['description']}",
                    "draft": draft,
                    "schema": json.dumps(case["schema"]),
                    "texts": [text for text, _ in texts],
                    "valid": [valid for _, valid in texts],
                    "answers": answers,
                }


class Colour(str, enum.Enum):
    red = "red"
    green = "green"


class Address(pydantic.BaseModel):
    street: str = pydantic.Field(min_length=1, max_length=40)
    number: int = pydantic.Field(gt=0, le=9999)
    code: str = pydantic.Field(pattern=r"^\d{4,5}$")
    model_config = pydantic.ConfigDict(extra="forbid")


class Node(pydantic.BaseModel):
    value: float
    next: typing.Optional["Node"] = None


class Tree(pydantic.BaseModel):
    name: str
    children: list["Tree"] = []


class Cat(pydantic.BaseModel):
    kind: typing.Literal["cat"]
    lives: int = pydantic.Field(ge=1, le=9)


class Dog(pydantic.BaseModel):
    kind: typing.Literal["dog"]
    name: str


class Everything(pydantic.BaseModel):
    anything: typing.Any
    colour: Colour
    colours: list[Colour] = pydantic.Field(min_length=1, max_length=3)
    address: Address
    maybe: typing.Optional[int] = None
    either: typing.Union[int, str, None]
    pair: tuple[int, str]
    mapping: dict[str, float]
    when: datetime.datetime
    day: datetime.date
    hour: datetime.time
    span: datetime.timedelta
    identity: uuid.UUID
    ratio: float = pydantic.Field(ge=0, le=1)
    below: float = pydantic.Field(lt=10.5)
    flag: bool
    text: typing.Annotated[str, pydantic.StringConstraints(min_length=2, max_length=8, pattern="^[a-z]+$")]
    literal: typing.Literal["a", 1, None]
    pet: typing.Union[Cat, Dog] = pydantic.Field(discriminator="kind")
    plain_pet: typing.Union[Cat, Dog]
    nothing: None


class Aliased(pydantic.BaseModel):
    first: int = pydantic.Field(alias='a "quoted" name')
    second: int = pydantic.Field(alias="back\\slash")
    third: int = pydantic.Field(alias="été")


class Unique(pydantic.BaseModel):
    items: set[int]


class Stepped(pydantic.BaseModel):
    price: float = pydantic.Field(multiple_of=0.01)


class Money(pydantic.BaseModel):
    amount: decimal.Decimal


class Web(pydantic.BaseModel):
    url: pydantic.AnyUrl
    address: pydantic.IPvAnyAddress
    path: pathlib.Path


def models(answers):
    for model in (Address, Node, Tree, Cat, Dog, Everything, Aliased, Unique, Stepped, Money, Web):
        for mode in ("validation", "serialization"):
            schema = model.model_json_schema(mode=mode)
            yield {
                "origin": "pydantic",
                "name": f"pydantic {model.__name__}, {mode}",
                "draft": "2020-12",
                "schema": json.dumps(schema),
                "texts": [],
                "valid": [],
                "answers": answers * 4,
            }


for line in (*suite(int(sys.argv[1]), pathlib.Path(sys.argv[2])), *models(int(sys.argv[1]))):
    print(json.dumps(line))
