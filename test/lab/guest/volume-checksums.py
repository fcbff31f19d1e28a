#!/usr/bin/python3
"""Prints what Docker's volumes hold, one line an entry, the same for the same content on any file system.

Owns the definition of "equal volumes" for the lab's tests. A line has: type, mode, uid:gid, size in bytes and link
count (files only: directories differ between file systems), mtime (files only), sha256 or link target or device,
the first name of the same inode, extended attributes (ACLs among them), and the name with odd bytes escaped.
Left out: Docker's own metadata.db (rewritten at each start) and backingFsBlockDev (made again by each Docker).
Usage: lab-volume-checksums [DIR], /var/lib/docker/volumes by default.
"""
import hashlib
import os
import stat
import sys

IGNORED = {b"metadata.db", b"backingFsBlockDev"}


def shown(name):
    """Bytes as one printable word: what is not plain ASCII becomes \\xNN, so that a line is always one line."""
    return "".join(chr(b) if 0x20 < b < 0x7F and b != 0x5C else "\\x%02x" % b for b in name)


def digest(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    pairs = ((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
    return ",".join("%s=%s" % (name, value.hex()) for name, value in pairs) or "-"


def main():
    top = os.fsencode(sys.argv[1] if len(sys.argv) > 1 else "/var/lib/docker/volumes")
    paths = [top]
    for folder, folders, files in os.walk(top):
        folders.sort()
        inside = folders + files
        paths += [os.path.join(folder, name) for name in inside if not (folder == top and name in IGNORED)]
    first = {}
    for path in sorted(paths):
        info = os.lstat(path)
        name = shown(os.path.relpath(path, top))
        kind, size, links, mtime, content, same = "other", "-", "-", "-", "-", "-"
        if stat.S_ISDIR(info.st_mode):
            kind = "dir"
        elif stat.S_ISREG(info.st_mode):
            kind, size, links, mtime = "file", info.st_size, info.st_nlink, int(info.st_mtime)
            content = digest(path)
            same = first.setdefault((info.st_dev, info.st_ino), name) if info.st_nlink > 1 else "-"
        elif stat.S_ISLNK(info.st_mode):
            kind, content = "link", shown(os.readlink(path))
        elif stat.S_ISFIFO(info.st_mode):
            kind = "fifo"
        elif stat.S_ISBLK(info.st_mode) or stat.S_ISCHR(info.st_mode):
            kind, content = "device", "%d:%d" % (os.major(info.st_rdev), os.minor(info.st_rdev))
        elif stat.S_ISSOCK(info.st_mode):
            kind = "socket"
        print(kind, "%04o" % stat.S_IMODE(info.st_mode), "%d:%d" % (info.st_uid, info.st_gid), size, links, mtime,
              content, same, attributes(path), name)


main()
