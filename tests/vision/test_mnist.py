"""MNIST and its relatives, from files in the published formats that the tests make."""

import struct
import zipfile

import numpy as np
import pytest

import flambeau as fb
from flambeau.vision import datasets
from flambeau.vision.datasets import mnist

from .files import idx, sample, write


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("place", ["MNIST/raw", "raw", "MNIST", ""])
def test_reads_the_published_files(tmp_path, place, compressed):
    write(tmp_path / place, compressed)
    for train, count in ((True, 7), (False, 3)):
        data = datasets.MNIST(str(tmp_path), train=train)
        images, labels = sample(count)
        assert len(data) == count and data.data.dtype is fb.uint8 and data.targets.dtype is fb.int64
        np.testing.assert_array_equal(data.data.numpy(), images)
        np.testing.assert_array_equal(data.targets.numpy(), labels)
        image, label = data[2]
        assert (image.mode, image.size) == ("L", (28, 28)) and type(label) is int and label == labels[2]
        np.testing.assert_array_equal(np.asarray(image), images[2])


@pytest.mark.parametrize("name", ["FashionMNIST", "KMNIST"])
def test_relatives_have_folders_of_their_own(tmp_path, name):
    write(tmp_path / name / "raw")
    data = getattr(datasets, name)(tmp_path, train=False)
    assert len(data) == 3 and len(data.classes) == 10
    assert data.class_to_idx[data.classes[4]] == 4
    with pytest.raises(RuntimeError, match="MNIST is not in"):
        datasets.MNIST(tmp_path)


@pytest.mark.parametrize("place", ["processed", "MNIST/processed"])
def test_reads_what_torchvision_made_of_them(tmp_path, place):
    (tmp_path / place).mkdir(parents=True)
    images, labels = sample(5)
    content = (fb.from_numpy(images), fb.from_numpy(labels.astype(np.int64)))
    fb.save(content, tmp_path / place / "training.pt")
    data = datasets.MNIST(tmp_path)
    np.testing.assert_array_equal(data.data.numpy(), images)
    assert data[0][1] == labels[0]
    with pytest.raises(RuntimeError, match="Dataset not found"):
        datasets.MNIST(tmp_path, train=False)


def test_transforms(tmp_path):
    write(tmp_path)
    data = datasets.MNIST(tmp_path, transform=np.asarray, target_transform=lambda label: label + 100)
    image, label = data[1]
    assert isinstance(image, np.ndarray) and label == data.targets[1] + 100


def test_names_of_2017(tmp_path):
    write(tmp_path)
    data = datasets.MNIST(tmp_path)
    assert data.train_data is data.data and data.train_labels is data.targets
    data.train_labels = data.train_labels[:2]
    data.train_data = data.train_data[:2]
    assert len(data) == 2


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(RuntimeError) as error:
        datasets.FashionMNIST(tmp_path / "nowhere")
    message = str(error.value)
    assert message.startswith("Dataset not found: FashionMNIST is not in")
    for name, md5 in datasets.FashionMNIST.resources:
        assert f"{datasets.FashionMNIST.mirrors[0]}{name}  (MD5 {md5})" in message
    assert str(tmp_path / "nowhere" / "FashionMNIST" / "raw") in message and "download=True" in message
    assert not (tmp_path / "nowhere").exists()


class Published(datasets.MNIST):
    """MNIST, published in a folder of the test."""


@pytest.fixture
def published(tmp_path, monkeypatch):
    write(tmp_path / "web")
    resources = [
        (path.name, datasets.utils.calculate_md5(path)) for path in sorted((tmp_path / "web").iterdir())
    ]
    monkeypatch.setattr(Published, "resources", resources)
    monkeypatch.setattr(
        Published, "mirrors", [(tmp_path / "gone").as_uri() + "/", (tmp_path / "web").as_uri() + "/"]
    )
    return tmp_path


def test_download_is_told(published, capsys):
    data = Published(published / "root", download=True)
    assert len(data) == 7
    told = capsys.readouterr().err.splitlines()
    assert f"Downloading {(published / 'web').as_uri()}/t10k-images-idx3-ubyte.gz to" in told[1]
    assert sorted(p.name for p in (published / "root/Published/raw").iterdir()) == [
        n for n, _ in Published.resources
    ]
    Published(published / "root", download=True)
    assert capsys.readouterr().err == ""


def test_a_download_that_fails_says_what_to_fetch(published, monkeypatch):
    monkeypatch.setattr(Published, "mirrors", [(published / "gone").as_uri() + "/"])
    with pytest.raises(RuntimeError, match="(?s)Published is not in.*t10k-labels-idx1-ubyte.gz"):
        Published(published / "root", download=True)
    assert list((published / "root/Published/raw").iterdir()) == []


def test_a_damaged_download_is_not_kept(published):
    path = published / "web" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match="another MD5 sum"):
        Published(published / "root", download=True)
    assert list((published / "root/Published/raw").iterdir()) == []


@pytest.mark.parametrize(
    "damage, message",
    [(lambda data: b"<html>" + data, "is no IDX file: it begins with b'<htm'"),
     (lambda data: data[:9], "is cut off: its header"),
     (lambda data: data[:-1], "is cut off"), (lambda data: b"", "is no IDX file"),
     (lambda data: idx(np.zeros((7, 28), np.uint8)), "bytes of 3 dimensions expected"),
     (lambda data: idx(np.zeros((6, 28, 28), np.uint8)), "6 images and 7 labels")],
)  # fmt: skip
def test_damaged_files(tmp_path, damage, message):
    write(tmp_path, compressed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        datasets.MNIST(tmp_path)


@pytest.mark.parametrize(
    "code, dtype", [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]
)
def test_types_of_idx(code, dtype):
    array = np.arange(-3, 3).reshape(2, 3).astype(dtype)
    data = struct.pack(">HBB2I", 0, code, 2, 2, 3) + array.astype(f">{dtype}").tobytes()
    read = mnist.read_idx(data)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("zipped", [False, True])
def test_emnist(tmp_path, zipped):
    raw = tmp_path / "EMNIST" / "raw"
    write(raw / "gzip", names=("emnist-letters-train", "emnist-letters-test"))
    if zipped:
        with zipfile.ZipFile(raw / "gzip.zip", "w") as archive:
            for path in sorted((raw / "gzip").iterdir()):
                archive.write(path, f"gzip/{path.name}")
                path.unlink()
    data = datasets.EMNIST(tmp_path, "letters", train=False)
    assert len(data) == 3 and data.classes[1] == "a"
    np.testing.assert_array_equal(data.data.numpy(), sample(3)[0])
    with pytest.raises(ValueError, match="Unknown value 'greek' for argument split"):
        datasets.EMNIST(tmp_path, "greek")


def test_classes_of_emnist():
    sizes = {split: len(names) for split, names in datasets.EMNIST.classes_split_dict.items()}
    assert sizes == {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10}


def test_representation(tmp_path):
    write(tmp_path)
    data = datasets.MNIST(str(tmp_path), transform=repr)
    assert repr(data) == (
        f"Dataset MNIST\n    Number of datapoints: 7\n    Root location: {tmp_path}\n    Split: Train\n"
        f"    StandardTransform\nTransform: {repr!r}"
    )
