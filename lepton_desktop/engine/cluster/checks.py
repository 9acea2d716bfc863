"""What doctor says about a node: link, Python, packages, disk, clock. Pure; runs in the engine."""

from __future__ import annotations

from lepton_desktop.engine.cluster.pythons import problem_of
from lepton_desktop.wire.desk import Check, LinkState, NodeRow

DISK_WARNING_BYTES = 2 * 1024**3
SKEW_WARNING_SECONDS = 2.0


def node_checks(row: NodeRow) -> list[Check]:
    """One line a question; what cannot be known while the link is down is left out."""
    if row.state is not LinkState.UP:
        return [_link(row)]
    lines = [_link(row), *_python(row), _disk(row), _clock(row)]
    if row.drained:
        lines.append(
            Check("drained", "warning", row.drain_reason or "Takes no new jobs.", node=row.name)
        )
    return lines


def _link(row: NodeRow) -> Check:
    if row.state is LinkState.UP:
        message = f"{row.address}, agent {row.agent_version}"
        return Check("link", "ok", message, node=row.name)
    if row.state is LinkState.CONNECTING:
        return Check("link", "warning", f"Connecting: {row.step or 'waiting'}.", node=row.name)
    level = "error" if row.state is LinkState.BLOCKED else "warning"
    return Check("link", level, row.reason, row.hint, row.name)


def _python(row: NodeRow) -> list[Check]:
    chosen = next((item for item in row.environments if item.path == row.python), None)
    if chosen is None:
        hint = "Install torch and gymnasium in an environment there and name it for the node."
        return [Check("python", "error", row.python_problem or "None fits.", hint, row.name)]
    checks = [Check("python", "ok", f"{chosen.path} ({chosen.version})", node=row.name)]
    for package in ("torch", "gymnasium"):
        version = getattr(chosen, package)
        if version:
            cuda = f", CUDA {chosen.cuda}" if package == "torch" and chosen.cuda else ""
            checks.append(Check(package, "ok", f"{version}{cuda}", node=row.name))
        else:
            hint = f"{chosen.path} -m pip install {package}"
            checks.append(
                Check(package, "error", f"{chosen.path} has no {package}.", hint, row.name)
            )
    if chosen.problem and chosen.torch and chosen.gymnasium:
        checks.append(Check("python", "error", problem_of(chosen), node=row.name))
    return checks


def _disk(row: NodeRow) -> Check:
    free = row.sample.host.disk_free_bytes if row.sample else None
    if free is None and row.facts is not None:
        free = row.facts.disk_free_bytes
    if free is None:
        return Check("disk", "warning", "The free space is not known.", node=row.name)
    text = f"{free / 1e9:.1f} GB free at the node home"
    if free < DISK_WARNING_BYTES:
        return Check("disk", "warning", text, "Free some space or move the node home.", row.name)
    return Check("disk", "ok", text, node=row.name)


def _clock(row: NodeRow) -> Check:
    skew = row.clock_skew_seconds
    if skew is None:
        return Check("clock", "warning", "The clock was not compared yet.", node=row.name)
    text = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this computer"
    if abs(skew) > SKEW_WARNING_SECONDS:
        return Check("clock", "warning", text, "Turn on NTP on the node.", row.name)
    return Check("clock", "ok", "agrees with this computer's", node=row.name)
