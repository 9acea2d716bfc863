"""Policy and critic: two multilayer perceptrons on one flat parameter buffer. Runs in a job.

One buffer makes the gradient of all parameters a single tensor: one all-reduce, one norm, one
optimiser step, whatever the number of layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from lepton_desktop.runtime.actor import Actor
from lepton_desktop.runtime.environments import ActionSpace

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class Policy:
    """An actor and a critic that share nothing but the buffer.

    Attributes:
        parameters: Every number of both networks, one vector.
        gradient: Where backward passes add up, the same layout.
        tensors: Named views into ``parameters``.
        value_mean: What the critic's output 0 stands for.
        value_scale: What one unit of the critic's output stands for.
    """

    def __init__(
        self, observation_size: int, actions: ActionSpace, hidden_sizes: Sequence[int], seed: int
    ) -> None:
        self.observation_size = observation_size
        self.actions = actions
        self.hidden_sizes = list(hidden_sizes)
        self.value_mean, self.value_scale = 0.0, 1.0
        shapes = self._shapes()
        self.parameters = torch.zeros(sum(math.prod(shape) for shape in shapes.values()))
        self._lay_out(shapes)
        self._initialise(torch.Generator().manual_seed(seed))

    def to(self, device: torch.device) -> Policy:
        """Move to a device; views are laid out anew."""
        self.parameters = self.parameters.to(device)
        self._lay_out(self._shapes())
        return self

    def outputs(self, observations: torch.Tensor) -> torch.Tensor:
        """Logits, or means."""
        return self._forward("actor", observations)

    def values(self, observations: torch.Tensor) -> torch.Tensor:
        """The critic's estimates of the return."""
        return self.value_mean + self.value_scale * self._forward("critic", observations)[..., 0]

    def rescale_values(self, mean: float, scale: float) -> None:
        """Change the units of the critic's output, not what it says.

        This is PopArt (van Hasselt et al. 2016, arXiv:1602.07714).
        """
        last = len(self.hidden_sizes)
        with torch.no_grad():
            self.tensors[f"critic.{last}.weight"].mul_(self.value_scale / scale)
            bias = self.tensors[f"critic.{last}.bias"]
            bias.copy_((self.value_scale * bias + self.value_mean - mean) / scale)
        self.value_mean, self.value_scale = mean, scale

    def log_prob_and_entropy(
        self, outputs: torch.Tensor, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the policy's own choice, before it is mapped to the environment's range."""
        if self.actions.discrete:
            log_probs = torch.log_softmax(outputs, dim=-1)
            chosen = log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
            return chosen, -(log_probs.exp() * log_probs).sum(-1)
        log_std = self.tensors["log_std"]
        distance = (actions - outputs) * torch.exp(-log_std)
        log_prob = (-0.5 * distance.square() - log_std - _HALF_LOG_TWO_PI).sum(-1)
        entropy = (log_std + 0.5 + _HALF_LOG_TWO_PI).sum()
        return log_prob, entropy.expand_as(log_prob)

    def actor(self) -> Actor:
        """The acting half in NumPy, a copy of this moment's weights."""
        copy = self.parameters.detach().cpu().numpy().copy()
        arrays = {name: copy[span].reshape(shape) for name, (span, shape) in self._spans.items()}
        layers = [
            (np.ascontiguousarray(arrays[f"actor.{layer}.weight"].T), arrays[f"actor.{layer}.bias"])
            for layer in range(len(self.hidden_sizes) + 1)
        ]
        return Actor(self.actions, layers, arrays.get("log_std", np.zeros(0, dtype=np.float32)))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "observation_size": self.observation_size,
            "actions": asdict(self.actions),
            "hidden_sizes": self.hidden_sizes,
            "value_mean": self.value_mean,
            "value_scale": self.value_scale,
            "tensors": {name: view.detach().cpu().clone() for name, view in self.tensors.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Policy:
        """The policy of a checkpoint."""
        space = ActionSpace(**state["actions"])
        policy = cls(state["observation_size"], space, state["hidden_sizes"], seed=0)
        policy.value_mean, policy.value_scale = state["value_mean"], state["value_scale"]
        with torch.no_grad():
            for name, view in policy.tensors.items():
                view.copy_(state["tensors"][name])
        return policy

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for network, outputs in (("actor", self.actions.outputs), ("critic", 1)):
            sizes = [self.observation_size, *self.hidden_sizes, outputs]
            for layer, (into, out) in enumerate(zip(sizes, sizes[1:])):
                shapes[f"{network}.{layer}.weight"] = (out, into)
                shapes[f"{network}.{layer}.bias"] = (out,)
        if not self.actions.discrete:
            shapes["log_std"] = (self.actions.size,)
        return shapes

    def _lay_out(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.gradient = torch.zeros_like(self.parameters)
        self.tensors: dict[str, torch.Tensor] = {}
        self._spans: dict[str, tuple[slice, tuple[int, ...]]] = {}
        start = 0
        for name, shape in shapes.items():
            span = slice(start, start + math.prod(shape))
            view = self.parameters[span].view(shape).requires_grad_()
            view.grad = self.gradient[span].view(shape)
            self.tensors[name] = view
            self._spans[name] = (span, shape)
            start = span.stop

    def _initialise(self, generator: torch.Generator) -> None:
        last = len(self.hidden_sizes)
        with torch.no_grad():
            for name, view in self.tensors.items():
                if name.endswith("weight"):
                    network, layer, _ = name.split(".")
                    final = 0.01 if network == "actor" else 1.0
                    gain = final if int(layer) == last else math.sqrt(2.0)
                    torch.nn.init.orthogonal_(view, gain, generator=generator)

    def _forward(self, network: str, observations: torch.Tensor) -> torch.Tensor:
        hidden = observations
        last = len(self.hidden_sizes)
        for layer in range(last + 1):
            weight = self.tensors[f"{network}.{layer}.weight"]
            bias = self.tensors[f"{network}.{layer}.bias"]
            hidden = functional.linear(hidden, weight, bias)
            if layer < last:
                hidden = torch.tanh(hidden)
        return hidden
