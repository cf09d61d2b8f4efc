"""The generations of an index in Elasticsearch: one real index per build, and the alias that names the one in use.

<name>                the alias; it alone decides what is read, and moves in one step
<name>-v2-<id>        one generation; its progress is a document in it, so that both are swapped, lost or put back together
<name>-writer         one document: the lease of the one writer
"""

from uuid import uuid4

from elasticsearch import Elasticsearch, NotFoundError

from services.common.errors import PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_schema import (
    PROGRESS_ID,
    SCHEMA_VERSION,
    SETTINGS,
    WHILE_BUILT,
    progress_to_elastic,
    template,
)
from services.search.application.ports import Progress


class Generations:
    """Makes, swaps and removes generations; all but `current` and `is_readable` are for the one writer."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings) -> None:
        self._client = client
        self._settings = settings

    def current(self) -> str | None:
        """Return the generation that the alias names; None before the first.

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
        return found[0]

    def is_readable(self, generation: str) -> bool:
        """Tell whether this code can read a generation."""
        return generation.startswith(f"{self._settings.name}-v{SCHEMA_VERSION}-")

    def put_template(self) -> None:
        """Bring the template of the coming generations up to date."""
        self._client.indices.put_index_template(name=self._settings.name, **template(self._settings))

    def make(self) -> str:
        """Make an empty generation that nobody reads yet; the template is brought up to date first."""
        self.put_template()
        generation = f"{self._settings.name}-v{SCHEMA_VERSION}-{uuid4().hex}"
        self._client.indices.create(index=generation, settings=dict(WHILE_BUILT))
        self._client.index(index=generation, id=PROGRESS_ID, document=progress_to_elastic(Progress()))
        return generation

    def swap_in(self, generation: str) -> None:
        """Let a generation take the place of the one in use; it is durable before, and seen at once.

        The copies are begun here and not waited for: the new one is whole without them.
        """
        kept = {"translog.durability": SETTINGS["translog.durability"], "number_of_replicas": self._settings.replicas}
        self._client.indices.put_settings(index=generation, settings=kept)
        self._client.indices.flush(index=generation, force=True)
        self._client.indices.refresh(index=generation)
        old = self.current()
        actions = [{"add": {"index": generation, "alias": self._settings.name}}]
        if old is not None:
            actions.append({"remove": {"index": old, "alias": self._settings.name}})
        self._client.indices.update_aliases(actions=actions)

    def remove_others(self) -> None:
        """Remove the generations that are not in use; a search that runs on one is made again by its reader."""
        current = self.current()
        for generation in self._client.indices.get(index=f"{self._settings.name}-v*", filter_path="*.aliases"):
            if generation != current:
                self.remove(generation)

    def remove(self, generation: str) -> None:
        """Remove a generation."""
        self._client.indices.delete(index=generation, ignore_unavailable=True)
