"""The keyword arguments layout, memory_format, dtype and device of factories: what they make, and wrong values."""

import pytest

import flambeau as fb

X = fb.ones(2, 3)
COO = X.to_sparse()
FACTORIES = {
    "empty": lambda **k: fb.empty(2, 3, **k), "zeros": lambda **k: fb.zeros(2, 3, **k),
    "ones": lambda **k: fb.ones(2, 3, **k), "full": lambda **k: fb.full((2, 3), 1.0, **k),
    "rand": lambda **k: fb.rand(2, 3, **k), "randn": lambda **k: fb.randn(2, 3, **k),
    "randint": lambda **k: fb.randint(3, (2, 3), **k), "randperm": lambda **k: fb.randperm(3, **k),
    "arange": lambda **k: fb.arange(3, **k), "eye": lambda **k: fb.eye(3, **k),
    "linspace": lambda **k: fb.linspace(0, 1, 3, **k), "logspace": lambda **k: fb.logspace(0, 1, 3, **k),
    "empty_like": lambda **k: fb.empty_like(X, **k), "zeros_like": lambda **k: fb.zeros_like(X, **k),
    "ones_like": lambda **k: fb.ones_like(X, **k), "full_like": lambda **k: fb.full_like(X, 2, **k),
    "rand_like": lambda **k: fb.rand_like(X, **k), "randn_like": lambda **k: fb.randn_like(X, **k),
    "randint_like": lambda **k: fb.randint_like(X, 3, **k), "new_zeros": lambda **k: X.new_zeros(2, 3, **k),
    "new_empty": lambda **k: X.new_empty((2, 3), **k), "new_ones": lambda **k: X.new_ones(2, 3, **k),
    "new_full": lambda **k: X.new_full((2, 3), 1, **k), "new_tensor": lambda **k: X.new_tensor([1.0], **k),
    "empty_strided": lambda **k: fb.empty_strided((2,), (1,), **k),
    "scalar_tensor": lambda **k: fb.scalar_tensor(1, **k),
    "empty_permuted": lambda **k: fb.empty_permuted((2, 3), (1, 0), **k),
    "tril_indices": lambda **k: fb.tril_indices(3, 3, **k), "normal": lambda **k: fb.normal(0.0, 1.0, (2,), **k),
    "fft_fftfreq": lambda **k: fb.fft.fftfreq(3, **k),
}  # fmt: skip
EMPTY = (
    "empty",
    "zeros",
    "empty_like",
    "zeros_like",
    "new_empty",
    "new_zeros",
)  # what sparse tensors can be made of
SPARSE = (fb.sparse_coo, fb.sparse_csr, fb.sparse_csc)


@pytest.mark.parametrize("name", FACTORIES)
def test_strided_is_the_default(name):
    made = FACTORIES[name](layout=fb.strided)
    assert made.layout is fb.strided and made.shape == FACTORIES[name]().shape


@pytest.mark.parametrize("layout", SPARSE)
@pytest.mark.parametrize("name", EMPTY)
def test_sparse_layouts(name, layout):
    made = FACTORIES[name](layout=layout, dtype=fb.float64)
    assert made.layout is layout and made.shape == (2, 3) and made.dtype is fb.float64
    assert made._nnz() == 0 and fb.equal(made.to_dense(), fb.zeros(2, 3, dtype=fb.float64))


@pytest.mark.parametrize("name", [n for n in FACTORIES if n not in EMPTY])
def test_other_values_are_dense(name):
    with pytest.raises(
        NotImplementedError, match=rf"^{name}\(\): not implemented for the layout torch.sparse_coo"
    ):
        FACTORIES[name](layout=fb.sparse_coo)


def test_like_sparse_tensors():
    assert fb.zeros_like(COO).layout is fb.sparse_coo and fb.zeros_like(COO)._nnz() == 0
    assert fb.zeros_like(COO, layout=fb.sparse_csr).layout is fb.sparse_csr
    for make in (fb.zeros_like, fb.ones_like, fb.rand_like):
        assert make(COO, layout=fb.strided).layout is fb.strided
    assert fb.equal(fb.full_like(COO, 2, layout=fb.strided), X * 2)
    assert COO.new_zeros((2, 3), layout=fb.sparse_csc).layout is fb.sparse_csc
    assert COO.new_zeros(2, 3, layout=fb.strided).layout is fb.strided
    with pytest.raises(NotImplementedError, match="ones_like"):
        fb.ones_like(COO)


def test_dense_dimensions_stay_dense():
    hybrid = fb.sparse_coo_tensor([[0, 1]], fb.ones(2, 4), (3, 4))
    assert fb.zeros_like(hybrid).sparse_dim() == 1 and fb.zeros_like(hybrid).dense_dim() == 1


def test_compressed_layouts_are_for_matrices():
    assert fb.zeros(4, layout=fb.sparse_coo).shape == (4,)
    with pytest.raises(
        RuntimeError, match=r"zeros\(\): the layout torch.sparse_csr is for matrices .* size \[4\]"
    ):
        fb.zeros(4, layout=fb.sparse_csr)


# ---- wrong values

WRONG = {
    "layout": [3, "strided", fb.float32, fb.channels_last],
    "dtype": [3, "x", fb.strided, [], {1: 2}],
    "device": [1.5, [], True, fb.float32],
}


@pytest.mark.parametrize("argument", WRONG)
@pytest.mark.parametrize("name", FACTORIES)
def test_wrong_options(name, argument):
    for value in WRONG[argument]:
        with pytest.raises(TypeError) as raised:
            FACTORIES[name](**{argument: value})
        wanted = f"{name}(): argument '{argument}' must be torch.{argument}, not {type(value).__name__}"
        assert str(raised.value) == wanted


@pytest.mark.parametrize(
    "name, call",
    [("empty", lambda f: fb.empty(2, memory_format=f)), ("empty_like", lambda f: fb.empty_like(X, memory_format=f)),
     ("rand_like", lambda f: fb.rand_like(X, memory_format=f)), ("clone", lambda f: X.clone(memory_format=f)),
     ("to", lambda f: X.to(memory_format=f)), ("contiguous", lambda f: X.contiguous(memory_format=f)),
     ("double", lambda f: X.double(memory_format=f)), ("is_contiguous", lambda f: X.is_contiguous(memory_format=f))],
)  # fmt: skip
@pytest.mark.parametrize("value", [3, "x", fb.strided])
def test_wrong_memory_format(name, call, value):
    with pytest.raises(
        TypeError, match=rf"^{name}\(\): argument 'memory_format' must be torch.memory_format, not "
    ):
        call(value)


@pytest.mark.parametrize("call", [fb.tensor, fb.as_tensor, fb.asarray])
@pytest.mark.parametrize("option", [dict(dtype=3), dict(device=1.5)])
def test_wrong_options_of_data(call, option):
    with pytest.raises(
        TypeError, match=rf"^{call.__name__}\(\): argument '{next(iter(option))}' must be torch"
    ):
        call([1.0], **option)


def test_wrong_options_of_to():
    with pytest.raises(TypeError, match=r"^to\(\): argument 'dtype' must be torch.dtype, not int"):
        X.to(dtype=3)
    with pytest.raises(TypeError, match=r"^to\(\): argument 'device' must be torch.device, not list"):
        X.to(device=[])
