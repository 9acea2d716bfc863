"""Proximal policy optimisation, data-parallel over ranks. Runs in a job on a node.

Schulman et al. 2017, arXiv:1707.06347, with the details that proved to matter (Huang et al. 2022,
"The 37 implementation details of PPO"). Differences between ranks are in the environments' random
streams only: see ``distributed``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.algorithms.gae import Endings, advantages
from lepton_desktop.runtime.distributed import Ranks
from lepton_desktop.runtime.normaliser import Normaliser
from lepton_desktop.runtime.policy import Policy
from lepton_desktop.runtime.rewards.function import RewardFunction
from lepton_desktop.runtime.rewards.ledger import Episode, Ledger
from lepton_desktop.runtime.rollout import Collector, Rollout
from lepton_desktop.specs import PpoOptions

LOSSES = ("policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")


@dataclass(frozen=True)
class Batch:
    """One rollout as samples for gradient steps; first axis steps × environments."""

    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    """Of the actions under the policy that chose them."""
    advantages: torch.Tensor
    """Mean 0 and deviation 1 over all ranks."""
    returns: torch.Tensor
    weights: torch.Tensor
    """0 for dummy steps; the others make up for them, so that the mean is a mean of samples."""

    def part(self, index: torch.Tensor) -> Batch:
        """A minibatch."""
        return Batch(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Iteration:
    """What one iteration brought, on this rank unless said otherwise."""

    steps: int
    """Environment steps over all ranks."""
    episodes: list[Episode]
    losses: dict[str, float]
    """Means over the gradient steps of the update."""


class Ppo:
    """One rank's learner.

    Attributes:
        step: Environment steps so far, over all ranks.
        iteration: How many rollouts and updates so far.
    """

    def __init__(
        self,
        options: PpoOptions,
        collector: Collector,
        reward: RewardFunction,
        ranks: Ranks,
        policy: Policy,
    ) -> None:
        self.options = options
        self.collector = collector
        self.reward = reward
        self.ranks = ranks
        self.policy = policy.to(ranks.device)
        self.normaliser = Normaliser(policy.observation_size, options.normalise_observations)
        self.returns = Normaliser(1, enabled=True)
        self.ledger = Ledger(collector.environments.count, len(reward.term_names))
        self.step = 0
        self.iteration = 0
        self.learning_rate = options.learning_rate
        self.clip_range = options.clip_range
        trained = torch.nn.Parameter(policy.parameters.detach())
        trained.grad = policy.gradient
        self.optimiser = torch.optim.Adam([trained], lr=options.learning_rate, eps=1e-5, fused=True)

    def iterate(self, total_steps: int) -> Iteration:
        """One iteration.

        Raises:
            LeptonError: A reward was not finite on some rank, or the training diverged.
        """
        self._anneal(total_steps)
        rollout, rewards, episodes = self._collect()
        batch, steps, explained = self._advantages(rollout, rewards)
        losses = self._update(batch)
        self._normalise(rollout)
        self.step += steps
        self.iteration += 1
        return Iteration(steps, episodes, {**losses, "explained_variance": explained})

    def _anneal(self, total_steps: int) -> None:
        left = max(1.0 - self.step / total_steps, 0.0) if self.options.anneal else 1.0
        self.learning_rate = self.options.learning_rate * left
        self.clip_range = self.options.clip_range * left
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate

    def _collect(self) -> tuple[Rollout, NDArray[np.float64], list[Episode]]:
        failure: LeptonError | None = None
        try:
            rollout = self.collector.collect(
                self.policy.actor(), self.normaliser, self.options.rollout_steps
            )
            variables = rollout.variables(self.collector.environments.spec)
            values = self.reward.evaluate(variables, rollout.valid)
            episodes = self.ledger.add(values, rollout.objective, rollout.ended, rollout.valid)
        except LeptonError as error:
            failure = error
        self.ranks.share_failure(failure)
        return rollout, values.total, episodes

    def _advantages(
        self, rollout: Rollout, rewards: NDArray[np.float64]
    ) -> tuple[Batch, int, float]:
        """The rollout as a batch, its steps over all ranks, and how well the critic knew it."""
        seen = torch.from_numpy(rollout.seen).to(self.ranks.device)
        actions = torch.from_numpy(rollout.actions).to(self.ranks.device)
        with torch.no_grad():
            log_probs, _ = self.policy.log_prob_and_entropy(self.policy.outputs(seen[:-1]), actions)
            values = self.policy.values(seen).cpu().numpy().astype(np.float64)
        endings = Endings(rollout.terminated, rollout.truncated, rollout.valid)
        gains = advantages(rewards, values, endings, self.options.gamma, self.options.gae_lambda)
        returns = gains + values[:-1]
        self._scale_critic(returns[rollout.valid])
        scaled, count, mean_valid = self._standardise(gains, rollout.valid)
        explained = _explained_variance(gains[rollout.valid], returns[rollout.valid])
        batch = Batch(
            seen[:-1].flatten(0, 1),
            actions.flatten(0, 1),
            log_probs.flatten(),
            self._tensor(scaled),
            self._tensor(returns),
            self._tensor(rollout.valid / mean_valid),
        )
        return batch, count, explained

    def _scale_critic(self, returns: NDArray[np.float64]) -> None:
        """Let the critic's output be in units of all returns so far, over all ranks.

        Targets far from 0 would saturate its units until it answers the same everywhere.
        """
        moments = self.returns.moments(returns[:, None], self.returns.mean)
        self.returns.update(self.ranks.sum(moments))
        variance = max(float(self.returns.square_sum[0]), 0.0) / self.returns.count
        self.policy.rescale_values(float(self.returns.mean[0]), max(math.sqrt(variance), 1e-3))

    def _standardise(
        self, gains: NDArray[np.float64], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], int, float]:
        """Advantages with mean 0 and deviation 1 over the valid steps of all ranks."""
        chosen = gains[valid]
        local = np.array([chosen.size, chosen.sum(), np.square(chosen).sum(), valid.size])
        count, total, squares, slots = self.ranks.sum(local.astype(np.float64))
        mean = total / count
        deviation = np.sqrt(max(squares / count - mean * mean, 0.0))
        return (gains - mean) / (deviation + 1e-8), int(count), count / slots

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.float32).ravel()).to(self.ranks.device)

    def _update(self, batch: Batch) -> dict[str, float]:
        samples = len(batch.weights)
        sums = torch.zeros(len(LOSSES), device=self.ranks.device)
        count = 0
        for _ in range(self.options.epochs):
            for index in self._minibatches(samples):
                part = batch if len(index) == samples else batch.part(index)
                losses = self._gradient_step(part)
                sums += losses
                count += 1
            if self.options.target_kl and self._mean_kl(losses) > self.options.target_kl:
                break
        if not torch.isfinite(self.policy.parameters).all():
            raise LeptonError(
                f"The training diverged after {self.step} steps: the policy is no longer finite.",
                "Lower the learning rate or the scale of the rewards.",
                code="diverged",
            )
        return dict(zip(LOSSES, (sums / count).tolist()))

    def _minibatches(self, samples: int) -> list[torch.Tensor]:
        """A fresh split of the samples; the same number of parts on every rank."""
        order = torch.from_numpy(self.collector.generator.permutation(samples))
        return list(torch.split(order.to(self.ranks.device), self.options.minibatch_size))

    def _gradient_step(self, part: Batch) -> torch.Tensor:
        self.policy.gradient.zero_()
        loss, losses = ppo_loss(self.policy, part, self.clip_range, self.options)
        torch.autograd.backward(loss)
        self.ranks.average(self.policy.gradient)
        if self.options.max_gradient_norm:
            norm = torch.linalg.vector_norm(self.policy.gradient)
            scale = torch.clamp(self.options.max_gradient_norm / (norm + 1e-6), max=1.0)
            self.policy.gradient.mul_(scale)
        self.optimiser.step()
        return losses

    def _mean_kl(self, losses: torch.Tensor) -> float:
        """Over the ranks, so that all of them stop at the same epoch."""
        kl = losses[LOSSES.index("approx_kl")].reshape(1).clone()
        self.ranks.average(kl)
        return float(kl)

    def _normalise(self, rollout: Rollout) -> None:
        """Take the rollout into the observations' scale, from the next iteration on."""
        if self.normaliser.enabled:
            observations = rollout.observations[:-1][rollout.valid]
            moments = self.normaliser.moments(observations, self.normaliser.mean)
            self.normaliser.update(self.ranks.sum(moments))


def ppo_loss(
    policy: Policy, batch: Batch, clip_range: float, options: PpoOptions
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of one minibatch, and the numbers in ``LOSSES`` as one vector.

    The value loss is in units of the returns' deviation.
    """
    log_probs, entropy = policy.log_prob_and_entropy(
        policy.outputs(batch.observations), batch.actions
    )
    change = log_probs - batch.log_probs
    ratio = change.exp()
    clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range)
    gain = torch.minimum(ratio * batch.advantages, clipped * batch.advantages)
    error = (policy.values(batch.observations) - batch.returns) / policy.value_scale
    policy_loss = -(batch.weights * gain).mean()
    value_loss = (batch.weights * error.square()).mean()
    mean_entropy = (batch.weights * entropy).mean()
    loss = (
        policy_loss
        + options.value_coefficient * value_loss
        - options.entropy_coefficient * mean_entropy
    )
    with torch.no_grad():
        approx_kl = (batch.weights * (ratio - 1.0 - change)).mean()
        outside = ((ratio - 1.0).abs() > clip_range).float()
        losses = torch.stack(
            [policy_loss, value_loss, mean_entropy, approx_kl, (batch.weights * outside).mean()]
        )
    return loss, losses


def _explained_variance(errors: NDArray[np.float64], returns: NDArray[np.float64]) -> float:
    """1: the critic foresaw every return; 0 or less: no better than their mean; or NaN."""
    variance = float(np.var(returns))
    return 1.0 - float(np.var(errors)) / variance if variance > 0.0 else math.nan
