"""Real servers on loopback, for every test that sends.

:class:`Server` is aiosmtpd in a thread of its own: it keeps what it is given and refuses what it is told to.
:class:`ScriptedServer` speaks no SMTP at all: it does to a connection what its script says, so it can close, hang or
talk garbage at any point. :class:`Authority` makes the certificates. Nothing here knows ``flask_mail``: the same
servers receive what Flask-Mail sends.
"""

from .authority import Authority as Authority
from .recording import Delivery as Delivery
from .recording import HOST as HOST
from .recording import PASSWORD as PASSWORD
from .recording import Server as Server
from .recording import USERNAME as USERNAME
from .scripted import data as data
from .scripted import hang as hang
from .scripted import line as line
from .scripted import Peer as Peer
from .scripted import reset as reset
from .scripted import ScriptedServer as ScriptedServer
from .scripted import start_tls as start_tls
from .scripted import Step as Step
