"""arange, range, linspace, logspace, eye, randperm, and sizes with zeros: numbers and refusals of 0.3."""

import numpy as np
import pytest

import flambeau.v03 as torch


@pytest.mark.parametrize("arguments,wanted", [
    ((5,), [0, 1, 2, 3, 4]), ((1, 4), [1, 2, 3]), ((1, 2.5, 0.5), [1, 1.5, 2]), ((5, 0, -2), [5, 3, 1]),
    ((0, 1, 0.5), [0, 0.5]), ((2, 0, -1), [2, 1]),
])  # fmt: skip
def test_arange(arguments, wanted):
    assert torch.arange(*arguments).tolist() == wanted
    out = torch.DoubleTensor()
    assert torch.arange(*arguments, out=out) is out and out.tolist() == wanted


def test_arange_goes_by_the_rounded_quotient():
    """fmod(end - start, step) was asked whether the end belongs to it, and the count rounded down."""
    assert torch.arange(0, 1, 0.2).size() == (6,) and torch.arange(0, 1, 0.2)[5] == 1
    assert torch.arange(0.1, 0.5, 0.05).size() == (7,)


def test_elements_are_computed_in_double_precision():
    wanted = (0.1 + np.arange(1000) * 0.3).astype(np.float32)
    with pytest.warns(UserWarning, match="deprecated"):
        got = torch.range(0.1, 299.9, 0.3)
    assert got.tolist() == wanted.tolist()


@pytest.mark.parametrize("arguments", [(0,), (1, 1), (0, 10, -1), (0, 1, 0)])
def test_refused_progressions(arguments):
    with pytest.raises(RuntimeError, match="step"):
        torch.arange(*arguments)


def test_equal_distances():
    assert torch.linspace(3, 10, steps=5).tolist() == [3, 4.75, 6.5, 8.25, 10]
    assert torch.linspace(10, -10, 5).tolist() == [10, 5, 0, -5, -10] and torch.linspace(2, 2, 1).tolist() == [2]
    real = np.float32  # start + i * (end - start) / (steps - 1), one operation after the other
    wanted = real(0.1) + np.arange(50, dtype=real) * (real(0.7) - real(0.1)) / real(49)
    assert torch.linspace(0.1, 0.7, 50).tolist() == wanted.tolist()
    np.testing.assert_allclose(torch.logspace(0.1, 1, 5).numpy(), 10 ** np.linspace(0.1, 1, 5), rtol=1e-6)
    for function in (torch.linspace, torch.logspace):
        for steps in (0, 1):
            with pytest.raises(RuntimeError, match="invalid number of points"):
                function(0, 1, steps)


def test_types_of_results():
    assert torch.linspace(0, 9, 4, out=torch.LongTensor()).tolist() == [0, 3, 6, 9]
    torch.set_default_tensor_type("torch.DoubleTensor")
    try:
        for made in (torch.arange(3), torch.linspace(0, 1, 3), torch.logspace(0, 1, 3), torch.eye(2)):
            assert type(made) is torch.DoubleTensor
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")


def test_sizes_end_before_the_first_zero():
    for made in (torch.Tensor(4, 0, 2), torch.zeros(4, 0), torch.rand(4, 0, 3), torch.ones(2).new(4, 0)):
        assert made.size() == (4,)
    assert torch.ones(1, 0, 3).tolist() == [1] and torch.ones(0, 3).dim() == torch.Tensor(torch.Size([0, 2])).dim() == 0
    assert torch.ones(6).resize_(2, 0).size() == (2,) and torch.ones(6).resize_(0, 2).dim() == 0


@pytest.mark.parametrize("function", [torch.eye, torch.randperm])
def test_nothing_of_size_zero(function):
    for n in (0, -1):
        with pytest.raises(RuntimeError, match="must be positive"):
            function(n)
