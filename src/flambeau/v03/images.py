"""What torchvision 0.2.0, which belongs to PyTorch 0.3, chose and computed otherwise than today's.

RandomAffine, RandomApply and RandomChoice are as in 0.2.1, which added them. Later transforms draw from the same
sources.
"""

import math
import random

import numpy as np

from ..vision.transforms.draws import Draws as _TodaysDraws


class Draws(_TodaysDraws):
    """Random choices from Python's `random`; for colours and rotations from NumPy's global generator."""

    def chance(self):
        """A number drawn from [0, 1)."""
        return random.random()

    def uniform(self, low, high):
        """A number drawn from [low, high)."""
        return random.uniform(low, high)

    def integer(self, low, high):
        """An integer drawn from low to high - 1."""
        return random.randint(int(low), int(high) - 1)

    def log_uniform(self, low, high):
        """A number whose logarithm is drawn evenly."""
        return math.exp(random.uniform(math.log(low), math.log(high)))

    def angle(self, low, high):
        """The angle of RandomRotation."""
        return np.random.uniform(low, high)

    def choice(self, options, weights=None):
        """One of the options of RandomChoice."""
        return random.choice(options) if weights is None else super().choice(options, weights)

    def jitter(self, intervals):
        """(order, factors) of ColorJitter: only what changes has a place in the order, which is drawn last."""
        factors = [None if i is None else np.random.uniform(*i) for i in intervals]
        order = [i for i, factor in enumerate(factors) if factor is not None]
        np.random.shuffle(order)
        return order, factors

    def part(self, height, width, scale, ratio):
        """(top, left, height, width) of RandomResizedCrop: width and height are exchanged by half of the draws; the
        largest square in the middle when no part of ten fits."""
        for _ in range(10):
            area = random.uniform(*scale) * (width * height)
            aspect = random.uniform(*ratio)
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if random.random() < 0.5:
                w, h = h, w
            if 0 < w <= width and 0 < h <= height:
                return random.randint(0, height - h), random.randint(0, width - w), h, w
        side = min(height, width)
        return (height - side) // 2, (width - side) // 2, side, side


draws = Draws()


def scaled(tensor):
    """ToTensor of an array: its elements as float32, divided by 255 whatever their type was."""
    return tensor.float().div(255)
