"""Inverse kinematics: a descent that also runs on a board, and a search from many starts."""

from robots.ik.solution import Solution, Solutions
from robots.ik.solve import Solver

__all__ = ["Solution", "Solutions", "Solver"]
