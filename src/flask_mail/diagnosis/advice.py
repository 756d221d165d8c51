"""From evidence to advice."""

from __future__ import annotations

import dataclasses as d
import functools
import smtplib
import typing as t

from . import providers
from . import texts
from .evidence import chain
from .evidence import Evidence
from .evidence import gather
from .evidence import setting
from .rows import CAUSES
from .rows import find
from .rows import Row


@d.dataclass(frozen=True, slots=True)
class Advice:
    """What a failure means.

    :param cause: a label, one of :data:`flask_mail.diagnosis.CAUSES`; ``unknown`` where nothing is known.
    :param summary: what happened, a sentence.
    :param remedy: what to do about it, some sentences.
    :param link: a page that says more; empty where there is none.
    :param transient: whether the same may succeed later without any change, for one of several recipients at least.
    """

    cause: str
    summary: str
    remedy: str
    link: str
    transient: bool

    def __str__(self) -> str:
        return _joined(self.summary, self.remedy, self.link and f"<{self.link}>")


def advise(
    error: BaseException | None = None,
    settings: t.Any = None,
    *,
    stage: str | None = None,
    code: int | None = None,
    text: str | bytes | None = None,
    exception: BaseException | str | None = None,
    provider: str | None = None,
    host: str | None = None,
    port: int | None = None,
    locale: str | None = None,
) -> Advice:
    """What *error*, or what was recorded of one, means and what to do about it.

    :param error: any exception; one of ours tells its stage, reply and server itself.
    :param settings: the settings in force, or a mapping with some of them, e.g. ``{"use_ssl": True}``; also
        ``auth_mechanism``, the mechanism of the login, where it is known.
    :param stage: where the delivery stood; see :attr:`flask_mail.errors.MailError.stage`.
    :param code: the reply code.
    :param text: the server's words without the code, lines joined by ``\\n``.
    :param exception: an exception, or the name of its class.
    :param provider: a name in ``providers.toml``; found from the host otherwise.
    :param locale: the language, ``en`` or ``zh``; otherwise ``MAIL_LOCALE``, else the process's.
    """
    evidence = functools.partial(
        gather, stage=stage, code=code, text=text, exception=exception, provider=provider, host=host, port=port
    )
    first = evidence(error, settings)
    found, row = first, find(first)
    if row is None and error is not None and text is None and code is None:
        for cause in list(chain(error))[1:]:
            found = gather(cause, settings, stage=first.stage, host=first.host, port=first.port)
            if (row := find(found)) is not None:
                break
    advice = _advice(row, found if row else first, texts.language(locale or setting(settings, "locale")))
    others = [*error.recipients.values()][1:] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    if advice.transient or not others:
        return advice
    passing = any(
        advise(settings=settings, stage="rcpt", code=other, text=said, host=host).transient for other, said in others
    )
    return d.replace(advice, transient=passing)


def _advice(row: Row | None, evidence: Evidence, language: str) -> Advice:
    cause = row.cause if row else "unknown"
    words = texts.of(cause, row.words if row else "", language)
    provider = providers.lookup(name=evidence.provider) if evidence.provider else None
    about = provider.advice(cause, language) if provider else providers.NOTHING
    return Advice(
        cause,
        words["summary"],
        _joined(words["remedy"], about.text),
        about.link or words.get("link", ""),
        _transient(row, evidence, CAUSES[cause]),
    )


def _joined(*sentences: str) -> str:
    """Sentences in a row, with blanks between them where the language has such."""
    return " ".join(filter(None, sentences)).replace("。 ", "。")


def _transient(row: Row | None, evidence: Evidence, usual: bool | None) -> bool:
    """What the row says, else the cause, else the first digit of the code, be it the enhanced one (RFC 5321 §4.2.1).

    Without a reply: what two ends cannot agree on stays as it is, and so does what a program got wrong.
    """
    if row is not None and row.transient is not None:
        return row.transient
    if usual is not None:
        return usual
    if evidence.code is not None and evidence.code > 0:
        return 400 <= evidence.code < 500
    if evidence.enhanced:
        return evidence.enhanced[0].startswith("4")
    return not {"SMTPNotSupportedError", "ValueError", "SSLError"} & {*evidence.errors}
