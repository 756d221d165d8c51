"""Debian's Exim, which needs no privileges here: it starts as the user it would become."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

from .debian import CACHE
from .debian import DebianServer
from .debian import SIZE
from .recording import HOST
from .recording import PASSWORD
from .recording import USERNAME

NOBODY = 65534

CONFIGURATION = """\
exim_path = {folder}/exim/usr/sbin/exim4
primary_hostname = exim.test
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
deliver_drop_privilege = true
local_interfaces = {interfaces}
message_size_limit = {size}
smtp_accept_queue_per_connection = 0
host_lookup =
helo_lookup_domains =
rfc1413_query_timeout = 0s
chunking_advertise_hosts = ${{if eq{{$received_port}}{{{chunking}}}{{*}}{{}}}}
pipelining_advertise_hosts = ${{if eq{{$received_port}}{{{plain}}}{{}}{{*}}}}
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = {pem}
tls_privatekey = {pem}
acl_smtp_rcpt = recipients
acl_smtp_data = accept

begin acl
recipients:
  deny local_parts = gone
       message = 550 5.1.1 nobody of that name
  defer local_parts = later
       message = 450 4.2.1 not now
  accept

begin routers
all:
  driver = accept
  transport = file

begin transports
file:
  driver = appendfile
  directory = {folder}/mail/all
  maildir_format
  return_path_add
  envelope_to_add

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{username}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""


class Exim(DebianServer):
    """Exim. See :class:`.debian.DebianServer`."""

    name = "exim"

    def configure(self) -> None:
        # A copy: the checkout may be where the user that Exim runs as cannot look.
        shutil.copytree(CACHE / "exim", self.folder / "exim", symlinks=True)
        self._user = NOBODY if os.geteuid() == 0 else os.geteuid()
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
            if self._user != os.geteuid():
                os.chown(self.folder / name, self._user, self._user)
        self.pem.chmod(0o644)
        interfaces = "<; " + " ; ".join(f"[{HOST}]:{port}" for port in self.ports.values())
        (self.folder / "exim.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                interfaces=interfaces,
                size=SIZE,
                pem=self.pem,
                username=USERNAME,
                password=PASSWORD,
                **self.ports,
            )
        )
        user = f"Debian-exim:x:{self._user}:{self._user}::/nonexistent:/usr/sbin/nologin\n"
        (self.folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\n{user}")
        (self.folder / "group").write_text(f"root:x:0:\nDebian-exim:x:{self._user}:\n")

    def launch(self, **options: t.Any) -> subprocess.Popen[bytes]:
        libraries = sorted(str(folder) for folder in (self.folder / "exim").glob("**/lib/*-linux-gnu*"))
        environment = {
            "PATH": "/usr/bin:/bin",
            "LD_LIBRARY_PATH": ":".join(libraries),
            "LD_PRELOAD": "libnss_wrapper.so",  # the package's Exim asks for a user that is not there
            "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.folder / "group"),
        }
        if os.geteuid() == 0:
            options |= {"user": self._user, "group": self._user, "extra_groups": []}
        command = [self.folder / "exim/usr/sbin/exim4", "-C", self.folder / "exim.conf", "-bdf", "-q1h"]
        return subprocess.Popen(command, env=environment, cwd="/", **options)

    def queued(self) -> bool:
        return any((self.folder / "spool/input").glob("**/*-[HD]"))
