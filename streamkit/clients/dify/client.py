"""The client of one Dify app: its runs and forms by hand, all else by the table in `operations`."""

from collections.abc import Mapping
from typing import Any, Final, Unpack, get_args

import aiohttp
import msgspec

from streamkit.clients import patience as patiences
from streamkit.clients.address import base_of, filled
from streamkit.clients.answer import Reading, Received
from streamkit.clients.client import from_environment, is_refused
from streamkit.clients.dify.answers import Form, Result
from streamkit.clients.dify.operations import DifyOperations
from streamkit.clients.dify.request import Asked, Mode, run_call, stop_call
from streamkit.clients.dify.runs import DifyEvents, DifyRun
from streamkit.clients.operation import Call, Operation, performs
from streamkit.clients.patience import Patience
from streamkit.clients.secret import Secret
from streamkit.clients.stream import RunStream
from streamkit.clients.tape import Record
from streamkit.errors import DifyError
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json

CLOUD: Final = "https://api.dify.ai/v1"
"""Where Dify's own service is."""
_MODES: Final = get_args(Mode)
_FORM: Final = "/form/human_input/{form_token}"
_read_result: Final = Reading[Result](Result).read
_read_form: Final = Reading[Form](Form).read


class DifyClient(DifyOperations):
    """Talks to one Dify app.

    ::

        async with DifyClient(base_url, api_key) as client:
            async with client.stream("Where is my refund?", inputs={"lang": "de"}, user="ada") as stream:
                async for event in stream:
                    print(event.kind)
            print(stream.run.status, stream.run.text)
    """

    dialect = "dify"

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        *,
        user: str = "streamkit",
        mode: Mode | None = None,
        patience: Patience = patiences.DIFY,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: of the service API; by default `DIFY_BASE_URL`, else Dify's own service.
            api_key: the app's key; by default `DIFY_API_KEY`.
            user: on whose behalf, where a call does not say it. Runs, forms and files belong to a user.
            mode: what the app is; by default the server is asked, once.
            patience: how long to wait for what.
            session: one of the caller's, who closes it; by default an own one.

        Raises:
            ValueError: there is no key, or the address is none.
        """
        base = base_url or from_environment("DIFY_BASE_URL", "DIFY_SERVER") or CLOUD
        key = api_key or from_environment("DIFY_API_KEY")
        if key is None:
            raise ValueError("no API key: give one, or set DIFY_API_KEY")
        super().__init__(base_of(base, default_path="/v1"), key, patience=patience, session=session)
        self.user = user
        """On whose behalf, where a call does not say it."""
        self._mode: Mode | None = mode
        self._answered: set[str] = set()

    async def mode(self) -> Mode | None:
        """Return what the app is: as it was said, else as the server says; None if the server does not tell.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        if self._mode is None:
            told = (await self.info()).mode
            self._mode = msgspec.convert(told, Mode) if told in _MODES else None
        return self._mode

    # ---- runs

    @performs(
        "POST /chat-messages",
        "POST /completion-messages",
        "POST /workflows/run",
        "POST /workflows/{workflow_id}/run",
    )
    def stream(
        self, query: str | None = None, *, record: Record = None, stop_if_left: bool = False, **asked: Unpack[Asked]
    ) -> RunStream:
        """Run the app, and stream what happens.

        Args:
            query: the question; workflows take none.
            record: record the stream in this file, or on this tape.
            stop_if_left: whether to stop the run when the stream is left before its end.
            asked: inputs, user, conversation, files and more: see `Asked`.

        Returns:
            The stream. Nothing is sent before its `async with`, which raises an `UpstreamError` where the server cannot
            be reached or refuses, and a ValueError where the app takes no question, or needs one.

        Raises:
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """

        async def request() -> Call:
            return run_call(await self.mode(), query, asked, user=self.user, streaming=True)

        origin = DifyRun(self, request, asked.get("user") or self.user)
        return self.stream_of(origin, record=record, stop_if_left=stop_if_left)

    async def run(self, query: str | None = None, *, limit: float | None = None, **asked: Unpack[Asked]) -> Run:
        """Run the app in one request (`blocking`), and return the run when it is over, or paused.

        Nodes are not told so. A run that takes longer than a proxy waits is lost, and agents cannot be run so at all:
        for these there is `stream`.

        Args:
            query: the question; workflows take none.
            limit: seconds; by default as the patience says of progress.
            asked: inputs, user, conversation, files and more: see `Asked`.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            ValueError: the app takes no question, or needs one.
        """
        call = run_call(await self.mode(), query, asked, user=self.user, streaming=False)
        return self._whole(await self.fetch(call, limit=limit or self.patience.progress))

    @performs("GET /workflow/{task_id}/events")
    def resume(
        self,
        run: Run | str,
        *,
        user: str | None = None,
        snapshot: bool = True,
        across_pauses: bool = False,
        record: Record = None,
        stop_if_left: bool = False,
    ) -> RunStream:
        """Go on with a run of a workflow: after a pause, or one that somebody else began.

        Args:
            run: the run, or its id. A run goes on as it is; of an id a new one is made.
            user: whose run it is.
            snapshot: whether to be told first how it stands. Without, what happens before one listens is lost.
            across_pauses: whether to stay while it waits for a person.
            record: record the stream in this file, or on this tape.
            stop_if_left: whether to stop the run when the stream is left before its end.

        Raises:
            ValueError: the run has no id: it is none of a workflow.
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        run_id = run.id if isinstance(run, Run) else run
        if run_id is None:
            raise ValueError("only runs of workflows can be resumed, and this one has no id")
        origin = DifyEvents(self, run_id, user or self.user, snapshot=snapshot, across_pauses=across_pauses)
        known = run if isinstance(run, Run) else None
        return self.stream_of(origin, run=known, record=record, stop_if_left=stop_if_left)

    @performs(
        "POST /chat-messages/{task_id}/stop",
        "POST /completion-messages/{task_id}/stop",
        "POST /workflows/tasks/{task_id}/stop",
    )
    async def stop(self, task_id: str, *, user: str | None = None) -> Result:
        """Stop a run. The server says that it did of any task, known or not.

        Args:
            task_id: of the run: `run.task_id`.
            user: whose run it is.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        received = await self.fetch(stop_call(await self.mode(), task_id, user or self.user))
        return _read_result(received)

    # ---- forms

    @performs("GET /form/human_input/{form_token}")
    async def form(self, form: HumanInput | str) -> Form:
        """Return a form that waits for a person.

        Args:
            form: the form, or its token.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            ValueError: the form cannot be answered through the API.
        """
        received = await self.fetch(Call("GET", filled(_FORM, {"form_token": _token(form)})))
        return _read_form(received)

    @performs("POST /form/human_input/{form_token}")
    async def submit_form(
        self, form: HumanInput | str, action: str, inputs: Mapping[str, Json] | None = None, *, user: str | None = None
    ) -> None:
        """Answer a form. The run goes on by itself; `resume` streams that.

        Args:
            form: the form, or its token.
            action: the id of the button that is pressed.
            inputs: what was entered.
            user: who answers.

        Raises:
            UpstreamError: the server cannot be reached, or refused: the form was answered, or its time is over.
            ValueError: the form cannot be answered through the API.
        """
        token = _token(form)
        body = {"inputs": dict(inputs or {}), "action": action, "user": user or self.user}
        await self.fetch(Call("POST", filled(_FORM, {"form_token": token}), body=body))
        self._answered.add(token)

    def is_answered(self, run: Run) -> bool:
        """Whether a run waits for no form but those that this client has answered."""
        waiting = [form.token for form in run.forms if form.status == "waiting"]
        return bool(waiting) and self._answered.issuperset(waiting)

    # ---- what is Dify's own

    def refusal(self, received: Received) -> DifyError | None:
        """Return the exception that an answer means, if it is a refusal."""
        if not is_refused(received):
            return None
        told = received.object
        return DifyError(str(told.get("code") or ""), received.status, str(told.get("message") or received.phrase))

    def _completed(self, operation: Operation, arguments: dict[str, Any]) -> dict[str, Any]:
        is_missing = "user" in operation.parameters and arguments.get("user") is None
        return arguments | {"user": self.user} if is_missing else arguments


def _token(form: HumanInput | str) -> str:
    token = form.token if isinstance(form, HumanInput) else form
    if not token:
        raise ValueError("this form cannot be answered through the API: the server gave no token for it")
    return token
