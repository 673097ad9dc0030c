"""The menu of files that can be written of a run."""

from contextlib import nullcontext
from pathlib import Path

from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.run import Run
from viewer.export import export, exporters
from viewer.items import Whole
from viewer.paint import Palette
from viewer.screens.menu import Choice, Menu


class ExportScreen(Menu):
    """Writes the file that is chosen. Ends with its path, or with why there is none."""

    def __init__(
        self, palette: Palette, look: Look, run: Run, folder: Path, picture: str, whole: Whole = nullcontext
    ) -> None:
        """Make the menu.

        Args:
            palette: styles.
            look: marks.
            run: what is written.
            folder: where to.
            picture: the screen as it was, by `App.export_screenshot`: now the menu is on it.
            whole: brings the payloads of the run.
        """
        self._exporters = exporters(picture)
        choices = [Choice(name, exporter.says) for name, exporter in self._exporters.items()]
        super().__init__(palette, look, f"export to {safe_line(str(folder.absolute()))}", choices)
        self._run = run
        self._folder = folder
        self._whole = whole

    def done(self, number: int) -> str:
        """Write."""
        name, exporter = list(self._exporters.items())[number]
        try:
            path = export(self._run, exporter, self._folder, self._whole)
        except OSError as error:
            return f"no {name} written: {safe_line(error.strerror or str(error))}"
        return f"wrote {safe_line(str(path))}"
