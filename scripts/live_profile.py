"""Keeps a real Chromium busy while something else reads its profile: extensions come and go until standard input ends.

    live_profile.py OUTPUT_DIR BROWSER live

Prints "ready" once the browser runs, and at the end one line of JSON: how often extensions were added and removed, and whether the
browser still answered and held what it should. The samples are those of make_real_profiles.py, and do nothing.
"""
import json
import os
import select
import shutil
import sys

import make_real_profiles as made

SAMPLES = ["alpha", "bravo", "foxtrot", "golf", "hotel"]


def main():
    folder = made.OUT + "/live"
    shutil.rmtree(folder, ignore_errors=True)
    for path in (made.HOME, made.EXT):
        os.makedirs(path, exist_ok=True)
    made.make_samples()
    loaded, added, removed = {}, 0, 0
    with made.Run(folder, "Default") as run:
        loaded["alpha"] = run.load("alpha")
        made.wait_for(lambda: os.path.isfile(folder + "/Default/Preferences"), 20, "preferences")
        print("ready", flush=True)
        turn = 0
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            name = SAMPLES[turn % len(SAMPLES)]
            if name in loaded:
                run.call("Extensions.uninstall", {"id": loaded.pop(name)})
                removed += 1
            else:
                loaded[name] = run.load(name)
                added += 1
            # Out of step with the number of samples, so that the sets differ.
            turn += 1 + (turn // 7) % 3
        there = {one["id"] for one in run.call("Extensions.getExtensions")["extensions"]}
        answer = {"added": added, "removed": removed, "undisturbed": set(loaded.values()) <= there and run.process.poll() is None}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
