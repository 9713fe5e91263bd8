"""An unpickler that calls nothing but what it is given: `load(weights_only=True)`, and reading without loading.

Python's own would import and call whatever a file names. This one is a machine for the same instructions (PEP 3154,
`pickletools`) with a table of the globals it knows. Work and memory stay proportional to the size of the file.
"""

import codecs
import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

from ..device import device as Device
from ..size import Size
from .locations import CallbackError
from .names import python3_name
from .rebuild import refused, shown

_MARK = object()
_MOST_PROTOCOL = pickle.HIGHEST_PROTOCOL
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20
_MOST_MEMO = 1 << 32
_KEY_NODES = 10_000  # elements of a nested tuple that is a key
_KEY_BITS = 64  # longer ints could all be made to have one hash
_ATOMS = frozenset([str, int, float, bool, bytes, type(None), complex])
_DAMAGE = (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, struct.error, MemoryError,
           DeprecationWarning)  # fmt: skip


class Stop(Exception):
    """Carries the object when the last instruction was reached."""


def _instruction(code):
    def register(method):
        _INSTRUCTIONS[code[0]] = method
        return method

    return register


_INSTRUCTIONS: list = [None] * 256


class Machine:
    """Machine(source, offset, rules): reads one pickle that begins at an offset of a source.

    source has `read(offset, count)` and `size`. rules has `find(module, name)`, `call(function, arguments)`,
    `new(cls, arguments, keywords)`, `build(object, state)`, `persistent(id)`. After `load`, `end` is the offset of
    the byte after the pickle.
    """

    def __init__(self, source, offset, rules, encoding="utf-8"):
        self.source, self.rules, self.encoding = source, rules, encoding
        self.base, self.data, self.position = offset, b"", 0
        self.stack, self.marks, self.memo = [], [], {}

    def load(self):
        """load() -> the object. pickle.UnpicklingError for content that is damaged or not allowed."""
        instructions = _INSTRUCTIONS
        try:
            while True:
                if self.position >= len(self.data):
                    self._refill(1)
                code = self.data[self.position]
                self.position += 1
                instructions[code](self)
        except Stop as stop:
            self.end = self.base + self.position
            return stop.args[0]
        except _DAMAGE as error:
            where = self.base + self.position
            raise refused(
                f"the pickle in the file is damaged ({type(error).__name__} before byte {where}: {error!s:.200})"
            ) from error

    # ---- bytes

    def _refill(self, count):
        """Makes at least `count` bytes available from the position on."""
        offset = self.base + self.position
        left = self.source.size - offset
        if count > left:
            raise refused("the pickle in the file is truncated")
        self.data = self.source.read(offset, min(left, max(count, _CHUNK)))
        self.base, self.position = offset, 0

    def take(self, count):
        """The next bytes."""
        end = self.position + count
        if end > len(self.data):
            self._refill(count)
            end = count
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def line(self):
        """The bytes up to the next end of line."""
        end = self.data.find(b"\n", self.position)
        while end < 0:
            had = len(self.data) - self.position
            if had > _LONGEST_LINE:
                raise refused("a line of the pickle in the file is too long")
            left = self.source.size - self.base - self.position
            self._refill(max(had + 1, min(left, had + _CHUNK)))
            end = self.data.find(b"\n", had)
        taken = self.data[self.position : end]
        self.position = end + 1
        return taken

    def number(self, format, size):
        """The next little-endian number."""
        return struct.unpack(format, self.take(size))[0]

    # ---- the stack

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        return self.stack.pop()

    def pop_mark(self):
        """The objects above the last mark."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    # ---- numbers and constants

    @_instruction(pickle.PROTO)
    def proto(self):
        protocol = self.take(1)[0]
        if protocol > _MOST_PROTOCOL:
            raise refused(f"pickle protocol {protocol} is not supported")

    @_instruction(pickle.FRAME)
    def frame(self):
        self.take(8)

    @_instruction(pickle.STOP)
    def stop(self):
        raise Stop(self.pop())

    @_instruction(pickle.NONE)
    def none(self):
        self.stack.append(None)

    @_instruction(pickle.NEWTRUE)
    def true(self):
        self.stack.append(True)

    @_instruction(pickle.NEWFALSE)
    def false(self):
        self.stack.append(False)

    @_instruction(pickle.INT)
    def int_(self):
        line = self.line()
        self.push({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line, 0))

    @_instruction(pickle.BININT)
    def binint(self):
        self.push(self.number("<i", 4))

    @_instruction(pickle.BININT1)
    def binint1(self):
        if self.position >= len(self.data):
            self._refill(1)
        self.stack.append(self.data[self.position])
        self.position += 1

    @_instruction(pickle.BININT2)
    def binint2(self):
        self.push(self.number("<H", 2))

    @_instruction(pickle.LONG)
    def long(self):
        self.push(int(self.line().rstrip(b"L"), 0))

    @_instruction(pickle.LONG1)
    def long1(self):
        self.push(int.from_bytes(self.take(self.take(1)[0]), "little", signed=True))

    @_instruction(pickle.LONG4)
    def long4(self):
        count = self.number("<i", 4)
        if count < 0:
            raise refused("a negative length in the pickle")
        self.push(int.from_bytes(self.take(count), "little", signed=True))

    @_instruction(pickle.FLOAT)
    def float_(self):
        self.push(float(self.line()))

    @_instruction(pickle.BINFLOAT)
    def binfloat(self):
        self.push(self.number(">d", 8))

    # ---- text and bytes

    def _text2(self, raw):
        """A string of Python 2."""
        self.push(raw if self.encoding == "bytes" else raw.decode(self.encoding))

    @_instruction(pickle.STRING)
    def string(self):
        line = self.line()
        if len(line) < 2 or line[0] != line[-1] or line[0] not in b"\"'":
            raise refused("a string in the pickle is not quoted")
        self._text2(codecs.escape_decode(line[1:-1])[0])

    @_instruction(pickle.BINSTRING)
    def binstring(self):
        count = self.number("<i", 4)
        if count < 0:
            raise refused("a negative length in the pickle")
        self._text2(self.take(count))

    @_instruction(pickle.SHORT_BINSTRING)
    def short_binstring(self):
        self._text2(self.take(self.take(1)[0]))

    @_instruction(pickle.UNICODE)
    def unicode(self):
        self.push(self.line().decode("raw-unicode-escape"))

    @_instruction(pickle.BINUNICODE)
    def binunicode(self):
        self.push(self.take(self.number("<I", 4)).decode("utf-8", "surrogatepass"))

    @_instruction(pickle.BINUNICODE8)
    def binunicode8(self):
        self.push(self.take(self.number("<Q", 8)).decode("utf-8", "surrogatepass"))

    @_instruction(pickle.SHORT_BINUNICODE)
    def short_binunicode(self):
        self.push(self.take(self.take(1)[0]).decode("utf-8", "surrogatepass"))

    @_instruction(pickle.BINBYTES)
    def binbytes(self):
        self.push(self.take(self.number("<I", 4)))

    @_instruction(pickle.BINBYTES8)
    def binbytes8(self):
        self.push(self.take(self.number("<Q", 8)))

    @_instruction(pickle.SHORT_BINBYTES)
    def short_binbytes(self):
        self.push(self.take(self.take(1)[0]))

    @_instruction(pickle.BYTEARRAY8)
    def bytearray8(self):
        self.push(bytearray(self.take(self.number("<Q", 8))))

    # ---- containers

    @_instruction(pickle.MARK)
    def mark(self):
        self.marks.append(self.stack)
        self.stack = []

    @_instruction(pickle.POP)
    def pop_one(self):
        if self.stack:
            del self.stack[-1]
        else:
            self.pop_mark()

    @_instruction(pickle.POP_MARK)
    def pop_to_mark(self):
        self.pop_mark()

    @_instruction(pickle.DUP)
    def dup(self):
        self.push(self.stack[-1])

    @_instruction(pickle.EMPTY_TUPLE)
    def empty_tuple(self):
        self.stack.append(())

    @_instruction(pickle.TUPLE1)
    def tuple1(self):
        self.stack[-1] = (self.stack[-1],)

    @_instruction(pickle.TUPLE2)
    def tuple2(self):
        self.stack[-2:] = [(self.stack[-2], self.stack[-1])]

    @_instruction(pickle.TUPLE3)
    def tuple3(self):
        self.stack[-3:] = [(self.stack[-3], self.stack[-2], self.stack[-1])]

    @_instruction(pickle.TUPLE)
    def tuple_(self):
        items = self.pop_mark()
        self.push(tuple(items))

    @_instruction(pickle.EMPTY_LIST)
    def empty_list(self):
        self.push([])

    @_instruction(pickle.LIST)
    def list_(self):
        items = self.pop_mark()
        self.push(items)

    @_instruction(pickle.APPEND)
    def append(self):
        value = self.pop()
        self._extend([value])

    @_instruction(pickle.APPENDS)
    def appends(self):
        self._extend(self.pop_mark())

    def _extend(self, items):
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        else:
            self.rules.extend(target, items)

    @_instruction(pickle.EMPTY_DICT)
    def empty_dict(self):
        self.push({})

    @_instruction(pickle.DICT)
    def dict_(self):
        items = self.pop_mark()
        self.push({})
        self._set(items)

    @_instruction(pickle.SETITEM)
    def setitem(self):
        items = self.stack[-2:]
        del self.stack[-2:]
        self._set(items)

    @_instruction(pickle.SETITEMS)
    def setitems(self):
        self._set(self.pop_mark())

    def _set(self, items):
        target = self.stack[-1]
        if not isinstance(target, dict):
            self.rules.set_items(target, items)
            return
        if len(items) % 2:
            raise refused("a dictionary in the pickle has a key without a value")
        for i in range(0, len(items), 2):
            check_key(items[i])
            target[items[i]] = items[i + 1]

    @_instruction(pickle.EMPTY_SET)
    def empty_set(self):
        self.push(set())

    @_instruction(pickle.ADDITEMS)
    def additems(self):
        items = self.pop_mark()
        check_keys(items)
        target = self.stack[-1]
        if type(target) is set:
            target.update(items)
        else:
            self.rules.extend(target, items)

    @_instruction(pickle.FROZENSET)
    def frozenset_(self):
        items = self.pop_mark()
        check_keys(items)
        self.push(frozenset(items))

    # ---- memo

    @_instruction(pickle.PUT)
    def put(self):
        index = int(self.line())
        if not 0 <= index < _MOST_MEMO:
            raise refused("an index of the memo in the pickle is out of range")
        self.memo[index] = self.stack[-1]

    @_instruction(pickle.BINPUT)
    def binput(self):
        if self.position >= len(self.data):
            self._refill(1)
        self.memo[self.data[self.position]] = self.stack[-1]
        self.position += 1

    @_instruction(pickle.LONG_BINPUT)
    def long_binput(self):
        self.memo[self.number("<I", 4)] = self.stack[-1]

    @_instruction(pickle.MEMOIZE)
    def memoize(self):
        self.memo[len(self.memo)] = self.stack[-1]

    @_instruction(pickle.GET)
    def get(self):
        self.push(self.memo[int(self.line())])

    @_instruction(pickle.BINGET)
    def binget(self):
        if self.position >= len(self.data):
            self._refill(1)
        self.stack.append(self.memo[self.data[self.position]])
        self.position += 1

    @_instruction(pickle.LONG_BINGET)
    def long_binget(self):
        self.push(self.memo[self.number("<I", 4)])

    # ---- globals and objects

    @_instruction(pickle.GLOBAL)
    def global_(self):
        module, name = self.line().decode(), self.line().decode()
        self.push(self.rules.find(*python3_name(module, name)))

    @_instruction(pickle.STACK_GLOBAL)
    def stack_global(self):
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise refused("a name in the pickle is no str")
        self.push(self.rules.find(module, name))

    @_instruction(pickle.REDUCE)
    def reduce(self):
        arguments = self.pop()
        if not isinstance(arguments, tuple):
            raise refused("the arguments of a call in the pickle are no tuple")
        self.stack[-1] = self.rules.call(self.stack[-1], arguments)

    @_instruction(pickle.NEWOBJ)
    def newobj(self):
        arguments = self.pop()
        self.stack[-1] = self.rules.new(self.stack[-1], arguments, {})

    @_instruction(pickle.NEWOBJ_EX)
    def newobj_ex(self):
        keywords, arguments = self.pop(), self.pop()
        self.stack[-1] = self.rules.new(self.stack[-1], arguments, keywords)

    @_instruction(pickle.OBJ)
    def obj(self):
        cls, *arguments = self.pop_mark()
        self.push(self.rules.call(cls, tuple(arguments)))

    @_instruction(pickle.INST)
    def inst(self):
        name = python3_name(self.line().decode(), self.line().decode())
        arguments = tuple(self.pop_mark())
        self.push(self.rules.call(self.rules.find(*name), arguments))

    @_instruction(pickle.BUILD)
    def build(self):
        state = self.pop()
        self.rules.build(self.stack[-1], state)

    @_instruction(pickle.PERSID)
    def persid(self):
        self.push(self.rules.persistent(self.line().decode("ascii")))

    @_instruction(pickle.BINPERSID)
    def binpersid(self):
        self.push(self.rules.persistent(self.pop()))


def _unknown(machine):
    code = machine.data[machine.position - 1]
    raise refused(f"the pickle in the file has the unknown instruction {code:#04x}")


_INSTRUCTIONS[:] = [method or _unknown for method in _INSTRUCTIONS]


def check_keys(keys):
    """check_key of each."""
    for key in keys:
        check_key(key)


def check_key(key):
    """Refuses a key of a dictionary or set whose hash would take long: a tuple of tuples of tuples ..., or a long
    int, of which many can be made with one hash."""
    if type(key) is str:
        return
    left, nodes = [key], 0
    while left:
        value = left.pop()
        nodes += 1
        if isinstance(value, tuple):
            if len(value) + len(left) + nodes > _KEY_NODES:
                raise refused("a key of a dictionary or set in the file is too large")
            left.extend(value)
        elif type(value) is int and value.bit_length() > _KEY_BITS:
            raise refused("a key of a dictionary or set in the file is too large")


class SafeRules:
    """What load(weights_only=True) does: makes containers, numbers, tensors; and calls classes that the user allowed.

    constants: {(module, name): object}; functions: the same, of functions that may be called; classes: {class:
    function} that makes an instance; allowed: as constants, of the user's classes; persistent: function of a persistent
    id; spend: function of bytes that are copied; build_tensor: function of a tensor and its state.
    """

    def __init__(self, constants, functions, classes, allowed, persistent, spend, build_tensor):
        self.globals = {**constants, **functions, **allowed}
        self.persistent, self.spend, self.build_tensor = persistent, spend, build_tensor
        # By id, as the hash of what a file puts in the place of a function may take long.
        self.calls = {id(f): f for f in functions.values()} | {id(cls): f for cls, f in classes.items()}
        self.allowed = {id(x): x for x in allowed.values()}

    def find(self, module, name):
        """The object that the file calls module.name; pickle.UnpicklingError for one that is not allowed."""
        found = self.globals.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(
                f"Weights only load failed: the file uses {module}.{name}, which is not on the list of safe classes "
                f"(Unsupported global: GLOBAL {module}.{name} was not an allowed global by default). If you trust the "
                "source of the file, call load(..., weights_only=False), which can run any code in it, or allow the "
                f"class with flambeau.serialization.add_safe_globals([{name}]) or in a block "
                f"`with flambeau.serialization.safe_globals([{name}]):`."
            )
        return found

    def _items(self, items):
        if type(items) not in (list, tuple, set, frozenset):
            raise refused(f"a container is made of {type(items).__name__}")
        self.spend(8 * len(items))
        return items

    def _keys(self, items):
        items = self._items(items)
        check_keys(items)
        return items

    def _pairs(self, target, items):
        if isinstance(items, dict):
            items = tuple(items.items())
        for key, value in self._items(items):
            check_key(key)
            target[key] = value
        return target

    def _counted(self, items=()):
        return Counter(dict(self._pairs({}, items))) if isinstance(items, dict) else Counter(self._keys(items))

    def _defaultdict(self, factory=None, items=()):
        if factory is not None and factory not in (list, dict, set, int, float, str, bool, tuple):
            raise refused(f"a defaultdict with {shown(factory)}")
        return self._pairs(defaultdict(factory), items)

    def _bytes(self, text=b"", encoding=None, *errors):
        if type(text) not in (str, bytes, bytearray) or encoding not in (None, "latin1", "latin-1", "utf-8"):
            raise refused("bytes are made of something else")
        self.spend(len(text))
        return text.encode(encoding) if type(text) is str else bytes(text)

    def call(self, function, arguments):
        """The result of an allowed function or class."""
        found = self.calls.get(id(function))
        if found is not None:
            return found(*arguments)
        found = _CONTAINERS.get(id(function))
        if found is not None:
            return found(self, *arguments)
        if id(function) in self.allowed:
            return _own(function, *arguments)
        raise refused(f"the file calls {_named(function)}, which is not allowed")

    def new(self, cls, arguments, keywords):
        """cls.__new__ of an allowed class."""
        if not isinstance(arguments, tuple):
            raise refused("the arguments of a call in the pickle are no tuple")
        if id(cls) in self.allowed:
            return _own(cls.__new__, cls, *arguments, **keywords)
        if keywords:
            raise refused(f"the file makes {_named(cls)} with keywords")
        return self.call(cls, arguments)

    def build(self, target, state):
        """Gives an object its state."""
        if id(type(target)) in self.allowed:
            _own(_set_state, target, state)
        elif type(target) in (OrderedDict, Counter, defaultdict):
            if not isinstance(state, dict) or any(hasattr(type(target), name) for name in state):
                raise refused(f"{type(target).__name__} cannot have these attributes")
            target.__dict__.update(state)
        else:
            self.build_tensor(target, state)

    def extend(self, target, items):
        """APPENDS and ADDITEMS to what is no list and no set."""
        if id(type(target)) not in self.allowed:
            raise refused(f"the file appends to {type(target).__name__}")
        _own(_extend, target, items)

    def set_items(self, target, items):
        """SETITEMS of what is no dictionary."""
        if id(type(target)) not in self.allowed:
            raise refused(f"the file sets items of {type(target).__name__}")
        for i in range(0, len(items), 2):
            _own(target.__setitem__, items[i], items[i + 1])


# {class: function of the rules and its arguments}. A file may ask for list(range(10**12)): all of them check.
_MAKERS: dict[Any, Callable[..., Any]] = {
    list: lambda rules, items=(): list(rules._items(items)),
    tuple: lambda rules, items=(): tuple(rules._items(items)),
    set: lambda rules, items=(): set(rules._keys(items)),
    frozenset: lambda rules, items=(): frozenset(rules._keys(items)),
    dict: lambda rules, items=(): rules._pairs({}, items),
    OrderedDict: lambda rules, items=(): rules._pairs(OrderedDict(), items),
    Counter: SafeRules._counted,
    defaultdict: SafeRules._defaultdict,
    bytes: SafeRules._bytes,
    bytearray: lambda rules, *arguments: bytearray(rules._bytes(*arguments)),
    complex: lambda rules, real, imag=0.0: complex(_real(real), _real(imag)),
    slice: lambda rules, *arguments: slice(*arguments),
    range: lambda rules, *arguments: range(*arguments),
    codecs.encode: SafeRules._bytes,
    Size: lambda rules, items=(): Size(rules._items(items)),
    Device: lambda rules, *arguments: Device(*arguments),
}
_CONTAINERS = {id(cls): make for cls, make in _MAKERS.items()}


def _real(x):
    if type(x) not in (int, float):
        raise refused("a complex number of something else")
    return x


def _named(x):
    return f"{x.__module__}.{x.__qualname__}" if isinstance(x, type) else type(x).__name__


def _own(function, *arguments, **keywords):
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        raise CallbackError(error) from error


def _set_state(target, state):
    """What Python's unpickler does with the state of an object."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _extend(target, items):
    add = getattr(target, "extend", None) or target.update
    add(items)
