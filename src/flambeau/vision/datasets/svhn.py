"""Street View House Numbers (Y. Netzer et al., 2011, http://ufldl.stanford.edu/housenumbers/), cropped digits."""

import os

import numpy as np

from .._images import pil_image
from .utils import Resource, fetch, missing
from .vision import VisionDataset

_BASE = "http://ufldl.stanford.edu/housenumbers/"


class SVHN(VisionDataset):
    """SVHN(root, split="train", transform=None, target_transform=None, download=False)

    73,257 digits to "train", 26,032 to "test" and 531,131 "extra" ones: (image, label), a PIL image of 32 x 32 and an
    int. `data` (uint8 array [N, 3, 32, 32]) and `labels` (int64 array [N]) hold all. The files of MATLAB lie in root;
    reading them needs SciPy. RuntimeError says what to fetch when they do not; download=True fetches them. ValueError
    for another split.
    """

    split_list = {
        split: [f"{_BASE}{split}_32x32.mat", f"{split}_32x32.mat", md5]
        for split, md5 in {
            "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
            "test": "eb5a983be6a315427106f1b164d9cef3",
            "extra": "a93ce644f1a588dc4d68dda5feec44a7",
        }.items()
    }

    def __init__(self, root, split="train", transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.split_list:
            raise ValueError(
                f"Unknown value {split!r} for argument split. Valid values are {tuple(self.split_list)}."
            )
        self.split = split
        self.url, self.filename, self.file_md5 = self.split_list[split]
        path = os.path.join(self.root, self.filename)
        resources = [Resource(self.filename, (self.url,), self.file_md5)]
        if not os.path.isfile(path) and download:
            fetch(type(self).__name__, self.root, self.root, resources)
        if not os.path.isfile(path):
            raise missing(type(self).__name__, self.root, self.root, resources)
        loaded = _loadmat(path)
        self.data = np.ascontiguousarray(loaded["X"].transpose(3, 2, 0, 1))
        self.labels = loaded["y"].astype(np.int64).reshape(-1) % 10  # the label of 0 is 10 in the file

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image = pil_image().fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self._transformed(image, int(self.labels[index]))

    def extra_repr(self):
        """The part."""
        return f"Split: {self.split}"


def _loadmat(path):
    try:
        from scipy.io import loadmat
    except ImportError:
        raise ImportError("files of MATLAB need SciPy: pip install 'flambeau[vision]'") from None
    return loadmat(path)
