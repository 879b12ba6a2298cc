"""Who may use the stand-in: one root user, SCRAM-SHA-256 (RFC 5802, RFC 7677), one login for each connection.

The server's half of the exchange as MongoDB has it
(https://github.com/mongodb/specifications/blob/master/source/auth/auth.md): in saslStart and saslContinue, or begun within hello.
User name and password are ASCII, which SASLprep leaves as it is.
"""
import base64
import hashlib
import hmac
import os
import weakref

MECHANISM = "SCRAM-SHA-256"
ITERATIONS = 15_000

# What MongoDB answers before a login.
OPEN = {"hello", "ismaster", "isMaster", "ping", "buildInfo", "buildinfo", "saslStart", "saslContinue", "logout"}


def user_of(name, password, salt=None):
    """What is kept of a user; the password cannot be had back from it."""
    salt = salt or os.urandom(28)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(mac(salted, b"Client Key")).digest()
    return {"name": name, "salt": salt, "storedKey": stored, "serverKey": mac(salted, b"Server Key")}


def is_password(user, password):
    return hmac.compare_digest(user_of(user["name"], password, user["salt"])["storedKey"], user["storedKey"])


def mac(key, text):
    return hmac.digest(key, text, "sha256")


class Refused(Exception):
    """The login is refused; the client is not told why, as MongoDB does not tell it either."""


class Login:
    """One exchange: the client's first message makes it, its second one ends it."""

    def __init__(self, user, database, command):
        self.skips_empty = (command.get("options") or {}).get("skipEmptyExchange", False)
        first = bytes(command["payload"]).decode()
        binding, self.client_first = first[:3], first[3:]
        fields = fields_of(self.client_first)
        name = fields["n"].replace("=2C", ",").replace("=3D", "=")
        if user is None or database != "admin" or name != user["name"] or binding not in ("n,,", "y,,"):
            raise Refused
        self.user = user
        self.binding = base64.b64encode(binding.encode()).decode()
        self.nonce = fields["r"] + base64.b64encode(os.urandom(24)).decode()
        self.server_first = f"r={self.nonce},s={base64.b64encode(user['salt']).decode()},i={ITERATIONS}"
        self.is_proven = False

    def prove(self, payload):
        """The server's signature, for the client's proof that it knows the password."""
        final = bytes(payload).decode()
        fields = fields_of(final)
        message = f"{self.client_first},{self.server_first},{final[:final.rindex(',p=')]}".encode()
        signature = mac(self.user["storedKey"], message)
        key = bytes(a ^ b for a, b in zip(base64.b64decode(fields["p"]), signature))
        if fields["r"] != self.nonce or fields["c"] != self.binding or not hmac.compare_digest(hashlib.sha256(key).digest(), self.user["storedKey"]):
            raise Refused
        self.is_proven = True
        return b"v=" + base64.b64encode(mac(self.user["serverKey"], message))


def fields_of(message):
    return dict(field.split("=", 1) for field in message.split(","))


def answer_of(payload, done):
    return {"conversationId": 1, "done": done, "payload": payload}


class Access:
    """Answers what has to do with logging in, and refuses what needs a login and has none."""

    def __init__(self, user, is_required):
        self.user = user
        self.is_required = is_required
        self.logins = weakref.WeakKeyDictionary()  # by connection; a login lasts as long as it does

    def answer(self, connection, database, name, command):
        """None where the command may run."""
        try:
            if name == "saslStart":
                return self.start(connection, database, command)
            if name == "saslContinue":
                return self.go_on(connection, command)
        except (Refused, KeyError, TypeError, ValueError):
            self.logins.pop(connection, None)
            return {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
        if name == "logout":
            self.logins.pop(connection, None)
            return {}
        login = self.logins.get(connection)
        if self.is_required and name not in OPEN and not (login and login.is_proven):
            return {"ok": 0, "code": 13, "codeName": "Unauthorized", "errmsg": f"Command {name} requires authentication"}
        return None

    def of_hello(self, connection, command):
        """What hello says about logging in: the mechanisms of a user, and the first answer to a client that does not wait for them."""
        told = {}
        if self.user is not None and command.get("saslSupportedMechs") == f"admin.{self.user['name']}":
            told["saslSupportedMechs"] = [MECHANISM]
        begun = command.get("speculativeAuthenticate")
        if begun is not None:
            try:
                told["speculativeAuthenticate"] = self.start(connection, begun.get("db"), begun)
            except (Refused, KeyError, TypeError, ValueError):
                pass  # the client then begins anew, and is refused there
        return told

    def start(self, connection, database, command):
        if command["mechanism"] != MECHANISM:
            raise Refused
        login = self.logins[connection] = Login(self.user, database, command)
        return answer_of(login.server_first.encode(), False)

    def go_on(self, connection, command):
        login = self.logins[connection]
        if login.is_proven:
            return answer_of(b"", True)
        return answer_of(login.prove(command["payload"]), login.skips_empty)
