"""State dictionaries of modules: `state_dict`, `load_state_dict` and their hooks.

A state dictionary is an OrderedDict from dotted names to tensors. Its attribute `_metadata` maps the dotted name of
every module to `{"version": n}`, so that a module can read what an older version of itself wrote.
"""

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Mapping

import flambeau as fb
from flambeau import Tensor

from .hooks import HookTables, add_hook
from .parameter import Parameter, is_lazy, loading, older_rules

EXTRA_STATE_KEY = "_extra_state"


class IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class StateKeyError(RuntimeError, KeyError):
    """Names are missing in a state dictionary, or are nobody's: a KeyError in 0.3, a RuntimeError since."""

    __str__ = Exception.__str__


class StateMethods(HookTables):
    """The part of Module that saves and loads state."""

    _version: int
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict
    _non_persistent_buffers_set: set[str]

    # -------------------------------------------------------- saving

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """An OrderedDict of all parameters and persistent buffers, by dotted name.

        The tensors share memory with the module and are detached unless `keep_vars`. `destination`: the mapping to
        add to; `prefix`: put before every name.
        """
        if args and not older_rules():
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead: "
                "state_dict(destination=..., prefix=..., keep_vars=...)",
                FutureWarning,
                stacklevel=2,
            )
        if args:
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination", destination)
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, local_metadata)
            if result is not None:
                destination = result
        return destination

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Put this module's own entries (not its children's) into `destination`; for subclasses to extend."""
        for name, param in self._parameters.items():
            if param is not None:
                destination[prefix + name] = param if keep_vars or is_lazy(param) else param._for_state_dict()
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = buffer if keep_vars or is_lazy(buffer) else buffer._for_state_dict()
        if type(self).get_extra_state is not StateMethods.get_extra_state:
            destination[prefix + EXTRA_STATE_KEY] = self.get_extra_state()

    def get_extra_state(self):
        """Override together with `set_extra_state` to save something besides tensors."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called: "
            f"{type(self).__name__} does not define it."
        )

    def set_extra_state(self, state):
        """Receives what `get_extra_state` returned when the state was saved."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called: "
            f"{type(self).__name__} does not define it."
        )

    # -------------------------------------------------------- loading

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copy parameters and buffers from `state_dict` (a mapping from dotted names to tensors).

        strict: missing and unexpected names are errors (else they are only reported). assign: take the given tensors
        themselves instead of copying. Returns (missing_keys, unexpected_keys). Raises TypeError when `state_dict` is
        no mapping, RuntimeError listing everything that did not fit (also a KeyError when only names did not); what did
        fit has been loaded then.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        loads = loading()
        if loads is not None and not assign:
            return loads(self, state_dict, strict)
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        # A copy: _load_from_state_dict and the hooks may rename entries.
        state_dict = OrderedDict(state_dict)
        if metadata is not None:
            state_dict._metadata = metadata

        def load(module, entries, prefix):
            local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local_metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(entries, prefix, local_metadata, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    child_prefix = f"{prefix}{name}."
                    own = {k: v for k, v in entries.items() if k.startswith(child_prefix)}
                    load(child, own, child_prefix)
            incompatible = IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, incompatible) is not None:
                    raise RuntimeError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                        "values, if incompatible_keys need to be modified, it should be done inplace."
                    )

        load(self, state_dict, "")
        only_keys = not errors
        if strict:
            if unexpected:
                errors.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
            if missing:
                errors.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        if errors:
            listing = "\n\t".join(errors)
            error = StateKeyError if only_keys else RuntimeError
            raise error(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listing}")
        return IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Load this module's own entries (not its children's); for subclasses to extend.

        Names not found are appended to `missing_keys`, names under `prefix` that are nobody's to `unexpected_keys`,
        entries that do not fit to `error_msgs`.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        persistent = {k: v for k, v in self._buffers.items() if k not in self._non_persistent_buffers_set}
        local_state = {k: v for k, v in (*self._parameters.items(), *persistent.items()) if v is not None}
        assign = local_metadata.get("assign_to_params_buffers", False)

        for name, target in local_state.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            source = state_dict[key]
            if not isinstance(source, Tensor):
                error_msgs.append(
                    f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                    f"checkpoint but received {type(source)}"
                )
                continue
            if is_lazy(target) and is_lazy(source):
                continue
            if target.dim() == 0 and source.dim() == 1 and len(source) == 1:
                source = source[0]  # what was a scalar was saved with one element by 0.3
            if source.shape != target.shape:
                error_msgs.append(
                    f"size mismatch for {key}: copying a param with shape {source.shape} from checkpoint, "
                    f"the shape in current model is {target.shape}."
                )
                continue
            try:
                self._load_one(name, target, source, assign)
            except Exception as error:
                error_msgs.append(
                    f'While copying the parameter named "{key}", whose dimensions in the model are {target.size()} and '
                    f"whose dimensions in the checkpoint are {source.size()}, an exception occurred : {error.args}."
                )

        extra_key = prefix + EXTRA_STATE_KEY
        if type(self).set_extra_state is not StateMethods.set_extra_state:
            if extra_key in state_dict:
                self.set_extra_state(state_dict[extra_key])
            elif strict:
                missing_keys.append(extra_key)
        elif strict and extra_key in state_dict:
            unexpected_keys.append(extra_key)

        if strict:
            dotted = tuple(f"{name}." for name in self._modules if "." in name)
            for key in state_dict:
                if key.startswith(prefix) and key != extra_key:
                    name = key[len(prefix) :]
                    first, *rest = name.split(".", 1)
                    known = name in local_state or (rest and first in self._modules) or name.startswith(dotted)
                    if not known:
                        unexpected_keys.append(key)

    def _load_one(self, name, target, source, assign):
        if not assign:
            with fb.no_grad():
                target.copy_(source._for_state_dict())
            return
        if isinstance(target, Parameter) and not isinstance(source, Parameter):
            source = Parameter(source, requires_grad=target.requires_grad)
        setattr(self, name, source)

    # -------------------------------------------------------- hooks

    def register_state_dict_pre_hook(self, hook):
        """Call `hook(module, prefix, keep_vars)` before `state_dict` collects this module's entries."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook):
        """Call `hook(module, state_dict, prefix, local_metadata)` after; it may change `state_dict` in place."""
        return add_hook(self._state_dict_hooks, _InPlaceHook(hook))

    def _register_state_dict_hook(self, hook):
        """As `register_state_dict_post_hook`, but the hook may return another mapping to go on with."""
        return add_hook(self._state_dict_hooks, hook)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        """The older registration: the hook does not get the module unless `with_module`."""
        return add_hook(self._load_state_dict_pre_hooks, _WrappedHook(hook, self if with_module else None))

    def register_load_state_dict_pre_hook(self, hook):
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`
        before this module's entries are loaded."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook):
        """Call `hook(module, incompatible_keys)` after loading; it may change the two lists in place."""
        return add_hook(self._load_state_dict_post_hooks, hook)


class _InPlaceHook:
    """A state_dict hook that may change the mapping in place and must return None."""

    def __init__(self, hook):
        self.hook = hook

    def __call__(self, *args):
        if self.hook(*args) is not None:
            raise RuntimeError("state_dict post-hook must return None")


class _WrappedHook:
    """A load hook and the module it is called with (None: it takes no module)."""

    def __init__(self, hook, module):
        self.hook = hook
        self.module = module

    def __getstate__(self):
        """As PyTorch's class of this name has it."""
        with_module = self.module is not None
        return {"hook": self.hook, "with_module": with_module} | ({"module": self.module} if with_module else {})

    def __setstate__(self, state):
        self.hook, self.module = state["hook"], state.get("module")

    def __call__(self, *args):
        return self.hook(*args) if self.module is None else self.hook(self.module, *args)


def _quoted(keys):
    return ", ".join(f'"{key}"' for key in keys)
