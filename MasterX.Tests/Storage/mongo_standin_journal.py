"""What the stand-in keeps on disk: a file that is only ever appended to, read from its start when the stand-in starts.

One record for what one command changed: length, CRC-32, BSON. It is on disk (fsync) before the command is answered. A last record that
is torn was never acknowledged, and is cut off. The file is never made smaller: it is for tests.
"""
import fcntl
import os
import struct
import zlib

import bson

HEAD = struct.Struct("<II")
NAME = "stand-in.journal"


class Journal:
    """Without a folder nothing is kept."""

    def __init__(self, folder=None, codec=bson.DEFAULT_CODEC_OPTIONS):
        self.changes = []
        self.file = None
        self.codec = codec
        if folder:
            path = os.path.join(folder, NAME)
            is_new = not os.path.exists(path)
            self.file = open(path, "a+b", buffering=0)
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_new:
                sync_folder(folder)

    def replay(self):
        """Every change that was acknowledged, oldest first."""
        if self.file is None:
            return
        self.file.seek(0)
        content, end = self.file.read(), 0
        while len(content) - end >= HEAD.size:
            length, checksum = HEAD.unpack_from(content, end)
            record = content[end + HEAD.size:end + HEAD.size + length]
            if len(record) < length or zlib.crc32(record) != checksum:
                break
            end += HEAD.size + length
            yield from bson.decode(record, self.codec)["changes"]
        self.file.truncate(end)

    def add(self, **change):
        self.changes.append(change)

    def commit(self):
        changes, self.changes = self.changes, []
        if self.file is None or not changes:
            return
        record = bson.encode({"changes": changes})
        self.file.write(HEAD.pack(len(record), zlib.crc32(record)) + record)
        os.fsync(self.file.fileno())


def sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Replayed:
    """Documents, indexes and the root user as the journal leaves them; in memory, without an engine."""

    def __init__(self, changes):
        self.is_new, self.user = True, None
        self.documents, self.indexes = {}, {}  # by (database, collection)
        for change in changes:
            self.is_new = False
            place = (change.get("database"), change.get("collection"))
            if "started" in change:
                self.user = change["started"]
            elif "put" in change:
                self.documents.setdefault(place, {}).update((key(document["_id"]), document) for document in change["put"])
            elif "gone" in change:
                for identity in change["gone"]:
                    self.documents.get(place, {}).pop(key(identity), None)
            elif "index" in change:
                self.indexes.setdefault(place, {})[change["index"]["name"]] = change["index"]
            elif "dropped_index" in change:
                self.indexes.get(place, {}).pop(change["dropped_index"], None)
            elif "dropped" in change:
                for kept in (self.documents, self.indexes):
                    for known in [known for known in kept if known == place or (place[1] is None and known[0] == place[0])]:
                        del kept[known]


def key(identity):
    """Any BSON value as something a dictionary can look up."""
    return bson.encode({"_id": identity})
