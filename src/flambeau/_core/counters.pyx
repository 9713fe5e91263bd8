# cython: language_level=3, boundscheck=False, wraparound=False
"""Counters in shared memory by which processes wait for each other. `flambeau.distributed` builds on it."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t

cdef extern from *:
    """
    #include <atomic>
    #include <cstdint>
    #include <ctime>
    #include <climits>
    #include <sched.h>
    #if defined(__linux__)
    #include <linux/futex.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    #endif

    static inline int64_t fb_counter_load(const char* at) {
        return __atomic_load_n(reinterpret_cast<const int64_t*>(at), __ATOMIC_ACQUIRE);
    }

    // The word beside a counter counts those that sleep on it, so that storing costs no system call otherwise.
    static inline void fb_counter_store(char* at, int64_t value) {
        __atomic_store_n(reinterpret_cast<int64_t*>(at), value, __ATOMIC_SEQ_CST);
    #if defined(__linux__)
        if (__atomic_load_n(reinterpret_cast<int32_t*>(at + 8), __ATOMIC_SEQ_CST) != 0)
            syscall(SYS_futex, at, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    #endif
    }

    static inline double fb_now() {
        timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec + 1e-9 * t.tv_nsec;
    }

    static inline void fb_pause() {
    #if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
    #elif defined(__aarch64__)
        asm volatile("yield");
    #endif
    }

    // The futex compares the low 32 bits: the first four bytes on the little-endian machines that this library runs on.
    static inline void fb_counter_sleep(char* at, int64_t seen, double seconds) {
        timespec t;
        t.tv_sec = static_cast<time_t>(seconds);
        t.tv_nsec = static_cast<long>((seconds - static_cast<double>(t.tv_sec)) * 1e9);
    #if defined(__linux__)
        __atomic_add_fetch(reinterpret_cast<int32_t*>(at + 8), 1, __ATOMIC_SEQ_CST);
        if (fb_counter_load(at) == seen)
            syscall(SYS_futex, at, FUTEX_WAIT, static_cast<uint32_t>(seen), &t, nullptr, 0);
        __atomic_sub_fetch(reinterpret_cast<int32_t*>(at + 8), 1, __ATOMIC_SEQ_CST);
    #else
        if (seconds > 1e-3) { t.tv_sec = 0; t.tv_nsec = 50000; }
        nanosleep(&t, nullptr);
    #endif
    }

    // Whether the counter reaches a value within some seconds. The first `spins` looks are in a loop, then it sleeps.
    static inline bool fb_counter_wait(char* at, int64_t value, double seconds, int64_t spins) {
        for (int64_t i = 0; i < spins; ++i) {
            if (fb_counter_load(at) >= value) return true;
            fb_pause();
            if ((i & 1023) == 1023) sched_yield();
        }
        double end = fb_now() + seconds;
        for (;;) {
            int64_t seen = fb_counter_load(at);
            if (seen >= value) return true;
            double left = end - fb_now();
            if (left <= 0) return false;
            fb_counter_sleep(at, seen, left);
        }
    }
    """
    int64_t fb_counter_load(const char*) nogil
    void fb_counter_store(char*, int64_t) nogil
    bint fb_counter_wait(char*, int64_t, double, int64_t) nogil

cdef enum:
    _LINE = 128  # bytes: two cache lines, which processors fetch together

LINE = _LINE


cdef class Counters:
    """Counters(buffer, count, spins): `count` numbers at the start of a writable buffer of `count * LINE` bytes at least.

    Each has a cache line of its own and only ever grows. spins: how often a wait looks before it sleeps.
    """
    cdef Py_buffer view
    cdef bint held
    cdef readonly Py_ssize_t count
    cdef public int64_t spins

    def __cinit__(self, buffer, Py_ssize_t count, int64_t spins):
        PyObject_GetBuffer(buffer, &self.view, PyBUF_SIMPLE | PyBUF_WRITABLE)
        self.held = True
        if count <= 0 or self.view.len < count * _LINE or <size_t>self.view.buf % 8:
            raise ValueError(f"Counters: {count} counters need {count * _LINE} aligned bytes, got {self.view.len}")
        self.count = count
        self.spins = spins

    cdef char* at(self, Py_ssize_t index) except NULL:
        if not 0 <= index < self.count:
            raise IndexError(f"Counters: index {index} is out of range for {self.count} counters")
        return <char*>self.view.buf + index * _LINE

    def get(self, Py_ssize_t index):
        """get(index) -> the value of a counter. What others wrote before they set it is visible then."""
        return fb_counter_load(self.at(index))

    def set(self, Py_ssize_t index, int64_t value):
        """set(index, value): sets a counter, and wakes those who wait for it."""
        fb_counter_store(self.at(index), value)

    def wait(self, Py_ssize_t index, int64_t value, double seconds):
        """wait(index, value, seconds) -> whether the counter reaches the value within that time."""
        cdef char* at = self.at(index)
        cdef int64_t spins = self.spins
        cdef bint reached
        if fb_counter_load(at) >= value:
            return True
        with nogil:
            reached = fb_counter_wait(at, value, seconds, spins)
        return reached

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)
