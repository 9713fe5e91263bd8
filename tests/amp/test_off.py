"""autocast and GradScaler switched off, as programs for GPUs have them on a CPU."""

import pytest

import flambeau as fb
from flambeau import amp, nn


def steps(scaler, context):
    """Losses of three steps of a training loop written for mixed precision."""
    fb.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1)
    x = fb.randn(4, 3)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        with context:
            loss = model(x).pow(2).mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return losses


def test_switched_off_nothing_is_changed():
    losses = steps(amp.GradScaler("cuda", enabled=False), fb.autocast("cuda", dtype=fb.float16, enabled=False))
    fb.manual_seed(0)
    model = nn.Linear(3, 1)
    assert losses[0] == model(fb.randn(4, 3)).pow(2).mean().item()
    assert losses[0] > losses[1] > losses[2]


@pytest.mark.skipif(fb.cuda.is_available(), reason="what happens without a GPU")
def test_without_a_gpu_both_switch_themselves_off():
    with pytest.warns(UserWarning, match="CUDA is not available. Disabling autocast"):
        context = fb.autocast("cuda")
    with pytest.warns(UserWarning, match="GradScaler is enabled, but CUDA is not available.  Disabling."):
        scaler = fb.GradScaler()
    assert not scaler.is_enabled() and scaler.get_scale() == 1.0
    off = amp.GradScaler(enabled=False)
    assert steps(scaler, context) == steps(off, fb.autocast("cpu", enabled=False))


def test_states_of_a_scaler_that_is_off():
    scaler = amp.GradScaler(enabled=False)
    assert scaler.state_dict() == {}
    scaler.load_state_dict({"scale": 65536.0})
    outputs = [fb.ones(1)]
    assert scaler.scale(outputs) is outputs


def test_step_returns_what_the_optimizer_returns():
    w = fb.ones(1, requires_grad=True)
    optimizer = fb.optim.SGD([w], lr=0.5)
    w.sum().backward()
    assert amp.GradScaler(enabled=False).step(optimizer, lambda: 3.0) == 3.0
    assert w.item() == 0.5


def test_cpu_with_another_dtype_is_switched_off():
    with pytest.warns(UserWarning, match="CPU Autocast only supports dtypes"):
        context = fb.autocast("cpu", dtype=fb.float32)
    with context:
        assert (fb.ones(2, 2) @ fb.ones(2, 2)).dtype == fb.float32


def test_devices():
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        fb.autocast(fb.device("cpu"))
    with pytest.raises(RuntimeError, match="device type at start of device string: qpu"):
        fb.autocast("qpu", enabled=False)


def test_decorators():
    @fb.autocast("cpu", enabled=False)
    def square(x):
        """Squares."""
        return x * x

    assert square(fb.tensor(3.0)).item() == 9 and square.__doc__ == "Squares."

    class Double(fb.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cuda", cast_inputs=fb.float32)
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @amp.custom_bwd(device_type="cuda")
        def backward(ctx, grad):
            return grad * 2

    x = fb.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_questions():
    assert not fb.is_autocast_enabled() and not fb.is_autocast_enabled("cuda")
    assert amp.is_autocast_available("cpu")
    assert fb.get_autocast_dtype("cpu") == fb.bfloat16 and fb.get_autocast_dtype("cuda") == fb.float16


def test_older_names():
    with pytest.warns(FutureWarning, match=r"torch.amp.GradScaler\('cuda', args...\)"):
        scaler = fb.cuda.amp.GradScaler(enabled=False)
    with pytest.warns(FutureWarning, match=r"torch.amp.autocast\('cuda', args...\)"):
        context = fb.cuda.amp.autocast(enabled=False)
    assert isinstance(scaler, amp.GradScaler) and isinstance(context, fb.autocast)
    with pytest.warns(FutureWarning, match="custom_fwd"):
        assert fb.cuda.amp.custom_fwd(len)("ab") == 2
    with pytest.warns(FutureWarning, match="custom_bwd"):
        assert fb.cuda.amp.custom_bwd(lambda ctx, grad: grad)(None, 3) == 3
