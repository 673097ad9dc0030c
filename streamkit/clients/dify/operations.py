"""The table of Dify's operations: what is neither a run nor a form. `client` has those, by hand.

Each method is what the vendor's documents say of one operation: the documents of chats and of chatflows, which agree but
for what each leaves out. `user` is by default the client's own.
"""

# mypy: disable-error-code="empty-body"
# The decorators are the bodies.

from typing import Literal

from streamkit.clients.client import Client
from streamkit.clients.dify.answers import (
    Annotation,
    Annotations,
    Conversation,
    Conversations,
    ConversationVariable,
    ConversationVariables,
    EndUser,
    Feedbacks,
    Info,
    Job,
    Messages,
    Meta,
    Parameters,
    Result,
    RunDetail,
    Site,
    SuggestedQuestions,
    Transcript,
    UploadedFile,
    WorkflowLogs,
)
from streamkit.clients.operation import delete, get, post, put
from streamkit.clients.upload import File
from streamkit.run.payload import Json

Order = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
"""What a list is sorted by; `-` for the latest first."""


class DifyOperations(Client):
    """Everything that one request and one answer do."""

    # ---- the app

    @get("/info")
    async def info(self) -> Info:
        """Return what the app is called, and what it is."""

    @get("/parameters")
    async def parameters(self, *, user: str | None = None) -> Parameters:
        """Return how the app is used: which inputs it asks for, which files it takes."""

    @get("/meta")
    async def meta(self) -> Meta:
        """Return the icons of the app's tools."""

    @get("/site")
    async def site(self) -> Site:
        """Return how the app's own web page looks."""

    @get("/end-users/{end_user_id}")
    async def end_user(self, end_user_id: str) -> EndUser:
        """Return what the app knows of a person."""

    # ---- files and speech

    @post("/files/upload")
    async def upload(self, file: File, *, user: str | None = None) -> UploadedFile:
        """Upload a file, to be given to runs of the same user."""

    @get("/files/{file_id}/preview")
    async def download(self, file_id: str, *, as_attachment: bool | None = None, user: str | None = None) -> bytes:
        """Return what is in a file that was uploaded."""

    @post("/audio-to-text")
    async def audio_to_text(self, file: File, *, user: str | None = None) -> Transcript:
        """Return what is said in a recording of speech."""

    @post("/text-to-audio")
    async def text_to_audio(
        self,
        *,
        text: str | None = None,
        message_id: str | None = None,
        user: str | None = None,
        voice: str | None = None,
        streaming: bool | None = None,
    ) -> bytes:
        """Return speech of a text, or of an answer; a message goes before a text."""

    # ---- conversations

    @get("/conversations")
    async def conversations(
        self,
        *,
        user: str | None = None,
        last_id: str | None = None,
        limit: int | None = None,
        sort_by: Order | None = None,
    ) -> Conversations:
        """List conversations, those that follow `last_id`."""

    @get("/messages")
    async def messages(
        self,
        conversation_id: str,
        *,
        user: str | None = None,
        first_id: str | None = None,
        limit: int | None = None,
    ) -> Messages:
        """List the messages of a conversation, those before `first_id`."""

    @get("/messages/{message_id}/suggested")
    async def suggested_questions(self, message_id: str, *, user: str | None = None) -> SuggestedQuestions:
        """Return questions that may follow a message."""

    @post("/conversations/{conversation_id}/name")
    async def rename_conversation(
        self,
        conversation_id: str,
        *,
        name: str | None = None,
        auto_generate: bool | None = None,
        user: str | None = None,
    ) -> Conversation:
        """Give a conversation a name, or let a model find one."""

    @delete("/conversations/{conversation_id}")
    async def delete_conversation(self, conversation_id: str, *, user: str | None = None) -> None:
        """Delete a conversation."""

    @get("/conversations/{conversation_id}/variables")
    async def conversation_variables(
        self,
        conversation_id: str,
        *,
        user: str | None = None,
        last_id: str | None = None,
        limit: int | None = None,
        variable_name: str | None = None,
    ) -> ConversationVariables:
        """List what a conversation keeps from run to run."""

    @put("/conversations/{conversation_id}/variables/{variable_id}")
    async def update_conversation_variable(
        self, conversation_id: str, variable_id: str, value: Json, *, user: str | None = None
    ) -> ConversationVariable:
        """Change a variable of a conversation; the value must be of its type."""

    # ---- feedback

    @post("/messages/{message_id}/feedbacks")
    async def give_feedback(
        self,
        message_id: str,
        rating: Literal["like", "dislike"] | None,
        *,
        content: str | None = None,
        user: str | None = None,
    ) -> Result:
        """Say what somebody made of an answer; a rating of None takes it back."""

    @get("/app/feedbacks")
    async def feedbacks(self, *, page: int | None = None, limit: int | None = None) -> Feedbacks:
        """List what people made of the app's answers."""

    # ---- annotations

    @get("/apps/annotations")
    async def annotations(
        self, *, page: int | None = None, limit: int | None = None, keyword: str | None = None
    ) -> Annotations:
        """List the answers that are given word for word."""

    @post("/apps/annotations")
    async def create_annotation(self, question: str, answer: str) -> Annotation:
        """Add an answer that is given word for word."""

    @put("/apps/annotations/{annotation_id}")
    async def update_annotation(self, annotation_id: str, question: str, answer: str) -> Annotation:
        """Change an answer that is given word for word."""

    @delete("/apps/annotations/{annotation_id}")
    async def delete_annotation(self, annotation_id: str) -> None:
        """Delete an answer that is given word for word."""

    @post("/apps/annotation-reply/{action}")
    async def configure_annotation_reply(
        self,
        action: Literal["enable", "disable"],
        score_threshold: float,
        embedding_provider_name: str,
        embedding_model_name: str,
    ) -> Job:
        """Switch answers word for word on or off; that takes a while, which `annotation_reply_status` tells of."""

    @get("/apps/annotation-reply/{action}/status/{job_id}")
    async def annotation_reply_status(self, action: Literal["enable", "disable"], job_id: str) -> Job:
        """Return how far `configure_annotation_reply` is."""

    # ---- runs that were

    @get("/workflows/run/{workflow_run_id}")
    async def run_detail(self, workflow_run_id: str) -> RunDetail:
        """Return how a run stands, by the server's own record."""

    @get("/workflows/logs")
    async def workflow_logs(
        self,
        *,
        keyword: str | None = None,
        status: Literal["succeeded", "failed", "stopped"] | None = None,
        page: int | None = None,
        limit: int | None = None,
        created_at__before: str | None = None,
        created_at__after: str | None = None,
        created_by_end_user_session_id: str | None = None,
        created_by_account: str | None = None,
    ) -> WorkflowLogs:
        """List runs of the app; times in ISO 8601."""
