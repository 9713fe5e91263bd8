"""Files of the formats that older versions wrote, made byte by byte."""

import io
import pickle
import struct
import tarfile

MAGIC = 0x1950A86A20F9469CFC6C


class Global:
    """Pickles as a name."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as a call, with a state to set afterwards or without."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state


class Pid:
    """Pickles as a persistent id."""

    def __init__(self, pid):
        self.pid = pid


class _Writer(pickle._Pickler):
    def save(self, obj, save_persistent_id=True):
        if type(obj) is Global:
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        elif type(obj) is Pid:
            self.save(obj.pid)
            self.write(pickle.BINPERSID)
        elif type(obj) is Call:
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def dumped(obj, protocol=2):
    text = io.BytesIO()
    _Writer(text, protocol).dump(obj)
    return text.getvalue()


def storage(name, key, numel, location="cpu", view=None, extra=True):
    """The persistent id of a storage: in 0.2 to 1.5 with the metadata of a view."""
    return Pid(("storage", Global("torch", name), key, location, numel) + ((view,) if extra else ()))


def tensor(storage_id, offset, size, stride):
    """A tensor as 0.2 and 0.3 wrote it."""
    return Call(Global("torch._utils", "_rebuild_tensor"), storage_id, offset, size, stride)


def sequence(obj, storages, little=True, count="<q"):
    """A file of 0.2 to 1.5. storages: {key: (number of elements, bytes)}."""
    system = dict(protocol_version=1001, little_endian=little, type_sizes=dict(short=2, int=4, long=4))
    parts = [dumped(x) for x in (MAGIC, 1001, system, obj, sorted(storages))]
    for key in sorted(storages):
        numel, raw = storages[key]
        parts += [struct.pack(count, numel), raw]
    return b"".join(parts)


def tar(obj, storages, views, tensors, order="<"):
    """A file of 0.1. storages: [(number, type, number of elements, bytes)]; views: [(number, root, offset, size)];
    tensors: [(number, storage, type, offset, size, stride)]."""
    raw = {"sys_info": dumped(dict(protocol_version=1000, little_endian=order == "<")), "pickle": dumped(obj)}
    parts = [dumped(len(storages))]
    for number, kind, count, data in storages:
        parts += [dumped((number, "cpu", Global("torch", kind))), struct.pack(f"{order}q", count), data]
    raw["storages"] = b"".join([*parts, dumped(views)])
    parts = [dumped(len(tensors))]
    for number, owner, kind, offset, size, stride in tensors:
        geometry = struct.pack(f"{order}{2 + 2 * len(size)}q", len(size), *size, *stride, offset)
        parts += [dumped((number, owner, Global("torch", kind))), geometry]
    raw["tensors"] = b"".join(parts)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            info = tarfile.TarInfo(name)
            info.size = len(raw[name])
            archive.addfile(info, io.BytesIO(raw[name]))
    return buffer.getvalue()
