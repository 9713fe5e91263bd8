"""Module: the base class of everything with parameters."""

from collections import OrderedDict

import flambeau as fb
from flambeau import Tensor, _core

from ..dtype import plain_dtype
from .hooks import (  # noqa: F401  (where scripts look for them)
    CALL_TABLES,
    HOOK_TABLES,
    HookMethods,
    global_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    run_registration_hooks,
)
from .parameter import Parameter, as_buffer, is_lazy, names_may_have_dots, older_rules
from .state import IncompatibleKeys as _IncompatibleKeys  # noqa: F401
from .state import StateMethods, _WrappedHook  # noqa: F401


class Module(HookMethods, StateMethods):
    """Base class of neural network modules: a tree of modules that own parameters and buffers.

    A subclass calls `super().__init__()`, assigns Parameters and Modules to attributes (which registers them) and
    defines `forward`. `_parameters`, `_buffers` and `_modules` are the dictionaries that hold what is registered;
    an attribute found in none of the instance's `__dict__` and the class is looked up there.

    `_core/module.pxi` has the common case of `__getattr__` and `__call__` in C.
    """

    training: bool
    dump_patches = False
    _version = 1
    call_super_init = False

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_non_persistent_buffers_set"] = set()
        own["_is_full_backward_hook"] = None
        for name in HOOK_TABLES:
            own[name] = OrderedDict()
        own["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *input):
        """The computation of every call. To be defined by subclasses; called through the module itself."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        _core.set_module_slots(cls)

    def __call__(self, *args, **kwargs):
        if self._hooked:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def __setstate__(self, state):
        own = self.__dict__
        own.update(state)
        own.setdefault("_non_persistent_buffers_set", set())
        own.setdefault("_is_full_backward_hook", None)
        for name in HOOK_TABLES:
            if name not in own:
                own[name] = OrderedDict()
        if any(own[name] for name in CALL_TABLES):
            own["_hooked"] = True

    # -------------------------------------------------------- attributes

    def __getattr__(self, name):
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            found = own.get(table)
            if found is not None and name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        own = self.__dict__
        # What is in __dict__ already is registered nowhere: the usual `self.count += 1` ends here.
        is_buffer = getattr(value, "_is_buffer", False)
        if name in own and not is_buffer and not isinstance(value, (Parameter, Module)):
            object.__setattr__(self, name, value)
            return
        if isinstance(value, Parameter):
            if "_parameters" not in own:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, own, own["_buffers"], own["_modules"])
            self.register_parameter(name, value)
            return
        if isinstance(value, Module):
            if "_modules" not in own:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, own, own["_parameters"], own["_buffers"])
            own["_modules"][name] = run_registration_hooks(
                global_hooks.module_registration, self, name, value
            )
            return
        if is_buffer and isinstance(value, Tensor):
            if "_buffers" not in own:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            self._forget(name, own, own["_parameters"], own["_modules"])
            self.register_buffer(name, value, value.persistent)
            return
        if "_parameters" in own:
            if name in own["_parameters"]:
                if value is not None:
                    raise TypeError(
                        f"cannot assign '{_typename(value)}' as parameter '{name}' "
                        "(torch.nn.Parameter or None expected)"
                    )
                self.register_parameter(name, None)
                return
            if name in own["_modules"]:
                if value is not None:
                    raise TypeError(
                        f"cannot assign '{_typename(value)}' as child module '{name}' "
                        "(torch.nn.Module or None expected)"
                    )
                value = run_registration_hooks(global_hooks.module_registration, self, name, value)
                own["_modules"][name] = value
                return
            if name in own["_buffers"]:
                if value is not None and not _may_be_buffer(value):
                    raise TypeError(
                        f"cannot assign '{_typename(value)}' as buffer '{name}' "
                        "(torch.nn.Buffer, torch.Tensor or None expected)"
                    )
                value = run_registration_hooks(global_hooks.buffer_registration, self, name, value)
                own["_buffers"][name] = value
                return
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self):
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[0].isdigit())

    def _forget(self, name, *tables):
        for table in tables:
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    # -------------------------------------------------------- registration

    def register_parameter(self, name, param):
        """Add a parameter under `name`; None reserves the name (no entry in state_dict)."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf {param._noun} to parameter '{name}'. Model parameters must be created "
                f"explicitly. To express '{name}' as a function of another {param._noun}, compute the value in the "
                "forward() method."
            )
        self._parameters[name] = run_registration_hooks(
            global_hooks.parameter_registration, self, name, param
        )

    def register_buffer(self, name, tensor, persistent=True):
        """Add a buffer (state that is no parameter) under `name`; it moves with `to()`.

        persistent: whether state_dict has it. None reserves the name.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        tensor = run_registration_hooks(global_hooks.buffer_registration, self, name, as_buffer(tensor))
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name, module):
        """Add a child module (or None) under `name`."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = run_registration_hooks(global_hooks.module_registration, self, name, module)

    def register_module(self, name, module):
        """The same as `add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind, name, table):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name and not names_may_have_dots():
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # -------------------------------------------------------- looking up

    def get_submodule(self, target):
        """The module at the dotted path `target` ("" is self); AttributeError when there is none."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target, module, strict=False):
        """Put `module` at the dotted path `target`; strict: there must be one already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target):
        """The parameter at the dotted path `target`."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        param = getattr(module, name)
        if not isinstance(param, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return param

    def get_buffer(self, target):
        """The buffer at the dotted path `target`."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return getattr(module, name)

    def parameters(self, recurse=True):
        """All parameters, each once; recurse: those of the children too."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """(dotted name, parameter) of all parameters; remove_duplicate: shared ones once."""
        return self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """All buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """(dotted name, buffer) of all buffers."""
        return self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        seen = set()
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        else:
            modules = [(prefix, self)]
        for module_name, module in modules:
            for name, member in get_members_fn(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{module_name}.{name}" if module_name else name, member

    def children(self):
        """The direct child modules, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """(name, module) of the direct children, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self, remove_duplicate=True):
        """This module and all modules below it; remove_duplicate: each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """(dotted name, module) of this module and all below it, parents first."""
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(
                    memo, f"{prefix}.{name}" if prefix else name, remove_duplicate
                )

    # -------------------------------------------------------- changing all tensors

    def apply(self, fn):
        """Call `fn` on every module below and then on this one (the usual way to initialise). Returns self."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn, recurse=True):
        """Replace what every parameter, its gradient and every buffer holds by `fn` of it. Returns self.

        Parameters stay the same objects, so that an optimiser goes on working.
        """
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            grad = param.grad
            with fb.no_grad():
                param.data = fn(param if is_lazy(param) else param.data)
                if grad is not None:
                    grad.data = fn(grad.data)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """to(device=None, dtype=None, non_blocking=False), to(dtype), to(tensor), to(memory_format=...)

        Move all parameters and buffers, and cast the floating point ones. Changes the module in place and returns it.
        Raises TypeError for a dtype that is neither floating point nor complex.
        """
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )

        def convert(t):
            options = {"non_blocking": non_blocking}
            if device is not None:
                options["device"] = device
            if dtype is not None and (t.is_floating_point() or t.is_complex()):
                options["dtype"] = dtype
            if memory_format is not None and t.dim() in (4, 5):
                options["memory_format"] = memory_format
            return t.to(**options)

        return self._apply(convert)

    def cpu(self):
        """Move all parameters and buffers to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device=None):
        """Move all parameters and buffers to a GPU (default: the current one)."""
        return self._apply(lambda t: t.cuda(device))

    def to_empty(self, *, device, recurse=True):
        """Move to `device` without copying: the contents are uninitialised."""
        return self._apply(lambda t: fb.empty_like(t, device=device), recurse=recurse)

    def type(self, dst_type):
        """Cast all parameters and buffers to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self):
        """Cast the floating point parameters and buffers to float32."""
        return self._apply(_cast("float"))

    def double(self):
        """Cast the floating point parameters and buffers to float64."""
        return self._apply(_cast("double"))

    def half(self):
        """Cast the floating point parameters and buffers to float16."""
        return self._apply(_cast("half"))

    def bfloat16(self):
        """Cast the floating point parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def share_memory(self):
        """Move all parameters and buffers to shared memory."""
        return self._apply(lambda t: t.share_memory_())

    # -------------------------------------------------------- modes

    def train(self, mode=True):
        """Set training mode (`mode=False`: evaluation mode) here and below. Returns self."""
        if not isinstance(mode, bool) and not older_rules():
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Set evaluation mode here and below. Returns self."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Whether autograd records operations on the parameters. Returns self."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters (set_to_none=False: set them to zero)."""
        for param in self.parameters():
            param._clear_grad(set_to_none)

    # -------------------------------------------------------- printing

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What `repr` shows between the parentheses besides the children."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({key}): {_addindent(repr(module), 2)}" for key, module in self._modules.items()]
        lines = extra_lines + child_lines
        if len(extra_lines) == 1 and not child_lines:
            body = extra_lines[0]
        elif lines:
            body = "\n  " + "\n  ".join(lines) + "\n"
        else:
            body = "\n" if older_rules() else ""
        return f"{self._get_name()}({body})"


_core.set_module_slots(Module)


def _addindent(text, spaces):
    """`text` with all lines but the first moved right. Scripts that print modules import it."""
    return text.replace("\n", "\n" + " " * spaces)


def _cast(name):
    """The function that `_apply` gets for a cast to a floating point type: it leaves other buffers as they are."""
    everything = older_rules()
    return lambda t: getattr(t, name)() if everything or t.is_floating_point() else t


def _may_be_buffer(value):
    return isinstance(value, Tensor) and (not older_rules() or value._for_state_dict() is value)


def _typename(value):
    """The name of a value's type as the error messages of modules and optimisers show it."""
    if isinstance(value, Tensor) and value._noun == "Tensor":
        return value.type()
    cls = value if isinstance(value, type) else type(value)
    module = cls.__module__
    return cls.__qualname__ if module in ("builtins", "__main__") else f"{module}.{cls.__qualname__}"


def _parse_to(*args, **kwargs):
    """(device, dtype, non_blocking, memory_format) of a call of `to` in any of its forms."""
    names = ["device", "dtype", "non_blocking"]
    args = tuple(map(plain_dtype, args))
    if args and isinstance(args[0], Tensor):
        args = (args[0].device, args[0].dtype, *args[1:])
    elif args and isinstance(args[0], fb.dtype):
        names = ["dtype", "non_blocking"]
    given = {}
    if isinstance(kwargs.get("tensor"), Tensor):
        other = kwargs.pop("tensor")
        given = {"device": other.device, "dtype": other.dtype}
    if len(args) > len(names):
        raise TypeError(f"to() received too many arguments: {len(args)}, at most {len(names)} are positional")
    given.update(zip(names, args, strict=False))
    for key, value in kwargs.items():
        if key not in ("device", "dtype", "non_blocking", "memory_format"):
            raise TypeError(f"to() got an unexpected keyword argument '{key}'")
        given[key] = value
    device, dtype = given.get("device"), plain_dtype(given.get("dtype"))
    if isinstance(device, (str, int)) and not isinstance(device, bool):
        device = fb.device(device)
    if device is not None and not isinstance(device, fb.device):
        raise TypeError(f"to(): device must be a device, a string or a number, got {type(device).__name__}")
    if dtype is not None and not isinstance(dtype, fb.dtype):
        raise TypeError(f"to(): dtype must be a dtype, got {type(dtype).__name__}")
    if device is None and dtype is None and given.get("memory_format") is None:
        raise TypeError("to() needs a device, a dtype, a tensor or a memory_format")
    return device, dtype, bool(given.get("non_blocking", False)), given.get("memory_format")
