#!/usr/bin/python3
"""Owns a volume driver as Docker's plugins are: keeps volumes as folders in /data, and answers what dockerd asks.

Runs inside the plugin that volume-plugin.sh makes. The protocol: https://docs.docker.com/engine/extend/plugins_volume/
"""
import json
import os
import socket

ROOT = "/data"


def answer(call, asked):
    name = asked.get("Name", "")
    at = os.path.join(ROOT, name)
    if call == "/Plugin.Activate":
        return {"Implements": ["VolumeDriver"]}
    if call == "/VolumeDriver.Capabilities":
        return {"Capabilities": {"Scope": "local"}}
    if call == "/VolumeDriver.List":
        return {"Volumes": [{"Name": each, "Mountpoint": os.path.join(ROOT, each)} for each in os.listdir(ROOT)]}
    if call == "/VolumeDriver.Create":
        os.makedirs(at, exist_ok=True)
        return {}
    if not os.path.isdir(at):
        return {"Err": "no volume is named " + name}
    if call == "/VolumeDriver.Get":
        return {"Volume": {"Name": name, "Mountpoint": at}}
    if call in ("/VolumeDriver.Mount", "/VolumeDriver.Path"):
        return {"Mountpoint": at}
    return {} if call == "/VolumeDriver.Unmount" else {"Err": "not known: " + call}


def read(stream):
    """The call and what it was given, of one request; None of a connection that only sees whether somebody is there."""
    first = stream.readline().split()
    if not first:
        return None
    length = 0
    for line in iter(stream.readline, b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return first[1].decode(), json.loads(stream.read(length) or b"{}")


def main():
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("/run/docker/plugins/folders.sock")
    listening.listen(8)
    while True:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as stream:
            request = read(stream)
            if request is None:
                continue
            said = json.dumps(answer(*request)).encode()
            stream.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
            stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(said), said))


main()
