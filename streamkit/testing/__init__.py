"""For tests of what consumes these streams: bodies that are told step by step, real ones, and a server that plays them.

    body = DifyStream(version="1.14").start().llm("hi", tokens=3).fail("429").bytes()

With pytest, the fixtures `dify`, `ragflow` and `openai_server` are there as soon as streamkit is installed.
"""

from streamkit.testing.bundled import Bundled, recordings
from streamkit.testing.chunks import rechunk
from streamkit.testing.clock import FakeClock
from streamkit.testing.dify import DifyStream
from streamkit.testing.openai import OpenAIStream
from streamkit.testing.ragflow import RAGFlowStream
from streamkit.testing.stream import Stream

__all__ = ["Bundled", "DifyStream", "FakeClock", "OpenAIStream", "RAGFlowStream", "Stream", "rechunk", "recordings"]
