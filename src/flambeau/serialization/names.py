"""PyTorch's names for what a file refers to, and ours: files carry PyTorch's, so that both libraries read them."""

import codecs
import importlib
from collections import Counter, OrderedDict, defaultdict

import flambeau as fb

from ..dtype import ALL as DTYPES
from ..layout import ALL as LAYOUTS
from ..storage import TYPES, Storage
from ..typed import CPU_TYPES, CUDA_TYPES

# Functions that files call; `rebuild.Rebuilder` has a method for each.
REBUILDERS = {
    ("torch._utils", "_rebuild_tensor"): "tensor",
    ("torch._utils", "_rebuild_tensor_v2"): "tensor_v2",
    ("torch._utils", "_rebuild_tensor_v3"): "tensor_v3",
    ("torch._utils", "_rebuild_parameter"): "parameter",
    ("torch._utils", "_rebuild_parameter_with_state"): "parameter_with_state",
    ("torch._utils", "_rebuild_sparse_tensor"): "sparse",
    ("torch._tensor", "_rebuild_from_type_v2"): "from_type",
    ("torch.serialization", "_get_layout"): "layout",
    ("torch.autograd.variable", "Variable"): "variable",
}
# What they are called before PyTorch's names are put in, and in files written with another pickle_module.
PLACEHOLDERS = {("flambeau.serialization.pickling", name): (module, name) for module, name in REBUILDERS}


CONSTANTS: dict[tuple[str, str], object] = {
    **{("torch", d.name): d for d in DTYPES},
    **{("torch", name): cls for name, cls in TYPES.items()},
    **{("torch.cuda", name): cls for name, cls in TYPES.items()},
    **{("torch", cls.__name__): cls for cls in CPU_TYPES},
    **{("torch.cuda", name): cls for name, cls in CUDA_TYPES.items()},
    **{("torch", x.name): x for x in LAYOUTS},
    ("torch", "Tensor"): fb.Tensor,
    ("torch", "Size"): fb.Size,
    ("torch", "device"): fb.device,
    ("torch.storage", "TypedStorage"): Storage,
    ("torch.storage", "UntypedStorage"): Storage,
    ("torch.storage", "_TypedStorage"): Storage,
    ("torch.storage", "_UntypedStorage"): Storage,
}

# The home of a layer in PyTorch where it is not that of its family here.
_FAMILIES = {"containers": "container", "multihead": "activation", "state": "module", "vision": "pixelshuffle"}
_HOMES = {"ChannelShuffle": "channelshuffle", "Fold": "fold", "LazyLinear": "linear", "Unfold": "fold"}
for _n in (1, 2, 3):
    _HOMES |= {f"{lazy}InstanceNorm{_n}d": "instancenorm" for lazy in ("", "Lazy")}
    _HOMES |= {f"LazyConv{_n}d": "conv", f"LazyConvTranspose{_n}d": "conv", f"LazyBatchNorm{_n}d": "batchnorm"}
_OURS = {
    ("flambeau.storage", "Storage"): ("torch.storage", "UntypedStorage"),
    ("flambeau.tensor", "Tensor"): ("torch", "Tensor"),
    ("flambeau.size", "Size"): ("torch", "Size"),
    ("flambeau.device", "device"): ("torch", "device"),
    ("flambeau.dtype", "bool_"): ("torch", "bool"),
    ("flambeau.hooks", "RemovableHandle"): ("torch.utils.hooks", "RemovableHandle"),
    ("flambeau.nn.parameter", "Parameter"): ("torch.nn.parameter", "Parameter"),
    ("flambeau.nn._functional.linear_cross_entropy", "LinearCrossEntropyOptions"): (
        "torch.nn.modules.linear_cross_entropy_options", "LinearCrossEntropyOptions"
    ),
}
_SAME = (
    "nn.functional", "nn.init", "nn.utils", "nn.modules", "nn.parameter", "optim", "special", "linalg", "fft",
    "utils.data",
)  # fmt: skip


FURTHER: list = []  # functions(module, name) -> PyTorch's name of what other packages define, or None


def torch_name(module, name):
    """torch_name("flambeau.nn.linear", "Linear") -> ("torch.nn.modules.linear", "Linear")

    What PyTorch does not have keeps its name.
    """
    known = _OURS.get((module, name)) or PLACEHOLDERS.get((module, name))
    if known is not None:
        return known
    top, _, rest = module.partition(".")
    if top != "flambeau":
        return module, name
    for further in FURTHER:
        known = further(module, name)
        if known is not None:
            return known
    if not rest or rest in ("storage", "typed", "dtype", "layout"):
        return "torch", name
    if rest.startswith("optim.lr_scheduler."):
        return "torch.optim.lr_scheduler", name
    if any(rest == known or rest.startswith(f"{known}.") for known in _SAME):
        return f"torch.{rest}", name
    package, _, family = rest.partition(".")
    if package == "vision":
        return _torchvision_name(family, name)
    if package == "nn" and family.split(".")[0] in ("_functional", "plain"):
        return "torch.nn.functional", name
    if package == "nn" and family:
        return f"torch.nn.modules.{_HOMES.get(name) or _FAMILIES.get(family, family)}", name
    return module, name


def _torchvision_name(family, name):
    """torchvision's name of what is in flambeau.vision.<family>."""
    if name == "InterpolationMode":
        return "torchvision.transforms.functional", name
    if family.startswith("transforms.") and family != "transforms.functional":
        return "torchvision.transforms.transforms", name
    if family.startswith(("models.", "datasets.", "transforms.")) or family == "utils":
        return f"torchvision.{family}", name
    return f"flambeau.vision.{family}".rstrip("."), name


def our_object(module, name):
    """our_object("torch.nn.modules.linear", "Linear") -> the class of this library; AttributeError when it has none.

    Imports modules of this library: only for files that are trusted.
    """
    if (module, name) in CONSTANTS:
        return CONSTANTS[module, name]
    if module.startswith("torch.nn.modules.") and hasattr(fb.nn, name):
        return getattr(fb.nn, name)
    try:
        root, _, rest = module.partition(".")
        home = importlib.import_module(f"flambeau{'.vision' * (root == 'torchvision')}.{rest}".rstrip("."))
        for part in name.split("."):
            home = getattr(home, part)
    except (ImportError, AttributeError) as error:
        raise AttributeError(
            f"load: the file uses {module}.{name}, which this library does not have"
        ) from error
    return home


def is_torchs(module):
    """Whether a module is one of PyTorch's, or of torchvision's."""
    return module.partition(".")[0] in ("torch", "torchvision")


def python3_name(module, name):
    """The name in Python 3 of what Python 2 and the protocols before 3 call module.name."""
    if module == "__builtin__":
        return "builtins", {"xrange": "range", "unicode": "str", "long": "int"}.get(name, name)
    return module, name


PLAIN_TYPES = frozenset([bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset])
CONSTANTS |= {("builtins", t.__name__): t for t in (*PLAIN_TYPES, slice, range)}
CONSTANTS |= {("collections", t.__name__): t for t in (OrderedDict, Counter, defaultdict)}
CONSTANTS["_codecs", "encode"] = codecs.encode
