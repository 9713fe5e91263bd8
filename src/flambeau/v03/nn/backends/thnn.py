"""`torch.nn.backends.thnn` of 0.3: the Functions that programs' own layers called, `self._backend.LSTMCell(...)`."""

from .._functions import dropout, linear, loss, rnn, thnn
from .backend import FunctionBackend

__all__ = ["backend"]

backend = FunctionBackend()
_CELLS = ("GRUCell", "LSTMCell", "RNN", "RNNReLUCell", "RNNTanhCell")
_FUNCTIONS = {name: getattr(rnn, name) for name in _CELLS}
for _part in (thnn.auto, thnn.activation, thnn.normalization, thnn.pooling, thnn.sparse, thnn.upsampling, linear, loss):
    _FUNCTIONS.update({name: getattr(_part, name) for name in _part.__all__})
_FUNCTIONS["Dropout"] = dropout.Dropout
_FUNCTIONS["Dropout2d"] = _FUNCTIONS["Dropout3d"] = dropout.FeatureDropout
for _name, _function in _FUNCTIONS.items():
    backend.register_function(_name, _function)
