"""autocast and GradScaler for "cuda", on virtual GPUs."""

import pytest

import flambeau as fb
from flambeau import nn

from ..cuda.conftest import gpu  # noqa: F401

F = nn.functional
pytestmark = pytest.mark.usefixtures("gpu")


def on_gpu(*shape):
    return fb.rand(*shape).cuda()


def test_products_are_of_float16_and_sums_of_float32():
    a = on_gpu(3, 3)
    with fb.autocast("cuda"):
        y = a @ a
        assert y.dtype is fb.mv(a, a[0]).dtype is nn.LSTM(3, 2).cuda()(a)[0].dtype is fb.float16
        for result in (y**2, y.exp(), F.softmax(y, 0), y.sum(), F.layer_norm(y, (3,)), fb.addcmul(a, y, y)):
            assert result.dtype is fb.float32
        assert y.relu().dtype is fb.float16
        assert F.cross_entropy(y, fb.tensor([0, 1, 2]).cuda()).dtype is fb.float32


def test_each_device_has_its_own():
    a = on_gpu(2, 2)
    with fb.autocast("cuda"):
        assert fb.is_autocast_enabled() and not fb.is_autocast_enabled("cpu")
        assert (a.cpu() @ a.cpu()).dtype is fb.float32
        with fb.autocast("cpu"):
            assert (a.cpu() @ a.cpu()).dtype is fb.bfloat16 and (a @ a).dtype is fb.float16
    with fb.autocast("cpu"):
        assert (a @ a).dtype is fb.float32 and a.exp().dtype is fb.float32


def test_binary_cross_entropy_is_refused():
    y = on_gpu(3)
    with fb.autocast("cuda"), pytest.raises(RuntimeError, match="BCELoss are unsafe to autocast"):
        F.binary_cross_entropy(y, y)


def test_training():
    fb.manual_seed(0)
    model = nn.Linear(3, 2).cuda()
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1)
    scaler = fb.GradScaler(init_scale=64.0, growth_interval=2)
    x, y = on_gpu(8, 3), on_gpu(8, 2)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        with fb.autocast("cuda"):
            loss = F.mse_loss(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] and scaler.get_scale() == 256
    assert all(p.grad.is_cuda and p.grad.dtype is fb.float32 for p in model.parameters())


def test_modules_in_parallel_cast_too():
    model = nn.DataParallel(nn.Linear(3, 2).cuda(), [0, 1])
    with fb.autocast("cuda"):
        assert model(on_gpu(4, 3)).dtype is fb.float16
