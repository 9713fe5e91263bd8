"""`torch.utils.backcompat`: switches of warnings for code from before 0.2."""

from .. import _core


class Warning:
    """A warning that is given while `enabled` is True."""

    def __init__(self, name):
        self.name = name
        self._enabled = False

    @property
    def enabled(self):
        """Whether the warning is given."""
        return self._enabled

    @enabled.setter
    def enabled(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"{self.name}.enabled must be a bool, got {type(value).__name__}")
        self._enabled = value
        _core.set_face_warnings(broadcast_warning.enabled or keepdim_warning.enabled)


broadcast_warning = Warning("broadcast_warning")
keepdim_warning = Warning("keepdim_warning")
