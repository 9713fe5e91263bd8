"""Views: what shares memory, forms of the call, names in the graph, in-place changes of shape."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")

SHARING = {
    "view": lambda t: t.view(6, 4),
    "view_as": lambda t: t.view_as(fb.empty(24)),
    "reshape": lambda t: t.reshape((4, 6)),
    "reshape_as": lambda t: t.reshape_as(fb.empty(3, 8)),
    "flatten": lambda t: t.flatten(),
    "unflatten": lambda t: t.unflatten(2, (2, -1)),
    "ravel": lambda t: t.ravel(),
    "transpose": lambda t: t.transpose(0, -1),
    "swapaxes": lambda t: t.swapaxes(0, 1),
    "permute": lambda t: t.permute(2, 0, 1),
    "movedim": lambda t: t.movedim(0, 2),
    "T": lambda t: t[0].T,
    "mT": lambda t: t.mT,
    "t": lambda t: t[0].t(),
    "expand": lambda t: t.expand(5, 2, 3, 4),
    "expand, new ones": lambda t: t.expand(5, 1, 1, 2, 3, 4),
    "expand_as": lambda t: t.expand_as(fb.empty(1, 2, 3, 4)),
    "squeeze": lambda t: t.squeeze(),
    "unsqueeze": lambda t: t.unsqueeze(-1),
    "narrow": lambda t: t.narrow(1, 1, 2),
    "select": lambda t: t.select(0, 1),
    "unfold": lambda t: t.unfold(2, 2, 1),
    "diagonal": lambda t: t.diagonal(0, 1, 2),
    "as_strided": lambda t: t.as_strided((2, 2), (12, 1), 3),
    "contiguous": lambda t: t.contiguous(),
    "broadcast_to": lambda t: fb.broadcast_to(t, (1, 2, 3, 4)),
    "meshgrid": lambda t: fb.meshgrid(t[0, 0], t[0, 1], indexing="ij")[0],
    "basic index": lambda t: t[1, None, ..., ::2],
    "data": lambda t: t.data,
    "detach": lambda t: t.detach(),
}


def counted():
    return fb.arange(24.0).view(2, 3, 4)


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize("recorded", [False, True])
def test_views_share_memory(name, recorded):
    t = counted().requires_grad_(recorded)
    view = SHARING[name](t)
    assert (view.detach() >= 0).all()
    with fb.no_grad():
        t.fill_(-1)
    assert (view.detach() == -1).all()
    assert view.requires_grad == (recorded and name not in ("data", "detach"))


@needs_torch
@pytest.mark.parametrize(
    "name", sorted(set(SHARING) - {"view_as", "reshape_as", "expand_as", "broadcast_to", "meshgrid"})
)
def test_strides(name):
    ours, theirs = SHARING[name](counted()), SHARING[name](torch.arange(24.0).view(2, 3, 4))
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.stride() == theirs.stride() and ours.storage_offset() == theirs.storage_offset()
    assert ours.tolist() == theirs.tolist()


COPYING = {
    "clone": lambda t: t.clone(),
    "flip": lambda t: t.flip(0),
    "roll": lambda t: t.roll(0),
    "repeat": lambda t: t.repeat(1, 1, 1),
    "cat": lambda t: fb.cat([t]),
    "stack": lambda t: fb.stack([t]),
    "tril": lambda t: t.tril(),
    "rot90": lambda t: fb.rot90(t, 0),
    "reshape of a transposed": lambda t: t.transpose(0, 1).reshape(-1),
    "contiguous of a transposed": lambda t: t.transpose(0, 1).contiguous(),
    "index": lambda t: t[fb.tensor([0, 1])],
    "mask": lambda t: t[t >= 0],
    "diag": lambda t: fb.diag(t[0]),
}


@pytest.mark.parametrize("name", COPYING)
def test_copies_do_not_share_memory(name):
    t = counted()
    copy = COPYING[name](t)
    before = copy.clone()
    t.fill_(-1)
    assert (copy == before).all()
    assert not copy._is_view()


def test_nothing_to_do_gives_self():
    t = counted()
    assert (
        t.contiguous() is t
        and t.to(fb.float32) is t
        and t.float() is t
        and t.cpu() is t
        and t.flatten(1, 1) is t
    )


def test_forms_of_the_call():
    t = counted()
    for v in (
        t.view(4, 6),
        t.view((4, 6)),
        t.view([4, 6]),
        t.view(fb.Size([4, 6])),
        t.view(4, -1),
        t.reshape(4, 6),
    ):
        assert v.shape == (4, 6) and v.tolist() == np.arange(24.0).reshape(4, 6).tolist()
    assert (
        t.permute(0, 2, 1).shape == t.permute((0, 2, 1)).shape == fb.permute(t, [0, 2, 1]).shape == (2, 4, 3)
    )
    assert fb.squeeze(t[:1]).shape == t[:1].squeeze(dim=0).shape == (3, 4)
    assert t.unsqueeze(dim=1).shape == (2, 1, 3, 4) and t[:1, :1].squeeze(0, 1).shape == (4,)
    assert t.view(fb.tensor(4), fb.tensor(6)).shape == (4, 6)
    assert t.transpose(dim0=0, dim1=2).shape == (4, 3, 2)
    assert t.mH.shape == (2, 4, 3)


def test_incompatible_view():
    with pytest.raises(RuntimeError, match=r"^view size is not compatible with input tensor's size and "
                                           r"stride \(at least one dimension "
                       r"spans across two contiguous subspaces\)\. Use \.reshape\(\.\.\.\) instead\.$"):  # fmt: skip
        counted().transpose(0, 1).view(-1)
    assert counted().transpose(0, 1).view(3, 2, 2, 2).shape == (3, 2, 2, 2)


def test_view_as_another_dtype():
    t = fb.tensor([1.0, -2.0])
    bits = t.view(fb.int32)
    assert bits.tolist() == [0x3F800000, -0x40000000]
    bits[0] = 0x40400000
    assert t.tolist() == [3.0, -2.0] and t._version == 1
    assert (
        t.view(fb.int16).shape == (4,)
        and t.view(fb.float64).shape == (1,)
        and t.view(dtype=fb.uint8).shape == (8,)
    )
    with pytest.raises(RuntimeError, match=r"self.size\(-1\) must be divisible by 2 to view Float as Double"):
        fb.zeros(3).view(fb.float64)
    with pytest.raises(RuntimeError, match=r"self.dim\(\) cannot be 0 to view Float as Double"):
        fb.zeros(()).view(fb.float64)


def test_names_in_the_graph():
    x = fb.ones(2, 3, requires_grad=True)
    names = {
        "ViewBackward0": x.view(6), "TransposeBackward0": x.transpose(0, 1), "TBackward0": x.t(),
            "PermuteBackward0": x.permute(1, 0),
        "ExpandBackward0": x.expand(4, 2, 3), "UnsqueezeBackward0": x.unsqueeze(0), "SqueezeBackward0": x.squeeze(),
        "SelectBackward0": x.select(0, 1), "SliceBackward0": x[1:], "UnbindBackward0": x.unbind()[0],
            "SplitBackward0": x.split(1)[0],
        "DiagonalBackward0": x.diagonal(), "AsStridedBackward0": x.as_strided((2,), (1,)), "CloneBackward0": x.clone(),
        "CatBackward0": fb.cat([x, x]), "StackBackward0": fb.stack([x, x]), "IndexBackward0": x[fb.tensor([0])],
        "ToCopyBackward0": x.double(), "RepeatBackward0": x.repeat(2, 1), "UnfoldBackward0": x.unfold(0, 1, 1),
    }  # fmt: skip
    assert {t.grad_fn.name() for t in names.values()} == set(names)
    for name, t in names.items():
        assert t.grad_fn.name() == name


def test_gradients_of_the_short_path():
    """Views of plain tensors are recorded without entering Python: the same gradients as of the general path."""
    for make in (lambda t: t.view(3, 2), lambda t: t.t(), lambda t: t.transpose(1, 0), lambda t: t.permute(-1, 0),
        lambda t: t.unsqueeze(1),
                 lambda t: t.unsqueeze(0).squeeze(), lambda t: t.unsqueeze(-1).squeeze(2), lambda t: t.expand(2, 2,
                     3), lambda t: t[1, 1:],
                 lambda t: t[:, None, ::2], lambda t: t[..., -1]):  # fmt: skip
        x = fb.rand(2, 3, dtype=fb.float64).requires_grad_()
        assert fb.autograd.gradcheck(make, x) and fb.autograd.gradgradcheck(make, x)


def test_as_strided_bounds_and_gradients():
    x = fb.arange(6.0).double().requires_grad_()
    overlapping = x.as_strided((3, 3), (1, 1), 1)
    assert overlapping.tolist() == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]
    overlapping.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    part = x.detach()[2:]
    assert part.as_strided((2,), (2,)).tolist() == [2.0, 4.0] and part.as_strided((2,), (2,), 0).tolist() == [
        0.0,
        2.0,
    ]
    with pytest.raises(RuntimeError, match="are out of bounds for storage of size 48"):
        x.as_strided((2, 3), (3, 2))
    with pytest.raises(RuntimeError, match="mismatch in length of strides and shape"):
        x.as_strided((2, 3), (3,))


def test_adjoint():
    z = fb.tensor([[1 + 1j, 2.0], [3j, 4.0]])
    assert z.H.tolist() == z.adjoint().tolist() == z.mH.tolist() == [[1 - 1j, -3j], [2, 4]]
    with pytest.raises(
        RuntimeError, match=r"tensor.H is only supported on matrices \(2-D tensors\). Got 3-D tensor"
    ):
        fb.zeros(1, 1, 1).H  # noqa: B018


def test_shapes_in_place():
    t = counted()
    assert t.unsqueeze_(0) is t and t.shape == (1, 2, 3, 4)
    assert (
        t.squeeze_(0).shape == (2, 3, 4)
        and t.transpose_(0, 2).shape == (4, 3, 2)
        and t.swapaxes_(0, 2).shape == (2, 3, 4)
    )
    m = fb.arange(6.0).view(2, 3)
    assert m.t_() is m and m.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert m.swapdims_(0, 1).shape == (2, 3)


@pytest.mark.parametrize("change", [
    lambda t: t.unsqueeze_(0), lambda t: t.squeeze_(), lambda t: t.t_(), lambda t: t.transpose_(0, 1),
])  # fmt: skip
def test_shapes_in_place_are_recorded(change):
    x = fb.randn(3, 1, requires_grad=True)
    y = x * 2
    y.retain_grad()
    assert change(y) is y
    weight = fb.randn(*y.shape)
    (y * weight).sum().backward()
    assert x.grad.tolist() == (weight * 2).reshape(3, 1).tolist() and y.grad.tolist() == weight.tolist()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        change(x)


def test_a_view_takes_another_shape_in_place():
    x = fb.ones(2, 3, requires_grad=True)
    base = x * 1
    row = base[0].unsqueeze_(0)
    row.mul_(3)
    base.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[3, 3, 3], [1, 1, 1]]
    base.mul_(2)
    x.grad = None
    row.sum().backward()
    assert row.shape == (1, 3) and x.grad.tolist() == [[6, 6, 6], [0, 0, 0]]


def test_resize():
    t = fb.arange(6.0)
    address = t.data_ptr()
    assert t.resize_(2, 2) is t and t.tolist() == [[0.0, 1.0], [2.0, 3.0]] and t.data_ptr() == address
    assert t.resize_(6).tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert t.resize_(2, 5).shape == (2, 5) and t.view(-1)[:6].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert t.resize_as_(fb.empty(3)).shape == (3,)
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        fb.zeros(3, requires_grad=True).resize_(2)
    assert fb.arange(4.0).resize(2, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_set():
    a, b = fb.zeros(3), fb.arange(6.0)
    a.set_(b)
    a[0] = 9
    assert b[0] == 9 and b._version == a._version
    assert a.set_(b, 1, (2, 2), (1, 2)).tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert a.set_(b.storage(), 2, (3,)).tolist() == [2.0, 3.0, 4.0]
    assert a.set_().shape == (0,)
    with pytest.raises(RuntimeError, match="expected a source of dtype"):
        a.set_(fb.zeros(2, dtype=fb.int64))


def test_broadcast_shapes():
    assert fb.broadcast_shapes((2, 1), (3,), 1) == (2, 3)
    with pytest.raises(RuntimeError, match="Shape mismatch: objects cannot be broadcast to a single shape"):
        fb.broadcast_shapes((2,), (3,))


class OtherFace(fb.Tensor):
    """A class of tensors that does not take the short path."""


@pytest.mark.parametrize("name", sorted(set(SHARING) - {"meshgrid", "data", "detach"}))
def test_short_and_general_path_agree(name):
    plain = counted().requires_grad_()
    other = _core.make(counted().numpy(), OtherFace).requires_grad_()
    views = [SHARING[name](plain), SHARING[name](other)]
    assert type(views[0]) is fb.Tensor and type(views[1]) is OtherFace
    if name != "contiguous":
        assert views[0].grad_fn.name() == views[1].grad_fn.name()
    assert views[0].tolist() == views[1].tolist() and views[0].stride() == views[1].stride()
    for view in views:
        weight = fb.arange(float(view.numel())).view(view.shape)
        (view * view * weight).sum().backward()
    assert plain.grad.tolist() == other.grad.tolist()
