"""The manifest of the fixtures is current and complete, every rule has a fixture, and nothing private is in any."""

import re
from pathlib import Path

import pytest

from tests.golden import manifest
from tests.golden.goldens import DEMO, FIXTURES, body_of, check

DOCS = Path(__file__).parents[2] / "docs"
RULE = re.compile(r"^(?:## |\* \*\*)([ABCF]\.\d+)\b", re.MULTILINE)


def rules_of(page, corrections, prefix=""):
    """Every rule of a protocol, as the manifest names it."""
    sections = RULE.findall((DOCS / page).read_text(encoding="utf-8"))
    return {prefix + rule for rule in (*sections, *(f"correction {number}" for number in range(1, corrections + 1)))}


RULES = rules_of("protocol-dify.md", 20) | rules_of("protocol-ragflow.md", 10, "R.")
"""`C.5` is a rule of Dify's protocol, `R.C.5` one of RAGFlow's and its relatives'."""

MOST_BYTES = 3_100_000
"""All of `fixtures/` together, goldens included: every clone carries them."""

PRIVATE = re.compile(
    rb"\b(?:app|dataset|sk|pk|xox[abp]|ghp|glpat|hf)-?_?[A-Za-z0-9]{20,}"  # keys by their prefixes
    rb"|(?i:bearer\s+[A-Za-z0-9._-]{12,})|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.eyJ"  # tokens
    rb"|-----BEGIN|/home/|/Users/|/root/|C:\\\\Users"  # keys and places of a machine
)
ADDRESS = re.compile(rb"[\w.%+-]+@([\w.-]+\.[a-z]{2,})")
HOST = re.compile(rb"https?://([\w.-]+)")
RESERVED = re.compile(
    rb"(?:.*\.)?(?:example|test|invalid|localhost|example\.(?:com|org|net))|127\.0\.0\.1|httpbin\.org"
)
"""Hosts that are nobody's (RFC 2606), the machine itself, and a public echo server."""


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--update-golden")


def test_the_manifest_is_current(update):
    check(manifest.MANIFEST, manifest.text(), update=update)


def test_every_fixture_says_where_it_is_from_and_what_for():
    for path, entry in manifest.read().items():
        assert entry["origin"] in manifest.ORIGINS, path
        assert entry["exercises"], path
        assert entry["rules"], path
        assert set(entry["rules"]) <= RULES, path
        assert entry["server"] or entry["origin"] != "recorded", path


def test_every_rule_of_the_protocol_has_a_fixture():
    named = {rule for entry in manifest.read().values() for rule in entry["rules"]}
    assert RULES - named == set()


def test_fixtures_stay_small():
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) < MOST_BYTES


def test_a_demo_is_a_recording_that_the_fixtures_know():
    digests = {entry["sha256"] for entry in manifest.read().values() if entry["origin"] == "recorded"}
    assert {manifest.sha256(body_of(path)) for path in DEMO.glob("*.skrec")} <= digests


def test_no_fixture_holds_a_key_an_address_or_a_place():
    for path in manifest.fixtures():
        body = (FIXTURES / path).read_bytes()
        assert PRIVATE.findall(body) == [], path
        names = ADDRESS.findall(body) + HOST.findall(body)
        assert [name for name in names if not RESERVED.fullmatch(name)] == [], path
