"""Chunks of actions in time: curves through their rows, and several chunks told as one.

A policy gives rows 2 to 50 times a second; a controller takes a goal 500 to 1000 times. `curve`
goes between the rates, `ensemble` weighs chunks that overlap; `robots.controllers.chunk_player`
does both, tick by tick, on the host or on a board.
"""

from robots.chunks.curve import CATMULL_ROM, LINEAR, MONOTONE, sample, tangents
from robots.chunks.ensemble import ensemble, weights

__all__ = ["CATMULL_ROM", "LINEAR", "MONOTONE", "ensemble", "sample", "tangents", "weights"]
