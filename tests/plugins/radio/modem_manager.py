#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A ModemManager on a private bus: modem_manager.py ADDRESS STATE.

STATE is a JSON file, read anew for each call:
  objects  {path: {interface: {property: [type, value]}}}; a variant in a dictionary is [type, value], too
  signal   {property: {level: value}}: what Modem.Signal tells after Setup, by PropertiesChanged
  behave   {method: "die" | "mute" | "error NAME"}; die: the process ends without an answer
  location {source: [type, value]}: the answer of GetLocation
  shape    type of the answer of GetManagedObjects, if another
STATE.log gets a line for each call: "method path arguments".
"""
import json
import os
import sys

from gi.repository import Gio, GLib

ROOT = "/org/freedesktop/ModemManager1"
SERVICE = "org.freedesktop.ModemManager1"
SIGNAL = SERVICE + ".Modem.Signal"
ADDRESS, STATE = sys.argv[1:3]
rates = {}


def state():
    with open(STATE, encoding="utf-8") as file:
        return json.load(file)


def shaped(kind, value):
    """JSON as what GLib.Variant takes for a type."""
    if kind.startswith("a{"):
        return {key if kind[2] == "s" else int(key): GLib.Variant(one[0], shaped(*one)) for key, one in value.items()}
    if kind.startswith("a("):
        return [tuple(one) for one in value]
    return tuple(value) if kind.startswith("(") else value


def variant(kind, value):
    return GLib.Variant(kind, shaped(kind, value))


def levels(values):
    return GLib.Variant("a{sv}", {name: GLib.Variant("d", level) for name, level in values.items()})


def managed(now):
    objects = {}
    for path, interfaces in now["objects"].items():
        objects[path] = {
            name: {key: variant(*one) for key, one in properties.items()}
            for name, properties in interfaces.items()
        }
        if path in rates and SIGNAL in objects[path]:
            objects[path][SIGNAL]["Rate"] = GLib.Variant("u", rates[path])
            for key, values in now.get("signal", {}).items():
                objects[path][SIGNAL][key] = levels(values)
    return objects


def tell_signal(connection, path, now):
    changed = {key: levels(values) for key, values in now.get("signal", {}).items()}
    body = GLib.Variant("(sa{sv}as)", (SIGNAL, changed, []))
    connection.emit_signal(None, path, "org.freedesktop.DBus.Properties", "PropertiesChanged", body)
    return False


def setup(connection, path, now, arguments):
    rates[path] = arguments[0]
    first = GLib.Variant("(sa{sv}as)", (SIGNAL, {"Rate": GLib.Variant("u", arguments[0])}, []))
    connection.emit_signal(None, path, "org.freedesktop.DBus.Properties", "PropertiesChanged", first)
    GLib.idle_add(tell_signal, connection, path, now)
    return None


def answer(connection, path, method, arguments, now):
    """The body of a method's reply."""
    if method == "GetManagedObjects":
        if "shape" in now:
            return GLib.Variant("(%s)" % now["shape"], ([],))
        return GLib.Variant("(a{oa{sa{sv}}})", (managed(now),))
    if method == "GetLocation":
        return GLib.Variant("(a{uv})", (shaped("a{uv}", now.get("location", {})),))
    return setup(connection, path, now, arguments)


def called(connection, message):
    now = state()
    method, path = message.get_member(), message.get_path()
    body = message.get_body()
    arguments = body.unpack() if body else ()
    with open(STATE + ".log", "a", encoding="utf-8") as log:
        log.write(" ".join([method, path, *map(str, arguments)]) + "\n")
    behaviour = now.get("behave", {}).get(method, "")
    if behaviour == "die":
        os._exit(3)
    if behaviour == "mute":
        return
    if behaviour.startswith("error "):
        name = behaviour.split()[1]
        reply = Gio.DBusMessage.new_method_error_literal(message, name, "refused for IMEI 490154203237518")
    elif method != "GetManagedObjects" and path not in now["objects"]:
        reply = Gio.DBusMessage.new_method_error_literal(
            message, "org.freedesktop.DBus.Error.UnknownObject", "no such modem"
        )
    else:
        reply = Gio.DBusMessage.new_method_reply(message)
        content = answer(connection, path, method, arguments, now)
        if content is not None:
            reply.set_body(content)
    connection.send_message(reply, Gio.DBusSendMessageFlags.NONE)


def taken(connection, message, incoming):
    """In the connection's thread: calls for us go to the main one, all else its way."""
    mine = message.get_message_type() == Gio.DBusMessageType.METHOD_CALL and message.get_path().startswith(ROOT)
    if incoming and mine:
        GLib.idle_add(lambda: called(connection, message) or False)
        return None
    return message


def main():
    flags = Gio.DBusConnectionFlags
    connection = Gio.DBusConnection.new_for_address_sync(
        ADDRESS, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None
    )
    connection.set_exit_on_close(True)
    connection.add_filter(taken)
    Gio.bus_own_name_on_connection(
        connection, SERVICE, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None
    )
    GLib.MainLoop().run()


main()
