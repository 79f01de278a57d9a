#!/usr/bin/env python3
"""osquery_peer.py COMMAND... with {socket} where the socket's path belongs

Plays osqueryd for an extension, with osquery's own Python bindings (PyPI: osquery, which brings thrift): serves the
ExtensionManager on a new socket, starts COMMAND, waits until it has registered, asks for every table as osqueryd does, and
for things that are not there, tells the extension to end, and prints what happened as one JSON object.
"""
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time

from osquery.extension_client import ExtensionClient
from osquery.extensions import Extension, ExtensionManager
from osquery.extensions.ttypes import ExtensionStatus
from thrift.protocol import TBinaryProtocol
from thrift.server import TServer
from thrift.Thrift import TApplicationException
from thrift.transport import TSocket, TTransport

NUMBER = 4242
PATIENCE = 60


class Manager:
    """What osqueryd answers."""

    def __init__(self):
        self.info = self.registry = None
        self.pings = 0
        self.gone = None

    def ping(self):
        self.pings += 1
        return ExtensionStatus(code=0, message="OK", uuid=0)

    def registerExtension(self, info, registry):
        self.info, self.registry = info, registry
        return ExtensionStatus(code=0, message="OK", uuid=NUMBER)

    def deregisterExtension(self, uuid):
        self.gone = uuid
        return ExtensionStatus(code=0, message="OK", uuid=uuid)


def wait(what, done):
    end = time.time() + PATIENCE
    while not done():
        if time.time() > end:
            sys.exit(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


def main():
    socket = os.path.join(tempfile.mkdtemp(), "osquery.em")
    own = f"{socket}.{NUMBER}"
    # The extension is there first and has to wait, as it may when a system starts.
    child = subprocess.Popen([part.replace("{socket}", socket) for part in sys.argv[1:]])
    time.sleep(0.3)
    manager = Manager()
    server = TServer.TThreadedServer(
        ExtensionManager.Processor(manager),
        TSocket.TServerSocket(unix_socket=socket),
        TTransport.TBufferedTransportFactory(),
        TBinaryProtocol.TBinaryProtocolFactory(),
        daemon=True,
    )
    threading.Thread(target=server.serve, daemon=True).start()
    wait("registration", lambda: child.poll() is not None or (manager.registry and os.path.exists(own)))
    if child.poll() is not None:
        sys.exit(f"the extension ended with {child.returncode}")

    client = ExtensionClient(path=socket, uuid=NUMBER)
    client.open(timeout=PATIENCE)
    extension = Extension.Client(client._protocol)
    mode = stat.S_IMODE(os.stat(own).st_mode)
    told = {"name": manager.info.name, "version": manager.info.version, "mode": oct(mode), "ping": extension.ping().code}
    told["tables"] = {}
    request = {"action": "generate", "context": json.dumps({"constraints": []})}
    for name, routes in manager.registry["table"].items():
        answer = extension.call("table", name, request)
        told["tables"][name] = {
            "routes": routes,
            "columns": extension.call("table", name, {"action": "columns"}).response,
            "code": answer.status.code,
            "rows": answer.response,
        }
    told["refused"] = [
        extension.call("table", "no_such_table", request).status.code,
        extension.call("logger", "crxhound_browsers", request).status.code,
        extension.call("table", "crxhound_browsers", {"action": "delete"}).status.code,
    ]
    try:
        # A function that only osqueryd itself has.
        ExtensionManager.Client(client._protocol).query("select 1")
    except TApplicationException as error:
        told["unknown"] = error.type
    wait("a question whether osquery is there", lambda: manager.pings > 0)
    extension.shutdown()
    told["exit"] = child.wait(PATIENCE)
    told["gone"] = manager.gone == NUMBER
    told["socket_left"] = os.path.exists(own)
    print(json.dumps(told))


main()
