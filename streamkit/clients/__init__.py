"""Clients: run an app, watch it while it runs, answer its forms, keep the recording; and all else that the API has."""

from streamkit.clients.dify import DifyClient
from streamkit.clients.lighton import ParadigmClient
from streamkit.clients.patience import Patience
from streamkit.clients.ragflow import RAGFlowClient
from streamkit.clients.stream import RunStream
from streamkit.clients.upload import Upload

__all__ = ["DifyClient", "ParadigmClient", "Patience", "RAGFlowClient", "RunStream", "Upload"]
