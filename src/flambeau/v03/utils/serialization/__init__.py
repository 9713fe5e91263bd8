"""`torch.utils.serialization` of 0.3: files of Lua's Torch."""

from .read_lua_file import load_lua

__all__ = ["load_lua", "read_lua_file"]
