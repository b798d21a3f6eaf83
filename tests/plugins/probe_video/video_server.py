#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server of HLS and DASH whose segments are noise of known sizes, rates and delays.

    video_server.py [--segments N] [--duration S] [--rate BYTES_PER_S] [--slow I:S]... [--missing I]

Prints "port N". Then one line for each segment that went out completely: its monotonic time, its
path and its size.
"""
import argparse
import http.server
import struct
import sys
import threading
import time

LEVELS = {"low": 400_000, "mid": 1_000_000, "high": 4_000_000}  # bit/s
INIT = 600  # bytes of an initialisation segment
CHUNK = 4096


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=12)
    parser.add_argument("--duration", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--slow", action="append", default=[])
    parser.add_argument("--missing", type=int, default=-1)
    options = parser.parse_args()
    options.slow = {int(i): float(s) for i, s in (each.split(":") for each in options.slow)}
    return options


OPTIONS = arguments()
BEGAN = time.monotonic()
OUTPUT = threading.Lock()


def size(level):
    return int(LEVELS[level] * OPTIONS.duration / 8)


def media(level, last=True):
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:%d" % max(1, OPTIONS.duration)]
    lines += ['#EXT-X-MAP:URI="init/%s"' % level]
    for i in range(OPTIONS.segments):
        lines += ["#EXT-X-DISCONTINUITY"] if i == 5 else []
        lines += ["#EXTINF:%g," % OPTIONS.duration, "seg/%s/%d" % (level, i)]
    return lines + (["#EXT-X-ENDLIST"] if last else [])


def master():
    lines = ["#EXTM3U"]
    for level in ("mid", "high", "low"):
        lines += ['#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS="avc1,mp4a",RESOLUTION=640x360'
                  % LEVELS[level], "%s.m3u8" % level]
    return lines


def ranges():
    one = size("low")
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1",
             '#EXT-X-MAP:URI="file/low",BYTERANGE="%d@0"' % INIT]
    for i in range(OPTIONS.segments):
        at = "@%d" % INIT if i == 0 else ""
        lines += ["#EXTINF:%g," % OPTIONS.duration, "#EXT-X-BYTERANGE:%d%s" % (one, at), "file/low"]
    return lines + ["#EXT-X-ENDLIST"]


def live():
    """Six segments before now; the one being made is not in it."""
    made = int((time.monotonic() - BEGAN) / OPTIONS.duration) + 6
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:%d" % max(1, OPTIONS.duration),
             "#EXT-X-MEDIA-SEQUENCE:%d" % (made - 6)]
    for i in range(made - 6, made):
        lines += ["#EXTINF:%g," % OPTIONS.duration, "seg/low/%d" % i]
    return lines


def manifest(inner):
    total = OPTIONS.segments * OPTIONS.duration
    return ['<?xml version="1.0"?>',
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'mediaPresentationDuration="PT%gS">' % total,
            '<Period><AdaptationSet contentType="audio"><Representation id="a" bandwidth="1"/>'
            '</AdaptationSet><AdaptationSet mimeType="video/mp4">', inner,
            '</AdaptationSet></Period></MPD>']


def representations(inner=""):
    return "".join('<Representation id="%s" bandwidth="%d">%s</Representation>'
                   % (level, LEVELS[level], inner.replace("LEVEL", level)) for level in LEVELS)


def number():
    return manifest('<SegmentTemplate timescale="1000" duration="%d" startNumber="0" '
                    'initialization="init/$RepresentationID$" media="seg/$RepresentationID$/$Number%%03d$"/>'
                    % (OPTIONS.duration * 1000) + representations())


def timeline():
    return manifest('<SegmentTemplate timescale="1000" media="time/$RepresentationID$/$Time$">'
                    '<SegmentTimeline><S t="0" d="%d" r="-1"/></SegmentTimeline></SegmentTemplate>'
                    % (OPTIONS.duration * 1000) + representations())


def listed():
    urls = "".join('<SegmentURL media="seg/LEVEL/%d"/>' % i for i in range(OPTIONS.segments))
    return manifest(representations(
        '<SegmentList timescale="1000" duration="%d"><Initialization sourceURL="init/LEVEL"/>%s'
        '</SegmentList>' % (OPTIONS.duration * 1000, urls)))


def whole(index=""):
    return manifest('<Representation id="low" bandwidth="1"><BaseURL>file/low</BaseURL>'
                    '<SegmentBase %s/></Representation>' % index)


def sidx():
    """The index of /indexed: ISO/IEC 14496-12 section 8.16.3, version 0."""
    body = struct.pack(">IIIII", 0, 1, 1000, 0, 0) + struct.pack(">HH", 0, OPTIONS.segments)
    for _ in range(OPTIONS.segments):
        body += struct.pack(">III", size("low"), int(OPTIONS.duration * 1000), 0x90000000)
    return struct.pack(">I4s", 8 + len(body), b"sidx") + body


def indexed():
    """Initialisation, index, segments in one file."""
    return manifest('<Representation id="low" bandwidth="1"><BaseURL>indexed</BaseURL>'
                    '<SegmentBase indexRange="%d-%d"><Initialization range="0-%d"/></SegmentBase>'
                    '</Representation>' % (INIT, INIT + len(sidx()) - 1, INIT - 1))


DOCUMENTS = {
    "/master.m3u8": master, "/ranges.m3u8": ranges, "/live.m3u8": live,
    "/low.m3u8": lambda: media("low"), "/mid.m3u8": lambda: media("mid"),
    "/high.m3u8": lambda: media("high"), "/number.mpd": number, "/timeline.mpd": timeline,
    "/list.mpd": listed, "/whole.mpd": whole, "/index.mpd": indexed,
    "/no-index.mpd": lambda: whole('indexRange="0-99"'),
    "/portal": lambda: ["<html>Please log in</html>"],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        words = self.path.strip("/").split("/")
        if self.path in DOCUMENTS:
            self.answer("\n".join(DOCUMENTS[self.path]()).encode())
        elif words[0] == "init":
            self.answer(bytes(INIT))
        elif words[0] == "file":
            self.answer_range(bytes(INIT + size(words[1]) * OPTIONS.segments))
        elif words[0] == "indexed":
            self.answer_range(bytes(INIT) + sidx() + bytes(size("low") * OPTIONS.segments))
        elif words[0] in ("seg", "time"):
            unit = OPTIONS.duration * 1000 if words[0] == "time" else 1
            self.segment(words[1], int(int(words[2]) / unit))
        else:
            self.send_error(404)

    def segment(self, level, index):
        if index == OPTIONS.missing:
            self.send_error(404)
            return
        time.sleep(OPTIONS.slow.get(index, 0))
        self.answer(bytes(size(level)), paced=True)
        self.tell(size(level))

    def answer_range(self, body):
        if "Range" not in self.headers:
            self.answer(body, paced=True)
            self.tell(len(body))
            return
        first, last = (int(word) for word in self.headers["Range"][len("bytes="):].split("-"))
        self.answer(body[first:last + 1], paced=True, status=206)
        if last >= INIT:
            self.tell(last + 1 - first)

    def answer(self, body, paced=False, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        began = time.monotonic()
        for at in range(0, len(body), CHUNK):
            if paced and OPTIONS.rate > 0:
                time.sleep(max(0, began + (at + CHUNK) / OPTIONS.rate - time.monotonic()))
            self.wfile.write(body[at:at + CHUNK])

    def tell(self, count):
        with OUTPUT:
            print("%.6f %s %d" % (time.monotonic(), self.path, count), flush=True)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass  # a client that went away


SERVER = Server(("127.0.0.1", 0), Handler)
print("port", SERVER.server_address[1], flush=True)
try:
    SERVER.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
