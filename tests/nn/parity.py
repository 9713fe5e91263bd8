"""Running the same thing in Flambeau and in PyTorch."""

import numpy as np
import pytest

import flambeau as fb


def to_fb(array):
    return fb.from_numpy(np.array(array))


def to_numpy(t):
    return t.detach().numpy()


def assert_close(ours, theirs, rtol=1e-9, atol=1e-11):
    """Equal structure (tensors, tuples, None) and nearly equal numbers."""
    if theirs is None or ours is None:
        assert ours is None and theirs is None
    elif isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b, rtol, atol)
    else:
        a, b = to_numpy(ours), to_numpy(theirs)
        assert a.shape == b.shape
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def run(lib, fn, arrays, seed=3):
    """(outputs, gradients of the floating inputs) of fn(*tensors), with fixed random weights on the outputs."""
    lib.manual_seed(seed)
    inputs = []
    for array in arrays:
        t = lib.from_numpy(np.array(array))
        if t.is_floating_point():
            t.requires_grad_(True)
        inputs.append(t)
    out = fn(*inputs)
    outs = [o for o in (out if isinstance(out, (tuple, list)) else [out]) if o.is_floating_point()]
    total = 0
    for o in outs:
        weights = np.random.default_rng(7).uniform(0.5, 1.5, tuple(o.shape))
        total = total + (o * lib.from_numpy(np.asarray(weights))).sum()
    total.backward()
    return out, [t.grad for t in inputs if t.is_floating_point()]


def raised(fn):
    """(type, text) of the exception that fn() raises."""
    with pytest.raises(Exception) as info:
        fn()
    return type(info.value), str(info.value)


def state_for(lib, state_dict):
    """A state dictionary of either library as one of `lib`, metadata included."""
    state = type(state_dict)((k, lib.from_numpy(to_numpy(v).copy())) for k, v in state_dict.items())
    state._metadata = state_dict._metadata
    return state


def assert_same_state(ours, theirs, **tolerance):
    """The same names in the same order with nearly equal tensors, and the same metadata."""
    assert list(ours) == list(theirs)
    assert ours._metadata == theirs._metadata
    for name, value in theirs.items():
        assert_close(ours[name], value, **tolerance)


@pytest.fixture
def one_thread():
    """For both libraries, whose threads wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    before = [lib.get_num_threads() for lib in (fb, torch)]
    for lib in (fb, torch):
        lib.set_num_threads(1)
    yield
    for lib, threads in zip((fb, torch), before, strict=True):
        lib.set_num_threads(threads)
