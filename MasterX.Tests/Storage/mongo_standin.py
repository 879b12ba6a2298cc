#!/usr/bin/env python3
"""A stand-in for a MongoDB server, for tests where there is none.

It speaks MongoDB's wire protocol on loopback (mockupdb) over an in-memory query engine (mongomock), so that the driver and
the adapter are exercised over a real connection. It is not MongoDB: no transactions, no replica set, no durability.

Prints the port it listens on, and ends when its standard input is closed.
"""
import os
import sys
import threading

import mockupdb
import mongomock
from pymongo.errors import DuplicateKeyError

store = mongomock.MongoClient()
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


def insert(database, command):
    collection, inserted, errors = store[database][command["insert"]], 0, []
    for index, document in enumerate(command["documents"]):
        try:
            collection.insert_one(document)
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
        try:
            done = call(item["q"], item["u"], upsert=item.get("upsert", False))
        except DuplicateKeyError as error:
            errors.append(write_errors(error, index))
            break
        matched += done.matched_count + (1 if done.upserted_id is not None else 0)
        modified += done.modified_count or 0
        if done.upserted_id is not None:
            upserted.append({"index": index, "_id": done.upserted_id})
    answer = {"n": matched, "nModified": modified}
    if upserted:
        answer["upserted"] = upserted
    if errors:
        answer["writeErrors"] = errors
    return answer


def delete(database, command):
    collection, deleted = store[database][command["delete"]], 0
    for item in command["deletes"]:
        call = collection.delete_one if item.get("limit") == 1 else collection.delete_many
        deleted += call(item["q"]).deleted_count
    return {"n": deleted}


def find_and_modify(database, command):
    collection = store[database][command.get("findAndModify") or command.get("findandmodify")]
    query, sort = command.get("query") or {}, list((command.get("sort") or {}).items()) or None
    if command.get("remove"):
        value = collection.find_one_and_delete(query, sort=sort)
        return {"value": value, "lastErrorObject": {"n": 1 if value else 0}}
    change = command["update"]
    call = collection.find_one_and_update if all(key.startswith("$") for key in change) else collection.find_one_and_replace
    value = call(query, change, sort=sort, upsert=command.get("upsert", False), return_document=bool(command.get("new")))
    return {"value": value, "lastErrorObject": {"n": 1 if value else 0, "updatedExisting": value is not None}}


def aggregate(database, command):
    documents = list(store[database][command["aggregate"]].aggregate(command["pipeline"]))
    return first_batch(f"{database}.{command['aggregate']}", documents, (command.get("cursor") or {}).get("batchSize"))


def count(database, command):
    return {"n": store[database][command["count"]].count_documents(command.get("query") or {})}


def create_indexes(database, command):
    collection = store[database][command["createIndexes"]]
    for index in command["indexes"]:
        options = {key: index[key] for key in ("unique", "sparse", "expireAfterSeconds") if key in index}
        collection.create_index(list(index["key"].items()), name=index.get("name"), **options)
    return {"numIndexesBefore": 1, "numIndexesAfter": 1 + len(command["indexes"])}


def list_collections(database, command):
    names = store[database].list_collection_names()
    return first_batch(f"{database}.$cmd.listCollections", [{"name": name, "type": "collection", "options": {}, "info": {}} for name in names], len(names) or 1)


def nothing(database, command):
    return {}


def drop_database(database, command):
    store.drop_database(database)
    return {"dropped": database}


COMMANDS = {
    "hello": hello, "ismaster": hello, "isMaster": hello,
    "ping": nothing, "endSessions": nothing, "create": nothing, "collMod": nothing, "drop": nothing,
    "buildInfo": lambda database, command: {"version": "5.0.0", "versionArray": [5, 0, 0, 0]},
    "find": find, "getMore": get_more, "killCursors": kill_cursors,
    "insert": insert, "update": update, "delete": delete, "findAndModify": find_and_modify, "findandmodify": find_and_modify,
    "aggregate": aggregate, "count": count,
    "createIndexes": create_indexes, "listCollections": list_collections, "dropDatabase": drop_database,
}


def respond(request):
    command = request.doc
    name = next(iter(command))
    database = command.get("$db", "admin")
    handler = COMMANDS.get(name)
    if handler is None:
        answer = {"ok": 0, "code": 59, "codeName": "CommandNotFound", "errmsg": f"the stand-in does not know '{name}'"}
    else:
        try:
            with lock:
                answer = handler(database, command)
        except Exception as error:  # whatever the engine cannot do is an error of the server, not its end
            answer = {"ok": 0, "code": 2, "codeName": "BadValue", "errmsg": f"the stand-in failed at '{name}': {error!r}"}
    answer.setdefault("ok", 1)
    request.reply(answer)
    return True


server = mockupdb.MockupDB(port=None)
server.autoresponds(respond)
server.run()
print(server.port, flush=True)
sys.stdin.read()
os._exit(0)
