"""From a name and variables to what stands in a mail."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import html as entities
import re
import typing as t

from flask import before_render_template
from flask import Flask
from flask import template_rendered
from jinja2 import Template
from jinja2.runtime import Context
from markupsafe import escape
from markupsafe import Markup

from ..errors import TemplateError
from . import faults
from . import markdown
from . import mjml
from . import pictures
from .environments import Environments
from .locales import forced
from .pictures import Album
from .pictures import Picture
from .pictures import Pictures
from .places import loaded
from .places import Sources
from .places import sources
from .styles import inlined
from .text import text_of

_MARK: t.Final = "\x00\x00"
"""Where a template prints its block ``subject``."""
_BOM: t.Final = "\ufeff"
"""What some editors begin a file in UTF-8 with."""
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n)?")
_OPENED = re.compile(r"<[a-z][^<>]*>\s*\Z", re.IGNORECASE)
_CLOSED = re.compile(r"\s*</")
_LAYOUT: t.Final = "mail/layout.html"
_PLAIN_PAGE: t.Final = (
    '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{subject}</title>\n</head>\n'
    '<body style="max-width: 640px; margin: 0 auto; padding: 16px; font: 16px/1.5 sans-serif">\n'
    "{content}</body>\n</html>\n"
)


@d.dataclass(frozen=True, slots=True)
class Wishes:
    """What settings say about templates; see ``MAIL_STRICT_TEMPLATES`` and its neighbours."""

    strict: bool = False
    inline_css: bool = False
    layout: str = _LAYOUT


@d.dataclass(slots=True)
class Rendered:
    """What a mail's templates have become."""

    subject: str | None
    text: str | None
    html: str | None
    pictures: list[Picture]


class Renderer:
    """Renders the mails of one application. Templates are looked up once, or each time where
    ``TEMPLATES_AUTO_RELOAD`` or debug mode asks for it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._album = Album(app)
        self._environments: Environments | None = None
        self._sources: dict[str, Sources] = {}

    def render(
        self,
        name: str,
        variables: dict[str, t.Any],
        wishes: Wishes,
        *,
        subject: t.Any = None,
        locale: t.Any = None,
        content_ids: c.Container[str | None] = (),
    ) -> Rendered:
        """Render the mail *name*; needs the application's context.

        :param variables: what the templates may use; this mapping becomes theirs.
        :param subject: instead of the templates' block ``subject``; a lazy text is read in *locale*.
        :param locale: the reader's; see :func:`.locales.forced`.
        :param content_ids: those of attachments that are there anyway.
        :raises TemplateError: a template is missing, or cannot be rendered; says which and what to do.
        :raises MissingExtraError: what a format needs is not installed.
        """
        if not name or type(name) is not str:
            raise TemplateError(f"The template has to be given by its name, such as 'mail/welcome', not as {name!r}.")
        environments = self._ready(wishes)
        with forced(self._app, locale):
            given = None if subject is None else str(subject)
            if given is not None:
                variables.setdefault("subject", given)
            if locale is not None:
                variables.setdefault("locale", str(locale))
            found = self._found(name, environments)
            self._app.update_template_context(variables)
            mail = _Mail(self._app, name, {**environments.globals, **variables}, given)
            album = Pictures(self._album, name, content_ids)
            token = pictures.current.set(album)
            try:
                text = None if found.text is None else mail.text(found.text)
                html = None if found.rich is None else self._html(found, mail, environments, wishes)
            finally:
                pictures.current.reset(token)
        if html is not None:
            html = album.resolve(html)
            if wishes.inline_css and found.kind != "mjml":  # which is inlined as it is
                html = inlined(html)
            if text is None:
                text = text_of(html)
        return Rendered(mail.subject, text, html, list(album.embedded.values()))

    def _ready(self, wishes: Wishes) -> Environments:
        environments = self._environments
        if environments is None or not environments.serve(self._app, strict=wishes.strict):
            environments = Environments(self._app, strict=wishes.strict)
            self._environments, self._sources = environments, {}
        environments.refresh()
        return environments

    def _found(self, name: str, environments: Environments) -> Sources:
        found = self._sources.get(name)
        if found is None or environments.auto_reload():
            found = self._sources[name] = sources(name, environments, self._app)
        return found

    def _html(self, found: Sources, mail: _Mail, environments: Environments, wishes: Wishes) -> str:
        assert found.rich is not None
        if found.kind == "html":
            return mail.html(found.rich)
        if found.kind == "mjml":
            return mjml.to_html(mail.html(found.rich), mail.name_of(found.rich))
        content = markdown.to_html(mail.html(found.rich))
        layout = loaded(environments.html, wishes.layout)
        if layout is not None:
            return mail.page(layout, content)
        if wishes.layout != _LAYOUT:
            raise TemplateError(
                f"MAIL_MARKDOWN_LAYOUT is {wishes.layout!r}, but there is no such template. Put it into the folder of "
                f"templates, or name another one.",
                template=wishes.layout,
            )
        return _PLAIN_PAGE.format(subject=escape(mail.subject or ""), content=content)


class _Mail:
    """One mail while it is rendered.

    :param variables: all that templates can see; one mapping for all of them, which nobody changes.
    :param subject: as it was given; else it comes from the first template with a block of that name.
    """

    def __init__(self, app: Flask, name: str, variables: dict[str, t.Any], subject: str | None) -> None:
        self._app = app
        self._name = name
        self._variables = variables
        self.subject = None if subject is None else " ".join(subject.split())

    def name_of(self, template: Template) -> str:
        return template.name or self._name

    def text(self, template: Template) -> str:
        """What *template* prints, without its block ``subject``."""
        written, context = self._run(template)
        self._take_subject(template, context)
        if _MARK not in written:
            return written
        first, *others = written.split(_MARK)
        return "".join([first, *(_REST_OF_LINE.sub("", each, count=1) for each in others)]).lstrip("\r\n")

    def html(self, template: Template) -> str:
        """What *template* prints. Its block ``subject`` stays only where an element holds nothing else, as in
        ``<title>``."""
        written, context = self._run(template)
        self._take_subject(template, context, escaped=True)
        return self._shown(written)

    def page(self, layout: Template, content: str) -> str:
        """*layout* around *content*: where it prints the variable ``content``, or has a block of that name.

        :raises TemplateError: it does neither.
        """
        self._variables = {**self._variables, "content": Markup(content)}  # noqa: S704 - values in it are escaped
        self._variables.setdefault("subject", self.subject or "")
        written, _ = self._run(layout, {"content": content} if "content" in layout.blocks else {})
        if content not in written:
            raise TemplateError(
                f"{layout.name}, the layout of mails in Markdown, does not show them: print {{{{ content }}}} in it.",
                template=layout.name,
            )
        return self._shown(written)

    def _run(self, template: Template, filled: c.Mapping[str, str] | None = None) -> tuple[str, Context]:
        """What *template* prints, and its context afterwards, in which the blocks of its parents stand, too.

        :param filled: blocks, and what stands in their place.
        """
        app = self._app
        if before_render_template.receivers:
            before_render_template.send(app, _async_wrapper=app.ensure_sync, template=template, context=self._variables)
        environment = template.environment
        # the variables hold the globals already, so the context need not look at them
        context = environment.context_class(environment, self._variables, template.name, template.blocks)
        context.blocks["subject"] = [_mark, *context.blocks.get("subject", ())]
        for block, text in (filled or {}).items():
            context.blocks[block].insert(0, _Fixed(text))
        written = self._rendered(template, template.root_render_func, context).removeprefix(_BOM)
        if template_rendered.receivers:
            template_rendered.send(app, _async_wrapper=app.ensure_sync, template=template, context=self._variables)
        return written, context

    def _take_subject(self, template: Template, context: Context, *, escaped: bool = False) -> None:
        blocks = context.blocks["subject"]
        if self.subject is None and len(blocks) > 1:
            written = self._rendered(template, blocks[1], context)
            self.subject = " ".join((entities.unescape(written) if escaped else written).split())

    def _shown(self, written: str) -> str:
        if _MARK not in written:
            return written
        first, *others = written.split(_MARK)
        pieces = [first]
        for each in others:
            tag = pieces[-1].rfind("<")
            alone = tag >= 0 and _OPENED.match(pieces[-1], tag) and _CLOSED.match(each)
            pieces += [str(escape(self.subject or "")), each] if alone else [_REST_OF_LINE.sub("", each, count=1)]
        return "".join(pieces).lstrip("\r\n")

    def _rendered(self, template: Template, write: c.Callable[[Context], c.Iterator[str]], context: Context) -> str:
        try:
            return template.environment.concat(write(context))
        except TemplateError as error:
            if error.line is None:
                error.template, error.line = faults.place(error.__traceback__, self.name_of(template))
            raise
        except Exception as error:
            told = faults.told(error, self.name_of(template))
            try:
                template.environment.handle_exception()  # points the traceback at the template
            except Exception as pointed:
                if told is None:
                    raise
                raise told from pointed


class _Fixed:
    """In place of a block."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, context: Context) -> c.Iterator[str]:
        yield self._text


def _mark(context: Context) -> c.Iterator[str]:
    yield _MARK
