"""`torch.nn.backends.thnn` of 0.3: the Functions that programs' own layers called, `self._backend.LSTMCell(...)`."""

from .._functions import dropout, embedding, rnn
from .backend import FunctionBackend

__all__ = ["backend"]

backend = FunctionBackend()
for _name in rnn.__all__:
    backend.register_function(_name, getattr(rnn, _name))
for _name, _function in (("Dropout", dropout.Dropout), ("Dropout2d", dropout.FeatureDropout),
                         ("Dropout3d", dropout.FeatureDropout), ("Embedding", embedding.Embedding)):  # fmt: skip
    backend.register_function(_name, _function)
