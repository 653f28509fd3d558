"""Any interleaving gives each client exactly its events; and a core with a planted fault is found out."""
import os

import pytest

from . import world

SEEDS = range(int(os.environ.get("SEEDS", 60)))

MUTANTS = {
    "an old event is held back for ever": ("hub.py", "event.seq > self.cursor.seq:", "event.seq >= self.cursor.seq:"),
    "a hole is skipped": ("hub.py", "self._held.pop(self.cursor.seq + 1, None)", "self._held.pop(min(self._held, default=0), None)"),
    "the head is not moved": ("hub.py", "                        self.cursor = event.cursor\n", ""),
    "the window misses what is live": ("hub.py", "                        self._replay.append(event)\n", ""),
    "live begins after the replay is read": (
        "hub.py", "[*self._begin(feed, cursor, head)][::-1]", "[*self._begin(feed, cursor, self.cursor)][::-1]"),
    "live begins one frame late": ("feed.py", "stream.at = self.end\n", "stream.at = self.end + 1\n"),
    "replay begins one event late": ("replay.py", "low < event.seq <= high", "low + 1 < event.seq <= high"),
    "replay comes last page first": ("hub.py", "cursor, head)][::-1]", "cursor, head)]"),
    "a heartbeat counts what is yet to come": ("hub.py", "if feed.moment == moment:", "if True:"),
    "a heartbeat goes back in time": ("feed.py", "return self.end, self._entered", "return self.end"),
    "a newcomer of a new encoding is forgotten": (
        "hub.py", "missing := wanted.keys() - frames.keys()", "missing := () if frames else wanted.keys() - frames.keys()"),
    "the tape forgets too early": ("feed.py", "if self._at_end == len(self.streams):", "if self._at_end:"),
    "the tape never forgets": ("feed.py", "if self._at_end == len(self.streams):", "if False:"),
    "a lapse is not noticed": ("feed.py", "            if stream.at < self._first:\n", "            if False:\n"),
    "a slab of the past is served again": ("feed.py", "if start != stream.at or", "if"),
    "what was held back in one life of the log goes out in the next": (
        "hub.py", "self.cursor, self._replay, self._held = head, replay, {}", "self.cursor, self._replay = head, replay"),
    "another life of the log is not said aloud": (
        "hub.py", "                        feed.append(frames[feed.encoding])\n                    return\n", " " * 24 + "pass\n"),
    "a page of another life is replayed": ("replay.py", " and event.epoch == epoch]", "]"),
    "a feed outlives its last stream": ("hub.py", "                if not feed.streams:\n", "                if False:\n"),
    "something is encoded under the lock": ("hub.py", "feed.append(frames[encoding])", "feed.append(encoding.event(event))"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("core")


def test_any_interleaving_gives_each_client_exactly_its_events(folder):
    core = world.load_core(folder)
    clients, seen = map(sum, zip(*(world.run(core, seed) for seed in SEEDS), strict=True))
    assert clients > 20 * len(SEEDS) and seen > 400 * len(SEEDS), "the worlds were too quiet to prove anything"


@pytest.mark.parametrize("mutation", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_planted_fault_is_found_out(folder, mutation):
    core = world.load_core(folder, mutation)
    with pytest.raises((AssertionError, LookupError, ValueError, core.LogTrimmed)):     # a promise broken, or its own feet
        for seed in range(5 * len(SEEDS)):      # the first that trips ends it
            world.run(core, seed)
