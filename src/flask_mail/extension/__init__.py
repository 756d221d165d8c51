"""``Mail`` and ``Connection``: the door for applications, and the only place where rooms are put together.

``app.extensions["mail"]`` is the settings in force (:class:`.state.State`), mutable, and read when a message is sent.
What belongs to an application but is no setting, such as its transport, stands in a :class:`.runtime.Runtime` beside.
"""

from .bulk import Progress as Progress
from .bulk import Result as Result
from .connection import Connection as Connection
from .mail import Mail as Mail
