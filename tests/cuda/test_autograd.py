"""The core's branches for arrays that are not NumPy's: forward, views, in-place changes, out=, promotion, backward."""

import numpy as np
import pytest

import flambeau as fb

DEVICES = ("cpu", "cuda:1")


def on_both(program, *shapes, seed=0):
    """Runs program(*leaves) on the CPU and on a device; its result and the gradients must be equal."""
    results = []
    for device in DEVICES:
        fb.manual_seed(seed)
        leaves = [fb.randn(*s, dtype=fb.float64).to(device).requires_grad_() for s in shapes]
        out = program(*leaves)
        assert out.device == fb.device(device) and out.requires_grad
        (out * out).sum().backward()
        results.append([out.detach(), *[t.grad for t in leaves]])
    for a, b in zip(*results, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert b.device == fb.device(DEVICES[1]) and a.shape == b.shape and a.dtype is b.dtype
            np.testing.assert_allclose(b.cpu().numpy(), a.numpy(), 1e-12, 1e-12)


def halves_doubled(x):
    y = x * 1
    y[:2].mul_(2)
    y.view(-1)[1::3].add_(1)
    return y


def row_from_other(x, y):
    z = x.clone()
    z[1] = y
    return z.t() * 2


def through_a_mask(x):
    z = x * 1
    z[z > 0] = z[z > 0] * 3
    z.masked_fill_(z < -1, 5.0)
    return z


def split_and_join(x):
    a, b = x.split(2)
    values, _ = (a * b).sort(dim=1)
    top, where = x.topk(2, dim=1)
    return fb.cat([values, top.gather(1, where[:, :1] * 0).expand(4, 3)])


def overlapping(x):
    return x.reshape(-1).as_strided((5, 4), (2, 1)) * fb.arange(4.0, device=x.device, dtype=x.dtype)


PROGRAMS = [
    (lambda x, y: (x @ y).tanh() / (1 + x.pow(2).sum()), (3, 4), (4, 3)),
    (lambda x, y: x * y + y.sum(0), (3, 4), (4,)),
    (lambda x: x.transpose(0, 1).reshape(-1)[2:9].exp(), (3, 4)),
    (halves_doubled, (4, 3)),
    (row_from_other, (3, 4), (4,)),
    (through_a_mask, (5, 5)),
    (split_and_join, (4, 3)),
    (overlapping, (4, 3)),
    (lambda x: x[fb.tensor([0, 0, 2])][:, [1, 1]], (3, 4)),
    (lambda x: x.unfold(0, 3, 2).diagonal(0, 0, 2), (9, 2)),
    (lambda x: fb.view_as_real(fb.complex(x, x * 2) ** 2), (3,)),
    (lambda x: x.clone().requires_grad_().mul_(x).detach_().requires_grad_() * x, (3,)),
]


@pytest.mark.parametrize("program,shapes", [(p, s) for p, *s in PROGRAMS], ids=lambda v: getattr(v, "__name__", None))
def test_programs(gpu, program, shapes):
    on_both(program, *shapes)


def test_accumulation_and_retain_graph(gpu):
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    first = x.grad
    y.backward()
    assert x.grad is first and x.grad.tolist() == [4, 4, 4] and x.grad.device == x.device
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_double_backward(gpu):
    x = fb.tensor([1.0, 2.0], device="cuda:1", requires_grad=True)
    (g,) = fb.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = fb.autograd.grad(g.sum(), x)
    assert g.tolist() == [3, 12] and h.tolist() == [6, 12] and h.device == x.device


def test_hooks(gpu):
    x = fb.ones(2, device="cuda:1", requires_grad=True)
    seen = []
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.retain_grad()
    x.register_hook(lambda g: seen.append(g.device))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    y.sum().backward()
    assert seen == [x.device, [20, 20]] and y.grad.tolist() == [10, 10]


def test_versions(gpu):
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    y = x * 1
    view = y[:2]
    z = (y * y).sum()
    assert y._version == 0
    view.add_(1)
    assert y._version == view._version == 1 and view._base is y
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_leaves_and_overlapping_memory_are_not_changed(gpu):
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)
    wide = fb.ones(3, 1, device="cuda:1").expand(3, 4)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory"):
        wide.add_(1)
    assert x.tolist() == [1, 1, 1] and wide._version == 0


def test_out(gpu):
    x = fb.tensor([4.0, 1.0], device="cuda:1")
    out = fb.empty(0, device="cuda:1")
    assert fb.sqrt(x, out=out) is out and out.tolist() == [2, 1] and out._version == 1 and out.device == x.device
    values, indices = fb.empty(0, device="cuda:1"), fb.empty(0, dtype=fb.int64, device="cuda:1")
    fb.sort(x, out=(values, indices))
    assert values.tolist() == [1, 4] and indices.tolist() == [1, 0]
    part = fb.zeros(2, 2, device="cuda:1")
    fb.add(x, x, out=part[0])
    assert part.tolist() == [[8, 2], [0, 0]]
    for bad in (fb.empty(2), fb.empty(2, device="cuda:0")):
        with pytest.raises(RuntimeError, match="same device"):
            fb.sqrt(x, out=bad)


def test_promotion_with_numbers(gpu):
    for dtype in (fb.uint8, fb.int64, fb.float16, fb.float32, fb.bfloat16, fb.bool, fb.complex64):
        x = fb.tensor([1, 0]).to(dtype)
        for number in (2, 0.5, True, 1j, np.float64(0.5)):
            expected, got = x + number, x.cuda() + number
            assert got.dtype is expected.dtype and got.cpu().tolist() == expected.tolist()
            assert (number * x.cuda()).dtype is (number * x).dtype
    x = fb.tensor([3, 4], device="cuda:1")
    x += 1
    x *= 2
    assert x.tolist() == [8, 10] and x.dtype is fb.int64
    with pytest.raises(RuntimeError, match="can't be cast"):
        x.add_(0.5)


def test_gradients_of_cpu_numbers(gpu):
    scale = fb.tensor(2.0, requires_grad=True)
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    (scale * x).sum().backward()
    assert scale.grad.item() == 3 and scale.grad.device == fb.device("cpu")
    assert x.grad.tolist() == [2, 2, 2] and x.grad.device == x.device
    ((scale * 3) * x).sum().backward()
    assert scale.grad.item() == 12


def test_values(gpu):
    x = fb.tensor([[1.5, 2.0]], device="cuda:1")
    assert x.sum().item() == 3.5 and float(x[0, 1]) == 2 and int(x[0, 1]) == 2 and bool(x[0, 0] > 1) and len(x) == 1
    assert x.is_contiguous() and not x.expand(3, 2).is_contiguous() and x.stride() == (2, 1) and x.tolist() == [[1.5,
        2]]
    assert [v.tolist() for v in x[0]] == [1.5, 2] and 2.0 in x and [0, 10, 20][fb.tensor(2, device="cuda")] == 20
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(x)


def test_functions_of_users(gpu):
    class Twice(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2, x + 1

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b

    x = fb.ones(2, device="cuda:1", requires_grad=True)
    Twice.apply(x)[0].sum().backward()
    assert x.grad.tolist() == [2, 2] and x.grad.device == x.device


def test_a_gradient_on_the_wrong_device(gpu):
    class Wrong(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad.cpu()

    x = fb.ones(2, device="cuda:1", requires_grad=True)
    with pytest.raises(RuntimeError, match="invalid gradient at index 0 - expected device cuda:1 but got cpu"):
        Wrong.apply(x).sum().backward()


def test_a_gradient_on_another_gpu(gpu):
    class Wrong(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad.to("cuda:0")

    x = fb.ones(2, device="cuda:1", requires_grad=True)
    with pytest.raises(RuntimeError, match="expected device cuda:1 but got cuda:0"):
        Wrong.apply(x).sum().backward()
    for place in ("cuda:0", "cpu"):
        with pytest.raises(RuntimeError, match="assigned grad has data located on a different device.*" + place):
            x.grad = fb.ones(2, device=place)
    assert x.grad is None


def test_gradcheck(gpu):
    x = fb.rand(3, device="cuda:1", dtype=fb.float64, requires_grad=True)
    assert fb.autograd.gradcheck(lambda x: (x * x).sin(), x, check_forward_ad=True)
    assert fb.autograd.gradgradcheck(lambda x: (x * x).sin(), x)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        fb.autograd.gradcheck(lambda x: x * x.detach(), x)
