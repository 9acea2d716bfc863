"""``leptonctl demo``: the main job end to end on a lab of this computer. Runs on the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Open no window, save pictures of it instead.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the demo's files, and say where they are.")
    ] = False,
    nodes: Annotated[int, typer.Option(help="Nodes of the lab.", min=2, max=16)] = 3,
    screenshots: Annotated[
        Path | None, typer.Option(help="Folder for overview.png, nodes.png and run.png.")
    ] = None,
) -> None:
    """Bring up three SSH nodes on this computer, train on two of them, evaluate, clean up."""
    from lepton_desktop.demo.tour import DemoOptions, run_demo

    raise typer.Exit(run_demo(DemoOptions(headless, keep, nodes, screenshots)))
