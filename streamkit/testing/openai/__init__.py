"""Streams of chat completions, told piece by piece, as OpenAI sends them and as RAGFlow does that speaks like it."""

from streamkit.testing.openai.stream import OpenAIStream

__all__ = ["OpenAIStream"]
