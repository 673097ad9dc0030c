"""Recordings of response bodies: written while they stream, loaded, gone through by time; secrets stay out."""

from streamkit.errors import RecordingError
from streamkit.recording.format import Chunk, End, Exchange, Header, Marker, Request, Response, Source
from streamkit.recording.loaded import Recording
from streamkit.recording.reading import RecordingReader, open_recording
from streamkit.recording.recorder import Recorder
from streamkit.recording.redact import Redactor

__all__ = [
    "Chunk",
    "End",
    "Exchange",
    "Header",
    "Marker",
    "Recorder",
    "Recording",
    "RecordingError",
    "RecordingReader",
    "Redactor",
    "Request",
    "Response",
    "Source",
    "open_recording",
]
