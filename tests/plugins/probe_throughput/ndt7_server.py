#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server of ndt7 (WebSocket by hand), with TLS where it has a certificate.

    ndt7_server.py HOST SECONDS|pings [CERTIFICATE KEY]

Prints "port N", and for each test "download BYTES" or "upload BYTES": payload of binary messages
that it sent, or got. SECONDS 0 moves nothing. "pings": a download is 300,000 pings, and no
answer is read before the last has gone; then it prints "pongs BYTES", all that came.
"""
import base64
import hashlib
import json
import socket
import ssl
import struct
import sys
import threading
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PROTOCOL = "net.measurementlab.ndt.v7"
FLOOD = sys.argv[2] == "pings"
SECONDS = 0 if FLOOD else float(sys.argv[2])
MESSAGE = bytes(32768)


def frame(opcode, payload):
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data


def read_frame(stream):
    """Opcode and payload; a client's frames are masked."""
    first, second = read_exactly(stream, 2)
    if not second & 0x80:
        raise ValueError("not masked")
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack("!H", read_exactly(stream, 2))
    elif size == 127:
        size, = struct.unpack("!Q", read_exactly(stream, 8))
    mask = read_exactly(stream, 4)
    payload = read_exactly(stream, size)
    if first & 0x8:  # of control frames the content matters
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return first & 0x0f, payload


def upgrade(stream, connection):
    request = stream.readline().decode().split()
    headers = {}
    while (line := stream.readline().strip()):
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()
    good = (headers.get("upgrade", "").lower() == "websocket"
            and headers.get("sec-websocket-version") == "13"
            and headers.get("sec-websocket-protocol") == PROTOCOL
            and len(base64.b64decode(headers.get("sec-websocket-key", ""))) == 16)
    if not good or not request[1].startswith("/ndt/v7/"):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        raise ValueError("no ndt7: %s" % headers)
    accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest())
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept +
                       b"\r\nSec-WebSocket-Protocol: " + PROTOCOL.encode() + b"\r\n\r\n")
    return request[1]


def download(connection, count):
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        connection.sendall(frame(2, MESSAGE))
        count[0] += len(MESSAGE)
        number += 1
        if number % 50 == 0:
            measurement = {"AppInfo": {"NumBytes": count[0]}, "Origin": "server"}
            connection.sendall(frame(1, json.dumps(measurement).encode()) + frame(9, b"ping me"))
    connection.sendall(frame(8, struct.pack("!H", 1000)))


def flood(connection):
    many = frame(9, bytes(125)) * 1000
    for _ in range(300):
        connection.sendall(many)
    connection.sendall(frame(2, MESSAGE))
    connection.settimeout(1)
    came = 0
    try:
        while (data := connection.recv(65536)):
            came += len(data)
    except TimeoutError:
        pass  # that was all
    return came


def upload(stream, count):
    while True:
        opcode, payload = read_frame(stream)
        if opcode == 8:
            return
        count[0] += len(payload) if opcode == 2 else 0


def serve(connection, context):
    count = [0]
    name = "nothing"
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        name = upgrade(stream, connection).rsplit("/", 1)[1]
        if FLOOD and name == "download":
            print("pongs", flood(connection), flush=True)
        elif name == "download":
            download(connection, count)
        else:
            upload(stream, count)
    except (OSError, EOFError):
        pass  # the client had enough
    except ValueError as error:
        name = "wrong (%s)" % error
    print(name, count[0], flush=True)
    connection.close()


def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    listener = socket.create_server((sys.argv[1], 0))
    if FLOOD:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    print("port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


main()
