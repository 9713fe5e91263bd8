"""Anomaly mode names the line of forward that failed in backward, and the line that changed a saved tensor."""

import warnings

import pytest

import flambeau as fb
from flambeau.autograd import Function, detect_anomaly, set_detect_anomaly


class Fails(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise ValueError("no gradient today")


def line_of(text, source):
    """Whether a traceback text shows a line of this file."""
    return __file__ in text and source in text


def test_the_line_of_the_failing_call():
    x = fb.ones(2, requires_grad=True)
    with set_detect_anomaly(True):
        y = Fails.apply(x)  # the culprit
        with pytest.warns(UserWarning) as caught, pytest.raises(ValueError, match="no gradient today"):
            y.sum().backward()
    text = str(caught[0].message)
    assert text.startswith("Error detected in FailsBackward. Traceback of forward call")
    assert line_of(text, "y = Fails.apply(x)  # the culprit")


def test_nan():
    x = fb.zeros(2, requires_grad=True)
    with set_detect_anomaly(True):
        y = (x * 0).sqrt() * 0  # 0 * inf
        message = "Function 'SqrtBackward0' returned nan values in its 0th output."
        with pytest.warns(UserWarning) as caught, pytest.raises(RuntimeError, match=message):
            y.sum().backward()
    assert "Error detected in SqrtBackward0" in str(caught[0].message)
    assert line_of(str(caught[0].message), "y = (x * 0).sqrt() * 0")
    with set_detect_anomaly(True, check_nan=False):
        ((x * 0).sqrt() * 0).sum().backward()
    assert x.grad.isnan().all()


def test_the_line_that_modified_a_saved_tensor():
    x = fb.ones(3, requires_grad=True)
    with set_detect_anomaly(True):
        y = x.exp()
        z = y * y
        y.mul_(2)  # too early
        with (
            pytest.warns(UserWarning, match="Error detected in MulBackward0"),
            pytest.raises(RuntimeError) as error,
        ):
            z.sum().backward()
    text = str(error.value)
    assert "modified by an inplace operation: [torch.FloatTensor [3]]" in text
    assert "is at version 1; expected version 0" in text
    assert line_of(text, "y.mul_(2)  # too early")


def test_without_anomaly_mode_the_error_says_how_to_find_it():
    x = fb.ones(3, requires_grad=True)
    y = x.exp()
    z = y.sin()
    y.zero_()
    with pytest.raises(
        RuntimeError, match=r"output 0 of ZeroBackward0.*saved by SinBackward0.*set_detect_anomaly\(True\)"
    ):
        z.sum().backward()


def test_errors_of_second_derivatives_show_both_lines():
    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return Fails.apply(grad)

    x = fb.ones(1, requires_grad=True)
    with set_detect_anomaly(True):
        y = Twice.apply(x)  # outer call
        (g,) = fb.autograd.grad(y * y, x, create_graph=True)
        with pytest.warns(UserWarning) as caught, pytest.raises(ValueError):
            g.backward()
    text = str(caught[0].message)
    assert "induced by TwiceBackward" in text and line_of(text, "y = Twice.apply(x)  # outer call")


def test_the_mode_as_context_and_switch():
    assert not fb.autograd.is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"), detect_anomaly():
        assert fb.autograd.is_anomaly_enabled() and fb.autograd.is_anomaly_check_nan_enabled()
    assert not fb.autograd.is_anomaly_enabled()
    set_detect_anomaly(True, check_nan=False)
    assert fb.autograd.is_anomaly_enabled() and not fb.autograd.is_anomaly_check_nan_enabled()
    set_detect_anomaly(False)
    x = fb.ones(2, requires_grad=True)
    assert "traceback_" not in x.exp().grad_fn.metadata


def test_correct_programs_give_no_warning():
    x = fb.rand(4, requires_grad=True)
    with warnings.catch_warnings(), set_detect_anomaly(True):
        warnings.simplefilter("error")
        y = x * 1
        y.add_(2)
        (y[1:] * x[:3]).exp().sum().backward()
    assert x.grad is not None


def test_the_names_of_the_namespace():
    assert not fb.is_anomaly_enabled()
    fb.set_anomaly_enabled(True, check_nan=False)
    try:
        assert fb.is_anomaly_enabled() and not fb.is_anomaly_check_nan_enabled()
    finally:
        fb.set_anomaly_enabled(False)
    assert not fb.is_anomaly_enabled() and fb.is_anomaly_check_nan_enabled()
