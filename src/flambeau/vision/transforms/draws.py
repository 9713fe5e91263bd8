"""Where the transforms' random choices come from: every one of them asks `draws()`."""

import math
import random
from typing import Any

import flambeau as fb

from ..defaults import current


class Draws:
    """Today's choices: from the default generator of the library, in the order in which torchvision draws them."""

    def chance(self) -> float:
        """A number drawn from [0, 1)."""
        return fb.rand(1).item()

    def uniform(self, low, high) -> float:
        """A number drawn from [low, high)."""
        return fb.empty(1).uniform_(float(low), float(high)).item()

    def integer(self, low, high) -> int:
        """An integer drawn from low to high - 1."""
        return fb.randint(int(low), int(high), (1,)).item()

    def log_uniform(self, low, high) -> float:
        """A number whose logarithm is drawn evenly, in float32."""
        bounds: Any = fb.log(fb.tensor([low, high], dtype=fb.float32))
        return fb.exp(fb.empty(1).uniform_(bounds[0].item(), bounds[1].item())).item()

    def angle(self, low, high) -> float:
        """The angle of RandomRotation."""
        return self.uniform(low, high)

    def choice(self, options, weights=None):
        """One of the options of RandomChoice: from Python's `random`, as in torchvision."""
        return random.choices(options, weights=weights)[0]

    def jitter(self, intervals):
        """(order, factors) of ColorJitter: a number from each interval, None for None, and the indices of those to
        apply, in their order."""
        order = fb.randperm(4).tolist()
        return order, [None if i is None else self.uniform(*i) for i in intervals]

    def part(self, height, width, scale, ratio):
        """(top, left, height, width) of RandomResizedCrop: the middle when no part of ten fits."""
        for _ in range(10):
            area = height * width * self.uniform(scale[0], scale[1])
            aspect = self.log_uniform(*ratio)
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return self.integer(0, height - h + 1), self.integer(0, width - w + 1), h, w
        w, h = width, height
        if width / height < min(ratio):
            h = round(w / min(ratio))
        elif width / height > max(ratio):
            w = round(h * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w


_todays = Draws()


def draws() -> Any:
    """The Draws of the process-wide default (`vision/defaults.py`)."""
    return _todays if current.draws is None else current.draws()
