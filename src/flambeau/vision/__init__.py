"""Data sets and helpers for images."""

from .digits import Digits, load_digits
