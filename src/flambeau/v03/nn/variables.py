"""Functions and layers of 0.3 took Variables. What they said of a plain tensor depended on what was behind them."""

from ..faces import Variable, _TensorBase, type_name
from ..wording import in_03s_words, word_of


def _name(value):
    return type_name(type(value)) if isinstance(value, _TensorBase) else type(value).__name__


def not_parsed(name, argument="input", position=1):
    """What a function that reads its arguments in C++ raises, as a function of the value that is no Variable."""
    text = f"{name}(): argument '{argument}' (position {position}) must be Variable, not "
    return lambda value: TypeError(text + _name(value))


def not_applied(value):
    """What a Function written in Python raises."""
    return RuntimeError(f"expected a Variable argument, but got {type(value).__name__}")


def not_called(value, position=0):
    """What a Function written in C++ raises."""
    return TypeError(f"argument {position} is not a Variable")


def check_product(input, weight, bias):
    """TypeError when one of input and weight of a linear function is a Variable and the other is none."""
    is_plain = not isinstance(input, Variable)
    if is_plain == isinstance(weight, Variable):
        if bias is not None and input.dim() == 2:
            raise not_parsed("addmm", "mat1")(input) if is_plain else not_parsed("addmm", "mat2", 2)(weight)
        input.matmul(weight)  # which refuses the mixture


def check_steps(input, states):
    """TypeError when the input or a state of a recurrent module is no Variable: that of a product."""
    for tensor in (input, *(states if isinstance(states, (tuple, list)) else (states,))):
        if tensor is not None and not isinstance(tensor, Variable):
            raise not_parsed("addmm", "mat1")(tensor)


def check_pair(name, input, target):
    """TypeError when the input of the loss `name`, or its target, is no Variable."""
    if not isinstance(input, Variable):
        raise not_parsed(name)(input)
    if not isinstance(target, Variable):
        raise not_parsed(name, "target", 2)(target)


def check_applied(*tensors):
    """RuntimeError when one of the tensors that a Function is called with is no Variable."""
    for tensor in tensors:
        if not isinstance(tensor, Variable):
            raise not_applied(tensor)


# What functions of today's names called: one whose arguments were read in C++ (and its name), or a Function.
_PARSED = {
    "relu": "threshold", "relu6": "hardtanh", "logsigmoid": "log_sigmoid", "rrelu": "rrelu_with_noise",
    **{name: name for name in (
        "threshold", "hardtanh", "elu", "leaky_relu", "prelu", "softplus", "softshrink", "hardshrink", "glu",
        "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d",
        "max_unpool2d", "max_unpool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
        "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "softmax", "log_softmax",
    )},
}  # fmt: skip
_APPLIED = (
    "selu", "dropout", "dropout2d", "dropout3d", "alpha_dropout", "pad", "embedding", "embedding_bag", "bilinear",
    "grid_sample", "affine_grid", "fractional_max_pool2d", "cross_map_lrn2d",
)  # fmt: skip
_CALLED = ("batch_norm", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def refusal_of(name):
    """What the function of today's name raises for an input that is no Variable; None: it takes plain tensors too."""
    if name in _PARSED:
        return not_parsed(_PARSED[name])
    return not_applied if name in _APPLIED else not_called if name in _CALLED else None


def forward_of_variables(layer, function):
    """{"forward": that of the layer, with the refusal and the errors of a function}; {} if it takes plain tensors."""
    refusal = refusal_of(function)
    if refusal is None:
        return {}
    return {"forward": in_03s_words(word_of(function), refusal, 1)(layer.forward)}
