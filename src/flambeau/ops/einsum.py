"""Sums of products in Einstein's notation."""

import math
import operator
from string import ascii_letters

from .. import _core
from ._args import check_tensor
from .linalg import Bmm, Mm
from .op import composite

# A label is a letter of the equation; the dimensions that an ellipsis stands for are -1, -2, ... from the last one on.
_SUBLIST = sorted(ascii_letters)  # 0..25 are A..Z, 26..51 are a..z


@composite()
def einsum(equation, *operands):
    """einsum(equation, *operands) -> Tensor: sums of products of the elements of the operands.

    The equation names the dimensions of each operand by letters, `"bij,bjk->bik"`; `...` stands for any
    leading, broadcast dimensions. A letter that the output lacks is summed over; a letter twice in one operand
    takes the diagonal. Without `->` the output has the letters that occur once, in alphabetical order. Instead
    of the equation, each operand may be followed by a list of numbers in [0, 52) and Ellipsis:
    `einsum(a, [0, 1], b, [1, 2], [0, 2])`.

    Operands are contracted two at a time from the left, each time as one product of (batches of) matrices. Raises
    RuntimeError for an equation that does not fit the operands.
    """
    if isinstance(equation, _core.TensorBase):
        tensors, inputs, output = _from_sublists((equation, *operands))
    else:
        in_list = len(operands) == 1 and isinstance(operands[0], (list, tuple))
        tensors = list(operands[0] if in_list else operands)
        if not isinstance(equation, str) or not tensors:
            raise ValueError(
                "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
                "subscripts list"
            )
        inputs, output = _parse(equation, len(tensors))
    for i, t in enumerate(tensors):
        check_tensor(t, "einsum", "operands", i + 1)
    labels = [_labels(term, t, i) for i, (term, t) in enumerate(zip(inputs, tensors, strict=True))]
    sizes = _sizes(tensors, labels)
    output = _output(output, inputs, labels)
    terms = [_diagonals(t, names) for t, names in zip(tensors, labels, strict=True)]

    tensor, names = terms[0]
    for i in range(1, len(terms)):
        later = {label for _, other in terms[i + 1 :] for label in other}
        other, other_names = terms[i]
        tensor, names = _contract(tensor, names, other, other_names, later.union(output), sizes)
    tensor, names = _summed(tensor, names, set(output))
    return tensor.permute(*[names.index(label) for label in output]) if names != output else tensor


def _parse(equation, count):
    """The terms of the equation as lists of letters and "...": one per operand, and the output's or None."""
    text, arrow, right = equation.partition("->")
    term: list[str] = []
    terms, position = [term], 0
    while position < len(text):
        c = text[position]
        if c == ",":
            term = []
            terms.append(term)
        elif c == ".":
            number = len(terms) - 1
            if "..." in term:
                raise RuntimeError(
                    f"einsum(): found '.' for operand {number} for which an ellipsis was already found"
                )
            if text[position : position + 3] != "...":
                raise RuntimeError(
                    f"einsum(): found '.' for operand {number} that is not part of any ellipsis"
                )
            term.append("...")
            position += 2
        elif c in ascii_letters:
            term.append(c)
        elif c != " ":
            _invalid(position)
        position += 1
    if len(terms) != count:
        more = "more" if len(terms) < count else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    if not arrow:
        return terms, None
    output, rest, offset = [], right, len(text) + 2
    while rest:
        if rest.startswith("..."):
            if "..." in output:
                raise RuntimeError("einsum(): found '.' for output but an ellipsis (...) was already found")
            output.append("...")
            rest, offset = rest[3:], offset + 3
            continue
        c = rest[0]
        if c == ".":
            raise RuntimeError("einsum(): found '.' for output that is not part of any ellipsis (...)")
        if c in ascii_letters:
            output.append(c)
        elif c != " ":
            _invalid(offset)
        rest, offset = rest[1:], offset + 1
    return terms, output


def _invalid(position):
    raise RuntimeError(
        f"einsum(): invalid subscript given at index {position} in the equation string, subscripts must be in [a-zA-Z]"
    )


def _from_sublists(arguments):
    """Operands and terms of the form (operand, list, operand, list, ..., [output list])."""
    operands, terms = list(arguments[::2]), list(arguments[1::2])
    output = None
    if len(operands) > len(terms):
        output = _letters(operands.pop())
    if not operands:
        raise ValueError("einsum(): must specify at least one operand and its subscripts list")
    return operands, [_letters(term) for term in terms], output


def _letters(numbers):
    letters = []
    for n in numbers:
        if n is Ellipsis:
            letters.append("...")
            continue
        n = operator.index(n)
        if not 0 <= n < 52:
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
        letters.append(_SUBLIST[n])
    return letters


def _labels(term, operand, number):
    """The label of each dimension of the operand."""
    letters = len([c for c in term if c != "..."])
    hidden = operand.ndim - letters
    if hidden < 0 or (hidden > 0 and "..." not in term):
        more = "" if "..." in term else " and no ellipsis was given"
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({letters}) does not match the number of dimensions "
            f"({operand.ndim}) for operand {number}{more}"
        )
    labels: list[str | int] = []
    for c in term:
        labels += range(-hidden, 0) if c == "..." else [c]
    return labels


def _sizes(operands, labels):
    """The size of each label; dimensions of size 1 broadcast."""
    sizes: dict[str | int, int] = {}
    for number, (operand, names) in enumerate(zip(operands, labels, strict=True)):
        own: dict[str | int, int] = {}
        for label, size in zip(names, operand.shape, strict=True):
            if own.setdefault(label, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {number} but the sizes don't match, "
                    f"{size} != {own[label]}"
                )
        for label, size in own.items():
            seen = sizes.get(label, 1)
            if seen != 1 and size not in (1, seen):
                raise RuntimeError(
                    f"einsum(): subscript {'...' if isinstance(label, int) else label} has size {size} for operand "
                    f"{number} "
                    f"which does not broadcast with previously seen size {seen}"
                )
            sizes[label] = max(size, seen) if size and seen else 0
    return sizes


def _output(output, inputs, labels):
    """The labels of the output."""
    hidden = sorted({label for names in labels for label in names if isinstance(label, int)})
    if output is None:
        letters = [c for term in inputs for c in term if c != "..."]
        return hidden + sorted(c for c in letters if letters.count(c) == 1)
    known = {label for names in labels for label in names}
    result = []
    for c in output:
        if c == "...":
            result += hidden
            continue
        if c in result:
            raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output")
        if c not in known:
            raise RuntimeError(
                f"einsum(): output subscript {c} does not appear in the equation for any input operand"
            )
        result.append(c)
    return result


def _diagonals(tensor, names):
    """The tensor with each label once."""
    names = list(names)
    for label in sorted({n for n in names if names.count(n) > 1}, key=str):
        while names.count(label) > 1:
            i = names.index(label)
            j = names.index(label, i + 1)
            tensor = tensor.diagonal(0, i, j)
            names = [n for k, n in enumerate(names) if k not in (i, j)] + [label]
    return tensor, names


def _summed(tensor, names, keep):
    """The tensor summed over the labels that are not to be kept."""
    dims = [i for i, label in enumerate(names) if label not in keep]
    if not dims:
        return tensor, list(names)
    return tensor.sum(dims), [label for label in names if label in keep]


def _contract(a, names_a, b, names_b, keep, sizes):
    """The product of two operands, summed over the labels that only they have."""
    a, names_a = _summed(a, names_a, keep.union(names_b))
    b, names_b = _summed(b, names_b, keep.union(names_a))
    shared = [label for label in names_a if label in names_b]
    batch = [label for label in shared if label in keep]
    inner = [label for label in shared if label not in keep]
    left = [label for label in names_a if label not in shared]
    right = [label for label in names_b if label not in shared]

    def arranged(t, names, groups):
        order = [label for group in groups for label in group]
        t = t.permute(*[names.index(label) for label in order]) if order != names else t
        full = [sizes[label] if label in shared else t.shape[i] for i, label in enumerate(order)]
        t = t.expand(full) if full != list(t.shape) else t
        position, shape = 0, []
        for group in groups:
            shape.append(math.prod(full[position : position + len(group)]))
            position += len(group)
        return t.reshape(shape), full

    a, full_a = arranged(a, names_a, (batch, left, inner))
    b, full_b = arranged(b, names_b, (batch, inner, right))
    if not inner:
        product = a * b
    elif batch:
        product = Bmm.function(a, b)
    else:
        product = Mm.function(a.squeeze(0), b.squeeze(0))
    shape = full_a[: len(batch) + len(left)] + full_b[len(batch) + len(inner) :]
    return product.reshape(shape), batch + left + right
