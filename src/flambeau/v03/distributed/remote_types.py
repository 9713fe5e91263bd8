"""`torch.distributed.remote_types` of 0.3: tensors and storages that are in the workers of master-worker mode.

    dist.init_master_worker("tcp", init_method="tcp://127.0.0.1:29500", rank=rank, world_size=3)
    a = dist.FloatTensor(1000, 1000).normal_()                      # in worker 1
    with dist.remote_types.on_worker(2):
        b = dist.FloatTensor(1000, 1000).copy_(torch.eye(1000))     # in worker 2
    c = torch.mm(a, a)                                              # where a is
    print(c.sum(), torch.FloatTensor(1000, 1000).copy_(b))

They have the methods, operators and attributes of torch.FloatTensor, ...: each is called in the worker. Numbers, sizes
and text come back, tensors stay there. Tensors of several workers, or of a worker and this process, meet in `copy_`
alone.
"""

import contextlib
import functools
import inspect

from ...storage import TYPES as _STORAGES
from .. import indexing, operators
from ..faces import ELEMENTS, TYPES, Absent, Distant
from .master_worker import master


class _Remote(Distant):
    """A tensor or storage in a worker: FloatTensor(...) makes one in the current worker, as torch.FloatTensor does."""

    _local_class: type

    def __new__(cls, *args, **kwargs):
        return master().call("function", cls.__name__, args, kwargs)

    __init__ = object.__init__  # all is done in __new__

    def __getattr__(self, name):
        found = inspect.getattr_static(self._local_class, name, None)
        if name.startswith("_") or found is None or isinstance(found, Absent):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        if callable(found):
            return functools.partial(self._call, name)
        return self._run.call("attribute", name, (self,), {})

    def __dir__(self):
        return sorted({*object.__dir__(self), *(n for n in dir(self._local_class) if not n.startswith("_"))})

    def _call(self, name, /, *args, **kwargs):
        return self._run.call("method", name, (self, *args), kwargs)

    def type(self, new_type=None, *flags, **options):
        """type() -> str such as "torch.distributed.FloatTensor";  type(new_type) -> self converted, in the same worker.
        """
        if new_type is None:
            return f"torch.distributed.{type(self).__name__}"
        if isinstance(new_type, str):
            new_type = new_type.replace("torch.distributed.", "torch.")
        return self._call("type", new_type, *flags, **options)

    def copy_(self, source, *flags, **options):
        """copy_(source) -> self, with the elements of a tensor in this worker, in another, or in this process."""
        if isinstance(source, Distant) and source._rank != self._rank:
            source = source._local()
        return self._call("copy_", source, *flags, **options)

    def __iter__(self):
        return (self._call("__getitem__", i) for i in range(self.__len__()))

    def __repr__(self):
        return self._call("__repr__").replace("[torch.", "[torch.distributed.")

    def __reduce_ex__(self, protocol):
        raise TypeError(f"a {type(self).__name__} in a worker cannot be pickled: copy_ it into one of this process")

    __hash__ = object.__hash__


def _operator(name):
    def method(self, *args):
        return self._call(name, *args)

    method.__name__ = name
    return method


_TENSOR_METHODS = ({*operators.OPERATORS, *indexing.OPERATORS} | {"__len__", "__contains__"}) - {"__iter__"}
_STORAGE_METHODS = ("__len__", "__getitem__", "__setitem__")


def _class(name, kind, local, names):
    contents = {"__module__": "torch.distributed", "_local_class": local, "_kind": kind}
    return type(name, (_Remote,), contents | {n: _operator(n) for n in names})


CLASSES: dict[str, type] = {
    **{f"{n}Tensor": _class(f"{n}Tensor", "tensor", TYPES[f"{n}Tensor"], _TENSOR_METHODS) for n in ELEMENTS},
    **{f"{n}Storage": _class(f"{n}Storage", "storage", _STORAGES[f"{n}Storage"], _STORAGE_METHODS) for n in ELEMENTS},
}
globals().update(CLASSES)

__all__ = ["call", "on_worker", *CLASSES]


@contextlib.contextmanager
def on_worker(rank):
    """with on_worker(rank): tensors are made in this worker. At first it is worker 1. ValueError for other ranks."""
    run = master()
    before, run.worker = run.worker, rank
    try:
        yield
    finally:
        run.worker = before


def call(name, /, *args, **kwargs):
    """call(name, ...) -> what a function of the namespace gives in the worker of its tensors, or the current one:
    call("manual_seed", 1), call("randn", 2, 3), call("cat", [a, b]).

    Results of other kinds than tensors, numbers, text, sizes and arrays stay in the worker: what is returned can be
    given to other calls.
    """
    return master().call("function", name, args, kwargs)
