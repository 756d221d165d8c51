"""From evidence to advice: what a mail error means, and what to do about it. Pure; a leaf.

==============  ========================================================================
``evidence``    what is known of a failure, put in order: readable text, codes, provider
``rows``        the table: which evidence means which cause
``texts``       what is said about each cause, in each language (``texts.en.toml``, ...)
``providers``   what is known of mail providers (``providers.toml``)
``advice``      :func:`advise`, which brings them together
==============  ========================================================================

Nothing here opens a connection, and no row is a guess: what cannot be known is called ``unknown``.
"""

from . import providers as providers
from .advice import Advice as Advice
from .advice import advise as advise
from .rows import CAUSES as CAUSES
