"""Mails written in MJML."""

from __future__ import annotations

from ..errors import MissingExtraError
from ..errors import TemplateError


def to_html(source: str, template: str) -> str:
    """HTML of *source*; nothing is fetched for it.

    :param template: where *source* comes from, for errors.
    :raises MissingExtraError: mjml-python is not installed.
    :raises TemplateError: *source* is not MJML.
    """
    try:
        from mjml import mjml2html
    except ImportError:
        raise MissingExtraError("A mail in MJML (.mjml)", "mjml") from None
    try:
        return mjml2html(source)
    except ValueError as error:
        raise TemplateError(f"{template} is not MJML: {str(error).rstrip('.')}.", template=template) from error
