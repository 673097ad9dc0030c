"""What Dify tells of an app: its name, its inputs, its page; and uploads, which are taken and forgotten."""

from streamkit.replay.blocking import mode_of
from streamkit.replay.dify.refusals import refused
from streamkit.replay.library import Take
from streamkit.replay.routes import Asked, Reply, reply
from streamkit.replay.stage import Stage


def _app(stage: Stage, asked: Asked) -> Take | None:
    """Return a recording of the app that is asked about: one that the key names, else the first of Dify's."""
    named = stage.matcher.named_by(asked)
    takes = named or stage.library.takes
    return next((take for take in takes if take.run.dialect == "dify" and take.run.mode), None)


def info(stage: Stage, asked: Asked) -> Reply:
    """Describe the app."""
    app = _app(stage, asked)
    name, mode = (app.name, mode_of(app)) if app is not None else ("replay", "chat")
    return reply({"name": name, "description": "", "tags": [], "mode": mode, "author_name": "streamkit"})


def parameters(stage: Stage, asked: Asked) -> Reply:
    """Describe what the app takes: a text for each input that was recorded."""
    app = _app(stage, asked)
    inputs = app.run.inputs if app is not None else None
    names = [name for name in inputs if not name.startswith("sys.")] if isinstance(inputs, dict) else []
    controls = [{"text-input": {"label": name, "variable": name, "required": False, "default": ""}} for name in names]
    off = {"enabled": False}
    return reply(
        {
            "opening_statement": "",
            "suggested_questions": [],
            "suggested_questions_after_answer": off,
            "speech_to_text": off,
            "text_to_speech": {"enabled": False, "voice": "", "language": "", "autoPlay": "disabled"},
            "retriever_resource": {"enabled": True},
            "annotation_reply": off,
            "more_like_this": off,
            "sensitive_word_avoidance": off,
            "user_input_form": controls,
            "file_upload": {"image": {"enabled": False, "number_limits": 3, "transfer_methods": ["remote_url"]}},
            "system_parameters": {
                "file_size_limit": 15,
                "image_file_size_limit": 10,
                "audio_file_size_limit": 50,
                "video_file_size_limit": 100,
                "workflow_file_upload_limit": 10,
            },
        }
    )


def meta(_: Stage, __: Asked) -> Reply:
    """Name the icons of tools."""
    return reply({"tool_icons": {}})


def site(stage: Stage, asked: Asked) -> Reply:
    """Describe the page of the app."""
    app = _app(stage, asked)
    return reply(
        {
            "title": app.name if app is not None else "replay",
            "chat_color_theme": "",
            "chat_color_theme_inverted": False,
            "icon_type": "emoji",
            "icon": "🤖",
            "icon_background": "#FFFFFF",
            "icon_url": None,
            "description": "",
            "copyright": "",
            "privacy_policy": "",
            "custom_disclaimer": "",
            "default_language": "en-US",
            "show_workflow_steps": True,
            "use_icon_as_answer_icon": False,
        }
    )


def upload(_: Stage, asked: Asked) -> Reply:
    """Take a file, and forget it."""
    file = asked.upload
    if file is None:
        return refused("no_file_uploaded", "Please upload your file.", 400)
    return reply({**file.told(), "source_url": ""}, 201)
