"""JSON objects to frozen dataclasses and back. Runs everywhere; standard library only.

Unknown fields are ignored so that a newer peer can add some; a missing or mistyped field is an
error that names its path. Fields equal to their default are left out when written, which keeps a
telemetry sample small.
"""

from __future__ import annotations

import enum
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lepton_desktop.errors import WireError

T = TypeVar("T")

_UNIONS = (Union, getattr(types, "UnionType", Union))
"""``Optional[int]`` everywhere, ``int | None`` in the desk's own records."""


def dump(value: object) -> Any:  # noqa: ANN401
    """The JSON value of a dataclass, container or scalar; fields at their default are omitted."""
    if isinstance(value, enum.Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: dump(content)
            for item in fields(value)
            if not _is_default(item, content := getattr(value, item.name))
        }
    if isinstance(value, dict):
        return {str(key): dump(content) for key, content in value.items()}
    if isinstance(value, (list, tuple)):
        return [dump(content) for content in value]
    return value


def _is_default(item: Field[Any], content: object) -> bool:
    if item.default is not MISSING:
        return bool(content == item.default)
    if item.default_factory is not MISSING:
        return bool(content == item.default_factory())
    return False


def build(kind: type[T], data: object, path: str = "") -> T:
    """Make a ``kind`` (a dataclass) of a JSON object.

    Raises:
        WireError: A field is missing or of another type; the message names its path.
    """
    if not isinstance(data, dict):
        raise WireError(f"{path or kind.__name__}: expected an object.")
    values: dict[str, Any] = {}
    for name, hint, required in _shape(kind):  # type: ignore[arg-type]
        where = f"{path}.{name}" if path else name
        if name in data:
            values[name] = _value(hint, data[name], where)
        elif required:
            raise WireError(f"{kind.__name__}: the field '{where}' is missing.")
    return kind(**values)


@cache
def _shape(kind: type) -> list[tuple[str, Any, bool]]:
    hints = get_type_hints(kind)
    return [
        (item.name, hints[item.name], item.default is MISSING and item.default_factory is MISSING)
        for item in fields(kind)
        if item.init
    ]


def _value(hint: Any, data: object, path: str) -> Any:  # noqa: ANN401
    origin = get_origin(hint)
    if hint is Any:
        return data
    if origin in _UNIONS:
        return _optional(hint, data, path)
    if origin is not None:
        return _container(origin, get_args(hint), data, path)
    if is_dataclass(hint):
        return build(hint, data, path)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _enum(hint, data, path)
    return _scalar(hint, data, path)


def _optional(hint: Any, data: object, path: str) -> Any:  # noqa: ANN401
    options = [option for option in get_args(hint) if option is not type(None)]
    if data is None and len(options) < len(get_args(hint)):
        return None
    for option in options[:-1]:
        try:
            return _value(option, data, path)
        except WireError:
            continue
    return _value(options[-1], data, path)


def _container(origin: Any, args: tuple[Any, ...], data: object, path: str) -> Any:  # noqa: ANN401
    if origin is dict:
        if not isinstance(data, dict):
            raise WireError(f"{path}: expected an object.")
        return {key: _value(args[1], item, f"{path}.{key}") for key, item in data.items()}
    if not isinstance(data, (list, tuple)):
        raise WireError(f"{path}: expected a list.")
    items = [_value(args[0], item, f"{path}[{index}]") for index, item in enumerate(data)]
    return tuple(items) if origin is tuple else items


def _enum(hint: type[enum.Enum], data: object, path: str) -> enum.Enum:
    try:
        return hint(data)
    except ValueError:
        allowed = ", ".join(str(item.value) for item in hint)
        raise WireError(f"{path}: '{data}' is not one of {allowed}.") from None


def _scalar(hint: type, data: object, path: str) -> Any:  # noqa: ANN401
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(data, bool) is not (hint is bool) or not isinstance(data, hint):
        raise WireError(f"{path}: expected {hint.__name__}, got {type(data).__name__}.")
    return data
