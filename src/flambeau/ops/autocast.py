"""Automatic mixed precision: which functions cast their arguments while `amp.autocast` is on, and to what.

The lists are those of PyTorch 2.13. A function that is not listed computes in the dtypes that it is given. The rules:

lower     floats become the dtype of autocast: products of matrices, which are fast in it
float32   lower floats become float32: what loses too much in them, and what has no kernels for them
widest    floats become the widest dtype among the arguments
gated     float32, and the results have the dtype of a sum with the state: networks whose states are added to
given     as it is, though it consists of products: what is one kernel in PyTorch
special   one of these by the arguments (`_SPECIAL`)
refused   an error

float64 is left as it is, and so are calls with `out=` and in-place forms.
"""

import contextlib
import functools
import threading
from typing import Any

from .. import _core
from ..dtype import bfloat16, float16, float32, promote_types

_PRODUCTS = """addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d
    linalg.vecdot linear matmul mm nn.functional.scaled_dot_product_attention prelu rnn_relu rnn_relu_cell rnn_tanh
    rnn_tanh_cell sparse.addmm sparse.mm spmm""".split()
_FFT = """fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn
    fft.rfft fft.rfft2 fft.rfftn stft""".split()
_LINALG = """cholesky cholesky_inverse cholesky_solve geqrf inverse linalg.cholesky linalg.cholesky_ex linalg.cond
    linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.householder_product linalg.inv linalg.inv_ex
    linalg.lstsq linalg.matrix_rank linalg.qr linalg.solve linalg.svd linalg.svdvals linalg.tensorinv
    linalg.tensorsolve lu lu_solve orgqr ormqr pca_lowrank pinverse qr svd svd_lowrank trace triangular_solve""".split()
_LOSSES = """binary_cross_entropy_with_logits cross_entropy ctc_loss mse_loss
    nll_loss nn.functional.binary_cross_entropy_with_logits nn.functional.cosine_embedding_loss
    nn.functional.cross_entropy nn.functional.ctc_loss nn.functional.hinge_embedding_loss nn.functional.huber_loss
    nn.functional.kl_div nn.functional.l1_loss nn.functional.margin_ranking_loss nn.functional.mse_loss
    nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss nn.functional.nll_loss
    nn.functional.poisson_nll_loss nn.functional.smooth_l1_loss nn.functional.soft_margin_loss
    nn.functional.triplet_margin_loss""".split()
_POOLS = """adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d nn.functional.fractional_max_pool2d
    nn.functional.fractional_max_pool2d_with_indices nn.functional.fractional_max_pool3d
    nn.functional.fractional_max_pool3d_with_indices nn.functional.max_unpool1d nn.functional.max_unpool2d
    nn.functional.max_unpool3d""".split()

RULES: dict[str, dict[str, list[str]]] = {
    "cpu": {
        "lower": _PRODUCTS,
        "float32": [
            *_FFT, *_LINALG, *_LOSSES, *_POOLS, "binary_cross_entropy", "cdist", "grid_sampler", "grid_sampler_2d",
            "grid_sampler_3d", "nanquantile", "nn.functional.binary_cross_entropy", "polar", "prod", "quantile",
            "view_as_complex",
        ],
        "widest": ["cat", "index_copy", "stack"],
        "gated": ["gru", "gru_cell", "lstm_cell"],
        "given": ["hspmm", "linalg.lu_solve", "saddmm", "smm", "sspaddmm"],
        "special": ["inner", "lstm", "max_pool3d", "pad"],
    },
    "cuda": {
        "lower": [
            *_PRODUCTS, "addmv", "addr", "chain_matmul", "gru", "gru_cell", "linalg.multi_dot", "lstm", "lstm_cell",
            "mv",
        ],
        "float32": [
            *_LOSSES,
            *"""acos asin cdist cosh cumprod cumsum dist erfinv exp expm1 group_norm layer_norm log log10 log1p log2
            log_softmax logsumexp nn.functional.cosine_similarity nn.functional.normalize norm pdist pow prod reciprocal
            renorm rsqrt sinh softmax softplus sum tan""".split(),
        ],
        "widest": """addcdiv addcmul atan2 cat cross dot grid_sampler index_put nn.functional.bilinear scatter_add stack
            tensordot vdot""".split(),
        "given": ["linalg.lu_solve"],
        "refused": ["nn.functional.binary_cross_entropy"],
    },
}  # fmt: skip

CASTS: dict[str, dict[str, str]] = {}  # by the name of a function: {device: rule}
for _device, _rules in RULES.items():
    for _rule, _names in _rules.items():
        for _name in _names:
            CASTS.setdefault(_name, {})[_device] = _rule

_CAST = (float32, bfloat16, float16)  # what is ever cast


def casting(name, function):
    """The Python function, made to cast its arguments if it is listed under this name."""
    casts = CASTS.get(name)
    return function if casts is None or isinstance(function, _casting_types) else _core.CastingFunction(function, casts)


def install(namespace, functions):
    """Makes those functions cast that are listed as members of a namespace. functions: the globals of their module."""
    for name in CASTS:
        home, _, own = name.rpartition(".")
        if home == namespace and own in functions:
            functions[own] = casting(name, functions[own])


_casting_types = (_core.OpFunction, _core.CastingFunction)


# ---- the state of a thread


class _State(threading.local):
    def __init__(self):
        self.enabled = {"cpu": False, "cuda": False}
        self.dtypes = {"cpu": bfloat16, "cuda": float16}
        self.caching = True
        self.nesting = 0
        self.cache = {}


state = _State()


def set_enabled(device, enabled):
    """Switches casting of tensors of a device, "cpu" or "cuda", on or off in this thread."""
    state.enabled[device] = bool(enabled)
    _core.set_casting(any(state.enabled.values()))


def begin(settings):
    """Begins an autocast with the settings {device: (enabled, dtype)} and caching; what `end` needs to end it."""
    before = {device: (state.enabled[device], state.dtypes[device]) for device in settings[0]}, state.caching
    for device, (enabled, dtype) in settings[0].items():
        state.dtypes[device] = dtype
        set_enabled(device, enabled)
    state.caching = settings[1]
    state.nesting += 1
    return before


def end(before):
    """Ends what `begin` began; the outermost end forgets the casts of weights."""
    state.nesting -= 1
    if not state.nesting:
        state.cache.clear()
    for device, (enabled, dtype) in before[0].items():
        state.dtypes[device] = dtype
        set_enabled(device, enabled)
    state.caching = before[1]


def current():
    """The settings of this thread."""
    return {device: (state.enabled[device], state.dtypes[device]) for device in state.enabled}, state.caching


@contextlib.contextmanager
def as_with(settings):
    """Within the block this thread has the settings."""
    before = begin(settings)
    try:
        yield
    finally:
        end(before)


# ---- a call while autocast is on


def _tensors(values, found):
    for v in values:
        if isinstance(v, _core.TensorBase):
            found.append(v)
        elif isinstance(v, (list, tuple)):
            _tensors(v, found)
    return found


def _call(function, casts, args, kwargs):
    """function(*args, **kwargs) with the arguments cast as its rule for their device says."""
    tensors = _tensors((*args, *kwargs.values()), [])
    device = "cuda" if any(t.is_cuda for t in tensors) else "cpu"
    rule = casts.get(device)
    if rule is None or not tensors or not state.enabled[device] or kwargs.get("out") is not None:
        if isinstance(function, _core.CastingFunction):  # what it consists of may cast
            return function.__wrapped__(*args, **kwargs)
        return _without_casts(function, args, kwargs)
    if rule == "special":
        rule = _SPECIAL[function.__name__](*args, **kwargs)
    if rule == "refused":
        raise RuntimeError(_REFUSED)
    dtype = _target(rule, device, tensors)
    if dtype is not None:

        def cast(value):
            if isinstance(value, (list, tuple)):
                values = [cast(v) for v in value]
                return type(value)(*values) if hasattr(value, "_fields") else type(value)(values)
            return _cast(value, dtype, device) if isinstance(value, _core.TensorBase) else value

        args, kwargs = [cast(a) for a in args], {k: cast(v) for k, v in kwargs.items()}
    result = _without_casts(function, args, kwargs)
    return _as_states(function, result, tensors, device) if rule == "gated" else result


def _without_casts(function, args, kwargs):
    """function(*args, **kwargs), where what it consists of does not cast."""
    previous = _core.set_casting(False)
    try:
        return function(*args, **kwargs)
    finally:
        _core.set_casting(previous)


def _is_cast(t, device):
    return t.dtype in _CAST and t.is_cuda == (device == "cuda")


def _cast(t, dtype, device):
    """The tensor in a dtype. That of a leaf in the lower dtype is kept until the outermost autocast ends, so that a
    weight is cast once however often it is used."""
    if t.dtype is dtype or not _is_cast(t, device):
        return t
    kept = state.caching and dtype is state.dtypes[device] and t.dtype is float32 and t.requires_grad and t.is_leaf
    if not kept or hasattr(t, "_level"):  # an interpreting tensor is new at every call
        return t.to(dtype)
    key = id(t), dtype, _core.is_grad_enabled()
    version = t._version
    found = state.cache.get(key)
    if found is None or found[1] != version:
        found = state.cache[key] = t.to(dtype), version, t  # t: that its id is not given to another tensor
    return found[0]


def _target(rule, device, tensors):
    """The dtype that a rule casts to; None: none."""
    if rule == "lower":
        return state.dtypes[device]
    if rule in ("float32", "gated"):
        return float32
    if rule != "widest":
        return None
    dtypes = {t.dtype for t in tensors if _is_cast(t, device)}
    return functools.reduce(promote_types, dtypes) if len(dtypes) > 1 else None


def _rule_of_pad(input, pad, mode="constant", value=None):
    return "float32" if mode == "replicate" or (mode == "reflect" and len(pad) < 6) else None


def _rule_of_max_pool3d(*args, return_indices=False, **kwargs):
    return None if return_indices or (len(args) > 6 and args[6]) else "float32"


def _rule_of_inner(input, other, **kwargs):
    product = min(input.ndim, other.ndim) > 0 and max(input.ndim, other.ndim) > 1  # else `mul` or `dot`, not listed
    return "lower" if product else None


def _rule_of_lstm(input, second, *args):
    return "gated" if isinstance(second, _core.TensorBase) else "lower"  # packed sequences go step by step


_SPECIAL: dict[str, Any] = {
    "inner": _rule_of_inner, "lstm": _rule_of_lstm, "max_pool3d": _rule_of_max_pool3d, "pad": _rule_of_pad,
}  # fmt: skip


def _as_states(function, result, tensors, device):
    """The results in the dtype of a sum of lower floats with the state: the second of an LSTM, else the first."""
    states = [t.dtype for t in tensors[1:] if t.is_floating_point()]
    dtype = promote_types(state.dtypes[device], states[function.__name__.startswith("lstm")])
    return tuple([r.to(dtype) for r in result]) if isinstance(result, tuple) else result.to(dtype)


_REFUSED = (
    "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\n"
    "Many models use a sigmoid layer right before the binary cross entropy layer.\n"
    "In this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\n"
    "or torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\n"
    "safe to autocast."
)

_core.set_cast_call(_call)
