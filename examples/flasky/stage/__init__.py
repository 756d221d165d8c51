"""What the demo sets up around the app: a mail server, visitors and a table. No part of the app knows it."""
