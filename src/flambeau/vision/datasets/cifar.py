"""CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html), in their Python version."""

import io
import os
import pickle
import tarfile

import numpy as np

from .._images import pil_image
from .utils import Resource, fetch, missing
from .vision import OldNames, VisionDataset

_ALLOWED = {  # what the files refer to: bytes of Python 2, and NumPy's arrays under their older and newer names
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
}


class _Unpickler(pickle.Unpickler):
    """Reads dictionaries, lists, strings and arrays, and runs nothing else that a file asks for."""

    def find_class(self, module, name):
        """A class or function that a file names. UnpicklingError for others than arrays need."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"a file of CIFAR needs no {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


class CIFAR10(OldNames, VisionDataset):
    """CIFAR10(root, train=True, transform=None, target_transform=None, download=False)

    50,000 images to train and 10,000 to test: (image, label), a PIL image of 32 x 32 and an int. `data` (uint8 array
    [N, 32, 32, 3]) and `targets` (list of ints) hold all. The files lie in root/cifar-10-batches-py, or in the
    published archive in root. RuntimeError says what to fetch when they do not; download=True fetches it.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list = [[f"data_batch_{i}", md5] for i, md5 in enumerate([
        "c99cafc152244af753f735de768cd75f", "d4bba439e000b95fd0a9bffe97cbabec", "54ebc095f3ab1f0389bbae665268c751",
        "634d18415352ddfa80567beed471001a", "482c414d41f54cd18b22e5b47cb7c3cb",
    ], 1)]  # fmt: skip
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        self.targets = []
        archive = Resource(self.filename, (self.url,), self.tgz_md5)
        names = [*(name for name, _ in (self.train_list if train else self.test_list)), self.meta["filename"]]
        files = self._files(names)
        if files is None and download:
            fetch(type(self).__name__, self.root, self.root, [archive])
            files = self._files(names)
        if files is None:
            raise missing(type(self).__name__, self.root, self.root, [archive])
        *batches, meta = (self._unpickled(name, data) for name, data in zip(names, files, strict=True))
        self.data = np.concatenate([self._images(b) for b in batches])
        for batch in batches:
            self.targets.extend(batch["labels"] if "labels" in batch else batch["fine_labels"])
        self.classes = meta[self.meta["key"]]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def _files(self, names):
        """The bytes of the files, from their folder or from the archive; None when one is not there."""
        folder = os.path.join(self.root, self.base_folder)
        paths = [os.path.join(folder, name) for name in names]
        if all(map(os.path.isfile, paths)):
            return [_bytes(path) for path in paths]
        archive = os.path.join(self.root, self.filename)
        if not os.path.isfile(archive):
            return None
        found = {}
        with tarfile.open(archive) as members:
            for member in members:
                name = member.name.removeprefix(f"{self.base_folder}/")
                file = members.extractfile(member) if name in names else None
                if file is not None:
                    found[name] = file.read()
        return [found[name] for name in names] if len(found) == len(names) else None

    def _unpickled(self, name, data):
        entry = _Unpickler(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(entry, dict):
            raise ValueError(f"{type(self).__name__}: {name} holds no dictionary")
        return entry

    def _images(self, batch):
        return np.ascontiguousarray(batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self._transformed(pil_image().fromarray(self.data[index]), self.targets[index])

    def extra_repr(self):
        """The part."""
        return f"Split: {'Train' if self.train else 'Test'}"


def _bytes(path):
    with open(path, "rb") as file:
        return file.read()


class CIFAR100(CIFAR10):
    """CIFAR100(root, train=True, transform=None, target_transform=None, download=False): 100 classes in the sizes of
    CIFAR-10. See CIFAR10; the files lie in root/cifar-100-python."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
