#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Modbus devices for tests: pymodbus reads and writes the protocol, a JSON file says what the devices hold
and what is wrong with them. It is read anew for every request.

    modbus_server.py STATE tcp [PORT]    prints the port
    modbus_server.py STATE rtu DEVICE    prints "ready"

STATE: {"units": {"1": {"holding": {"264": 5}, "input": {}, "coil": {}, "discrete": {}, "fault": "silent"}}}
fault: silent, half (of the answer), single (one register at a time only), short (one register whatever was
asked), hangup (closes instead of an answer), idle (closes after each answer), busy, failed, late (answers when
nobody waits any more), noise (bytes that are none), slow (bytes one by one).
Every request is appended to STATE.log: unit table start count.
"""
import json
import logging
import os
import socket
import sys
import termios
import threading
import time
import tty

sys.dont_write_bytecode = True  # nothing is written beside the sources
import modbus_library as modbus  # noqa: E402

logging.disable(logging.CRITICAL)
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


def unit_state(path, unit):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["units"].get(str(unit))


def respond(state, request):
    fault = state.get("fault")
    if fault == "busy":
        return modbus.refuse(request, modbus.SLAVE_BUSY)
    if fault == "failed":
        return modbus.refuse(request, modbus.SLAVE_FAILURE)
    if fault == "single" and request.count > 1:
        return modbus.refuse(request, modbus.ILLEGAL_ADDRESS)
    if fault == "short":
        request.count = 1
    return modbus.answer(request, {
        "hr": state.get("holding", {}), "ir": state.get("input", {}),
        "co": state.get("coil", {}), "di": state.get("discrete", {})})


class Line:
    """One connection: bytes in, bytes out."""

    def __init__(self, path, kind, send, close):
        self.path = path
        self.wire = modbus.Wire(kind)
        self.send = send
        self.close = close
        self.closed = False

    def take(self, data):
        for request in self.wire.requests(data):
            self.serve(request)

    def serve(self, request):
        unit = modbus.unit(request)
        with open(self.path + ".log", "a", encoding="utf-8") as log:
            log.write(f"{unit} {TABLES[request.function_code]} {request.address} {request.count}\n")
        state = unit_state(self.path, unit)
        if state is None or state.get("fault") == "silent":
            return
        frame = self.wire.frame(request, respond(state, request))
        self.deliver(frame, state.get("fault"))

    def deliver(self, frame, fault):
        if fault == "hangup":
            self.closed = True
        elif fault == "half":
            self.send(frame[:len(frame) // 2])
        elif fault == "noise":
            self.send(bytes(255 - byte for byte in frame))
        elif fault == "slow":
            for byte in frame:
                self.send(bytes([byte]))
                time.sleep(0.1)
        elif fault == "late":
            threading.Timer(0.3, self.send, [frame]).start()
        else:
            self.send(frame)
            self.closed = fault == "idle"


def send_quietly(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # the client hung up


def serve_connection(path, connection):
    line = Line(path, "tcp", lambda data: send_quietly(connection, data), connection.close)
    try:
        while not line.closed:
            data = connection.recv(4096)
            if not data:
                break
            line.take(data)
    except OSError:
        pass
    connection.close()


def serve_tcp(path, port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve_connection, args=(path, connection), daemon=True).start()


def serve_rtu(path, device):
    port = os.open(device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port, termios.TCSANOW)
    line = Line(path, "rtu", lambda data: os.write(port, data), lambda: None)
    print("ready", flush=True)
    while True:
        line.take(os.read(port, 4096))


if sys.argv[2] == "tcp":
    serve_tcp(sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
else:
    serve_rtu(sys.argv[1], sys.argv[3])
