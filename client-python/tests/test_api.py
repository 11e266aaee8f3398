"""The public API, as last agreed on: api.txt. After a change: `python tests/test_api.py`, then read the difference."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import aded

KEPT = Path(__file__).resolve().parents[1] / "api.txt"


def described() -> str:
    lines = []
    for name in sorted(aded.__all__):
        value = getattr(aded, name)
        if not inspect.isclass(value):
            lines.append(f"{name}{inspect.signature(value)}" if inspect.isfunction(value) else name)
            continue
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        lines.append(f"class {name}({bases})")
        if dataclasses.is_dataclass(value):
            lines += [f"    {field.name}: {field.type}" for field in dataclasses.fields(value)]
        elif hasattr(value, "__total__"):
            lines += [f"    {key}: {getattr(of, '__forward_arg__', of)}" for key, of in value.__annotations__.items()]
        for member, of in sorted(vars(value).items()):
            if member.startswith("_") and member != "__init__":
                continue
            if isinstance(of, property):
                lines.append(f"    {member} (property)")
            elif inspect.isfunction(of) or isinstance(of, staticmethod):
                of = of.__func__ if isinstance(of, staticmethod) else of
                if member != "__init__" or not dataclasses.is_dataclass(value):
                    lines.append(f"    {member}{inspect.signature(of)}")
    return "\n".join(lines) + "\n"


def test_public_api_is_as_agreed() -> None:
    assert described() == KEPT.read_text(encoding="utf-8")


def test_public_api_is_documented_and_shows_no_generated_class() -> None:
    classes = [getattr(aded, name) for name in aded.__all__ if inspect.isclass(getattr(aded, name))]
    assert [each.__name__ for each in classes if not (each.__doc__ or "").strip()] == []
    assert "_pb2" not in described()


if __name__ == "__main__":
    KEPT.write_text(described(), encoding="utf-8")
