"""`torch.nn.backends.backend` of 0.3."""

__all__ = ["FunctionBackend"]


class FunctionBackend:
    """A table of Functions, which are its attributes."""

    def __init__(self):
        self.function_classes = {}

    def __getattr__(self, name):
        found = vars(self).get("function_classes", {}).get(name)
        if found is None:
            raise NotImplementedError(f"the backend has no function {name}")
        return found

    def register_function(self, name, function_class):
        """register_function(name, function_class): adds one. RuntimeError when there is one of this name."""
        if name in self.function_classes:
            raise RuntimeError(f"Trying to register second function under name {name} in {type(self).__name__}")
        self.function_classes[name] = function_class
