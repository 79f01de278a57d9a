"""Unpacks what real-extensions.sh has fetched, which see.

    real_extensions.py TABLE OUTPUT_DIR [REGISTRY]
"""
import csv
import fnmatch
import glob
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

TABLE, OUT = sys.argv[1:3]
ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
DOWNLOADS = OUT + "/_dl"
LARGEST = 60_000_000


def inside(name):
    """A name in an archive as a path below a folder, or None where it would lead out of it."""
    name = name.lstrip("./")
    return None if not name or ".." in name.split("/") or name.startswith("/") else name


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as handle:
        handle.write(data)


def unzip(data, folder):
    """A ZIP, also behind the header of a .crx of version 2 or 3."""
    if data[:4] == b"Cr24":
        number = lambda at: int.from_bytes(data[at:at + 4], "little")
        data = data[12 + number(8):] if number(4) == 3 else data[16 + number(8) + number(12):]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            name = inside(entry.filename)
            if name and not entry.is_dir() and entry.file_size <= LARGEST:
                write(f"{folder}/{name}", archive.read(entry))


def untar(path, folder):
    with tarfile.open(path) as archive:
        for member in archive:
            name = inside(member.name)
            if name and member.isfile() and member.size <= LARGEST:
                write(f"{folder}/{name}", archive.extractfile(member).read())


def read(path):
    with open(path, "rb") as handle:
        return handle.read()


unpacked = {}


def unpack(registry, package):
    """The folder with the package's files; empty where the package could not be had."""
    if (registry, package) not in unpacked:
        folder = unpacked[registry, package] = tempfile.mkdtemp(dir=DOWNLOADS)
        try:
            if registry == "npm":
                untar(f"{DOWNLOADS}/npm/{package.replace('/', '_').replace('@', '_')}.tgz", folder)
            elif registry == "pypi":
                for wheel in glob.glob(f"{DOWNLOADS}/pypi/{package.split('==')[0]}/*"):
                    unzip(read(wheel), folder)
            elif registry == "deb":
                newest = sorted(glob.glob(f"{DOWNLOADS}/deb/{package}_*.deb"))[-1]
                subprocess.run(["dpkg-deb", "-x", newest, folder], check=True)
        except (OSError, IndexError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
            print(f"real-extensions: {registry} {package}: {error}", file=sys.stderr)
    return unpacked[registry, package]


def copy(source, target, package):
    """Copies a tree; links are followed where they stay inside the package, as Debian's packages have them."""
    shutil.rmtree(target, ignore_errors=True)
    root, seen = os.path.realpath(package) + "/", set()

    def walk(source, target):
        for name in sorted(os.listdir(source)):
            path = os.path.join(source, name)
            if os.path.islink(path):
                goal = os.readlink(path)
                path = os.path.realpath(package + goal if goal.startswith("/") else path)
                if not path.startswith(root) or not os.path.exists(path):
                    continue
            if os.path.isdir(path):
                if os.path.realpath(path) not in seen and name not in ("node_modules", ".git"):
                    seen.add(os.path.realpath(path))
                    walk(path, os.path.join(target, name))
            elif os.path.isfile(path):
                os.makedirs(target, exist_ok=True)
                shutil.copyfile(path, os.path.join(target, name))
    walk(source, target)


def extension(registry, package, path, slug):
    """Lays one extension into benign/; says whether it is there."""
    base, target = unpack(registry, package), f"{OUT}/benign/{slug}"
    source = os.path.join(base, path.rstrip("!"))
    if not os.path.exists(source):
        print(f"real-extensions: {package} has no {path}", file=sys.stderr)
        return False
    if path.endswith("!"):
        shutil.rmtree(target, ignore_errors=True)
        unzip(read(source), target)
        deeper = glob.glob(glob.escape(target) + "/*/manifest.json")
        if deeper and not os.path.isfile(target + "/manifest.json"):
            os.rename(os.path.dirname(deeper[0]), target + ".inner")
            shutil.rmtree(target)
            os.rename(target + ".inner", target)
    else:
        copy(source, target, base)
    return os.path.isfile(target + "/manifest.json")


def suite(registry, package, pattern, name):
    base, target = unpack(registry, package), f"{OUT}/suites/{name}"
    os.makedirs(target, exist_ok=True)
    count = 0
    for folder, _, files in os.walk(base):
        for file in files:
            path = os.path.join(folder, file)
            if fnmatch.fnmatch(os.path.relpath(path, base), pattern) and os.path.isfile(path) and not os.path.islink(path):
                shutil.copyfile(path, f"{target}/{file}")
                count += 1
    write(f"{target}/README.txt", f"{count} files out of the {registry} package {package} ({pattern}), unmodified.\n".encode())
    print(f"suite {name}: {count} files")


def main():
    rows = []
    with open(TABLE, encoding="utf-8") as handle:
        lines = [line.rstrip("\n").split("|") for line in handle if line.strip() and not line.startswith("#")]
    for what, registry, *rest in lines:
        if ONLY and registry != ONLY:
            continue
        if what == "suite":
            suite(registry, *rest)
        elif extension(registry, *rest[:3]):
            package, path, slug, category = rest
            rows.append((slug, f"{registry}:{package}", path, category))
    with open(OUT + "/real-extensions.csv", "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("slug", "source", "root", "category"), *rows])
    print(f"real extensions: {len(rows)}")


try:
    main()
finally:
    for left in unpacked.values():
        shutil.rmtree(left, ignore_errors=True)
