"""Multiply-adds of layers: how many products of two numbers, each added to something, a call computes.

What is counted are the products with weights and those inside attention; biases, activations, pooling, softmax and the
statistics of normalisations are not. An addition without a product counts nothing: a layer takes about twice as many
floating point operations. `FORMULAS` has one formula for each class of layers, with N outputs in all:

| layer | multiply-adds | source |
| --- | --- | --- |
| Linear | N in_features | definition |
| Bilinear | N in1 (in2 + 1) | definition, A x2 first |
| Conv | N (C_in / groups) kernel | He and Sun, 2015, "Convolutional neural networks at constrained time cost", eq. 1 |
| ConvTranspose | (numbers in) (C_out / groups) kernel | its gradient's, the same convolution backwards |
| RNN, GRU, LSTM (cells too) | steps gates H (inputs + R) for each layer and direction, + steps H R with a projection \
| Sak et al., 2014, "Long short-term memory recurrent neural network architectures", sec. 2.2, without peepholes and \
elementwise products |
| MultiheadAttention | B (L E^2 + S E (K + V) + 2 L S E + L E^2) | Vaswani et al., 2017, "Attention is all you need", \
sec. 3.2: four projections, scores, weighted sums |
| BatchNorm, InstanceNorm, GroupNorm, LayerNorm, RMSNorm, PReLU | N with weights, else 0 | one scale for each element |

A layer with a projection R has R hidden numbers, else R = H. In attention B is the batch, L and S are the numbers of
queries and keys, E, K, V the sizes of queries, keys and values. Other modules count what is in their children; what
their own `forward` computes with functions is not seen.
"""

import math

from .. import nn
from ..nn.batchnorm import _NormBase
from ..nn.conv import _Conv, _ConvTransposeNd
from ..nn.utils.rnn import PackedSequence


def _linear(module, args, output):
    return output.numel() * module.in_features


def _bilinear(module, args, output):
    return output.numel() * module.in1_features * (module.in2_features + 1)


def _conv(module, args, output):
    return output.numel() * (module.in_channels // module.groups) * math.prod(module.kernel_size)


def _conv_transpose(module, args, output):
    return args[0].numel() * (module.out_channels // module.groups) * math.prod(module.kernel_size)


def _steps(input):
    """The vectors in a batch of sequences, padded or packed."""
    data = input.data if isinstance(input, PackedSequence) else input
    return data.numel() // data.size(-1)


def _recurrent(module, args, output):
    matrices = [weight for weights in module.all_weights for weight in weights if weight.dim() == 2]
    return _steps(args[0]) * sum(weight.numel() for weight in matrices)


def _cell(module, args, output):
    return _steps(args[0]) * (module.weight_ih.numel() + module.weight_hh.numel())


def _attention(module, args, output):
    query, key, value = args[:3]
    time = 0 if query.dim() == 2 else int(module.batch_first)
    batch = 1 if query.dim() == 2 else query.size(1 - time)
    queries, keys, size = query.size(time), key.size(time), module.embed_dim
    projections = 2 * queries * size * size + keys * size * (key.size(-1) + value.size(-1))
    return batch * (projections + 2 * queries * keys * size)


def _elementwise(module, args, output):
    return 0 if getattr(module, "weight", None) is None else output.numel()


FORMULAS = {
    nn.Linear: _linear,
    nn.Bilinear: _bilinear,
    _Conv: _conv,
    _ConvTransposeNd: _conv_transpose,
    nn.RNNBase: _recurrent,
    nn.RNNCellBase: _cell,
    nn.MultiheadAttention: _attention,
    _NormBase: _elementwise,
    nn.GroupNorm: _elementwise,
    nn.LayerNorm: _elementwise,
    nn.RMSNorm: _elementwise,
    nn.PReLU: _elementwise,
}


def multiply_adds(module, args, output):
    """The multiply-adds of a call of a layer itself, without its children; 0 for a class that FORMULAS does not have.

    args: the arguments of the call in the order of `forward`; output: its result.
    """
    for cls in type(module).__mro__:
        if cls in FORMULAS:
            return FORMULAS[cls](module, args, output)
    return 0
