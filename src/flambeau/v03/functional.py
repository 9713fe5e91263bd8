"""`torch.functional` of 0.3: functions of the namespace that are not methods of one tensor."""

from . import methods, namespace


def __getattr__(name):
    if name in methods.FUNCTIONS:
        return methods.FUNCTIONS[name]
    return getattr(namespace, name)
