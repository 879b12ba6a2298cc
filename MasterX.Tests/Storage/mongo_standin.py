#!/usr/bin/env python3
"""A stand-in for a MongoDB server, for tests where there is none.

It speaks MongoDB's wire protocol (mockupdb) over an in-memory query engine (mongomock), so that the driver and the adapter are
exercised over a real connection. It is emulated, it is not MongoDB: no transactions, no replica set, no schema validation, and of
MongoDB's commands only those at the end of this file. What a client sees of a login and of what survives a crash is real:

- With MONGO_INITDB_ROOT_USERNAME and _PASSWORD every connection logs in (mongo_standin_access.py). As with MongoDB's image, both are
  used only when the data folder is empty: a password that is changed later changes nothing, and its log says so.
- With --data what was acknowledged is on disk: documents and indexes, not what $out and $merge wrote (mongo_standin_journal.py).

Without --port it takes a free one, prints it, and ends when its standard input is closed. With --port it is a server, also as the
first process of a container: it prints one line, and ends on SIGTERM and SIGINT.
"""
import argparse
import os
import signal
import sys
import threading

import mockupdb
import mongomock
from pymongo.errors import DuplicateKeyError

from mongo_standin_access import Access, is_password, user_of
from mongo_standin_journal import Journal, Replayed

USERNAME, PASSWORD = "MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD"

store = mongomock.MongoClient()
journal = Journal()
access = Access(None, False)
cursors = {}
lock = threading.RLock()
next_cursor = [1]


def hello(database, command):
    return {
        "helloOk": True,
        "isWritablePrimary": True,
        "ismaster": True,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "minWireVersion": 0,
        "maxWireVersion": 13,
        "readOnly": False,
        "standIn": True,
    }


def first_batch(namespace, documents, batch_size):
    batch_size = batch_size or 101
    batch, rest = documents[:batch_size], documents[batch_size:]
    cursor = 0
    if rest:
        cursor = next_cursor[0]
        next_cursor[0] += 1
        cursors[cursor] = (namespace, rest)
    return {"cursor": {"id": mockupdb.Int64(cursor) if hasattr(mockupdb, "Int64") else cursor, "ns": namespace, "firstBatch": batch}}


def find(database, command):
    collection = store[database][command["find"]]
    found = collection.find(command.get("filter") or {}, command.get("projection") or None)
    if command.get("sort"):
        found = found.sort(list(command["sort"].items()))
    if command.get("skip"):
        found = found.skip(command["skip"])
    if command.get("limit"):
        found = found.limit(abs(command["limit"]))
    documents = list(found)
    namespace = f"{database}.{command['find']}"
    if command.get("singleBatch"):
        return first_batch(namespace, documents, len(documents) or 1)
    return first_batch(namespace, documents, command.get("batchSize"))


def get_more(database, command):
    cursor = int(command["getMore"])
    if cursor not in cursors:
        return {"ok": 0, "code": 43, "codeName": "CursorNotFound", "errmsg": f"cursor id {cursor} not found"}
    namespace, rest = cursors.pop(cursor)
    size = command.get("batchSize") or len(rest)
    batch, rest = rest[:size], rest[size:]
    if rest:
        cursors[cursor] = (namespace, rest)
    return {"cursor": {"id": cursor if rest else 0, "ns": namespace, "nextBatch": batch}}


def kill_cursors(database, command):
    for cursor in command.get("cursors", []):
        cursors.pop(int(cursor), None)
    return {"cursorsKilled": command.get("cursors", []), "cursorsNotFound": [], "cursorsAlive": [], "cursorsUnknown": []}


def write_errors(error, index):
    return {"index": index, "code": 11000, "codeName": "DuplicateKey", "errmsg": f"E11000 duplicate key error: {error}"}


def identities(collection, query, one):
    found = collection.find(query, {"_id": 1})
    return [document["_id"] for document in (found.limit(1) if one else found)]


def journal_documents(database, collection, changed):
    journal.add(database=database, collection=collection.name, put=list(collection.find({"_id": {"$in": changed}})))


def insert(database, command):
    collection, inserted, errors = store[database][command["insert"]], 0, []
    for index, document in enumerate(command["documents"]):
        try:
            collection.insert_one(document)
            journal.add(database=database, collection=collection.name, put=[document])
            inserted += 1
        except DuplicateKeyError as error:
            errors.append(write_errors(error, index))
            if command.get("ordered", True):
                break
    return {"n": inserted, **({"writeErrors": errors} if errors else {})}


def update(database, command):
    collection, matched, modified, upserted, errors = store[database][command["update"]], 0, 0, [], []
    for index, item in enumerate(command["updates"]):
        operators = all(key.startswith("$") for key in item["u"])
        call = (collection.update_many if item.get("multi") else collection.update_one) if operators else collection.replace_one
        changed = identities(collection, item["q"], one=not item.get("multi"))
        try:
            done = call(item["q"], item["u"], upsert=item.get("upsert", False))
        except DuplicateKeyError as error:
            errors.append(write_errors(error, index))
            break
        matched += done.matched_count + (1 if done.upserted_id is not None else 0)
        modified += done.modified_count or 0
        if done.upserted_id is not None:
            upserted.append({"index": index, "_id": done.upserted_id})
            changed = [done.upserted_id]
        journal_documents(database, collection, changed)
    answer = {"n": matched, "nModified": modified}
    if upserted:
        answer["upserted"] = upserted
    if errors:
        answer["writeErrors"] = errors
    return answer


def delete(database, command):
    collection, deleted = store[database][command["delete"]], 0
    for item in command["deletes"]:
        gone = identities(collection, item["q"], one=item.get("limit") == 1)
        deleted += collection.delete_many({"_id": {"$in": gone}}).deleted_count
        journal.add(database=database, collection=collection.name, gone=gone)
    return {"n": deleted}


def find_and_modify(database, command):
    collection = store[database][command.get("findAndModify") or command.get("findandmodify")]
    query, sort = command.get("query") or {}, list((command.get("sort") or {}).items()) or None
    if command.get("remove"):
        value = collection.find_one_and_delete(query, sort=sort)
        if value:
            journal.add(database=database, collection=collection.name, gone=[value["_id"]])
        return {"value": value, "lastErrorObject": {"n": 1 if value else 0}}
    change = command["update"]
    call = collection.find_one_and_update if all(key.startswith("$") for key in change) else collection.find_one_and_replace
    before = collection.find_one(query, sort=sort)
    after = call(query, change, sort=sort, upsert=command.get("upsert", False), return_document=True)
    if after:
        journal.add(database=database, collection=collection.name, put=[after])
    return {"value": after if command.get("new") else before, "lastErrorObject": {"n": 1 if after else 0, "updatedExisting": before is not None}}


def aggregate(database, command):
    documents = list(store[database][command["aggregate"]].aggregate(command["pipeline"]))
    return first_batch(f"{database}.{command['aggregate']}", documents, (command.get("cursor") or {}).get("batchSize"))


def count(database, command):
    return {"n": store[database][command["count"]].count_documents(command.get("query") or {})}


def create_indexes(database, command):
    collection = store[database][command["createIndexes"]]
    for index in command["indexes"]:
        create_index(collection, index)
        journal.add(database=database, collection=collection.name, index=index)
    return {"numIndexesBefore": 1, "numIndexesAfter": 1 + len(command["indexes"])}


def create_index(collection, index):
    options = {key: index[key] for key in ("unique", "sparse", "expireAfterSeconds") if key in index}
    collection.create_index(list(index["key"].items()), name=index["name"], **options)


def drop_indexes(database, command):
    collection, name = store[database][command["dropIndexes"]], command["index"]
    if name not in collection.index_information():
        return {"ok": 0, "code": 27, "codeName": "IndexNotFound", "errmsg": f"index not found with name [{name}]"}
    collection.drop_index(name)
    journal.add(database=database, collection=collection.name, dropped_index=name)
    return {}


def list_indexes(database, command):
    known = store[database][command["listIndexes"]].index_information()
    indexes = [{"v": 2, "name": name, **index, "key": dict(index["key"])} for name, index in known.items()]
    return first_batch(f"{database}.{command['listIndexes']}", [{key: index[key] for key in index if key != "ns"} for index in indexes], len(indexes) or 1)


def list_collections(database, command):
    names = store[database].list_collection_names()
    return first_batch(f"{database}.$cmd.listCollections", [{"name": name, "type": "collection", "options": {}, "info": {}} for name in names], len(names) or 1)


def list_databases(database, command):
    names = store.list_database_names()
    return {"databases": [{"name": name} if command.get("nameOnly") else {"name": name, "sizeOnDisk": 0, "empty": False} for name in names], "totalSize": 0}


def nothing(database, command):
    return {}


def drop(database, command):
    store[database].drop_collection(command["drop"])
    journal.add(database=database, collection=command["drop"], dropped=True)
    return {}


def drop_database(database, command):
    store.drop_database(database)
    journal.add(database=database, dropped=True)
    return {"dropped": database}


def build_info(database, command):
    return {"version": "5.0.0", "versionArray": [5, 0, 0, 0], "gitVersion": "stand-in", "modules": ["stand-in"]}


COMMANDS = {
    "hello": hello, "ismaster": hello, "isMaster": hello,
    "ping": nothing, "endSessions": nothing, "create": nothing, "collMod": nothing,
    "buildInfo": build_info, "buildinfo": build_info,
    "find": find, "getMore": get_more, "killCursors": kill_cursors,
    "insert": insert, "update": update, "delete": delete, "findAndModify": find_and_modify, "findandmodify": find_and_modify,
    "aggregate": aggregate, "count": count,
    "createIndexes": create_indexes, "dropIndexes": drop_indexes, "listIndexes": list_indexes, "listCollections": list_collections, "listDatabases": list_databases,
    "drop": drop, "dropDatabase": drop_database,
}


def respond(request):
    command, connection = request.doc, request._client  # mockupdb has no other name for the connection
    name = next(iter(command))
    database = command.get("$db", "admin")
    with lock:
        answer = access.answer(connection, database, name, command)
        if answer is None:
            answer = run(database, name, command)
        if COMMANDS.get(name) is hello:
            answer.update(access.of_hello(connection, command))
    answer.setdefault("ok", 1)
    request.reply(answer)
    return True


def run(database, name, command):
    handler = COMMANDS.get(name)
    if handler is None:
        return {"ok": 0, "code": 59, "codeName": "CommandNotFound", "errmsg": f"the stand-in does not know '{name}'"}
    try:
        return handler(database, command)
    except Exception as error:  # whatever the engine cannot do is an error of the server, not its end
        return {"ok": 0, "code": 2, "codeName": "BadValue", "errmsg": f"the stand-in failed at '{name}': {error!r}"}
    finally:
        commit()


def commit():
    try:
        journal.commit()
    except OSError as error:  # memory and disk differ from here on: whoever starts it next reads the disk
        fail(f"cannot write its journal: {error}")


def fail(why):
    print(f"MongoDB stand-in (emulated): {why}", file=sys.stderr, flush=True)
    os._exit(1)


def restore(folder):
    """What the data folder has; a root user is made only in an empty one."""
    global journal, access
    name, password = os.environ.get(USERNAME), os.environ.get(PASSWORD)
    if bool(name) != bool(password):
        fail(f"{USERNAME} and {PASSWORD} go together: set both or neither.")
    if password and not (name + password).isascii():
        fail(f"{USERNAME} and {PASSWORD} may have ASCII characters only.")
    try:
        journal = Journal(folder, mockupdb.CODEC_OPTIONS)
        kept = Replayed(journal.replay())
    except BlockingIOError:
        fail(f"another one uses the data folder {folder}")
    except OSError as error:
        fail(f"cannot use the data folder {folder}: {error}")
    for (database, collection), documents in kept.documents.items():
        if documents:
            store[database][collection].insert_many(documents.values())
    for (database, collection), indexes in kept.indexes.items():
        # Expired documents go first, so that they are in no unique index's way.
        for index in sorted(indexes.values(), key=lambda index: "expireAfterSeconds" not in index):
            create_index(store[database][collection], index)

    user = kept.user
    if kept.is_new:
        user = user_of(name, password) if name else None
        journal.add(started=user)
        commit()
    access = Access(user, is_required=bool(name))
    if not name:
        told = "no login is asked for"
    elif kept.is_new:
        told = f"root user '{name}' made"
    elif user and user["name"] == name and is_password(user, password):
        told = f"root user '{name}' kept from the data folder"
    else:
        told = (f"the data folder was made with another root user or password, which stay: {USERNAME} and {PASSWORD} are used only when it is empty. "
                "Clients with the new ones will be refused: remove the volume, or go back to the old ones")
    return f"{sum(map(len, kept.documents.values()))} documents in {folder or 'memory'}; {told}"


def main():
    options = argparse.ArgumentParser(description="A stand-in for a MongoDB server (emulated).")
    options.add_argument("--port", type=int, help="without it a free one, printed; the stand-in then ends with its standard input")
    options.add_argument("--bind", default="localhost", metavar="ADDRESS", help="loopback unless given")
    options.add_argument("--data", metavar="DIR", help="where to keep the data; in memory only unless given")
    chosen = options.parse_args()
    if chosen.port is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))  # what was acknowledged is on disk

    restored = restore(chosen.data)
    server = mockupdb.MockupDB(port=None)
    server._address = (chosen.bind, chosen.port)  # mockupdb's own is always localhost
    server.autoresponds(respond)
    try:
        server.run()
    except OSError as error:
        fail(f"cannot listen on {chosen.bind}:{chosen.port}: {error}")
    if chosen.port is None:
        print(server.port, flush=True)
        sys.stdin.read()
        os._exit(0)
    print(f"MongoDB stand-in (emulated), listening on {chosen.bind}:{server.port}; {restored}", flush=True)
    while True:
        signal.pause()


main()
