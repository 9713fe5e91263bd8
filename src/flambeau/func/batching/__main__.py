"""python -m flambeau.func.batching: which ops have a batching rule, and which run once per element of the batch."""

from ...ops.op import Op
from . import RULES
from .tensor import RANDOM, UNPREPARED, rule_of


def ops():
    """The classes of all ops that have a name."""
    found, waiting = [], [Op]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            if cls.function is not None and cls.__module__.startswith("flambeau.") and cls not in found:
                found.append(cls)
    return sorted(found, key=lambda cls: cls.name)


def table():
    """Lines "name  how": "pointwise", "rule", or "loop" for ops that run once per element of the batch."""
    lines = []
    for cls in ops():
        if any(cls.name in known for known in (RULES, RANDOM, UNPREPARED)):
            how = "rule"
        else:
            how = "loop" if rule_of(cls) is None else "pointwise"
        lines.append((cls.name, how))
    return lines


if __name__ == "__main__":
    rows = table()
    for op_name, kind in rows:
        print(f"{op_name:40} {kind}")
    counts = {k: sum(h == k for _, h in rows) for k in ("pointwise", "rule", "loop")}
    print(", ".join(f"{n} {k}" for k, n in counts.items()))
