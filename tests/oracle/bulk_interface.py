#!/usr/bin/env python3
"""bulk_interface.py FILE

Stands in for the bulk interface of Elasticsearch and OpenSearch: prints the port on which it listens, answers that all is well,
and appends to FILE every document it is given, a line each, after the index that it is meant for and a tab. What is no pair of an
action and a document is refused, as the interface does. Ends with its standard input.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": "green"})

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        lines = body.split("\n")
        try:
            if not self.path.startswith("/_bulk") or lines.pop() != "":
                raise ValueError("no body of the bulk interface")
            pairs = [(json.loads(action)["index"]["_index"], document) for action, document in zip(lines[::2], lines[1::2], strict=True)]
            for _, document in pairs:
                json.loads(document)
        except (KeyError, ValueError) as error:
            self.log_error("%s: %s", error, body)
            self.answer(400, {"error": str(error), "status": 400})
            return
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            file.writelines(f"{index}\t{document}\n" for index, document in pairs)
        self.answer(200, {"took": 1, "errors": False, "items": [{"index": {"status": 201}} for _ in pairs]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
