"""The generations of an index in Elasticsearch: two real indices per build, and the aliases that name those in use.

<name>, <name>-records    the aliases of the keys and the records; they alone decide what is read, and move in one step
<name>-v3-<id>-keys       the keys of one generation; its progress is a document there, so that both are swapped or lost together
<name>-v3-<id>-records    the records of the same generation
<name>-writer             one document: the lease of the one writer
"""

from uuid import uuid4

from elasticsearch import Elasticsearch, NotFoundError

from services.common.errors import PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_schema import (
    KEYS,
    PROGRESS_ID,
    RECORDS,
    SCHEMA_VERSION,
    SETTINGS,
    WHILE_BUILT,
    progress_to_elastic,
    templates,
)
from services.search.application.ports import Progress


def index_of(generation: str, kind: str) -> str:
    """Return the real index of a generation that has its keys or its records."""
    return f"{generation}-{kind}"


def records_alias(settings: ElasticSettings) -> str:
    """Return the alias of the records in use; that of the keys is the name itself."""
    return f"{settings.name}-{RECORDS}"


class Generations:
    """Makes, swaps and removes generations; all but `current` and `is_readable` are for the one writer."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings) -> None:
        self._client = client
        self._settings = settings

    def current(self) -> str | None:
        """Return the generation whose keys the alias names; None before the first.

        Raises PreconditionFailed when an index has the alias' own name: it was not made by us.
        """
        name = self._settings.name
        try:
            found: list[str] = [*self._client.indices.get_alias(name=name)]
        except NotFoundError:
            if self._client.indices.exists(index=name):
                raise PreconditionFailed(
                    f"{name} is an index, not our alias: set elasticsearch.name to another"
                ) from None
            return None
        if len(found) != 1:
            raise PreconditionFailed(
                f"{name} must name one index, it names {', '.join(sorted(found))}: remove the others"
            )
        return found[0].removesuffix(f"-{KEYS}")

    def is_readable(self, generation: str) -> bool:
        """Tell whether this code can read a generation, or an index of it."""
        return generation.startswith(f"{self._settings.name}-v{SCHEMA_VERSION}-")

    def is_whole(self, generation: str) -> bool:
        """Tell whether a generation has its records; they may have been taken away and the keys not."""
        return bool(self._client.indices.exists(index=index_of(generation, RECORDS)))

    def put_templates(self) -> None:
        """Bring the templates of the coming generations up to date."""
        for name, template in templates(self._settings).items():
            self._client.indices.put_index_template(name=name, **template)

    def make(self) -> str:
        """Make an empty generation that nobody reads yet; the templates are brought up to date first."""
        self.put_templates()
        generation = f"{self._settings.name}-v{SCHEMA_VERSION}-{uuid4().hex}"
        for kind in (KEYS, RECORDS):
            self._client.indices.create(index=index_of(generation, kind), settings=dict(WHILE_BUILT))
        progress = progress_to_elastic(Progress())
        self._client.index(index=index_of(generation, KEYS), id=PROGRESS_ID, document=progress)
        return generation

    def swap_in(self, generation: str) -> None:
        """Let a generation take the place of the one in use; it is durable before, and seen at once.

        The copies are begun here and not waited for: the new one is whole without them.
        """
        fresh = {
            self._settings.name: index_of(generation, KEYS),
            records_alias(self._settings): index_of(generation, RECORDS),
        }
        kept = {"translog.durability": SETTINGS["translog.durability"], "number_of_replicas": self._settings.replicas}
        self._client.indices.put_settings(index=[*fresh.values()], settings=kept)
        self._client.indices.flush(index=[*fresh.values()], force=True)
        self._client.indices.refresh(index=[*fresh.values()])
        every = f"{self._settings.name}-v*"
        removed = [{"remove": {"index": every, "alias": alias, "must_exist": False}} for alias in fresh]
        added = [{"add": {"index": index, "alias": alias}} for alias, index in fresh.items()]
        self._client.indices.update_aliases(actions=[*removed, *added])

    def remove_others(self) -> None:
        """Remove the generations that are not in use; a search that runs on one is made again by its reader."""
        current = self.current()
        for index in self._client.indices.get(index=f"{self._settings.name}-v*", filter_path="*.aliases"):
            if index.removesuffix(f"-{KEYS}").removesuffix(f"-{RECORDS}") != current:
                self._client.indices.delete(index=index, ignore_unavailable=True)

    def remove(self, generation: str) -> None:
        """Remove a generation."""
        indices = [index_of(generation, kind) for kind in (KEYS, RECORDS)]
        self._client.indices.delete(index=indices, ignore_unavailable=True)
