"""Drives a real Chromium through the stages of make-real-profiles.sh, which see.

    make_real_profiles.py OUTPUT_DIR BROWSER STAGE [PACKAGE]

Stages: prepare, plain, managed, confirmed, store (with PACKAGE), finish. "managed" and "confirmed" lay files under /etc and
/usr and are only ever started inside a mount namespace of their own.
"""
import fcntl
import functools
import glob
import hashlib
import http.server
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile
import zlib

OUT, BROWSER, STAGE = sys.argv[1:4]
HOME = OUT + "/.home"
EXT, CRX, KEYS = OUT + "/extensions", OUT + "/crx", OUT + "/keys"
PARTS = ("plain", "managed", "confirmed", "store")
PDF = "mhjfbmdgcfjbbpaeojofohoefgiehjai"   # the browser's own viewer
ENV = {k: v for k, v in os.environ.items()
       if not k.startswith("XDG_") and k not in ("CHROME_CONFIG_HOME", "CHROME_USER_DATA_DIR")}
ENV.update(HOME=HOME, LANG="C.UTF-8", LANGUAGE="en_US")
COMMON = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
          "--no-default-browser-check", "--noerrdialogs", "--password-store=basic",
          "--lang=en-US", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


def say(*words):
    print("make-real-profiles:", *words, file=sys.stderr, flush=True)


# ------------------------------------------------------------ sample extensions

def png(red, green, blue, side=16):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    row = b"\0" + bytes((red, green, blue)) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b""))


ALPHA_WORKER = """\
chrome.runtime.onInstalled.addListener(async () => {
  await chrome.storage.local.set({ greeting: 'hello', numbers: [1, 2, 3] });
  await chrome.storage.sync.set({ colour: 'blue' });
  await chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [1], addRules: [
    { id: 1, priority: 1, action: { type: 'block' },
      condition: { urlFilter: '||blocked.example.net^', resourceTypes: ['script'] } }] });
  await chrome.scripting.registerContentScripts([{ id: 'dynamic', js: ['content.js'],
    matches: ['https://example.com/dynamic/*'], persistAcrossSessions: true }]);
  chrome.alarms.create('hourly', { periodInMinutes: 60 });
  chrome.contextMenus.create({ id: 'menu', title: 'Sample menu', contexts: ['page'] });
  const open = indexedDB.open('sample', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('store');
});
chrome.alarms.onAlarm.addListener(() => {});
"""

ODD_MANIFEST = '\ufeff// Written by hand: a byte order mark, comments, odd characters and numbers.\n' + r'''{
  "manifest_version": 3, /* the newest */
  "name": "Bravo \u00e9\u20ac\ud83d\ude00 <b>& \u2028 'q' \"d\"",
  "version": "0.0.1",
  "version_name": "0.0.1 tryout",
  "x_sample": {
    "Upper": 1, "lower": 2, "dotted.key": {"a.b": 3}, "none": null, "yes": true,
    "empty": {}, "nested": [[], {}, [{}], {"a": []}, 1],
    "numbers": [1.0, 1e5, 123456789012, 1234567890123, 0.1, 1e-6, 1e-7, -0.0,
                2147483647, 2147483648, -2147483649, 9007199254740993, 1e21, 5e-324]
  }
}
'''


def sample(name, manifest, files=None):
    folder = f"{EXT}/{name}"
    everything = {"manifest.json": manifest, **(files or {})}
    for path, data in everything.items():
        path = f"{folder}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(data, (dict, list)):
            data = json.dumps(data, indent=2) + "\n"
        with open(path, "wb") as handle:
            handle.write(data if isinstance(data, bytes) else data.encode())


def mv3(name, version, **more):
    return {"manifest_version": 3, "name": name, "version": version, **more}


def make_samples():
    sample("alpha", mv3(
        "__MSG_appName__", "1.2.3", description="__MSG_appText__", default_locale="en",
        permissions=["storage", "alarms", "scripting", "contextMenus", "declarativeNetRequest"],
        host_permissions=["https://example.com/*"], optional_permissions=["tabs", "bookmarks"],
        optional_host_permissions=["https://*.example.org/*"],
        background={"service_worker": "worker.js"}, action={"default_popup": "popup.html"},
        content_scripts=[{"matches": ["https://example.com/*"], "js": ["content.js"]}],
        declarative_net_request={"rule_resources": [
            {"id": "first", "enabled": True, "path": "rules.json"}]},
        web_accessible_resources=[{"resources": ["popup.html"], "matches": ["https://example.com/*"]}],
        externally_connectable={"matches": ["https://example.com/*"]}), {
        "worker.js": ALPHA_WORKER, "content.js": "// nothing\n",
        "popup.html": "<!doctype html><p>sample</p>\n",
        "rules.json": [{"id": 1, "priority": 1, "action": {"type": "block"},
                        "condition": {"urlFilter": "||ads.example.net^", "resourceTypes": ["script"]}}],
        "_locales/en/messages.json": {"appName": {"message": "Alpha sample"},
                                      "APPTEXT": {"message": "A harmless sample"}},
        "_locales/de/messages.json": {"appName": {"message": "Alpha-Muster"}}})
    sample("bravo", ODD_MANIFEST)
    sample("charlie", mv3("Charlie sample", "3.1", permissions=["downloads"]))
    sample("charlie-newer", mv3("Charlie sample", "3.2", permissions=["downloads", "history", "proxy"]))
    sample("delta", mv3("Delta sample", "2.0.0.1", permissions=["history"], icons={"16": "icon.png"}),
           {"icon.png": png(200, 30, 60), "lib/deep/long.js": "// " + "x" * 9000 + "\n"})
    sample("echo", mv3("Echo theme", "1.0", theme={"colors": {"frame": [10, 20, 30]}}))
    sample("foxtrot", mv3("Foxtrot sample", "5.5", permissions=["storage", "userScripts"], incognito="split",
                          background={"service_worker": "worker.js", "type": "module"}),
           {"worker.js": "chrome.storage.local.set({ here: true });\n"})
    sample("golf", mv3("Golf sample", "4.4", permissions=["cookies"], host_permissions=["<all_urls>"]))
    sample("hotel", mv3("Hotel sample", "6.0.1", permissions=["tabs"]))


def letters(digest):
    return "".join(chr(97 + int(c, 16)) for c in digest.hex()[:32])


def id_of_folder(folder):
    return letters(hashlib.sha256(os.path.realpath(folder).encode()).digest())


def id_of_crx(path):
    with open(path, "rb") as handle:
        data = handle.read()
    assert data[:8] == b"Cr24\3\0\0\0", path

    def fields(blob):
        at = 0

        def number():
            nonlocal at
            value = shift = 0
            while True:
                byte = blob[at]; at += 1
                value |= (byte & 127) << shift; shift += 7
                if byte < 128:
                    return value
        while at < len(blob):
            tag = number()
            size = number()
            yield tag >> 3, blob[at:at + size]
            at += size
    header = data[12:12 + struct.unpack("<I", data[8:12])[0]]
    signed = dict(fields(header))[10000]
    return letters(dict(fields(signed))[1])


def pack(name, key=None):
    key = f"{KEYS}/{key or name}.pem"
    for stale in (f"{EXT}/{name}.crx", f"{EXT}/{name}.pem"):
        if os.path.exists(stale):
            os.remove(stale)
    command = [BROWSER, "--headless", *COMMON, f"--user-data-dir={HOME}/pack",
               f"--pack-extension={EXT}/{name}"]
    if os.path.exists(key):
        command.append(f"--pack-extension-key={key}")
    subprocess.run(command, env=ENV, check=True, timeout=60, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.replace(f"{EXT}/{name}.crx", f"{CRX}/{name}.crx")
    if os.path.exists(f"{EXT}/{name}.pem"):
        os.replace(f"{EXT}/{name}.pem", key)
    return id_of_crx(f"{CRX}/{name}.crx")


# ------------------------------------------------------------ driving the browser

class Run:
    """One browser, spoken to over a pipe; leaving the block quits it."""

    def __init__(self, folder, profile=None, *flags, headless=True, updates=False, env=None):
        self.folder = folder
        ours, theirs = [], []
        for _ in range(2):
            read, write = os.pipe()
            ours.append((read, write))
        (theirs_in, self.write), (self.read, theirs_out) = ours
        command = [BROWSER, *COMMON, f"--user-data-dir={folder}", "--remote-debugging-pipe",
                   "--enable-unsafe-extension-debugging"]
        command += ["--headless"] if headless else []
        command += [] if updates else ["--disable-background-networking"]
        command += [f"--profile-directory={profile}"] if profile else []

        def wire():
            low = fcntl.fcntl(theirs_in, fcntl.F_DUPFD, 20)
            high = fcntl.fcntl(theirs_out, fcntl.F_DUPFD, 20)
            os.dup2(low, 3)
            os.dup2(high, 4)
        self.process = subprocess.Popen(
            [*command, *flags, "about:blank"], env=env or ENV, preexec_fn=wire, close_fds=False,
            start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.rest, self.count = b"", 0

    def __enter__(self):
        try:
            self.call("Browser.getVersion", seconds=40)
        except BaseException:
            self.quit()
            raise
        return self

    def __exit__(self, *_):
        self.quit()

    def quit(self):
        try:
            self.call("Browser.close", seconds=10)
        except Exception:
            pass
        for ending in (None, signal.SIGTERM, signal.SIGKILL):
            if ending:
                try:
                    os.killpg(self.process.pid, ending)
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(15 if ending is None else 5)
                break
            except subprocess.TimeoutExpired:
                continue
        for end in (self.read, self.write):
            try:
                os.close(end)
            except OSError:
                pass

    def call(self, method, params=None, session=None, seconds=20):
        self.count += 1
        number = self.count
        message = {"id": number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            while b"\0" not in self.rest:
                left = end - time.monotonic()
                if left <= 0 or not select.select([self.read], [], [], left)[0]:
                    raise TimeoutError(method)
                data = os.read(self.read, 65536)
                if not data:
                    raise EOFError(method)
                self.rest += data
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer.get("result", {})

    def page(self, address):
        target = self.call("Target.createTarget", {"url": address})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        time.sleep(1.5)
        return session

    def script(self, session, text):
        return self.call("Runtime.evaluate", {"expression": text, "awaitPromise": True,
                                              "returnByValue": True, "userGesture": True}, session)

    def load(self, name):
        return self.call("Extensions.loadUnpacked", {"path": f"{EXT}/{name}"})["id"]


def wait_for(check, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            time.sleep(1.0)
            return True
        time.sleep(0.25)
    say("did not happen in time:", what)
    return False


def installed(folder, profile, extension, version="*"):
    return bool(glob.glob(f"{glob.escape(folder)}/{glob.escape(profile)}/Extensions/{extension}/{version}_*/manifest.json"))


EXPECTED = []


def expect(where, profile, extension, name, version, location, route, enabled=True,
           reasons=(), folder=None, **more):
    EXPECTED.append({"user_data_dir": where, "profile": profile, "id": extension, "name": name,
                     "version": version, "location": location, "route": route, "enabled": enabled,
                     "disable_reasons": list(reasons), "folder": folder, **more})


def unpacked(where, profile, name, shown, version, location, route, **more):
    expect(where, profile, id_of_folder(f"{EXT}/{name}"), shown, version, location, route,
           folder=f"extensions/{name}", **more)


def packed(where, profile, extension, name, version, location, route, **more):
    expect(where, profile, extension, name, version, location, route,
           folder=f"{where}/{profile}/Extensions/{extension}/{version}_0", **more)


BRAVO = "Bravo \u00e9\u20ac\U0001f600 <b>& \u2028 'q' \"d\""


# ------------------------------------------------------------ the stages

def stage_plain(ids):
    where, folder = "plain", OUT + "/plain"
    os.makedirs(folder + "/External Extensions")
    with open(f"{folder}/External Extensions/{ids['charlie']}.json", "w") as handle:
        json.dump({"external_crx": CRX + "/charlie.crx", "external_version": "3.1"}, handle)
    external = lambda profile: packed(where, profile, ids["charlie"], "Charlie sample", "3.1", 2,
                                      "External Extensions file in the user-data-dir")

    with Run(folder, "Default", f"--load-extension={EXT}/alpha,{EXT}/bravo"):
        wait_for(lambda: installed(folder, "Default", ids["charlie"]), 15, "external crx")
        wait_for(lambda: os.path.isdir(f"{folder}/Default/Local Extension Settings/"
                                       + id_of_folder(EXT + "/alpha")), 15, "worker ran")
    unpacked(where, "Default", "alpha", "Alpha sample", "1.2.3", 8, "--load-extension")
    unpacked(where, "Default", "bravo", BRAVO, "0.0.1", 8, "--load-extension")
    external("Default")

    with Run(folder, "Profile 1") as run:
        alpha, foxtrot = run.load("alpha"), run.load("foxtrot")
        run.load("bravo")
        page = run.page("chrome://extensions/")
        api = "chrome.developerPrivate."
        run.script(page, api + "updateProfileConfiguration({inDeveloperMode: true})")
        for change in ("incognitoAccess: true", "pinnedToToolbar: true", "hostAccess: 'ON_CLICK'"):
            run.script(page, f"{api}updateExtensionConfiguration({{extensionId: '{alpha}', {change}}})")
            time.sleep(0.7)
        run.script(page, f"new Promise(done => chrome.management.setEnabled('{foxtrot}', false, done))")
        wait_for(lambda: installed(folder, "Profile 1", ids["charlie"]), 15, "external crx")
    route = "DevTools protocol, Extensions.loadUnpacked"
    unpacked(where, "Profile 1", "alpha", "Alpha sample", "1.2.3", 4, route, incognito=True, pinned=True,
             host_access_withheld=True, developer_mode=True)
    unpacked(where, "Profile 1", "bravo", BRAVO, "0.0.1", 4, route)
    unpacked(where, "Profile 1", "foxtrot", "Foxtrot sample", "5.5", 4, route, enabled=False, reasons=[1])
    external("Profile 1")

    with Run(folder, "Work", f"--load-extension={EXT}/foxtrot"):
        wait_for(lambda: installed(folder, "Work", ids["charlie"]), 15, "external crx")
    unpacked(where, "Work", "foxtrot", "Foxtrot sample", "5.5", 8, "--load-extension")
    external("Work")

    with Run(folder, None, "--guest"):
        time.sleep(2)


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".crx": "application/x-chrome-extension", ".xml": "text/xml",
                      ".html": "text/html", "": "application/octet-stream"}

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=CRX))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def update_file(path, base, items, ids):
    body = "".join(f'<app appid="{ids[n]}"><updatecheck codebase="{base}/{n}.crx" version="{v}"/></app>'
                   for n, v in items)
    with open(path, "w") as handle:
        handle.write('<?xml version="1.0" encoding="UTF-8"?><gupdate '
                     'xmlns="http://www.google.com/update2/response" protocol="2.0">' + body + "</gupdate>")


def private_system_files():
    """Only ever called inside a mount namespace of this stage's own."""
    run = lambda *words: subprocess.run(words, check=True)
    run("mount", "--make-rprivate", "/")
    for folder in ("/etc/chromium", "/usr/share/chromium/extensions"):
        os.makedirs(folder, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", folder)
    os.makedirs("/etc/chromium/policies/managed")


def policy(content):
    with open("/etc/chromium/policies/managed/sample.json", "w") as handle:
        json.dump(content, handle)


def system_external(extension, content):
    with open(f"/usr/share/chromium/extensions/{extension}.json", "w") as handle:
        json.dump(content, handle)


def stage_managed(ids):
    private_system_files()
    where, folder, profile = "managed", OUT + "/managed", "Default"
    server, base = serve()
    update_file(CRX + "/update.xml", base,
                [("alpha", "1.2.3"), ("bravo", "0.0.1"), ("delta", "2.0.0.1"), ("golf", "4.4")], ids)
    local = "file://" + urllib.parse.quote(CRX)
    update_file(CRX + "/theme.xml", local, [("echo", "1.0")], ids)
    updates = base + "/update.xml"
    policy({"ExtensionInstallForcelist": [f"{ids['delta']};{updates}", f"{ids['bravo']};{updates}",
                                          f"{ids['echo']};{local}/theme.xml"],
            "ExtensionSettings": {ids["alpha"]: {"installation_mode": "normal_installed",
                                                 "update_url": updates, "toolbar_pin": "force_pinned"}}})
    system_external(ids["charlie"], {"external_crx": CRX + "/charlie.crx", "external_version": "3.1"})
    system_external(ids["golf"], {"external_update_url": updates})
    names = ("alpha", "bravo", "delta", "echo", "golf", "charlie")
    with Run(folder, profile, updates=True):
        wait_for(lambda: all(installed(folder, profile, ids[n]) for n in names), 30, "managed installs")
        wait_for(lambda: os.path.isdir(f"{folder}/{profile}/Local Extension Settings/{ids['alpha']}"),
                 10, "worker ran")
    system_external(ids["charlie"], {"external_crx": CRX + "/charlie-newer.crx", "external_version": "3.2"})
    with Run(folder, profile):
        wait_for(lambda: installed(folder, profile, ids["charlie"], "3.2"), 15, "update")
    server.shutdown()
    forced = "policy, ExtensionInstallForcelist over "
    packed(where, profile, ids["delta"], "Delta sample", "2.0.0.1", 7, forced + "http")
    packed(where, profile, ids["bravo"], BRAVO, "0.0.1", 7, forced + "http")
    packed(where, profile, ids["echo"], "Echo theme", "1.0", 7, forced + "file")
    packed(where, profile, ids["alpha"], "Alpha sample", "1.2.3", 6, "policy, normal_installed")
    packed(where, profile, ids["golf"], "Golf sample", "4.4", 6, "system-wide JSON, external_update_url")
    packed(where, profile, ids["charlie"], "Charlie sample", "3.2", 2, "system-wide JSON, external_crx",
           enabled=False, reasons=[2], other_version_folders=["3.1_0"])


def stage_confirmed(ids):
    private_system_files()
    where, folder, profile = "confirmed", OUT + "/confirmed", "Default"
    server, base = serve()
    with open(CRX + "/index.html", "w") as handle:
        handle.write("<!doctype html><a id=get href=hotel.crx>hotel</a>\n")
    policy({"ExtensionInstallSources": [base + "/*"]})
    read, write = os.pipe()
    screen = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1200x850x24", "-nolisten", "tcp"],
                              pass_fds=[write], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        ready = select.select([read], [], [], 15)[0]
        number = os.read(read, 16).decode().strip() if ready else ""
        if not number:
            raise RuntimeError("no virtual screen")
        env = {**ENV, "DISPLAY": ":" + number}
        keys = lambda *names: subprocess.run(["xdotool", "key", "--delay", "250", *names], env=env,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=15)
        here = lambda: installed(folder, profile, ids["hotel"])
        with Run(folder, profile, headless=False, env=env) as run:
            page = run.page(base + "/index.html")
            run.script(page, "document.getElementById('get').click()")
            for _ in range(3):
                time.sleep(3)
                if here():
                    break
                keys("Tab", "Return")   # from "Cancel" to "Add extension"
            wait_for(here, 6, "confirmed install")
        if here():
            packed(where, profile, ids["hotel"], "Hotel sample", "6.0.1", 1,
                   "from a page that policy allows, confirmed in the dialogue")
        else:
            raise RuntimeError("the dialogue was not confirmed")
    finally:
        os.close(read)
        screen.terminate()
        try:
            screen.wait(5)
        except subprocess.TimeoutExpired:
            screen.kill()
            screen.wait()
        server.shutdown()


def stage_store(_):
    """A package that a store signed: the browser keeps its metadata and rewrites manifest, catalogues and icons."""
    where, folder, profile, package = "store", OUT + "/store", "Default", os.path.realpath(sys.argv[4])
    extension = id_of_crx(package)
    with zipfile.ZipFile(package) as archive:
        version = json.loads(archive.read("manifest.json").decode("utf-8-sig"))["version"]
    os.makedirs(folder + "/External Extensions")
    with open(f"{folder}/External Extensions/{extension}.json", "w") as handle:
        json.dump({"external_crx": package, "external_version": version}, handle)
    with Run(folder, profile):
        if not wait_for(lambda: installed(folder, profile, extension, version), 20, "store package"):
            raise RuntimeError("the store package was not installed")
    with open(f"{folder}/{profile}/Preferences", encoding="utf-8") as handle:
        name = json.load(handle)["extensions"]["settings"][extension]["manifest"]["name"]
    packed(where, profile, extension, name, version, 2, "External Extensions file with a store package")


def check():
    with open(OUT + "/expected.json") as handle:
        expected = json.load(handle)["extensions"]
    wrong = 0
    settings = {}
    for item in expected:
        profile = f"{OUT}/{item['user_data_dir']}/{item['profile']}"
        if profile not in settings:
            with open(profile + "/Preferences", encoding="utf-8") as handle:
                settings[profile] = json.load(handle)["extensions"]["settings"]
        entry = settings[profile].get(item["id"], {})
        found = (entry.get("location"), entry.get("disable_reasons", []))
        if found != (item["location"], item["disable_reasons"]) or not os.path.isfile(
                f"{OUT}/{item['folder']}/manifest.json"):
            say("not as expected:", item, "found", found)
            wrong += 1
    for profile, entries in settings.items():
        more = set(entries) - {i["id"] for i in expected
                               if f"{OUT}/{i['user_data_dir']}/{i['profile']}" == profile} - {PDF}
        if more:
            say("more than expected in", os.path.relpath(profile, OUT), sorted(more))
            wrong += 1
    say(f"{len(expected)} extensions in {len(settings)} profiles checked, {wrong} not as expected")
    return 1 if wrong else 0


def main():
    os.makedirs(HOME, exist_ok=True)
    state = OUT + "/.ids.json"
    if STAGE == "prepare":
        for folder in (*PARTS, "extensions", "crx"):
            shutil.rmtree(f"{OUT}/{folder}", ignore_errors=True)
        for stale in glob.glob(OUT + "/.part-*.json") + [OUT + "/expected.json"]:
            if os.path.exists(stale):
                os.remove(stale)
        for folder in (EXT, CRX, KEYS):
            os.makedirs(folder, exist_ok=True)
        make_samples()
        ids = {name: pack(name) for name in ("alpha", "bravo", "charlie", "delta", "echo", "golf", "hotel")}
        assert pack("charlie-newer", key="charlie") == ids["charlie"]
        with open(state, "w") as handle:
            json.dump(ids, handle)
        return 0
    if STAGE == "finish":
        version = subprocess.run([BROWSER, "--version"], env=ENV, capture_output=True, text=True).stdout.strip()
        items = []
        for part in PARTS:
            if os.path.exists(f"{OUT}/.part-{part}.json"):
                with open(f"{OUT}/.part-{part}.json") as handle:
                    items += json.load(handle)
                os.remove(f"{OUT}/.part-{part}.json")
        with open(OUT + "/expected.json", "w") as handle:
            json.dump({"browser": version, "built_in_ids": [PDF],
                       "profiles_without_extensions": ["plain/Guest Profile", "plain/System Profile"],
                       "extensions": items}, handle, indent=1, ensure_ascii=False)
            handle.write("\n")
        os.remove(state)
        return check()
    with open(state) as handle:
        ids = json.load(handle)
    stages = {"plain": stage_plain, "managed": stage_managed, "confirmed": stage_confirmed, "store": stage_store}
    stages[STAGE](ids)
    with open(f"{OUT}/.part-{STAGE}.json", "w") as handle:
        json.dump(EXPECTED, handle)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, EOFError, subprocess.SubprocessError) as error:
        say(f"stage {STAGE}: {type(error).__name__}: {error}")
        sys.exit(1)
