"""Streams of Dify, told step by step, as a server of some version would send them."""

from streamkit.testing.dify.stream import DifyStream

__all__ = ["DifyStream"]
