"""The settings that composing asks for, read late and once for each message."""

from __future__ import annotations

import dataclasses as d
import typing as t


@d.dataclass(slots=True)
class Options:
    """See the settings of the same names; nothing here is secret but the DKIM key, which is never shown."""

    default_sender: t.Any = None
    default_reply_to: t.Any = None
    subject_prefix: str | None = None
    ascii_attachments: bool = False
    catch_all: t.Any = None
    catch_all_allow: t.Any = None
    message_id_domain: str | None = None
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    dkim_key: t.Any = d.field(default=None, repr=False)
    dkim_headers: t.Any = None

    @classmethod
    def of(cls, state: object | None) -> Options:
        """The options in *state*; what it lacks has its default."""
        if state is None:
            return cls()
        return cls(*[getattr(state, name, default) for name, default in _DEFAULTS])


_DEFAULTS: list[tuple[str, t.Any]] = [(field.name, field.default) for field in d.fields(Options)]
