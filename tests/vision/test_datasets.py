"""CIFAR, SVHN, folders and FakeData, from files that the tests make."""

import io
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
from flambeau.vision import datasets
from flambeau.vision.transforms import ToTensor


class _Old(pickle._Pickler):
    """Writes as Python 2 did: text and keys as bytes, and arrays by the older name of NumPy's module."""

    def save_str(self, text):
        self.save_bytes_as_text(text.encode("latin1"))

    def save_bytes_as_text(self, data):
        self.write(pickle.BINSTRING + len(data).to_bytes(4, "little") + data)
        self.memoize(data)

    dispatch = {**pickle._Pickler.dispatch, str: save_str, bytes: save_bytes_as_text}


def old_pickle(entry):
    """The bytes of a dictionary of lists, texts and arrays as Python 2 pickled them in 2009."""
    file = io.BytesIO()
    _Old(file, protocol=2, fix_imports=True).dump(entry)
    return file.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def batch(seed, key="labels", classes=10, count=4):
    rng = np.random.RandomState(seed)
    data = rng.randint(0, 256, (count, 3072)).astype(np.uint8)
    return {"data": data, key: rng.randint(0, classes, count).tolist(), "batch_label": f"batch {seed}"}


def cifar10(folder):
    folder.mkdir(parents=True)
    for i in range(1, 6):
        (folder / f"data_batch_{i}").write_bytes(old_pickle(batch(i)))
    (folder / "test_batch").write_bytes(old_pickle(batch(9)))
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()
    (folder / "batches.meta").write_bytes(old_pickle({"label_names": names, "num_vis": 3072}))


def packed(folder):
    """The folder as the published archive, in its place."""
    archive = (
        folder.parent / f"{folder.name.removesuffix('-batches-py').removesuffix('-python')}-python.tar.gz"
    )
    with tarfile.open(archive, "w:gz") as members:
        members.add(folder, folder.name)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize("archived", [False, True])
def test_cifar10(tmp_path, archived):
    folder = tmp_path / "cifar-10-batches-py"
    cifar10(folder)
    if archived:
        packed(folder)
    train, test = datasets.CIFAR10(tmp_path), datasets.CIFAR10(str(tmp_path), train=False)
    assert (len(train), len(test)) == (20, 4) and train.data.shape == (20, 32, 32, 3)
    entry = batch(2)
    image, label = train[6]
    assert (image.mode, image.size, label) == ("RGB", (32, 32), entry["labels"][2])
    np.testing.assert_array_equal(np.asarray(image), entry["data"][2].reshape(3, 32, 32).transpose(1, 2, 0))
    assert train.class_to_idx["cat"] == 3 and train.classes[9] == "truck"
    assert test.test_labels == batch(9)["labels"] and train.train_data is train.data


def test_cifar100(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for seed, name in enumerate(("train", "test")):
        (folder / name).write_bytes(old_pickle({**batch(seed, "fine_labels", 100), "coarse_labels": [0] * 4}))
    (folder / "meta").write_bytes(old_pickle({"fine_label_names": [f"class {i}" for i in range(100)]}))
    data = datasets.CIFAR100(tmp_path, train=False, target_transform=str)
    assert data[3][1] == str(batch(1, "fine_labels", 100)["fine_labels"][3])
    assert data.classes[99] == "class 99"


@pytest.mark.parametrize("name, md5", [("CIFAR10", "c58f3010"), ("CIFAR100", "eb9058c3")])
def test_what_cifar_lacks_is_said(tmp_path, name, md5):
    with pytest.raises(
        RuntimeError, match=rf"(?s){name} is not in.*kriz/cifar-100?-python.tar.gz  \(MD5 {md5}"
    ):
        getattr(datasets, name)(tmp_path)
    cifar10(tmp_path / "cifar-10-batches-py")
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(RuntimeError, match="Dataset not found"):
        getattr(datasets, name)(tmp_path)


class Evil:
    def __reduce__(self):
        return print, ("read",)


@pytest.mark.parametrize("content, error", [(Evil(), pickle.UnpicklingError), ([1], ValueError)])
def test_a_file_of_cifar_that_asks_for_more_is_refused(tmp_path, content, error, capsys):
    cifar10(tmp_path / "cifar-10-batches-py")
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(pickle.dumps(content))
    with pytest.raises(error):
        datasets.CIFAR10(tmp_path)
    assert capsys.readouterr().out == ""


def test_svhn(tmp_path):
    io_ = pytest.importorskip("scipy.io")
    rng = np.random.RandomState(0)
    pixels = rng.randint(0, 256, (32, 32, 3, 5)).astype(np.uint8)
    labels = np.array([[1], [10], [9], [10], [2]], np.uint8)
    io_.savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": labels})
    data = datasets.SVHN(tmp_path, split="test")
    assert data.labels.tolist() == [1, 0, 9, 0, 2] and data.data.shape == (5, 3, 32, 32)
    image, label = data[3]
    assert label == 0
    np.testing.assert_array_equal(np.asarray(image), pixels[..., 3])
    with pytest.raises(RuntimeError, match="(?s)SVHN is not in.*train_32x32.mat  .MD5 e26dedcc"):
        datasets.SVHN(tmp_path)
    with pytest.raises(ValueError, match="Unknown value 'valid' for argument split"):
        datasets.SVHN(tmp_path, split="valid")


# ---------------------------------------------------------------------------------------------- folders


@pytest.fixture
def tree(tmp_path):
    """Images of two classes, one of them in a folder within, and files that are no images."""
    for i, name in enumerate(("dog/b.png", "dog/more/a.PNG", "cat/z.bmp", "cat/c.png")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L" if i == 0 else "RGB", (4, 3), 40 * i + 7 if i == 0 else (40 * i, 1, 2)).save(path)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / "readme.txt").write_text("no class")
    return tmp_path


def test_image_folder(tree):
    data = datasets.ImageFolder(str(tree))
    assert data.classes == ["cat", "dog"] and data.class_to_idx == {"cat": 0, "dog": 1}
    names = ["cat/c.png", "cat/z.bmp", "dog/b.png", "dog/more/a.PNG"]
    assert data.imgs == data.samples == [(str(tree / n), int(n[0] == "d")) for n in names]
    assert data.targets == [0, 0, 1, 1] and len(data) == 4
    image, target = data[2]
    assert (image.mode, image.getpixel((1, 1)), target) == ("RGB", (7, 7, 7), 1)


def test_image_folder_with_transforms_in_a_loader(tree):
    data = datasets.ImageFolder(tree, ToTensor(), target_transform=lambda t: 10 * t)
    images, targets = next(iter(fb.utils.data.DataLoader(data, batch_size=4)))
    assert tuple(images.shape) == (4, 3, 3, 4) and targets.tolist() == [0, 0, 10, 10]
    np.testing.assert_allclose(images[1, 0].numpy(), 80 / 255, rtol=1e-6)


def test_dataset_folder(tree):
    def read(path):
        with open(path) as file:
            return file.read()

    data = datasets.DatasetFolder(tree, read, ".txt", allow_empty=True)
    assert [data[i] for i in range(len(data))] == [("no image", 0)]
    data = datasets.DatasetFolder(tree, str, is_valid_file=lambda path: "c.png" in path or "b.png" in path)
    assert len(data) == 2
    with pytest.raises(
        FileNotFoundError, match="no valid file for the classes dog. Supported extensions are: .txt"
    ):
        datasets.DatasetFolder(tree, read, (".txt",))
    with pytest.raises(ValueError, match="Both extensions and is_valid_file"):
        datasets.DatasetFolder(tree, read)
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        datasets.ImageFolder(tree / "dog" / "more")


def test_functions_of_folders(tree):
    from flambeau.vision.datasets import folder

    assert folder.is_image_file("x.JPEG") and not folder.is_image_file("x.txt")
    assert folder.has_file_allowed_extension("x.npy", ".npy")
    assert folder.make_dataset(tree, {"cat": 5}, extensions=".png") == [(str(tree / "cat" / "c.png"), 5)]
    with pytest.raises(ValueError, match="at least one entry"):
        folder.make_dataset(tree, {}, extensions=".png")
    with pytest.raises(ValueError, match="cannot be None"):
        datasets.ImageFolder.make_dataset(tree, None, ".png")


# ---------------------------------------------------------------------------------------------- the rest


def test_fake_data():
    before = fb.get_rng_state()
    data = datasets.FakeData(4, (3, 4, 5), 10, random_offset=2)
    image, target = data[0]  # as torchvision 0.28 draws them
    assert (image.getpixel((0, 0)), image.getpixel((1, 0)), target) == ((247, 7, 38), (233, 244, 109), 3)
    image, target = data[3]
    assert (image.getpixel((0, 0)), image.getpixel((1, 0)), target) == ((213, 223, 219), (132, 103, 228), 9)
    assert fb.equal(fb.get_rng_state(), before) and len(list(data)) == 4
    with pytest.raises(IndexError):
        data[4]


def test_the_digits_are_there_too():
    from flambeau.vision import Digits

    assert datasets.Digits is Digits


def test_vision_dataset():
    class Pairs(datasets.VisionDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return self.transforms(index, -index)

    assert Pairs("root", transforms=lambda a, b: (a + 1, b))[5] == (6, -5)
    assert Pairs("root", transform=abs, target_transform=abs)[5] == (5, 5)
    assert repr(Pairs()) == "Dataset Pairs\n    Number of datapoints: 2"
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        Pairs("root", transforms=abs, transform=abs)
    with pytest.raises(NotImplementedError, match="VisionDataset: a subclass defines __getitem__"):
        datasets.VisionDataset("root")[0]
