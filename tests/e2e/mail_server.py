"""A mail server of one's own, with all its files in one folder: aiosmtpd takes the mail over SMTP with STARTTLS and a login,
dovecot hands it out over IMAP."""
import grp
import imaplib
import mailbox
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from shouwang import local

USER, PASSWORD = "notifier", "made-up-secret"
DOMAIN = "mail.example"

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {me}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = {uid}
first_valid_gid = {gid}
mail_location = maildir:{top}/mail
valid_chroot_dirs = {folder}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={top}/home {jail}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot = {login_chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def wait_for(what, condition, seconds=20):
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"not seen within {seconds} s: {what}"
        time.sleep(0.05)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Folder:
    """aiosmtpd's handler: what is accepted, and into which folder it goes."""

    def __init__(self, path, owner):
        self.maildir = mailbox.Maildir(path)
        self.path, self.owner = path, owner
        self.is_full = False
        self.give()

    def give(self):
        """To the one who reads it over IMAP."""
        for path in [self.path, *self.path.rglob("*")]:
            os.chown(path, *self.owner)

    async def handle_RCPT(self, server, session, envelope, address, options):
        name, _, domain = address.partition("@")
        if domain != DOMAIN:
            return "550 no relay"
        if name == "nobody-here":
            return "550 no such person"
        if name == "full" and self.is_full:
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        how = "esmtp" + ("s" if session.ssl else "") + ("a" if session.authenticated else "")
        head = f"Received: by {DOMAIN} with {how}\r\nEnvelope-to: {', '.join(envelope.rcpt_tos)}\r\n"
        key = self.maildir.add(head.encode() + envelope.original_content)
        os.chown(self.path / "new" / key, *self.owner)
        return "250 OK"


def judge_login(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right)


class MailServer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sw-mail-"))
        self.smtp, self.imap = local.free_port(), local.free_port()
        self.processes = []
        # Started by root, dovecot reads mail as somebody else, in a root folder of its own.
        is_root = os.getuid() == 0
        me = pwd.getpwuid(os.getuid())
        reader = pwd.getpwnam("nobody") if is_root else me
        values = dict(folder=self.folder, imap=self.imap, password=PASSWORD, me=me.pw_name, group=grp.getgrgid(me.pw_gid).gr_name,
                      login=reader.pw_name, uid=reader.pw_uid, gid=reader.pw_gid, login_chroot="login" if is_root else "",
                      top="" if is_root else self.folder, jail=f"chroot={self.folder}" if is_root else "")
        self.folder.chmod(0o755)
        (self.folder / "dovecot.conf").write_text(DOVECOT.format(**values))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.folder / "key.pem",
                        "-out", self.folder / "certificate.pem"], check=True, capture_output=True)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        self.box = Folder(self.folder / "mail", (reader.pw_uid, reader.pw_gid))
        self.controller = Controller(self.box, hostname="127.0.0.1", port=self.smtp, server_hostname=DOMAIN, tls_context=tls,
                                     require_starttls=True, auth_required=True, authenticator=judge_login,
                                     data_size_limit=1 << 20)

    @property
    def certificate(self):
        return self.folder / "certificate.pem"

    def start(self):
        self.controller.start()
        self.processes.append(subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                               start_new_session=True))
        wait_for("the mail server", lambda: answers(self.smtp) and answers(self.imap))
        return self

    def stop(self):
        self.controller.stop()
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        shutil.rmtree(self.folder)

    def set_full(self, is_full):
        """Mail to full@ is put off while it is."""
        self.box.is_full = is_full

    def messages(self):
        """The bytes of all mails, in the order of their arrival, as an IMAP client gets them."""
        with imaplib.IMAP4("127.0.0.1", self.imap) as client:
            client.login("reader", PASSWORD)
            client.select("INBOX", readonly=True)
            numbers = client.search(None, "ALL")[1][0].split()
            return [client.fetch(number, "(RFC822)")[1][0][1] for number in numbers]
