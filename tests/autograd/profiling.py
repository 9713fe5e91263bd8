"""Finding things in a profile."""


def names(prof):
    return [e.name for e in prof.function_events]


def event(prof, name):
    (found,) = [e for e in prof.function_events if e.name == name]
    return found


def average(prof, name, **grouping):
    (found,) = [a for a in prof.key_averages(**grouping) if a.key == name]
    return found
