"""autocast itself: what is on where, casts of weights, gradients, Functions, checkpoints."""

import threading

import pytest

import flambeau as fb
from flambeau import amp, nn
from flambeau.utils.checkpoint import checkpoint

A = fb.eye(2)


def product_dtype():
    return (A @ A).dtype


def test_contexts_nest():
    assert product_dtype() is fb.float32
    with fb.autocast("cpu"):
        assert product_dtype() is fb.bfloat16
        with fb.autocast("cpu", dtype=fb.float16):
            assert product_dtype() is fb.float16
            with fb.autocast("cpu"):  # the dtype of the surrounding one
                assert product_dtype() is fb.float16
            with fb.autocast("cpu", enabled=False):
                assert product_dtype() is fb.float32 and not fb.is_autocast_enabled("cpu")
            assert product_dtype() is fb.float16
        assert product_dtype() is fb.bfloat16
    assert product_dtype() is fb.float32 and fb.get_autocast_dtype("cpu") is fb.bfloat16


def test_one_context_can_be_entered_twice():
    context = fb.autocast("cpu")
    with context:
        with context:
            assert product_dtype() is fb.bfloat16
        assert product_dtype() is fb.bfloat16
    assert product_dtype() is fb.float32


def test_an_error_ends_it():
    with pytest.raises(KeyError), fb.autocast("cpu"):
        raise KeyError
    assert product_dtype() is fb.float32


def test_an_error_within_a_function_that_casts_does_not():
    with fb.autocast("cpu"):
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            A @ fb.ones(3, 3)
        assert product_dtype() is fb.bfloat16


def test_as_a_decorator():
    @fb.autocast("cpu", dtype=fb.float16)
    def square(x):
        """Squares."""
        return x @ x

    assert square(A).dtype is fb.float16 and square.__doc__ == "Squares." and product_dtype() is fb.float32


def test_each_thread_has_its_own():
    seen = []

    def other():
        seen.append((fb.is_autocast_enabled("cpu"), product_dtype()))
        with fb.autocast("cpu", dtype=fb.float16):
            seen.append(product_dtype())

    with fb.autocast("cpu"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert product_dtype() is fb.bfloat16
    assert seen == [(False, fb.float32), fb.float16]


def test_the_state():
    with fb.autocast("cpu", cache_enabled=False):
        assert fb.is_autocast_enabled("cpu") and not fb.is_autocast_enabled() and not fb.is_autocast_cache_enabled()
    assert fb.is_autocast_cache_enabled()
    fb.set_autocast_enabled("cpu", True)
    fb.set_autocast_dtype("cpu", fb.float16)
    try:
        assert product_dtype() is fb.float16
    finally:
        fb.set_autocast_enabled("cpu", False)
        fb.set_autocast_dtype("cpu", fb.bfloat16)
    assert product_dtype() is fb.float32
    assert fb.autocast_increment_nesting() == 1 and fb.autocast_decrement_nesting() == 0
    with pytest.raises(RuntimeError, match="device type at start of device string: foo"):
        fb.is_autocast_enabled("foo")


def test_older_names():
    with pytest.warns(DeprecationWarning, match=r"torch.set_autocast_cpu_enabled\(enabled\) is deprecated"):
        fb.set_autocast_cpu_enabled(True)
    with pytest.warns(DeprecationWarning, match=r"use torch.is_autocast_enabled\('cpu'\) instead"):
        assert fb.is_autocast_cpu_enabled()
    fb.set_autocast_enabled("cpu", False)
    with pytest.warns(DeprecationWarning, match=r"use torch.get_autocast_dtype\('cpu'\)"):
        assert fb.get_autocast_cpu_dtype() is fb.bfloat16
    with pytest.warns(DeprecationWarning, match=r"use torch.get_autocast_dtype\('cuda'\)"):
        assert fb.get_autocast_gpu_dtype() is fb.float16


def test_names_of_the_cpu():
    with pytest.warns(FutureWarning, match=r"Please use `torch.amp.autocast\('cpu', args...\)` instead"):
        context = fb.cpu.amp.autocast()
    with context:
        assert product_dtype() is fb.bfloat16
    with pytest.warns(FutureWarning, match=r"Please use `torch.amp.GradScaler\('cpu', args...\)` instead"):
        assert fb.cpu.amp.GradScaler().is_enabled()
    assert fb.cpu.is_available() and fb.cpu.device_count() == 1 and fb.cpu.current_device() == "cpu"
    with fb.cpu.stream(fb.cpu.Stream()):
        fb.cpu.synchronize()


# ---- gradients and casts of weights


def test_gradients_are_those_of_the_parameters():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = fb.rand(5, 3)
    with fb.autocast("cpu"):
        out = model(x)
        loss = nn.functional.mse_loss(out, fb.zeros(5, 2))
    assert out.dtype is fb.bfloat16 and loss.dtype is fb.float32
    loss.backward()
    got = [p.grad.clone() for p in model.parameters()]
    assert all(g.dtype is fb.float32 for g in got)
    model.zero_grad()
    nn.functional.mse_loss(model(x), fb.zeros(5, 2)).backward()
    for g, p in zip(got, model.parameters(), strict=True):
        fb.testing.assert_close(g, p.grad, rtol=0.05, atol=0.02)


def cast_of(product):
    """The node that cast the first factor."""
    return product.grad_fn.next_functions[0][0]


def test_a_weight_is_cast_once():
    w = nn.Parameter(fb.rand(2, 2))
    with fb.autocast("cpu"):
        with fb.autocast("cpu"):
            first = w @ A
        assert cast_of(w @ A) is cast_of(first)
        fb.clear_autocast_cache()
        assert cast_of(w @ A) is not cast_of(first)
        activation = w * 1
        assert cast_of(activation @ A) is not cast_of(activation @ A)
    with fb.autocast("cpu"):
        assert cast_of(w @ A) is not cast_of(first)
    with fb.autocast("cpu", cache_enabled=False):
        assert cast_of(w @ A) is not cast_of(w @ A)


def test_a_changed_weight_is_cast_again():
    w = nn.Parameter(fb.ones(2, 2))
    with fb.autocast("cpu"):
        before = w @ A
        with fb.no_grad():
            w.add_(1)
        assert before.tolist() == [[1, 1], [1, 1]] and (w @ A).tolist() == [[2, 2], [2, 2]]


def test_a_cast_without_gradient_is_not_taken_for_one_with():
    w = nn.Parameter(fb.ones(2, 2))
    with fb.autocast("cpu"):
        with fb.no_grad():
            assert not (w @ A).requires_grad
        assert (w @ A).requires_grad


def test_second_derivatives():
    w = fb.rand(3, 3, requires_grad=True)
    with fb.autocast("cpu"):
        y = (w @ w).float().pow(2).sum()
    (g,) = fb.autograd.grad(y, w, create_graph=True)
    (h,) = fb.autograd.grad(g.sum(), w)
    assert g.dtype is h.dtype is fb.float32 and h.abs().sum() > 0


def test_transformations():
    x, w = fb.rand(4, 3), fb.rand(3, 2)
    with fb.autocast("cpu"):
        rows = fb.vmap(lambda row: row @ w)(x)
        gradient = fb.func.grad(lambda w: nn.functional.mse_loss(x @ w, fb.zeros(4, 2)))(w)
    assert rows.dtype is fb.bfloat16 and rows.shape == (4, 2) and gradient.dtype is fb.float32


def test_with_the_profiler():
    with fb.profiler.profile() as watched, fb.autocast("cpu"):
        assert product_dtype() is fb.bfloat16
        fb.mm(A, A)
    assert any("mm" in event.key for event in watched.key_averages())
    assert product_dtype() is fb.float32


# ---- Functions and checkpoints


def recording(log, **options):
    class Double(fb.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cpu", **options)
        def forward(ctx, x, others=()):
            log.append((fb.is_autocast_enabled("cpu"), x.dtype, *[t.dtype for t in others]))
            return x * 2

        @staticmethod
        @amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            log.append((fb.is_autocast_enabled("cpu"), product_dtype()))
            return grad * 2, None

    return Double


def test_backward_of_a_function_runs_as_its_forward_did():
    log = []
    x = fb.ones(2, requires_grad=True)
    with fb.autocast("cpu", dtype=fb.float16):
        y = recording(log).apply(x)
    y.sum().backward()
    assert log == [(True, fb.float32), (True, fb.float16)]
    log.clear()
    y = recording(log).apply(x)
    with fb.autocast("cpu"):
        y.sum().backward()
    assert log == [(False, fb.float32), (False, fb.float32)]


def test_a_function_that_wants_its_inputs_cast():
    log = []
    x = fb.ones(2, dtype=fb.bfloat16, requires_grad=True)
    double = recording(log, cast_inputs=fb.float32)
    with fb.autocast("cpu"):
        y = double.apply(x, [x, x.double()])
    y.sum().backward()
    assert y.dtype is fb.float32 and x.grad.dtype is fb.bfloat16
    assert log == [(False, fb.float32, fb.float32, fb.float64), (False, fb.float32)]
    double.apply(x, [x])
    assert log[-1] == (False, fb.bfloat16, fb.bfloat16)
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        amp.custom_fwd(len, device_type=3)


def test_a_function_with_setup_context():
    class Double(fb.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cpu", cast_inputs=fb.float32)
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        @amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            return grad * 2

    x = fb.ones(2, dtype=fb.bfloat16, requires_grad=True)
    with fb.autocast("cpu"):
        y = Double.apply(x)
    y.sum().backward()
    assert y.dtype is fb.float32 and x.grad.tolist() == [2, 2]


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_checkpoint_computes_again_in_the_same_dtypes(use_reentrant):
    seen = []
    w = fb.rand(3, 3, requires_grad=True)

    def part(x):
        y = x @ w
        seen.append((y.dtype, fb.is_autocast_enabled("cpu")))
        return y.exp()

    x = fb.rand(2, 3, requires_grad=True)
    with fb.autocast("cpu", dtype=fb.float16):
        y = checkpoint(part, x, use_reentrant=use_reentrant)
    y.float().sum().backward()
    assert seen == [(fb.float16, True)] * 2
    got = w.grad.clone()
    w.grad = None
    with fb.autocast("cpu", dtype=fb.float16):
        y = part(x)
    y.float().sum().backward()
    assert fb.equal(got, w.grad)
