"""MNIST and the data sets of its format (Y. LeCun, C. Cortes and C. Burges, http://yann.lecun.com/exdb/mnist/).

They are read from the published files, compressed or not, or from the `training.pt` and `test.pt` that older versions
of torchvision made of them.
"""

import gzip
import math
import os
import struct
import zipfile
from pathlib import Path

import numpy as np

import flambeau as fb

from ...nn.parameter import as_buffer
from .._images import pil_image
from .utils import Resource, fetch, missing
from .vision import OldNames, VisionDataset

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(data, name="idx"):
    """read_idx(data, name="idx") -> array of the bytes of a file in the IDX format, compressed or not.

    The format: two zero bytes, one for the type, one for the number of dimensions; the dimensions as four bytes each,
    most significant first; the elements, likewise. ValueError when it is not that; `name` is for the message.
    """
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise ValueError(f"{name} is no IDX file: it begins with {data[:4]!r}")
    dtype, ndim = np.dtype(_TYPES[data[2]]), data[3]
    if len(data) < 4 + 4 * ndim:
        raise ValueError(
            f"{name} is cut off: its header has {ndim} dimensions, and its length is {len(data)} bytes"
        )
    shape = struct.unpack(f">{ndim}I", data[4 : 4 + 4 * ndim])
    elements = data[4 + 4 * ndim :]
    if len(elements) != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"{name} is cut off: {len(elements)} bytes for {shape} elements of {dtype.itemsize} bytes"
        )
    return np.frombuffer(elements, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def read_image_file(path):
    """read_image_file(path) -> uint8 tensor [N, H, W] of an IDX file."""
    return as_buffer(fb.from_numpy(_checked(read_idx(Path(path).read_bytes(), path), 3, path)))


def read_label_file(path):
    """read_label_file(path) -> int64 tensor [N] of an IDX file."""
    return as_buffer(
        fb.from_numpy(_checked(read_idx(Path(path).read_bytes(), path), 1, path).astype(np.int64))
    )


def _checked(array, ndim, name):
    if array.ndim != ndim or array.dtype != np.uint8:
        raise ValueError(
            f"{name}: bytes of {ndim} dimensions expected, got {array.dtype} of shape {array.shape}"
        )
    return array


class MNIST(OldNames, VisionDataset):
    """MNIST(root, train=True, transform=None, target_transform=None, download=False)

    60,000 digits to train and 10,000 to test: (image, label), a PIL image of 28 x 28 grey pixels and an int. `data`
    (uint8 [N, 28, 28]) and `targets` (int64 [N]) hold all. The files lie in root/MNIST/raw, root/raw or root.
    RuntimeError says what to fetch when they do not; download=True fetches them.
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file = "training.pt"
    test_file = "test.pt"
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight",
        "9 - nine",
    ]  # fmt: skip

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        found = self._read()
        if found is None and download:
            self.download()
            found = self._read()
        if found is None:
            raise missing(type(self).__name__, self.root, self.raw_folder, self._needed())
        self.data, self.targets = found

    @property
    def raw_folder(self):
        """Where the published files belong."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self):
        """Where older versions of torchvision kept what they made of them."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def class_to_idx(self):
        """name of a class -> its label."""
        return {name: i for i, name in enumerate(self.classes)}

    def download(self):
        """Fetches the published files into `raw_folder`, unless they are there."""
        fetch(type(self).__name__, self.root, self.raw_folder, self._needed())

    def _needed(self):
        return [
            Resource(name, tuple(mirror + name for mirror in self.mirrors), md5)
            for name, md5 in self.resources
        ]

    def _names(self):
        """The names of the files of images and of labels, uncompressed."""
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _folders(self):
        return [
            self.raw_folder,
            *(os.path.join(self.root, below) for below in ("raw", type(self).__name__, "")),
        ]

    def _read(self):
        """(data, targets) from the files, or None."""
        for folder in self._folders():
            paths = [_existing(os.path.join(folder, name)) for name in self._names()]
            if None not in paths:
                return self._checked(read_image_file(paths[0]), read_label_file(paths[1]))
        name = self.training_file if self.train else self.test_file
        for folder in (self.processed_folder, os.path.join(self.root, "processed")):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                data, targets = fb.load(path)
                return self._checked(as_buffer(data), as_buffer(targets))
        return None

    def _checked(self, data, targets):
        if len(data) != len(targets):
            raise ValueError(
                f"{type(self).__name__}: the files hold {len(data)} images and {len(targets)} labels"
            )
        return data, targets

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self._transformed(pil_image().fromarray(self.data[index].numpy()), int(self.targets[index]))

    def extra_repr(self):
        """The part."""
        return f"Split: {'Train' if self.train else 'Test'}"


def _existing(path):
    return next((p for p in (path, f"{path}.gz") if os.path.isfile(p)), None)


class FashionMNIST(MNIST):
    """FashionMNIST(root, train=True, transform=None, target_transform=None, download=False): ten kinds of clothing in
    the sizes of MNIST (H. Xiao, K. Rasul and R. Vollgraf, 2017, arXiv:1708.07747). See MNIST."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """KMNIST(root, train=True, transform=None, target_transform=None, download=False): ten hiragana in the sizes of
    MNIST (T. Clanuwat et al., 2018, arXiv:1812.01718). See MNIST."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_DIGITS = [str(digit) for digit in range(10)]
_UPPER = [chr(ord("A") + i) for i in range(26)]
_LOWER = [chr(ord("a") + i) for i in range(26)]
_MERGED = [*_DIGITS, *_UPPER, *"abdefghnqrt"]  # the small letters that differ from the capital ones in form


class EMNIST(MNIST):
    """EMNIST(root, split, train=True, transform=None, target_transform=None, download=False): letters and digits in the
    format of MNIST (G. Cohen et al., 2017, arXiv:1702.05373). See MNIST.

    split: "byclass", "bymerge", "balanced", "letters" (labels from 1), "digits" or "mnist"; ValueError for others.
    Images are transposed, as they were published. The files lie in root/EMNIST/raw, single or in the published
    gzip.zip.
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": [*_DIGITS, *_UPPER, *_LOWER],
        "bymerge": _MERGED,
        "balanced": _MERGED,
        "letters": ["N/A", *_LOWER],
        "digits": _DIGITS,
        "mnist": _DIGITS,
    }

    def __init__(self, root, split, train=True, transform=None, target_transform=None, download=False):
        if split not in self.splits:
            raise ValueError(f"Unknown value {split!r} for argument split. Valid values are {self.splits}.")
        self.split = split
        self.classes = self.classes_split_dict[split]
        self.training_file, self.test_file = f"training_{split}.pt", f"test_{split}.pt"
        super().__init__(root, train, transform, target_transform, download)

    def _needed(self):
        return [Resource("gzip.zip", (self.url,), self.md5)]

    def _names(self):
        part = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _folders(self):
        return [os.path.join(self.raw_folder, "gzip"), *super()._folders()]

    def _read(self):
        found = super()._read()
        archive = os.path.join(self.raw_folder, "gzip.zip")
        if found is not None or not os.path.isfile(archive):
            return found
        with zipfile.ZipFile(archive) as members:
            names = [f"gzip/{name}.gz" for name in self._names()]
            images, labels = (read_idx(members.read(name), name) for name in names)
        images, labels = _checked(images, 3, names[0]), _checked(labels, 1, names[1]).astype(np.int64)
        return self._checked(as_buffer(fb.from_numpy(images)), as_buffer(fb.from_numpy(labels)))
