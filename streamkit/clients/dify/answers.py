"""What Dify answers, operation by operation, as its documents of chats and chatflows say it.

Times are epoch seconds unless they are text. `Json` is the vendor's or the app's own: its shape is theirs.
"""

from typing import Final

from msgspec import field

from streamkit.clients.answer import Answer
from streamkit.run.payload import Json


class Result(Answer, frozen=True):
    """That something was done; of stopping a run it is said of any task, known or not."""

    result: str | None = None


# ---- the app


class Info(Answer, frozen=True):
    """What an app is called, and what it is."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    mode: str | None = None
    """chat, agent-chat, advanced-chat, completion, workflow, agent; None from servers that do not tell."""
    author_name: str | None = None


class Switch(Answer, frozen=True):
    """Whether something is on."""

    enabled: bool = False


class Speech(Answer, frozen=True):
    """How answers are read out."""

    enabled: bool = False
    voice: str | None = None
    language: str | None = None
    autoPlay: str | None = None  # noqa: N815 - the wire's word


class Parameters(Answer, frozen=True):
    """How an app is used."""

    opening_statement: str | None = None
    suggested_questions: tuple[str, ...] = ()
    suggested_questions_after_answer: Switch = Switch()
    speech_to_text: Switch = Switch()
    text_to_speech: Speech = Speech()
    retriever_resource: Switch = Switch()
    annotation_reply: Switch = Switch()
    more_like_this: Switch = Switch()
    sensitive_word_avoidance: Switch = Switch()
    user_input_form: tuple[dict[str, Json], ...] = ()
    """Each an object with one key, its kind; `inputs` has them typed."""
    file_upload: dict[str, Json] = field(default_factory=dict)
    system_parameters: dict[str, Json] = field(default_factory=dict)

    @property
    def inputs(self) -> list["Input"]:
        """The variables that the app asks for, in order. What makes no sense is left out."""
        pairs = [(kind, told) for item in self.user_input_form for kind, told in item.items()]
        return [
            Input(
                kind=kind,
                variable=str(told["variable"]),
                label=str(told.get("label") or told["variable"]),
                required=told.get("required") is True,
                default=told.get("default"),
                options=tuple(option for option in told.get("options") or () if isinstance(option, str)),
                max_length=told["max_length"] if isinstance(told.get("max_length"), int) else None,
            )
            for kind, told in pairs
            if isinstance(told, dict) and told.get("variable")
        ]


class Input(Answer, frozen=True):
    """A variable that an app asks for."""

    kind: str
    """text-input, paragraph, select, number, file, file-list, checkbox, …"""
    variable: str
    label: str
    required: bool
    default: Json = None
    options: tuple[str, ...] = ()
    max_length: int | None = None


class Meta(Answer, frozen=True):
    """Icons of tools: each an address, or an emoji with its background."""

    tool_icons: dict[str, Json] = field(default_factory=dict)


class Site(Answer, frozen=True):
    """How the app's own web page looks."""

    title: str | None = None
    chat_color_theme: str | None = None
    chat_color_theme_inverted: bool | None = None
    icon_type: str | None = None
    icon: str | None = None
    icon_background: str | None = None
    icon_url: str | None = None
    description: str | None = None
    copyright: str | None = None
    privacy_policy: str | None = None
    custom_disclaimer: str | None = None
    default_language: str | None = None
    show_workflow_steps: bool | None = None
    use_icon_as_answer_icon: bool | None = None


class EndUser(Answer, frozen=True):
    """A person, as the app knows them."""

    id: str | None = None
    tenant_id: str | None = None
    app_id: str | None = None
    type: str | None = None
    external_user_id: str | None = None
    """What requests call them: `user`."""
    name: str | None = None
    is_anonymous: bool | None = None
    session_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


# ---- files and speech


class UploadedFile(Answer, frozen=True):
    """A file that was uploaded, and can be given to runs."""

    id: str = ""
    name: str | None = None
    size: int | None = None
    extension: str | None = None
    mime_type: str | None = None
    created_by: str | None = None
    created_at: int | None = None
    preview_url: str | None = None
    source_url: str | None = None
    original_url: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    conversation_id: str | None = None
    file_key: str | None = None

    def as_input(self) -> dict[str, Json]:
        """Return it as runs take files: in `files`, or as the value of a variable."""
        return {"type": kind_of(self.mime_type), "transfer_method": "local_file", "upload_file_id": self.id}


_MEDIA: Final = ("image", "audio", "video")


def kind_of(mime_type: str | None) -> str:
    """Return what Dify calls files of a type: image, audio, video, or document."""
    family = (mime_type or "").partition("/")[0]
    return family if family in _MEDIA else "document"


class Transcript(Answer, frozen=True):
    """What was said."""

    text: str | None = None


# ---- conversations


class Conversation(Answer, frozen=True):
    """A conversation of a person with an app."""

    id: str = ""
    name: str | None = None
    inputs: dict[str, Json] = field(default_factory=dict)
    status: str | None = None
    introduction: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


class Conversations(Answer, frozen=True):
    """A page of them."""

    limit: int | None = None
    has_more: bool = False
    data: tuple[Conversation, ...] = ()


class MessageFile(Answer, frozen=True):
    """A file in a conversation."""

    id: str | None = None
    filename: str | None = None
    type: str | None = None
    url: str | None = None
    mime_type: str | None = None
    size: int | None = None
    transfer_method: str | None = None
    belongs_to: str | None = None
    upload_file_id: str | None = None


class AgentThought(Answer, frozen=True):
    """A round of an agent."""

    id: str | None = None
    chain_id: str | None = None
    message_id: str | None = None
    position: int | None = None
    thought: str | None = None
    tool: str | None = None
    tool_labels: Json = None
    tool_input: str | None = None
    observation: str | None = None
    files: tuple[Json, ...] = ()
    created_at: int | None = None


class Message(Answer, frozen=True):
    """A question of a conversation, with its answer."""

    id: str = ""
    conversation_id: str | None = None
    parent_message_id: str | None = None
    inputs: dict[str, Json] = field(default_factory=dict)
    query: str | None = None
    answer: str | None = None
    status: str | None = None
    error: str | None = None
    message_files: tuple[MessageFile, ...] = ()
    feedback: Json = None
    retriever_resources: tuple[Json, ...] = ()
    agent_thoughts: tuple[AgentThought, ...] = ()
    created_at: int | None = None
    extra_contents: tuple[Json, ...] = ()
    """Forms of the run, with what was answered."""


class Messages(Answer, frozen=True):
    """A page of them, the latest last."""

    limit: int | None = None
    has_more: bool = False
    data: tuple[Message, ...] = ()


class SuggestedQuestions(Answer, frozen=True):
    """What a person may ask next."""

    result: str | None = None
    data: tuple[str, ...] = ()


class ConversationVariable(Answer, frozen=True):
    """A variable that a conversation keeps from run to run."""

    id: str = ""
    name: str | None = None
    value_type: str | None = None
    value: Json = None
    description: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


class ConversationVariables(Answer, frozen=True):
    """A page of them."""

    limit: int | None = None
    has_more: bool = False
    data: tuple[ConversationVariable, ...] = ()


class Feedback(Answer, frozen=True):
    """What somebody made of an answer."""

    id: str = ""
    app_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    rating: str | None = None
    content: str | None = None
    from_source: str | None = None
    from_end_user_id: str | None = None
    from_account_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Feedbacks(Answer, frozen=True):
    """A page of them."""

    data: tuple[Feedback, ...] = ()


# ---- annotations


class Annotation(Answer, frozen=True):
    """An answer that is given word for word to a question like this one."""

    id: str = ""
    question: str | None = None
    answer: str | None = None
    hit_count: int | None = None
    created_at: int | None = None


class Annotations(Answer, frozen=True):
    """A page of them."""

    data: tuple[Annotation, ...] = ()
    has_more: bool = False
    limit: int | None = None
    total: int | None = None
    page: int | None = None


class Job(Answer, frozen=True):
    """Work that goes on behind an answer."""

    job_id: str = ""
    job_status: str | None = None
    error_msg: str | None = None


# ---- runs


class RunDetail(Answer, frozen=True):
    """How a run stands, by the server's own record."""

    id: str = ""
    workflow_id: str | None = None
    status: str | None = None
    inputs: Json = None
    """An object, or its JSON as text."""
    outputs: Json = None
    error: str | None = None
    total_steps: int | None = None
    total_tokens: int | None = None
    created_at: int | None = None
    finished_at: int | None = None
    elapsed_time: float | None = None


class RunSummary(Answer, frozen=True):
    """A run in a list."""

    id: str = ""
    version: str | None = None
    status: str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None
    created_at: int | None = None
    finished_at: int | None = None
    exceptions_count: int | None = None
    triggered_from: str | None = None


class LogEntry(Answer, frozen=True):
    """A run, and who began it."""

    id: str = ""
    workflow_run: RunSummary = RunSummary()
    created_from: str | None = None
    created_by_role: str | None = None
    created_by_account: Json = None
    created_by_end_user: Json = None
    created_at: int | None = None
    details: Json = None


class WorkflowLogs(Answer, frozen=True):
    """A page of them."""

    page: int | None = None
    limit: int | None = None
    total: int | None = None
    has_more: bool = False
    data: tuple[LogEntry, ...] = ()


class Form(Answer, frozen=True):
    """A form that waits for a person."""

    form_content: str | None = None
    inputs: tuple[dict[str, Json], ...] = ()
    resolved_default_values: dict[str, Json] = field(default_factory=dict)
    """What defaults that are variables stand for."""
    user_actions: tuple[dict[str, Json], ...] = ()
    expiration_time: int | None = None
