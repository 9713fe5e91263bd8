"""Signs of an era in source code: keywords, names, methods, each with a weight and what today's PyTorch does instead.

A weight is about how sure the sign is: 10 and more for what only one era can run, 1 for a habit.
"""

import ast
import re
from dataclasses import dataclass
from typing import Any


def _always(finder, call, value):
    return True


@dataclass(frozen=True)
class Meaning:
    """What a sign says: the era, the weight, what today's PyTorch does with it (or what replaces it), and, for keywords
    and methods, a function of (finder, call, value) that tells whether a use is meant."""

    era: str
    weight: int
    instead: str = ""
    fits: Any = _always


def _old(weight, instead, fits=_always):
    return Meaning("0.3", weight, instead, fits)


def _new(weight, fits=_always):
    return Meaning("today", weight, "", fits)


def _is_torch(finder, call, value):
    return (finder.resolve(value) or "").startswith("torch.")


def _calls_torch(finder, call, value):
    return _is_torch(finder, call, call.func)


def _is_device(finder, call, value):
    """Whether a call of `.to` has something like a device or a dtype as argument."""
    first = call.args[0] if call.args else None
    if first is None or isinstance(first, ast.Constant):
        return any(k.arg in ("device", "dtype") for k in call.keywords) or (
            isinstance(first, ast.Constant) and str(first.value).startswith(("cuda", "cpu"))
        )
    name = first.attr if isinstance(first, ast.Attribute) else getattr(first, "id", "")
    return "device" in name or _is_torch(finder, call, first)


def _no_arguments(finder, call, value):
    return not call.args and not call.keywords


_GONE = "gone: AttributeError"
_UNDERSCORE = "the same, with a FutureWarning: its name ends in an underscore now"
_NO_GRAD = "ignored, with a warning: the graph is recorded and kept; compute under `with torch.no_grad():`"
_IMPORT_GONE = "gone: ModuleNotFoundError"

KEYWORDS = {
    "volatile": _old(10, _NO_GRAD),
    "async": _old(8, "SyntaxError, `async` is a keyword since Python 3.7: `non_blocking=`"),
    "retain_variables": _old(5, "TypeError: `retain_graph=`"),
    "size_average": _old(3, "the same, with a warning: `reduction='mean'` or `reduction='sum'`"),
    "reduce": _old(2, "the same, with a warning: `reduction='none'`", _calls_torch),
    "reduction": _new(4, _calls_torch),
    "non_blocking": _new(4),
    "dtype": _new(4, _is_torch),
    "device": _new(4, _calls_torch),
    "align_corners": _new(4, _calls_torch),
    "set_to_none": _new(5),
    "weights_only": _new(5),
}

METHODS = {
    "reinforce": _old(6, "gone: use torch.distributions and log_prob"),
    "masked_copy_": _old(4, "gone: `masked_scatter_`"),
    "item": _new(5, _no_arguments),
    "requires_grad_": _new(5),
    "to": _new(5, _is_device),
    "bool": _new(2, _no_arguments),
}

ATTRIBUTES = {
    "volatile": _old(8, "always False: compute under `with torch.no_grad():`"),
    "creator": _old(6, "gone: `grad_fn`"),
}

ALIAS = {"0.3": _old(50, "the program says so itself"), "today": _new(50)}  # flambeau.alias(torch=...)
DATA_0 = _old(6, "IndexError where the loss has no dimensions: `loss.item()`")
F_STRING = _new(1)

# Modules, and names in modules; a module stands for all that it has.
NAMES = {
    "torch.legacy": _old(10, _IMPORT_GONE),
    "torch.utils.ffi": _old(8, _IMPORT_GONE),
    "torch.utils.trainer": _old(8, _IMPORT_GONE),
    "torch.utils.serialization": _old(8, f"{_IMPORT_GONE} (the package torchfile reads Lua's files)"),
    "torch.utils.model_zoo": _old(1, "torch.hub.load_state_dict_from_url"),
    "torch.distributed.init_master_worker": _old(10, f"{_GONE}; torch.distributed.rpc"),
    "torch.distributed.remote_types": _old(8, _IMPORT_GONE),
    "torch.nn._functions": _old(8, _IMPORT_GONE),
    "torch.nn.backends": _old(8, _IMPORT_GONE),
    "torch.autograd._functions": _old(6, "other names"),
    "torch._six": _old(3, _IMPORT_GONE),
    **dict.fromkeys(
        ["torch.amp", "torch.cuda.amp", "torch.compile", "torch.func", "torch.fx", "torch.linalg", "torch.export",
         "torch.hub", "torch.nn.attention", "torch.nn.utils.parametrizations", "torch.nn.parameter.Buffer",
         "torch.utils.checkpoint", "torch.utils.tensorboard", "torch.optim.swa_utils", "torch.mps", "torch.profiler"],
        _new(8),
    ),
    "torch.autograd.Variable": _old(2, "the tensor itself: a tensor records its own history"),
    "torch.autograd.StochasticFunction": _old(6, _GONE),
    "torch.nn.utils.clip_grad_norm": _old(4, _UNDERSCORE),
    "torch.nn.functional.sigmoid": _old(1, "torch.sigmoid"),
    "torch.nn.functional.tanh": _old(1, "torch.tanh"),
    "torch.nn.NLLLoss2d": _old(3, "nn.NLLLoss"),
    "torch.nn.functional.nll_loss2d": _old(4, f"{_GONE}; F.nll_loss"),
    "torch.utils.backcompat": _old(4, "no effect"),
    **{
        f"torch.nn.init.{name}": _old(4, _UNDERSCORE)
        for name in ["constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "sparse",
                     "uniform", "xavier_normal", "xavier_uniform"]
    },
    **{
        f"torch.{old}": _old(4, f"{_GONE}; {new}")
        for old, new in {
            "gesv": "torch.linalg.solve", "gels": "torch.linalg.lstsq", "potrf": "torch.linalg.cholesky",
            "potri": "torch.cholesky_inverse", "potrs": "torch.cholesky_solve", "btrifact": "torch.linalg.lu_factor",
            "btrisolve": "torch.linalg.lu_solve", "trtrs": "torch.linalg.solve_triangular",
            "pstrf": "a pivoted Cholesky decomposition of another library",
        }.items()
    },
    **{
        f"torch.{old}": _old(3, f"RuntimeError; {new}")
        for old, new in {"symeig": "torch.linalg.eigh", "eig": "torch.linalg.eig"}.items()
    },
    **dict.fromkeys(["torch.no_grad", "torch.enable_grad", "torch.set_grad_enabled", "torch.inference_mode",
                     "torch.device", "torch.set_default_dtype", "torch.set_default_device"], _new(12)),
    **dict.fromkeys(["torch.tensor", "torch.as_tensor", "torch.dtype", "torch.from_dlpack", "torch.autocast"], _new(9)),
    **dict.fromkeys(
        [f"torch.{name}" for name in
         ["float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool", "float",
          "double", "half", "int", "long", "empty", "empty_like", "full", "full_like", "rand_like", "randn_like",
          "randint", "where", "einsum", "argmax", "argmin", "argsort", "flatten", "meshgrid", "roll",
          "flip", "logsumexp", "softmax", "log_softmax", "relu", "stft", "unique", "bincount", "cdist", "clip",
          "isnan", "isfinite", "allclose", "matrix_power", "pinverse", "slogdet", "maximum", "minimum", "square",
          "concat", "concatenate", "permute", "vmap"]],
        _new(4),
    ),
    **{
        f"torch.nn.init.{name}_": _new(4)
        for name in ["constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "ones", "orthogonal",
                     "sparse", "trunc_normal", "uniform", "xavier_normal", "xavier_uniform", "zeros"]
    },
    **{
        f"torch.nn.{name}": _new(5)
        for name in ["AdaptiveLogSoftmaxWithLoss", "CELU", "CTCLoss", "Flatten", "Unflatten", "Fold", "Unfold", "GELU",
                     "GroupNorm", "Hardswish", "HuberLoss", "Identity", "LayerNorm", "Mish", "ModuleDict",
                     "MultiheadAttention", "ParameterDict", "RMSNorm", "SiLU", "SyncBatchNorm", "Transformer",
                     "TransformerDecoder", "TransformerEncoder", "TransformerEncoderLayer"]
    },
    **{
        f"torch.nn.functional.{name}": _new(5)
        for name in ["celu", "ctc_loss", "fold", "gelu", "group_norm", "gumbel_softmax", "huber_loss", "interpolate",
                     "layer_norm", "mish", "one_hot", "scaled_dot_product_attention", "silu", "unfold"]
    },
    "torchvision.transforms.Scale": _old(4, "gone: transforms.Resize"),
    "torchvision.transforms.RandomSizedCrop": _old(4, "gone: transforms.RandomResizedCrop"),
    "torchvision.transforms.InterpolationMode": _new(5),
    "torch.nn.utils.clip_grad_norm_": _new(5),
    "torch.nn.utils.clip_grad_value_": _new(5),
    "torch.optim.AdamW": _new(5),
    **{
        f"torch.optim.lr_scheduler.{name}": _new(5)
        for name in ["CosineAnnealingWarmRestarts", "CyclicLR", "LinearLR", "OneCycleLR", "SequentialLR"]
    },
}  # fmt: skip


def _is_int(node):
    return isinstance(node, ast.Constant) and type(node.value) is int


def _mode(node, keywords):
    value = keywords.get("mode")
    return isinstance(value, ast.Constant) and value.value in ("bilinear", "linear", "trilinear")


# (end of the dotted name of a function of torch, whether a call is meant, its text, what it says)
CALLS = [
    (
        ".functional.dropout",
        lambda call, keywords: len(call.args) < 3 and "training" not in keywords,
        "F.dropout without training=",
        _old(1, "ANOTHER NUMBER: training=True is the default now; it was False"),
    ),
    (
        "torch.arange",
        lambda call, keywords: "dtype" not in keywords and "out" not in keywords and all(map(_is_int, call.args)),
        "torch.arange of ints",
        _old(0, "ANOTHER TYPE: int64; it was a FloatTensor"),
    ),
    *(
        (
            name,
            lambda call, keywords: _mode(call, keywords) and "align_corners" not in keywords,
            "linear upsampling without align_corners=",
            _old(1, "ANOTHER NUMBER: align_corners=False is the default now; 0.3 aligned the corners"),
        )
        for name in (".functional.upsample", ".nn.Upsample")
    ),
    *(
        (
            f".functional.{name}",
            lambda call, keywords: "align_corners" not in keywords,
            f"F.{name} without align_corners=",
            _old(0, "ANOTHER NUMBER: align_corners=False is the default now; 0.3 aligned the corners"),
        )
        for name in ("grid_sample", "affine_grid")
    ),
    *(
        (
            f".functional.{name}",
            lambda call, keywords: len(call.args) < 2 and "dim" not in keywords,
            f"F.{name} without dim=",
            _old(1, "the same, with a warning: write dim="),
        )
        for name in ("softmax", "log_softmax")
    ),
]

# For text that has no syntax tree: a pattern of a line without strings and comments.
PATTERNS = [
    (re.compile(pattern), text, meaning)
    for pattern, text, meaning in [
        (r"\bvolatile\s*=(?!=)", "volatile=", KEYWORDS["volatile"]),
        (r"\basync\s*=(?!=)", "async=", KEYWORDS["async"]),
        (r"\bretain_variables\s*=", "retain_variables=", KEYWORDS["retain_variables"]),
        (r"\bsize_average\s*=", "size_average=", KEYWORDS["size_average"]),
        (r"(?<!\bself)\.data\s*\[\s*0\s*\]", ".data[0]", DATA_0),
        (r"\bVariable\s*\(", "Variable(", NAMES["torch.autograd.Variable"]),
        (r"\btorch\.legacy\b", "torch.legacy", NAMES["torch.legacy"]),
        (r"\bclip_grad_norm\s*\(", "clip_grad_norm(", NAMES["torch.nn.utils.clip_grad_norm"]),
        (r"\bno_grad\s*\(", "no_grad(", NAMES["torch.no_grad"]),
        (r"\btorch\.device\s*\(", "torch.device(", NAMES["torch.device"]),
        (r"\btorch\.tensor\s*\(", "torch.tensor(", NAMES["torch.tensor"]),
        (r"\.item\s*\(\s*\)", ".item()", METHODS["item"]),
    ]
]
