"""Files of traced and scripted programs."""

import io
import json
import pickle
import zipfile

import pytest

import flambeau as fb
from flambeau import jit, nn
from flambeau.nn import functional as F


class Net(nn.Module):
    """Importable, as a scripted module must be."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x) if x.sum() > 0 else -self.fc(x)


def saved(program, **options):
    buffer = io.BytesIO()
    jit.save(program, buffer, **options)
    buffer.seek(0)
    return buffer


def reloaded(program):
    return jit.load(saved(program))


MODELS = [
    (nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8, 2)),
     (2, 1, 4, 4)),
    (nn.LSTM(2, 3, 2), (4, 1, 2)),
    (nn.TransformerEncoderLayer(4, 2, 8), (3, 1, 4)),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("net, shape", MODELS, ids=lambda v: type(v).__name__)
def test_modules(net, shape):
    net.eval()
    again = reloaded(jit.trace(net, fb.rand(shape)))
    x = fb.rand(shape[0] + 1, *shape[1:])
    for a, b in zip(fb.func.trees.flatten(again(x))[0], fb.func.trees.flatten(net(x))[0], strict=True):
        assert fb.equal(a, b)
    assert list(again.state_dict()) == list(net.state_dict()) and again.training is net.training


@pytest.mark.parametrize("function", [
    lambda x: x.to(fb.float64), lambda x: x[..., None, 1:, :-1], lambda x: fb.full((2,), float("inf")) + x.sum(),
    lambda x: x.view(x.size(0) * x.size(1), -1), lambda x: (x, {"a": x.max(1)}), lambda x: F.pad(x, (1, 1), value=2.5),
    lambda x: fb.zeros(2, dtype=fb.int64, device="cpu"), lambda x: x.sort(1),
    lambda x: x.contiguous(memory_format=fb.contiguous_format),
    lambda x: [x.clamp(min=0.5), None, 3], lambda x: x + fb.tensor([1, 2, 3]), lambda x: x * 2j,
])  # fmt: skip
def test_functions(function):
    again = reloaded(jit.trace(function, fb.rand(2, 3), strict=False))
    x = fb.rand(2, 3)
    wanted, found = (fb.func.trees.flatten(f(x))[0] for f in (function, again))
    for a, b in zip(found, wanted, strict=True):
        assert fb.equal(a, b) and a.dtype is b.dtype if isinstance(a, fb.Tensor) else a == b


def test_all_dtypes_come_back():
    net = nn.Module()
    for name in ("float16", "bfloat16", "float64", "int8", "int64", "bool", "complex64"):
        net.register_buffer(f"of_{name}", fb.tensor([0, 1, 1]).to(getattr(fb, name)))
    net.register_buffer("hidden", fb.ones(1), persistent=False)
    net.forward = lambda x: x + 1
    again = reloaded(jit.trace(net, fb.ones(1)))
    for name, value in net.named_buffers():
        assert fb.equal(again.get_buffer(name), value) and again.get_buffer(name).dtype is value.dtype
    assert "hidden" not in again.state_dict()


def test_shared_parameters_stay_shared():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    again = reloaded(jit.trace(net, fb.ones(1, 2)))
    assert again.get_submodule("1").weight is again.get_submodule("0").weight


def test_training_goes_on_after_loading(tmp_path):
    net = nn.Linear(2, 1)
    path = tmp_path / "net.pt"
    jit.trace(net, fb.ones(1, 2)).save(str(path))
    again = jit.load(path)
    optimizer = fb.optim.SGD(again.parameters(), lr=0.1)
    x, y = fb.rand(8, 2), fb.ones(8, 1)
    first = F.mse_loss(again(x), y)
    for _ in range(20):
        optimizer.zero_grad()
        F.mse_loss(again(x), y).backward()
        optimizer.step()
    assert F.mse_loss(again(x), y) < first / 2


def test_methods_and_extra_files():
    class Two(nn.Module):
        def forward(self, x):
            return x + 1

        def other(self, x):
            return x * 2

    traced = jit.trace_module(Two(), {"forward": fb.ones(1), "other": fb.ones(1)})
    extra = {"notes.txt": b""}
    again = jit.load(saved(traced, _extra_files={"notes.txt": "words"}), _extra_files=extra)
    assert again.other(fb.tensor([4.0])).item() == 8 and extra["notes.txt"] == b"words"


def test_pickle():
    net = jit.trace(nn.Linear(2, 2), fb.ones(1, 2))
    for again in (pickle.loads(pickle.dumps(net)), pickle.loads(pickle.dumps(nn.Sequential(net)))):
        assert fb.equal(again(fb.ones(1, 2)), net(fb.ones(1, 2)))
    assert pickle.loads(pickle.dumps(jit.trace(lambda x: x + 1, fb.ones(1))))(fb.ones(1)).item() == 2


def test_map_location():
    assert (
        jit.load(saved(jit.trace(nn.Linear(1, 1), fb.ones(1))), map_location="cpu").weight.device.type
        == "cpu"
    )


def test_a_scripted_module():
    net = jit.script(Net())
    again = reloaded(net)
    x = -fb.ones(2)
    assert fb.equal(again(x), net(x)) and isinstance(again, jit.ScriptModule) and isinstance(again, Net)


def test_what_cannot_be_saved():
    class Double(fb.autograd.Function):
        forward = staticmethod(lambda ctx, x: x * 2)

    with pytest.raises(RuntimeError, match="autograd.Function Double"):
        saved(jit.trace(lambda x: Double.apply(x), fb.ones(1)))
    with pytest.raises(RuntimeError, match="was scripted and runs as Python"):
        saved(jit.script(close_to))
    with pytest.raises(RuntimeError, match="a traced or scripted module is needed, not Linear"):
        saved(nn.Linear(1, 1))


def close_to(x):
    return x


def test_nothing_is_written_when_saving_fails(tmp_path):
    class Double(fb.autograd.Function):
        forward = staticmethod(lambda ctx, x: x * 2)

    with pytest.raises(RuntimeError):
        jit.trace(lambda x: Double.apply(x), fb.ones(1)).save(str(tmp_path / "f"))
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path):
    fb.save({"a": fb.ones(1)}, tmp_path / "weights.pt")
    (tmp_path / "text").write_text("no zip")
    for name in ("weights.pt", "text"):
        with pytest.raises(RuntimeError, match="no file of flambeau.jit.save"):
            jit.load(tmp_path / name)


def changed(program, change):
    """The file of a program with its JSON changed."""
    source, target = zipfile.ZipFile(saved(program)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "program.json":
                content = json.loads(data)
                change(content)
                data = json.dumps(content)
            archive.writestr(name, data)
    target.seek(0)
    return target


@pytest.mark.parametrize("change, message", [
    (lambda c: c.update(version=99), "version 99"),
    (lambda c: c["graphs"]["forward"]["nodes"][0].update(name="__import__('os')"), "has no op"),
    (lambda c: c["graphs"]["forward"]["nodes"][0].update(kind="python"), "has no python"),
    (lambda c: c["graphs"]["forward"]["nodes"][0].update(kind="method", name="save"), "has no method"),
    (lambda c: c["graphs"]["forward"]["nodes"][0].update(kind="function", module="os"), "has no function"),
    (lambda c: c["graphs"]["forward"].update(name="f(): import os #"), "no names of a function"),
    (lambda c: c["graphs"]["forward"]["values"][0].update(name="x)"), "no name of a value"),
    (lambda c: c["tensors"][0].update(shape=[99]), "needs 396 bytes"),
    (lambda c: c["graphs"]["forward"]["nodes"][0].update(kwargs={"dict": [["x=1) or (y", 1]]}),
     "no name of an argument"),
    (lambda c: c["graphs"]["forward"].update(result={"dim": ["size", 1, {"value": 0}, "0) or (1"]}), "are no sizes"),
    (lambda c: c["graphs"]["forward"].update(result={"dtype": "save"}), "unknown kind of argument"),
])  # fmt: skip
def test_files_that_were_tampered_with(change, message):
    with pytest.raises(RuntimeError, match=message):
        jit.load(changed(jit.trace(nn.Linear(2, 2), fb.ones(1, 2)), change))
