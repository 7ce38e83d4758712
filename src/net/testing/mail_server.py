"""A real SMTP server (aiosmtpd) for tests, on a free port of 127.0.0.1.

mail_server.py plain|starttls|tls|https [--folder FOLDER] [--user USER --password PASSWORD]

Writes one JSON line {"port": N} when it listens, then one JSON line per mail taken. Ends when its
standard input ends. With TLS it makes a certificate for 127.0.0.1 in FOLDER/certificate.pem, which
is its own issuer. Recipients `gone@` are refused for good, `later@` for now.
`https` is no mail server: it answers each request with 200 and "over TLS".
"""

import argparse
import asyncio
import base64
import json
import logging
import ssl
import subprocess
import sys
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if b"refuse this mail" in envelope.content:
            return "554 5.6.0 refused"
        login = session.auth_data.login.decode() if session.authenticated else ""
        say({"from": envelope.mail_from, "to": envelope.rcpt_tos, "user": login,
             "tls": server.transport.get_extra_info("sslcontext") is not None,
             "content": base64.b64encode(envelope.content).decode()})
        return "250 taken"


def make_context(folder):
    key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=test",
         "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def answer_https(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nover TLS")
    await writer.drain()
    writer.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["plain", "starttls", "tls", "https"])
    parser.add_argument("--folder")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    context = None if options.kind == "plain" else make_context(options.folder)

    def authenticate(server, session, envelope, mechanism, data):
        good = (isinstance(data, LoginPassword) and data.login.decode() == options.user
                and data.password.decode() == options.password)
        return AuthResult(success=good, handled=False, auth_data=data)

    def protocol():
        return SMTP(Handler(), hostname="test", ident="test server",
                    tls_context=context if options.kind == "starttls" else None,
                    require_starttls=options.kind == "starttls",
                    auth_require_tls=options.kind == "starttls",
                    authenticator=authenticate if options.user else None,
                    auth_required=bool(options.user))

    loop = asyncio.get_running_loop()
    at_once = context if options.kind in ("tls", "https") else None
    if options.kind == "https":
        server = await asyncio.start_server(answer_https, "127.0.0.1", 0, ssl=at_once)
    else:
        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=at_once)
    say({"port": server.sockets[0].getsockname()[1]})

    ended = asyncio.Event()

    def wait_for_end():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await ended.wait()


# What a client does wrong here is what a test wants it to do.
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
asyncio.run(main())
