"""Any interleaving gives each client exactly its events; and a core or a loop with a planted fault is found out."""
import os
from collections import Counter

import pytest

from . import copies, world
from .mutants import MUTANTS

SEEDS = range(int(os.environ.get("SEEDS", 50)))
MET = {"held up", "lagging", "revoked", "lifetime", "shutdown", "HubFull", "TooManyStreams", "TooManyPolls"}
# Of answers to polls: (whether they tell events, whether there are more, whether the client keeps its cursor, why it starts over)
MET |= {("answer", *kind) for kind in [
    (True, False, False, None), (True, True, False, None), (False, False, False, None), (False, False, True, None),
    (False, True, True, None), (False, False, False, "epoch")]}
# Of what clients say: (how it was answered, whether by other topics)
MET |= {("done", True), ("done", False), ("ping", False), ("bye", False)}
# The seed that finds a fault which few find: it is tried first. Once the seeds are other worlds, the search is as long as it was.
FOUND_BY = {
    "the past ends where the head is, not where live begins": 18, "a heartbeat goes back in time": 24, "an end is noted but once": 11,
    "the owners that waited longest are not due": 26, "a loop falls asleep after it has looked for newcomers": 44,
    "an empty answer says that one has what is on the tape": 31, "polls are not told that all start over": 174,
    "a second answer takes the place of the first": 28, "only the first thing that is asked for is done": 27,
    "one who has parted is told what is done": 38, "who steps out of the pack begins at the end": 68,
    "what one who is moved has yet to read is lost": 11, "what one who is moved has yet to read comes before its past": 69,
    "who is moved reads the old feed": 13, "who is moved is answered before what it has yet to read": 28}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("core")


def test_any_interleaving_gives_each_client_exactly_its_events(folder):
    core = copies.load(folder)
    clients, seen, met = 0, 0, Counter()
    for seed in SEEDS:
        life = world.run(core, seed)
        clients += len(life.clients)
        seen += sum(len(client.ids) for client in life.clients)
        met += life.met
    assert clients > 20 * len(SEEDS) and seen > 400 * len(SEEDS) and MET <= met.keys(), "the worlds were too quiet to prove anything"


def test_a_seed_is_the_same_world_each_time(folder):
    one, other = ([world.run(copies.load(folder), seed).random.random() for seed in range(3)] for _ in range(2))
    assert one == other


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_planted_fault_is_found_out(folder, fault):
    core = copies.load(folder, MUTANTS[fault])
    with pytest.raises((AssertionError, LookupError, TypeError, ValueError, core.LogTrimmed)):      # a promise broken, or its own feet
        for seed in FOUND_BY.get(fault, 0), *range(5 * len(SEEDS)):     # the first that trips ends it
            world.run(core, seed)
