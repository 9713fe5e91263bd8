"""Many random cases: until the first that differs (shrunk by hypothesis), or all of them (a survey)."""

import collections
import random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from .compare import check
from .draw import Draw
from .families import FAMILIES


@st.composite
def cases(draw, names):
    drawing = Draw(lambda low, high: draw(st.integers(low, high)))
    return FAMILIES[drawing.pick(*names)](drawing)


def run(calls, number, names=None):
    """Checks `calls` random cases of the families; hypothesis shrinks the first that differs."""

    @seed(number)
    @settings(max_examples=calls, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases(names or list(FAMILIES)))
    def compare(case):
        check(case)

    compare()


def survey(calls, number, names=None):
    """Checks `calls` random cases without stopping. Returns the number of cases per family, of deliberate differences
    per reason, and {(family, function): [message, ...]} of the others."""
    generator = random.Random(number)
    drawing = Draw(generator.randint)
    names = names or list(FAMILIES)
    counts, reasons, found = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for _ in range(calls):
        name = generator.choice(names)
        case = FAMILIES[name](drawing)
        counts[name] += 1
        try:
            reason = check(case)
        except Exception as error:  # every kind of failure is a finding
            message = str(error) if isinstance(error, AssertionError) else f"{case}: {error!r}"
            found[name, case.name].append(message)
        else:
            if reason:
                reasons[reason] += 1
    return counts, reasons, found
