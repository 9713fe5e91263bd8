"""Reading the binary files (`.t7`) of Lua's Torch: numbers, strings, tables, tensors, and modules of `nn`.

An object is a number that says its kind, and what the kind needs. Tables, functions and objects of Torch carry an index
first; one that comes again is the index alone. A tensor is its sizes, strides and offset, and then its storage.
"""

import struct

import numpy as np

from ... import legacy
from ...faces import TYPES
from ...legacy.nn.module import Module, grad_name

__all__ = ["LuaFunction", "T7Reader", "T7ReaderException", "TorchObject", "custom_reader", "hashable_uniq_dict",
           "load_lua", "register_torch_class"]  # fmt: skip

NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN, FUNCTION, LEGACY_RECUR_FUNCTION, RECUR_FUNCTION = range(9)

reader_registry: dict = {}  # name of a class of Lua -> function(reader, version) -> object


class T7ReaderException(Exception):
    """A file that cannot be read."""


class hashable_uniq_dict(dict):
    """A table of Lua; each is equal to itself alone, and may be the key of another one. `t.name` is `t["name"]`."""

    def __hash__(self):  # type: ignore[override]
        return id(self)

    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other

    def __getattr__(self, name):
        found = self.get(name, self.get(name.encode()))
        if found is None:
            raise AttributeError(f"the table has no {name!r}")
        return found


class LuaFunction:
    """A function of Lua: its compiled code and the values that it closes over. It cannot be called."""

    def __init__(self, size, dumped, upvalues):
        self.size, self.dumped, self.upvalues = size, dumped, upvalues


class TorchObject:
    """An object of a class that is not known here: `typename`, and its contents as attributes."""

    def __init__(self, typename, obj=None, version_number=0):
        self._typename, self._obj, self._version_number = typename, obj, version_number

    def torch_typename(self):
        """torch_typename() -> the class's name in Lua."""
        return self._typename

    def __getattr__(self, name):
        contents = self.__dict__.get("_obj")
        if isinstance(contents, dict) and name in contents:
            return contents[name]
        raise AttributeError(f"{self.__dict__.get('_typename')} has no attribute {name!r}")

    def __repr__(self):
        return f"TorchObject({self._typename}, {self._obj!r})"


def register_torch_class(name, reader):
    """register_torch_class(name, reader): reader(t7reader, version) makes the objects of a class of Lua."""
    reader_registry[name] = reader


def custom_reader(name):
    """custom_reader(name): decorator of a function for register_torch_class."""

    def register(reader):
        register_torch_class(name, reader)
        return reader

    return register


class T7Reader:
    """T7Reader(fileobj, list_heuristic=True, int_heuristic=True, utf8_heuristic=True, unknown_classes=False,
    long_size=None, force_deserialize_classes=None)

    The heuristics make lists of tables whose keys are 1 ... n, ints of numbers without a fraction, and text of strings
    that are UTF-8. unknown_classes: objects of classes that are not known are TorchObjects, not an error. long_size: 4
    for files of 32-bit machines (default 8).
    """

    def __init__(self, fileobj, list_heuristic=True, int_heuristic=True, utf8_heuristic=True, unknown_classes=False,
                 long_size=None, force_deserialize_classes=None, **kwargs):  # fmt: skip
        if long_size not in (None, 4, 8):
            raise T7ReaderException(f"long_size must be 4 or 8, got {long_size}")
        self.f = fileobj
        self.list_heuristic, self.int_heuristic, self.utf8_heuristic = list_heuristic, int_heuristic, utf8_heuristic
        self.unknown_classes = unknown_classes if force_deserialize_classes is None else not force_deserialize_classes
        self.long_format = "i" if long_size == 4 else "q"
        self.objects = {}  # index -> what was read

    def _read(self, form):
        size = struct.calcsize(f"<{form}")
        data = self.f.read(size)
        if len(data) != size:
            raise T7ReaderException(f"the file ends in the middle of an object: {size} bytes wanted, {len(data)} left")
        values = struct.unpack(f"<{form}", data)
        return values[0] if len(values) == 1 else values

    def read_int(self):
        """read_int() -> int of 4 bytes"""
        return self._read("i")

    def read_long(self):
        """read_long() -> int of the size of C's long"""
        return self._read(self.long_format)

    def read_long_array(self, n):
        """read_long_array(n) -> list of n longs"""
        return [self.read_long() for _ in range(n)]

    def read_float(self):
        """read_float() -> float of 4 bytes"""
        return self._read("f")

    def read_double(self):
        """read_double() -> float of 8 bytes"""
        return self._read("d")

    def read_boolean(self):
        """read_boolean() -> bool"""
        return self.read_int() == 1

    def read_number(self):
        """read_number() -> a number of Lua: float, or int when it has no fraction"""
        x = self.read_double()
        return int(x) if self.int_heuristic and x.is_integer() else x

    def read_string(self, disable_utf8=False):
        """read_string() -> str, or bytes when it is no UTF-8"""
        data = self.f.read(self.read_int())
        if not self.utf8_heuristic or disable_utf8:
            return data
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data

    def read(self):
        """read() -> the next object. T7ReaderException when it cannot be read."""
        kind = self.read_int()
        plain = {NIL: lambda: None, NUMBER: self.read_number, STRING: self.read_string, BOOLEAN: self.read_boolean}
        if kind in plain:
            return plain[kind]()
        indexed = {TABLE: self._read_table, TORCH: self._read_torch, FUNCTION: self._read_function,
                   RECUR_FUNCTION: self._read_function, LEGACY_RECUR_FUNCTION: self._read_function}  # fmt: skip
        if kind not in indexed:
            raise T7ReaderException(f"unknown type id {kind}; the file may be corrupted, or of another long_size")
        index = self.read_int()
        if index not in self.objects:
            indexed[kind](index)
        return self.objects[index]

    def read_table(self):
        """read_table() -> the contents of an object that was written as a table."""
        return self.read()

    def _read_table(self, index):
        table = self.objects[index] = hashable_uniq_dict()
        size = self.read_int()
        for _ in range(size):
            key = self.read()
            table[key] = self.read()
        if self.list_heuristic and size and all(k in table for k in range(1, size + 1)):
            self.objects[index] = [table[k] for k in range(1, size + 1)]

    def _read_function(self, index):
        size = self.read_int()
        dumped = self.f.read(size)
        made = self.objects[index] = LuaFunction(size, dumped, None)
        made.upvalues = self.read()

    def _read_torch(self, index):
        name, version = self.read_string(disable_utf8=True).decode("ascii"), 0
        if name.startswith("V "):
            version, name = int(name[2:]), self.read_string(disable_utf8=True).decode("ascii")
        reader = reader_registry.get(name)
        if reader is not None:
            self.objects[index] = reader(self, version)
        elif name.startswith(("nn.", "cudnn.", "nngraph.")) and hasattr(legacy.nn, name.partition(".")[2]):
            cls = getattr(legacy.nn, name.partition(".")[2])
            made = self.objects[index] = cls.__new__(cls)
            _fill_module(made, self.read())
        elif self.unknown_classes:
            made = self.objects[index] = TorchObject(name, None, version)
            made._obj = self.read()
        else:
            raise T7ReaderException(
                f"don't know how to deserialize Lua class {name}. If you want to ignore this error and load this "
                "object as a dict, specify unknown_classes=True in reader's constructor"
            )


def load_lua(filename, **kwargs):
    """load_lua(filename, **options of T7Reader) -> what a file of Lua's Torch has; modules are of `torch.legacy.nn`."""
    with open(filename, "rb") as f:
        return T7Reader(f, **kwargs).read()


# ------------------------------------------------------------------------------------------ tensors


def _tensor_reader(cls):
    def read(reader, version):
        ndim = reader.read_int()
        size, stride = reader.read_long_array(ndim), reader.read_long_array(ndim)
        offset = reader.read_long() - 1
        storage = reader.read()
        return cls() if storage is None or not ndim else cls().set_(storage, offset, tuple(size), tuple(stride))

    return read


def _storage_reader(cls):
    def read(reader, version):
        count = reader.read_long()
        data = reader.f.read(count * cls._dtype.itemsize)
        if len(data) != count * cls._dtype.itemsize:
            raise T7ReaderException("the file ends in the middle of a storage")
        values = np.frombuffer(data, cls._dtype.newbyteorder("<")).astype(cls._dtype)
        return TYPES[cls.__name__](values).storage() if count else cls().storage()

    return read


for _name, _cls in TYPES.items():
    for _lua in (f"torch.{_name}", f"torch.Cuda{_name}"):
        register_torch_class(_lua, _tensor_reader(_cls))
        register_torch_class(_lua.replace("Tensor", "Storage"), _storage_reader(_cls))
register_torch_class("torch.CudaTensor", _tensor_reader(TYPES["FloatTensor"]))  # in host memory
register_torch_class("torch.CudaStorage", _storage_reader(TYPES["FloatTensor"]))


# ------------------------------------------------------------------------------------------ modules

_ABSENT_MEANS = {"padW": 0, "padH": 0, "padT": 0, "dW": 1, "dH": 1, "adjW": 0, "adjH": 0, "inplace": False,
                 "bias": None}  # fmt: skip


def _fill_module(module, contents):
    """Gives a module of torch.legacy.nn the attributes that it had in Lua."""
    if isinstance(module, Module):
        Module.__init__(module)
    for name, value in _ABSENT_MEANS.items():
        if not hasattr(module, name):
            setattr(module, name, value)
    for name, value in (contents or {}).items():
        if isinstance(name, str) and name not in ("_type", "modules"):
            setattr(module, name, value)
    if "modules" in (contents or {}):
        module.modules = list(contents["modules"])
    for name in ("weight", "bias"):
        parameter = getattr(module, name, None)
        if parameter is not None and getattr(module, grad_name(name), None) is None:  # not kept in the file
            setattr(module, grad_name(name), parameter.clone().zero_())
    kinds = [p.type() for p in (module.parameters() or ([], []))[0]] if isinstance(module, Module) else []
    module._type = kinds[0] if kinds else "torch.FloatTensor"


@custom_reader("nn.SpatialConvolutionMM")
def _read_convolution(reader, version):
    """Its kernels are the rows of a matrix."""
    made = legacy.nn.SpatialConvolution.__new__(legacy.nn.SpatialConvolution)
    _fill_module(made, reader.read())
    size = (made.nOutputPlane, made.nInputPlane, made.kH, made.kW)
    made.weight, made.gradWeight = made.weight.view(*size), made.gradWeight.view(*size)
    return made


register_torch_class("cudnn.SpatialConvolution", _read_convolution)
