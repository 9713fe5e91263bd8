"""Files of MNIST as they were published, with other images."""

import gzip
import struct

import numpy as np


def idx(array):
    """The bytes of an array of bytes in the IDX format."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def sample(count, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, 256, (count, 28, 28)).astype(np.uint8), rng.randint(0, 10, count).astype(np.uint8)


def write(folder, compressed=True, names=("train", "t10k")):
    """Files of 7 images to train and 3 to test."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in zip(names, (7, 3), strict=True):
        for part, array in zip(("images-idx3", "labels-idx1"), sample(count), strict=True):
            data = idx(array)
            path = folder / f"{name}-{part}-ubyte{'.gz' * compressed}"
            path.write_bytes(gzip.compress(data) if compressed else data)
