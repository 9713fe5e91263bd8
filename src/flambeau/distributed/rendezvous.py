"""How the processes of a run find each other: `env://`, `tcp://host:port`, `file:///path`, or a store."""

import ipaddress
import os
from urllib.parse import parse_qs, urlsplit

from .store import FileStore, PrefixStore, TCPStore, default_timeout

_HANDLERS: dict = {}


def register_rendezvous_handler(scheme, handler):
    """register_rendezvous_handler(scheme, handler): handler(url, rank=, world_size=, timeout=) yields (store, rank,
    world_size) for the URLs of a scheme."""
    if scheme in _HANDLERS:
        raise RuntimeError(f"Rendezvous handler for {scheme}:// already registered")
    _HANDLERS[scheme] = handler


def rendezvous(url, rank=-1, world_size=-1, timeout=default_timeout, **kwargs):
    """rendezvous(url, rank=-1, world_size=-1, timeout=...) -> iterator of (store, rank, world_size).

    rank and world_size may be in the URL too: `tcp://host:port?rank=0&world_size=4`; for `env://` in the environment
    variables RANK and WORLD_SIZE, beside MASTER_ADDR and MASTER_PORT. ValueError when one of them is missing.
    """
    if not isinstance(url, str):
        raise RuntimeError(f"`url` must be a string. {type(url)}: {url}")
    scheme = urlsplit(url).scheme
    if scheme not in _HANDLERS:
        raise RuntimeError(
            f"No rendezvous handler for {scheme}://; use env://, tcp://host:port or file:///path"
        )
    return _HANDLERS[scheme](url, rank=rank, world_size=world_size, timeout=timeout, **kwargs)


def _numbers(url, scheme, rank, world_size):
    """rank and world_size, as given or as in the query of the URL."""
    query = {key: values[-1] for key, values in parse_qs(urlsplit(url).query).items()}
    rank = int(query.get("rank", rank)) if rank < 0 else rank
    world_size = int(query.get("world_size", world_size)) if world_size < 0 else world_size
    for name, value in (("rank", rank), ("world size", world_size)):
        if value < 0:
            raise ValueError(
                f"Error initializing torch.distributed using {scheme}:// rendezvous: {name} parameter missing"
            )
    if rank >= world_size:
        raise ValueError(
            f"init_process_group: rank must be below world_size, got rank {rank} of {world_size}"
        )
    return rank, world_size


def file_store(url, world_size):
    """file_store(url, world_size) -> FileStore of a file:///path."""
    parts = urlsplit(url)
    path = parts.netloc + parts.path
    if not path:
        raise ValueError("Error initializing torch.distributed using file:// rendezvous: path missing")
    return FileStore(path, world_size)


def _file(url, rank, world_size, timeout, **kwargs):
    rank, world_size = _numbers(url, "file", rank, world_size)
    store = file_store(url, world_size)
    store.set_timeout(timeout)
    yield store, rank, world_size


def _tcp(url, rank, world_size, timeout, **kwargs):
    parts = urlsplit(url)
    if parts.port is None or parts.hostname is None:
        raise ValueError("Error initializing torch.distributed using tcp:// rendezvous: port number missing")
    _refuse_multicast(parts.hostname)
    rank, world_size = _numbers(url, "tcp", rank, world_size)
    yield _master(parts.hostname, parts.port, rank, world_size, timeout), rank, world_size


def _refuse_multicast(host):
    try:
        is_multicast = ipaddress.ip_address(host).is_multicast
    except ValueError:  # a name
        return
    if is_multicast:
        raise ValueError(
            f"init_process_group: {host} is a multicast address, by which processes of PyTorch 0.3 found each other; "
            "name the machine of rank 0, as tcp://host:port"
        )


def _environment(name):
    value = os.environ.get(name)
    if value is None:
        raise ValueError(
            f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but "
            "not set"
        )
    return value


def _env(url, rank, world_size, timeout, **kwargs):
    query = parse_qs(urlsplit(url).query)
    if rank < 0:
        rank = int(query["rank"][-1]) if "rank" in query else int(_environment("RANK"))
    if world_size < 0:
        world_size = (
            int(query["world_size"][-1]) if "world_size" in query else int(_environment("WORLD_SIZE"))
        )
    if rank >= world_size:
        raise ValueError(
            f"init_process_group: rank must be below world_size, got rank {rank} of {world_size}"
        )
    host, port = _environment("MASTER_ADDR"), int(_environment("MASTER_PORT"))
    yield _master(host, port, rank, world_size, timeout), rank, world_size


_calls: dict = {}  # address of a store that the launcher keeps -> how often this process has begun there


def _master(host, port, rank, world_size, timeout):
    """The store of rank 0. Where `flambeau launch` keeps one at this address, all are clients of that, and each run has
    keys of its own there."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True" or os.environ.get("MASTER_PORT") != str(port):
        return TCPStore(host, port, None, rank == 0, timeout)
    count = _calls[host, port] = _calls.get((host, port), -1) + 1
    return PrefixStore(f"run{count}", TCPStore(host, port, None, False, timeout))


_HANDLERS.update(env=_env, tcp=_tcp, file=_file)
