#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TCP and TLS servers for tests of probes, well-behaved and not: serves until it is killed.

probe_server.py MODE [--address A] [--port N] [--certificate FILE --key FILE] [--alpn P] [--max-version 1.2]
MODE: tls (a handshake, then nothing), trickle (TLS, a byte a second), greet=TEXT, begin=TEXT (a greeting
that does not end), silent, plain (an HTTP answer to
whatever comes), hangup (at once), mute (never accepts TLS, reads on).
Prints "port N" when it is ready.
"""
import argparse
import socket
import ssl
import threading

NEVER = threading.Event()


def context_of(args):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.certificate, args.key)
    if args.alpn:
        context.set_alpn_protocols([args.alpn])
    if args.max_version == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def hold(stream):
    """Until the other side goes."""
    while stream.recv(4096):
        pass


def on_tls(stream, args):
    hold(context_of(args).wrap_socket(stream, server_side=True))


def on_trickle(stream, args):
    """The bytes of a true handshake, one a second."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context_of(args).wrap_bio(inward, outward, server_side=True)
    while True:
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        for byte in outward.read():
            NEVER.wait(1)
            stream.sendall(bytes([byte]))
        inward.write(stream.recv(4096))


def on_greet(stream, args):
    stream.sendall(args.mode.split("=", 1)[1].encode() + b"\r\n")
    hold(stream)


def on_begin(stream, args):
    stream.sendall(args.mode.split("=", 1)[1].encode())
    hold(stream)


def on_silent(stream, _):
    hold(stream)


def on_mute(stream, _):
    hold(stream)


def on_plain(stream, _):
    stream.recv(4096)
    stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    hold(stream)


def on_hangup(stream, _):
    stream.recv(4096)


def serve(stream, args):
    try:
        globals()["on_" + args.mode.split("=")[0]](stream, args)
    except (OSError, ssl.SSLError):
        pass
    finally:
        stream.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--alpn")
    parser.add_argument("--max-version")
    args = parser.parse_args()
    family = socket.AF_INET6 if ":" in args.address else socket.AF_INET
    listener = socket.create_server((args.address, args.port), family=family)
    print(f"port {listener.getsockname()[1]}", flush=True)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(stream, args), daemon=True).start()


if __name__ == "__main__":
    main()
