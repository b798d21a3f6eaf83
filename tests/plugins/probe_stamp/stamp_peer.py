#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of a STAMP session, written from RFC 8762 and RFC 5357 with nothing of ours.

reflect ADDRESS [scapy|twamp|stateless] [KEY]  answers, prints its port, then a line a packet
send ADDRESS PORT COUNT [scapy] [KEY]          sends, prints a line an answer
KEY: authenticated mode. Lines are JSON.
"""
import hashlib
import hmac
import json
import socket
import struct
import sys
import time

EPOCH = 2208988800


def say(**what):
    print(json.dumps(what), flush=True)


def ntp(seconds=None):
    now = time.time_ns() if seconds is None else int(seconds * 1e9)
    return struct.pack("!II", now // 10**9 + EPOCH, (now % 10**9 << 32) // 10**9)


def unix(field):
    whole, part = struct.unpack("!II", field)
    return whole - EPOCH + part / 2**32


def sign(key, packet):
    return hmac.new(key, packet[:96], hashlib.sha256).digest()[:16]


def scapy_layers():
    from scapy.contrib import stamp
    from scapy.layers.inet import UDP
    return stamp, UDP


def scapy_read(layer, payload):
    """The layer wants to know the length of the datagram it came in."""
    _, UDP = scapy_layers()
    return layer(payload, _parent=UDP(len=8 + len(payload)))


def scapy_answer(number, payload, ttl, received):
    stamp, _ = scapy_layers()
    request = scapy_read(stamp.STAMPSessionSenderTestUnauthenticated, payload)
    answer = stamp.STAMPSessionReflectorTestUnauthenticated(
        seq=number, ssid=request.ssid, seq_sender=request.seq, ttl_sender=ttl,
        err_estimate=stamp.ErrorEstimate(S=1, scale=0, multiplier=200),
        err_estimate_sender=request.err_estimate)
    # As they are on the wire: fractions of a second do not survive a float.
    answer.fields["ts_sender"] = request.fields["ts"]
    answer.fields["ts_rx"] = int.from_bytes(received, "big")
    answer.fields["ts"] = int.from_bytes(ntp(), "big")
    say(seq=request.seq, ssid=request.ssid, s=request.err_estimate.S, z=request.err_estimate.Z,
        size=len(payload), time=float(request.ts), mbz=request.mbz,
        tlvs=[[tlv.type, tlv.len, int(tlv.flags)] for tlv in request.tlv_objects])
    base = bytes(answer)[:44]
    return base + payload[44:]


def plain_answer(number, payload, ttl, received):
    sequence, sent, error, ssid = struct.unpack("!I8sHH", payload[:16])
    say(seq=sequence, ssid=ssid, size=len(payload), time=unix(sent))
    return struct.pack("!I8sHH8sI8sHxxB3x", number, ntp(), 0x8010, ssid, received, sequence, sent,
                       error, ttl) + payload[44:]


def signed_answer(key, number, payload, ttl, received):
    good = hmac.compare_digest(sign(key, payload), payload[96:112])
    sequence, sent, error, ssid = struct.unpack("!I12x8sHH", payload[:28])
    say(seq=sequence, ssid=ssid, size=len(payload), time=unix(sent), signed=good)
    base = struct.pack("!I12x8sHH4x8s8xI12x8sH6xB15x", number, ntp(), 0x8010, ssid, received,
                       sequence, sent, error, ttl)
    return base + sign(key, base) + payload[112:]


def reflect(address, kind, key):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        if kind == "scapy":
            scapy_layers()
        say(port=sock.getsockname()[1])
        number = 0
        while True:
            payload, control, _, sender = sock.recvmsg(9000, 1024)
            received = ntp()
            ttl = struct.unpack("@i", control[0][2])[0] if control else 255
            if kind == "stateless":
                number = struct.unpack("!I", payload[:4])[0]
            if key:
                answer = signed_answer(key, number, payload, ttl, received)
            elif kind == "scapy":
                answer = scapy_answer(number, payload, ttl, received)
            else:
                answer = plain_answer(number, payload, ttl, received)
            if kind == "twamp":
                answer = answer[:41]
            if kind == "stateless" and number == 1:
                continue  # lost
            sock.sendto(answer, sender)
            number += 1


def show_answer(answer, kind, key):
    if kind == "scapy":
        stamp, _ = scapy_layers()
        read = scapy_read(stamp.STAMPSessionReflectorTestUnauthenticated, answer)
        say(seq=read.seq, sender=read.seq_sender, ttl=read.ttl_sender, ssid=read.ssid,
            size=len(answer), dwell=float(read.ts) - float(read.ts_rx), received=float(read.ts_rx),
            s=read.err_estimate.S)
        return
    form = "!I12x8sHH4x8s8xI12x8sH6xB15x" if key else "!I8sHH8sI8sHxxB"
    size = struct.calcsize(form)
    number, sent, _, ssid, received, sender, _, _, ttl = struct.unpack(form, answer[:size])
    say(seq=number, sender=sender, ttl=ttl, ssid=ssid, size=len(answer),
        dwell=unix(sent) - unix(received), received=unix(received),
        signed=bool(key) and hmac.compare_digest(sign(key, answer), answer[96:112]))


def request_of(number, kind, key):
    if kind == "scapy":
        stamp, _ = scapy_layers()
        packet = stamp.STAMPSessionSenderTestUnauthenticated(seq=number, ssid=7)
        packet.fields["ts"] = int.from_bytes(ntp(), "big")
        return bytes(packet)
    if key:
        base = struct.pack("!I12x8sHH68x", number, ntp(), 0x0010, 7)
        return base + sign(key, base)
    return struct.pack("!I8sHH28x", number, ntp(), 0x0010, 7)


def send(address, port, count, kind, key):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect((address, port))
        for number in range(count):
            sock.send(request_of(number, kind, key))
            show_answer(sock.recv(9000), kind, key)


def main():
    words = sys.argv[1:]
    if words[0] == "probe-scapy":
        scapy_layers()
    elif words[0] == "reflect":
        key = words[3].encode() if len(words) > 3 else b""
        reflect(words[1], words[2] if len(words) > 2 else "", key)
    else:
        key = words[5].encode() if len(words) > 5 else b""
        send(words[1], int(words[2]), int(words[3]), words[4] if len(words) > 4 else "", key)


main()
