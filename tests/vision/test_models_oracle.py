"""The models against torchvision, where it is installed: names, shapes, the weights of a seed, scores and gradients."""

import inspect
import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau.vision import models as ours

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torchvision import models as theirs  # noqa: E402

# One of each kind; the others differ in numbers only, and are large.
NAMES = """alexnet densenet121 inception_v3 resnet18 resnet50 resnext50_32x4d squeezenet1_0 squeezenet1_1
vgg11_bn""".split()


def their_model(name, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about slow initialisation, and that functions will be renamed
        return getattr(theirs, name)(weights=None, **options)


@pytest.mark.parametrize("name", NAMES)
def test_names_shapes_and_weights_of_a_seed(name):
    torch.manual_seed(3)
    expected = their_model(name, num_classes=10).state_dict()
    fb.manual_seed(3)
    found = ours.get_model(name, num_classes=10).state_dict()
    assert list(found) == list(expected)
    for key, value in found.items():
        assert tuple(value.shape) == tuple(expected[key].shape), key
        np.testing.assert_allclose(value.numpy(), expected[key].numpy(), rtol=0, atol=2e-7, err_msg=key)


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d", "squeezenet1_1", "densenet121"])
def test_scores_and_gradients(name):
    options = {"dropout": 0.0} if name.startswith("squeeze") else {}
    reference = their_model(name, num_classes=4, **options).double()
    model = ours.get_model(name, num_classes=4, **options).double()
    model.load_state_dict(
        {key: fb.from_numpy(value.numpy()) for key, value in reference.state_dict().items()}
    )
    x = np.random.RandomState(0).standard_normal((3, 3, 40, 40))
    expected, found = reference(torch.from_numpy(x)), model(fb.from_numpy(x))
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-9)
    expected.square().sum().backward()
    found.square().sum().backward()
    for (key, p), q in zip(model.named_parameters(), reference.parameters(), strict=True):
        scale = float(q.grad.abs().max()) + 1e-6
        np.testing.assert_allclose(
            p.grad.numpy() / scale, q.grad.numpy() / scale, rtol=0, atol=1e-6, err_msg=key
        )


def test_published_files():
    for name in ours.list_models():
        enum = next(v for k, v in vars(theirs).items() if k.lower() == f"{name}_weights")
        mine = getattr(ours, enum.__name__)
        assert {n: w.url for n, w in mine.__members__.items()} == {
            n: w.url for n, w in enum.__members__.items()
        }
        for member in mine:
            preset, reference = member.transforms(), enum[member.name].transforms()
            assert (preset.crop_size, preset.resize_size) == (reference.crop_size, reference.resize_size)
            assert preset.mean == reference.mean and preset.std == reference.std


@pytest.mark.parametrize("name", ["ResNet", "VGG", "DenseNet", "SqueezeNet", "AlexNet", "Inception3"])
def test_arguments(name):
    mine, reference = (inspect.signature(getattr(library, name)).parameters for library in (ours, theirs))
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in reference.values()]


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "densenet121"])
def test_files_of_whole_models_go_both_ways(name, tmp_path):
    x = np.random.RandomState(0).standard_normal((1, 3, 50, 50)).astype(np.float32)
    reference = their_model(name, num_classes=3).eval()
    torch.save(reference, tmp_path / "theirs.pt")
    model = fb.load(tmp_path / "theirs.pt", weights_only=False)
    assert type(model) is type(ours.get_model(name, num_classes=3))
    expected = reference(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(model(fb.from_numpy(x)).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
    fb.save(model, tmp_path / "ours.pt")
    back = torch.load(tmp_path / "ours.pt", weights_only=False)
    assert type(back) is type(reference)
    np.testing.assert_array_equal(back(torch.from_numpy(x)).detach().numpy(), expected)
