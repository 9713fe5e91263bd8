"""Transforms made of transforms, and of any function."""

import random

from ...nn import ModuleList
from ._base import Transform
from .draws import draws


class Compose:
    """Compose(transforms): one after the other, which need not be modules."""

    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, img):
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self):
        return _listed(self)


def _listed(transform, more=""):
    lines = "".join(f"\n    {t}" for t in transform.transforms)
    return f"{type(transform).__name__}({more}{lines}\n)"


class Lambda:
    """Lambda(lambd): the function lambd. TypeError when it cannot be called."""

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img):
        return self.lambd(img)

    def __repr__(self):
        return f"{type(self).__name__}()"


class RandomTransforms:
    """RandomTransforms(transforms): the base of those that draw which of several transforms, or in which order."""

    def __init__(self, transforms):
        if not isinstance(transforms, (list, tuple)):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}: a subclass defines __call__")

    def __repr__(self):
        return _listed(self)


class RandomApply(Transform):
    """RandomApply(transforms, p=0.5): all of the transforms with probability p, else none."""

    def __init__(self, transforms, p=0.5):
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img):
        """The transformed image."""
        if self.p < draws().chance():
            return img
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self):
        kept = list(self.transforms) if isinstance(self.transforms, ModuleList) else self.transforms
        lines = "".join(f"\n    {t}" for t in kept)
        return f"{type(self).__name__}(\n    p={self.p}{lines}\n)"


class RandomOrder(RandomTransforms):
    """RandomOrder(transforms): all of them, in an order drawn by Python's `random`."""

    def __call__(self, img):
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(RandomTransforms):
    """RandomChoice(transforms, p=None): one of them, drawn by Python's `random` with the weights p."""

    def __init__(self, transforms, p=None):
        super().__init__(transforms)
        if p is not None and not isinstance(p, (list, tuple)):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args):
        return draws().choice(self.transforms, self.p)(*args)

    def __repr__(self):
        return f"{super().__repr__()}(p={self.p})"
