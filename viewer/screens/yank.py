"""The menu of what can be copied of a row."""

from collections.abc import Sequence

from streamkit.cli.render.figures import counted
from streamkit.cli.render.look import Look
from viewer.paint import Palette
from viewer.screens.menu import Choice, Menu
from viewer.yank import Offer


class YankScreen(Menu):
    """Copies what is chosen. Ends with what was copied."""

    def __init__(self, palette: Palette, look: Look, offers: Sequence[Offer]) -> None:
        """Make the menu.

        Args:
            palette: styles.
            look: marks.
            offers: what there is to copy; at least one.
        """
        super().__init__(palette, look, "copy", [Choice(offer.name, offer.preview) for offer in offers])
        self._offers = offers

    def done(self, number: int) -> str:
        """Copy."""
        offer = self._offers[number]
        text = offer.text()
        self.app.copy_to_clipboard(text)
        return f"copied {offer.name}: {counted(len(text), 'character')}"
