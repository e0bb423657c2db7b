"""Minds: policies, the runner, datasets, training and evaluation."""
