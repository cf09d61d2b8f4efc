"""What a tree of processes takes of memory: the proportional set size of each, which counts a shared page once."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path


def pss_of_tree(root: int) -> dict[str, float]:
    """Return the megabytes of a process and all that it started, by what they are."""
    found: dict[str, float] = defaultdict(float)
    for pid in _tree(root):
        with suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended takes nothing
            found[_kind(pid)] += _pss(pid)
    return dict(found)


def _tree(root: int) -> list[int]:
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if entry.name.isdigit():
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                children[int(stat[1])].append(int(entry.name))
    tree = [root]
    for pid in tree:
        tree.extend(children[pid])
    return tree


def _kind(pid: int) -> str:
    name = Path(f"/proc/{pid}/comm").read_text().strip()
    return name if name.startswith(("credit-", "postgres")) else "launcher"


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} tells no Pss")
