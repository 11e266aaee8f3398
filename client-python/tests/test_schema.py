from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypedDict

import pydantic
import pytest

import aded
from aded._schema import arguments_for, parameters_of, parse, schema_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class City:
    name: Annotated[str, "as its people call it"]
    population: int
    rivers: list[str] = field(default_factory=list)
    mayor: str | None = None


@dataclass
class Tree:
    value: float
    children: list[Tree]


class Point(TypedDict, total=False):
    x: int
    y: int


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)


def test_schema_of_dataclass_names_fields_in_order_and_what_is_required() -> None:
    assert schema_of(City) == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "as its people call it"},
            "population": {"type": "integer"},
            "rivers": {"type": "array", "items": {"type": "string"}},
            "mayor": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["name", "population"],
        "additionalProperties": False,
    }


def test_schema_of_type_that_contains_itself_is_a_definition() -> None:
    schema = schema_of(Tree)
    assert schema["$ref"] == "#/$defs/Tree"
    assert schema["$defs"]["Tree"]["properties"]["children"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}


@pytest.mark.parametrize(
    ("of", "schema"),
    [
        (bool, {"type": "boolean"}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Colour, {"enum": ["red", "blue"]}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (Point, {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": [],
                 "additionalProperties": False}),
    ],
)  # fmt: skip
def test_schema_of_other_types(of: object, schema: dict[str, object]) -> None:
    assert schema_of(of) == schema


def test_schema_of_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON schema"):
        schema_of(complex)
    with pytest.raises(TypeError, match="keys"):
        schema_of(dict[int, str])


def test_parse_reads_nested_values_of_their_types() -> None:
    assert parse(City, '{"name": "Rome", "population": 3, "mayor": null}') == City("Rome", 3, [], None)
    assert parse(Tree, '{"value": 1, "children": [{"value": 2, "children": []}]}') == Tree(1.0, [Tree(2.0, [])])
    assert parse(list[Colour], '["red"]') == [Colour.RED]
    assert parse(Person, '{"name": "Ada", "age": 36}') == Person(name="Ada", age=36)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ro',
        '{"name": "Rome"}',
        '{"name": 1, "population": 3}',
        '{"name": "a", "population": 1, "x": 2}',
        "[]",
    ],
)
def test_parse_of_what_does_not_fit_has_the_text(text: str) -> None:
    with pytest.raises(aded.BadAnswer) as bad:
        parse(City, text)
    assert bad.value.text == text
    assert bad.value.kind == "BAD_ANSWER"


def test_parse_of_a_pydantic_model_keeps_its_rules() -> None:
    with pytest.raises(aded.BadAnswer, match="Person"):
        parse(Person, '{"name": "Ada", "age": -1}')


def test_parameters_of_function_are_its_arguments() -> None:
    def find(city: str, days: int = 3) -> str:
        return city * days

    assert parameters_of(find) == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    assert arguments_for(find, {"city": "Rome"}) == {"city": "Rome"}
    with pytest.raises(ValueError, match="missing"):
        arguments_for(find, {"days": 1})
    with pytest.raises(ValueError, match="no argument"):
        arguments_for(find, {"city": "a", "dayz": 1})


def test_parameters_of_function_without_types_is_refused() -> None:
    with pytest.raises(TypeError, match="of which type"):
        parameters_of(lambda city: city)
