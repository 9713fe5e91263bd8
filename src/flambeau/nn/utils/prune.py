"""Pruning: parameters some of whose elements a mask sets to zero, by a hook before forward.

A pruned parameter `name` is the product of the parameter `name`_orig and the buffer `name`_mask. The classes choose
masks; the functions below them apply one to a module.
"""

import numbers
from abc import ABC, abstractmethod

import flambeau as fb


def _count(amount, size):
    """How many of `size` elements `amount` is: a number of elements, or the fraction of them."""
    return amount if isinstance(amount, numbers.Integral) else round(amount * size)


def _check_amount(amount):
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if float(amount) < 0 or (not isinstance(amount, numbers.Integral) and float(amount) > 1):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
        )


def _check_count(amount, size):
    if isinstance(amount, numbers.Integral) and amount > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )


def _check_channels(t, dim):
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
            f"{t.shape} with {t.dim()} dims"
        )
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def _same_shape(scores, shape, what):
    if scores is not None and scores.shape != shape:
        raise AssertionError(
            f"importance_scores should have the same shape as {what}, got {scores.shape} vs {shape}"
        )


def _channels(t, dim, kept):
    """A mask like t: 1 in the entries `kept` (indices or booleans) of dimension dim, else 0."""
    mask = fb.zeros_like(t)
    index = [slice(None)] * t.dim()
    index[dim] = kept
    mask[tuple(index)] = 1
    return mask


class BasePruningMethod(ABC):
    """A way of choosing what is pruned. Subclasses define compute_mask, and PRUNING_TYPE: "unstructured" (elements),
    "structured" (the entries of dimension `dim`) or "global" (the whole tensor), which says what of a tensor that is
    pruned already a further method sees.
    """

    _tensor_name: str
    PRUNING_TYPE: str

    def __call__(self, module, inputs):
        """The hook before forward: sets the attribute to the masked parameter."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t, default_mask):
        """The mask, of the shape of t, given scores t of importance and the mask of before."""

    def apply_mask(self, module):
        """The masked parameter of module (recorded)."""
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module, name, *args, importance_scores=None, **kwargs):
        """Prune the parameter `name` of module by cls(*args, **kwargs), on top of what is pruned; the hook of it.

        importance_scores: a tensor of the parameter's shape to judge by, in place of the parameter. Raises
        AssertionError for another shape. What raises changes nothing.
        """
        hook: BasePruningMethod
        method = hook = cls(*args, **kwargs)
        method._tensor_name = name
        before = [
            (key, hook)
            for key, hook in module._forward_pre_hooks.items()
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        ]
        if len(before) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a "
                "PruningContainer."
            )
        current = getattr(module, name)
        _same_shape(importance_scores, current.shape, f"parameter {name} of {module}")
        scores = current if importance_scores is None else importance_scores
        if before:
            key, old = before[0]
            hook = PruningContainer(*(old if isinstance(old, PruningContainer) else [old]), method)
            mask = hook.compute_mask(scores, getattr(module, name + "_mask").detach().clone())
            del module._forward_pre_hooks[key]
        else:
            mask = method.compute_mask(scores, default_mask=fb.ones_like(current))
            if mask.shape != current.shape:
                raise AssertionError(
                    f"{cls.__name__}: the mask has shape {mask.shape} but the parameter {name} has {current.shape}"
                )
            module.register_parameter(name + "_orig", module._parameters.pop(name))
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, hook.apply_mask(module))
        module.register_forward_pre_hook(hook)
        return hook

    def prune(self, t, default_mask=None, importance_scores=None):
        """A masked copy of the tensor t; nothing is registered."""
        _same_shape(importance_scores, t.shape, "tensor t")
        scores = t if importance_scores is None else importance_scores
        mask = fb.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module):
        """Make a plain parameter of what is pruned: the same object, with zeros in it. The hook is left to `remove`."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        original = module._parameters[name + "_orig"]
        if hasattr(module, name):
            delattr(module, name)
        original.data = weight.data
        del module._parameters[name + "_orig"], module._buffers[name + "_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, each for what those before have left."""

    def __init__(self, *args):
        self._pruning_methods: tuple = ()
        for method in args:
            self.add_pruning_method(method)
        if args:
            self._tensor_name = args[0]._tensor_name

    def add_pruning_method(self, method):
        """Add a method, of the same parameter. TypeError when it is no method, ValueError for another parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._pruning_methods and method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        if not self._pruning_methods:
            self._tensor_name = method._tensor_name
        self._pruning_methods += (method,)

    def __len__(self):
        return len(self._pruning_methods)

    def __iter__(self):
        return iter(self._pruning_methods)

    def __getitem__(self, idx):
        return self._pruning_methods[idx]

    def compute_mask(self, t, default_mask):
        """The mask of before, and of what it leaves that of the last method."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype, copy=True)
        seen = _seen_by(method, t, default_mask)
        mask[seen] = method.compute_mask(t[seen], default_mask=default_mask[seen]).to(dtype=t.dtype)
        return mask


def _seen_by(method, t, mask):
    """The index of the part of a pruned tensor that a method gets."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    if method.PRUNING_TYPE == "global":
        return (slice(None),) * t.dim()
    if method.PRUNING_TYPE != "structured":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    if not hasattr(method, "dim"):
        raise AttributeError(
            'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
        )
    dim = method.dim + t.dim() if method.dim < 0 else method.dim
    if not 0 <= dim < t.dim():
        raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
    index = [slice(None)] * t.dim()
    index[dim] = mask.sum(dim=[d for d in range(t.dim()) if d != dim]) != 0
    return tuple(index)


class Identity(BasePruningMethod):
    """Prunes nothing; the mask is there for others to build on."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        return default_mask

class _Unstructured(BasePruningMethod):
    """A method that prunes `amount` elements: a number, or a fraction of them."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount):
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t, default_mask):
        count = _count(self.amount, t.nelement())
        _check_count(self.amount, t.nelement())
        mask = default_mask.clone(memory_format=fb.contiguous_format)
        if count:
            mask.view(-1)[self._chosen(t, count)] = 0
        return mask

    def _chosen(self, t, count):
        """The flat indices of `count` elements to prune."""
        raise NotImplementedError


class RandomUnstructured(_Unstructured):
    """RandomUnstructured(amount): random elements."""

    def _chosen(self, t, count):
        return fb.topk(fb.rand_like(t).view(-1), k=count).indices

class L1Unstructured(_Unstructured):
    """L1Unstructured(amount): the elements of the smallest absolute value (or importance)."""

    def _chosen(self, t, count):
        return fb.topk(t.abs().reshape(-1), k=count, largest=False).indices

    @classmethod
    def apply(cls, module, name, amount, importance_scores=None):  # type: ignore[override]
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class RandomStructured(BasePruningMethod):
    """RandomStructured(amount, dim=-1): random entries of dimension dim, each as a whole."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount, dim=-1):
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t, default_mask):
        _check_channels(t, self.dim)
        count = _count(self.amount, t.shape[self.dim])
        _check_count(self.amount, t.shape[self.dim])
        if count == 0:
            return default_mask
        scores = fb.rand(t.shape[self.dim])
        kept = scores > fb.kthvalue(scores, k=count).values
        return _channels(t, self.dim, kept).to(dtype=default_mask.dtype) * default_mask

class LnStructured(BasePruningMethod):
    """LnStructured(amount, n, dim=-1): the entries of dimension dim with the smallest n-norm, each as a whole."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount, n, dim=-1):
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t, default_mask):
        _check_channels(t, self.dim)
        size = t.shape[self.dim]
        count = _count(self.amount, size)
        _check_count(self.amount, size)
        if count == 0:
            return default_mask
        kept = fb.topk(self._norms(t), k=size - count, largest=True).indices
        return _channels(t, self.dim, kept).to(dtype=default_mask.dtype) * default_mask

    def _norms(self, t):
        dim = self.dim % t.dim()
        return fb.norm(t, p=self.n, dim=[d for d in range(t.dim()) if d != dim])

    @classmethod
    def apply(cls, module, name, amount, n, dim, importance_scores=None):  # type: ignore[override]
        options = {"amount": amount, "n": n, "dim": dim}
        return super().apply(module, name, importance_scores=importance_scores, **options)


class CustomFromMask(BasePruningMethod):
    """CustomFromMask(mask): what is 0 in `mask`."""

    PRUNING_TYPE = "global"

    def __init__(self, mask):
        self.mask = mask

    def compute_mask(self, t, default_mask):
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

# -------------------------------------------------------- functions


def identity(module, name):
    """identity(module, name) -> module, with the parameter `name` masked by ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module, name, amount):
    """random_unstructured(module, name, amount) -> module

    Prunes random elements of the parameter `name`: `amount` of them, or the fraction `amount` in [0, 1].
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module, name, amount, importance_scores=None):
    """l1_unstructured(module, name, amount, importance_scores=None) -> module

    Prunes the elements of the parameter `name` with the smallest absolute values, or those of importance_scores.
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module, name, amount, dim):
    """random_structured(module, name, amount, dim) -> module, with random entries of dimension dim pruned."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module, name, amount, n, dim, importance_scores=None):
    """ln_structured(module, name, amount, n, dim, importance_scores=None) -> module

    Prunes the entries of dimension dim that have the smallest n-norm (n: as for `norm`, "inf" included).
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module, name, mask):
    """custom_from_mask(module, name, mask) -> module, with the elements pruned where `mask` is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(parameters, pruning_method, importance_scores=None, **kwargs):
    """global_unstructured(parameters, pruning_method, importance_scores=None, **kwargs)

    Prunes the parameters, (module, name) pairs, as if they were one vector: an amount counts for all together.
    pruning_method: an unstructured class, made with **kwargs. importance_scores: a dictionary from such pairs to
    tensors. Raises TypeError for another kind of method.
    """
    parameters = list(parameters)
    if importance_scores is not None and not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    given = importance_scores or {}
    tensors = [getattr(module, name) for module, name in parameters]
    scores = [given.get(pair, tensor) for pair, tensor in zip(parameters, tensors, strict=True)]
    masks = [
        getattr(module, name + "_mask", fb.ones_like(tensor))
        for (module, name), tensor in zip(parameters, tensors, strict=True)
    ]
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    flat_scores, flat_mask = (fb.cat([t.reshape(-1) for t in values]) for values in (scores, masks))
    final = container.compute_mask(flat_scores, flat_mask)
    parts = final.split([tensor.numel() for tensor in tensors])
    for (module, name), tensor, part in zip(parameters, tensors, parts, strict=True):
        custom_from_mask(module, name, part.view_as(tensor))


def remove(module, name):
    """remove(module, name) -> module, whose parameter `name` is a plain one again, with zeros where it was pruned.

    Raises ValueError when it was not pruned.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module):
    """is_pruned(module) -> bool: whether a parameter of module, or of a module below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )
