"""Dify: apps of all kinds, through the service API."""

from streamkit.clients.dify.client import DifyClient
from streamkit.clients.dify.request import Asked, Mode

__all__ = ["Asked", "DifyClient", "Mode"]
