"""The message, as a programmer writes it."""

from __future__ import annotations

import collections.abc as c
import copy
import secrets
import typing as t
import warnings
from email.headerregistry import Address

from flask import current_app

from .. import compose
from ..address import is_list
from ..address import is_sequence
from ..address import listed
from ..address import Mailbox
from ..address import once
from ..compose import Stamp
from ..errors import BadHeaderError
from ..errors import NotInitializedError
from ..mime.attachments import is_mapping
from ..mime.gate import plain
from ..mime.headers import folded_subject_is_sound
from ..submission import Receipt
from . import record
from .attachment import Attachment
from .attachment import AttachmentData
from .attachment import image_type
from .calendar import Calendar
from .calendar import invitation
from .finding import Finding

Recipient = str | tuple[str, str] | Address | Mailbox
"""One address: text, a pair of name and address, or an object that holds both."""

Recipients = Recipient | c.Iterable[Recipient]
"""One address or several."""


class ReceivingConnection(t.Protocol):
    """What :meth:`Message.send` sends through."""

    def send(self, message: t.Any, /) -> Receipt: ...


class _Ordered(set[t.Any]):
    """A set that is iterated in the order in which its members came."""

    def __init__(self, members: c.Iterable[t.Any]) -> None:
        self._members = dict.fromkeys(members)
        super().__init__(self._members)

    def __iter__(self) -> c.Iterator[t.Any]:
        return iter(self._members)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self._members))}}}"


class Message:
    """An email message.

    Wherever an address is asked for, ``"a@example.com"``, ``"Name <a@example.com>"``, ``("Name", "a@example.com")``
    and ``email.headerregistry.Address`` will do; where several are, one of them or any iterable of them.

    :param subject: the subject, any text.
    :param recipients: who it is to.
    :param body: the plain text; made from *html* where it is ``None``.
    :param html: the HTML text.
    :param alts: more alternatives of the text, by subtype (``"calendar"``) or MIME type.
    :param sender: who it is from; ``MAIL_DEFAULT_SENDER`` by default.
    :param cc: who gets a copy.
    :param bcc: who gets a copy that the others do not see.
    :param attachments: :class:`Attachment` objects.
    :param reply_to: where answers go, one address or a list.
    :param date: the time in seconds since the epoch; the time of sending by default.
    :param charset: the character set of headers and bodies, UTF-8 by default.
    :param extra_headers: more headers; those that a message has only once replace the ones made here.
    :param mail_options: ESMTP parameters of MAIL (RFC 5321 §4.1.1.2).
    :param rcpt_options: ESMTP parameters of RCPT (RFC 5321 §4.1.1.3).
    :param envelope_from: where bounces go, if not to the sender; ``"<>"`` for nowhere.
    :param calendar: an invitation, :class:`Calendar` or iCalendar text.
    :param priority: ``"highest"``, ``"high"``, ``"normal"``, ``"low"`` or ``"lowest"``, or 1 to 5.
    :param auto_submitted: ``True`` for mail that no human wrote, so that machines do not answer (RFC 3834).
    :param tags: labels for a provider's interface.
    :param metadata: JSON-able values for a provider's interface.

    .. versionchanged:: 1.0
        Parameters after *rcpt_options* are new. No application context is needed.
    """

    template: str | None = None
    """The name of the template that the message was made from by :meth:`from_template`, for tests."""

    def __init__(
        self,
        subject: str = "",
        recipients: Recipients | None = None,
        body: str | None = None,
        html: str | None = None,
        alts: c.Mapping[str, str] | c.Iterable[tuple[str, str]] | None = None,
        sender: Recipient | None = None,
        cc: Recipients | None = None,
        bcc: Recipients | None = None,
        attachments: c.Iterable[Attachment] | None = None,
        reply_to: Recipients | None = None,
        date: float | None = None,
        charset: str | None = None,
        extra_headers: c.Mapping[str, str] | None = None,
        mail_options: c.Iterable[str] | None = None,
        rcpt_options: c.Iterable[str] | None = None,
        *,
        envelope_from: Recipient | None = None,
        calendar: Calendar | str | None = None,
        priority: str | int | None = None,
        auto_submitted: bool | str | None = None,
        tags: c.Iterable[str] | None = None,
        metadata: c.Mapping[str, t.Any] | None = None,
    ) -> None:
        given = sender or getattr(_state(), "default_sender", None)
        self._sender_pair: tuple[str, t.Any] | None = None
        if given is not None and not isinstance(given, str):
            self._sender_pair = _readable(given), given
            given = self._sender_pair[0]
        self.recipients: list[t.Any] = [] if recipients is None else listed(recipients, "recipients")
        self.subject: t.Any = subject
        self.sender: t.Any = given
        self.reply_to: t.Any = reply_to
        self.cc: list[t.Any] = [] if cc is None else listed(cc, "cc")
        self.bcc: list[t.Any] = [] if bcc is None else listed(bcc, "bcc")
        self.body: t.Any = body
        self.alts: dict[str, t.Any] = dict(alts) if alts else {}
        if html is not None:
            self.alts["html"] = html
        self.date: float | None = date
        self.charset: str | None = charset
        self.extra_headers: t.Any = extra_headers
        self.mail_options: list[str] = [] if mail_options is None else _several(mail_options)
        self.rcpt_options: list[str] = [] if rcpt_options is None else _several(rcpt_options)
        self.attachments: list[Attachment] = [] if attachments is None else _several(attachments)
        self.envelope_from: Recipient | None = envelope_from
        self._calendar = None if calendar is None else invitation(calendar)
        self.priority: str | int | None = priority
        self.auto_submitted: bool | str | None = auto_submitted
        self.tags: list[str] = [] if tags is None else _several(tags)
        self.metadata: dict[str, t.Any] = dict(metadata) if metadata else {}
        self.own_message_id: str | None = None
        """The Message-ID that was set by hand, if one was; see :attr:`msgId`."""
        self.stamp: Stamp | None = None
        """What composing made up for this message; see :class:`flask_mail.compose.Stamp`."""

    @classmethod
    def from_template(
        cls,
        template: str,
        /,
        recipients: Recipients | None = None,
        *,
        locale: t.Any = None,
        context: c.Mapping[str, t.Any] | None = None,
        **variables: t.Any,
    ) -> t.Self:
        """A message whose subject, text and HTML are templates of the current application::

            Message.from_template("mail/welcome", recipients=user.email, sender="team@example.com", user=user)

        :param template: the name without its ending. ``mail/welcome.txt`` becomes the text; ``.html``, ``.mjml`` or
            ``.md`` the HTML, and the text, too, where there is no ``.txt``. Each may end in ``.j2`` or ``.jinja``.
            HTML is always escaped, text never. ``{% block subject %}`` in one of them is the subject.
        :param recipients: who it is to.
        :param locale: the reader's, for Flask-Babel: all is rendered in this language.
        :param context: variables of the templates, whatever their names: the only way for those that are called like
            a parameter of this class or method, such as ``context={"date": "8 November", "subject": "Physics"}``.
        :param variables: by name, parameters of this class (*subject*, *sender*, *cc*, *attachments*, ...), which
            are attributes of the message and can be seen by the templates, too; all others are for the templates only.
        :raises TemplateError: a template, a variable (see ``MAIL_STRICT_TEMPLATES``), a picture or the server's name
            for ``url_for`` is missing; it says which, and what to do.
        :raises MissingExtraError: the format needs an optional dependency.
        :raises NotInitializedError: there is no application, or it has no mail.

        .. versionadded:: 1.0
        """
        state: t.Any = _state()
        if state is None:
            raise NotInitializedError(
                "Message.from_template() needs an application with mail, whose templates they are: call "
                "mail.init_app(app), and this inside of a request or of 'with app.app_context():'."
            )
        given = {**variables, "recipients": recipients, "locale": locale, "context": context}
        made: t.Self = state.make_message(cls, template, given)
        return made

    @property
    def send_to(self) -> set[t.Any]:
        """All recipients, as they were given: to, bcc and cc, each once."""
        everybody = [each for field in ("recipients", "bcc", "cc") for each in listed(once(self, field), field)]
        return _Ordered(map(_hashable, everybody))

    @property
    def html(self) -> t.Any:
        """The HTML text: a view on ``alts["html"]``."""
        return self.alts.get("html")

    @html.setter
    def html(self, value: t.Any) -> None:
        if value is None:
            self.alts.pop("html", None)
        else:
            self.alts["html"] = value

    @property
    def msgId(self) -> str:
        """The Message-ID with its angle brackets (RFC 5322 §3.6.4). One that is set stays, also when the message
        is sent again; otherwise each deliberate sending has its own."""
        return compose.message_id(self, _state())

    @msgId.setter
    def msgId(self, value: str | None) -> None:
        self.own_message_id = value

    @property
    def calendar(self) -> Calendar | None:
        """The invitation in the message; iCalendar text will do when it is set."""
        return self._calendar

    @calendar.setter
    def calendar(self, value: Calendar | str | None) -> None:
        self._calendar = invitation(value)

    @property
    def structured_sender(self) -> t.Any:
        """The sender as it was given: a pair stays one, whatever :attr:`sender` reads as."""
        pair = self._sender_pair
        return pair[1] if pair is not None and self.sender == pair[0] else self.sender

    def as_bytes(self) -> bytes:
        """The message as it is sent, or was sent last; the same octets at each call.

        :raises MessageError: see :func:`flask_mail.compose.preview`.
        """
        return compose.preview(self, _state())

    def as_string(self) -> str:
        """:meth:`as_bytes` as text, with CRLF line ends."""
        return self.as_bytes().decode("utf-8")

    def __bytes__(self) -> bytes:
        return self.as_bytes()

    def __str__(self) -> str:
        return self.as_string()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self.subject)!r} to {len(self.send_to)}>"

    def has_bad_headers(self) -> bool:
        """Whether sender, recipients or reply-to hold a line break, or the subject one that is no folding.

        Sending checks far more and says what is wrong; this is Flask-Mail's rule.
        """
        for address in [self.sender, *listed(once(self, "recipients")), *listed(once(self, "reply_to"))]:
            text = "" if address is None else _readable(address)
            if "\n" in text or "\r" in text:
                return True
        subject = plain(self.subject, "subject") if self.subject else ""
        return ("\n" in subject or "\r" in subject) and not folded_subject_is_sound(subject)

    def is_bad_headers(self) -> bool:
        """The old name of :meth:`has_bad_headers`.

        .. deprecated:: 1.0
            As in Flask-Mail 0.10.
        """
        warnings.warn("'is_bad_headers' is renamed to 'has_bad_headers'.", DeprecationWarning, stacklevel=2)
        return self.has_bad_headers()

    def send(self, connection: ReceivingConnection) -> Receipt:
        """Send the message through an open connection, and return its receipt."""
        return connection.send(self)

    def add_recipient(self, recipient: Recipient) -> None:
        """Add one recipient."""
        self.recipients.append(recipient)

    def attach(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: AttachmentData | None = None,
        disposition: str | None = None,
        headers: c.Mapping[str, str] | c.Iterable[tuple[str, str]] | None = None,
        *,
        content_id: str | None = None,
    ) -> None:
        """Add an attachment; the parameters are those of :class:`Attachment`."""
        self.attachments.append(Attachment(filename, content_type, data, disposition, headers, content_id=content_id))

    def embed(self, data: AttachmentData, filename: str | None = None, content_type: str | None = None) -> str:
        """Add a picture that the HTML shows.

        :returns: its Content-ID: write ``<img src="cid:{...}">`` in the HTML.
        """
        cid = f"{secrets.token_hex(12)}@inline.invalid"
        kind = content_type if content_type or filename else image_type(data)
        self.attachments.append(Attachment(filename, kind, data, "inline", content_id=cid))
        return cid

    def add_alternative(self, content: str | bytes, content_type: str, **parameters: str) -> None:
        """Add another form of the text, e.g. ``add_alternative(ics, "text/calendar", method="REQUEST")``.

        Forms are ordered by preference, the last one is the richest (RFC 2046 §5.1.4).
        """
        texts = {key: plain(value, f"alts[{content_type!r}]") for key, value in parameters.items()}
        quoted = {key: text.replace("\\", "\\\\").replace('"', '\\"') for key, text in texts.items()}
        more = "".join(f'; {key}="{text}"' for key, text in quoted.items())
        self.alts["html" if _is_html(content_type) else f"{content_type}{more}"] = content

    def list_unsubscribe(self, url: str | None = None, mailto: str | None = None, *, one_click: bool = True) -> None:
        """Write List-Unsubscribe and, for a single click, List-Unsubscribe-Post (RFC 2369, RFC 8058).

        :param url: where a POST unsubscribes; ``https`` for a single click (RFC 8058 §3.1).
        :param mailto: an address that unsubscribes whoever writes to it.
        :param one_click: whether *url* unsubscribes without asking back.
        :raises BadHeaderError: neither is given, or *url* cannot be unsubscribed from with one click.
        """
        if one_click and url is not None and not url.lower().startswith("https://"):
            raise BadHeaderError(
                f"list_unsubscribe: {url!r} must be https for one_click=True", field="list_unsubscribe"
            )
        targets = [url, mailto and f"mailto:{mailto.removeprefix('mailto:')}"]
        for target in filter(None, targets):
            if not target.isascii() or not target.isprintable() or any(each in target for each in ' <>",'):
                raise BadHeaderError(f"list_unsubscribe: {target!r} must be percent-encoded", field="list_unsubscribe")
        if not any(targets):
            raise BadHeaderError("list_unsubscribe needs a url or a mailto", field="list_unsubscribe")
        given: t.Any = once(self, "extra_headers") or {}
        mine = {"list-unsubscribe", "list-unsubscribe-post"}
        headers = [(key, value) for key, value in compose.extra_pairs(given) if str(key).lower() not in mine]
        headers.append(("List-Unsubscribe", ", ".join(f"<{target}>" for target in targets if target)))
        if one_click and url is not None:
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        self.extra_headers = dict(headers) if is_mapping(given) else headers

    def lint(self, *, bulk: bool = False) -> list[Finding]:
        """What its readers, or their mail programs, will stumble over: HTML that Gmail cuts off, pictures without
        alt texts, links that lead nowhere, CSS that is dropped, bulk mail nobody can unsubscribe from, and more.

        :param bulk: judge it as bulk mail, though it does not say that it is.
        :returns: what was found, the gravest first.
        :raises NotInitializedError: there is no application with mail, whose settings count.

        .. versionadded:: 1.0
        """
        state: t.Any = _state()
        if state is None:
            raise NotInitializedError(
                "Message.lint() needs an application with mail, whose settings it looks at: call mail.init_app(app), "
                "and this inside of a request or of 'with app.app_context():'."
            )
        found: list[Finding] = state.lint(self, bulk=bulk)
        return found

    def snapshot(self) -> t.Self:
        """An independent message with the same octets: lists, texts and attachments are copied, open files read."""
        return self._from(self.__getstate__())

    def __copy__(self) -> t.Self:
        """Another message with the same content: it gets a Message-ID and a date of its own, unless they were set,
        because servers drop what repeats an id. What shall stay the same message is a :meth:`snapshot`."""
        return self._from(record.unstamped(self.__getstate__()))

    def __deepcopy__(self, memo: dict[int, t.Any]) -> t.Self:
        """See :meth:`__copy__`."""
        other = memo[id(self)] = self._from({})
        other.__dict__.update(copy.deepcopy(record.unstamped(self.__getstate__()), memo))
        return other

    def _from(self, state: dict[str, t.Any]) -> t.Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(state)
        return other

    def __getstate__(self) -> dict[str, t.Any]:
        self._keep()
        return record.state_of(self.__dict__)

    def _keep(self) -> None:
        """Make lists of iterators, which could be read only once."""
        for name in record.ITERABLES:
            once(self, name)

    def to_dict(self) -> dict[str, t.Any]:
        """The message as JSON-able values, attachments included; :meth:`from_dict` makes it again."""
        compose.stamp_of(self)
        self._keep()
        return record.to_dict(self.__dict__, self.structured_sender)

    @classmethod
    def from_dict(cls, values: c.Mapping[str, t.Any]) -> t.Self:
        """A message from :meth:`to_dict`, with the same octets.

        :raises ContentError: *values* did not come from there.
        """
        return record.from_dict(cls, values)


def _several(value: t.Any) -> list[t.Any]:
    """One item or an iterable of items as a list; the same list if it is one. A text is one item."""
    if is_list(value):
        return value
    single = isinstance(value, (str, bytes)) or hasattr(value, "encode") or not hasattr(value, "__iter__")
    return ([value] if value else []) if single else list(value)


def _state() -> object | None:
    """The mail settings of the current application; ``None`` where there is none."""
    try:
        return current_app._get_current_object().extensions.get("mail")  # type: ignore[attr-defined,no-any-return]
    except RuntimeError:
        return None


def _is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in ("html", "text/html")


def _hashable(address: t.Any) -> t.Any:
    """An address as it was given, in a form that a set can hold."""
    if isinstance(address, Address):
        return (address.display_name, address.addr_spec) if address.display_name else address.addr_spec
    return tuple(address) if is_sequence(address) else address


def _readable(address: t.Any) -> str:
    """An address in one piece, for reading; never to be parsed again."""
    if isinstance(address, Address):
        address = (address.display_name, address.addr_spec)
    if not is_sequence(address) or len(address) != 2:
        return str(address)
    return f"{address[0]} <{address[1]}>" if address[0] else str(address[1])
