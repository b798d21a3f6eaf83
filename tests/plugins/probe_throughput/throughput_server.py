#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gives and takes bytes as fast as they go, and tells what really went.

    throughput_server.py HOST

Prints "port N". GET /N gives N bytes, or the range that is asked for, POST and PUT take what comes.
/page gives a page with a form, /portal leads to it by another name of this host. SIGINT ends it: then
it prints "gave A took B", bytes of TCP streams that the other side's kernel acknowledged, or sent.
"""
import http.server
import signal
import socket
import struct
import sys
import threading

LOCK = threading.Lock()
TOTAL = {"gave": 0, "took": 0}
CHUNK = bytes(65536)


def counters(connection):
    """tcpi_bytes_acked, tcpi_bytes_received (linux/tcp.h)."""
    return struct.unpack_from("QQ", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 120)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def stand_in_the_way(self):
        page = b"<form>who are you?</form>"
        if self.path == "/portal":
            self.send_response(302)
            self.send_header("Location", "http://localhost:%d/page" % self.server.server_port)
            page = b""
        else:
            self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_GET(self):
        if self.path in ("/portal", "/page"):
            self.stand_in_the_way()
            return
        if not self.path[1:].isdigit():
            self.send_error(404)
            return
        whole = left = int(self.path[1:])
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=0-"):
            left = min(whole, int(asked[8:]) + 1)
            self.send_response(206)
            self.send_header("Content-Range", "bytes 0-%d/%d" % (left - 1, whole))
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(left))
        self.end_headers()
        while left > 0:
            left -= self.connection.send(CHUNK[:left])

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, len(CHUNK))))
        if self.path in ("/portal", "/page"):
            self.stand_in_the_way()
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET

    def handle_error(self, request, address):
        pass  # a client that went away

    def shutdown_request(self, request):
        gave, took = counters(request)
        with LOCK:
            TOTAL["gave"] += gave
            TOTAL["took"] += took
        super().shutdown_request(request)


def stop(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGINT, stop)
SERVER = Server((sys.argv[1], 0), Handler)
print("port", SERVER.server_address[1], flush=True)
try:
    SERVER.serve_forever()
except KeyboardInterrupt:
    with LOCK:
        print("gave", TOTAL["gave"], "took", TOTAL["took"], flush=True)
