"""Eyes of nano: where in each image is what the instruction names?

A convolutional stem gives a map of features; the instruction asks it for `keypoints` places.
Each answer is a softmax over the map, read out as the expected place (u, v) and the features
found there (spatial softmax: Levine et al. 2016, End-to-End Training of Deep Visuomotor
Policies). Localisation is thus a direct read-out and needs little data.
"""

import torch
from torch import Tensor, nn

from policies.nano.config import NanoConfig


class Eye(nn.Module):
    """One camera: image (b, 3, size, size) in -1..1 and text (b, text) -> (b, context)."""

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        width, points = config.channels, config.keypoints
        cells = config.image_size // config.patch
        self.points = points
        # Space to depth before the first convolution: all arithmetic is on wide, short maps.
        self.fold = nn.PixelUnshuffle(config.patch)
        self.first = nn.Conv2d(3 * config.patch**2, width, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(1, width, cells, cells))
        self.film = nn.Linear(config.text_width, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.keys = nn.Conv2d(width, width, 1)
        self.queries = nn.Linear(config.text_width, points * width)
        self.register_buffer("grid", _grid(cells), persistent=False)
        self.out = nn.Linear(points * (2 + width), config.context)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        x = torch.relu(self.first(self.fold(image)) + self.place)
        scale, shift = self.film(text)[..., None, None].chunk(2, 1)
        x = x + torch.relu(self.second(x * (1 + scale) + shift))
        x = x + torch.relu(self.third(x))
        features = x.flatten(2).transpose(1, 2)
        keys = self.keys(x).flatten(2)
        queries = self.queries(text).unflatten(1, (self.points, -1))
        weight = (queries @ keys * keys.shape[1] ** -0.5).float().softmax(-1)
        place = weight @ self.grid.to(weight.dtype)
        found = weight.to(features.dtype) @ features
        read: Tensor = self.out(torch.cat([place.to(found.dtype), found], -1).flatten(1))
        return read


def _grid(cells: int) -> Tensor:
    """Give the (u, v) of each cell's centre, (cells * cells, 2), in -1..1."""
    line = (torch.arange(cells) + 0.5) / cells * 2 - 1
    v, u = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([u, v], -1).reshape(-1, 2)
