"""torch.backends, torch.version, torch.types: what scripts ask before they begin."""

import pytest

import flambeau as fb
from flambeau.backends import cuda, cudnn, mkldnn


def test_what_is_not_used_is_not_available():
    names = ["cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]
    assert [name for name in names if getattr(fb.backends, name).is_available()] == []
    assert not fb.backends.mps.is_built() and cudnn.version() is None and not cudnn.is_acceptable(fb.ones(1))
    assert fb.backends.cuda.is_built() == fb.cuda.is_available()


def test_the_usual_line_of_a_script():
    device = fb.device("cuda" if fb.cuda.is_available() else "mps" if fb.backends.mps.is_available() else "cpu")
    assert fb.ones(2).to(device, non_blocking=True).device.type == device.type


@pytest.mark.parametrize("module", [cudnn, mkldnn])
def test_switches_are_remembered(module):
    assert module.enabled and not module.deterministic and module.allow_tf32
    with module.flags(enabled=False, deterministic=True, allow_tf32=False):
        assert (module.enabled, module.deterministic, module.allow_tf32) == (False, True, False)
    assert module.enabled and not module.deterministic and module.allow_tf32
    module.deterministic = True
    try:
        assert module.deterministic
        with pytest.raises(KeyError), module.flags():
            assert not module.deterministic
            raise KeyError
        assert module.deterministic
    finally:
        module.deterministic = False


def test_set_flags_of_cudnn():
    before = cudnn.set_flags(_benchmark=True)
    try:
        assert before == (True, False, 10, False, True) and cudnn.benchmark
    finally:
        cudnn.set_flags(*before)
    assert not cudnn.benchmark


def test_tf32_is_the_precision_of_products():
    assert not cuda.matmul.allow_tf32
    try:
        cuda.matmul.allow_tf32 = True
        assert fb.get_float32_matmul_precision() == "high"
        fb.set_float32_matmul_precision("highest")
        assert not cuda.matmul.allow_tf32
    finally:
        fb.set_float32_matmul_precision("highest")


def test_switches_of_attention():
    names = ["flash", "mem_efficient", "math", "cudnn"]
    for name in names:
        assert getattr(cuda, f"{name}_sdp_enabled")()
        getattr(cuda, f"enable_{name}_sdp")(False)
        assert not getattr(cuda, f"{name}_sdp_enabled")()
        getattr(cuda, f"enable_{name}_sdp")(True)
    with cuda.sdp_kernel(enable_flash=False):
        assert not cuda.flash_sdp_enabled() and cuda.math_sdp_enabled()
    assert cuda.flash_sdp_enabled()


def test_version_and_types():
    assert fb.version.__version__ == fb.__version__ and fb.version.cuda is None
    assert isinstance(1.5, fb.types.Number) and isinstance(fb.device("cpu"), fb.types.Device)
    from flambeau.utils.hooks import RemovableHandle

    handle = fb.nn.Linear(1, 1).register_forward_hook(lambda *args: None)
    assert isinstance(handle, RemovableHandle)
