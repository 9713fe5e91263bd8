"""Which functions draw random numbers, which make tensors from nothing, and names of arguments and of ops."""

import inspect
from typing import Any

RANDOM_FACTORIES = (
    "rand",
    "randn",
    "randint",
    "randperm",
    "rand_like",
    "randn_like",
    "randint_like",
    "normal",
)
# Functions of `nn.functional` that a trace has as one call.
COMPOSED_LAYERS = ("interpolate", "upsample", "instance_norm")
# Composed functions whose calls a trace does not have: what they make of Python's data is a constant, and questions.
UNRECORDED = {
    "tensor", "as_tensor", "asarray", "from_numpy", "frombuffer", "from_dlpack", "scalar_tensor", "is_tensor",
    "is_floating_point", "is_complex", "is_nonzero", "is_same_size", "is_signed", "is_conj", "is_neg", "numel",
    "element_size", "allclose", "equal",
}  # fmt: skip
DROPOUTS = ("dropout", "dropout_", "feature_dropout", "feature_dropout_", "alpha_dropout", "alpha_dropout_",
            "feature_alpha_dropout", "feature_alpha_dropout_")  # fmt: skip
SETTERS = ("set_", "resize_", "resize_as_")

_RANDOM = {
    "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "uniform_", "normal_",
    "random_", "bernoulli_", "exponential_", "log_normal_", "cauchy_", "geometric_", "bernoulli", "poisson",
    "binomial", "multinomial", "rrelu", "dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout",
    "standard_gamma", "sample_dirichlet",
}  # fmt: skip


def is_random(name):
    """Whether a function of this name draws random numbers."""
    return name in _RANDOM or name.lstrip("_") in _RANDOM


def argument_names(function, count):
    """Names for `count` positional arguments of a function: its own, "input_0", ... where it has none."""
    names: list[str] = []
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    for p in parameters:
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            names.append(p.name)
        elif p.kind == p.VAR_POSITIONAL:
            names += [f"{p.name}_{i}" for i in range(count - len(names))]
    return [*names, *(f"input_{i}" for i in range(len(names), count))][:count]


def op_functions() -> dict[str, Any]:
    """name -> OpFunction, private and in-place ones too."""
    from ..ops.op import METHODS, Op

    found: dict[str, Any] = {}

    def visit(cls):
        if cls.__dict__.get("function") is not None:
            found.setdefault(cls.function.name, cls.function)
        for sub in cls.__subclasses__():
            visit(sub)

    visit(Op)
    for name, method in METHODS.items():
        if hasattr(method, "op") and name.endswith("_"):
            found.setdefault(method.name, method)
    return found
