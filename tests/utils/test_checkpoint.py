"""utils.checkpoint: the same values and gradients, less memory, the random state kept, clear errors."""

import contextlib
import warnings
import weakref

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.utils import checkpoint as module
from flambeau.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential

BOTH = pytest.mark.parametrize("reentrant", [True, False])


def layers():
    fb.manual_seed(0)
    return nn.Sequential(*[nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Dropout(0.4)) for _ in range(4)])


def run(model, call):
    """Loss and gradients of the model called through `call`, from one random state."""
    model.zero_grad()
    fb.manual_seed(1)
    x = fb.randn(3, 6, requires_grad=True)
    loss = call(model, x).pow(2).sum()
    loss.backward()
    return [loss.item(), x.grad.tolist(), *[p.grad.tolist() for p in model.parameters()]]


@BOTH
def test_the_same_gradients_and_the_same_dropout(reentrant):
    model = layers()

    def by_parts(model, x):
        for layer in model:
            x = checkpoint(layer, x, use_reentrant=reentrant)
        return x

    expected = run(model, lambda model, x: model(x))
    assert run(model, by_parts) == expected
    for segments in (1, 2, 3, 4):
        parts = lambda model, x, n=segments: checkpoint_sequential(model, n, x, use_reentrant=reentrant)  # noqa: E731
        assert run(model, parts) == expected


def test_without_the_random_state_dropout_differs():
    x = fb.ones(200, requires_grad=True)
    y = checkpoint(lambda t: nn.functional.dropout(t) * 1, x, use_reentrant=False, preserve_rng_state=False)
    y.sum().backward()
    assert not (x.grad == y).all()


@BOTH
def test_the_random_state_after_backward_is_as_if_nothing_ran_again(reentrant):
    def program(call):
        fb.manual_seed(3)
        x = fb.ones(5, requires_grad=True)
        call(lambda t: nn.functional.dropout(t).exp(), x).sum().backward()
        return fb.rand(4).tolist()

    direct = program(lambda f, x: f(x))
    assert program(lambda f, x: checkpoint(f, x, use_reentrant=reentrant)) == direct


class Kept:
    """Counts the bytes that operations save outside checkpoints."""

    def __init__(self):
        self.sizes = []

    def __enter__(self):
        def pack(t):
            self.sizes.append(t.nbytes)
            return t

        self.hooks = fb.autograd.graph.saved_tensors_hooks(pack, lambda t: t)
        self.hooks.__enter__()
        return self

    def __exit__(self, *exception):
        self.hooks.__exit__(*exception)


def test_less_is_kept():
    def layer(x):
        for _ in range(10):
            x = x.sin().exp()
        return x

    x = fb.ones(1000, requires_grad=True)
    with Kept() as direct:
        layer(x)
    with Kept() as reduced:
        checkpoint(layer, x, use_reentrant=False)
    assert len(direct.sizes) == 20 and sum(reduced.sizes) == x.nbytes


def test_nested():
    calls = []

    def inner(x):
        calls.append("inner")
        return x.sin().exp()

    def outer(x):
        calls.append("outer")
        return checkpoint(inner, x * 2, use_reentrant=False) * x

    x = fb.tensor([0.3, 0.5], requires_grad=True)
    (expected,) = fb.autograd.grad((inner(x * 2) * x).sum(), x)
    calls.clear()
    with Kept() as kept:
        y = checkpoint(outer, x, use_reentrant=False)
    assert sum(kept.sizes) == x.nbytes  # of the inner checkpoint nothing is kept
    (grad,) = fb.autograd.grad(y.sum(), x)
    assert grad.tolist() == expected.tolist()
    assert calls.count("outer") == 2 and 2 <= calls.count("inner") <= 3


def test_three_deep_and_retain_graph():
    def wrap(f):
        return lambda x: checkpoint(f, x, use_reentrant=False)

    def f(x):
        return x.exp().sin()

    x = fb.tensor([0.1, 0.2], requires_grad=True)
    y = wrap(lambda x: wrap(lambda x: wrap(f)(x * 2) * x)(x.cos()) + x)(x)
    z = (f(x.cos() * 2) * x.cos() + x).sum()
    (expected,) = fb.autograd.grad(z, x)
    for _ in range(3):
        (grad,) = fb.autograd.grad(y.sum(), x, retain_graph=True)
        assert fb.allclose(grad, expected)


def test_double_backward():
    def f(x):
        return (x.sin() * x).exp()

    x = fb.rand(4, dtype=fb.float64, requires_grad=True)
    wrapped = lambda x: checkpoint(f, x, use_reentrant=False)  # noqa: E731
    assert fb.autograd.gradcheck(wrapped, x) and fb.autograd.gradgradcheck(wrapped, x)


def test_structures_keywords_and_contexts():
    entered = []

    @contextlib.contextmanager
    def noted(which):
        entered.append(which)
        yield

    def f(pair, *, scale, other=None):
        return {"sum": (pair[0] * pair[1] * scale).exp(), "other": other}

    a, b, s = (fb.tensor([v], requires_grad=True) for v in (0.5, 2.0, 3.0))
    out = checkpoint(
        f, [a, b], scale=s, other="x", use_reentrant=False, context_fn=lambda: (noted(1), noted(2))
    )
    out["sum"].backward()
    assert out["other"] == "x" and entered == [1, 2]
    assert s.grad.item() == pytest.approx(20.0855 * 1, rel=1e-4)


def test_under_no_grad_nothing_is_recorded():
    with fb.no_grad():
        assert not checkpoint(fb.sin, fb.ones(2, requires_grad=True), use_reentrant=False).requires_grad


def test_early_stop():
    reached = []

    def f(x):
        y = x.sin()
        reached.append("last saved")
        z = y + 1
        reached.append("end")
        return z

    x = fb.ones(2, requires_grad=True)
    for stop, ends in ((True, 1), (False, 2)):
        reached.clear()
        checkpoint(f, x, use_reentrant=False, early_stop=stop).sum().backward()
        assert reached.count("end") == ends
    with module.set_checkpoint_early_stop(False):
        reached.clear()
        y = checkpoint(f, x, use_reentrant=False)
    y.sum().backward()
    assert reached.count("end") == 2


def changing(first, second):
    runs = []

    def f(x):
        runs.append(1)
        return (first if len(runs) == 1 else second)(x)

    return f


def test_a_different_second_run_is_an_error():
    x = fb.ones(3, requires_grad=True)
    fewer = checkpoint(changing(lambda t: t.sin().exp(), lambda t: t.sin()), x, use_reentrant=False)
    with pytest.raises(
        CheckpointError, match="(?s)A different number of tensors was saved.*forward: 2.*recomputation: 1"
    ):
        fewer.sum().backward()
    other = changing(lambda t: t.sin().exp(), lambda t: t[:2].sin().exp())
    with pytest.raises(CheckpointError, match="(?s)position 0.*saved metadata.*3.*recomputed metadata.*2"):
        checkpoint(other, x, use_reentrant=False, early_stop=False).sum().backward()
    other = changing(lambda t: t.sin().exp(), lambda t: t.sin())
    with pytest.raises(CheckpointError, match="(?s)Saved during forward:.*test_checkpoint.py"):
        checkpoint(other, x, use_reentrant=False, debug=True).sum().backward()
    other = changing(lambda t: t.sin().exp(), lambda t: t.sin().exp().double())
    checkpoint(other, x, use_reentrant=False, determinism_check="none").sum().backward()


def test_inputs_changed_in_place_are_noticed():
    x = fb.ones(3, requires_grad=True) * 1
    y = checkpoint(fb.sin, x, use_reentrant=False)
    x.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_errors_of_arguments():
    x = fb.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(fb.sin, x)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint_sequential([fb.sin, fb.cos], 2, x)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: foo"):
        checkpoint(fb.sin, x, use_reentrant=True, foo=1)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(fb.sin, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(fb.sin, x, use_reentrant=False, determinism_check="strict")


def test_reentrant_limits():
    x = fb.ones(2, requires_grad=True)
    y = checkpoint(fb.sin, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match=r"incompatible with .grad\(\) or passing an `inputs` parameter"):
        fb.autograd.grad(y.sum(), x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(fb.sin, fb.ones(2), use_reentrant=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoint(fb.sin, fb.ones(2), use_reentrant=False)


def test_checkpoints_leave_no_cycles():
    import gc

    gc.collect()
    gc.disable()
    try:
        x = fb.ones(1000, requires_grad=True)
        y = checkpoint(lambda t: t.sin().exp(), x * 1, use_reentrant=False)
        node = weakref.ref(y.grad_fn)
        y.sum().backward()
        del y
        assert node() is None
    finally:
        gc.enable()
