"""Stores keep bytes that several threads and processes see."""

import datetime
import multiprocessing
import socket
import threading

import pytest

from flambeau import distributed as dist
from tests.limits import descriptors

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

SOON = datetime.timedelta(seconds=0.1)


@pytest.fixture(params=["hash", "file", "tcp", "prefix"])
def store(request, tmp_path):
    made = {
        "hash": dist.HashStore,
        "file": lambda: dist.FileStore(str(tmp_path / "store")),
        "tcp": lambda: dist.TCPStore("localhost", 0, 1, True),
        "prefix": lambda: dist.PrefixStore("part", dist.HashStore()),
    }[request.param]()
    yield made
    made.close()


def test_what_all_stores_do(store):
    keys_before = store.num_keys()
    store.set("text", "a b\n c")
    store.set("bytes", b"\0\xff" * 5000)
    store.set("empty", "")
    assert store.get("text") == b"a b\n c" and store.get("bytes") == b"\0\xff" * 5000 and store.get("empty") == b""
    store.set("text", "new")
    assert store.get("text") == b"new" and store.num_keys() == keys_before + 3
    assert store.check(["text", "bytes"]) and not store.check(["text", "other"])
    assert [store.add("count", 2), store.add("count", -5), store.add("count", 0)] == [2, -3, -3]
    assert store.compare_set("text", "old", "no") == b"new" and store.compare_set("text", "new", "yes") == b"yes"
    assert store.compare_set("fresh", "", "first") == b"first" and store.compare_set("none", "x", "y") == b"x"
    assert not store.check(["none"])
    store.append("text", "!")
    assert store.get("text") == b"yes!"
    store.multi_set(["a", "b"], ["1", b"2"])
    assert store.multi_get(["b", "a"]) == [b"2", b"1"]
    assert store.delete_key("a") and not store.delete_key("a") and not store.check(["a"])
    assert {"text", "bytes", "b"} <= set(store.list_keys()) and store.has_extended_api()


def test_waiting(store):
    with pytest.raises(dist.DistStoreError, match="wait timeout after 100ms, keys: here, there"):
        store.wait(["here", "there"], SOON)
    store.set_timeout(SOON)
    assert store.timeout == SOON
    with pytest.raises(dist.DistStoreError):
        store.get("here")
    threading.Timer(0.05, lambda: store.set("late", "x")).start()
    store.set_timeout(datetime.timedelta(seconds=10))
    assert store.get("late") == b"x"
    with pytest.raises(TypeError, match="a store keeps str and bytes, got int"):
        store.set("number", 3)


def test_prefixes_are_apart():
    whole = dist.HashStore()
    one, two = dist.PrefixStore("one", whole), dist.PrefixStore("two", whole)
    one.set("k", "1")
    two.set("k", "2")
    assert one.get("k") == b"1" and two.list_keys() == ["k"] and whole.get("two/k") == b"2"
    assert one.underlying_store is whole


def count(port, times):
    store = dist.TCPStore("127.0.0.1", port)
    for _ in range(times):
        store.add("n", 1)


def test_several_processes_add_to_one():
    store = dist.TCPStore("127.0.0.1", 0, is_master=True)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(store.port, 50)) for _ in range(3)]
    for p in processes:
        p.start()
    for p in processes:
        p.join()
    assert store.add("n", 0) == 150
    store.close()


def test_the_master_waits_for_all():
    with pytest.raises(dist.DistStoreError, match="1/2 clients joined"):
        dist.TCPStore("127.0.0.1", 0, 2, True, timeout=SOON)
    with pytest.raises(dist.DistNetworkError, match="client socket has timed out after 0.1s"):
        dist.TCPStore("127.0.0.1", 1, timeout=SOON)
    with socket.create_server(("", 0)) as taken, pytest.raises(dist.DistNetworkError, match="Address already in use"):
        dist.TCPStore("127.0.0.1", taken.getsockname()[1], is_master=True)
    with pytest.raises(ValueError, match="port must be from 0 to 65535"):
        dist.TCPStore("127.0.0.1", 70000)


def test_a_client_of_something_else_does_not_end_the_server():
    store = dist.TCPStore("127.0.0.1", 0, is_master=True)
    with socket.create_connection(("127.0.0.1", store.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stranger.recv(100) == b""
    with socket.create_connection(("127.0.0.1", store.port)) as stranger:
        stranger.sendall(b"\4\0\0\0junk")
        assert stranger.recv(100) == b""
    with socket.create_connection(("127.0.0.1", store.port)) as stranger:
        stranger.sendall(b"\x0a\0\0\0\1\0\0\0\1\1\0\0\0k")  # set without a value
        assert stranger.recv(100) == b""
    store.set("k", "v")
    assert store.get("k") == b"v"
    store.close()
    with pytest.raises(dist.DistNetworkError, match="closed"):
        store.get("k")


def test_a_store_whose_master_ended():
    master = dist.TCPStore("127.0.0.1", 0, is_master=True)
    client = dist.TCPStore("127.0.0.1", master.port)
    master.close()
    with pytest.raises(dist.DistNetworkError, match=r"cannot be reached any more"):
        client.set("k", "v")
    client.close()


def test_nothing_stays_open():
    before, threads = descriptors(), threading.active_count()
    for _ in range(3):
        store = dist.TCPStore("127.0.0.1", 0, 1, True)
        store.set("k", "v")
        del store
    assert descriptors() == before and threading.active_count() == threads


def test_a_forked_child_does_not_end_its_parents_store():
    store = dist.TCPStore("127.0.0.1", 0, is_master=True)
    child = multiprocessing.get_context("fork").Process(target=store.close)
    child.start()
    child.join()
    store.set("k", "v")
    assert store.get("k") == b"v"
    store.close()


def test_a_store_of_ones_own():
    class Half(dist.Store):
        def _read(self, key):
            return key.encode() if key == "there" else None

    assert Half().get("there") == b"there" and not Half().check(["elsewhere"])
    with pytest.raises(NotImplementedError, match="Half must define"):
        Half().set("k", "v")
