"""Debian's Postfix. Only root can start it; it works as users that every Debian has."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import typing as t

from .debian import CACHE
from .debian import DebianServer
from .debian import SIZE
from .dovecot import Dovecot
from .recording import HOST

OWNER, GROUP, NOBODY = "news", "uucp", "nobody"
"""Accounts of Debian's base that nothing else here uses, in place of postfix and postdrop."""

PROGRAMS = CACHE / "postfix/usr/lib/postfix"

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {programs}/../../sbin
daemon_directory = {programs}/sbin
shlib_directory = {programs}
meta_directory = {folder}/conf
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = {owner}
setgid_group = {group}
default_privs = {nobody}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={programs}
myhostname = postfix.test
mydestination =
inet_interfaces = {host}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
message_size_limit = {size}
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{
  {{ gone@example.com = 550 5.1.1 nobody of that name }}, {{ later@example.com = 450 4.2.1 not now }} }}
smtpd_tls_chain_files = {pem}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{host}:{dovecot}
"""

MASTER = """\
{host}:{chunking} inet n - n - - smtpd
{host}:{pipelining} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=chunking
{host}:{plain} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=chunking,pipelining
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

PRIVATE = "incoming active bounce defer deferred flush hold saved trace corrupt private".split()


class Postfix(DebianServer):
    """Postfix. See :class:`.debian.DebianServer`."""

    name = "postfix"

    def configure(self) -> None:
        self._dovecot = Dovecot()
        nobody = pwd.getpwnam(NOBODY)
        for name in ("conf", "data", "mail", "queue/pid", *(f"queue/{each}" for each in PRIVATE)):
            (self.folder / name).mkdir(parents=True)
        for name in ("data", *(f"queue/{each}" for each in PRIVATE)):
            shutil.chown(self.folder / name, OWNER)
            (self.folder / name).chmod(0o700)
        for name, mode in (("queue/maildrop", 0o730), ("queue/public", 0o710)):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, OWNER, GROUP)
            (self.folder / name).chmod(mode)
        shutil.chown(self.folder / "mail", NOBODY)
        values = {"folder": self.folder, "programs": PROGRAMS, "host": HOST, "pem": self.pem, "size": SIZE}
        values |= {"owner": OWNER, "group": GROUP, "nobody": NOBODY, "uid": nobody.pw_uid}
        values |= {"dovecot": self._dovecot.port, **self.ports}
        (self.folder / "conf/main.cf").write_text(MAIN.format(**values))
        (self.folder / "conf/master.cf").write_text(MASTER.format(**values))
        (self.folder / "conf/dynamicmaps.cf").touch()

    def launch(self, **options: t.Any) -> subprocess.Popen[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(PROGRAMS)}
        command = [PROGRAMS / "sbin/master", "-c", self.folder / "conf", "-d"]
        return subprocess.Popen(command, env=environment, cwd="/", **options)

    def queued(self) -> bool:
        folders = ("incoming", "active", "deferred", "maildrop")
        return any(each.is_file() for name in folders for each in (self.folder / "queue" / name).glob("**/*"))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._dovecot.stop()
