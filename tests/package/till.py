#!/usr/bin/env python3
"""A till: hands the numbers after FIRST to kpi_socket, one at a time, and remembers which were acknowledged.

till.py SOCKET FILE FIRST RATE: connects again whenever the agent is gone; a number is sent once and never again,
so each one in FILE must be at the platform, and none may be there twice. SIGTERM ends it.
"""
import signal
import socket
import sys
import time

path, acknowledged, first, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)


def connect():
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The agent accepts and answers nothing while it hangs.
    link.settimeout(2)
    link.connect(path)
    return link.makefile("rw", newline="\n")


number, link = first, None
with open(acknowledged, "a", buffering=1) as book:
    while running:
        try:
            link = link or connect()
            number += 1
            link.write(f"till.sale {number}\n")
            link.flush()
            if link.readline() == "ok\n":
                book.write(f"{number}\n")
            else:
                link = None
        except OSError:
            link = None
        time.sleep(1 / rate)
