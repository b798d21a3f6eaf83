#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network camera for tests: serves a test picture over RTSP until it is killed.

rtsp_server.py [--port N] [--pattern NAME] [--size WxH]
Prints "port N" when it is ready; 77: a package is missing (its last line says which).
"""
import argparse
import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as error:
    print(f"missing: {error}", flush=True)
    sys.exit(77)

ELEMENTS = ("videotestsrc", "x264enc", "rtph264pay", "jpegenc", "rtpjpegpay")


def pipeline(options):
    width, height = options.size.split("x")
    picture = (
        f"videotestsrc is-live=true pattern={options.pattern} ! "
        f"video/x-raw,format=I420,width={width},height={height},framerate=15/1 ! "
    )
    if options.codec == "jpeg":
        return picture + "jpegenc ! rtpjpegpay name=pay0 pt=26"
    return picture + (
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
        "rtph264pay name=pay0 pt=96 config-interval=1"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--pattern", default="snow")
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--codec", choices=("h264", "jpeg"), default="h264")
    options = parser.parse_args()
    Gst.init(None)
    for name in ELEMENTS:
        if Gst.ElementFactory.find(name) is None:
            print(f"missing: GStreamer element {name}", flush=True)
            return 77
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f"( {pipeline(options)} )")
    factory.set_shared(True)
    server.get_mount_points().add_factory("/low", factory)
    if server.attach(None) == 0:
        print(f"cannot listen on port {options.port}", flush=True)
        return 1
    print(f"port {server.get_bound_port()}", flush=True)
    GLib.MainLoop().run()
    return 0


sys.exit(main())
