"""Which Python of a node jobs run in. Pure; runs in the engine."""

from __future__ import annotations

from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.node import PythonEnvironment


def choose_python(spec: NodeSpec, environments: list[PythonEnvironment]) -> tuple[str, str]:
    """The interpreter and what is wrong with it; an empty path when none can train."""
    if spec.python:
        return _configured(spec.python, environments)
    for environment in environments:
        if can_train(environment):
            return environment.path, ""
    if not environments:
        return "", "No Python environment was found on the node."
    closest = max(environments, key=lambda item: (bool(item.torch), bool(item.gymnasium)))
    return "", f"No Python environment can train; {closest.path}: {problem_of(closest)}"


def can_train(environment: PythonEnvironment) -> bool:
    """Whether torch and gymnasium are there and nothing else is wrong."""
    return bool(environment.torch and environment.gymnasium and not environment.problem)


def problem_of(environment: PythonEnvironment) -> str:
    """Why it cannot train, one sentence; empty when it can."""
    if environment.problem:
        return environment.problem
    missing = [name for name in ("torch", "gymnasium") if not getattr(environment, name)]
    return f"{' and '.join(missing)} missing." if missing else ""


def _configured(path: str, environments: list[PythonEnvironment]) -> tuple[str, str]:
    found = next((item for item in environments if item.path == path), None)
    found = found or next((item for item in environments if item.source == "configured"), None)
    if found is None:
        return path, f"The interpreter {path} was not found on the node."
    return found.path, problem_of(found)
