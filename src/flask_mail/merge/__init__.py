"""Mail merge: a template and rows become many mails, each row exactly once.

=============  ================================================================
``rows``       where rows come from; ``sheet`` reads CSV, ``encodings`` text
``letters``    from a row to a message
``run``        sends them, and tells what became of each row
``outcomes``   what can become of a row
``ledger``     remembers it, over ``files``, so that a merge can be resumed
=============  ================================================================

The messages go out by ``mail.send_many()``; nothing here knows a server. Memory does not grow with the number of rows.
"""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import typing as t

from flask import current_app

from ..errors import NotInitializedError
from ..extension import Mail
from ..extension.state import State
from ..message import Message
from .ledger import FileLedger
from .ledger import Ledger
from .letters import Letters
from .outcomes import Kind as Kind
from .outcomes import KINDS as KINDS
from .outcomes import Outcome as Outcome
from .rows import Row as Row
from .rows import Rows as Rows
from .run import Merge as Merge


def merge(
    template: str,
    rows: Rows | str | os.PathLike[str] | c.Iterable[c.Mapping[str, t.Any]],
    *,
    mail: Mail | None = None,
    subject: str | None = None,
    unsubscribe: str | None = None,
    prepare: c.Callable[[Message, c.Mapping[str, t.Any]], object] | None = None,
    address_column: str = "email",
    results: str | os.PathLike[str] | None = None,
    resume: bool = False,
    resend_in_doubt: bool = False,
    rate: str | None = None,
    connections: int = 4,
    later: bool = False,
) -> Merge:
    """Send a mail made of *template* to each of *rows*. It is sent while the outcomes are iterated over::

        for outcome in merge("mail/news", "readers.csv"):
            print(outcome.line, outcome.address, outcome.outcome)

    :param template: what :meth:`.Message.from_template` takes. It sees the columns of the row.
    :param rows: see :class:`Rows`. The columns ``name`` and ``locale`` say how a reader is called, and in which
        language he reads; both may be missing.
    :param mail: whose settings count; the current application's by default.
    :param subject: a template in itself, instead of the block ``subject``: ``"Hello {{ name }}"``.
    :param unsubscribe: a template for the address that List-Unsubscribe names: ``"https://example.com/u/{{ token }}"``.
    :param prepare: called with each message and its row before it is sent, to attach a file for instance.
    :param address_column: the column with the address, where *rows* are not :class:`Rows`.
    :param results: the file of results; ``<rows>.results.jsonl`` where *rows* are a file, else none.
    :param resume: go on with the merge that wrote *results*. What was accepted or refused, or is in doubt, is left
        out; what failed or was invalid is tried again.
    :param resend_in_doubt: send again what is in doubt, under the same Message-ID.
    :param rate: how fast, such as ``"14/s"``; ``MAIL_RATE_LIMIT`` by default.
    :param connections: how many connections at most.
    :param later: queue the mails, see :meth:`.Mail.send_later`, hundreds in each transaction.
    :returns: an iterable of :class:`Outcome`, in the order in which they come.
    :raises MergeError: the rows cannot be read, or the results are not those of these rows.
    :raises NotInitializedError: there is no application with mail.
    """
    state = _state(mail)
    source = rows if isinstance(rows, Rows) else Rows(rows, address_column=address_column)
    letters = Letters(state, template, source.address_column, subject=subject, unsubscribe=unsubscribe, prepare=prepare)
    path = pathlib.Path(results) if results is not None else results_beside(source.path)
    ledger = Ledger() if path is None else FileLedger(path, resume=resume, resend_in_doubt=resend_in_doubt)
    try:
        return Merge(state, source, letters, ledger, rate=rate, connections=connections, later=later)
    except BaseException:
        ledger.close()
        raise


def results_beside(path: pathlib.Path | None) -> pathlib.Path | None:
    """Where the results of the rows at *path* are written."""
    return None if path is None else path.with_name(f"{path.name}.results.jsonl")


def _state(mail: Mail | None) -> State:
    registered = mail if mail is not None else current_app.extensions.get("mail") if current_app else None
    if registered is None:
        raise NotInitializedError(
            "merge() needs an application with mail: call mail.init_app(app), and this inside of "
            "'with app.app_context():', or give it mail=."
        )
    return t.cast(State, registered.in_force())
