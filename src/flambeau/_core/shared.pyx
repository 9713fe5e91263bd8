# cython: language_level=3, boundscheck=False, wraparound=False
"""Memory that several processes map. `flambeau.multiprocessing` and the workers of a DataLoader build on it."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.errno cimport errno
from libc.stdint cimport uintptr_t

import os

cdef extern from "<sys/mman.h>" nogil:
    void* mmap(void* addr, size_t length, int prot, int flags, int fd, long offset)
    int munmap(void* addr, size_t length)
    enum: PROT_READ, PROT_WRITE, MAP_SHARED
    void* MAP_FAILED


cdef class Mapping:
    """Mapping(fd, size): the first `size` bytes of a file, shared with all who map it; a writable buffer of bytes.

    The descriptor stays the caller's. The pages are unmapped when the last array over the mapping dies. OSError when
    the file cannot be mapped.
    """
    cdef void* start
    cdef readonly Py_ssize_t size
    cdef object __weakref__

    def __cinit__(self, int fd, Py_ssize_t size):
        if size <= 0:
            raise ValueError(f"Mapping: the size must be positive, got {size}")
        self.start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        if self.start == MAP_FAILED:
            self.start = NULL
            raise OSError(errno, f"cannot map {size} bytes of shared memory: {os.strerror(errno)}")
        self.size = size

    @property
    def address(self):
        """Address of the first byte in this process."""
        return <uintptr_t>self.start

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.start, self.size, 0, flags)

    def __dealloc__(self):
        if self.start != NULL:
            munmap(self.start, self.size)


cdef class Window:
    """Window(mapping): the buffer of a mapping through another object, whose end says that all arrays over it died."""
    cdef readonly Mapping mapping
    cdef object __weakref__

    def __cinit__(self, Mapping mapping not None, *args):
        self.mapping = mapping

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.mapping.start, self.mapping.size, 0, flags)
