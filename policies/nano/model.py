"""nano: eyes, ears, grounding and hands put together."""

from typing import Any

import torch
from torch import Tensor, nn

from policies.nano.config import STATE_DIM, NanoConfig
from policies.nano.head import FlowHead
from policies.nano.normalise import GROUND_DIM, Normaliser
from policies.nano.text import Ear
from policies.nano.vision import Eye, fold

Batch = dict[str, Tensor]


class NanoModel(nn.Module):
    """The network.

    A batch holds `images` (b, cameras, size, size, 3) uint8, `tokens` (b, words) int64,
    `state` (b, 15), and for training `actions` (b, horizon, 7) raw, `mask` (b, horizon) and
    `ground` (b, 6): the positions of the named part and of the named slot, metres.
    """

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        self.config = config
        self.normaliser = Normaliser(config.horizon)
        self.ear = Ear(config)
        self.eyes = nn.ModuleList(Eye(config) for _ in config.cameras)
        joined = len(config.cameras) * config.context + config.text_width + STATE_DIM
        self.grounding = nn.Sequential(
            nn.Linear(joined, config.context),
            nn.GELU(),
            nn.Linear(config.context, config.context),
            nn.GELU(),
            nn.Linear(config.context, GROUND_DIM),
        )
        self.fuse = nn.Sequential(nn.Linear(joined, config.context), nn.GELU())
        self.head = FlowHead(config, config.context + STATE_DIM + 3 * GROUND_DIM)

    def encode(self, images: Tensor, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Give the head's context (b, c) and the grounded positions (b, 6), normalised."""
        joined = self.see(images, tokens, state)
        ground = self.grounding(joined)
        return self.context(joined, ground, state), ground

    def see(self, images: Tensor, tokens: Tensor, state: Tensor) -> Tensor:
        """Give what the eyes found, the text and the normalised state, joined (b, j)."""
        text = self.ear(tokens)
        seen = []
        low = self.training and self.config.mixed
        for i, eye in enumerate(self.eyes):
            # bfloat16 holds 0..255 exactly, so the cheap conversion loses nothing.
            image = fold(images[:, i], self.config.patch).to(torch.bfloat16 if low else torch.float)
            with torch.autocast("cpu", torch.bfloat16, enabled=low):
                seen.append(eye(image * (1 / 127.5) - 1, text).float())
        return torch.cat([*seen, text, self.normaliser.state(state)], -1)

    def context(self, joined: Tensor, ground: Tensor, state: Tensor) -> Tensor:
        """Give the head's context (b, c) for what `see` and the grounding gave."""
        near = self._offsets(ground.detach() if self.config.detach_grounding else ground, state)
        return torch.cat([self.fuse(joined), joined[:, -STATE_DIM:], near], -1)

    def _offsets(self, ground: Tensor, state: Tensor) -> Tensor:
        """Give part and slot as seen from the tool, at three scales: 1 cm, 4 cm, 20 cm."""
        position = ground * self.normaliser.ground_std + self.normaliser.ground_mean
        tool = state[:, 8:11]
        offset = position - torch.cat([tool, tool], -1)
        return torch.cat([(offset / 0.01).tanh(), (offset / 0.04).tanh(), offset / 0.2], -1)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the loss to minimise, and its parts: `flow`, `ground`, `ground_mm` (b, 2)."""
        context, ground = self.encode(batch["images"], batch["tokens"], batch["state"])
        normal = self.normaliser.actions(batch["actions"])
        low = self.training and self.config.mixed
        flow = self.head.loss(normal, batch["mask"], context, low=low)
        std = self.normaliser.ground_std
        error = (ground - (batch["ground"] - self.normaliser.ground_mean) / std) * std
        # Close to an absolute error in units of 5 cm: millimetres still count.
        grounding = nn.functional.smooth_l1_loss(error / 0.05, torch.zeros_like(error), beta=0.1)
        millimetres = error.detach().unflatten(1, (2, 3)).norm(dim=-1) * 1000
        parts: dict[str, Any] = {"flow": flow.detach(), "ground": grounding.detach()}
        return flow + grounding, {**parts, "ground_mm": millimetres}

    def sample(self, images: Tensor, tokens: Tensor, state: Tensor, noise: Tensor) -> Tensor:
        """Give raw actions (b, horizon, 7) for normal noise of that shape (or zeros)."""
        context, _ = self.encode(images, tokens, state)
        return self.normaliser.raw_actions(self.head.sample(noise, context))
