"""Whether the files of this package are really this distribution's. A leaf."""

from __future__ import annotations

import importlib.metadata
import typing as t

RIVAL: t.Final = "Flask-Mail"
"""The distribution that installs a package of the same name."""


def rival_owner() -> str | None:
    """The name and version of an installed Flask-Mail that owns files of ``flask_mail``.

    :returns: for example ``"Flask-Mail 0.10.0"``; ``None`` where there is none, or only the empty stand-in of ours.
    """
    try:
        distribution = importlib.metadata.distribution(RIVAL)
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if file.parts[0] in ("flask_mail", "flask_mail.py"):
            return f"{distribution.metadata['Name']} {distribution.version}"
    return None
