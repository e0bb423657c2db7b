"""The second stage of training: the eyes rest, the hands practise.

Nearly all of a step's arithmetic is in the eyes, and they learn where things are long before the
head has learnt to act on it. So in the end what the eyes see is worked out once for every frame,
and the head alone goes on from that memory, some fifty times faster.
"""

import copy
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.samples import Samples

BATCH = 512


def train_head(
    model: Any,
    samples: Samples,
    minutes: float,
    seed: int = 0,
    lr: float = 7e-4,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
) -> None:
    """Train `model.fuse` and `model.head` in place for a number of minutes; average at the end.

    The time to look at all images once is not counted. `on_log` gets a row now and then.
    """
    joined, ground = look(model, samples)
    state = torch.from_numpy(samples.state)
    actions, mask = torch.from_numpy(samples.actions), torch.from_numpy(samples.mask)
    parts = nn.ModuleDict({"fuse": model.fuse, "head": model.head})
    average = copy.deepcopy(parts).requires_grad_(False)
    optimizer = torch.optim.AdamW(parts.parameters(), lr, betas=(0.9, 0.99), weight_decay=0.01)
    torch.manual_seed(seed)
    order = np.random.default_rng([seed, 2])

    def loss(rows: Tensor) -> Tensor:
        context = model.context(joined[rows], ground[rows], state[rows])
        normal = model.normaliser.actions(actions[rows])
        result: Tensor = model.head.loss(normal, mask[rows], context, draws=2)
        return result

    model.train()
    begun, step, recent = time.monotonic(), 0, []
    while (done := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            rise = min(1.0, (step + 1) / 100)
            group["lr"] = lr * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        value = loss(torch.from_numpy(order.choice(samples.train, BATCH)))
        value.backward()
        nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        keep = min(0.999, (1 + step) / (10 + step))
        with torch.no_grad():
            pairs = zip(average.parameters(), parts.parameters(), strict=True)
            for kept, new in pairs:
                kept.lerp_(new, 1 - keep)
        recent.append(float(value))
        if step % 500 == 0:
            row = {"head_step": step, "seconds": time.monotonic() - begun}
            on_log({**row, "train_flow": float(np.mean(recent[-500:]))})
    parts.load_state_dict(average.state_dict())
    model.eval()


@torch.inference_mode()
def _look(model: Any, samples: Samples, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    data = samples.batch(rows)
    joined = model.see(data["images"], data["tokens"], data["state"])
    return joined, model.grounding(joined)


def look(model: Any, samples: Samples) -> tuple[Tensor, Tensor]:
    """Give what the eyes see in every frame, (n, j), and the grounding, (n, 6)."""
    model.eval()
    total = len(samples.state)
    found = [
        _look(model, samples, np.arange(start, min(start + 256, total)))
        for start in range(0, total, 256)
    ]
    joined, ground = (torch.cat(list(column)).clone() for column in zip(*found, strict=True))
    return joined, ground
