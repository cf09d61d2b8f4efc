"""Where the deployment's files are, and the secret files that a container is given while it is checked."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Written:
    """Stands for the mounted secrets: text by name, written where a parser can read it."""

    folder: Path

    def path(self, text: str) -> Path:
        """Return a file with a text."""
        file = self.folder / f"{abs(hash(text))}.toml"
        file.write_text(text)
        return file
