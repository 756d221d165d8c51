"""Addresses: one parser for header and envelope (RFC 5322 §3.4, RFC 5321 §4.1.2, RFC 6531).

What was checked, what the header shows and what RCPT gets are the same :class:`Mailbox`. This room does no
network I/O; of a message it knows the fields that hold addresses.
"""

from .domain import to_ascii as to_ascii
from .fields import divert as divert
from .fields import is_list as is_list
from .fields import is_sequence as is_sequence
from .fields import listed as listed
from .fields import mailboxes as mailboxes
from .fields import one as one
from .fields import unique as unique
from .fields import written_list as written_list
from .mailbox import Mailbox as Mailbox
from .mailbox import parse as parse
from .parties import Correspondence as Correspondence
from .parties import gather as gather
from .parties import once as once
from .parties import Parties as Parties
from .parties import Routing as Routing
