"""python -m tests.differential [CALLS] [SEED] [--families NAME ...] [--survey]"""

import argparse
import random

from . import run, survey
from .families import FAMILIES


def main():
    parser = argparse.ArgumentParser(
        "python -m tests.differential", description="Random calls against PyTorch's."
    )
    parser.add_argument("first", metavar="CALLS", type=int, nargs="?", default=100_000)
    parser.add_argument(
        "second", metavar="SEED", type=int, nargs="?", default=random.SystemRandom().randrange(2**32)
    )
    parser.add_argument("--calls", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), help="only these")
    parser.add_argument(
        "--survey", action="store_true", help="list all differences instead of shrinking the first"
    )
    options = parser.parse_args()
    options.calls = options.first if options.calls is None else options.calls
    options.seed = options.second if options.seed is None else options.seed
    print(f"seed {options.seed}", flush=True)
    if options.survey:
        counts, reasons, found = survey(options.calls, options.seed, options.families)
        report(counts, reasons, found)
        raise SystemExit(bool(found))
    run(options.calls, options.seed, options.families)
    print(f"{options.calls} calls, no difference")


def report(counts, reasons, found):
    for (family, name), messages in sorted(found.items()):
        print(f"\n{family} {name}: {len(messages)}\n  " + "\n  ".join(sorted(messages, key=len)[:3]))
    print("\ncalls:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    for reason, count in reasons.items():
        print(f"deliberate: {count} x {reason}")
    print(f"{sum(counts.values())} calls, {sum(map(len, found.values()))} differences")


if __name__ == "__main__":
    main()
