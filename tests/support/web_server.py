#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A web server for tests of probes, well-behaved and not: serves until it is killed.

web_server.py [--bind ADDRESS] [--port N] [--root DIRECTORY] [--certificate FILE --key FILE]
              [--mute] [--portal URL] [--old]
--old: answers TLS as a server that only speaks 1.1 does. --mute: takes connections and never says a word. --portal: answers every request with a redirect to
that URL, as a captive portal does. Prints "port N" when it is ready, then a line for each request.

/answer?status=&size=&text=&type=&before=MS&during=MS   before: until the head; during: within the body
/stall-head /stall-body /truncate /close /reset /drip /noise /endless-head /large-head /bad-chunk /loop
/redirect?to=URL&status=302&body=SIZE   /count   (says what came of a body)   /files/NAME of --root
"""
import argparse
import http.server
import os
import socket
import ssl
import struct
import sys
import threading
import urllib.parse

NEVER = threading.Event()
OUTPUT = threading.Lock()
OPTIONS = None
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript",
         ".png": "image/png"}


def tell(line):
    """Whole lines, whichever threads speak."""
    with OUTPUT:
        print(line, flush=True)


def pause(milliseconds):
    if milliseconds > 0:
        NEVER.wait(milliseconds / 1000)


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.told = self.headers.get("X-Key", "none")
        tell(f"{self.command} {self.path} key={self.told} peer={self.client_address[1]}")
        if OPTIONS.portal:
            self.moved(OPTIONS.portal)
            return
        name = "on_" + url.path.strip("/").split("/")[0].replace("-", "_")
        getattr(self, name, self.on_unknown)()

    do_POST = do_PUT = do_HEAD = do_GET

    def number(self, name, fallback=0):
        return float(self.query.get(name, fallback))

    def send(self, text):
        self.wfile.write(text.encode("latin1") if isinstance(text, str) else text)

    def head(self, status=200, size=0, kind="text/plain", more=""):
        self.send(f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n"
                  f"{more}\r\n")

    def on_answer(self):
        text = self.query.get("text", "")
        body = text.encode() if text else b"x" * int(self.number("size"))
        pause(self.number("before"))
        self.head(int(self.number("status", 200)), len(body), self.query.get("type", "text/plain"))
        if self.command == "HEAD":
            return
        half = len(body) // 2
        self.send(body[:half])
        pause(self.number("during"))
        self.send(body[half:])

    def on_stall_head(self):
        NEVER.wait()

    def on_stall_body(self):
        self.head(size=1000)
        self.send("0123456789")
        NEVER.wait()

    def on_truncate(self):
        self.head(size=1000)
        self.send("0123456789")
        self.close_connection = True

    def on_close(self):
        self.close_connection = True

    def on_reset(self):
        self.head(size=1000)
        self.send("0123456789")
        pause(100)  # or the reset overtakes what was sent
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise ConnectionResetError

    def on_drip(self):
        self.head(size=1000)
        while True:
            self.send("x")
            pause(self.number("every", 1000))

    def on_noise(self):
        self.send(bytes(range(128, 256)) * 10 + b"\r\n\r\n")
        self.close_connection = True

    def on_endless_head(self):
        self.send("HTTP/1.1 200 OK\r\n")
        while True:
            self.send("X-Padding: " + "x" * 1000 + "\r\n")

    def on_large_head(self):
        self.send("HTTP/1.1 200 OK\r\nX-Large: " + "x" * 200000 + "\r\nContent-Length: 0\r\n\r\n")
        self.close_connection = True

    def on_bad_chunk(self):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello")
        self.close_connection = True

    def moved(self, to, status=302, body=b"moved"):
        self.head(status, len(body), more=f"Location: {to}\r\n")
        self.send(body if self.command != "HEAD" else "")

    def on_redirect(self):
        pause(self.number("before"))
        body = b"x" * int(self.number("body")) or b"moved"
        self.moved(self.query["to"], int(self.number("status", 302)), body)

    def on_loop(self):
        self.moved("/loop")

    def on_count(self):
        if "Content-Length" not in self.headers:
            self.head(411)
            return
        left = int(self.headers["Content-Length"])
        total, different = 0, set()
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                return
            left -= len(piece)
            total += len(piece)
            different.update(piece[:512])
        text = f"{self.command} {total} bytes, {len(different)} different".encode()
        self.head(size=len(text))
        self.send(text)

    def on_files(self):
        path = os.path.join(OPTIONS.root, self.path.split("?")[0].removeprefix("/files/"))
        if not os.path.isfile(path):
            self.on_unknown()
            return
        with open(path, "rb") as file:
            body = file.read()
        self.head(200, len(body), TYPES.get(os.path.splitext(path)[1], "text/plain"))
        self.send(body)

    def on_unknown(self):
        self.head(404, 8)
        self.send("no page\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):  # in the thread of the request
        if OPTIONS.old:
            request.recv(4096)
            request.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # fatal, protocol_version
            return
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_):
        pass


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--root", default=".")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--old", action="store_true")
    parser.add_argument("--portal")
    OPTIONS = parser.parse_args()
    Server.address_family = socket.AF_INET6 if ":" in OPTIONS.bind else socket.AF_INET
    Server.request_queue_size = 64
    server = Server((OPTIONS.bind, OPTIONS.port), Site)
    if OPTIONS.certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(OPTIONS.certificate, OPTIONS.key)
    print(f"port {server.server_address[1]}", flush=True)
    if OPTIONS.mute:
        NEVER.wait()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
