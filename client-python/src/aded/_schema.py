"""JSON schemas of Python types, and values of them from JSON."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from typing_extensions import is_typeddict

from ._errors import BadAnswer

T = TypeVar("T")

_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def schema_of(of: Any) -> dict[str, Any]:
    """The JSON schema of a type: a dataclass, a TypedDict, a pydantic model, an enum, `Literal`, lists, dictionaries
    with text as keys, unions, and `str`, `int`, `float`, `bool`, `None`. A text in `Annotated[…, "text"]` is the
    description.

    Raises `TypeError` for a type that has none.
    """
    if hasattr(of, "model_json_schema"):
        return dict(of.model_json_schema())
    definitions: dict[str, Any] = {}
    schema = _Writer(definitions).write(of)
    return {**schema, "$defs": definitions} if definitions else schema


class _Writer:
    """Types that contain themselves become definitions; all others are written where they stand."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.open: list[Any] = []
        self.recursive: set[Any] = set()

    def write(self, of: Any) -> dict[str, Any]:
        if of in _PLAIN:
            return {"type": _PLAIN[of]}
        if of is Any or of is object:
            return {}
        origin, arguments = get_origin(of), get_args(of)
        if origin is typing.Annotated:
            described = [text for text in of.__metadata__ if isinstance(text, str)]
            schema = self.write(of.__origin__)
            return {**schema, "description": described[0]} if described else schema
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.write(each) for each in arguments]}
        if origin in (list, Sequence, set, frozenset) or of is list:
            return {"type": "array", **({"items": self.write(arguments[0])} if arguments else {})}
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is ...:
                return {"type": "array", "items": self.write(arguments[0])}
            return {
                "type": "array",
                "prefixItems": [self.write(a) for a in arguments],
                "items": False,
                "minItems": len(arguments),
            }
        if origin in (dict, Mapping) or of is dict:
            if arguments and arguments[0] is not str:
                raise TypeError(f"keys of {of} are not text, as those of JSON are")
            return {"type": "object", **({"additionalProperties": self.write(arguments[1])} if arguments else {})}
        if isinstance(of, type) and issubclass(of, enum.Enum):
            return {"enum": [member.value for member in of]}
        if hasattr(of, "model_json_schema"):
            return dict(of.model_json_schema())
        if dataclasses.is_dataclass(of) or is_typeddict(of):
            return self.object(of)
        raise TypeError(f"{of} has no JSON schema; use a dataclass, a TypedDict, a pydantic model or types of JSON")

    def object(self, of: Any) -> dict[str, Any]:
        if of in self.open:
            self.recursive.add(of)
            return {"$ref": f"#/$defs/{of.__name__}"}
        self.open.append(of)
        hints = typing.get_type_hints(of, include_extras=True)
        if dataclasses.is_dataclass(of):
            required = [
                field.name
                for field in dataclasses.fields(of)
                if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            ]
            hints = {field.name: hints[field.name] for field in dataclasses.fields(of)}
        else:
            required = [name for name in hints if name in of.__required_keys__]
        schema = {
            "type": "object",
            "properties": {name: self.write(hint) for name, hint in hints.items()},
            "required": required,
            "additionalProperties": False,
        }
        self.open.pop()
        if of in self.recursive:
            self.definitions[of.__name__] = schema
            return {"$ref": f"#/$defs/{of.__name__}"}
        return schema


def parse(of: type[T], text: str) -> T:
    """The value of a type that a JSON text says.

    Raises `BadAnswer` if it is none.
    """
    try:
        if hasattr(of, "model_validate_json"):
            return typing.cast(T, typing.cast(Any, of).model_validate_json(text))
        return typing.cast(T, _read(of, json.loads(text), "the answer"))
    except ValueError as wrong:
        name = getattr(of, "__name__", str(of))
        raise BadAnswer(f"the answer is no {name}: {wrong}", text=text) from wrong


def _read(of: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(of), get_args(of)
    if origin is typing.Annotated:
        return _read(of.__origin__, value, path)
    if of is Any or of is object:
        return value
    if of is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if of in _PLAIN:
        if not isinstance(value, of) or (isinstance(value, bool) and of is not bool):
            raise ValueError(f"{path} is {json.dumps(value)[:80]}, not of type {_PLAIN[of]}")
        return value
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{path} is {json.dumps(value)[:80]}, none of {arguments}")
        return value
    if origin in (Union, types.UnionType):
        for each in arguments:
            try:
                return _read(each, value, path)
            except ValueError:
                continue
        raise ValueError(f"{path} is {json.dumps(value)[:80]}, none of {of}")
    if origin in (list, Sequence, set, frozenset, tuple) or of is list:
        if not isinstance(value, list):
            raise ValueError(f"{path} is no list")
        if origin is tuple and not (len(arguments) == 2 and arguments[1] is ...):
            if len(value) != len(arguments):
                raise ValueError(f"{path} has {len(value)} elements, not {len(arguments)}")
            return tuple(_read(arguments[i], each, f"{path}[{i}]") for i, each in enumerate(value))
        items = [_read(arguments[0] if arguments else Any, each, f"{path}[{i}]") for i, each in enumerate(value)]
        return items if origin in (list, Sequence, None) else origin(items)
    if origin in (dict, Mapping) or of is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{path} is no object")
        return {key: _read(arguments[1] if arguments else Any, each, f"{path}.{key}") for key, each in value.items()}
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return of(value)
    if hasattr(of, "model_validate"):
        return of.model_validate(value)
    if not isinstance(value, dict):
        raise ValueError(f"{path} is no object")
    hints = typing.get_type_hints(of, include_extras=True)
    unknown = set(value) - set(hints)
    if unknown:
        raise ValueError(f"{path} has {sorted(unknown)[0]!r}, which {of.__name__} does not know")
    read = {name: _read(hints[name], each, f"{path}.{name}") for name, each in value.items()}
    try:
        return of(**read)
    except TypeError as missing:
        raise ValueError(f"{path}: {missing}") from missing


def parameters_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON schema of a function's arguments."""
    hints = typing.get_type_hints(function, include_extras=True)
    properties: dict[str, Any] = {}
    required = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{function.__name__} takes {parameter}; a tool's arguments have names")
        if name not in hints:
            raise TypeError(f"{function.__name__} does not say of which type {name} is")
        properties[name] = schema_of(hints[name])
        if parameter.default is parameter.empty:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def arguments_for(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a function from what JSON says; raises `ValueError` where they do not fit."""
    hints = typing.get_type_hints(function, include_extras=True)
    known = inspect.signature(function).parameters
    for name in arguments:
        if name not in known:
            raise ValueError(f"there is no argument {name!r}")
    for name, parameter in known.items():
        if name not in arguments and parameter.default is parameter.empty:
            raise ValueError(f"the argument {name!r} is missing")
    return {name: _read(hints.get(name, Any), value, name) for name, value in arguments.items()}
