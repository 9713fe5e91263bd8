"""The names `torch` and `torchvision` in `import` statements: modules of this library, one object under both names."""

import importlib
import importlib.util
import sys
import types
from importlib.abc import Loader
from importlib.machinery import ModuleSpec

NAMESPACES = {"0.3": ("flambeau.v03", "flambeau"), "today": ("flambeau",)}
ROOTS = {"torch": "", "torchvision": ".vision"}  # what stands for them below a namespace


class TorchFinder:
    """Finds `torch.a.b` as `a.b` of an era's namespace, and where it has none of its own, of today's."""

    def __init__(self, era):
        self.era = era
        self.given = set()  # the names that it has found

    def find_spec(self, fullname, path=None, target=None):
        """The spec of `fullname`; ModuleNotFoundError for a module of PyTorch that this library does not have."""
        root, _, rest = fullname.partition(".")
        if root not in ROOTS:
            return None
        spec = ModuleSpec(fullname, _Loader(self.resolve(root, rest), self))
        self.given.add(fullname)
        return spec

    def resolve(self, root, rest):
        """The module that stands for `root.rest`, or its name."""
        tail = f"{ROOTS[root]}.{rest}" if rest else ROOTS[root]
        for namespace in NAMESPACES[self.era]:
            if _exists(namespace + tail):
                return namespace + tail
            attribute = self.attribute(root, rest)
            if attribute is not None:
                return attribute
        fullname = f"{root}.{rest}".rstrip(".")
        raise ModuleNotFoundError(f"No module named {fullname!r}: flambeau has none under this name", name=fullname)

    def give_hidden(self, fullname, package):
        """Gives the modules of a package that its attributes of the same name hide, such as the function
        `nn.parallel.replicate`: importing them later would put the module in its place."""
        prefix = f"{package.__name__}."
        for name, module in [*sys.modules.items()]:
            child = name.removeprefix(prefix)
            if name.startswith(prefix) and "." not in child and vars(package).get(child, module) is not module:
                sys.modules[f"{fullname}.{child}"] = module
                self.given.add(f"{fullname}.{child}")

    def forget(self):
        """Removes the names that it has given from `sys.modules`; the modules stay under their own names."""
        for name in self.given & sys.modules.keys():
            del sys.modules[name]

    def attribute(self, root, rest):
        """The module that the parent of `root.rest` has as an attribute."""
        parent, _, name = f"{root}.{rest}".rpartition(".")
        value = getattr(sys.modules.get(parent), name, None) if rest else None
        return value if isinstance(value, types.ModuleType) else None


def _exists(name):
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        return False


class _Loader(Loader):
    """Gives the module that has another name already."""

    def __init__(self, module, finder):
        self.module, self.finder = module, finder

    def create_module(self, spec):
        """The module itself; the import system will overwrite its spec."""
        module = self.module
        if isinstance(module, str):
            module = importlib.import_module(module)
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        """Gives the module its own spec back."""
        self.finder.give_hidden(module.__spec__.name, module)
        module.__spec__ = self.spec


def ours(name):
    """The name of the module of today that `torch.a.b` stands for; other names as they are."""
    root, dot, rest = name.partition(".")
    return f"{NAMESPACES['today'][0]}{ROOTS[root]}{dot}{rest}" if root in ROOTS else name


def foreign():
    """The module that has the name of a root in `sys.modules` and is not this library's, or None."""
    ours = [sys.modules.get(namespace + tail) for namespace in NAMESPACES["0.3"] for tail in ROOTS.values()]
    found = (sys.modules.get(root) for root in ROOTS)
    return next((m for m in found if m is not None and all(m is not o for o in ours)), None)
