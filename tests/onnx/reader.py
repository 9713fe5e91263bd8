"""Reading ONNX files: the few messages of onnx.proto that exported models consist of, written against its text."""

import struct
from dataclasses import dataclass, field

import numpy as np

DTYPES = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
          11: "float64"}  # fmt: skip


def varint(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        n |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return n, at


def fields(data):
    """{field number: [values]}: numbers, or bytes."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
            assert len(value) == size
        else:
            assert wire == 5
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        found.setdefault(number, []).append(value)
    return found


def signed(n):
    return n - (1 << 64) if n >> 63 else n


def text(message, number):
    return message.get(number, [b""])[0].decode()


@dataclass
class Node:
    op: str
    inputs: list
    outputs: list
    name: str
    attributes: dict
    domain: str


@dataclass
class Model:
    ir_version: int
    opsets: dict
    producer: str
    nodes: list
    initializers: dict
    inputs: dict  # name -> (dtype, dims)
    outputs: dict
    name: str = ""
    order: list = field(default_factory=list)


def tensor(data):
    message = fields(data)
    dims = [signed(d) for d in message.get(1, [])]
    array = np.frombuffer(message[9][0], DTYPES[message[2][0]]).reshape(dims)
    return text(message, 8), array


def attribute(data):
    message = fields(data)
    kind = message[20][0]
    values = {
        1: lambda: message[2][0],
        2: lambda: signed(message[3][0]),
        3: lambda: message[4][0].decode(),
        4: lambda: tensor(message[5][0])[1],
        6: lambda: message.get(7, []),
        7: lambda: [signed(v) for v in message.get(8, [])],
        8: lambda: [v.decode() for v in message.get(9, [])],
    }
    return text(message, 1), values[kind]()


def node(data):
    m = fields(data)
    names = [[v.decode() for v in m.get(i, [])] for i in (1, 2)]
    return Node(text(m, 4), *names, text(m, 3), dict(attribute(a) for a in m.get(5, [])), text(m, 7))


def value_info(data):
    m = fields(data)
    kind = fields(fields(m[2][0])[1][0])
    dims = []
    for dim in fields(kind.get(2, [b""])[0]).get(1, []):
        parts = fields(dim)
        dims.append(parts[1][0] if 1 in parts else text(parts, 2) or None)
    return text(m, 1), (DTYPES[kind[1][0]], dims)


def read(data):
    """The Model in the bytes of a file."""
    m = fields(data)
    graph = fields(m[7][0])
    opsets = {text(s, 1): s[2][0] for s in map(fields, m[8])}
    return Model(
        m[1][0], opsets, text(m, 2), [node(n) for n in graph.get(1, [])], dict(map(tensor, graph.get(5, []))),
        dict(map(value_info, graph.get(11, []))), dict(map(value_info, graph.get(12, []))), text(graph, 2),
    )  # fmt: skip
