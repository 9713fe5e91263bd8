"""differentiable=True: gradients go through steps, to parameters, gradients and options that are tensors."""

import pytest

import flambeau as fb

from ..nn.parity import assert_close

torch = pytest.importorskip("torch")

CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"weight_decay": 0.1, "maximize": True}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "eps": 0.1}),
    ("Rprop", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("ASGD", {"weight_decay": 0.1}),
]
IDS = [f"{n}-{o}" for n, o in CASES]


def _values(lib, n=3, dtype="float64"):
    grid = lib.arange(1, n + 1, dtype=lib.float64)
    p, g = (grid * 0.3).sin(), (grid * 0.7).cos()
    return [v.to(getattr(lib, dtype)).requires_grad_() for v in (p, g)]


def _after(lib, name, options, start, grad, steps, **more):
    p = start.clone()
    if p.requires_grad:
        p.retain_grad()
    optimizer = getattr(lib.optim, name)([p], differentiable=True, **{"lr": 0.1, **options, **more})
    for step in range(steps):
        p.grad = (grad * (step + 1)).sin()
        optimizer.step()
    return p


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_one_step_has_the_gradients_of_pytorch(name, options):
    results = []
    for lib in (fb, torch):
        start, grad = _values(lib)
        end = _after(lib, name, options, start, grad, 1)
        assert not end.is_leaf
        (end * end).sum().backward()
        results.append((end, start.grad, grad.grad))
    if "momentum" in options and name == "SGD":  # PyTorch's first buffer is a constant
        results = [r[:1] for r in results]
    assert_close(results[0], results[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_several_steps_pass_gradcheck(name, options):
    start, grad = _values(fb)
    assert fb.autograd.gradcheck(lambda s, g: _after(fb, name, options, s, g, 3), (start, grad))


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_the_numbers_are_those_of_the_plain_step(name, options):
    start, grad = _values(fb)
    end = _after(fb, name, options, start, grad, 3)
    p = fb.nn.Parameter(start.detach().clone())
    optimizer = getattr(fb.optim, name)([p], **{"lr": 0.1, **options})
    for step in range(3):
        p.grad = (grad * (step + 1)).sin().detach()
        optimizer.step()
    assert_close(end, p, rtol=1e-10)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RAdam", "Adagrad", "Adadelta", "RMSprop"])
def test_gradient_of_the_rate(name):
    start, grad = (v.detach() for v in _values(fb))
    rate = fb.tensor(0.1, dtype=fb.float64, requires_grad=True)
    assert fb.autograd.gradcheck(lambda lr: _after(fb, name, {}, start, grad, 3, lr=lr), (rate,))


def test_complex_parameters():
    start, grad = _values(fb, dtype="complex128")
    start, grad = (t.detach().mul(1 + 0.5j).requires_grad_() for t in (start, grad))
    assert fb.autograd.gradcheck(lambda s, g: _after(fb, "Adam", {}, s, g, 2), (start, grad))


def test_a_leaf_cannot_change():
    p = fb.nn.Parameter(fb.ones(2))
    p.grad = fb.ones(2)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        fb.optim.Adam([p], differentiable=True).step()


def test_learning_through_an_inner_step():
    """One step of a model's parameters, differentiated to its starting point, as in meta-learning."""
    w = fb.tensor([1.0, -1.0], dtype=fb.float64, requires_grad=True)
    inner = w.clone()
    inner.retain_grad()
    optimizer = fb.optim.SGD([inner], lr=0.1, differentiable=True)
    (g,) = fb.autograd.grad((inner.clone() ** 3).sum(), inner, create_graph=True)
    inner.grad = g
    optimizer.step()
    (outer,) = fb.autograd.grad((inner**2).sum(), w)
    after = w.detach() - 0.3 * w.detach() ** 2
    assert_close(outer, 2 * after * (1 - 0.6 * w.detach()))
