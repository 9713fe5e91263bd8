"""The handwritten digits that ship with Flambeau.

1,797 images of 8x8 pixels: the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin and
C. Kaynak, 1998, UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0).
"""

from importlib.resources import files

import numpy as np

import flambeau

from ..nn.parameter import as_buffer

MAX_PIXEL = 16
"""The largest pixel value: each pixel counts the inked pixels of a 4x4 block of the scanned bitmap."""


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """load_digits() -> (images, labels)

    Images are uint8 [1797, 8, 8] with values 0..16, labels int64 [1797] with values 0..9; NumPy arrays in the
    order of the published file.
    """
    with (files(__package__) / "data" / "digits.npz").open("rb") as file, np.load(file) as data:
        return data["images"], data["labels"].astype(np.int64)


def split(count: int, held_out: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """split(count, held_out=0.25) -> (train, test)

    Two sorted int64 arrays that divide range(count): the same ones at every call, on every machine. The order
    of the published file groups images by writer and digit, so that the held-out part is drawn at random
    (NumPy's legacy generator, whose stream is frozen).

    Raises ValueError unless 0 < held_out < 1.
    """
    if not 0.0 < held_out < 1.0:
        raise ValueError(f"split: held_out must lie between 0 and 1, got {held_out}")
    order = np.random.RandomState(0).permutation(count)
    test_count = round(count * held_out)
    return np.sort(order[test_count:]), np.sort(order[:test_count])


class Digits:
    """Digits(train=True, held_out=0.25): the digits as a dataset.

    `digits[i]` is an (image, label) pair: a float32 tensor [1, 8, 8] with values in [0, 1] and a 0-dim int64
    tensor; `i` may be a slice or an index tensor, for a batch. `images` [N, 1, 8, 8] and `labels` [N] hold
    all. The train part has 1,348 images and the held-out part 449 by default.
    """

    images: "flambeau.Tensor"
    labels: "flambeau.Tensor"

    def __init__(self, train: bool = True, held_out: float = 0.25):
        images, labels = load_digits()
        part = split(len(labels), held_out)[0 if train else 1]
        self.images = as_buffer(flambeau.from_numpy(images[part, None].astype(np.float32) / MAX_PIXEL))
        self.labels = as_buffer(flambeau.from_numpy(labels[part]))

    def __len__(self) -> int:
        return self.labels.shape[0]

    def __getitem__(self, index):
        return self.images[index], self.labels[index]
