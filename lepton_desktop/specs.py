"""What people ask for: nodes, rewards, runs. Every option is declared once, here.

Forms, command line and docs derive from the fields: each carries a help sentence, its unit and its
limits. Standard library only, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from dataclasses import dataclass, field, fields
from typing import Any, Optional, TypeVar

from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.formula import check_formula, is_name, variables
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.desk import Problem

T = TypeVar("T")

FUNCTION_PATTERN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class OptionInfo:
    """One declared option, for forms, the command line and the docs."""

    name: str
    type: str
    default: Any
    help: str
    unit: str = ""
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    choices: tuple[str, ...] = ()


def option(  # noqa: PLR0913
    default: Any = dataclasses.MISSING,  # noqa: ANN401
    help: str = "",
    *,
    unit: str = "",
    minimum: Optional[float] = None,
    maximum: Optional[float] = None,
    choices: tuple[str, ...] = (),
    factory: Any = dataclasses.MISSING,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """A dataclass field that knows its help, unit and limits (inclusive)."""
    meta = {"help": help, "unit": unit, "minimum": minimum, "maximum": maximum, "choices": choices}
    if factory is not dataclasses.MISSING:
        return field(default_factory=factory, metadata=meta)
    if default is dataclasses.MISSING:
        return field(metadata=meta)
    return field(default=default, metadata=meta)


def options_of(kind: type) -> list[OptionInfo]:
    """The declared options of a spec class, in order."""
    return [
        OptionInfo(
            name=item.name,
            type=str(item.type),
            default=None if item.default is dataclasses.MISSING else item.default,
            **{
                key: item.metadata[key] for key in ("help", "unit", "minimum", "maximum", "choices")
            },
        )
        for item in fields(kind)
        if "help" in item.metadata
    ]


def load(kind: type[T], data: object) -> T:
    """Make a spec of a JSON or TOML object and check it.

    Raises:
        LeptonError: A field is unknown, missing, of the wrong type or outside its limits.
    """
    if not isinstance(data, dict):
        raise LeptonError(f"A {kind.__name__} must be a table of fields.", code="spec")
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    for name in data:
        if name not in known:
            raise LeptonError(
                f"{kind.__name__} has no field '{name}'.",
                f"Its fields are {', '.join(known)}.",
                code="spec",
            )
    try:
        spec = build(kind, data)
    except WireError as error:
        raise LeptonError(error.message, code="spec") from None
    check_limits(spec)
    return spec


def check_limits(spec: object) -> None:
    """Check declared limits and choices.

    Raises:
        LeptonError: A value is outside; the message names the allowed range.
    """
    for item in fields(spec):  # type: ignore[arg-type]
        value = getattr(spec, item.name)
        low, high = item.metadata.get("minimum"), item.metadata.get("maximum")
        choices = item.metadata.get("choices", ())
        if choices and value not in choices:
            raise LeptonError(
                f"{item.name} is '{value}'.", f"Allowed: {', '.join(choices)}.", code="spec"
            )
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            outside = (low is not None and value < low) or (high is not None and value > high)
            if outside or value != value:
                raise LeptonError(
                    f"{item.name} is {value}.", f"Allowed: {_range(low, high)}.", code="spec"
                )


def _range(low: Optional[float], high: Optional[float]) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def check_name(name: str, what: str) -> None:
    """Names end up in paths and commands, so they are kept simple.

    Raises:
        LeptonError: The name has other characters than letters, digits, dot, dash and underscore.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise LeptonError(
            f"'{name}' is not a usable {what} name.",
            "Use up to 63 letters, digits, dots, dashes and underscores, a letter or digit first.",
            code="spec",
        )


@dataclass(frozen=True)
class NodeSpec:
    """How to reach one node."""

    name: str = option(help="Name in the lab, unique")
    host: str = option("", "Host name or address; empty for this computer")
    port: int = option(22, "SSH port", minimum=1, maximum=65535)
    user: str = option("", "Login name; empty for the desk's own")
    key: str = option("", "Private key file; empty for the SSH agent and the default keys")
    jump: str = option("", "Jump hosts, user@host:port, several separated by commas, nearest first")
    tags: list[str] = option(factory=list, help="Tags for filters")
    group: str = option("", "Group that the fleet grid draws together")
    python: str = option("", "Interpreter for jobs; empty to pick the first that can train")
    fabric_address: str = option("", "Address other nodes reach this one by; empty to find it")
    home: str = option("", "Node home; empty for ~/.local/share/lepton-desktop")
    notes: str = option("", "Notes")

    def __post_init__(self) -> None:
        check_name(self.name, "node")

    @property
    def is_local(self) -> bool:
        """Whether this is the computer that the engine runs on."""
        return not self.host


TERM_KINDS = ("term", "penalty", "shaping")


@dataclass(frozen=True)
class RewardTerm:
    """One summand of a reward function: ``weight * clip(formula)``."""

    name: str = option(help="Name, a Python identifier; logged as reward/<name>")
    formula: str = option("", "Expression over the environment's variables, see docs/rewards.md")
    weight: float = option(1.0, "Factor; negative for what should be avoided")
    parameters: dict[str, float] = option(factory=dict, help="Named numbers the formula may use")
    clip: Optional[list[float]] = option(None, "Lower and upper bound before the weight")
    kind: str = option("term", "What it is for", choices=TERM_KINDS)
    enabled: bool = option(True, "Off: logged as 0 and not added")
    function: str = option("", "Instead of a formula: module:attr of a plug-in's term")


@dataclass(frozen=True)
class RewardSpec:
    """A reward function: the sum of its terms.

    The environment's own reward is the true objective: recorded apart, no term unless one says so.
    """

    name: str = option(help="Name in the reward library")
    environment: str = option(help="Environment id it was written for")
    terms: list[RewardTerm] = option(factory=list, help="Summands")
    description: str = option("", "What it should teach")

    def __post_init__(self) -> None:
        check_name(self.name, "reward")

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 over what decides the value of the reward."""
        body = {"environment": self.environment, "terms": dump(self.terms)}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class VariableSpec:
    """One named variable of an environment."""

    name: str
    meaning: str = ""
    unit: str = ""
    low: Optional[float] = None
    high: Optional[float] = None


@dataclass(frozen=True)
class EnvironmentSpec:
    """What is known of an environment without importing it."""

    id: str
    title: str = ""
    actions: str = "discrete"
    """``discrete`` or ``continuous``."""
    observation: list[VariableSpec] = field(default_factory=list)
    """In the order of the observation vector."""
    action: list[VariableSpec] = field(default_factory=list)
    reward_threshold: Optional[float] = None
    source: str = "gymnasium"
    """``gymnasium`` or the id of the plug-in that adds it."""
    entry: str = ""
    """``module:attr`` of a plug-in's environment class."""
    max_episode_steps: Optional[int] = None


def reward_variables(environment: EnvironmentSpec) -> list[str]:
    """Every name that a formula may use in this environment."""
    observation = [variable.name for variable in environment.observation]
    return variables(observation, [variable.name for variable in environment.action])


def check_reward(spec: RewardSpec, environment: Optional[EnvironmentSpec] = None) -> list[Problem]:
    """Everything wrong with a reward function; ``where`` is ``terms.<name>.<field>``.

    Without an environment the names in formulas are not checked.
    """
    names = reward_variables(environment) if environment and environment.observation else None
    problems = []
    if not spec.terms:
        problems.append(Problem("terms", "The reward has no terms.", "Add at least one term."))
    seen: set[str] = set()
    for term in spec.terms:
        problems += [
            dataclasses.replace(problem, where=f"terms.{term.name}.{problem.where}")
            for problem in _term_problems(term, names, seen)
        ]
        seen.add(term.name)
    return problems


def _term_problems(term: RewardTerm, names: Optional[list[str]], seen: set[str]) -> list[Problem]:
    problems = []
    if not is_name(term.name):
        hint = "Use letters, digits and underscores, a letter first."
        problems.append(Problem("name", f"'{term.name}' is not a usable term name.", hint))
    if term.name in seen:
        message = f"Two terms are called '{term.name}'."
        problems.append(Problem("name", message, "Rename one of them."))
    if not all(map(math.isfinite, [term.weight, *term.parameters.values(), *(term.clip or [])])):
        message = "A weight, parameter or bound is not a finite number."
        problems.append(Problem("weight", message, "Use a finite number."))
    if term.clip is not None and (len(term.clip) != 2 or term.clip[0] > term.clip[1]):
        message = "clip needs two numbers, the lower bound first."
        problems.append(Problem("clip", message, "For example [-1.0, 1.0]."))
    return problems + _value_problems(term, names)


def _value_problems(term: RewardTerm, names: Optional[list[str]]) -> list[Problem]:
    if bool(term.formula.strip()) == bool(term.function):
        message = "A term needs either a formula or a function."
        return [Problem("formula", message, "Fill in exactly one of the two.")]
    if term.formula.strip():
        return check_formula(term.formula, names, term.parameters)
    if not FUNCTION_PATTERN.fullmatch(term.function):
        message = f"'{term.function}' does not name a function."
        return [Problem("function", message, "Write module:function.")]
    return []


@dataclass(frozen=True)
class PpoOptions:
    """Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347)."""

    environments: int = option(
        8, "Environment copies a rank steps together", minimum=1, maximum=4096
    )
    rollout_steps: int = option(128, "Steps of each copy between updates", minimum=1, maximum=65536)
    minibatch_size: int = option(256, "Samples of one gradient step, per rank", minimum=1)
    epochs: int = option(10, "Passes over a rollout", minimum=1, maximum=100)
    learning_rate: float = option(1e-3, "Adam's step size", minimum=1e-8, maximum=1.0)
    anneal: bool = option(True, "Lower learning rate and clip range linearly to 0")
    gamma: float = option(0.98, "Discount γ", minimum=0.0, maximum=1.0)
    gae_lambda: float = option(
        0.9, "λ of generalised advantage estimation", minimum=0.0, maximum=1.0
    )
    clip_range: float = option(0.2, "Bound of the probability ratio", minimum=0.0, maximum=1.0)
    entropy_coefficient: float = option(0.0, "Weight of the entropy bonus", minimum=0.0)
    value_coefficient: float = option(0.5, "Weight of the value loss", minimum=0.0)
    max_gradient_norm: float = option(0.5, "Gradient clipping", minimum=0.0)
    target_kl: float = option(
        0.0, "Stop an update's epochs above this divergence; 0: never", minimum=0.0
    )
    hidden_sizes: list[int] = option(factory=lambda: [64, 64], help="Units of each hidden layer")
    normalise_observations: bool = option(False, "Scale observations by running mean and deviation")


@dataclass(frozen=True)
class RunSpec:
    """One training: configuration and seed."""

    name: str = option(help="Name of the run")
    environment: str = option("CartPole-v1", "Environment id")
    algorithm: str = option("ppo", "Learning algorithm", choices=("ppo",))
    options: dict[str, Any] = option(factory=dict, help="Options of the algorithm, see PpoOptions")
    reward: Optional[RewardSpec] = option(
        None, "Reward function; none: the environment's own reward"
    )
    nodes: list[str] = option(factory=list, help="Nodes to use; empty: this computer")
    processes_per_node: int = option(1, "Ranks on each node; 0: one a GPU", minimum=0, maximum=512)
    total_steps: int = option(100_000, "Environment steps over all ranks", minimum=1)
    seed: int = option(1, "Random seed", minimum=0, maximum=2**31 - 1)
    device: str = option("auto", "Where networks live", choices=("auto", "cpu", "cuda"))
    backend: str = option("auto", "Collective library", choices=("auto", "gloo", "nccl"))
    checkpoint_every_steps: int = option(20_000, "Steps between checkpoints", minimum=1)
    evaluation_episodes: int = option(
        100, "Episodes on the true objective after training; 0: none", minimum=0, maximum=100_000
    )
    notes: str = option("", "Notes")

    def __post_init__(self) -> None:
        check_name(self.name, "run")


@dataclass(frozen=True)
class TrainSpec:
    """What a rank is given (``train.json`` in the job folder); made from a RunSpec by the plan."""

    run_id: str
    environment: EnvironmentSpec
    algorithm: str
    options: dict[str, Any]
    reward: Optional[RewardSpec]
    total_steps: int
    seed: int
    device: str = "auto"
    backend: str = "gloo"
    checkpoint_every_steps: int = 20_000
    resume_from: str = ""
    plugin_folders: list[str] = field(default_factory=list)
    """Absolute paths on the node, put in front of ``sys.path``."""


@dataclass(frozen=True)
class EvaluateSpec:
    """What an evaluation job is given (``evaluate.json`` in the job folder)."""

    run_id: str
    environment: EnvironmentSpec
    checkpoint: str
    episodes: int = 100
    seed: int = 10_000
    deterministic: bool = True
    reward: Optional[RewardSpec] = None
    """Scored beside the true objective, term by term."""
    plugin_folders: list[str] = field(default_factory=list)
