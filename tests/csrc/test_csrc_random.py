"""The random stream against NumPy's MT19937, and number for number against PyTorch where it is installed."""

import ctypes

import ml_dtypes
import numpy as np
import pytest

from tests.th_reference import SIZES, Reference

FLOATS = ["float16", ml_dtypes.bfloat16, "float32", "float64"]


class State(ctypes.Structure):
    _fields_ = [("mt", ctypes.c_uint32 * 624), ("index", ctypes.c_int32), ("has_normal", ctypes.c_int32),
                ("normal", ctypes.c_double), ("stream", ctypes.c_int32)]  # fmt: skip


class Generator:
    """The C functions of one state."""

    def __init__(self, fb, seed, stream=0):
        self.fb, self.s = fb, State(stream=stream)
        fb.c.fb_mt_seed(ctypes.byref(self.s), ctypes.c_uint32(seed))

    def __call__(self, name, dtype, n, *args):
        out = np.empty(n, dtype)
        draw = getattr(self.fb.c, "fb_mt_" + name)
        place = ctypes.c_void_p(out.ctypes.data)
        status = draw(ctypes.byref(self.s), self.fb.codes[out.dtype], place, ctypes.c_int64(n), *args)
        assert status == 0
        return out

    def uniform(self, dtype, n, a=0.0, b=1.0):
        return self("uniform", dtype, n, ctypes.c_double(a), ctypes.c_double(b))

    def normal(self, dtype, n, mean=0.0, std=1.0):
        return self("normal", dtype, n, ctypes.c_double(mean), ctypes.c_double(std))

    def randint(self, dtype, n, low, high):
        return self("randint", dtype, n, ctypes.c_int64(low), ctypes.c_uint64((high - low) % 2**64))

    def randperm(self, n):
        out = np.empty(n, "int64")
        assert (
            self.fb.c.fb_mt_randperm(
                ctypes.byref(self.s), ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(n)
            )
            == 0
        )
        return out

    def bernoulli_probs(self, dtype, p):
        out = np.empty(p.shape, dtype)
        assert self.fb.c.fb_mt_bernoulli_probs(ctypes.byref(self.s), self.fb.codes[out.dtype],
                                               ctypes.c_void_p(out.ctypes.data), self.fb.codes[p.dtype],
                                               ctypes.c_void_p(p.ctypes.data), ctypes.c_int64(p.size)) == 0  # fmt: skip
        return out


def words(seed, n):
    return np.random.RandomState(seed).randint(0, 2**32, size=n, dtype=np.uint64)


def test_stream_of_words(fb):
    g = Generator(fb, 5489)
    got = [fb.c.fb_mt_random32(ctypes.byref(g.s)) for _ in range(2000)]
    np.testing.assert_array_equal(got, words(5489, 2000))
    g = Generator(fb, 7)
    w = words(7, 4)
    assert fb.c.fb_mt_random64(ctypes.byref(g.s)) == (int(w[0]) << 32) | int(w[1])


def test_uniform_without_torch(fb):
    w = words(3, 10000)
    want = ((w[:9999] & 0xFFFFFF) / 2**24).astype("float32")
    np.testing.assert_array_equal(Generator(fb, 3).uniform("float32", 9999), want)
    pairs = (w[0::2] << np.uint64(32)) | w[1::2]
    np.testing.assert_array_equal(Generator(fb, 3).uniform("float64", 5000), (pairs & (2**53 - 1)) / 2**53)


def test_refuses_bad_arguments(fb):
    g = Generator(fb, 0)
    out = np.empty(3, "float32")
    p = ctypes.c_void_p(out.ctypes.data)
    n, f = ctypes.c_int64(3), ctypes.c_double
    assert fb.c.fb_mt_bernoulli(ctypes.byref(g.s), 8, p, n, f(1.5)) == -2
    assert fb.c.fb_mt_exponential(ctypes.byref(g.s), 8, p, n, f(0.0)) == -2
    assert fb.c.fb_mt_uniform(ctypes.byref(g.s), 4, p, n, f(0), f(1)) == -1
    assert fb.c.fb_mt_normal(ctypes.byref(g.s), 10, p, n, f(0), f(1)) == -1


class TestAgainstTorch:
    """Both generators go through the same calls; after each the next word must agree too."""

    @pytest.fixture
    def both(self, fb):
        torch = pytest.importorskip("torch")

        def start(seed):
            torch.manual_seed(seed)
            return Generator(fb, seed), torch

        yield start

    @staticmethod
    def torch_dtype(torch, dtype):
        return getattr(torch, np.dtype(dtype).name)

    @staticmethod
    def array(t):
        torch = pytest.importorskip("torch")
        return (
            t.view(torch.uint16).numpy().view(ml_dtypes.bfloat16) if t.dtype == torch.bfloat16 else t.numpy()
        )

    @staticmethod
    def same_position(g, torch):
        assert g.uniform("float32", 1)[0] == torch.rand(1).item(), "the streams are at different places"

    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize("bounds", [(0, 1), (-1, 3), (-0.1, 0.37), (1e4, 1e4 + 1)])
    def test_uniform(self, both, dtype, bounds):
        g, torch = both(11)
        for n in (1, 3, 700, 5000):
            want = torch.empty(n, dtype=self.torch_dtype(torch, dtype)).uniform_(*bounds)
            np.testing.assert_array_equal(g.uniform(dtype, n, *bounds), self.array(want))
        self.same_position(g, torch)

    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize("params", [(0, 1), (1.5, 2.0), (-3, 0.01)])
    def test_normal(self, both, dtype, params):
        g, torch = both(12)
        mean, std = params
        eps = {"float32": 1.2e-7, "float64": 2.3e-16, "float16": 1e-3}.get(dtype, 8e-3)
        for n in (1, 2, 3, 5, 15, 16, 17, 31, 32, 100, 1, 4000, 4, 50001):
            want = self.array(torch.empty(n, dtype=self.torch_dtype(torch, dtype)).normal_(mean, std)).astype(
                "float64"
            )
            got = g.normal(dtype, n, mean, std).astype("float64")
            # The angle of a pair is rounded before its cosine is taken: up to 6 * std * eps of the value.
            np.testing.assert_allclose(got, want, rtol=2 * eps, atol=6 * eps * std)
        self.same_position(g, torch)

    @pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1])
    def test_mixed_sequence_with_the_kept_second_normal(self, both, seed):
        g, torch = both(seed)
        for _ in range(3):
            np.testing.assert_array_equal(g.normal("float32", 3), torch.randn(3).numpy())
            np.testing.assert_array_equal(g.uniform("float32", 2), torch.rand(2).numpy())
            np.testing.assert_array_equal(g.normal("float64", 2), torch.randn(2, dtype=torch.float64).numpy())
            np.testing.assert_allclose(g.normal("float32", 16), torch.randn(16).numpy(), rtol=1e-6, atol=1e-6)
            np.testing.assert_array_equal(g.normal("float32", 5), torch.randn(5).numpy())

    @pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint16", "uint64", "float32"])
    @pytest.mark.parametrize("high", [1, 2, 10, 255])
    def test_randint_small(self, both, dtype, high):
        g, torch = both(13)
        want = torch.randint(0, high, (3000,), dtype=getattr(torch, dtype))
        np.testing.assert_array_equal(g.randint(dtype, 3000, 0, high), want.numpy())
        self.same_position(g, torch)

    @pytest.mark.parametrize(
        "bounds",
        [
            (-5, 5),
            (0, 2**16),
            (0, 2**28 - 1),
            (0, 2**28),
            (7, 2**31),
            (0, 2**32),
            (-(2**62), 2**62),
            (-(2**63), 2**63 - 1),
        ],
    )
    def test_randint_wide(self, both, bounds):
        g, torch = both(14)
        np.testing.assert_array_equal(
            g.randint("int64", 3000, *bounds), torch.randint(*bounds, (3000,)).numpy()
        )
        self.same_position(g, torch)

    @pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", *FLOATS])
    def test_random_without_bounds(self, both, dtype):
        g, torch = both(15)
        want = self.array(torch.empty(3000, dtype=self.torch_dtype(torch, dtype)).random_())
        np.testing.assert_array_equal(g("random", dtype, 3000), want)
        self.same_position(g, torch)

    def test_random_of_unsigned_without_bounds(self, both):
        """What PyTorch has no kernel for: every value, from one word, or from two for uint64."""
        g, torch = both(15)
        words = torch.empty(6000, dtype=torch.int64).random_(2**16).numpy()  # the low bits of one word each
        np.testing.assert_array_equal(g("random", "uint16", 3000), words[:3000])
        np.testing.assert_array_equal(g("random", "uint32", 3000) % 2**16, words[3000:])
        whole = torch.empty(3000, dtype=torch.int64).random_(-(2**63), None).numpy()
        np.testing.assert_array_equal(g("random", "uint64", 3000), whole.view(np.uint64))
        self.same_position(g, torch)

    @pytest.mark.parametrize("n", [0, 1, 2, 5, 624, 10000])
    def test_randperm(self, both, n):
        g, torch = both(16)
        np.testing.assert_array_equal(g.randperm(n), torch.randperm(n).numpy())
        self.same_position(g, torch)

    @pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "uint8", "int64", "float16"])
    @pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
    def test_bernoulli(self, both, dtype, p):
        g, torch = both(17)
        want = torch.empty(5000, dtype=self.torch_dtype(torch, dtype)).bernoulli_(p)
        np.testing.assert_array_equal(g("bernoulli", dtype, 5000, ctypes.c_double(p)), want.numpy())
        self.same_position(g, torch)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_bernoulli_with_probabilities(self, both, dtype):
        g, torch = both(18)
        p = np.random.default_rng(0).random(5000).astype(dtype)
        np.testing.assert_array_equal(
            g.bernoulli_probs(dtype, p), torch.bernoulli(torch.from_numpy(p)).numpy()
        )
        self.same_position(g, torch)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_exponential(self, both, dtype):
        g, torch = both(19)
        want = torch.empty(5000, dtype=self.torch_dtype(torch, dtype)).exponential_(2.5)
        got = g("exponential", dtype, 5000, ctypes.c_double(2.5))
        np.testing.assert_allclose(got, want.numpy(), rtol=2 * np.finfo(dtype).eps)
        self.same_position(g, torch)


@pytest.mark.parametrize("stream", [1, 2])
class TestStreamsOfTH:
    """Whatever the size, number after number, in the order of 0.3 (1) and of what was before (2)."""

    @pytest.fixture
    def both(self, fb, stream):
        return Generator(fb, 5, stream), Reference(5, early=stream == 2)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_uniform(self, both, dtype):
        g, reference = both
        for n, low, high in (1, 0, 1), (5000, 0, 1), (3, -0.3, 0.7):
            np.testing.assert_array_equal(g.uniform(dtype, n, low, high), reference.uniform(n, low, high, dtype))

    def test_16_bits_are_rounded(self, both):
        g, reference = both
        np.testing.assert_array_equal(g.uniform("float16", 99, 0, 3), reference.uniform(99, 0, 3).astype("float16"))

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_normal_keeps_the_second_of_a_pair(self, both, dtype):
        g, reference = both
        for n in (1, 1, 3, 40, 16, 2111):
            got, want = g.normal(dtype, n, 2.0, 0.3), reference.normal(n, 2.0, 0.3, dtype)
            np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps, atol=1e-15)
            np.testing.assert_array_equal(g.uniform("float32", 3), reference.uniform(3))

    @pytest.mark.parametrize("dtype", SIZES)
    def test_random(self, both, dtype):
        g, reference = both
        np.testing.assert_array_equal(g("random", dtype, 3000), reference.random(3000, dtype))

    @pytest.mark.parametrize("bounds", [(0, 10), (-7, 8), (0, 2**31), (0, 2**32), (-3, 2**40), (-(2**62), 2**62)])
    def test_integers(self, both, bounds):
        g, reference = both
        np.testing.assert_array_equal(g.randint("int64", 50, *bounds), reference.integers(50, *bounds, "int64"))

    def test_permutation(self, both):
        g, reference = both
        for n in (1, 2, 3000):
            assert g.randperm(n).tolist() == reference.permutation(n)

    def test_bernoulli(self, both):
        g, reference = both
        probabilities = np.random.default_rng(0).random(3000)
        for dtype in ("float32", "float64"):
            p = probabilities.astype(dtype)
            np.testing.assert_array_equal(g.bernoulli_probs(dtype, p), reference.bernoulli(p))
        got = g("bernoulli", "uint8", 99, ctypes.c_double(0.4))
        np.testing.assert_array_equal(got, reference.bernoulli([0.4] * 99))

    def test_exponential(self, both):
        g, reference = both
        got = g("exponential", "float64", 3000, ctypes.c_double(2.5))
        np.testing.assert_allclose(got, reference.exponential(3000, 2.5, "float64"), rtol=1e-14)

    def test_geometric(self, fb, both):
        g, reference = both
        out = np.empty(3000)
        place, n = ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(3000)
        assert fb.c.fb_mt_geometric(ctypes.byref(g.s), place, n, ctypes.c_double(0.7)) == 0
        np.testing.assert_array_equal(out, reference.geometric(3000, 0.7, "float64"))
        assert fb.c.fb_mt_geometric(ctypes.byref(g.s), place, n, ctypes.c_double(1.0)) == -2

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("replacement", [False, True])
    def test_multinomial(self, fb, both, dtype, replacement):
        g, reference = both
        p = np.random.default_rng(1).random((7, 20)).astype(dtype)
        p[3, 4:] = 0
        samples = 4
        out = np.empty((7, samples), "int64")
        status = fb.c.fb_th_multinomial(ctypes.byref(g.s), fb.codes[p.dtype], ctypes.c_void_p(p.ctypes.data),
                                        *map(ctypes.c_int64, (7, 20, samples)), ctypes.c_int(replacement),
                                        ctypes.c_void_p(out.ctypes.data))  # fmt: skip
        assert status == 0 and out.tolist() == [reference.multinomial(row, samples, replacement) for row in p]

    def test_seeding_keeps_the_stream_and_forgets_the_pair(self, fb, both, stream):
        g, _ = both
        g.normal("float32", 1)
        fb.c.fb_mt_seed(ctypes.byref(g.s), ctypes.c_uint32(5))
        want = Reference(5, early=stream == 2).normal(3, dtype="float64")
        np.testing.assert_allclose(g.normal("float64", 3), want, rtol=1e-15)
