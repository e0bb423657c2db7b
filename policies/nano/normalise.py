"""The statistics of the training data, kept with the weights."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.nano.config import ACTION_DIM, STATE_DIM

GROUND_DIM = 6
# Nothing is magnified beyond these: a dimension that hardly moves in the data must not turn a
# tiny difference into a huge input. Metres, radians, 0..1.
_ACTION_FLOOR = np.array([0.003] * 3 + [0.05] * 3 + [0.1])
_STATE_FLOOR = np.array([0.02] * 7 + [0.1] + [0.01] * 3 + [0.05] * 4)


class Normaliser(nn.Module):
    """Mean and spread of state (15,), actions (horizon, 7) and grounded positions (6,).

    Actions have their own spread at each row of the chunk: the first move is centimetres, the
    last is decimetres, and both matter.
    """

    state_mean: Tensor
    state_std: Tensor
    action_mean: Tensor
    action_std: Tensor
    ground_mean: Tensor
    ground_std: Tensor

    def __init__(self, horizon: int) -> None:
        super().__init__()
        shapes = {
            "state": (STATE_DIM,),
            "action": (horizon, ACTION_DIM),
            "ground": (GROUND_DIM,),
        }
        for name, shape in shapes.items():
            self.register_buffer(f"{name}_mean", torch.zeros(shape))
            self.register_buffer(f"{name}_std", torch.ones(shape))

    def fit(self, state: np.ndarray, actions: np.ndarray, ground: np.ndarray) -> None:
        """Measure the data: state (n, 15), actions (n, horizon, 7), ground (n, 6)."""
        floors: dict[str, Any] = {"state": _STATE_FLOOR, "action": _ACTION_FLOOR, "ground": 0.02}
        for name, data in (("state", state), ("action", actions), ("ground", ground)):
            std = np.maximum(data.std(0), floors[name])
            getattr(self, f"{name}_mean").copy_(torch.as_tensor(data.mean(0)))
            getattr(self, f"{name}_std").copy_(torch.as_tensor(std))

    def state(self, raw: Tensor) -> Tensor:
        """Bring raw states to zero mean, unit spread, and no further than 5 from 0."""
        return ((raw - self.state_mean) / self.state_std).clamp(-5, 5)

    def actions(self, raw: Tensor) -> Tensor:
        """Bring raw actions to zero mean and unit spread."""
        return (raw - self.action_mean) / self.action_std

    def raw_actions(self, normal: Tensor) -> Tensor:
        """Undo `actions`."""
        return normal * self.action_std + self.action_mean
