"""The tables of the outbox, for every database that SQLAlchemy knows.

``flask_mail.queues.outbox.metadata`` is for your own migrations. A message's row says all there is to know of it; the
time in ``due`` is when something is to be done about it next, whatever its state:

==============  ==============================================  =================================
state           what it means                                   ``due``
==============  ==============================================  =================================
``ready``       to be sent as soon as may be                    since when
``waiting``     to be sent later, or again later                when
``sending``     a worker has it                                 when its lease ends
``suspect``     was with a worker that died                     since when
``sent``        everybody has it                                since when
``failed``      some or all will not get it                     since when
``expired``     it could not be sent in time                    since when
``dead``        its workers died, three times                   since when
``held``        a server may have it or not                     since when
``cancelled``   somebody said so                                since when
==============  ==============================================  =================================
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

OPEN: t.Final = ("ready", "waiting", "sending", "suspect")
"""States from which a message is still sent."""

DONE: t.Final = ("sent", "failed", "expired", "dead", "cancelled")
"""States of what is over, and is deleted when it has been kept for long enough. ``held`` waits for a decision."""

metadata: t.Final = sa.MetaData()

_LONG = sa.LargeBinary().with_variant(sa.LargeBinary(2**32 - 1), "mysql", "mariadb")

messages: t.Final = sa.Table(
    "mail_outbox",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),  # its order is that of time
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),  # the priority, the other way round: the lowest goes first
    sa.Column("due", sa.Double, nullable=False),  # all times in seconds since the epoch
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("deaths", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(64)),
    sa.Column("key", sa.String(200)),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("recipients", sa.JSON, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Index(
        "mail_outbox_key",
        "key",
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    ),
    sa.Index("mail_outbox_due", "state", "due"),
    sa.Index(
        "mail_outbox_ready",
        "state",
        "rank",
        "due",
        "id",
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    ),
)

state_by_id: t.Final = messages.c.state + sa.literal_column("''")
"""The state of messages that are named by their ids: without an index, by which SQLite would look through all others of
that state."""

contents: t.Final = sa.Table(  # by themselves, since all else of a message changes several times
    "mail_outbox_content",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("content", _LONG, nullable=False),
)

workers: t.Final = sa.Table(
    "mail_outbox_worker",
    metadata,
    sa.Column("id", sa.String(48), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("started", sa.Double, nullable=False),
    sa.Column("seen", sa.Double, nullable=False),
)
