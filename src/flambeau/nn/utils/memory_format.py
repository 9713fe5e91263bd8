"""Memory formats of the weights of convolutions."""

from ..conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d


def convert_conv2d_weight_memory_format(module, memory_format):
    """convert_conv2d_weight_memory_format(module, memory_format) -> module

    Lays out the weights of all Conv2d and ConvTranspose2d in `module` anew, in place: channels_last, or
    contiguous_format.
    """
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module, memory_format):
    """convert_conv3d_weight_memory_format(module, memory_format) -> module

    Lays out the weights of all Conv3d and ConvTranspose3d in `module` anew, in place: channels_last_3d, or
    contiguous_format.
    """
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)


def _convert(module, classes, memory_format):
    for layer in module.modules():
        if isinstance(layer, classes):
            layer.weight.data = layer.weight.detach().clone().contiguous(memory_format=memory_format)
    return module
