"""The face of what `flambeau.vision` makes, and what importing it costs. `import torchvision` under an alias."""

import contextlib
import random
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03 import era
from flambeau.vision import Digits, datasets, models, transforms, utils

from .files import sample, write

era.leave()

IMAGE = Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
NORMALIZED = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.25,) * 3)])


def seed():
    """Of all generators that random choices come from."""
    random.seed(0)
    np.random.seed(0)
    fb.manual_seed(0)


def run(code, folder=None):
    """The standard output of a program in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120,
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def numbers_of_03():
    """The seed 0 in 0.3's stream, whose uniform numbers differ from today's in the last digit, for today's objects."""
    before = fb.random.set_stream("0.3")
    try:
        fb.manual_seed(0)
        yield
    finally:
        fb.random.set_stream(before)


def test_tensors_have_todays_face():
    assert type(transforms.ToTensor()(IMAGE)) is type(transforms.PILToTensor()(IMAGE)) is fb.Tensor


def test_tensors_have_the_face_of_03(tmp_path):
    todays = NORMALIZED(IMAGE)
    with era.entered():
        tensor = NORMALIZED(IMAGE)
        assert type(tensor) is torch.FloatTensor and type(transforms.PILToTensor()(IMAGE)) is torch.ByteTensor
        np.testing.assert_array_equal(tensor.numpy(), todays.numpy())
        write(tmp_path)
        data = datasets.MNIST(tmp_path, transform=transforms.ToTensor())
        assert type(data.train_data) is torch.ByteTensor and type(data.train_labels) is torch.LongTensor
        assert type(data[0][0]) is torch.FloatTensor and type(data[0][1]) is int
        assert type(Digits().images) is torch.FloatTensor
        batch, labels = next(iter(torch.utils.data.DataLoader(data, 2)))
        assert type(batch) is torch.FloatTensor and type(labels) is torch.LongTensor
        assert batch.size() == torch.Size([2, 1, 28, 28]) and labels.tolist() == sample(7)[1][:2].tolist()


@pytest.mark.parametrize(
    "transform",
    [transforms.Resize((7, 3)), transforms.CenterCrop(3), transforms.CenterCrop(9), transforms.RandomCrop(4, padding=2),
     transforms.Pad(2, padding_mode="reflect"), transforms.RandomRotation(30, fill=1), transforms.RandomGrayscale(1.0),
     transforms.ColorJitter(0.4, 0.4, 0.4, 0.4), transforms.GaussianBlur(3), transforms.RandomErasing(1.0),
     transforms.RandomErasing(1.0, value="random"), transforms.RandomPerspective(p=1.0), transforms.RandomInvert(1.0),
     transforms.RandomSolarize(0.3, 1.0), transforms.RandomAdjustSharpness(2, 1.0), transforms.RandomAutocontrast(1.0),
     transforms.LinearTransformation(fb.eye(60)), transforms.RandomHorizontalFlip(1.0),
     transforms.ElasticTransform(3.0, 0.3)],
)  # fmt: skip
def test_transforms_of_the_tensors_of_03(transform):
    """They give the same numbers and plain tensors."""
    todays = transforms.ToTensor()(IMAGE)
    with era.entered():
        seed()
        expected = transform(todays)
        seed()
        found = transform(transforms.ToTensor()(IMAGE))
        assert type(found) is torch.FloatTensor and tuple(found.size()) == tuple(expected.shape)
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
        assert transforms.ToPILImage()(found).size == (expected.shape[2], expected.shape[1])


def test_bytes_of_03():
    pixels = fb.from_numpy(np.array(IMAGE).transpose(2, 0, 1).copy())
    plain = torch.from_numpy(pixels.numpy().copy())
    for transform in (
        transforms.RandomEqualize(1.0),
        transforms.RandomPosterize(2, 1.0),
        transforms.Resize(8),
    ):
        found = transform(plain)
        assert type(found) is torch.ByteTensor
        np.testing.assert_array_equal(found.numpy(), transform(pixels).numpy())


def test_models_of_03_have_its_layers_and_variables():
    with era.entered():
        model = models.squeezenet1_1(num_classes=3)
        assert isinstance(model.features[0], torch.nn.Conv2d)
        assert isinstance(model.features[0].weight, torch.autograd.Variable)
        bn = models.DenseNet(4, (1,), 4, num_classes=2).features.norm0
        assert isinstance(bn, torch.nn.BatchNorm2d) and "num_batches_tracked" not in bn.state_dict()
        assert type(model.state_dict()["features.0.weight"]) is torch.FloatTensor
        scores = model(torch.autograd.Variable(torch.randn(2, 3, 224, 224)))
        assert type(scores) is torch.autograd.Variable and scores.size() == torch.Size([2, 3])
        scores.sum().backward()
        assert model.features[0].weight.grad.data.abs().sum() > 0
    assert type(models.squeezenet1_1(num_classes=3).features[0]) is fb.nn.Conv2d


@pytest.mark.parametrize(("name", "children", "last"), [
    ("alexnet", ["features", "classifier"], "Linear"), ("resnet18", ["layer4", "avgpool", "fc"], "Linear"),
    ("squeezenet1_1", ["features", "classifier"], "AvgPool2d"),
])  # fmt: skip
def test_models_of_03_consist_of_what_they_had(name, children, last):
    with era.entered():
        model = getattr(models, name)(num_classes=3).eval()
        assert [n for n, _ in model.named_children()][-len(children) :] == children
        assert type([*model.modules()][-1]).__name__ == last
        pools = [m.kernel_size for m in model.modules() if isinstance(m, torch.nn.AvgPool2d)]
        assert pools == {"resnet18": [7], "squeezenet1_1": [13]}.get(name, [])
        image = torch.autograd.Variable(torch.randn(1, 3, 224, 224), volatile=True)
        scores = model(image)
    assert scores.size() == (1, 3)
    todays = getattr(models, name)(num_classes=3).eval()
    todays.load_state_dict({n: fb.from_numpy(t.numpy()) for n, t in model.state_dict().items()}, strict=False)
    expected = todays(fb.from_numpy(image.data.numpy()))
    np.testing.assert_allclose(scores.data.numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_weights_of_a_seed_are_the_same_in_both():
    with numbers_of_03():
        todays = models.squeezenet1_1(num_classes=3)
    with era.entered():
        fb.manual_seed(0)
        old = models.squeezenet1_1(num_classes=3)
    for a, b in zip(old.parameters(), todays.parameters(), strict=True):
        np.testing.assert_array_equal(a.data.numpy(), b.detach().numpy())


def test_grids_of_03(tmp_path):
    batch = torch.rand(4, 1, 3, 3)
    grid = utils.make_grid(batch, nrow=2, normalize=True, range=(0, 1))
    assert type(grid) is torch.FloatTensor and grid.size() == torch.Size([3, 12, 12])
    boxes = torch.LongTensor([[0, 1, 4, 6]])
    with era.entered():
        assert type(utils.draw_bounding_boxes(grid, boxes, colors="red")) is torch.FloatTensor
    utils.save_image(batch, str(tmp_path / "grid.png"), nrow=2)
    with Image.open(tmp_path / "grid.png") as saved:
        assert saved.size == (12, 12)


# ------------------------------------------------------------------------------------------------- imports


def test_nothing_is_loaded_before_it_is_used():
    code = """
    import sys, flambeau
    print("flambeau.vision" in sys.modules)
    vision = flambeau.vision
    print([n for n in ("PIL", "scipy", "flambeau.vision.models", "flambeau.vision.transforms") if n in sys.modules])
    vision.transforms.Normalize([0], [1])(flambeau.rand(1, 2, 2))
    vision.models.squeezenet1_1, vision.utils.make_grid, vision.datasets.MNIST
    print([n for n in ("PIL", "scipy") if n in sys.modules])
    """
    assert run(code) == "False\n[]\n[]\n"


def test_images_without_pillow():
    code = """
    import sys
    sys.modules["PIL"] = None
    import flambeau
    from flambeau.vision import datasets, transforms
    print(tuple(transforms.Resize(4)(flambeau.rand(3, 8, 8)).shape))
    for function in (lambda: datasets.FakeData()[0], lambda: transforms.ToPILImage()(flambeau.rand(3, 2, 2))):
        try:
            function()
        except ImportError as error:
            print(error)
    """
    message = "images need Pillow: pip install 'flambeau[vision]'"
    assert run(code) == f"(3, 4, 4)\n{message}\n{message}\n"


@pytest.mark.parametrize("name", ["0.3", "today"])
def test_torchvision_is_an_alias_with_its_modules(name):
    code = f"""
    import flambeau
    flambeau.alias(torch={name!r})
    import torchvision
    import torchvision.transforms as transforms
    import torchvision.datasets as dset
    import torchvision.utils as vutils
    import torchvision.transforms.functional as TF
    from torchvision import datasets, models
    from torchvision.datasets.folder import ImageFolder, default_loader, find_classes
    from torchvision.datasets.mnist import read_image_file
    from torchvision.models.alexnet import AlexNet
    from torchvision.models.resnet import BasicBlock, model_urls
    from torchvision.models.vgg import cfg, make_layers
    from torchvision.transforms.transforms import Compose
    import flambeau.vision as vision
    assert torchvision is vision and transforms is vision.transforms and dset is datasets is vision.datasets
    assert TF is vision.transforms.functional and vutils is vision.utils
    assert BasicBlock is models.resnet.BasicBlock and BasicBlock.__module__ == "flambeau.vision.models.resnet"
    assert Compose is transforms.Compose and AlexNet is models.AlexNet and ImageFolder is datasets.ImageFolder
    print(torchvision.__version__ == flambeau.__version__, torchvision.get_image_backend())
    """
    assert run(code) == "True PIL\n"


def test_an_installed_torchvision_is_left_alone(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("real = True")
    (tmp_path / "torchvision" / "models.py").write_text("real = True")
    code = """
    import sys
    sys.path.insert(0, ".")
    import flambeau
    with flambeau.alias(torch="today"):
        import torchvision, torchvision.models
        assert torchvision is flambeau.vision and torchvision.models is flambeau.vision.models
    import torchvision, torchvision.models
    print(torchvision.real, torchvision.models.real)
    """
    assert run(code, tmp_path) == "True True\n"


def test_the_backend_of_images():
    import flambeau.vision

    flambeau.vision.set_image_backend("PIL")
    with pytest.raises(ValueError, match="Invalid backend 'accimage'"):
        flambeau.vision.set_image_backend("accimage")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        flambeau.vision.nothing  # noqa: B018
