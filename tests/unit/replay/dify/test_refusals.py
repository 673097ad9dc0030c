"""A refusal has the shape and the status of Dify's errors."""

import json

from streamkit.replay.dify.refusals import refused


def test_a_refusal_says_its_status_twice():
    told = refused("not_found", "Form not found", 404)
    assert (told.status, told.content_type) == (404, "application/json")
    assert json.loads(told.body) == {"code": "not_found", "message": "Form not found", "status": 404}
