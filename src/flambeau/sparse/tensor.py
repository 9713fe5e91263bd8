"""SparseTensor: coordinates and values, and how it takes part where tensors do.

A sparse tensor consists of ordinary tensors: `_index` (int64, sparse_dim x nnz), the coordinates of its entries,
and `_value` (nnz x dense sizes). Its operations are written in operations on these, so that gradients go through
the values. Compressed layouts keep their coordinates too, in order of rows (CSR) or columns (CSC); the row
pointers are made when asked for.

An op called with a sparse tensor is looked up by name in a table (`@implements`), methods in a table of the
class; what is not there raises one sentence. Ordinary tensors pay nothing for it: the core asks only once this
package is imported.
"""

from typing import Any

from .. import _core
from ..dtype import as_dtype
from ..interpreters import Shell
from ..layout import sparse_coo
from ..ops.op import METHODS
from ..tensor import Tensor

TABLE: dict[str, Any] = {}  # name of an op -> what answers it when one of its tensors is sparse
MIXED: set[str] = set()  # those that take an ordinary tensor first, and a sparse one after it


def implements(*names, mixed=False):
    """Registers a function as the answer to ops of these names; mixed: also when the first tensor is not sparse."""

    def register(function):
        for name in names:
            TABLE[name] = function
        if mixed:
            MIXED.update(names)
        return function

    return register


def refuse(name, layout=sparse_coo):
    """The error for what sparse tensors cannot do."""
    return NotImplementedError(f"{name}: not defined for the layout {layout}; convert with to_dense() first")


def call(name, args, kwargs):
    """Answers an op that was called with a sparse tensor among its arguments."""
    function = TABLE.get(name)
    first = args[0] if args else kwargs.get("input")
    if function is None or not (name in MIXED or isinstance(first, SparseTensor)):
        found = [a for a in (*args, *kwargs.values()) if isinstance(a, SparseTensor)]
        raise refuse(name, found[0].layout if found else sparse_coo)
    out = kwargs.pop("out", None)
    if out is None:
        return function(*args, **kwargs)
    tensors = [a for a in args if isinstance(a, Tensor)]
    if _core.is_grad_enabled() and any(t.requires_grad for t in (out, *tensors)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    result = function(*args, **kwargs)
    if isinstance(out, SparseTensor) != isinstance(result, SparseTensor):
        raise RuntimeError(f"{name}(): expected out= of the layout {result.layout}, got {out.layout}")
    if isinstance(out, SparseTensor):
        return out._become(result.to(out.dtype))
    if out.shape != result.shape:
        out.resize_(result.shape)
    return out.copy_(result)


_NEEDS_ARRAY = (
    "a sparse tensor has no single array, which this operation needs; convert with to_dense() first"
)


class SparseTensor(Tensor):
    """A tensor of which only some entries are kept, in the layout `sparse_coo`, `sparse_csr` or `sparse_csc`.

    Made by `sparse_coo_tensor`, `sparse_csr_tensor`, `sparse_csc_tensor` and `Tensor.to_sparse`. Entries with equal
    coordinates add up; a coalesced tensor has none, and its entries are in order. The first `sparse_dim()`
    dimensions have coordinates, the other `dense_dim()` are those of the values.
    """

    _face = Tensor
    _level = 0

    def __new__(cls, index, value, *rest, **named):
        """One of the face that the values have."""
        face = getattr(type(value), "_sparse_face", None)
        return super().__new__(cls if face is None else face())

    def __init__(self, index, value, size, layout=sparse_coo, coalesced=False):
        self.layout = layout
        self._set(index, value, size, coalesced)

    def _set(self, index, value, size, coalesced):
        from ..size import Size

        self._index, self._value = index, value
        self._coalesced = coalesced or index.shape[1] < 2
        self._compressed = None
        _core.init_tensor(self, Shell(Size(size), _core.array_of(value).dtype, _NEEDS_ARRAY))

    def _with(self, value):
        """The same coordinates with other values."""
        new = SparseTensor(self._index, value, self.shape, self.layout, self._coalesced)
        new._compressed = self._compressed
        return new

    def _become(self, other):
        """self takes the contents of other; all checks were made."""
        self._set(other._index, other._value, other.shape, other._coalesced)
        _core.bump_version(self)
        return self

    def _check_inplace(self, name):
        if _core.is_grad_enabled() and self.requires_grad and self.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. "
                f"{name}: change it under no_grad(), or change a clone()."
            )

    # ---- what it is

    def _interpret(self, function, args, kwargs, prepared):
        return call(function.name, args, kwargs)

    def _gradients(self, outputs, inputs, grad_outputs, retain_graph, create_graph):
        """autograd.grad through the values of sparse tensors; gradients have the coordinates of their inputs."""
        from ..autograd.engine import grad

        roots, leaves, seeds = _of_values(outputs, inputs, grad_outputs)
        results = grad(roots, leaves, seeds, retain_graph, create_graph, allow_unused=True)
        pairs = zip(inputs, results, strict=True)
        return tuple([t._with(g) if g is not None and isinstance(t, SparseTensor) else g for t, g in pairs])

    def _accumulate(self, outputs, inputs, grad_outputs, retain_graph, create_graph):
        """autograd.backward through the values of sparse tensors."""
        from ..autograd.engine import backward

        roots, leaves, seeds = _of_values(outputs, inputs, grad_outputs)
        backward(roots, seeds, retain_graph, create_graph, inputs=leaves)

    is_sparse = property(lambda self: self.layout is sparse_coo)
    is_sparse_csr = property(lambda self: self.layout.name == "sparse_csr")
    device = property(lambda self: self._value.device)

    def _nnz(self):
        """_nnz() -> int: the number of entries that are kept."""
        return self._index.shape[1]

    def sparse_dim(self):
        """sparse_dim() -> int: the number of dimensions with coordinates."""
        return self._index.shape[0]

    def dense_dim(self):
        """dense_dim() -> int: the number of dimensions of each value."""
        return self._value.ndim - 1

    _dimI, _dimV = sparse_dim, dense_dim

    def _coalesced_(self, coalesced):
        """_coalesced_(bool) -> self, taken to be (or not to be) in order, with distinct coordinates."""
        self._coalesced = bool(coalesced)
        return self

    def type(self, dtype=None, non_blocking=False, **kwargs):
        """type() -> str such as 'torch.sparse.FloatTensor';  type(dtype) -> converted to a dtype or typed class."""
        if dtype is None:
            return self._value.type().replace("torch.", "torch.sparse.").replace("sparse.cuda", "cuda.sparse")
        if isinstance(dtype, str):
            return self._with(self._value.type(dtype.replace("sparse.", "")))
        device = ("cuda" if dtype.is_cuda else "cpu") if hasattr(dtype, "is_cuda") else None
        if device == self.device.type:
            device = None
        return self.to(dtype=as_dtype(getattr(dtype, "dtype", dtype)), device=device)

    def stride(self, dim=None):
        """stride() -> zeros: there is no array to step through."""
        return (0,) * self.ndim if dim is None else 0

    def storage_offset(self):
        """storage_offset() -> 0."""
        return 0

    def is_contiguous(self, memory_format=None):
        """is_contiguous() -> False: there is no array."""
        return False

    def contiguous(self, memory_format=None):
        """contiguous() -> self."""
        return self

    def numpy(self, *, force=False):
        """numpy(): refused; a sparse tensor has no array."""
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def __array__(self, dtype=None, copy=None):
        return self.numpy()

    @property
    def nbytes(self):
        """Bytes of the values."""
        return self._value.nbytes

    # ---- autograd: the state is that of the values

    requires_grad = property(lambda self: self._value.requires_grad, lambda self, v: self.requires_grad_(v))
    is_leaf = property(lambda self: self._value.is_leaf)
    grad_fn = property(lambda self: self._value.grad_fn)
    output_nr = property(lambda self: self._value.output_nr)
    retains_grad = property(lambda self: self._value.retains_grad)
    data = property(lambda self: self._with(self._value.data), lambda self, other: self._become(other))

    @property
    def grad(self):
        """The gradient of the values, at the coordinates of this tensor; None when there is none."""
        grad = self._value.grad
        return None if grad is None else self._with(grad)

    @grad.setter
    def grad(self, value):
        self._value.grad = None if value is None else sampled(value, self, "grad")

    @grad.deleter
    def grad(self):
        self._value.grad = None

    def requires_grad_(self, requires_grad=True):
        """requires_grad_(requires_grad=True) -> self: starts (or stops) recording operations on this leaf."""
        self._value.requires_grad_(requires_grad)
        return self

    def detach(self):
        """detach() -> the same entries without history."""
        return self._with(self._value.detach())

    def detach_(self):
        """detach_() -> self, made a leaf."""
        self._value = self._value.detach()
        return self

    def retain_grad(self):
        """retain_grad(): backward also fills in `.grad` of this non-leaf tensor."""
        self._value.retain_grad()

    def register_hook(self, hook):
        """register_hook(fn(grad) -> Tensor or None) -> handle: called when the gradient of this tensor is computed."""

        def on_values(grad):
            new = hook(self._with(grad))
            return None if new is None else sampled(new, self, "hook")

        return self._value.register_hook(on_values)

    def backward(
        self, gradient=None, retain_graph=None, create_graph=False, inputs=None, retain_variables=None
    ):
        """backward(gradient) -> None: as of any tensor; gradient may be sparse or dense, of this tensor's shape."""
        if gradient is None:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        gradient = sampled(gradient, self, "backward")
        if inputs is not None:
            inputs = [inputs] if isinstance(inputs, Tensor) else inputs
            inputs = [t._value if isinstance(t, SparseTensor) else t for t in inputs]
        self._value.backward(gradient, retain_graph, create_graph, inputs, retain_variables)

    # ---- Python

    def __bool__(self):
        if self.numel() == 1:
            return bool(self.to_dense())
        return super().__bool__()

    def item(self):
        """item() -> the value of a tensor of one element as a Python number."""
        if self.numel() != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return self.to_dense().item()

    def __repr__(self):
        from .printing import sparse_repr

        return sparse_repr(self)

    def __format__(self, spec):
        return object.__format__(self, spec)

    def __deepcopy__(self, memo):
        import copy

        if id(self) not in memo:
            new = self._with(copy.deepcopy(self._value, memo))
            new._index = copy.deepcopy(self._index, memo)
            new._compressed = None
            memo[id(self)] = new
        return memo[id(self)]

    def __copy__(self):
        return self._with(self._value)

    def __reduce_ex__(self, protocol):
        from ..ops.sparse import rebuild_sparse

        parts: tuple[Tensor, ...]
        if self.layout is sparse_coo:
            parts = self._index, self._value
        elif self.is_sparse_csr:
            parts = self.crow_indices(), self.col_indices(), self._value
        else:
            parts = self.ccol_indices(), self.row_indices(), self._value
        return rebuild_sparse, (self.layout.name, parts, tuple(self.shape), self._coalesced)

    def __matmul__(self, other):
        if not isinstance(other, Tensor):
            return NotImplemented
        return TABLE["matmul"](self, other)

    def __rmatmul__(self, other):
        if not isinstance(other, Tensor):
            return NotImplemented
        return TABLE["matmul"](other, self)

    def __getitem__(self, key):
        return TABLE["getitem"](self, key)

    def __setitem__(self, key, value):
        raise TypeError("Cannot assign to a sparse tensor")

    def __iter__(self):
        return iter(self.unbind(0))


def sampled(value, like, name):
    """The entries of a sparse or dense tensor at the coordinates of `like`, as values."""
    if not isinstance(value, Tensor) or value.shape != like.shape:
        got = type(value).__name__ if not isinstance(value, Tensor) else list(value.shape)
        raise RuntimeError(
            f"{name}: expected a Tensor of the shape {list(like.shape)} of the sparse tensor, got {got}"
        )
    if isinstance(value, SparseTensor) and (value._index is like._index or value._index.equal(like._index)):
        return value._value.to(like.dtype)
    return TABLE["sparse_mask"](value, like)._value.to(like.dtype)


def _of_values(outputs, inputs, grad_outputs):
    """The tensors of a backward pass with the values of sparse ones in their place."""
    seeds = [
        sampled(u, y, "backward")
        if isinstance(y, SparseTensor)
        else u.to_dense()
        if isinstance(u, SparseTensor)
        else u
        for y, u in zip(outputs, grad_outputs, strict=True)
    ]
    roots, leaves = [
        None if ts is None else [t._value if isinstance(t, SparseTensor) else t for t in ts]
        for ts in (outputs, inputs)
    ]
    return roots, leaves, seeds


def as_sparse_gradcheck(gradcheck):
    """as_sparse_gradcheck(gradcheck) -> gradcheck that also takes functions of sparse tensors, as this library's does:
    their values are moved, the gradients at other elements are not looked at."""

    def checked(func, inputs, *, masked=True, **options):
        return gradcheck(func, inputs, **options)

    return checked


# methods written in others, which are right as they are
_KEPT = {"is_signed", "is_same_size", "ndimension", "is_conj", "is_neg", "new_tensor"}
# methods of Tensor that are about its array
_ABOUT_ARRAYS = ("tolist", "storage", "untyped_storage", "data_ptr", "share_memory_", "__dlpack__", "__dlpack_device__",
                 "__contains__", "__reversed__")  # fmt: skip


def install():
    """Gives SparseTensor its table of methods: what is in TABLE; a refusal for all other mathematics of Tensor."""
    for name, method in METHODS.items():
        if name in SparseTensor.__dict__ or name in _KEPT:
            continue
        function = TABLE.get(name) or TABLE.get(getattr(method, "__name__", name)) or _refusing(name)
        setattr(SparseTensor, name, property(function) if isinstance(method, property) else function)
    for name in _ABOUT_ARRAYS:
        setattr(SparseTensor, name, _refusing(name))
    _core.register_interpreter(SparseTensor)


def _refusing(name):
    def method(self, *args, **kwargs):
        raise refuse(name, self.layout)

    method.__name__ = name
    return method
