#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device with a web server for tests, well-behaved and not: serves until it is killed.

http_device.py [--root DIRECTORY] [--certificate FILE --key FILE]
Prints "port N" when it is ready, and a line for each request: method, path, what it was sent.
"""
import argparse
import hashlib
import http.server
import os
import ssl
import sys
import threading
import urllib.parse

USER, PASSWORD = "counter", "open sesame"
TYPES = {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv",
         ".om": "application/openmetrics-text; version=1.0.0; charset=utf-8", ".html": "text/html"}
LOCK = threading.Lock()
STATE = {"asked": 0, "becomes": "", "files": 0, "streams": 0}
NEVER = threading.Event()


def pause(seconds):
    NEVER.wait(seconds)


class Device(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_request()

    def do_POST(self):
        self.handle_request()

    def do_PUT(self):
        self.handle_request()

    def handle_request(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = (self.headers.get("Authorization") or "none").split()[0].lower()
        extra = self.headers.get("X-Key", "none")
        sent = self.body.decode("latin1").replace("\n", " ")
        print(f"{self.command} {self.path} auth={kind} key={extra} body={sent}", flush=True)
        name = "on_" + url.path.strip("/").split("/")[0].replace("-", "_")
        if STATE["becomes"] and url.path == "/json":
            name = "on_" + STATE["becomes"]
        try:
            getattr(self, name, self.on_unknown)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, status, content_type, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True

    def raw(self, text):
        self.wfile.write(text if isinstance(text, bytes) else text.encode())
        self.wfile.flush()

    # -- what it may be asked

    def on_unknown(self):
        self.answer(404, "text/html", b"<html>no such page</html>")

    def on_become(self):
        STATE["becomes"] = self.query.get("what", "")
        self.answer(200, "text/plain", b"")

    def on_json(self):
        with LOCK:
            STATE["asked"] += 1
            asked = STATE["asked"]
        self.answer(200, "application/json",
                    b'{"name":"axis-1","in":%d,"temperature":21.5}' % (100 + asked))

    def on_files(self):
        """The files of the root one after the other, the last one again and again."""
        folder = ROOT
        files = sorted(os.listdir(folder))
        with LOCK:
            name = files[min(STATE["files"], len(files) - 1)]
            STATE["files"] += 1
        with open(os.path.join(folder, name), "rb") as file:
            body = file.read()
        if name.endswith(".raw"):
            self.raw(body)
            self.hang_up()
            return
        self.answer(200, TYPES.get(os.path.splitext(name)[1], "text/plain; version=0.0.4"), body)

    def on_basic(self):
        if (self.headers.get("Authorization") or "") == "Basic Y291bnRlcjpvcGVuIHNlc2FtZQ==":
            self.on_json()
        else:
            self.answer(401, "text/plain", b"secret page", WWW_Authenticate='Basic realm="x"')

    def on_digest(self):
        given = self.headers.get("Authorization") or ""
        fields = dict(part.strip().split("=", 1) for part in given[7:].split(",") if "=" in part)
        fields = {key: value.strip('"') for key, value in fields.items()}
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        a1 = md5(f"{USER}:device:{PASSWORD}")
        a2 = md5(f"{self.command}:{self.path}")
        wanted = md5(":".join([a1, fields.get("nonce", ""), fields.get("nc", ""),
                               fields.get("cnonce", ""), fields.get("qop", ""), a2]))
        if given.startswith("Digest ") and fields.get("response") == wanted:
            self.on_json()
        else:
            self.answer(401, "text/plain", b"secret page",
                        WWW_Authenticate='Digest realm="device", qop="auth", nonce="abc123"')

    def on_stall(self):
        self.rfile.read(1)  # until the client goes
        self.close_connection = True

    def on_drip(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            self.raw("1")
            pause(0.1)

    def on_truncated(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"in\":")
        self.hang_up()

    def on_closed(self):
        self.hang_up()

    def on_garbage(self):
        self.raw(b"SSH-2.0-device\r\n\x00\xff")
        self.hang_up()

    def on_500(self):
        self.answer(500, "text/plain", b"secret trace")

    def on_html(self):
        self.answer(200, "text/html", b"<html>Log in, secret</html>")

    def on_redirect(self):
        self.answer(int(self.query.get("status", "302")), "text/plain", b"moved",
                    Location=self.query["to"])

    def on_huge(self):
        self.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.raw(b"1000\r\n" + b"1" * 4096 + b"\r\n")

    def on_huge_length(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        self.on_stall()

    def on_endless_head(self):
        self.raw("HTTP/1.1 200 OK\r\n")
        while True:
            self.raw("X-Padding: " + "x" * 1000 + "\r\n")

    def on_search(self):
        self.answer(200, "application/json", b'{"in":1}')

    def on_stream(self):
        """parts, pause between them (s), with_length=1, then=close|hang, broken=N: no XML."""
        with LOCK:
            STATE["streams"] += 1
            number = STATE["streams"]
        boundary = self.query.get("boundary", "boundary")
        self.raw("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=" + boundary
                 + "\r\nConnection: close\r\n\r\n")
        for part in range(int(self.query.get("parts", "3"))):
            body = b'{"in":%d}' % (1000 * number + part)
            if self.query.get("broken") == str(part):
                body = b'{"in":'
            head = b"--" + boundary.encode() + b"\r\nContent-Type: application/json\r\n"
            if self.query.get("with_length", "1") == "1":
                head += b"Content-Length: %d\r\n" % len(body)
            self.raw(head + b"\r\n" + body + b"\r\n")
            if self.query.get("picture"):
                self.raw(b"--boundary\r\nContent-Type: image/jpeg\r\n\r\n" + b"\xff" * 50000 + b"\r\n")
            pause(float(self.query.get("pause", "0.01")))
        if self.query.get("then", "close") == "hang":
            self.on_stall()
        self.hang_up()

    def on_silent_stream(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
        self.on_stall()

    def on_dripping_stream(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n")
        while True:
            self.raw(" ")
            pause(0.05)


def main():
    global ROOT
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=".")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    ROOT = options.root
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Device)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"port {server.server_address[1]}", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
