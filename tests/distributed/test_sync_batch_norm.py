"""SyncBatchNorm over several processes is BatchNorm over the batches of all, in forward, backward and statistics."""

import pytest

import flambeau as fb
from flambeau import distributed as dist
from flambeau import nn
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

CUTS = {"even": [0, 4, 8], "uneven": [0, 1, 8], "one is empty": [0, 0, 8]}


def data(shape, dtype):
    generator = fb.Generator().manual_seed(3)
    return fb.randn(8, 5, *shape, generator=generator).to(dtype) * 2 + 3, fb.randn(
        8, 5, *shape, generator=generator
    ).to(dtype)


def layer(kind, momentum, affine, dtype):
    made = kind(5, momentum=momentum, affine=affine, dtype=dtype)
    if affine:
        with fb.no_grad():
            made.weight.copy_(fb.arange(5) + 1)
            made.bias.copy_(fb.arange(5) - 2)
    return made


def compare(rank, cut, shape, momentum, affine, dtype):
    x, grad = data(shape, dtype)
    whole = layer([nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][len(shape)], momentum, affine, dtype)
    sync = layer(nn.SyncBatchNorm, momentum, affine, dtype)
    mine = slice(CUTS[cut][rank], CUTS[cut][rank + 1])
    close = dict(rtol=1e-5, atol=1e-5) if dtype is fb.float32 else dict(rtol=1e-10, atol=1e-10)
    for _ in range(2):
        x_whole, x_mine = x.clone().requires_grad_(), x[mine].clone().requires_grad_()
        y_whole, y_mine = whole(x_whole), sync(x_mine)
        fb.testing.assert_close(y_mine, y_whole[mine], **close)
        y_whole.backward(grad)
        y_mine.backward(grad[mine])
        fb.testing.assert_close(x_mine.grad, x_whole.grad[mine], **close)
    if affine:
        for p, q in zip(sync.parameters(), whole.parameters(), strict=True):
            total = p.grad.clone()
            dist.all_reduce(total)
            fb.testing.assert_close(total, q.grad, rtol=1e-4, atol=1e-4)
    fb.testing.assert_close(sync.running_mean, whole.running_mean)
    fb.testing.assert_close(sync.running_var, whole.running_var)
    assert sync.num_batches_tracked.item() == 2
    sync.eval(), whole.eval()
    fb.testing.assert_close(sync(x[mine]), whole(x)[mine], **close)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_is_batch_norm_of_the_whole_batch(cut, shape):
    run(compare, 2, cut, shape, 0.1, True, fb.float64)


@pytest.mark.parametrize("momentum, affine, dtype", [(None, True, fb.float32), (0.3, False, fb.float64)])
def test_options(momentum, affine, dtype):
    run(compare, 2, "uneven", (3,), momentum, affine, dtype)


def halves(rank, dtype):
    x, _ = data((3,), fb.float32)
    x = x.to(dtype)
    whole, sync = nn.BatchNorm1d(5), nn.SyncBatchNorm(5, dtype=dtype)
    mine = x[4 * rank : 4 * rank + 4].clone().requires_grad_()
    y = sync(mine)
    y.backward(fb.ones_like(y))
    assert y.dtype is mine.grad.dtype is sync.weight.grad.dtype is dtype
    fb.testing.assert_close(y.float(), whole(x.float())[4 * rank : 4 * rank + 4], rtol=0.02, atol=0.02)
    fb.testing.assert_close(sync.running_var.float(), whole.running_var, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("dtype", [fb.float16, fb.bfloat16], ids=str)
def test_half_precision(dtype):
    run(halves, 2, dtype)


def with_ddp(rank):
    fb.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    alone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    alone.load_state_dict(net.state_dict())
    net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    model = nn.parallel.DistributedDataParallel(net)
    losses = []
    optimizers = [fb.optim.SGD(m.parameters(), lr=0.1) for m in (model, alone)]
    for step in range(3):
        x = fb.randn(8, 1, 5, 5, generator=fb.Generator().manual_seed(step))
        for m, optimizer, part in (
            (model, optimizers[0], x[rank * 4 : rank * 4 + 4]),
            (alone, optimizers[1], x),
        ):
            optimizer.zero_grad()
            loss = m(part).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    for p, q in zip(model.parameters(), alone.parameters(), strict=True):
        fb.testing.assert_close(p, q, rtol=1e-4, atol=1e-5)
    mine, whole = fb.stack(losses[::2]), fb.stack(losses[1::2])
    dist.all_reduce(mine, dist.ReduceOp.AVG)
    fb.testing.assert_close(mine, whole, rtol=1e-4, atol=1e-5)


def test_training_with_ddp_is_that_of_one_process():
    run(with_ddp)


def groups(rank):
    halves = [dist.new_group([0, 1]), dist.new_group([2, 3])]
    sync = nn.SyncBatchNorm(1, process_group=halves[rank // 2])
    y = sync(fb.full((2, 1), float(rank)))
    want = (-1 if rank % 2 == 0 else 1) * 0.5 / (0.25 + 1e-5) ** 0.5
    assert y.flatten().tolist() == pytest.approx([want] * 2, rel=1e-5)


def test_process_group():
    run(groups, 4)


def too_few(rank):
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        nn.SyncBatchNorm(2)(fb.ones(1 - rank, 2))


def test_one_value_in_all():
    run(too_few)
