"""What may be asked of a run of Dify's beside its stream: to stop, and how it stands."""

from streamkit.replay.dify.refusals import refused
from streamkit.replay.routes import Asked, Reply, reply
from streamkit.replay.stage import Stage
from streamkit.replay.stopping import stopped


def stop(stage: Stage, asked: Asked) -> Reply:
    """Stop the run of a task. The server says so of any task, known or not."""
    stage.stop(asked.params["task_id"])
    return reply({"result": "success"})


def run_detail(stage: Stage, asked: Asked) -> Reply:
    """Tell how a run stands."""
    run_id = asked.params["run_id"]
    session = stage.sessions.of(run_id)
    parts = session.parts_played(run_id) if session is not None else []
    if session is None or not parts:
        return refused("not_found", "Workflow run not found.", 404)
    last = next((play for play in reversed(stage.plays.of_session(session)) if play.take is parts[-1]), None)
    goes_on = last is not None and last.outcome == "playing"
    run = stage.run_of([*parts[:-1], stopped(parts[-1]) if last is not None and last.is_cut_short else parts[-1]])
    told = {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "status": "running" if goes_on else run.status,
        "inputs": run.inputs or {},
        "outputs": None if goes_on else run.outputs,
        "error": run.error.message if run.error and not goes_on else None,
        "total_steps": run.total_steps or 0,
        "total_tokens": run.total_tokens or 0,
        "created_at": run.started_at,
        "finished_at": None if goes_on else run.finished_at,
        "elapsed_time": run.elapsed_time,
    }
    return reply(session.told(told, parts[-1]))
