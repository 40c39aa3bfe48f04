"""What a recipe may hold, told from the classes that read it: for people who write one, and where they slipped."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo

from model.errors import RecipeError

_KINDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
    tuple[str, ...]: "a list of texts",
    tuple[float, float]: "a list of two numbers",
    tuple[float, float, float]: "a list of three numbers",
    dict[str, Any]: "a table",
    dict[str, float]: "a table of numbers",
    dict[str, tuple[str, ...]]: "a table of lists of texts",
}
_BOUNDS: Mapping[type, tuple[str, str]] = {
    annotated_types.Gt: ("gt", "above {}"),
    annotated_types.Ge: ("ge", "from {}"),
    annotated_types.Lt: ("lt", "below {}"),
    annotated_types.Le: ("le", "to {}"),
    annotated_types.MultipleOf: ("multiple_of", "a multiple of {}"),
    annotated_types.MinLen: ("min_length", "of at least {}"),
}

NOTHING = "left out"
"""Default of a key that need not have a value."""


@dataclass(frozen=True, slots=True)
class RecipeKey:
    """One key of a recipe."""

    name: str
    """With its section, as `fit.epochs`."""
    allowed: str
    """What its value may be, in words."""
    default: str
    """As it would be written; empty when the key has to be there."""
    meaning: str


def recipe_keys(section: type[BaseModel], above: str = "") -> Iterator[RecipeKey]:
    """Yield all keys of a recipe or of a section of it, in their order."""
    for name, field in section.model_fields.items():
        if inner := _section_of(field):
            yield from recipe_keys(inner, f"{above}{name}.")
        else:
            meaning = " ".join((field.description or "").split())
            yield RecipeKey(above + name, _allowed(field), _default(field), meaning)


def explain(error: ValidationError, recipe: type[BaseModel], path: Path, value: Mapping[str, Any]) -> RecipeError:
    """Return the first thing that is wrong with a recipe's `value` as a sentence; a misspelt key comes first."""
    slips = error.errors()
    first = next((slip for slip in slips if slip["type"] == "extra_forbidden"), slips[0])
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return RecipeError(
            "unknown_key", f"{str(path)!r} has the unknown key {'.'.join(where)!r}; {_hint(recipe, where)}"
        )
    if first["type"] == "value_error":
        return RecipeError("bad_value", f"{str(path)!r}: {first['msg'].removeprefix('Value error, ')}; correct it.")
    name, allowed = _named(recipe, where)
    if first["type"] == "missing":
        return RecipeError("bad_value", f"{str(path)!r} has no {name!r}; add it: {allowed}.")
    return RecipeError("bad_value", f"{str(path)!r}: {name!r} is {_found(value, name)!r}; it must be {allowed}.")


def _hint(recipe: type[BaseModel], where: Sequence[str]) -> str:
    """Return the nearest right name: first in the section where it stands, then anywhere."""
    names = [key.name for key in recipe_keys(recipe)]
    names += sorted({name.rpartition(".")[0] for name in names} - {""})
    above = "".join(f"{part}." for part in where[:-1])
    for near in (
        [name for name in names if name.startswith(above) and "." not in name.removeprefix(above)],
        names,
    ):
        last = {name.rpartition(".")[2]: name for name in near}
        if found := difflib.get_close_matches(where[-1], last, n=1):
            return f"did you mean {last[found[0]]!r}?"
    return "remove it; `redspots recipe show` lists all keys."


def _named(recipe: type[BaseModel], where: Sequence[str]) -> tuple[str, str]:
    """Return the key in which a place lies, and what it may be."""
    place = ".".join(where)
    for key in recipe_keys(recipe):
        if place == key.name or place.startswith(f"{key.name}."):
            return key.name, key.allowed
    return place, f"a section, [{place}]"


def _found(value: Any, name: str) -> Any:
    for part in name.split("."):
        value = value[part]
    return value


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _allowed(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        words = "one of " + ", ".join(repr(one) for one in get_args(kind))
    else:
        words = " ".join([_KINDS[kind], *_bounds(field)])
    return f"{words}, or 'auto'" if _is_auto(field) else words


def _bounds(field: FieldInfo) -> list[str]:
    told = []
    for bound in field.metadata:
        if (known := _BOUNDS.get(type(bound))) is not None:
            attribute, words = known
            told.append(words.format(getattr(bound, attribute)))
    return [" and ".join(told).replace(" and to ", " to ")] if told else []


def _is_auto(field: FieldInfo) -> bool:
    return any(isinstance(one, BeforeValidator) for one in field.metadata)


def _default(field: FieldInfo) -> str:
    if _is_auto(field):
        return "'auto'"
    if field.is_required():
        return ""
    if field.default is None:
        return NOTHING
    return repr(list(field.default) if isinstance(field.default, tuple) else field.default)
