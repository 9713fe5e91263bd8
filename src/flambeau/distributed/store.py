"""Stores: dictionaries of bytes that all processes of a run see. By them processes find each other.

`TCPStore` is kept by a thread of one process, `FileStore` in a file, `HashStore` in the memory of one process, and a
`PrefixStore` is a part of another store.
"""

import base64
import contextlib
import os
import selectors
import socket
import struct
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

from .errors import DistNetworkError, DistStoreError

default_timeout = timedelta(seconds=300)
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # seconds between looks for a key that is waited for


def _bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"a store keeps str and bytes, got {type(value).__name__}")


class Store:
    """What all stores do. A store of your own defines `_read(key)`, which gives bytes or None, `set`, `add`,
    `compare_set`, `append`, `delete_key` and `list_keys`."""

    _timeout = default_timeout

    @property
    def timeout(self):
        """How long `get` and `wait` wait, a datetime.timedelta."""
        return self._timeout

    def set_timeout(self, timeout):
        """set_timeout(timedelta): how long `get` and `wait` wait from now on."""
        self._timeout = timeout

    def get(self, key):
        """get(key) -> bytes: the value, when it is there. DistStoreError when it is not within the timeout."""
        self.wait([key])
        return self._read(key)

    def check(self, keys):
        """check(keys) -> bool: whether all of them are there."""
        return all(self._read(key) is not None for key in keys)

    def wait(self, keys, timeout=None):
        """wait(keys, timeout=None): waits until all keys are there; DistStoreError when they are not in time."""
        timeout = self._timeout if timeout is None else timeout
        end = time.monotonic() + timeout.total_seconds()
        looks = 0
        while not self.check(keys):
            if time.monotonic() >= end:
                missing = [key for key in keys if self._read(key) is None]
                raise DistStoreError(
                    f"wait timeout after {timeout.total_seconds() * 1000:g}ms, keys: {', '.join(missing)}"
                )
            time.sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])
            looks += 1

    def num_keys(self):
        """num_keys() -> int"""
        return len(self.list_keys())

    def multi_get(self, keys):
        """multi_get(keys) -> list of the values, when all are there."""
        self.wait(keys)
        return [self._read(key) for key in keys]

    def multi_set(self, keys, values):
        """multi_set(keys, values): sets several."""
        for key, value in zip(keys, values, strict=True):
            self.set(key, value)

    def has_extended_api(self):
        """has_extended_api() -> True: append, multi_get and multi_set exist."""
        return True

    def hosts(self):
        """(own, master): the address of this machine on the way to the store, or "*" for the machine of the store
        itself; and the address that the store has from here. (None, None) for a store without connections."""
        return None, None

    def close(self):
        """Gives the store up."""

    def abandon(self):
        """Closes what a forked child has of it."""

    # what a store defines
    def _read(self, key):
        raise NotImplementedError(f"{type(self).__name__} must define _read(key)")

    def _unknown(self, *args):
        raise NotImplementedError(f"{type(self).__name__} must define what it was asked for; see Store")

    set = add = compare_set = append = delete_key = list_keys = _unknown


class _Table:
    """The dictionary itself, and what one request does with it."""

    def __init__(self):
        self.values: dict[str, bytes] = {}

    def read(self, key):
        return self.values.get(key)

    def set(self, key, value):
        self.values[key] = value

    def add(self, key, amount):
        total = int(self.values.get(key, b"0")) + int(amount)
        self.values[key] = b"%d" % total
        return self.values[key]

    def compare_set(self, key, expected, desired):
        now = self.values.get(key)
        if now is None and expected:
            return expected
        if now is None or now == expected:
            now = self.values[key] = desired
        return now

    def append(self, key, value):
        self.values[key] = self.values.get(key, b"") + value

    def delete(self, key):
        return b"1" if self.values.pop(key, None) is not None else None

    def list(self, prefix):
        return "\0".join(key for key in self.values if key.startswith(prefix)).encode()


class _TableStore(Store):
    """A store over a table that `_ask(request, key, *values) -> bytes or None` reaches."""

    def _ask(self, request, key, *values):
        raise NotImplementedError

    def _read(self, key):
        return self._ask("read", key)

    def set(self, key, value):
        """set(key, value): value is a str or bytes."""
        self._ask("set", key, _bytes(value))

    def add(self, key, amount):
        """add(key, amount) -> int: adds to the number that is the value (0 when it is not there)."""
        return int(self._ask("add", key, b"%d" % amount))

    def compare_set(self, key, expected_value, desired_value):
        """compare_set(key, expected, desired) -> bytes: sets the value if it is the expected one, or if there is none
        and the expected one is empty; what is there now."""
        return self._ask("compare_set", key, _bytes(expected_value), _bytes(desired_value))

    def append(self, key, value):
        """append(key, value): adds bytes at the end of the value."""
        self._ask("append", key, _bytes(value))

    def delete_key(self, key):
        """delete_key(key) -> bool: whether it was there."""
        return self._ask("delete", key) is not None

    def list_keys(self):
        """list_keys() -> list of all keys."""
        keys = self._ask("list", "")
        return keys.decode().split("\0") if keys else []


class HashStore(_TableStore):
    """HashStore(): a store of one process, for its threads."""

    def __init__(self):
        self._table = _Table()
        self._lock = threading.Lock()

    def _ask(self, request, key, *values):
        with self._lock:
            return getattr(self._table, request)(key, *values)


class FileStore(_TableStore):
    """FileStore(file_name, world_size=-1): a store in a file that all processes can open.

    The file must not be left from an earlier run. With a world_size, it is removed when as many have closed the store.
    """

    def __init__(self, file_name, world_size=-1):
        self.path = os.path.abspath(file_name)
        self.world_size = world_size
        self._closed = False

    def _ask(self, request, key, *values):
        import fcntl

        with open(self.path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            table = self._table(file)
            before = table.values.get(key)
            answer = getattr(table, request)(key, *values)
            if table.values.get(key) != before or (request == "set" and before is None):
                self._write(file, key, table.values.get(key))
            return answer

    def _table(self, file):
        """What the records of the file, each of a key and a value, say."""
        table = _Table()
        file.seek(0)
        for line in file.read().splitlines():
            key, _, value = line.partition(b" ")
            name = base64.b64decode(key).decode()
            if value:
                table.values[name] = base64.b64decode(value[1:])
            else:
                table.values.pop(name, None)
        return table

    def _write(self, file, key, value):
        record = (
            base64.b64encode(key.encode()) + b" " + (b"" if value is None else b"=" + base64.b64encode(value))
        )
        file.write(record + b"\n")
        file.flush()

    def close(self):
        if self._closed:
            return
        self._closed = True
        if self.world_size > 0 and self.add("closed", 1) >= self.world_size:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)


# ------------------------------------------------------------------------------------------------------- TCP

_REQUESTS = ("read", "set", "add", "compare_set", "append", "delete", "list")
_LENGTH = struct.Struct("<I")
_NONE = 0xFFFFFFFF
_LIMIT = 1 << 28  # bytes of a request


def _packed(parts):
    return b"".join(
        _LENGTH.pack(_NONE) if part is None else _LENGTH.pack(len(part)) + bytes(part) for part in parts
    )


def _unpacked(data):
    parts: list = []
    at = 0
    while at < len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        at += 4
        if size == _NONE:
            parts.append(None)
            continue
        parts.append(data[at : at + size])
        at += size
    return parts


class _Server:
    """The thread that keeps the table of a TCPStore."""

    def __init__(self, port):
        self.table = _Table()
        self.listener: Any = listening(port)
        self.port = self.listener.getsockname()[1]
        self.buffers: dict = {}  # connection -> what has come of its request
        self.selector = selectors.DefaultSelector()
        self.wake, self.woken = socket.socketpair()
        for waiting in (self.listener, self.woken):
            self.selector.register(waiting, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.serve, name="flambeau-store", daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                connection: Any = key.fileobj
                if connection is self.woken:
                    return
                if connection is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.buffers[connection] = bytearray()
                    self.selector.register(connection, selectors.EVENT_READ)
                else:
                    self.read(connection)

    def read(self, connection):
        try:
            data = connection.recv(1 << 16)
            if not data:
                raise ConnectionResetError
            buffer = self.buffers[connection]
            buffer += data
            self.answer(connection, buffer)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error):  # gone, or no client
            self.selector.unregister(connection)
            del self.buffers[connection]
            connection.close()

    def answer(self, connection, buffer):
        while len(buffer) >= 4:
            (size,) = _LENGTH.unpack_from(buffer)
            if size > _LIMIT:
                raise ValueError("a request that is none")
            if len(buffer) < 4 + size:
                return
            request, key, *values = _unpacked(bytes(buffer[4 : 4 + size]))
            del buffer[: 4 + size]
            answer = getattr(self.table, _REQUESTS[request[0]])(key.decode(), *values)
            body = _packed([answer])
            connection.sendall(_LENGTH.pack(len(body)) + body)

    def close(self):
        self.wake.send(b"x")
        self.thread.join()
        self.abandon()

    def abandon(self):
        """Closes what a forked child has of it."""
        for resource in (self.listener, self.wake, self.woken, self.selector, *self.buffers):
            resource.close()


def listening(port):
    """listening(port) -> a listening socket for all addresses of this machine, of both families where it has both."""
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    return socket.create_server(("", port), backlog=1024)


class TCPStore(_TableStore):
    """TCPStore(host_name, port, world_size=None, is_master=False, timeout=timedelta(seconds=300),
    wait_for_workers=True)

    A store that a thread of the process with is_master=True keeps; the others connect to it. Port 0 takes a free one
    (`port` says which). With a world_size and wait_for_workers the master waits until as many have connected.
    DistNetworkError when the master is not there within the timeout, or the port is taken.
    """

    def __init__(
        self,
        host_name,
        port,
        world_size=None,
        is_master=False,
        timeout=default_timeout,
        wait_for_workers=True,
        multi_tenant=False,
        master_listen_fd=None,
        use_libuv=True,
    ):
        if not 0 <= port < 1 << 16:
            raise ValueError(f"TCPStore: the port must be from 0 to 65535, got {port}")
        self.host = host_name
        self._timeout = timeout
        _open.add(self)
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._connection: Any = None
        if is_master:
            try:
                self._server = _Server(port)
            except OSError as error:
                raise DistNetworkError(
                    f"TCPStore: the server socket has failed to listen on port {port}: {error.strerror}"
                ) from None
        self.port = self._server.port if self._server is not None else port
        try:
            self._connect()
            if world_size is not None and wait_for_workers:
                self._gather(world_size, is_master)
        except BaseException:
            self.close()
            raise

    def _connect(self):
        end = time.monotonic() + self._timeout.total_seconds()
        while True:
            try:
                host = "127.0.0.1" if self._server is not None else self.host
                self._connection = socket.create_connection(
                    (host, self.port), timeout=max(0.1, min(10.0, end - time.monotonic()))
                )
                break
            except OSError as error:
                if time.monotonic() >= end:
                    raise DistNetworkError(
                        f"The client socket has timed out after {self._timeout.total_seconds():g}s while trying to "
                        f"connect to ({self.host}, {self.port}): {error.strerror or error}"
                    ) from None
                time.sleep(0.02)
        self._connection.settimeout(max(10.0, self._timeout.total_seconds()))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _gather(self, world_size, is_master):
        self.add("workers", 1)
        end = time.monotonic() + self._timeout.total_seconds()
        while is_master and (there := self.add("workers", 0)) < world_size:
            if time.monotonic() > end:
                raise DistStoreError(
                    f"Timed out after {self._timeout.total_seconds():g} seconds waiting for clients. "
                    f"{there}/{world_size} clients joined."
                )
            time.sleep(0.01)

    def _ask(self, request, key, *values):
        body = _packed([bytes([_REQUESTS.index(request)]), key.encode(), *values])
        with self._lock:
            if self._connection is None:
                raise DistNetworkError("the TCPStore is closed")
            try:
                self._connection.sendall(_LENGTH.pack(len(body)) + body)
                (size,) = _LENGTH.unpack(self._exactly(4))
                (answer,) = _unpacked(self._exactly(size))
            except OSError as error:
                raise DistNetworkError(
                    f"the TCPStore at {self.host}:{self.port} cannot be reached any more: {error.strerror or error}"
                ) from None
        return answer

    def _exactly(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self._connection.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("its process has ended or closed it")
            data += piece
        return bytes(data)

    def hosts(self):
        """See Store."""
        own, master = self._connection.getsockname()[0], self._connection.getpeername()[0]
        if self.host not in _LOOPBACK and (self._server is not None or _is_loopback(own)):
            own = "*"  # the machine of the store; what others call it is not known here
        return own, master

    def close(self):
        """Closes the connection, and on the master the store: the others cannot use it any more."""
        self._abandon(lambda server: server.close())

    def abandon(self):
        """Closes what a forked child has of it."""
        self._abandon(lambda server: server.abandon())

    def _abandon(self, end):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._server is not None:
            server, self._server = self._server, None
            end(server)

    def __del__(self):
        with contextlib.suppress(Exception):  # at the end of the interpreter its parts may be gone
            self.close()


_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_open: weakref.WeakSet = weakref.WeakSet()  # the TCPStores of this process


def _is_loopback(address):
    return address == "::1" or address.startswith("127.")


def _abandon_all():
    for store in list(_open):
        store.abandon()


os.register_at_fork(after_in_child=_abandon_all)  # a child holds no ports and connections of its parent


class PrefixStore(Store):
    """PrefixStore(prefix, store): the keys of a store that begin with `prefix/`, without that."""

    def __init__(self, prefix, store):
        self._prefix = prefix
        self._store = store
        self._timeout = store.timeout

    @property
    def underlying_store(self):
        """The store that this one is a part of."""
        return self._store

    def _named(self, key):
        return f"{self._prefix}/{key}"

    def _read(self, key):
        return self._store._read(self._named(key))

    def set(self, key, value):
        """See Store."""
        self._store.set(self._named(key), value)

    def add(self, key, amount):
        """See Store."""
        return self._store.add(self._named(key), amount)

    def compare_set(self, key, expected_value, desired_value):
        """See Store."""
        return self._store.compare_set(self._named(key), expected_value, desired_value)

    def append(self, key, value):
        """See Store."""
        self._store.append(self._named(key), value)

    def delete_key(self, key):
        """See Store."""
        return self._store.delete_key(self._named(key))

    def list_keys(self):
        """See Store: the keys of this part."""
        start = self._named("")
        return [key[len(start) :] for key in self._store.list_keys() if key.startswith(start)]

    def hosts(self):
        """See Store."""
        return self._store.hosts()

    def close(self):
        """Gives the whole store up."""
        self._store.close()

    def abandon(self):
        """See Store."""
        self._store.abandon()
