"""What data sets of images have in common."""

import os
from typing import Any

from ...utils.data import Dataset


class StandardTransform:
    """StandardTransform(transform=None, target_transform=None): of a pair (image, target), each by its own."""

    def __init__(self, transform=None, target_transform=None):
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input, target):
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self):
        lines = [type(self).__name__]
        for name, transform in (
            ("Transform: ", self.transform),
            ("Target transform: ", self.target_transform),
        ):
            if transform is not None:
                lines.append(name + repr(transform).replace("\n", "\n" + " " * len(name)))
        return "\n".join(lines)


class VisionDataset(Dataset):
    """VisionDataset(root=None, transforms=None, transform=None, target_transform=None): the base of data sets of
    images.

    root: the folder of its files. transforms: a function of (image, target); or one of each. ValueError for both.
    """

    def __init__(self, root=None, transforms=None, transform=None, target_transform=None):
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}: a subclass defines __getitem__")

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__}: a subclass defines __len__")

    def _transformed(self, image, target):
        """A sample as it is handed out. The two functions may have been replaced since."""
        return StandardTransform(self.transform, self.target_transform)(image, target)

    def extra_repr(self):
        """Lines for the representation."""
        return ""

    def __repr__(self):
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += [line for line in self.extra_repr().splitlines() if line]
        if getattr(self, "transforms", None) is not None:
            body.append(repr(self.transforms))
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in body)])


def _split_attribute(name):
    def get(self):
        return getattr(self, name)

    def put(self, value):
        setattr(self, name, value)

    return property(get, put, doc=f"The name of `{name}` in torchvision 0.1 and 0.2.")


class OldNames:
    """`train_data`, `test_data`, `train_labels` and `test_labels`, which were the names of `data` and `targets`."""

    train_data = test_data = _split_attribute("data")
    train_labels = test_labels = _split_attribute("targets")
