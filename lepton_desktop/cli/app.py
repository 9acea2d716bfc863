"""Puts the commands together and turns every failure into words and an exit code.

Runs on the desk. Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from typing import Annotated

import typer

import lepton_desktop
from lepton_desktop.cli import catalogue, demo, doctor, engine, node, reward, run_commands, top
from lepton_desktop.cli.output import note, show_error
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import paths

FAILED = 1
INTERRUPTED = 130
CRASH_FILE = "leptonctl-crash.log"

app = typer.Typer(
    name="leptonctl",
    help="Lepton Desktop from the terminal: nodes, reward functions, training runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"leptonctl {lepton_desktop.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    return


def run(args: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    try:
        app(args, prog_name="leptonctl")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except LeptonError as error:
        show_error(error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as head, has seen enough; keep Python from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:  # noqa: BLE001  # a bug: the report goes to a file, the terminal stays readable
        _report_bug()
        return FAILED
    return 0


def _report_bug() -> None:
    text = traceback.format_exc()
    note(f"This is a bug in leptonctl: {text.strip().splitlines()[-1]}")
    try:
        file = paths().make().home / CRASH_FILE
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%F %T')} {lepton_desktop.__version__} {sys.argv}\n{text}\n")
    except (OSError, LeptonError):
        note(text)
        return
    note(f"Please report it with the end of {file}")


app.add_typer(engine.app, name="engine")
app.command("doctor")(doctor.doctor)
app.add_typer(node.app, name="node")
app.command("top")(top.top)
app.add_typer(reward.app, name="reward")
app.add_typer(catalogue.environments, name="env")
app.add_typer(run_commands.app, name="run")
app.add_typer(catalogue.plugins, name="plugin")
app.command("activity")(catalogue.activity)
app.command("demo")(demo.demo)
