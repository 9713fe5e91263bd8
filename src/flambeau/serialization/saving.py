"""`save`."""

import pickle

from . import sequence, zipformat
from .files import writing

DEFAULT_PROTOCOL = 2


def save(obj, f, pickle_module=pickle, pickle_protocol=DEFAULT_PROTOCOL, _use_new_zipfile_serialization=True,
         _disable_byteorder_record=False):  # fmt: skip
    """save(obj, f): writes any object that can be pickled, with the tensors in it, in PyTorch's format

    f: a path, or a file object open for writing bytes, which need not seek. A path is written to a temporary file
    beside it, which takes its place when complete: a crash leaves the old file. Tensors keep requires_grad and what
    they share, not history and grad. _use_new_zipfile_serialization=False writes the format of 0.2 to 1.5.
    """
    with writing(f, _use_new_zipfile_serialization) as file:
        if _use_new_zipfile_serialization:
            zipformat.write(file, obj, pickle_module, pickle_protocol, not _disable_byteorder_record)
        else:
            sequence.write(file, obj, pickle_module, pickle_protocol)
