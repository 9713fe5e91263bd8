# Random numbers: the generator, and the gradients of gamma and beta numbers. Part of native.pyx.

STREAMS = {"today": 0, "0.3": 1, "0.2": 2}     # enum fb_stream, by the PyTorch that had it

cdef object _generators = weakref.WeakSet()


def _unlock_in_child():
    """A lock that another thread held at fork would never be released in the child."""
    for generator in list(_generators):
        generator.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)


cdef class MT19937:
    """The Mersenne twister. The fills write contiguous arrays; a lock keeps threads apart.

    `stream`, a key of STREAMS: how numbers are made of its words. May be changed at any time.
    """
    cdef fb_mt19937 s
    cdef object lock
    cdef object __weakref__

    def __init__(self, uint64_t seed, stream="today"):
        self.lock = allocate_lock()
        _generators.add(self)
        self.stream = stream
        fb_mt_seed(&self.s, <uint32_t>seed)

    @property
    def stream(self):
        return next(name for name, code in STREAMS.items() if code == self.s.stream)

    @stream.setter
    def stream(self, name):
        self.s.stream = STREAMS[name]

    @property
    def one_by_one(self):
        """Whether arrays are filled in the order of their indices, as TH did; today's order is that of memory."""
        return self.s.stream != 0

    def renew_lock(self):
        self.lock = allocate_lock()

    def seed(self, uint64_t seed):
        """Starts the stream of a seed, of which the low 32 bits count."""
        with self.lock:
            fb_mt_seed(&self.s, <uint32_t>seed)

    def get_state(self):
        """(624 words, index of the next word, the second normal of a pair or None)"""
        words = empty_array((624,), descr_for(INT64))
        cdef int64_t* to = <int64_t*>cnp.PyArray_DATA(words)
        cdef int i
        with self.lock:
            for i in range(624):
                to[i] = self.s.mt[i]
            return words, self.s.index, self.s.normal if self.s.has_normal else None

    def set_state(self, words, int index, normal):
        """Continues from what get_state gave."""
        cdef int i
        cdef vector[uint32_t] checked_words
        for w in words:
            checked_words.push_back(<uint32_t>w)
        if checked_words.size() != 624 or not 0 <= index <= 624:
            raise RuntimeError("Invalid mt19937 state")
        cdef double value = 0.0 if normal is None else normal
        with self.lock:
            for i in range(624):
                self.s.mt[i] = checked_words[i]
            self.s.index = index
            self.s.has_normal = normal is not None
            self.s.normal = value

    cdef int target(self, cnp.ndarray a) except -1:
        """The dtype code of an array to fill, which has to be contiguous."""
        if not is_plain(a) or not cnp.PyArray_ISWRITEABLE(a):
            raise ValueError("a fill with random numbers needs a contiguous, writable array")
        cdef int code = float_code(a)
        return code if code >= 0 else code_of(a.dtype)

    def uniform(self, cnp.ndarray a, double low, double high):
        """a[i] uniform in [low, high): float types."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_uniform(&self.s, code, cnp.PyArray_DATA(a), n, low, high)
            resume(state)
        checked(status, "uniform")

    def normal(self, cnp.ndarray a, double mean, double std):
        """a[i] normal: float types."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_normal(&self.s, code, cnp.PyArray_DATA(a), n, mean, std)
            resume(state)
        checked(status, "normal")

    def serial_normal(self, cnp.ndarray a, double mean, double std):
        """a[i] normal, drawn one by one whatever the size (normal() draws 16 and more in blocks): float64."""
        cdef int status = 0
        cdef int64_t n = cnp.PyArray_SIZE(a), i
        if self.target(a) != FLOAT64:
            raise TypeError("serial_normal: float64 expected")
        cdef double* x = <double*>cnp.PyArray_DATA(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            for i in range(n):
                status |= fb_mt_normal(&self.s, FLOAT64, x + i, 1, mean, std)
            resume(state)
        checked(status, "normal")

    def randint(self, cnp.ndarray a, int64_t low, uint64_t range):
        """Integers low <= a[i] < low + range, in any real dtype; a range of 0 stands for 2**64."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_randint(&self.s, code, cnp.PyArray_DATA(a), n, low, range)
            resume(state)
        checked(status, "randint")

    def random(self, cnp.ndarray a):
        """0 <= a[i] <= the largest int of an int dtype, or 2**digits of a float dtype."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_random(&self.s, code, cnp.PyArray_DATA(a), n)
            resume(state)
        checked(status, "random")

    def permutation(self, cnp.ndarray a):
        """a = the numbers 0 to n - 1 in random order: int64."""
        cdef int64_t n = cnp.PyArray_SIZE(a)
        cdef int status
        if self.target(a) != INT64:
            raise TypeError("permutation: int64 expected")
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_randperm(&self.s, <int64_t*>cnp.PyArray_DATA(a), n)
            resume(state)
        checked(status, "permutation")

    def bernoulli(self, cnp.ndarray a, double p):
        """a[i] = 1 with probability p, else 0: any real dtype."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_bernoulli(&self.s, code, cnp.PyArray_DATA(a), n, p)
            resume(state)
        checked(status, "bernoulli")

    def bernoulli_probs(self, cnp.ndarray a, cnp.ndarray probs):
        """a[i] = 1 with probability probs[i], else 0; probs float32 or float64, contiguous, of the same size."""
        cdef int code = self.target(a), status, p_code = float_code(probs)
        cdef int64_t n = cnp.PyArray_SIZE(a)
        if not is_plain(probs) or cnp.PyArray_SIZE(probs) != n:
            raise ValueError("bernoulli: the probabilities have to be contiguous and as many as the results")
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_bernoulli_probs(&self.s, code, cnp.PyArray_DATA(a), p_code, cnp.PyArray_DATA(probs), n)
            resume(state)
        checked(status, "bernoulli")

    def exponential(self, cnp.ndarray a, double rate):
        """a[i] exponential of the given rate: float types."""
        cdef int code = self.target(a), status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_exponential(&self.s, code, cnp.PyArray_DATA(a), n, rate)
            resume(state)
        checked(status, "exponential")

    def geometric(self, cnp.ndarray a, double p):
        """a[i] the number of the first success in trials: float64, 0 < p < 1."""
        cdef int status
        cdef int64_t n = cnp.PyArray_SIZE(a)
        if self.target(a) != FLOAT64:
            raise TypeError("geometric: float64 expected")
        with self.lock:
            state = pause(n > SMALL_FILL)
            status = fb_mt_geometric(&self.s, <double*>cnp.PyArray_DATA(a), n, p)
            resume(state)
        checked(status, "geometric")

    def th_multinomial(self, cnp.ndarray p, cnp.ndarray out, bint replacement):
        """out[r, j] the j-th category drawn from the probabilities p[r] in TH's way: p float32 or float64, out int64."""
        cdef int64_t samples = out.shape[1], rows = p.shape[0], categories = p.shape[1]
        cdef int status
        if self.target(out) != INT64 or not is_plain(p) or out.shape[0] != rows:
            raise ValueError("th_multinomial: contiguous matrices with the same rows expected, the result of int64")
        with self.lock:
            state = pause(True)
            status = fb_th_multinomial(&self.s, float_code(p), cnp.PyArray_DATA(p), rows, categories, samples,
                                       replacement, <int64_t*>cnp.PyArray_DATA(out))
            resume(state)
        checked(status, "multinomial")

    def poisson(self, cnp.ndarray rates):
        """Replaces each rate by a Poisson number of that rate: float64, rates >= 0."""
        cdef int64_t n = cnp.PyArray_SIZE(rates), i
        if self.target(rates) != FLOAT64:
            raise TypeError("poisson: float64 expected")
        cdef double* x = <double*>cnp.PyArray_DATA(rates)
        with self.lock:
            state = pause(n > 256)
            for i in range(n):
                x[i] = one_poisson(&self.s, x[i])
            resume(state)

    def gamma(self, cnp.ndarray shapes):
        """Replaces each shape by a gamma number of that shape and rate 1: float32 or float64, shapes >= 0."""
        cdef int code = self.target(shapes), status
        cdef int64_t n = cnp.PyArray_SIZE(shapes)
        with self.lock:
            state = pause(n > 256)
            status = fb_mt_gamma(&self.s, code, cnp.PyArray_DATA(shapes), n)
            resume(state)
        checked(status, "gamma")

    def binomial(self, cnp.ndarray counts, cnp.ndarray probs):
        """Replaces each count by the number of successes of so many trials: float32 or float64, contiguous."""
        cdef int64_t n = cnp.PyArray_SIZE(counts)
        cdef int code = self.target(counts), status
        if float_code(probs) != code or not is_plain(probs) or cnp.PyArray_SIZE(probs) != n:
            raise ValueError("binomial: the probabilities have to be contiguous, as many as the counts, of their dtype")
        with self.lock:
            state = pause(n > 256)
            status = fb_mt_binomial(&self.s, code, cnp.PyArray_DATA(counts), cnp.PyArray_DATA(probs), n)
            resume(state)
        checked(status, "binomial")


cdef inline double unit(fb_mt19937* s) noexcept nogil:
    return <double>(fb_mt_random64(s) & ((<uint64_t>1 << 53) - 1)) / <double>(<uint64_t>1 << 53)


cdef double one_poisson(fb_mt19937* s, double rate) noexcept nogil:
    """Small rates: how many uniforms can be multiplied before their product falls below exp(-rate) (Knuth). Rates of 10
    and more: transformed rejection with squeeze, algorithm PTRS of Hoermann 1993."""
    cdef double product, limit, u, v, us, k, a, b, inv_alpha, v_r, log_rate
    if rate == 0:
        return 0
    if rate < 10:
        limit = exp(-rate)
        product = unit(s)
        k = 0
        while product > limit:
            product *= unit(s)
            k += 1
        return k
    log_rate = log(rate)
    b = 0.931 + 2.53 * sqrt(rate)
    a = -0.059 + 0.02483 * b
    inv_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = unit(s) - 0.5
        v = unit(s)
        us = 0.5 - fabs(u)
        k = floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        if log(v) + log(inv_alpha) - log(a / (us * us) + b) <= -rate + k * log_rate - lgamma(k + 1):
            return k


# ------------------------------------------------------------------------- derivatives of random numbers

def gamma_implicit(cnp.ndarray shapes, cnp.ndarray x):
    """The derivatives of gamma numbers x by their shapes; contiguous float64 arrays of one size."""
    return implicit(shapes, x, None)


def beta_implicit(cnp.ndarray x, cnp.ndarray a, cnp.ndarray b):
    """The derivatives of numbers x of Beta(a, b) by a, over 1 - x; contiguous float64 arrays of one size."""
    return implicit(x, a, b)


cdef object implicit(cnp.ndarray first, cnp.ndarray second, cnp.ndarray third):
    cdef int64_t n = cnp.PyArray_SIZE(first)
    for a in (first, second, third):
        if a is not None and (float_code(a) != FLOAT64 or not is_plain(a) or cnp.PyArray_SIZE(a) != n):
            raise ValueError("contiguous float64 arrays of one size expected")
    out = empty_array(_shape(first, cnp.PyArray_NDIM(first)), first.dtype)
    cdef double* to = <double*>cnp.PyArray_DATA(<cnp.ndarray>out)
    cdef double* p = <double*>cnp.PyArray_DATA(first)
    cdef double* q = <double*>cnp.PyArray_DATA(second)
    cdef double* r = NULL
    if third is not None:
        r = <double*>cnp.PyArray_DATA(third)
    state = pause(n > 64)
    if r == NULL:
        fb_gamma_implicit(p, q, to, n)
    else:
        fb_beta_implicit(p, q, r, to, n)
    resume(state)
    return out
