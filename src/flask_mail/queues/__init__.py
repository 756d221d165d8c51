"""What is sent later: queues take submissions now, and deliver them by and by.

This room never sees a message, a template or a Flask application; it is handed a :class:`Delivery`. What is exported
here is what a queue of one's own is made of.
"""

from .base import Delivery as Delivery
from .base import Event as Event
from .base import Queue as Queue
from .remaining import held as held
from .remaining import offered_to as offered_to
from .remaining import refusal as refusal
from .schedule import Schedule as Schedule
from .verdict import judge as judge
from .verdict import Verdict as Verdict
