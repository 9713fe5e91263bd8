"""Weights trained on ImageNet: which files hold them, and where such a file is looked for. Nothing is fetched.

The names of the files are those of torchvision, and end in the first digits of the file's SHA-256 sum.
"""

import os
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import flambeau as fb

BASE_URL = "https://download.pytorch.org/models/"
CLASSES = 1000  # of ImageNet, which all these weights tell apart


@dataclass(frozen=True)
class Weights:
    """The file `url` holds the weights; `transforms()` gives what images go through first; `earlier`: names under which
    the same weights were published before."""

    url: str
    transforms: Any
    earlier: tuple[str, ...] = ()

    @property
    def names(self):
        """The names of files that hold these weights."""
        return (self.url.rpartition("/")[2], *self.earlier)


class WeightsEnum(Enum):
    """The weights that there are for one model: `IMAGENET1K_V1`, ..., and `DEFAULT`, the best of them."""

    value: Weights

    @classmethod
    def verify(cls, weights):
        """verify(weights) -> member: of a member, its name, its full name, or None. ValueError, TypeError."""
        if weights is None or isinstance(weights, cls):
            return weights
        if isinstance(weights, str):
            name = weights.removeprefix(f"{cls.__name__}.")
            if name in cls.__members__:
                return cls[name]
            raise ValueError(f"{weights!r} names no weights; {cls.__name__} has {', '.join(cls.__members__)}")
        received = type(weights).__name__
        raise TypeError(f"Invalid Weight class provided; expected {cls.__name__} but received {received}.")

    @property
    def url(self):
        """Where the file can be fetched."""
        return self.value.url

    @property
    def transforms(self):
        """A function that makes what images go through first."""
        return self.value.transforms

    def get_state_dict(self, progress=True, check_hash=False):
        """The entries of the file, when it is on disk; FileNotFoundError says what to fetch."""
        return fb.load(find(self.value), map_location="cpu")


def _preset(**options):
    from ..transforms._presets import ImageClassification

    return ImageClassification(**options)


def weights_enum(name, module, default="IMAGENET1K_V1", **members) -> Any:
    """The WeightsEnum `name` of a module. A member: (file name without .pth, earlier names), and, when they differ from
    crop 224 of 256, options of the preset."""
    values = {}
    for member, (file, *rest) in members.items():
        options = rest.pop() if rest and isinstance(rest[-1], dict) else {}
        transforms = partial(_preset, **{"crop_size": 224, **options})
        values[member] = Weights(f"{BASE_URL}{file}.pth", transforms, tuple(f"{old}.pth" for old in rest))
    values["DEFAULT"] = values[default]
    make: Any = WeightsEnum
    return make(name, values, module=module)


def folders():
    """The folders where PyTorch keeps weights: of today, and of 0.3."""
    home = os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    today = Path(
        os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(home, "torch"))), "hub", "checkpoints"
    )
    old = os.environ.get("TORCH_MODEL_ZOO", os.path.join(os.environ.get("TORCH_HOME", "~/.torch"), "models"))
    return [today, Path(os.path.expanduser(old))]


def find(weights):
    """The path of the file of these weights. FileNotFoundError says what to fetch."""
    for folder in folders():
        for name in weights.names:
            if (folder / name).is_file():
                return folder / name
    raise FileNotFoundError(
        f"no pretrained weights on this machine: fetch {weights.url} into {folders()[0]}, or load the file yourself: "
        "model.load_state_dict(torch.load(file)). Nothing is downloaded"
    )


def chosen(enum, pretrained, weights, options):
    """The weights that a constructor was asked for, or None: `weights`, a member or its name; `pretrained=True`: the
    first ones that there were. Adds to the options what they ask for."""
    if pretrained is not None and not isinstance(pretrained, bool):  # today's first argument
        pretrained, weights = False, pretrained
    weights = enum.IMAGENET1K_V1 if pretrained and weights is None else enum.verify(weights)
    if weights is not None and options.setdefault("num_classes", CLASSES) != CLASSES:
        raise ValueError(
            f"The parameter 'num_classes' expected value {CLASSES} but got {options['num_classes']} instead: the "
            f"pretrained weights are for {CLASSES} classes; put a layer of your own in the place of the last one after"
        )
    return weights


def build(model, enum, pretrained, weights, options, **fixed):
    """model(**fixed, **options), with the weights that were asked for. They are looked for first."""
    weights = chosen(enum, pretrained, weights, options)
    state = None if weights is None else weights.get_state_dict()
    made = model(**{**fixed, **options})
    if state is not None:
        made.load_state_dict(state)
    return made


def urls(**enums):
    """`model_urls` as it was in every module of torchvision: name of a model -> where its first weights are."""
    return {name: enum.IMAGENET1K_V1.url for name, enum in enums.items()}
