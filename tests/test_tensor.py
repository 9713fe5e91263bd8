"""What a Tensor is: its attributes and Python protocols, NumPy and DLPack, copies, faces and version counters."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn

from .compare import same
from .expressions import TENSOR


@pytest.mark.filterwarnings("ignore:The use of")
@pytest.mark.parametrize("expression", TENSOR.strip().split("\n"))
def test_as_pytorch(expression):
    same(expression)


# ---- attributes


def test_attributes():
    x = fb.ones(2, 3)
    assert type(x.shape) is fb.Size and type(x.size()) is fb.Size and x.shape == (2, 3) and x.shape[-1] == 3
    assert x.device == fb.device("cpu") and x.dtype is fb.float32 and x.layout == fb.strided
    assert x.is_leaf and x.output_nr == 0 and x._version == 0 and x._base is None and not x._is_view()
    assert x[0]._base is x and x[0]._is_view() and x.data_ptr() == x.numpy().ctypes.data
    assert {"shape", "add_", "numpy"} <= set(dir(x))
    for name in ("shape", "ndim", "dtype", "device", "is_leaf", "grad_fn"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)
    with pytest.raises(AttributeError, match="nonexistent"):
        x.nonexistent  # noqa: B018


def test_user_attributes_and_weak_references():
    x = fb.ones(2)
    x.note = {"a": 1}
    assert x.note == {"a": 1} and "note" in vars(x)
    del x.note
    assert not hasattr(x, "note")
    gone = []
    reference = weakref.ref(x, gone.append)
    assert reference() is x
    del x
    gc.collect()
    assert reference() is None and gone == [reference]
    table = weakref.WeakValueDictionary()
    y = fb.ones(2)
    table["y"] = y
    assert table["y"] is y
    del y
    gc.collect()
    assert not table


def test_hashing_is_by_identity():
    x, y = fb.ones(2), fb.ones(2)
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1 and hash(x) == hash(x)
    assert x in [x] and [y, x].index(y) == 0


def test_equality_with_foreign_objects():
    x = fb.ones(2)
    for other in (None, "a", [1, 1], (1, 1), {}, object(), print, fb.float32, ...):
        assert (x == other) is False and (x != other) is True
        assert (other == x) is False and (other != x) is True
        with pytest.raises(TypeError):
            x < other  # noqa: B015
        with pytest.raises(TypeError):
            x + other
        with pytest.raises(TypeError):
            other + x

    class Reflected:
        def __radd__(self, other):
            return "radd"

        def __eq__(self, other):
            return "eq"

        __hash__ = None

    assert x + Reflected() == "radd" and (x == Reflected()) == "eq"


# ---- NumPy


def test_arithmetic_with_numpy_on_either_side():
    x, a = fb.tensor([1.0, 2.0]), np.array([3.0, 5.0])
    for result, expected in (
        (x + a, [4, 7]),
        (a + x, [4, 7]),
        (a - x, [2, 3]),
        (x - a, [-2, -3]),
        (a * x, [3, 10]),
        (a / x, [3, 2.5]),
        (a // x, [3, 2]),
        (a % x, [0, 1]),
        (a**x, [3, 25]),
        (x**a, [1, 32]),
    ):
        assert type(result) is fb.Tensor and result.dtype is fb.float64 and result.tolist() == expected
    for s in (np.float32(2), np.float64(2), np.int64(2), np.array(2.0), np.array(2)):
        assert type(s * x) is type(x * s) is fb.Tensor
        assert (
            (s * x).tolist() == (x * s).tolist() == [2, 4]
            and (s - x).tolist() == [1, 0]
            and (s / x).tolist() == [2, 1]
        )
        assert (x * s).dtype is (s * x).dtype is fb.float32
    assert (a > x).tolist() == (x < a).tolist() == [True, True] and type(a > x) is fb.Tensor
    assert (a == fb.tensor([3.0, 1.0])).tolist() == [True, False]
    assert (np.array([[1.0], [2.0]]) @ fb.ones(1, 2, dtype=fb.float64)).tolist() == [[1, 1], [2, 2]]
    grown = original = np.ones(2)
    grown += x
    assert type(grown) is fb.Tensor and grown.tolist() == [2, 3] and original.tolist() == [1, 1]
    x += a
    assert x.tolist() == [4, 7] and x.dtype is fb.float32
    for bad in (
        np.array(["a", "b"]),
        np.array([None, 1]),
        np.array([1, 2], "datetime64[s]"),
        np.zeros(2, [("a", "f4")]),
    ):
        for call in (lambda b=bad: x + b, lambda b=bad: b + x, lambda b=bad: x.__iadd__(b)):
            with pytest.raises(TypeError):
                call()
    assert x.tolist() == [4, 7]


def test_array_protocol():
    x = fb.tensor([1.0, 2.0])
    shared = np.asarray(x)
    shared[0] = 5
    assert x.tolist() == [5, 2] and shared.ctypes.data == x.data_ptr() == np.array(x, copy=False).ctypes.data
    copied = np.array(x)
    copied[0] = 1
    assert x.tolist() == [5, 2] and np.array(x, copy=True).ctypes.data != x.data_ptr()
    assert np.asarray(x, dtype="i4").dtype == "i4" and np.asarray(x, dtype="f4").ctypes.data == x.data_ptr()
    with pytest.raises(ValueError, match="copy"):
        np.array(x, dtype="f8", copy=False)
    assert np.array([x, x]).shape == (2, 2) and np.array([x[0], x[1]]).tolist() == [5, 2]
    assert float(np.sum(np.asarray(x))) == 7 and np.exp(np.asarray(x)).shape == (2,)
    leaf = fb.ones(2, requires_grad=True)
    for convert in (np.asarray, np.array, lambda t: t.numpy(), lambda t: np.asarray(t * 2)):
        with pytest.raises(
            RuntimeError,
            match=r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\) instead.",
        ):
            convert(leaf)
    assert np.asarray(leaf.detach()).ctypes.data == leaf.data_ptr()
    assert leaf.numpy(force=True).tolist() == [1, 1]
    assert np.asarray(fb.ones(2, 3).t()).strides == (4, 12)


def test_dlpack_both_ways():
    torch = pytest.importorskip("torch")
    x = fb.arange(6.0).reshape(2, 3)
    for theirs in (np.from_dlpack(x), torch.from_dlpack(x)):
        theirs[0, 0] += 10
    assert x[0, 0] == 20
    for source in (np.arange(3.0), torch.arange(3.0)):
        ours = fb.from_dlpack(source)
        source[1] = 7
        assert ours.tolist() == [0, 7, 2]
    with pytest.raises(BufferError, match="require"):
        torch.from_dlpack(fb.ones(2, requires_grad=True))
    for bad in (None, 3, "a", [1], object()):
        with pytest.raises(TypeError, match="from_dlpack"):
            fb.from_dlpack(bad)


# ---- copies


def everything_of(t):
    return t.tolist(), t.dtype, tuple(t.shape), t.requires_grad, type(t), vars(t)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    leaf = fb.ones(2, requires_grad=True)
    leaf.note = "kept"
    samples = [
        fb.ones(2, dtype=getattr(fb, d))
        for d in ("bool", "uint8", "int64", "float16", "bfloat16", "float64", "complex64")
    ]
    samples += [
        leaf,
        fb.arange(6).reshape(2, 3).t(),
        fb.arange(4)[::2],
        fb.ones(1).expand(3),
        fb.ones(()),
        fb.ones(0, 2),
    ]
    for t in samples:
        again = pickle.loads(pickle.dumps(t, protocol))
        assert everything_of(again) == everything_of(t) and again.data_ptr() != t.data_ptr()
        again.detach().add_(1 if t.dtype is not fb.bool else True)
    parameter = nn.Parameter(fb.ones(2))
    again = pickle.loads(pickle.dumps(parameter, protocol))
    assert type(again) is nn.Parameter and again.requires_grad and again.tolist() == [1, 1]
    again = pickle.loads(pickle.dumps(leaf * 2, protocol))  # its history is lost
    assert again.is_leaf and again.requires_grad and again.tolist() == [2, 2]


def test_copy_shares_and_deepcopy_does_not():
    x = fb.ones(2, requires_grad=True)
    x.note = [1]
    shallow, deep = copy.copy(x), copy.deepcopy(x)
    assert shallow.data_ptr() == x.data_ptr() != deep.data_ptr()
    assert shallow.requires_grad and deep.requires_grad and deep.is_leaf
    assert shallow.note is x.note and deep.note == x.note and deep.note is not x.note
    with fb.no_grad():
        x.add_(1)
    assert shallow.tolist() == [2, 2] and deep.tolist() == [1, 1] and shallow._version == x._version


def test_deepcopy_keeps_sharing_gradients_and_classes():
    class Sub(fb.Tensor):
        pass

    base = fb.arange(6.0)
    view, other = base[2:4], base.reshape(2, 3).t()
    base2, view2, other2, base3 = copy.deepcopy([base, view, other, base])
    assert base2 is base3 and base2.data_ptr() != base.data_ptr()
    base2[2] = 50
    assert (
        view2.tolist() == [50, 3]
        and other2.tolist() == [[0, 3], [1, 4], [50, 5]]
        and other2.stride() == other.stride()
    )
    assert base.tolist() == [0, 1, 2, 3, 4, 5]
    leaf = fb.ones(2, requires_grad=True)
    (leaf * 3).sum().backward()
    twin = copy.deepcopy(leaf)
    assert (
        twin.grad.tolist() == [3, 3]
        and twin.grad is not leaf.grad
        and twin.grad.data_ptr() != leaf.grad.data_ptr()
    )
    parameter = nn.Parameter(fb.ones(2))
    a, b = copy.deepcopy((parameter, parameter))
    assert a is b and type(a) is nn.Parameter and a.requires_grad and a.data_ptr() != parameter.data_ptr()
    assert type(copy.deepcopy(Sub([1.0]))) is Sub and type(copy.copy(Sub([1.0]))) is Sub
    assert type(pickle.loads(pickle.dumps(fb.ones(1)))) is fb.Tensor
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(leaf * 2)


def test_the_older_constructor():
    for t in (fb.Tensor(2, 3), fb.Tensor(fb.Size([2, 3])), fb.Tensor(np.int64(2), 3)):
        assert t.shape == (2, 3) and t.dtype is fb.float32 and type(t) is fb.Tensor
    assert (
        fb.Tensor().shape == (0,)
        and fb.Tensor([2, 3]).tolist() == [2, 3]
        and fb.Tensor(((1, 2), (3, 4))).shape == (2, 2)
    )
    x = fb.ones(2)
    shared = fb.Tensor(x)
    shared.add_(1)
    assert x.tolist() == [2, 2] and x._version == shared._version == 1
    for bad in (
        (2.5,),
        ("a",),
        (None,),
        ({},),
        (True,),
        (2, "a"),
        (2, None),
        (2, 1.5),
        ([1], 2),
        (object(),),
    ):
        with pytest.raises(TypeError):
            fb.Tensor(*bad)
    with pytest.raises(RuntimeError, match="negative"):
        fb.Tensor(-2)


# ---- faces: an op gives its result the class that its inputs ask for


class Low(fb.Tensor):
    pass


class High(fb.Tensor):
    _face_rank = 1


class Hidden(fb.Tensor):
    _face = fb.Tensor


class LowChild(Low):
    pass


def face(cls, *values):
    return cls(list(values) or [1.0, 2.0, 3.0])


def test_plain_tensors_and_parameters_give_plain_tensors():
    p, x = nn.Parameter(fb.ones(3)), fb.ones(3)
    for t in (
        p + 1,
        1 + p,
        p + x,
        x + p,
        p * p,
        -p,
        p.exp(),
        p[0],
        p[1:],
        p.view(3),
        p.sum(),
        p.detach(),
        p.data,
        fb.cat([p, p]),
        p.clone(),
        p.reshape(3, 1),
        p.t(),
        p.to(fb.float64),
        p > 0,
        p.argmax(),
        p.unbind(0)[0],
        fb.zeros_like(p),
        p.new_zeros(2),
        p @ p,
    ):
        assert type(t) is fb.Tensor
    p.sum().backward()
    assert type(p.grad) is fb.Tensor
    assert type(Hidden([1.0]) + 1) is fb.Tensor and type(fb.ones(1) + Hidden([1.0])) is fb.Tensor


def test_a_subclass_among_the_inputs_gives_the_subclass():
    s, x, p = face(Low), fb.ones(3), nn.Parameter(fb.ones(3))
    single = [
        s + 1,
        1 + s,
        s + x,
        x + s,
        s + p,
        p + s,
        -s,
        abs(s),
        s.exp(),
        s[0],
        s[1:],
        s[..., None],
        s[fb.tensor([0, 2])],
        s[s > 1],
        s.view(3, 1),
        s.reshape(1, 3),
        s.t(),
        s.unsqueeze(0),
        s.sum(),
        s.mean(0),
        s.detach(),
        s.data,
        s.clone(),
        s.to(fb.float64),
        s.long(),
        s > 0,
        s == x,
        s.argmax(),
        fb.cat([x, s]),
        fb.stack([s, x]),
        fb.where(x > 0, s, x),
        fb.where(x > 0, x, s),
        s @ x,
        x @ s,
        s.softmax(0),
        s.expand(2, 3),
        s.cumsum(0),
        s.flip(0),
        fb.maximum(x, s),
        s.clamp(0, 1),
        s.masked_fill(x > 0, 0.0),
        s * np.ones(3),
    ]
    assert [type(t) for t in single] == [Low] * len(single)
    for several in (s.unbind(0), s.split(1), s.chunk(2), s.max(0), s.sort(), s.topk(2)):
        assert [type(t) for t in several] == [Low] * len(several)
    assert [type(t) for t in s] == [Low] * 3


def test_in_place_and_out_keep_the_class_of_what_is_written():
    s, x = face(Low), fb.ones(3)
    address = id(s)
    s += x
    assert id(s) == address and type(s) is Low and type(s.mul_(x)) is Low and s.add_(1) is s
    assert type(x.add_(s)) is fb.Tensor
    x += s
    assert type(x) is fb.Tensor
    out = fb.empty(3)
    assert fb.exp(s, out=out) is out and type(out) is fb.Tensor
    x[0] = s[0]
    assert type(x) is fb.Tensor and type(s.requires_grad_()) is Low


def test_rank_decides_between_classes():
    low, high, child = face(Low), face(High), face(LowChild)
    for t in (
        low + high,
        high + low,
        fb.cat([low, high]),
        fb.stack([high, low]),
        fb.where(low > 0, low, high),
        low @ high,
    ):
        assert type(t) is High
    for t in (low + child, child + low, fb.cat([low, child])):
        assert type(t) is LowChild
    for t in (child + high, high * child):
        assert type(t) is High


def test_gradients_have_the_class_of_their_tensor():
    x, s = fb.ones(3, requires_grad=True), face(Low).requires_grad_()
    y = (x * s).sum()
    assert type(y) is Low
    y.backward()
    assert x.grad.tolist() == [1, 2, 3] and s.grad.tolist() == [1, 1, 1]
    (g,) = fb.autograd.grad((s * s).sum(), s, create_graph=True)
    assert g.tolist() == [2, 4, 6] and isinstance(g, fb.Tensor)


def test_subclass_with_its_own_constructor():
    class Named(fb.Tensor):
        def __init__(self, values, name):
            super().__init__(values)
            self.name = name

    n = Named([1.0, 2.0], "n")
    assert (
        n.name == "n" and type(n * 2) is Named and not hasattr(n * 2, "name") and (n * 2).tolist() == [2, 4]
    )
    assert type(fb.Tensor._make_subclass(Low, fb.ones(2), True)) is Low


# ---- version counters


def test_versions_are_shared_by_views_detached_and_copied_tensors():
    x = fb.zeros(2, 3)
    sharing = [
        x[0],
        x.view(6),
        x.t(),
        x.detach(),
        x.expand(1, 2, 3),
        x.unbind(0)[1],
        x.split(1)[0],
        x.unsqueeze(0),
        copy.copy(x),
        fb.Tensor(x),
        x.reshape(3, 2),
        x.narrow(0, 0, 1),
        x.as_strided((2,), (1,)),
        x.detach()[0].view(3),
        nn.Parameter(x),
    ]
    for count, t in enumerate(sharing, 1):
        before = x._version
        with fb.no_grad():
            plain = t.detach() if t.requires_grad else t
            (plain.narrow(0, 0, 1) if t.ndim < 3 else t.squeeze(0)).add_(1)
        assert x._version == before + 1 == count
        assert all(s._version == x._version for s in sharing)


def test_versions_of_separate_memory():
    x = fb.zeros(3)
    alone = [x.data, x.clone(), x + 0, fb.from_numpy(x.numpy()), x.contiguous().clone(), copy.deepcopy(x)]
    x.add_(1)
    assert x._version == 1 and [t._version for t in alone] == [0] * len(alone)
    x.data.add_(1)
    assert x._version == 1 and x.tolist() == [2, 2, 2]
    assert x.contiguous() is x and x.to(fb.float32) is x and x.requires_grad_() is x


def test_what_advances_the_version():
    x = fb.zeros(3)
    for count, change in enumerate(
        [
            lambda: x.add_(1),
            lambda: x.copy_(fb.ones(3)),
            lambda: x.zero_(),
            lambda: x.fill_(2),
            lambda: x.__setitem__(0, 5.0),
            lambda: x.__setitem__(fb.tensor([0]), 1.0),
            lambda: x.__setitem__(x > 1, 0.0),
            lambda: fb.exp(fb.ones(3), out=x),
            lambda: x.__iadd__(1),
            lambda: x.__imul__(fb.ones(3)),
            lambda: x.sqrt_(),
            lambda: x.uniform_(),
            lambda: x.masked_fill_(x > 0, 1.0),
            lambda: x.index_fill_(0, fb.tensor([0]), 3.0),
        ],
        1,
    ):
        change()
        assert x._version == count
    for failing in (
        lambda: x.add_(fb.ones(4)),
        lambda: x.copy_(fb.ones(4)),
        lambda: x.add_(1j),
        lambda: x.__setitem__(5, 1.0),
        lambda: x.fill_("a"),
        lambda: x.__setitem__(0, fb.ones(2)),
        lambda: fb.exp(fb.ones(3, requires_grad=True), out=x),
    ):
        before = x.tolist(), x._version
        with pytest.raises((RuntimeError, IndexError, TypeError)):
            failing()
        assert (x.tolist(), x._version) == before


def test_leaves_change_in_place_under_no_grad_only():
    leaf = fb.ones(3, requires_grad=True)
    for change in (
        lambda: leaf.add_(1),
        lambda: leaf.zero_(),
        lambda: leaf.__setitem__(0, 1.0),
        lambda: leaf[0].mul_(2),
        lambda: leaf.copy_(fb.ones(3)),
        lambda: leaf.view(3).add_(1),
        lambda: leaf.__iadd__(1),
        lambda: leaf.__setitem__(leaf > 0, 1.0),
    ):
        with pytest.raises(
            RuntimeError, match="leaf Variable that requires grad is being used in an in-place operation"
        ):
            change()
        assert leaf.tolist() == [1, 1, 1] and leaf._version == 0
    with fb.no_grad():
        leaf.add_(1)
        leaf[0] = 9
        leaf[1:].mul_(2)
    assert leaf.tolist() == [9, 4, 4] and leaf.is_leaf and leaf.requires_grad and leaf._version == 3


def test_assigning_data():
    x = fb.ones(2, requires_grad=True)
    x.data = fb.tensor([3.0, 4.0])
    assert x.tolist() == [3, 4] and x.requires_grad and x.is_leaf
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]
    for bad in (None, [1, 2], 3, np.ones(2)):
        with pytest.raises(TypeError, match="data has to be a tensor"):
            x.data = bad
    for bad, error in (
        ([1, 1], TypeError),
        (fb.ones(3), RuntimeError),
        (fb.ones(2).double(), RuntimeError),
        (x, RuntimeError),
    ):
        with pytest.raises(error, match="grad"):
            x.grad = bad
    assert x.grad.tolist() == [2, 2]
    del x.grad
    assert x.grad is None


def test_what_was_removed_says_what_took_its_place():
    x = fb.ones(2)
    with pytest.warns(UserWarning, match=r"volatile was removed and now has no effect.*no_grad\(\)"):
        x.volatile = True
    with pytest.warns(UserWarning, match="volatile was removed"):
        assert x.volatile is False
    with pytest.raises(RuntimeError, match=r"reinforce\(\) was removed: .* log_prob"):
        x.reinforce(1.0)
