"""Hands of nano: a flow from noise to a chunk of actions.

As in pi0 (Black et al. 2024) a chunk x flows along dx/dt = v(x, t) from noise at t = 0 to
actions at t = 1, on straight lines x_t = (1 - t) noise + t actions. The network predicts the
line's end instead of its slope; v = (end - x_t) / (1 - t). The two are the same model, but the
last Euler step then lands on the network's own prediction, without a rest of noise in it.
"""

import math

import torch
from torch import Tensor, nn

from policies.nano.config import ACTION_DIM, NanoConfig


class FlowHead(nn.Module):
    """The end of the line: (x (b, horizon, 7), t (b,), context (b, c)) -> (b, horizon, 7)."""

    frequencies: Tensor

    def __init__(self, config: NanoConfig, context: int) -> None:
        super().__init__()
        width, size = config.head_width, config.horizon * ACTION_DIM
        self.steps = config.flow_steps
        self.enter = nn.Linear(size, width)
        self.condition = nn.Sequential(
            nn.Linear(context + 32, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.blocks = nn.ModuleList(_Block(width) for _ in range(config.head_blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, size)
        self.register_buffer(
            "frequencies", torch.exp(torch.linspace(0, math.log(100), 16)), persistent=False
        )

    def forward(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        phase = t[:, None] * self.frequencies
        condition = self.condition(torch.cat([context, phase.sin(), phase.cos()], -1))
        h = self.enter(x.flatten(1)) + condition
        for block in self.blocks:
            h = block(h, condition)
        result: Tensor = self.leave(self.norm(h)).unflatten(1, x.shape[1:])
        return result

    def loss(
        self, actions: Tensor, mask: Tensor, context: Tensor, draws: int = 4, low: bool = False
    ) -> Tensor:
        """Give the mean squared error of the line's end, over `draws` noises a sample.

        `low`: in bfloat16. The head is cheap beside the eyes, so each look at an image serves
        several draws.
        """
        actions, context = actions.repeat(draws, 1, 1), context.repeat(draws, 1)
        mask = mask.repeat(draws, 1)[..., None].expand_as(actions)
        noise = torch.randn_like(actions)
        t = torch.rand(len(actions), device=actions.device)
        x = noise + t[:, None, None] * (actions - noise)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            end = self(x, t, context)
        error = (end.float() - actions) ** 2
        return (error * mask).sum() / mask.sum()

    def sample(self, noise: Tensor, context: Tensor) -> Tensor:
        """Follow the flow from `noise` (b, horizon, 7) in Euler steps."""
        x = noise
        for i in range(self.steps):
            t = torch.full_like(x[:, 0, 0], i / self.steps)
            x = x + (self(x, t, context) - x) / (self.steps - i)
        return x


class _Block(nn.Module):
    """A residual MLP whose norm is scaled and shifted by the condition (AdaLN)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 3 * width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        scale, shift, gate = self.modulate(torch.nn.functional.silu(condition)).chunk(3, -1)
        result: Tensor = h + (1 + gate) * self.mlp(self.norm(h) * (1 + scale) + shift)
        return result
