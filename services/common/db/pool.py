"""Connections to PostgreSQL: one way to open a pool, with a limit on waiting for locks."""

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[TupleRow]]


#: For connections whose statements all read by an index: a plan that was kept from when a table was small scans all of it.
BY_INDEX = "-c enable_seqscan=off"

#: A connection is a process of the server's, of 2 to 6 MB: one that nobody used for so long is closed, and made again in milliseconds.
IDLE_SECONDS = 20.0
#: So long a pool waits for its first connection, and a transaction for one: a process that is told to stop, and whose server
#: is gone, ends no later.
WAIT_SECONDS = 10.0


def open_pool(dsn: str, *, max_size: int = 8, options: str = "") -> Pool:
    """Return an open pool; `with pool.connection() as conn:` is one transaction. `options` are settings of the server's.

    Raises psycopg_pool.PoolTimeout when the server does not answer within WAIT_SECONDS.
    """
    pool: Pool = ConnectionPool(
        dsn,
        min_size=1,
        max_size=max_size,
        max_idle=IDLE_SECONDS,
        timeout=WAIT_SECONDS,
        open=False,
        kwargs={"options": f"-c timezone=UTC -c lock_timeout=10s {options}"},
    )
    pool.open(wait=True, timeout=WAIT_SECONDS)
    pool.resize(0, max_size)
    return pool
