"""RAGFlow: chats, agents and datasets, in the APIs of several generations."""

from streamkit.clients.ragflow.client import RAGFlowClient
from streamkit.clients.ragflow.request import Api, Asked

__all__ = ["Api", "Asked", "RAGFlowClient"]
