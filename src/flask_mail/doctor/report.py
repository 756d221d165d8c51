"""What an examination finds, as plain frozen data."""

from __future__ import annotations

import dataclasses as d
import typing as t

Mark = t.Literal["ok", "warn", "fail", "skip"]

_GRAVITY: t.Final[dict[Mark, int]] = {"skip": 0, "ok": 1, "warn": 2, "fail": 3}


def worst(marks: t.Iterable[Mark]) -> Mark:
    """The mark of what has parts with these marks: no parent is better than its worst child."""
    found: list[Mark] = [*marks]
    return max(found, key=lambda mark: _GRAVITY[mark]) if found else "skip"


@d.dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, or probably is.

    :param cause: the label of :func:`flask_mail.diagnosis.advise`, or one of the doctor's own.
    :param summary: what is wrong.
    :param remedy: what to do; empty where nothing can be said.
    :param link: a page that tells more.
    :param grave: whether mail fails by it; else it is worth a look.
    """

    cause: str
    summary: str
    remedy: str = ""
    link: str = ""
    grave: bool = True


@d.dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    :param check: its name.
    :param group: the part of the screen it stands in.
    :param figure: what was measured, or why the check was skipped.
    :param notes: what is worth knowing and no trouble.
    :param seconds: how long it took; ``None`` where it was skipped.
    """

    check: str
    group: str
    figure: str = ""
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    skipped: bool = False

    @property
    def mark(self) -> Mark:
        if any(trouble.grave for trouble in self.troubles):
            return "fail"
        return "warn" if self.troubles else "skip" if self.skipped else "ok"


@d.dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    :param subject: whom the findings are about, e.g. ``smtp.example.com:587``.
    :param conversation: the lines that were said, without secrets.
    """

    subject: str
    findings: tuple[Finding, ...]
    seconds: float
    conversation: tuple[str, ...] = ()
    locale: str = "en"

    def healthy(self, *, strict: bool = False) -> bool:
        """Whether nothing failed.

        :param strict: nor is worth a look.
        """
        bad = ("fail", "warn") if strict else ("fail",)
        return not any(finding.mark in bad for finding in self.findings)

    def groups(self) -> dict[str, list[Finding]]:
        """The findings by group, in their order."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.group, []).append(finding)
        return found

    def as_dict(self, *, strict: bool = False, conversation: bool = False) -> dict[str, t.Any]:
        """For JSON.

        :param strict: see :meth:`healthy`.
        :param conversation: with what was said.
        """
        return {
            "healthy": self.healthy(strict=strict),
            "subject": self.subject,
            "seconds": round(self.seconds, 3),
            "checks": [
                {
                    "name": finding.check,
                    "group": finding.group,
                    "mark": finding.mark,
                    "figure": finding.figure,
                    "seconds": None if finding.seconds is None else round(finding.seconds, 4),
                    "notes": list(finding.notes),
                    "troubles": [d.asdict(trouble) for trouble in finding.troubles],
                }
                for finding in self.findings
            ],
            **({"conversation": list(self.conversation)} if conversation else {}),
        }
