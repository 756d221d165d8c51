"""Every mail has a preview, and is as mail programs want it."""

import pytest
from flask import Flask

from app.extensions import mail


@pytest.mark.parametrize("name", mail.previews)
def test_lint_finds_nothing(app: Flask, name: str) -> None:
    with app.test_request_context(base_url="https://localhost"):
        assert mail.previews[name]().lint() == []


def test_each_template_has_a_preview(app: Flask) -> None:
    with app.test_request_context():
        shown = {preview().template for preview in mail.previews.values()}
    templates = {name.rpartition(".")[0] for name in app.jinja_env.list_templates() if name.startswith("mail/")}
    assert templates - shown == {"mail/layout", "mail/macros"}
