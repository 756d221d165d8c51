"""What is in the database, beside the outbox: people, and who follows whom."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import Column
from sqlalchemy import ForeignKey
from sqlalchemy import func
from sqlalchemy import Index
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from .extensions import db

follow = db.Table(
    "follow",
    Column("follower", ForeignKey("user.id"), primary_key=True),
    Column("followed", ForeignKey("user.id"), primary_key=True),
)


class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    password: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=False)
    subscribed: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(default="en")

    followers: Mapped[set[User]] = relationship(
        secondary=follow, primaryjoin=id == follow.c.followed, secondaryjoin=id == follow.c.follower
    )

    @property
    def recipient(self) -> tuple[str, str]:
        """Name and address as a mail wants them: a pair, so that no name can pass for an address."""
        return self.name, self.email

    @property
    def is_admin(self) -> bool:
        admin = current_app.config["FLASKY_ADMIN"]
        return bool(self.confirmed and admin) and self.email.casefold() == admin.casefold()


Index("user_email", func.lower(User.email), unique=True)
