"""Which app is meant: flags before the configuration, that before the environment; and no key in the file."""

import pytest

from streamkit.cli.asking.apps import App, BadConfig, choose, key_of, load
from streamkit.cli.configuration import configuration

CONFIG = """
[apps.support]
kind = "dify"
base = "https://dify.example/v1"
key_env = "SUPPORT_KEY"
user = "ada"

[apps.faq]
kind = "ragflow"
chat = "c1"
inputs = {lang = "de"}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def test_apps_are_read_by_their_names(config):
    assert load(config) == {
        "support": App(kind="dify", base="https://dify.example/v1", key_env="SUPPORT_KEY", user="ada"),
        "faq": App(kind="ragflow", chat="c1", inputs={"lang": "de"}),
    }


def test_the_user_s_own_file_need_not_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert configuration("config.toml") == tmp_path / "streamkit" / "config.toml"
    assert load() == {}


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(BadConfig, match="no such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[apps.a]\nkind = 'difi'\n", "apps.a.kind: 'difi' is none of dify, ragflow, paradigm"),
        ("[apps.a]\nkind = 'dify'\nkee_env = 'A'\n", "apps.a: object contains unknown field kee_env"),
        ("[apps.a]\nbase = 'http://host'\n", "apps.a: object missing required field kind"),
        ("[apps.a]\nkind = 'dify'\nkey = 'app-1'\n", "apps.a.key: keys do not belong here"),
        ("[apps.a]\nkind = 'dify'\nmode = 'chatflow'\n", "apps.a.mode: 'chatflow' is none of chat, agent-chat"),
        ("[apps.a]\nkind = 3\n", "apps.a.kind: expected str, got int"),
        ("apps = 3\n", "apps: write each as [apps.NAME]"),
        ("[app.a]\nkind = 'dify'\n", "apps: write each as [apps.NAME]"),
        ("[apps.a\n", "Expected"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_place(tmp_path, text, said):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadConfig) as raised:
        load(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "app-1" not in str(raised.value)


def test_flags_go_before_the_configuration(config):
    app = choose("support", load(config), {"base": "http://other", "user": None})
    assert (app.name, app.base, app.user, app.key_env) == ("support", "http://other", "ada", "SUPPORT_KEY")


@pytest.mark.parametrize("flag", ["key", "key_env", "key_file"])
def test_a_flag_for_the_key_goes_before_all_that_are_configured(config, flag):
    app = choose("support", load(config), {flag: "value"})
    assert [name for name in ("key", "key_env", "key_file") if getattr(app, name)] == [flag]


@pytest.mark.parametrize("kind", ["dify", "ragflow", "paradigm"])
def test_a_vendor_is_an_app_of_the_environment(kind):
    assert choose(kind, {}, {}).kind == kind


def test_a_name_that_means_nothing_is_told_with_those_that_do(config):
    with pytest.raises(BadConfig, match=r"no app 'suport': did you mean support\? There are support, faq, dify"):
        choose("suport", load(config), {})
    with pytest.raises(
        BadConfig, match=r"are dify, ragflow, paradigm; `streamkit run --help` shows how to configure one"
    ):
        choose("nothing-near", {}, {})


# ---- keys


def test_a_key_is_where_it_is_said_to_be(tmp_path, monkeypatch):
    path = tmp_path / "key"
    path.write_text(" app-1\n")
    monkeypatch.setenv("SUPPORT_KEY", "app-2")
    assert key_of(App(kind="dify", key_file=str(path))) == "app-1"
    assert key_of(App(kind="dify", key_env="SUPPORT_KEY")) == "app-2"
    assert key_of(App(kind="dify", key="app-3")) == "app-3"
    assert key_of(App(kind="dify")) is None


@pytest.mark.parametrize("how", [{"key_env": "NOT_SET_ANYWHERE"}, {"key_file": "/nowhere/key"}])
def test_a_key_that_is_not_there_is_told_by_its_place(how, monkeypatch):
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    with pytest.raises(BadConfig, match="support: ") as raised:
        key_of(App(kind="dify", name="support", **how))
    assert next(iter(how.values())) in str(raised.value)


@pytest.mark.parametrize("how", [{"key_env": "app-0123456789abcdef0"}, {"key_file": "app-0123456789abcdef0"}])
def test_a_key_in_place_of_its_place_is_not_repeated(how):
    with pytest.raises(BadConfig) as raised:
        key_of(App(kind="dify", name="support", **how))
    assert "0123456789abcdef0" not in str(raised.value)
    assert next(iter(how)).replace("_", " ") in str(raised.value).replace("_", " ")


def test_an_empty_file_holds_no_key(tmp_path):
    path = tmp_path / "key"
    path.write_text("\n")
    with pytest.raises(BadConfig, match="no key in"):
        key_of(App(kind="dify", name="support", key_file=str(path)))


def test_an_app_is_shown_without_its_key():
    assert "app-1" not in repr(App(kind="dify", name="support", key="app-1"))
