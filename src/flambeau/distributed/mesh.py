"""Connections between all processes of a run, and the messages that travel on them.

Each process listens on a port of its own and tells the others through the store; of two, the one of the higher rank
connects. A thread receives: into the array of whoever waits for the message, or into memory that waits for a receiver.
So a sender never waits for the receiver's call, and processes that send to each other do not block.

A message belongs to a channel, a number that names a group and what the message is for, and has a tag. Between two
processes, messages of one channel and tag arrive in the order in which they were sent.
"""

import collections
import contextlib
import fcntl
import hmac
import os
import select
import selectors
import socket
import struct
import sys
import termios
import threading
import time

import numpy as np

from .errors import DistBackendError, DistNetworkError
from .store import listening

_HEADER = struct.Struct("<BQqQ")  # kind, channel, tag, bytes that follow
_HELLO = struct.Struct("<I32s")  # rank, secret
_MESSAGE, _GOODBYE = 1, 2
_SECRET = 32  # bytes
_HELLO_TIME = 10.0  # seconds that who connects has to say who it is
_POLL = 0.1  # seconds
_FLUSH = 5.0  # seconds that the end waits at most until what was sent has left this machine
# Seconds before it counts that a peer has said that it ends: it may do so because another one was killed, which is the
# better thing to report and perhaps not known here yet.
_LEAVE = 0.1


class Deadline:
    """Deadline(seconds): when it is too late."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    @property
    def left(self):
        """Seconds that remain, 0 at least."""
        return max(0.0, self.end - time.monotonic())


class Receipt:
    """A message that is waited for: `buffer` has its bytes, and `source` the rank it came from, once `wait` returns."""

    def __init__(self, source, buffer):
        self.source = source
        self.buffer = buffer
        self.error = None
        self.done = threading.Event()

    def finish(self, error=None):
        self.error = error
        self.done.set()

    def wait(self, deadline, what, name="any rank"):
        """Waits; DistBackendError that says `what` was waited for, and from whom, when the deadline passes."""
        if not self.done.wait(deadline.left):
            raise DistBackendError(
                f"{what}: nothing came from {name} within {deadline.seconds:g} seconds; is that process in the same "
                "call?"
            )
        if self.error is not None:
            raise DistBackendError(f"{what}: {self.error}")
        return self


class _Peer:
    """A connection, and how much of the message that is coming has arrived."""

    def __init__(self, rank, connection):
        self.rank = rank
        self.connection = connection
        self.sending = threading.Lock()
        self.lost = None  # why the connection ended
        self._start()

    def _start(self):
        self.header = memoryview(bytearray(_HEADER.size))
        self.place, self.filled, self.receipt, self.key = self.header, 0, None, None


class Mesh:
    """Mesh(store, rank, size, timeout): connects to all others. timeout: seconds."""

    def __init__(self, store, rank, size, timeout):
        self.rank, self.size = rank, size
        self.peers: dict[int, _Peer] = {}
        self._lock = threading.Lock()
        self._waiting: dict = collections.defaultdict(list)  # (channel, tag) -> receipts, in order
        self._arrived: dict = collections.defaultdict(list)  # (channel, tag) -> [(source, bytes)]
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._closing = False
        self._leaving: dict = {}  # peers that have said that they end -> when it is believed
        self._killed = None  # the first process that was lost without a word
        try:
            self._connect(store, Deadline(timeout))
        except BaseException:
            self._close_sockets()
            raise
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        for peer in self.peers.values():
            peer.connection.setblocking(False)
            self._selector.register(peer.connection, selectors.EVENT_READ, peer)
        self._thread = threading.Thread(target=self._receive, name="flambeau-distributed", daemon=True)
        self._thread.start()

    # ---- making the connections

    def _connect(self, store, deadline):
        if self.rank == 0:
            store.set("mesh/secret", os.urandom(_SECRET))
        secret = store.get("mesh/secret")
        host, _ = store.hosts()
        host = _own_host() if host is None else host
        with listening(0) if host == "*" else _listening_at(host) as listener:
            store.set(f"mesh/{self.rank}", f"{host} {listener.getsockname()[1]}".encode())
            for other in range(self.rank):
                self._call(other, store, secret, deadline)
            while len(self.peers) < self.size - 1:
                self._answer(listener, secret, deadline)

    def _call(self, other, store, secret, deadline):
        host, port = store.get(f"mesh/{other}").decode().split()
        host = store.hosts()[1] if host == "*" else host
        hello = _HELLO.pack(other, secret)
        try:
            connection = socket.create_connection((host, int(port)), timeout=max(deadline.left, 0.1))
            self._add(other, connection)
            connection.sendall(_HELLO.pack(self.rank, secret))
            if not hmac.compare_digest(_exactly(connection, _HELLO.size), hello):
                raise ConnectionRefusedError("another process is there")
        except OSError as error:
            raise DistNetworkError(
                f"init_process_group: rank {self.rank} cannot connect to rank {other} at {host}:{port}: "
                f"{error.strerror or error}"
            ) from None

    def _answer(self, listener, secret, deadline):
        """Takes one connection; one that does not know the secret is closed again."""
        listener.settimeout(max(deadline.left, 0.001))
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            missing = sorted(set(range(self.rank + 1, self.size)) - self.peers.keys())
            raise DistNetworkError(
                f"init_process_group: rank {missing} did not connect to rank {self.rank} within "
                f"{deadline.seconds:g} seconds"
            ) from None
        connection.settimeout(min(deadline.left + 0.001, _HELLO_TIME))
        try:
            rank, given = _HELLO.unpack(_exactly(connection, _HELLO.size))
        except (OSError, struct.error):
            connection.close()
            return
        if not hmac.compare_digest(given, secret) or not self.rank < rank < self.size:
            connection.close()
            return
        if rank in self.peers:  # it tries again
            self.peers[rank].connection.close()
        connection.sendall(_HELLO.pack(self.rank, secret))
        self._add(rank, connection)

    def _add(self, rank, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[rank] = _Peer(rank, connection)

    # ---- sending

    def send(self, rank, channel, tag, data, deadline, what):
        """send(rank, channel, tag, data, deadline, what): returns when the system has taken the bytes of `data`."""
        peer = self.peers[rank]
        pieces = [memoryview(_HEADER.pack(_MESSAGE, channel, tag, len(data))), memoryview(data)]
        if not peer.sending.acquire(timeout=deadline.left):
            raise DistBackendError(f"{what}: rank {rank} took nothing within {deadline.seconds:g} seconds")
        try:
            self._write(peer, pieces, deadline, what)
        finally:
            peer.sending.release()

    def _write(self, peer, pieces, deadline, what):
        writable = select.poll()
        writable.register(peer.connection, select.POLLOUT)
        while pieces:
            if peer.lost is not None:
                raise DistBackendError(f"{what}: {peer.lost}")
            try:
                sent = peer.connection.sendmsg(pieces)
            except BlockingIOError:
                if not deadline.left:
                    raise DistBackendError(
                        f"{what}: rank {peer.rank} took nothing within {deadline.seconds:g} seconds"
                    ) from None
                writable.poll(1000 * min(_POLL, deadline.left))
                continue
            except OSError:  # the thread that receives learns why
                for _ in range(20):
                    if peer.lost is None:
                        time.sleep(0.05)
                raise DistBackendError(f"{what}: {peer.lost or _lost(peer.rank)}") from None
            while pieces and sent >= len(pieces[0]):
                sent -= len(pieces.pop(0))
            if pieces:
                pieces[0] = pieces[0][sent:]

    # ---- receiving

    def receive(self, source, channel, tag, buffer=None):
        """receive(source, channel, tag, buffer=None) -> Receipt of the next message from a rank, or, for a collection
        of ranks, from any of them.

        Its bytes come into `buffer`, a writable memoryview of bytes that must have its size, or into new memory.
        """
        receipt = Receipt(source, buffer)
        key = channel, tag
        with self._lock:
            queue = self._arrived.get(key, ())
            for i, (rank, _) in enumerate(queue):
                if _fits(source, rank):
                    rank, data = queue.pop(i)
                    break
            else:
                gone = [self.peers[r].lost for r in ([source] if isinstance(source, int) else source)]
                if all(gone):
                    receipt.finish(gone[0])
                else:
                    self._waiting[key].append(receipt)
                return receipt
            if not queue:
                del self._arrived[key]
        _hand_over(receipt, rank, data)
        return receipt

    def withdraw(self, receipt):
        """Receives nothing for a receipt any more."""
        with self._lock:
            for receipts in self._waiting.values():
                if receipt in receipts:
                    receipts.remove(receipt)

    def _receive(self):
        """What the thread does."""
        while not self._closing:
            for key, _ in self._selector.select(_LEAVE if self._leaving else None):
                if key.data is None:
                    return
                try:
                    self._read(key.data)
                except OSError:
                    self._end_of(key.data)
            for peer, end in list(self._leaving.items()):
                if time.monotonic() > end:
                    del self._leaving[peer]
                    self._lose(peer, f"rank {peer.rank} has ended or called destroy_process_group")

    def _end_of(self, peer):
        """Nothing more comes from a peer."""
        if peer in self._leaving:
            self._selector.unregister(peer.connection)
        else:
            self._lose(peer, _lost(peer.rank), was_killed=True)

    def _read(self, peer):
        """Reads what there is of a peer's messages."""
        for _ in range(16):  # then others have their turn
            if peer.filled < len(peer.place):
                try:
                    n = peer.connection.recv_into(peer.place[peer.filled :])
                except BlockingIOError:
                    return
                if n == 0:
                    self._end_of(peer)
                    return
                peer.filled += n
            if peer.filled == len(peer.place):
                self._complete(peer)

    def _complete(self, peer):
        """A header, or the body of a message, has come."""
        if peer.place is not peer.header:
            self._deliver(peer)
            return
        kind, channel, tag, size = _HEADER.unpack(peer.header)
        if kind == _GOODBYE:
            peer._start()
            self._leaving[peer] = time.monotonic() + _LEAVE
            return
        peer.key = channel, tag
        with self._lock:
            peer.receipt = self._claim(peer.key, peer.rank)
        if peer.receipt is not None and peer.receipt.buffer is not None and len(peer.receipt.buffer) == size:
            peer.place = peer.receipt.buffer
        else:
            peer.place = np.empty(size, np.uint8).data
        peer.filled = 0
        if not size:
            self._deliver(peer)

    def _claim(self, key, rank):
        """The receipt, no longer waiting, for which a message comes; None when nobody waits for it."""
        receipts = self._waiting.get(key, ())
        for i, receipt in enumerate(receipts):
            if _fits(receipt.source, rank):
                del receipts[i]
                if not receipts:
                    del self._waiting[key]
                return receipt
        return None

    def _deliver(self, peer):
        data, receipt, key = peer.place, peer.receipt, peer.key
        peer._start()
        if receipt is None:
            with self._lock:
                receipt = self._claim(key, peer.rank)  # someone may have come since
                if receipt is None:
                    self._arrived[key].append((peer.rank, data))
                    return
        _hand_over(receipt, peer.rank, data)

    def _lose(self, peer, reason, was_killed=False):
        """The connection has ended: those who wait for the peer are told. When it ended because of another process that
        was killed, that one is named too."""
        with self._lock:
            if was_killed and self._killed is None:
                self._killed = reason
            elif self._killed is not None:
                reason = f"{reason}, after {self._killed}"
            peer.lost = reason
            if peer.receipt is not None:
                peer.receipt.finish(reason)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(peer.connection)
            for receipts in self._waiting.values():
                for receipt in list(receipts):
                    sources = [receipt.source] if isinstance(receipt.source, int) else receipt.source
                    if all(self.peers[r].lost for r in sources):
                        receipts.remove(receipt)
                        receipt.finish(reason)

    # ---- the end

    def close(self):
        """Tells the others, and closes the connections."""
        for peer in self.peers.values():
            if peer.lost is None and peer.sending.acquire(timeout=1):
                with contextlib.suppress(OSError):  # it has ended, too
                    peer.connection.send(_HEADER.pack(_GOODBYE, 0, 0, 0))
                peer.sending.release()
        end = time.monotonic() + _FLUSH
        while any(map(_is_sending, self.peers.values())) and time.monotonic() < end:
            time.sleep(0.001)
        self._closing = True
        with contextlib.suppress(OSError):
            self._wake.send(b"x")
        if self._thread is not threading.current_thread():
            self._thread.join()
        for peer in self.peers.values():
            self._lose(peer, "this process has called destroy_process_group")
        self._close_sockets()

    def _close_sockets(self):
        for peer in self.peers.values():
            peer.connection.close()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    abandon = _close_sockets  # in a forked child, which has no part in it


def _is_sending(peer):
    """Whether bytes for a peer are still in this machine: closing the connection could drop them, if others have come
    that nobody reads any more."""
    if peer.lost is not None or sys.platform != "linux":
        return False
    return struct.unpack("i", fcntl.ioctl(peer.connection, termios.TIOCOUTQ, b"\0\0\0\0"))[0] > 0


def _lost(rank):
    return f"rank {rank} was killed or lost its connection"


def _fits(source, rank):
    return source == rank if isinstance(source, int) else rank in source


def _hand_over(receipt, rank, data):
    receipt.source = rank
    if receipt.buffer is None:
        receipt.buffer = data
    elif receipt.buffer is not data:
        if len(receipt.buffer) != len(data):
            receipt.finish(f"rank {rank} sent {len(data)} bytes, but the tensor has {len(receipt.buffer)}")
            return
        receipt.buffer[:] = data
    receipt.finish()


def _exactly(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionResetError("closed")
        data += piece
    return bytes(data)


def _listening_at(host):
    return socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
    )


def _own_host():
    """An address of this machine, when the store has no connection that would tell."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"
