"""Ears of nano: a two-layer transformer over the words of the instruction."""

import torch
from torch import Tensor, nn

from policies.nano.config import NanoConfig


class Ear(nn.Module):
    """Tokens (b, words), 0 is padding -> (b, text_width)."""

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        width = config.text_width
        self.words = nn.Embedding(config.vocab, width)
        self.places = nn.Parameter(torch.zeros(config.max_tokens, width))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.words.weight, std=0.3)

    def forward(self, tokens: Tensor) -> Tensor:
        there = (tokens != 0).float()
        x = self.words(tokens) + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, there)
        mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True).clamp(min=1.0)
        result: Tensor = self.norm(mean)
        return result


class _Block(nn.Module):
    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).unbind(2)
        score = torch.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
        weight = (score + (there[:, None, None] - 1) * 1e4).softmax(-1)
        x = x + self.join(torch.einsum("bhqk,bkhd->bqhd", weight, v).flatten(2))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result
