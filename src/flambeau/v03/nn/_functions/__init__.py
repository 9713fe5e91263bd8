"""`torch.nn._functions` of 0.3: the Functions behind the layers, which programs called although they were private."""

from . import dropout, embedding, linear, loss, packing, padding, rnn, thnn, vision

__all__ = ["dropout", "embedding", "linear", "loss", "packing", "padding", "rnn", "thnn", "vision"]
