"""Eyes of nano: they find what the instruction names in each image.

A convolutional stem gives a map of features; the instruction asks it for `keypoints` places.
Each answer is a softmax over the map, read out as the expected place (u, v) and the features
found there (spatial softmax: Levine et al. 2016, End-to-End Training of Deep Visuomotor
Policies). Localisation is thus a direct read-out and needs little data.
"""

import torch
from torch import Tensor, nn

from policies.nano.config import NanoConfig


class Eye(nn.Module):
    """One camera: `fold`ed image (b, 3 patch^2, cells, cells), text (b, text) -> (b, context)."""

    grid: Tensor

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        width, points = config.channels, config.keypoints
        cells = config.image_size // config.patch
        self.points = points
        self.first = nn.Conv2d(3 * config.patch**2, width, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(1, width, cells, cells))
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.keys = nn.Linear(width, width)
        self.queries = nn.Linear(config.text_width, points * width)
        self.register_buffer("grid", _grid(cells), persistent=False)
        self.out = nn.Linear(points * (2 + width), config.context)

    def forward(self, folded: Tensor, text: Tensor) -> Tensor:
        x = torch.relu(self.first(folded) + self.place)
        x = x + torch.relu(self.second(x))
        x = x + torch.relu(self.third(x))
        features = x.permute(0, 2, 3, 1).flatten(1, 2)
        queries = self.queries(text).unflatten(1, (self.points, -1))
        score = queries @ self.keys(features).transpose(1, 2)
        weight = (score.float() * queries.shape[-1] ** -0.5).softmax(-1)
        place = weight @ self.grid
        found = weight.to(features.dtype) @ features
        read: Tensor = self.out(torch.cat([place.to(found.dtype), found], -1).flatten(1))
        return read


def fold(images: Tensor, patch: int) -> Tensor:
    """Move each patch of pixels into channels: (b, h, w, 3) -> (b, 3 patch^2, h/patch, w/patch).

    All arithmetic is then on wide, short maps. The result lies in memory channels last, the
    layout in which convolutions are fast on a CPU, at no cost.
    """
    b, h, w, c = images.shape
    x = images.reshape(b, h // patch, patch, w // patch, patch * c).transpose(2, 3)
    return x.reshape(b, h // patch, w // patch, patch * patch * c).permute(0, 3, 1, 2)


def _grid(cells: int) -> Tensor:
    """Give the (u, v) of each cell's centre, (cells * cells, 2), in -1..1."""
    line = (torch.arange(cells) + 0.5) / cells * 2 - 1
    v, u = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([u, v], -1).reshape(-1, 2)
