"""A mail server of one's own, with all its files in one folder: exim takes the mail over SMTP with STARTTLS and a login, dovecot
hands it out over IMAP. Both run without privileges, as `nobody` when the tests run as root."""
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

USER, PASSWORD = "notifier", "made-up-secret"
DOMAIN = "mail.example"

EXIM = """
primary_hostname = mail.example
domainlist local_domains = mail.example
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%s.log
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp}
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
acl_smtp_data = data
keep_environment =
admin_groups = {group}
exim_user = {me}
exim_group = {group}
host_lookup =
rfc1413_hosts =
deliver_drop_privilege = true
message_size_limit = 1M
begin acl
recipient:
  deny message = log in first
       !authenticated = *
  deny message = no such person
       local_parts = nobody-here
  defer message = come back later
       local_parts = full
       condition = ${{if exists{{{folder}/is-full}}}}
  accept domains = +local_domains
  deny message = no relay
data:
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  envelope_to_add
  delivery_date_add = false
begin retry
* * F,1h,5s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

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
default_login_user = {me}
first_valid_uid = {uid}
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


class MailServer:
    def __init__(self):
        """Not below the tests' folder, which `nobody` may not enter."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sw-mail-"))
        self.smtp, self.imap = free_port(), free_port()
        self.processes = []
        me = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.as_me = []
        if os.getuid() == 0:
            self.as_me = ["setpriv", f"--reuid={me.pw_uid}", f"--regid={me.pw_gid}", f"--groups={me.pw_gid}", "--"]
        values = dict(folder=self.folder, smtp=self.smtp, imap=self.imap, user=USER, password=PASSWORD, me=me.pw_name,
                      uid=me.pw_uid, gid=me.pw_gid, group=grp.getgrgid(me.pw_gid).gr_name)
        (self.folder / "exim.conf").write_text(EXIM.format(**values))
        (self.folder / "dovecot.conf").write_text(DOVECOT.format(**values))
        (self.folder / "mail").mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.folder / "key.pem",
                        "-out", self.folder / "certificate.pem"], check=True, capture_output=True)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, me.pw_uid, me.pw_gid)

    @property
    def certificate(self):
        return self.folder / "certificate.pem"

    def start(self):
        commands = (["/usr/sbin/exim4", "-C", self.folder / "exim.conf", "-bdf", "-q1m"],
                    ["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"])
        for command in commands:
            self.processes.append(subprocess.Popen([*self.as_me, *command], stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                                   start_new_session=True))
        wait_for("the mail server", lambda: answers(self.smtp) and answers(self.imap))
        return self

    def stop(self):
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
        (self.folder / "is-full").touch() if is_full else (self.folder / "is-full").unlink()

    def messages(self):
        """The bytes of all mails, in the order of their arrival, as an IMAP client gets them."""
        with imaplib.IMAP4("127.0.0.1", self.imap) as client:
            client.login("reader", PASSWORD)
            client.select("INBOX", readonly=True)
            numbers = client.search(None, "ALL")[1][0].split()
            return [client.fetch(number, "(RFC822)")[1][0][1] for number in numbers]
