"""`load`: which format a file has, what its pickle may do, where its storages go."""

import contextlib
import functools
import io
import pickle
import warnings

from ..tensor import Tensor
from ..typed import CPU_TYPES
from . import names, sequence, tar
from .files import Source, damaged, is_path, opened
from .locations import CallbackError, restorer
from .rebuild import Rebuilder, refused, set_state
from .records import Storages
from .scanning import scan
from .unpickler import Machine, SafeRules
from .zipformat import ZipRecords

_BUDGET = 4  # bytes that an object may copy, for each byte of its file


class SourceChangeWarning(Warning):
    """The source of a class differs from that which was saved with an object of it."""


# ---- classes that the user allows

_user_safe: dict[tuple[str, str], object] = {}


def _named(items):
    """{(module, name): object}; an item is a class or function, or a pair of it and the name that files have."""
    table = {}
    for item in items:
        if isinstance(item, tuple):
            item, name = item
            module, _, name = name.rpartition(".")
        else:
            module, name = item.__module__, item.__qualname__
        if not callable(item):
            raise TypeError(f"add_safe_globals: expected classes and functions, got {item!r}")
        table[module, name] = item
        table[names.torch_name(module, name)] = item
    return table


def add_safe_globals(safe_globals):
    """add_safe_globals([class or function, ...]): load(weights_only=True) accepts these too.

    An item may be a pair (class, "module.name"), of the name that files have for it. What is allowed is called: allow
    only what does no harm whatever it is called with.
    """
    _user_safe.update(_named(safe_globals))


def get_safe_globals():
    """get_safe_globals() -> list of what was added by add_safe_globals."""
    return list(dict.fromkeys(_user_safe.values()))


def clear_safe_globals():
    """clear_safe_globals(): forgets what was added by add_safe_globals."""
    _user_safe.clear()


@contextlib.contextmanager
def safe_globals(safe_globals):
    """with safe_globals([class, ...]): add_safe_globals for a block."""
    before = dict(_user_safe)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _user_safe.clear()
        _user_safe.update(before)


def get_unsafe_globals_in_checkpoint(f):
    """get_unsafe_globals_in_checkpoint(f) -> list of "module.name" in a file that load(weights_only=True) refuses."""
    with opened(f) as source:
        rules = scanned(source)[1]
    allowed = {**names.CONSTANTS, **Rebuilder().functions(), **_parameter_names(), **_user_safe}
    return list(dict.fromkeys(f"{m}.{n}" for m, n in rules.names if (m, n) not in allowed))


def scanned(source):
    """scanned(source) -> (description of the object, ScanRules, format): see `scanning`."""
    if tar.is_tar(source):
        found, rules, _ = scan(tar.parts(source)["pickle"])
        return found, rules, "tar (0.1)"
    if sequence.is_sequence(source):
        records = sequence.SequenceRecords(source, "utf-8")
        return records.object, records.rules, "pickle sequence (0.2 to 1.5)"
    found, rules, _ = scan(_bytes_source(ZipRecords(source).text))
    return found, rules, "zip (1.6 and later)"


def _bytes_source(text):
    return Source(io.BytesIO(text), "the pickle")


# ---- load


def load(
    f, map_location=None, pickle_module=None, *, weights_only=True, mmap=None, _face=None, **pickle_load_args
):
    """load(f, map_location=None, *, weights_only=True, mmap=None) -> what `save`, or PyTorch's, wrote

    f: a path, or a file object open for reading bytes. map_location: where tensors go: a device, a dictionary from
    saved to wanted locations, or a function(storage, location). mmap=True: tensors are over the pages of the file,
    which are read when they are used (a path of the zip format only).

    weights_only=True accepts tensors, parameters, numbers, strings and containers, and runs nothing that the file
    asks for; other classes have to be allowed (`flambeau.serialization.add_safe_globals`). weights_only=False
    makes any object, as pickle does: **a file can then run any code**; use it only for files from a source you trust.

    Raises RuntimeError for a file that is damaged or of another format, pickle.UnpicklingError for content that is
    damaged or not allowed.
    """
    safe = weights_only is None or bool(weights_only)
    if safe and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if mmap and not is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    loader = _Loader(restorer(map_location), safe, pickle_module or pickle, pickle_load_args, _face)
    try:
        with opened(f) as source:
            return loader.load(source, bool(mmap))
    except CallbackError as error:
        raise error.error from error.error.__cause__


def _parameter_names():
    """{name: the class of parameters}"""
    from ..nn.parameter import Parameter

    return {("torch.nn.parameter", name): Parameter for name in ("Parameter", "Buffer")}


class _Loader:
    """One call of load."""

    def __init__(self, restore, safe, module, options, face):
        self.restore, self.safe, self.module, self.options, self.face = restore, safe, module, options, face
        self.encoding = options.get("encoding", "utf-8")

    def load(self, source, mmap):
        if source.size == 0:
            raise damaged(source.name, "it is empty")
        self.rebuilder = Rebuilder(self.face, _BUDGET * source.size + (1 << 20) if self.safe else None)
        if tar.is_tar(source):
            return self._tar(source, mmap)
        if sequence.is_sequence(source):
            _no_mmap(mmap)
            records = sequence.SequenceRecords(source, self.encoding)
            loaded = self._unpickled(records.text, Storages(records, self.restore))
            source.file.seek(source.start + records.end)
            return loaded
        archive = ZipRecords(source, mmap)
        return self._unpickled(archive.text, Storages(archive, self.restore))

    def _tar(self, source, mmap):
        _no_mmap(mmap)
        try:
            objects = tar.TarObjects(source, self.restore, self.rebuilder)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise damaged(source.name, error) from error
        return self._unpickled(objects.pickle.read(0, objects.pickle.size), objects.persistent)

    def _unpickled(self, text, persistent):
        persistent = functools.partial(self._persistent, persistent)
        if self.safe:
            machine = Machine(_bytes_source(text), 0, self._rules(persistent), self.encoding)
            return machine.load()
        options = {"encoding": "utf-8", **self.options}
        unpickler = _unpickler_class(self.module.Unpickler)(io.BytesIO(text), **options)
        unpickler.use(self._trusted_names(), self.rebuilder.face.named, persistent)
        try:
            return unpickler.load()
        except EOFError as error:
            raise refused("the pickle in the file is truncated") from error

    def _persistent(self, storages, pid):
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            _check_source(*pid[1:])
            return pid[1]
        return storages(pid)

    def _rules(self, persistent):
        rebuilder = self.rebuilder
        classes = dict.fromkeys(_parameter_names().values(), rebuilder.parameter_of)
        classes |= {cls: _maker(cls) for cls in CPU_TYPES}
        constants = {**names.CONSTANTS, **_parameter_names()}
        return SafeRules(constants, rebuilder.functions(), classes, _user_safe, persistent, rebuilder.spend, _build)

    def _trusted_names(self):
        parameters = dict.fromkeys(_parameter_names(), self.rebuilder.face.parameter_class)
        nested = {("torch.storage", "_load_from_bytes"): self._nested}
        return {**self.rebuilder.functions(), **parameters, **nested, **_user_safe}

    def _nested(self, text):
        """A storage that was pickled as a file of its own."""
        return _Loader(self.restore, self.safe, self.module, self.options, self.face).load(_bytes_source(text), False)


def _maker(cls):
    def make():
        return cls()

    return make


def _no_mmap(mmap):
    if mmap:
        raise RuntimeError(
            "mmap can only be used with files saved with `save(_use_new_zipfile_serialization=True)`, please save the "
            "object again in this format to use it"
        )


def _build(target, state):
    if not isinstance(target, Tensor):
        raise refused(f"the file gives a state to {type(target).__name__}, which is not allowed")
    set_state(target, state)


def _check_source(cls, file, saved):
    """Warns when the source of a class is not that which was saved with its object."""
    if not isinstance(cls, type) or not saved or not cls.__module__:
        return
    found = sequence.source_of(cls)
    if found is not None and found[1] != saved:
        warnings.warn(
            f"source code of class '{cls.__module__}.{cls.__qualname__}' has changed. Saved source code: {file}",
            SourceChangeWarning,
            stacklevel=2,
        )


@functools.cache
def _unpickler_class(base):
    class Unpickler(base):  # type: ignore[misc,valid-type]
        """For trusted files: PyTorch's names are found among ours, others where they say."""

        def use(self, table, named, persistent):
            self.table, self.named, self.persistent_load = table, named, persistent

        def find_class(self, module, name):
            found = self.table.get((module, name))
            if found is not None:
                return found
            if names.is_torchs(module):
                return self.named(module, name)
            return super().find_class(module, name)

    return Unpickler
