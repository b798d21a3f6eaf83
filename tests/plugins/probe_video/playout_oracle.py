#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""When a video would have begun and stood still, by small steps of time: another way than the plugin's.

    playout_oracle.py BEGAN DURATION BUFFER_S WATCH_S < lines of video_server.py

Prints: initial buffering, stall time, stalls, time played.
"""
import sys

STEP = 0.001


def main():
    began, duration, threshold, watch = (float(word) for word in sys.argv[1:])
    arrivals = sorted(float(line.split()[0]) - began for line in sys.stdin if line[:1].isdigit())
    now = buffered = played = fetched = stalled = 0.0
    stalls = 0
    state = "buffering"
    first = None
    while played < watch - STEP / 2 and now < 600:
        while arrivals and arrivals[0] <= now:
            arrivals.pop(0)
            fetched += duration
            buffered += duration
        if state != "playing" and (buffered >= threshold - 1e-9 or fetched >= watch - 1e-9):
            first = now if first is None else first
            state = "playing"
        if state == "playing" and buffered < STEP / 2:
            state = "stalled"
            stalls += 1
        if state == "playing":
            buffered -= STEP
            played += STEP
        elif state == "stalled":
            stalled += STEP
        now += STEP
    print("%.3f %.3f %d %.3f" % (first, stalled, stalls, played))


main()
