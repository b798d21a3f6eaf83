# SPDX-License-Identifier: Apache-2.0
"""Routers that quote 8 bytes behind the IP header only, as RFC 792 asks: argv: interface, address of the
target, its distance in hops, seconds until an answer. Hop n says so from 10.50.0.n. Prints "ready"."""
import socket
import struct
import sys
import threading

interface, target, distance, wait = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
packets.bind((interface, 0))
answers = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(packet):
    ttl = packet[8]
    reached = ttl >= distance
    kind, code = (3, 3) if reached else (11, 0)
    source = target if reached else f"10.50.0.{ttl}"
    quote = packet[:28]
    icmp = struct.pack(">BBHI", kind, code, 0, 0) + quote
    icmp = struct.pack(">BBHI", kind, code, checksum(icmp), 0) + quote
    header = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0, socket.inet_aton(source), packet[12:16]
    )
    answers.sendto(header + icmp, (socket.inet_ntoa(packet[12:16]), 0))


print("ready", flush=True)
while True:
    packet, where = packets.recvfrom(2000)
    if where[2] != socket.PACKET_OUTGOING and packet[9] == 17 and packet[16:20] == socket.inet_aton(target):
        threading.Timer(wait, answer, [packet]).start()
