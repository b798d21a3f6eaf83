#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name server for tests, true and not: UDP, TCP and TLS on loopback, until it is killed.

dns_server.py [--address A] [--port N] [--certificate FILE --key FILE]
Prints "port N" (UDP and TCP) and "dot N" (0: none), then a line for each question: transport, name, type.
What it does is in the first label of the name: see MODES below.
"""
import argparse
import socket
import ssl
import struct
import sys
import threading

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA = 1, 2, 5, 6, 12, 15, 16, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
NEVER = threading.Event()
SEEN = {}


def wire_name(text):
    wire = b""
    for label in [part for part in text.split(".") if part]:
        wire += bytes([len(label)]) + label.encode("latin1")
    return wire + b"\0"


def read_question(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin1"))
        at += 1 + query[at]
    qtype = struct.unpack("!H", query[at + 1:at + 3])[0]
    return labels, qtype, query[12:at + 5]


def record(rtype, data, ttl=300, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", rtype, 1, ttl, len(data)) + data


def records_of(qtype):
    if qtype == A:
        return [record(A, socket.inet_aton("192.0.2.1"), 300), record(A, socket.inet_aton("192.0.2.2"), 60)]
    if qtype == AAAA:
        return [record(AAAA, socket.inet_pton(socket.AF_INET6, "2001:db8::1"))]
    if qtype == SOA:
        return [record(SOA, wire_name("ns1.test") + wire_name("root.test") +
                       struct.pack("!IIIII", 2026112201, 7200, 900, 1209600, 300))]
    if qtype == MX:
        return [record(MX, struct.pack("!H", 10) + wire_name("mail.test"))]
    if qtype == TXT:
        return [record(TXT, b"\x05hello\x06 world")]
    if qtype == NS:
        return [record(NS, wire_name("ns1.test")), record(NS, b"\x03ns2\xc0\x0c")]
    if qtype == PTR:
        return [record(PTR, wire_name("Host.Test"))]
    if qtype == CNAME:
        return [record(CNAME, wire_name("other.test"))]
    return []


def message(query, question, rcode=NOERROR, answers=(), flags=0x8580):
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0) if query[11] else b""
    return query[:2] + struct.pack("!HHHHH", flags | rcode, 1, len(answers), 0, 1 if opt else 0) + \
        question + b"".join(answers) + opt


def alias(query, question, qtype):
    target = wire_name("there.test")
    return message(query, question, NOERROR,
                   [record(CNAME, target, 20), record(A, socket.inet_aton("192.0.2.7"), 90, target)])


def drop_first(query, question, qtype, transport):
    SEEN[question.lower()] = SEEN.get(question.lower(), 0) + 1
    return message(query, question, NOERROR, records_of(qtype)) if SEEN[question.lower()] > 1 else None


def truncated(query, question, qtype, transport):
    if transport == "udp":
        return message(query, question, NOERROR, [], 0x8780)
    return message(query, question, NOERROR, [record(A, socket.inet_aton(f"198.51.100.{i}")) for i in range(100)])


def other_id(query, question, qtype, transport):
    return bytes([query[0] ^ 1]) + message(query, question, NOERROR, records_of(qtype))[1:]


MODES = {
    "servfail": lambda q, n, t, w: message(q, n, SERVFAIL),
    "refused": lambda q, n, t, w: message(q, n, REFUSED),
    "nxdomain": lambda q, n, t, w: message(q, n, NXDOMAIN),
    "formerr": lambda q, n, t, w: q[:2] + struct.pack("!HHHHH", 0x8001, 0, 0, 0, 0),
    "empty": lambda q, n, t, w: message(q, n),
    "alias": lambda q, n, t, w: alias(q, n, t),
    "silent": lambda q, n, t, w: None,
    "dropfirst": drop_first,
    "truncated": truncated,
    "otherid": other_id,
    "smallcase": lambda q, n, t, w: message(q, n.lower()[:-4] + n[-4:], NOERROR, records_of(t)),
    "garbage": lambda q, n, t, w: b"\xff" * 40,
    # An answer whose owner points at itself, two that point at each other, and one that ends early.
    "loop": lambda q, n, t, w: message(q, n, NOERROR, [record(A, b"\1\2\3\4", 1,
                                                              struct.pack("!H", 0xC000 | (12 + len(n))))]),
    "pair": lambda q, n, t, w: message(q, n, NOERROR, [record(
        CNAME, struct.pack("!H", 0xC000 | (12 + len(n) + 14)) + struct.pack("!H", 0xC000 | (12 + len(n) + 12)))]),
    "cut": lambda q, n, t, w: message(q, n, NOERROR, records_of(A))[:-20],
}


def answer(query, transport):
    labels, qtype, question = read_question(query)
    print(transport, ".".join(labels), qtype, flush=True)
    mode = labels[0].lower() if labels else ""
    if mode in MODES:
        return MODES[mode](query, question, qtype, transport)
    if mode.startswith("slow"):
        NEVER.wait(int(mode[4:]) / 1000)  # of milliseconds
    last = labels[-1].lower() if labels else ""
    if last == "invalid":
        return message(query, question, *ARGS.invalid)
    if len(labels) >= 2 and labels[-2].lower() == "hijacked":
        return message(query, question, NOERROR, [record(A, socket.inet_aton("203.0.113.9"))])
    return message(query, question, NOERROR, records_of(qtype))


def answer_datagram(server, query, peer):
    reply = answer(query, "udp")
    if reply is not None:
        server.sendto(reply, peer)


def serve_udp(server):
    while True:
        query, peer = server.recvfrom(65535)
        threading.Thread(target=answer_datagram, args=(server, query, peer), daemon=True).start()


def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def serve_stream(stream, context, transport):
    try:
        stream.settimeout(60)
        if context is not None:
            stream = context.wrap_socket(stream, server_side=True)
        waiting = []
        while True:
            query = read_exactly(stream, struct.unpack("!H", read_exactly(stream, 2))[0])
            reply = answer(query, transport)
            name = read_question(query)[0]
            if name and name[0].lower() == "hangup":
                return
            if reply is None:
                continue
            reply = struct.pack("!H", len(reply)) + reply
            if name and name[0].lower() == "last":  # answers come in another order than questions
                waiting.append(reply)
                continue
            for byte in reply if name and name[0].lower() == "bytes" else [reply]:
                stream.sendall(bytes([byte]) if isinstance(byte, int) else byte)
            while waiting:
                stream.sendall(waiting.pop())
    except (OSError, struct.error):
        pass
    finally:
        stream.close()


def serve_tcp(listener, context, transport):
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve_stream, args=(stream, context, transport), daemon=True).start()


def listen_both(family, address, port):
    """A port that is free for both."""
    while True:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, port))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((address, udp.getsockname()[1]))
            tcp.listen(64)
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()


def main():
    family = socket.AF_INET6 if ":" in ARGS.address else socket.AF_INET
    udp, tcp = listen_both(family, ARGS.address, ARGS.port)
    dot_port = 0
    if ARGS.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ARGS.certificate, ARGS.key)
        dot = socket.create_server((ARGS.address, 0), family=family)
        dot_port = dot.getsockname()[1]
        threading.Thread(target=serve_tcp, args=(dot, context, "dot"), daemon=True).start()
    threading.Thread(target=serve_tcp, args=(tcp, None, "tcp"), daemon=True).start()
    print(f"port {udp.getsockname()[1]}", flush=True)
    print(f"dot {dot_port}", flush=True)
    serve_udp(udp)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--rewrites", action="store_true", help="as providers do that sell their users' mistakes")
    args = parser.parse_args()
    args.invalid = (NOERROR, [record(A, socket.inet_aton("198.51.100.66"))]) if args.rewrites else (NXDOMAIN,)
    return args


if __name__ == "__main__":
    ARGS = arguments()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
