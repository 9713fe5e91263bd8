"""Data sets of images, with torchvision's names, over the published files on disk.

Nothing is fetched unless `download=True` asks for it, which says on stderr what it fetches; without the files an error
says what to fetch, and where to put it. `Digits` ships with the library.
"""

from ..digits import Digits
from .cifar import CIFAR10, CIFAR100
from .fakedata import FakeData
from .folder import DatasetFolder, ImageFolder
from .mnist import EMNIST, KMNIST, MNIST, FashionMNIST
from .svhn import SVHN
from .vision import VisionDataset

__all__ = [
    "CIFAR10", "CIFAR100", "DatasetFolder", "Digits", "EMNIST", "FakeData", "FashionMNIST", "ImageFolder", "KMNIST",
    "MNIST", "SVHN", "VisionDataset",
]  # fmt: skip
