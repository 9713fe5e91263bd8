"""Writing ONNX files: the messages of onnx.proto in the wire format of protocol buffers.

Sources: https://protobuf.dev/programming-guides/encoding and the field numbers in
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. A message is the bytes of its fields, one after another.
"""

import struct

import numpy as np

# Element types of tensors: TensorProto.DataType.
ELEMENTS = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13, "complex64": 14, "complex128": 15, "bfloat16": 16,
}  # fmt: skip
LARGEST = 2**31 - 1  # bytes of a message


def varint(n):
    """A number in groups of seven bits; negative ones as 64-bit two's complement."""
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def integer(field, n):
    """A field with a number."""
    return varint(field << 3) + varint(int(n))


def block(field, data):
    """A field with bytes, text or a message."""
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def single(field, x):
    """A field with a float of 32 bits."""
    return varint(field << 3 | 5) + struct.pack("<f", x)


def integers(field, ns):
    """A packed repeated field of numbers."""
    return block(field, b"".join(varint(int(n)) for n in ns))


def within(field, parts):
    """A field with a message in parts, which are not copied."""
    return [varint(field << 3 | 2) + varint(sum(memoryview(p).nbytes for p in parts)), *parts]


def tensor(name, array, element=None):
    """TensorProto of an array in parts: its elements are raw little-endian bytes, and not copied. element: its type,
    where NumPy has none (bfloat16)."""
    array = np.asarray(array)
    code = ELEMENTS[array.dtype.name] if element is None else element
    dims = b"".join(integer(1, n) for n in array.shape)
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b""
    return [dims + integer(2, code) + block(8, name), *within(9, [data])]


def attribute(name, value):
    """AttributeProto of a number, a text, a list of one of these, or an array."""
    head = block(1, name)
    if isinstance(value, (int, np.integer)):
        return head + integer(3, value) + integer(20, 2)
    if isinstance(value, (float, np.floating)):
        return head + single(2, value) + integer(20, 1)
    if isinstance(value, (str, bytes)):
        return head + block(4, value) + integer(20, 3)
    if isinstance(value, np.ndarray):
        return head + block(5, b"".join(tensor("", value))) + integer(20, 4)
    values = list(value)
    if values and isinstance(values[0], (str, bytes)):
        return head + b"".join(block(9, v) for v in values) + integer(20, 8)
    if values and any(isinstance(v, float) for v in values):
        return head + b"".join(single(7, v) for v in values) + integer(20, 6)
    return head + b"".join(integer(8, v) for v in values) + integer(20, 7)


def node(op, inputs, outputs, name, attributes, domain=""):
    """NodeProto."""
    data = b"".join(block(1, i) for i in inputs) + b"".join(block(2, o) for o in outputs)
    data += block(3, name) + block(4, op)
    data += b"".join(block(5, attribute(key, value)) for key, value in attributes.items())
    return data + (block(7, domain) if domain else b"")


def value_info(name, element, dims):
    """ValueInfoProto of a tensor; a dim is an int, a name, or None where nothing is known."""
    shape = b""
    for dim in dims:
        shape += block(1, b"" if dim is None else block(2, dim) if isinstance(dim, str) else integer(1, dim))
    return block(1, name) + block(2, block(1, integer(1, element) + block(2, shape)))


def graph(name, nodes, initializers, inputs, outputs):
    """GraphProto of messages, in parts; initializers are in parts themselves."""
    parts = [b"".join(block(1, n) for n in nodes) + block(2, name)]
    for initializer in initializers:
        parts += within(5, initializer)
    parts.append(b"".join(block(11, i) for i in inputs) + b"".join(block(12, o) for o in outputs))
    return parts


def model(graph, ir_version, opsets, producer, version):
    """ModelProto in parts. opsets: {domain: version}."""
    head = integer(1, ir_version) + block(2, producer) + block(3, version)
    tail = b""
    for domain, number in opsets.items():
        tail += block(8, (block(1, domain) if domain else b"") + integer(2, number))
    return [head, *within(7, graph), tail]
