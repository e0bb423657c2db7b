"""Running statistics of a dataset's features, in the shape of LeRobot's stats.json."""

import numpy as np


class RunningStats:
    """Minimum, maximum, mean and standard deviation of all rows seen so far.

    Images are scaled to 0..1 and summed up a channel, with shape (3, 1, 1), as LeRobot does.
    """

    def __init__(self) -> None:
        self.count = 0
        self._image = False
        self._sum = self._square = self._min = self._max = np.zeros(0)

    def update(self, values: np.ndarray, image: bool = False) -> None:
        """Take in `values` (n, ...); of a video only every eighth frame, which is enough."""
        self._image = image
        rows = values.reshape(len(values), -1).astype(np.float64)
        if image:
            rows = values[::8].reshape(-1, values.shape[-1]).astype(np.float64) / 255
        total, square = rows.sum(0), (rows * rows).sum(0)
        low, high = rows.min(0), rows.max(0)
        if self.count == 0:
            self._sum, self._square, self._min, self._max = total, square, low, high
        else:
            self._sum, self._square = self._sum + total, self._square + square
            self._min, self._max = np.minimum(self._min, low), np.maximum(self._max, high)
        self.count += len(rows)

    def summary(self) -> dict[str, list[object]]:
        """Give min, max, mean, std and count as JSON values."""
        mean = self._sum / self.count
        std = np.sqrt(np.maximum(self._square / self.count - mean * mean, 0.0))
        shape = (-1, 1, 1) if self._image else (-1,)
        arrays = {"min": self._min, "max": self._max, "mean": mean, "std": std}
        result = {key: value.reshape(shape).tolist() for key, value in arrays.items()}
        return {**result, "count": [self.count]}
