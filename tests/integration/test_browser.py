"""The viewer in a real browser: the page needs nothing from outside, and keys and clicks reach the tree."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.chromium import BROWSER, tab
from tests.viewer.served import served

RECORDING = Path(__file__).parents[2] / "streamkit" / "demo" / "iteration-with-failed-rounds.skrec"
TIMEOUT = 90.0


async def used(profile: Path) -> None:
    async with served(RECORDING) as server, tab(server.url, profile) as page:
        await page.brings("For each item")
        before = await page.picture()

        await page.press("g", "e")  # without a click first: the page has the keys from the beginning
        await page.brings("Traceback")  # the detail of the first error
        while await page.picture() == before:  # noqa: ASYNC110 - a browser does not tell that it painted
            await asyncio.sleep(0.05)

        seen = len(page.brought)
        await page.press("M")  # all is folded: below the iteration stands nothing
        await page.brings("End", since=seen)
        assert "round 1" not in page.brought[seen:].partition("For each item")[0]

        rows = int(parse_qs(urlsplit(page.asked[-1]).query)["height"][0])
        height = await page.value("document.querySelector('.xterm-screen').clientHeight")
        seen = len(page.brought)
        await page.click(500, 4.5 * height / rows)  # the fifth row: header, title, run, Start, Make list
        await page.brings("Make list", since=seen)

        outside = [asked for asked in page.asked if urlsplit(asked).netloc != urlsplit(server.url).netloc]
        assert outside == []


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium")
async def test_keys_and_clicks_reach_the_tree(tmp_path):
    await asyncio.wait_for(used(tmp_path / "profile"), TIMEOUT)
