"""The models by facts that are published or were read off torchvision 0.28, and what they do."""

import inspect
import os

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.vision import datasets, models, transforms, utils
from flambeau.vision.models import _weights

MODELS = """alexnet densenet121 densenet161 densenet169 densenet201 inception_v3 resnet101 resnet152 resnet18 resnet34
resnet50 resnext101_32x8d resnext101_64x4d resnext50_32x4d squeezenet1_0 squeezenet1_1 vgg11 vgg11_bn vgg13 vgg13_bn
vgg16 vgg16_bn vgg19 vgg19_bn wide_resnet101_2 wide_resnet50_2""".split()


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_models_are_found_by_name():
    assert models.list_models() == MODELS
    found = sorted(
        name for name, value in models.__dict__.items()
        if name.islower() and not name.startswith("_") and callable(value) and not name.startswith(("get_", "list_"))
    )  # fmt: skip
    assert found == MODELS  # the line with which programs of 2017 list them
    assert models.list_models(models.vgg, exclude="*_bn") == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.list_models(include=["resnet1*"]) == ["resnet101", "resnet152", "resnet18"]
    assert isinstance(models.get_model("SqueezeNet1_1", num_classes=2), models.SqueezeNet)
    with pytest.raises(ValueError, match="Unknown model nothing"):
        models.get_model("nothing")


@pytest.mark.parametrize(
    "name, parameters",
    [("alexnet", 61100840), ("resnet18", 11689512), ("resnet34", 21797672), ("resnet50", 25557032),
     ("resnext50_32x4d", 25028904), ("squeezenet1_0", 1248424), ("squeezenet1_1", 1235496), ("densenet121", 7978856),
     ("densenet161", 28681000), ("densenet169", 14149480), ("inception_v3", 27161264)],
)  # fmt: skip
def test_number_of_parameters(name, parameters):
    assert count(models.get_model(name)) == parameters


@pytest.mark.parametrize(
    "column, parameters", [("A", 9220480), ("B", 9404992), ("D", 14714688), ("E", 20024384)]
)
def test_number_of_parameters_of_vgg(column, parameters):
    features = models.vgg.make_layers(models.vgg.cfgs[column])
    assert count(features) == parameters
    convolutions = [c for c in models.vgg.cfgs[column] if c != "M"]
    assert count(models.vgg.make_layers(models.vgg.cfgs[column], batch_norm=True)) == parameters + 2 * sum(
        convolutions
    )


def norm(name):
    return [
        f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ]


def resnet_names(blocks, convolutions):
    names = ["conv1.weight", *norm("bn1")]
    for stage, number in enumerate(blocks, 1):
        for block in range(number):
            prefix = f"layer{stage}.{block}"
            for i in range(1, convolutions + 1):
                names += [f"{prefix}.conv{i}.weight", *norm(f"{prefix}.bn{i}")]
            if block == 0 and (stage > 1 or convolutions == 3):
                names += [f"{prefix}.downsample.0.weight", *norm(f"{prefix}.downsample.1")]
    return [*names, "fc.weight", "fc.bias"]


@pytest.mark.parametrize(
    "name, blocks, convolutions", [("resnet18", (2, 2, 2, 2), 2), ("resnet50", (3, 4, 6, 3), 3)]
)
def test_names_of_resnet(name, blocks, convolutions):
    assert list(models.get_model(name, num_classes=2).state_dict()) == resnet_names(blocks, convolutions)


def test_names_of_densenet():
    names = list(models.densenet121(num_classes=2).state_dict())
    layer = "features.denseblock3.denselayer7"
    expected = [
        *norm(f"{layer}.norm1"),
        f"{layer}.conv1.weight",
        *norm(f"{layer}.norm2"),
        f"{layer}.conv2.weight",
    ]
    start = names.index(expected[0])
    assert names[start : start + 12] == expected and len(names) == 727
    assert names[:2] == ["features.conv0.weight", "features.norm0.weight"]
    assert names[-3:] == ["features.norm5.num_batches_tracked", "classifier.weight", "classifier.bias"]


def test_names_of_the_others():
    assert list(models.squeezenet1_1(num_classes=2).state_dict())[:6] == [
        "features.0.weight", "features.0.bias", "features.3.squeeze.weight", "features.3.squeeze.bias",
        "features.3.expand1x1.weight", "features.3.expand1x1.bias",
    ]  # fmt: skip
    alexnet = [f"{part}.{i}.{kind}" for part, layers in (("features", (0, 3, 6, 8, 10)), ("classifier", (1, 4, 6)))
               for i in layers for kind in ("weight", "bias")]  # fmt: skip
    assert list(models.alexnet(num_classes=2).state_dict()) == alexnet
    names = list(models.inception_v3(num_classes=2).state_dict())
    assert len(names) == 580 and names[0] == "Conv2d_1a_3x3.conv.weight"
    assert {"Mixed_6e.branch7x7dbl_5.conv.weight", "AuxLogits.conv1.bn.running_var", "AuxLogits.fc.bias"} <= {
        *names
    }


# Of torch.manual_seed(0) and 10 classes: of the first, the last but one and the last parameter.
DRAWN = {
    "resnet18": ([0.002197, 0.035336, 0.016136], [-0.020315, 0.018678, 0.037556], [0.025505, -0.004076]),
    "resnet50": ([0.005053, 0.074458, -0.008378], [-0.007749, -0.008624, -0.015628], [0.020908, 0.005387]),
    "squeezenet1_1": ([-0.0228, 0.140941, -0.235578], [-0.000715, 0.023446, -0.001482], [0.0, 0.0]),
    "densenet121": ([0.052623, -0.032773, 0.161866], [-0.002104, 0.003792, -0.006106], [0.0, 0.0]),
    "inception_v3": (
        [0.090323, -0.037082, -0.151904],
        [0.039967, 0.033489, 0.066119],
        [-0.017877, -0.019237],
    ),
    "alexnet": ([-0.000393, 0.028156, -0.043199], [-0.010375, 0.011113, 0.005761], [-0.011939, 0.013454]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_weights_of_a_seed(name):
    fb.manual_seed(0)
    parameters = list(models.get_model(name, num_classes=10).parameters())
    for p, expected in zip((parameters[0], *parameters[-2:]), DRAWN[name], strict=True):
        np.testing.assert_allclose(p.detach().flatten()[: len(expected)].numpy(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "name, size", [("alexnet", 63), ("resnet18", 33), ("resnext50_32x4d", 32), ("squeezenet1_0", 50),
                   ("squeezenet1_1", 50), ("densenet121", 32), ("vgg11_bn", 32), ("inception_v3", 75)],
)  # fmt: skip
def test_scores(name, size):
    options = {"init_weights": False} if name in ("vgg11_bn", "inception_v3") else {}  # which takes long
    model = models.get_model(name, num_classes=3, **options).eval()
    x = fb.randn(2, 3, size, size)
    with fb.no_grad():
        both, first = model(x), model(x[:1])
    assert tuple(both.shape) == (2, 3)
    np.testing.assert_allclose(
        both[:1].numpy(), first.numpy(), rtol=1e-4, atol=1e-5 * float(both.abs().max())
    )


def test_resnet_learns():
    from flambeau.vision.datasets import FakeData
    from flambeau.vision.transforms import ToTensor

    data = FakeData(8, (3, 32, 32), 4, ToTensor())
    images = fb.stack([image for image, _ in data], 0)
    labels = fb.tensor([label for _, label in data])
    fb.manual_seed(0)
    model = models.resnet18(num_classes=4)
    optimizer = fb.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0], losses


def test_zero_init_residual_makes_blocks_the_identity():
    model = models.resnet18(num_classes=2, zero_init_residual=True).eval()
    x = fb.rand(1, 64, 5, 5)
    assert fb.equal(model.layer1(x), x)


def test_dilation_in_the_place_of_strides():
    model = models.resnet50(num_classes=2, replace_stride_with_dilation=[False, True, True])
    strided = models.resnet50(num_classes=2)
    x = fb.randn(1, 3, 64, 64)
    for m, size in ((strided, 2), (model, 8)):
        kept = []
        m.layer4.register_forward_hook(lambda module, inputs, output, kept=kept: kept.append(output))
        m.eval()(x)
        assert tuple(kept[0].shape) == (1, 2048, size, size)
    with pytest.raises(ValueError, match="3-element tuple"):
        models.resnet50(replace_stride_with_dilation=[True])


def test_a_basic_block_has_no_groups():
    with pytest.raises(ValueError, match="groups=1 and base_width=64"):
        models.resnet18(groups=2)
    with pytest.raises(NotImplementedError, match="Dilation > 1"):
        models.resnet18(replace_stride_with_dilation=[False, False, True])


def test_another_normalisation():
    model = models.resnet18(num_classes=2, norm_layer=lambda channels: nn.GroupNorm(4, channels))
    assert isinstance(model.bn1, nn.GroupNorm) and not any(
        isinstance(m, nn.BatchNorm2d) for m in model.modules()
    )


def test_densenet_with_less_memory_has_the_same_gradients():
    gradients = []
    for memory_efficient in (False, True):
        fb.manual_seed(0)
        model = models.DenseNet(8, (2, 2), 8, num_classes=2, memory_efficient=memory_efficient)
        model(fb.randn(2, 3, 32, 32)).sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    assert all(fb.allclose(a, b) for a, b in zip(*gradients, strict=True))


def test_densenet_reads_the_names_of_the_published_files():
    model = models.DenseNet(8, (2, 2), 8, num_classes=2)
    old = {}
    for name, value in model.state_dict().items():
        for part in ("norm", "conv"):
            for i in "12":
                if "denselayer" in name:
                    name = name.replace(f".{part}{i}.", f".{part}.{i}.")
        old[name] = value + 1
    assert "features.denseblock1.denselayer2.norm.1.weight" in old
    model.load_state_dict(old)
    assert all(fb.equal(a, b) for a, b in zip(model.state_dict().values(), old.values(), strict=True))


def test_inception_gives_its_auxiliary_scores_in_training():
    fb.manual_seed(0)
    model = models.inception_v3(num_classes=3, init_weights=False)
    model.Mixed_6b = model.Mixed_6c = model.Mixed_6d = model.Mixed_6e = nn.Identity()
    model.AuxLogits.conv1 = nn.Conv2d(128, 768, 1)  # at this size its maps are 1 x 1
    x = fb.randn(2, 3, 151, 151)
    out = model(x)
    assert isinstance(out, models.InceptionOutputs) and tuple(out.logits.shape) == tuple(
        out.aux_logits.shape
    ) == (2, 3)
    (out.logits.sum() + 0.4 * out.aux_logits.sum()).backward()
    assert model.AuxLogits.fc.weight.grad is not None
    assert isinstance(model.eval()(x), fb.Tensor)


def test_inception_without_auxiliary_classifier():
    model = models.inception_v3(num_classes=3, aux_logits=False)
    assert model.AuxLogits is None and not any(name.startswith("Aux") for name in model.state_dict())
    with pytest.raises(ValueError, match="should be 7"):
        models.Inception3(inception_blocks=[nn.Conv2d])


def test_transform_input_of_inception():
    model = models.inception_v3(num_classes=3, transform_input=True)
    mean, std = (fb.tensor(v).reshape(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    image = fb.rand(1, 3, 4, 4)
    assert fb.allclose(model._transformed((image - mean) / std), (image - 0.5) / 0.5, atol=1e-6)


def test_an_unknown_version_of_squeezenet():
    with pytest.raises(ValueError, match="Unsupported SqueezeNet version 2_0"):
        models.SqueezeNet("2_0")
    assert count(models.SqueezeNet(1.1)) == 1235496  # as torchvision 0.2 named it


def test_files_of_whole_models_carry_the_names_of_torchvision(tmp_path):
    model = models.squeezenet1_1(num_classes=3)
    fb.save(model, tmp_path / "model.pt", _use_new_zipfile_serialization=False)
    assert b"ctorchvision.models.squeezenet\nFire\n" in (tmp_path / "model.pt").read_bytes()
    loaded = fb.load(tmp_path / "model.pt", weights_only=False)
    assert type(loaded) is models.SqueezeNet
    assert all(fb.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True))


@pytest.mark.parametrize(
    "value, module",
    [(transforms.CenterCrop(3), "transforms.transforms"), (transforms.InterpolationMode.BOX, "transforms.functional"),
     (datasets.FakeData(3), "datasets.fakedata"), (utils.make_grid, "utils")],
)  # fmt: skip
def test_files_of_other_things_do_so_too(tmp_path, value, module):
    fb.save(value, tmp_path / "file.pt", _use_new_zipfile_serialization=False)
    assert f"ctorchvision.{module}\n".encode() in (tmp_path / "file.pt").read_bytes()
    loaded = fb.load(tmp_path / "file.pt", weights_only=False)
    assert type(loaded) is type(value) and repr(loaded) == repr(value)


# ------------------------------------------------------------------------------------------ published weights


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder as the home of PyTorch's files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_MODEL_ZOO", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [dict(pretrained=True), dict(weights="DEFAULT"), dict(weights=models.ResNet18_Weights.IMAGENET1K_V1),
     dict(pretrained=models.ResNet18_Weights.DEFAULT)],
)  # fmt: skip
def test_weights_that_are_not_there(home, arguments):
    with pytest.raises(FileNotFoundError) as error:
        models.resnet18(**arguments)
    message = str(error.value)
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in message
    assert (
        str(home / "hub" / "checkpoints") in message and "model.load_state_dict(torch.load(file))" in message
    )


@pytest.mark.parametrize(
    "place", ["hub/checkpoints/squeezenet1_1-b8a52dc0.pth", "models/squeezenet1_1-f364aa15.pth"],
)  # fmt: skip
def test_weights_that_are_there(home, place):
    fb.manual_seed(5)
    trained = models.squeezenet1_1()
    os.makedirs((home / place).parent)
    fb.save(trained.state_dict(), home / place)
    loaded = models.squeezenet1_1(pretrained=True)
    assert all(fb.equal(a, b) for a, b in zip(trained.parameters(), loaded.parameters(), strict=True))
    with pytest.raises(ValueError, match="'num_classes' expected value 1000 but got 5"):
        models.squeezenet1_1(True, num_classes=5)


def test_files_of_2017_lack_the_counts_of_batches():
    model = models.resnet18(num_classes=2)
    old = {k: v + 1 for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict(old)
    assert all(fb.equal(model.state_dict()[k], v) for k, v in old.items())


def test_weights_of_inception(home):
    (home / "hub" / "checkpoints").mkdir(parents=True)
    trained = models.inception_v3(init_weights=False)
    fb.save(trained.state_dict(), home / "hub" / "checkpoints" / "inception_v3_google-0cc3c7bd.pth")
    loaded = models.inception_v3(weights="IMAGENET1K_V1", aux_logits=False)
    assert loaded.transform_input and loaded.AuxLogits is None
    assert fb.equal(loaded.fc.weight, trained.fc.weight)


def test_names_of_weights():
    enum = models.ResNet50_Weights
    assert enum.DEFAULT is enum.IMAGENET1K_V2 and enum.verify("IMAGENET1K_V1") is enum.IMAGENET1K_V1
    assert enum.verify("ResNet50_Weights.DEFAULT") is enum.DEFAULT and enum.verify(None) is None
    with pytest.raises(ValueError, match="ResNet50_Weights has IMAGENET1K_V1, IMAGENET1K_V2, DEFAULT"):
        models.resnet50(weights="V9")
    with pytest.raises(TypeError, match="expected ResNet50_Weights but received ResNet18_Weights"):
        models.resnet50(weights=models.ResNet18_Weights.DEFAULT)
    assert models.resnet.model_urls["resnet50"].endswith("/resnet50-0676ba61.pth")


def test_every_model_has_weights_whose_file_has_its_name():
    for name in MODELS:
        builder = models.get_model_builder(name)
        module = inspect.getmodule(builder)
        file = _weights.Weights(module.model_urls[name], None).names[0]
        assert file.startswith(name.removesuffix("_v3")) and file.endswith(".pth")


def test_the_preset_of_weights():
    preset = models.ResNet50_Weights.IMAGENET1K_V2.transforms()
    assert (preset.crop_size, preset.resize_size) == ([224], [232])
    image = fb.randint(0, 256, (3, 300, 260)).to(fb.uint8)
    out = preset(image)
    assert tuple(out.shape) == (3, 224, 224) and out.dtype is fb.float32
    white = preset(fb.full((3, 240, 240), 255, dtype=fb.uint8))
    expected = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    np.testing.assert_allclose(white[:, 0, 0].numpy(), expected, rtol=1e-5)
