"""Streams of RAGFlow, told step by step, as a server of some version would send them."""

from streamkit.testing.ragflow.stream import RAGFlowStream

__all__ = ["RAGFlowStream"]
