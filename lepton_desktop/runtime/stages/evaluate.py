"""The stage that scores a trained policy on the true objective. Runs in a job on a node.

Every copy of the environment plays its own share of the episodes: taking the first ones to finish
would favour short episodes.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime import checkpoint as checkpoints
from lepton_desktop.runtime.entries import add_plugin_folders
from lepton_desktop.runtime.environments import Environments
from lepton_desktop.runtime.normaliser import Normaliser
from lepton_desktop.runtime.policy import Policy
from lepton_desktop.runtime.reporter import Reporter, write_error
from lepton_desktop.runtime.rewards.function import RewardFunction
from lepton_desktop.runtime.rewards.ledger import Episode, Ledger
from lepton_desktop.runtime.rollout import Collector
from lepton_desktop.specs import EvaluateSpec, load

COPIES = 20
BLOCK_STEPS = 50


def run(data: object, folder: Path) -> int:
    """Evaluate as the EvaluateSpec in ``data`` says; returns the exit code.

    Raises:
        LeptonError: The checkpoint cannot be read or does not fit the environment …
    """
    spec = load(EvaluateSpec, data)
    if spec.episodes < 1:
        raise LeptonError("An evaluation needs at least one episode.", "Ask for 100.", code="spec")
    torch.set_num_threads(1)
    add_plugin_folders(spec.plugin_folders)
    reporter = Reporter(folder)
    trained = checkpoints.load(folder / spec.checkpoint)
    reporter.event("started", f"Evaluating {spec.environment.id}, {spec.episodes} episodes.")
    environments = Environments(spec.environment, min(COPIES, spec.episodes))
    policy = Policy.from_state(trained.policy)
    _refuse_other_shape(policy, environments)
    normaliser = Normaliser.from_state(trained.normaliser)
    reward = RewardFunction(spec.reward, environments.spec)
    player = _Player(spec, Collector(environments, spec.seed), reward, reporter)
    episodes = player.play(policy, normaliser)
    environments.close()
    result = summary(episodes, reward.term_names)
    _write(folder / "artifacts", {"step": trained.step, **result}, episodes)
    reporter.metrics(trained.step, result)
    mean = result["eval/return_mean"]
    reporter.event("finished", f"Mean return {mean:.2f} over {len(episodes)} episodes.")
    return 0


class _Player:
    """Plays whole episodes until every copy has done its share."""

    def __init__(
        self, spec: EvaluateSpec, collector: Collector, reward: RewardFunction, reporter: Reporter
    ) -> None:
        self._spec = spec
        self._collector = collector
        self._reward = reward
        self._reporter = reporter
        copies = collector.environments.count
        self._left = np.full(copies, spec.episodes // copies)
        self._left[: spec.episodes % copies] += 1

    def play(self, policy: Policy, normaliser: Normaliser) -> list[Episode]:
        ledger = Ledger(self._collector.environments.count, len(self._reward.term_names))
        environment = self._collector.environments.spec
        actor = policy.actor()
        kept: list[Episode] = []
        while self._left.any():
            block = self._collector.collect(
                actor, normaliser, BLOCK_STEPS, self._spec.deterministic
            )
            values = self._reward.evaluate(block.variables(environment), block.valid)
            for episode in ledger.add(values, block.objective, block.ended, block.valid):
                if self._left[episode.environment] > 0:
                    self._left[episode.environment] -= 1
                    kept.append(episode)
            done = len(kept) / self._spec.episodes
            self._reporter.progress("Evaluating", len(kept), done)
        return kept


def summary(episodes: list[Episode], term_names: list[str]) -> dict[str, float]:
    """The metrics of an evaluation; returns are those of the true objective."""
    returns = np.array([episode.objective for episode in episodes])
    terms = np.array([episode.terms for episode in episodes]).mean(axis=0)
    return {
        "eval/return_mean": float(returns.mean()),
        "eval/return_min": float(returns.min()),
        "eval/return_max": float(returns.max()),
        "eval/length_mean": float(np.mean([episode.length for episode in episodes])),
        "eval/episodes": float(len(episodes)),
        **{f"eval/reward/{name}": float(mean) for name, mean in zip(term_names, terms)},
        **({"eval/return_std": float(returns.std(ddof=1))} if len(returns) > 1 else {}),
    }


def _refuse_other_shape(policy: Policy, environments: Environments) -> None:
    size = environments.observation_size
    if policy.observation_size != size or policy.actions != environments.actions:
        raise LeptonError(
            f"The checkpoint was trained on {policy.observation_size} observations and "
            f"{policy.actions.outputs} action outputs, '{environments.spec.id}' has {size} and "
            f"{environments.actions.outputs}.",
            "Evaluate it on the environment that it was trained on.",
            code="checkpoint",
        )


def _write(folder: Path, result: dict[str, float], episodes: list[Episode]) -> None:
    body = {
        **result,
        "returns": [episode.objective for episode in episodes],
        "lengths": [episode.length for episode in episodes],
    }
    target = folder / "evaluation.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        raise write_error(target, error) from None
