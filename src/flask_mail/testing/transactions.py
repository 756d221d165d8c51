"""The end of a database transaction: what was queued inside it is queued by its commit, and gone with its rollback."""

from __future__ import annotations

import collections.abc as c
import typing as t


def at_the_end(session: t.Any, *, committed: c.Callable[[], object], undone: c.Callable[[], object]) -> None:
    """Call one of the two, once, when the transaction of *session* has ended.

    :param session: of SQLAlchemy: a session, a ``scoped_session``, or a connection, whose savepoints are not looked at.
    :raises TypeError: it is none of them.
    """
    found = session() if hasattr(session, "registry") else session
    if hasattr(found, "in_nested_transaction") and hasattr(found, "get_nested_transaction"):
        (_of_session if hasattr(found, "flush") else _of_connection)(found, committed, undone)
    else:
        raise TypeError(f"session is {session!r}, but it has to be a session or a connection of SQLAlchemy")


def _of_session(session: t.Any, committed: c.Callable[[], object], undone: c.Callable[[], object]) -> None:
    from sqlalchemy import event

    ours = session.get_nested_transaction() or session.get_transaction() or session.begin()
    open_ = [True]

    def after_commit(session: t.Any) -> None:
        if open_ and not session.in_nested_transaction():  # a savepoint that is released decides nothing
            open_.clear()
            committed()

    def after_rollback(session: t.Any, previous: t.Any) -> None:
        if open_ and any(each is previous for each in _with_outer(ours)):
            open_.clear()
            undone()

    event.listen(session, "after_commit", after_commit)
    event.listen(session, "after_soft_rollback", after_rollback)


def _with_outer(transaction: t.Any) -> c.Iterator[t.Any]:
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


def _of_connection(connection: t.Any, committed: c.Callable[[], object], undone: c.Callable[[], object]) -> None:
    from sqlalchemy import event

    if not connection.in_transaction():
        connection.begin()  # as the outbox's INSERT would
    open_ = [True]

    def commit(connection: t.Any) -> None:
        if open_:
            open_.clear()
            committed()

    def rollback(connection: t.Any) -> None:
        if open_:
            open_.clear()
            undone()

    event.listen(connection, "commit", commit)
    event.listen(connection, "rollback", rollback)
