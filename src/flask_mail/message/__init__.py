"""Message and Attachment: what the programmer writes.

All attributes are plain and mutable, and nothing is checked before the message is composed, because a message is
often built in pieces. Flask's application context is asked for the default sender; without one a message works too.
"""

from .attachment import Attachment as Attachment
from .calendar import Calendar as Calendar
from .finding import Finding as Finding
from .message import Message as Message
from .message import Recipient as Recipient
from .message import Recipients as Recipients
