"""For tests: an outbox that takes all mail, a server that fails when told to, and what every transport and every queue
has to do.

The fixtures of the pytest plugin are made of these; nothing here imports pytest, so ``unittest`` can use them too.
"""

from .captured import CapturedAttachment as CapturedAttachment
from .captured import CapturedMessage as CapturedMessage
from .contract import Delivered as Delivered
from .contract import FailureContract as FailureContract
from .contract import make_submission as make_submission
from .contract import RECIPIENTS as RECIPIENTS
from .contract import SENDER as SENDER
from .contract import Streamed as Streamed
from .contract import TransportContract as TransportContract
from .contract import Unreadable as Unreadable
from .faults import MailFaults as MailFaults
from .links import Link as Link
from .outbox import capture_mail as capture_mail
from .outbox import Outbox as Outbox
from .queue_contract import QueueContract as QueueContract
from .scripted import Attempt as Attempt
from .scripted import ScriptedDelivery as ScriptedDelivery
from .server import SMTPServer as SMTPServer
