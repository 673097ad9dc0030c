"""What a proxy is told, and what it does where it is told nothing."""

import dataclasses

import pytest
from yarl import URL

from streamkit.gateway.settings import Drain, Settings


def test_where_nothing_is_said_a_run_is_drained_within_limits_and_nothing_is_changed():
    settings = Settings(upstream=URL("https://dify.example"))
    assert (settings.on_client_gone, settings.drain) == ("drain", Drain(seconds=600, bytes=64 << 20, count=1000))
    assert (settings.allow_paths, settings.keep_host, settings.apps, settings.asks_for_names) == ((), False, {}, False)


def test_settings_do_not_change():
    settings = Settings(upstream=URL("https://dify.example"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.keep_host = True


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/a", True), ("/v1", False), ("/console", False), ("/v1/../console", False), ("/v1/%2e%2e/console", False)],
)
def test_paths_are_allowed_by_patterns_and_none_leads_out_of_them(path, allowed):
    settings = Settings(upstream=URL("https://dify.example"), allow_paths=("/v1/*", "/files/*"))
    assert settings.allows(path) is allowed
    assert Settings(upstream=settings.upstream).allows(path)
