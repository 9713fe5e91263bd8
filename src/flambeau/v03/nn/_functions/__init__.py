"""`torch.nn._functions` of 0.3: the Functions behind some layers, which programs called although they were private."""

from . import dropout, embedding, padding, rnn

__all__ = ["dropout", "embedding", "padding", "rnn"]
