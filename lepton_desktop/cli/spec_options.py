"""Command-line options made of a spec's declared fields, so that each is declared once.

Runs on the desk.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from lepton_desktop.specs import OptionInfo, options_of

Given = dict[str, Any]
"""Field name to the value that was given on the command line; fields not given are absent."""


def spec_options(
    kind: type, skip: tuple[str, ...] = (), flags: dict[str, str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each simple field of ``kind``.

    The command gets the values as its argument ``given``. ``flags`` renames options: field name to
    flag. Lists may be given several times or with commas.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        added = _parameters(kind, skip, flags or {})
        own_hints = get_type_hints(function, include_extras=True)
        own = [
            item.replace(annotation=own_hints[item.name])
            for item in inspect.signature(function).parameters.values()
            if item.name != "given"
        ]

        @functools.wraps(function)
        def command(**values: Any) -> None:  # noqa: ANN401
            asked = {name: values.pop(name) for name in added}
            given = {name: _value(item) for name, item in asked.items() if item not in (None, [])}
            function(**values, given=given)

        parameters = [*own, *added.values()]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {item.name: item.annotation for item in parameters}
        return command

    return decorate


def _parameters(
    kind: type, skip: tuple[str, ...], flags: dict[str, str]
) -> dict[str, inspect.Parameter]:
    hints = get_type_hints(kind)
    simple = (str, int, float, bool, list[str])
    declared = {info.name: info for info in options_of(kind)}
    defaults = {item.name: item.default for item in dataclasses.fields(kind)}
    return {
        name: inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=[] if hints[name] == list[str] else None,
            annotation=Annotated[
                list[str] if hints[name] == list[str] else hints[name] | None,
                typer.Option(
                    flags.get(name, f"--{name.replace('_', '-')}"),
                    help=_help(info),
                    show_default=False,
                    metavar=_metavar(info, hints[name]),
                ),
            ],
        )
        for name, info in declared.items()
        if name not in skip and hints[name] in simple and name in defaults
    }


def _metavar(info: OptionInfo, hint: type) -> str:
    if info.choices:
        return "|".join(info.choices)
    return {int: "N", float: "X"}.get(hint, "TEXT")


def _help(info: OptionInfo) -> str:
    parts = [info.help]
    if info.unit:
        parts.append(f"in {info.unit}")
    if info.default not in (None, "") and not isinstance(info.default, dataclasses.Field):
        parts.append(f"(default {info.default})")
    return " ".join(parts)


def _value(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [part.strip() for item in value for part in item.split(",") if part.strip()]
    return value
