"""The settings that composing asks for, read late and once for each message."""

from __future__ import annotations

import functools
import operator
import typing as t


class Options(t.NamedTuple):
    """See the settings of the same names."""

    default_sender: t.Any = None
    default_reply_to: t.Any = None
    subject_prefix: str | None = None
    ascii_attachments: bool = False
    catch_all: t.Any = None
    catch_all_allow: t.Any = None
    message_id_domain: str | None = None
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    dkim_key: t.Any = None
    dkim_headers: t.Any = None

    @classmethod
    def read(cls, state: object | None) -> Options:
        """*state* itself if it has every option, else :meth:`of` it; for reading at once, not for keeping."""
        return t.cast("Options", state) if _is_complete(t.cast("t.Any", type(state))) else cls.of(state)

    @classmethod
    def of(cls, state: object | None) -> Options:
        """The options in *state*, copied; what it lacks has its default."""
        if state is None:
            return _DEFAULT
        try:
            return cls._make(_READ(state))
        except AttributeError:
            return cls._make([getattr(state, name, default) for name, default in _DEFAULT._asdict().items()])

    def __repr__(self) -> str:
        """Nothing: one of them is a private key."""
        return "<Options>"


@functools.lru_cache(maxsize=16)
def _is_complete(kind: type) -> bool:
    return all(hasattr(kind, name) for name in Options._fields)


_DEFAULT = Options()
_READ = operator.attrgetter(*Options._fields)
