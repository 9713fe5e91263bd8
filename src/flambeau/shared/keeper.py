"""The keeper: a small process that holds shared memory on its way from one process to another.

A sender gives the keeper a descriptor of the memory, under a random token that travels in the message; the receiver
fetches it by the token. So the sender may end before the receiver opens, and nothing has a name in a file system. For
the strategy file_system it counts the holders of each named file and unlinks it after the last, however that one ended.

The first process that sends starts the keeper; its forked and spawned children use the same one. It ends when no
process is connected any more and nothing is on its way (or nobody has come for that in GRACE seconds). This file is
also the keeper's program: it imports nothing but the standard library.
"""

import collections
import contextlib
import os
import selectors
import socket
import struct
import sys
import threading

GRACE = 120.0
TOKEN = 16  # bytes
FOLDER = "/dev/shm"
# requests: one of these letters and a token; each is answered by YES or NO
PARK, FETCH = b"P", b"F"  # a descriptor, which comes and goes along with the message
HOLD, DROP, SEND, RECEIVE = b"H", b"D", b"S", b"R"  # uses of the named file of the token
YES, NO = b"Y", b"N"
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def path_of(token):
    """The file of the strategy file_system that a token stands for."""
    return f"{FOLDER}/flambeau-{token.hex()}"


# ---- the client


class _Client:
    """This process's connections to keepers, by address."""

    def __init__(self):
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.connections = {}
        # requests of finalizers, which must not wait for the lock
        self.dropped: collections.deque = collections.deque()


_client = _Client()
_ADDRESS = "FLAMBEAU_KEEPER"  # in the environment, for spawned children


def _own_client():
    """The client of this process: a forked child does not use the connections of its parent."""
    global _client
    if _client.pid != os.getpid():
        _client = _Client()
    return _client


def address():
    """The address of the keeper that this process gives memory to; starts one if there is none."""
    client = _own_client()
    with client.lock:
        name = os.environ.get(_ADDRESS)
        if name is None or not _reachable(client, name):
            name = os.environ[_ADDRESS] = _start()
            _connection(client, name)
        return name


def request(name, letter, token, descriptor=None):
    """Asks the keeper at an address; the descriptor that it answers with, or True. LookupError when it says no."""
    client = _own_client()
    with client.lock:
        connection = _connection(client, name)
        while client.dropped:
            address_of, dropped = client.dropped.popleft()
            _exchange(_connection(client, address_of), DROP, dropped)
        answer, found = _exchange(connection, letter, token, descriptor)
    if answer != YES:
        raise LookupError(
            "the shared memory of a received tensor is gone: each message can be received once, by one process"
        )
    return found[0] if found else True


def drop(name, token):
    """Gives up this process's hold of a named file; never waits, since finalizers call it."""
    client = _own_client()
    client.dropped.append((name, token))
    if client.lock.acquire(blocking=False):
        try:
            while client.dropped:
                address_of, dropped = client.dropped.popleft()
                if address_of in client.connections:
                    with contextlib.suppress(OSError):  # the keeper is gone, and the file with it
                        _exchange(client.connections[address_of], DROP, dropped)
        finally:
            client.lock.release()


def _exchange(connection, letter, token, descriptor=None):
    if descriptor is None:
        connection.sendall(letter + token)
    else:
        socket.send_fds(connection, [letter + token], [descriptor])
    answer, found, _, _ = socket.recv_fds(connection, 1, 1, _CLOSE_ON_EXEC)
    return answer, found


def _connection(client, name):
    found = client.connections.get(name)
    if found is None:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            found.connect(_bound(name))
        except OSError:
            found.close()
            raise
        client.connections[name] = found
    return found


def _reachable(client, name):
    try:
        _connection(client, name)
    except OSError:
        return False
    return True


def _bound(name):
    return "\0" + name if sys.platform == "linux" else f"/tmp/{name}"


def _start():
    """Starts a keeper and returns its address. The socket listens before the process runs."""
    from multiprocessing.util import spawnv_passfds

    name = f"flambeau-{os.urandom(TOKEN).hex()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(_bound(name))
        listener.listen(128)
        command = [sys.executable, "-I", "-S", __file__, str(listener.fileno()), str(GRACE)]
        spawnv_passfds(
            os.fsencode(sys.executable), [os.fsencode(word) for word in command], [listener.fileno()]
        )
    return name


# ---- the process


class Keeper:
    """The state of the process, and what it does with requests."""

    def __init__(self, listener, grace):
        self.listener = listener
        self.grace = grace
        self.parked = {}  # token -> descriptor
        # token of a named file -> holders, and messages that name it
        self.uses: collections.Counter = collections.Counter()
        self.held = {}  # connection -> Counter of the tokens that its process holds
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)

    def run(self):
        """Serves until no one is left."""
        alone = False
        while True:
            ready = self.selector.select(self.grace if alone else None)
            if not ready:
                break
            for key, _ in ready:
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.serve(key.fileobj)
            alone = not self.held
            if alone and not self.parked and not self.uses:
                break
        for token in self.uses:
            self.unlink(token)

    def accept(self):
        connection, _ = self.listener.accept()
        if sys.platform == "linux":
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if struct.unpack("3i", credentials)[1] != os.getuid():
                connection.close()
                return
        self.held[connection] = collections.Counter()
        self.selector.register(connection, selectors.EVENT_READ)

    def serve(self, connection):
        try:
            message, found, _, _ = socket.recv_fds(connection, 1 + TOKEN, 1, _CLOSE_ON_EXEC)
            if len(message) == 1 + TOKEN:
                self.answer(connection, message[:1], message[1:], found)
                return
        except OSError:  # the process died
            pass
        self.selector.unregister(connection)
        connection.close()
        for token, count in self.held.pop(connection).items():
            self.give_up(token, count)

    def answer(self, connection, letter, token, found):
        if letter == PARK:
            self.parked[token] = found[0]
        elif letter == FETCH:
            descriptor = self.parked.pop(token, None)
            if descriptor is None:
                connection.sendall(NO)
                return
            socket.send_fds(connection, [YES], [descriptor])
            os.close(descriptor)
            return
        elif letter in (SEND, RECEIVE) and token not in self.uses:
            connection.sendall(NO)
            return
        elif letter in (HOLD, SEND):
            self.uses[token] += 1
        if letter in (HOLD, RECEIVE):
            self.held[connection][token] += 1
        elif letter == DROP and self.held[connection][token]:
            self.held[connection][token] -= 1
            self.give_up(token, 1)
        connection.sendall(YES)

    def give_up(self, token, count):
        self.uses[token] -= count
        if self.uses[token] <= 0:
            del self.uses[token]
            self.unlink(token)

    def unlink(self, token):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path_of(token))


def main(descriptor, grace):
    """The program: serves on the listening socket of the given descriptor. grace: seconds."""
    import resource

    os.setsid()  # Ctrl-C is not meant for it
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    Keeper(socket.socket(fileno=descriptor), grace).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
