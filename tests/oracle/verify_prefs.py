#!/usr/bin/env python3
"""Check the integrity codes that a Chromium-family browser keeps beside its
tracked preferences ("Preferences" and "Secure Preferences").

The tests compare the program's answers with this one's, entry by entry. So that
it is a second opinion, it shares no code and no language with the program.

Verification only: nothing here writes to a profile, prints a code that was
computed, or makes a code for a changed value.  It answers, per entry, "does the
stored code fit the stored value under this seed and device id?".

  verify_prefs.py PROFILE_DIR_OR_FILE...
        [--seed empty|chrome|HEX]    default: tries 'empty' and 'chrome'
        [--device-id TEXT]           default: '' (what Linux builds use)
        [--os-crypt-password TEXT]   default: 'peanuts' (the Linux basic store)
        [--json] [-v]

Exit status: 0 every code fits, 1 some code does not fit, 2 usage or unreadable
input, 3 no candidate seed and device id fits any code (wrong seed or device id,
or a foreign file: nothing can be said of single entries).

Standard library only.  The second generation of codes ("..._encrypted_hash")
is checked too where it can be opened with the given password: with the Python
package 'cryptography' if it is there, else with the 'openssl' command, else
those entries count as 'unreadable'.
"""
import argparse
import base64
import hashlib
import hmac
import json
import math
import os
import re
import subprocess
import sys

MAX_BYTES = 256 * 1024 * 1024
SUFFIX = "_encrypted_hash"

# Public fact: the 64-byte resource that Google-branded desktop builds key these
# codes with.  Unbranded builds (Chromium and what is made from it) use none.
SEEDS = {
    "empty": b"",
    "chrome": bytes.fromhex(
        "e748f336d85ea5f9dcdf25d8f347a65b4cdf667600f02df6724a2af18a212d26"
        "b788a25086910cf3a90313696871f3dc05823730c91df8ba5c4fd9c884b505a8"
    ),
}


# ---------------------------------------------------------------- JSON in, out

def read_int(text):
    """Whole numbers outside 32 bits become floating point, as in the browser."""
    value = int(text)
    if -(2 ** 31) <= value < 2 ** 31 and text != "-0":
        return value
    return float(text)


def load(path):
    if os.path.getsize(path) > MAX_BYTES:
        raise ValueError("file too large")
    with open(path, "rb") as handle:
        raw = handle.read()
    text = raw.decode("utf-8-sig")
    return json.loads(text, parse_int=read_int, parse_float=float)


def number_text(value):
    """Shortest digits that read back the same; plain notation only while the
    decimal exponent is in [-6, 12)."""
    if not math.isfinite(value):
        return "null"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return sign + "0.0"
    point = len(whole) + int(exponent or 0)
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    power = point - 1
    if -6 <= power < 12:
        if point <= 0:
            out = "0." + "0" * -point + digits
        elif len(digits) <= point:
            out = digits + "0" * (point - len(digits)) + ".0"
        else:
            out = digits[:point] + "." + digits[point:]
    else:
        out = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        out += "e" + ("+" if power >= 0 else "-") + str(abs(power))
    return sign + out


ESCAPES = {
    "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
    "\\": "\\\\", '"': '\\"', "<": "\\u003C",
    "\u2028": "\\u2028", "\u2029": "\\u2029",
}
NEEDS_ESCAPE = re.compile('[\x00-\x1f\\\\"<\u2028\u2029]')


def string_text(value):
    def one(match):
        char = match.group()
        return ESCAPES.get(char) or "\\u%04X" % ord(char)
    return '"' + NEEDS_ESCAPE.sub(one, value) + '"'


def canonical(value):
    """The browser's own compact form: keys in byte order, no white space."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-8", "surrogatepass"))
    return "{" + ",".join(string_text(k) + ":" + canonical(value[k]) for k in keys) + "}"


def without_empties(value):
    """Drop empty objects and lists, innermost first.  Only what lies inside is
    dropped: the value itself stays even when nothing is left in it."""
    if isinstance(value, dict):
        items = ((key, without_empties(item)) for key, item in value.items())
        return {k: v for k, v in items if not (isinstance(v, (dict, list)) and not v)}
    if isinstance(value, list):
        items = (without_empties(item) for item in value)
        return [v for v in items if not (isinstance(v, (dict, list)) and not v)]
    return value


ABSENT = object()
EXTENSION_LISTS = (("extensions", "settings"), ("extensions", "opsettings"))  # Opera: the latter


def value_text(value):
    if value is ABSENT:
        return ""
    if isinstance(value, dict):
        return canonical(without_empties(value))
    return canonical(value)


# ---------------------------------------------------------------- the two codes

def mac_fits(seed, device_id, path, text, stored):
    try:
        want = bytes.fromhex(stored)
    except (ValueError, TypeError):
        return False
    message = (device_id + path + text).encode("utf-8", "surrogatepass")
    return hmac.compare_digest(hmac.new(seed, message, hashlib.sha256).digest(), want)


def aes_cbc_open(key, data):
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        opener = Cipher(algorithms.AES(key), modes.CBC(b" " * 16)).decryptor()
        plain = opener.update(data) + opener.finalize()
    except ImportError:
        try:
            done = subprocess.run(
                ["openssl", "enc", "-d", "-aes-128-cbc", "-nopad", "-K", key.hex(),
                 "-iv", "20" * 16], input=data, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        plain = done.stdout
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= 16 or plain[-pad:] != bytes([pad]) * pad:
        return None
    return plain[:-pad]


def encrypted_fits(seed, path, text, stored, key):
    """True or False where the code can be opened, None where it can't."""
    try:
        blob = base64.b64decode(stored, validate=True)
    except (ValueError, TypeError):
        return False
    if blob[:3] not in (b"v10", b"v11") or (len(blob) - 3) % 16 or len(blob) < 19:
        return None
    plain = aes_cbc_open(key, blob[3:])
    if plain is None or len(plain) != 32:
        return None
    digest = hashlib.sha256(seed + (path + text).encode("utf-8", "surrogatepass")).digest()
    return hmac.compare_digest(digest, plain)


# ---------------------------------------------------------------- a whole file

def look_up(tree, parts):
    for part in parts:
        if not isinstance(tree, dict) or part not in tree:
            return ABSENT
        tree = tree[part]
    return tree


def leaves(tree, parts=()):
    for key, item in tree.items():
        if isinstance(item, dict):
            yield from leaves(item, parts + (key,))
        else:
            yield parts + (key,), item


def split_kind(parts):
    """('mac' | 'encrypted', the parts of the preference's own path)"""
    for place, part in enumerate(parts):
        if part.endswith(SUFFIX) and len(part) > len(SUFFIX):
            return "encrypted", parts[:place] + (part[:-len(SUFFIX)],) + parts[place + 1:]
    return "mac", parts


def only_encrypted(tree):
    kept = {}
    for key, item in tree.items():
        if key.endswith(SUFFIX):
            kept[key] = item
        elif isinstance(item, dict):
            inner = only_encrypted(item)
            if inner:
                kept[key] = inner
    return kept


def check(tree, seed, device_id, key):
    protection = tree.get("protection")
    protection = protection if isinstance(protection, dict) else {}
    macs = protection.get("macs")
    macs = macs if isinstance(macs, dict) else {}
    report = {
        "mac": {"fits": [], "fails": []},
        "encrypted": {"fits": [], "fails": [], "unreadable": []},
        "extensions_without_mac": [], "extension_macs_without_entry": [],
        "extensions_without_encrypted_hash": [],
        "super_mac": None, "super_encrypted_hash": None,
    }
    seen, seen_encrypted = set(), set()
    for parts, stored in leaves(macs):
        kind, own = split_kind(parts)
        path = ".".join(own)
        value = look_up(tree, own)
        text = value_text(value)
        if kind == "mac":
            seen.add(own)
            fits = mac_fits(seed, device_id, path, text, stored)
            report["mac"]["fits" if fits else "fails"].append(path)
            if own[:2] in EXTENSION_LISTS and value is ABSENT:
                report["extension_macs_without_entry"].append(path)
        else:
            seen_encrypted.add(own)
            fits = encrypted_fits(seed, path, text, stored, key)
            where = "unreadable" if fits is None else "fits" if fits else "fails"
            report["encrypted"][where].append(path)
    for where in EXTENSION_LISTS:
        settings = look_up(tree, where)
        for name in settings if isinstance(settings, dict) else ():
            if where + (name,) not in seen:
                report["extensions_without_mac"].append(name)
            elif seen_encrypted and where + (name,) not in seen_encrypted:
                report["extensions_without_encrypted_hash"].append(name)
    if isinstance(protection.get("super_mac"), str):
        text = value_text(protection["macs"]) if isinstance(protection.get("macs"), dict) else ""
        report["super_mac"] = mac_fits(seed, device_id, "", text, protection["super_mac"])
    if isinstance(protection.get("super_encrypted_hash"), str):
        text = canonical(without_empties(only_encrypted(macs)))
        report["super_encrypted_hash"] = encrypted_fits(
            seed, "", text, protection["super_encrypted_hash"], key)
    return report


def files_of(arg):
    if os.path.isdir(arg):
        names = [os.path.join(arg, name) for name in ("Preferences", "Secure Preferences")]
        return [name for name in names if os.path.isfile(name)]
    return [arg]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--seed")
    parser.add_argument("--device-id", default="")
    parser.add_argument("--os-crypt-password", default="peanuts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-v", action="store_true", help="name every entry that fits too")
    args = parser.parse_args()
    if args.seed is None:
        candidates = dict(SEEDS)
    elif args.seed in SEEDS:
        candidates = {args.seed: SEEDS[args.seed]}
    else:
        try:
            candidates = {"given": bytes.fromhex(args.seed)}
        except ValueError:
            parser.error("--seed is neither a known name nor hexadecimal")
    key = hashlib.pbkdf2_hmac("sha1", args.os_crypt_password.encode(), b"saltysalt", 1, 16)

    results, worst = [], 0
    names = [name for arg in args.paths for name in files_of(arg)]
    if not names:
        print("no Preferences or Secure Preferences there", file=sys.stderr)
        return 2
    for name in names:
        try:
            tree = load(name)
            if not isinstance(tree, dict):
                raise ValueError("top level is not an object")
        except (OSError, ValueError, RecursionError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            worst = max(worst, 2)
            continue
        best = None
        for label, seed in candidates.items():
            report = check(tree, seed, args.device_id, key)
            score = (len(report["mac"]["fits"]) + len(report["encrypted"]["fits"])
                     + (report["super_mac"] is True) + (report["super_encrypted_hash"] is True))
            if best is None or score > best[0]:
                best = (score, label, report)
        score, label, report = best
        report["file"], report["seed"] = name, label if score else None
        results.append(report)
        total = (len(report["mac"]["fits"]) + len(report["mac"]["fails"])
                 + len(report["encrypted"]["fits"]) + len(report["encrypted"]["fails"]))
        broken = (report["mac"]["fails"] or report["encrypted"]["fails"]
                  or report["super_mac"] is False or report["super_encrypted_hash"] is False
                  or report["extensions_without_mac"])
        if total and not score:
            worst = max(worst, 3)
        elif broken:
            worst = max(worst, 1)
        if not args.json:
            mac, enc = report["mac"], report["encrypted"]
            print(f"{name}: seed {report['seed']}")
            print(f"  macs: {len(mac['fits'])} fit, {len(mac['fails'])} do not; super_mac: "
                  f"{report['super_mac']}")
            print(f"  encrypted hashes: {len(enc['fits'])} fit, {len(enc['fails'])} do not, "
                  f"{len(enc['unreadable'])} unreadable; super_encrypted_hash: "
                  f"{report['super_encrypted_hash']}")
            for path in mac["fails"]:
                print(f"  MAC DOES NOT FIT: {path}")
            for path in enc["fails"]:
                print(f"  ENCRYPTED HASH DOES NOT FIT: {path}")
            for path in report["extensions_without_mac"]:
                print(f"  EXTENSION WITHOUT MAC: {path}")
            for path in report["extensions_without_encrypted_hash"]:
                print(f"  extension with a mac but no encrypted hash: {path}")
            for path in report["extension_macs_without_entry"]:
                print(f"  mac without an entry: {path}")
            if args.v:
                for path in mac["fits"]:
                    print(f"  mac fits: {path}")
    if args.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    return worst


if __name__ == "__main__":
    sys.exit(main())
