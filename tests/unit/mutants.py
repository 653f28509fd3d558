"""Faults to plant in copies of the core and the loop: what it says -> (file, old text, new text). The random world finds each."""

ORDER = {
    "an old event is held back for ever": ("hub.py", "event.seq > self.cursor.seq:", "event.seq >= self.cursor.seq:"),
    "a hole is skipped": ("hub.py", "self._held.pop(self.cursor.seq + 1, None)", "self._held.pop(min(self._held, default=0), None)"),
    "the head is not moved": ("hub.py", "                        self.cursor = event.cursor\n", ""),
    "what was held back in one life of the log goes out in the next": (
        "hub.py", "self.cursor, self._replay, self._held = head, replay, {}", "self.cursor, self._replay = head, replay"),
    "another life of the log is not said aloud": (
        "hub.py", "                        feed.append(frames[feed.encoding])\n", " " * 24 + "pass\n"),
    "a newcomer of a new encoding is forgotten": (
        "hub.py", "missing := wanted.keys() - frames.keys()", "missing := () if frames else wanted.keys() - frames.keys()"),
    "something is encoded under the lock": ("hub.py", "feed.append(frames[encoding])", "feed.append(encoding.event(event))"),
    "a transient event is sent twice": (
        "hub.py", "self._send_transient(event)", "self._send_transient(event), self._send_transient(event)"),
}
PAST = {
    "the window misses what is live": ("hub.py", "                        self._replay.append(event)\n", ""),
    "the past ends where the head is, not where live begins": (
        "hub.py", "self._replay.beginning(feed, cursor, head, ", "self._replay.beginning(feed, cursor, self.cursor, "),
    "replay begins one event late": ("replay.py", "low < event.seq <= high", "low + 1 < event.seq <= high"),
    "replay comes last page first": ("hub.py", "stream.replay = runs[::-1]", "stream.replay = runs"),
    "a page of another life is replayed": ("replay.py", " and event.epoch == epoch]", "]"),
    "a run is not told from that of other topics": ("replay.py", "self._runs.get(key, lambda", "self._runs.get(key[1:], lambda"),
    "a run is released twice": (
        "hub.py", "            run = stream.replay.pop()\n            self._runs.release(run)", "            run = stream.replay[-1]\n"
        "            self._runs.release(run)\n            stream.replay.pop()\n            self._runs.release(run)"),
    "a past that is never sent stays pending": ("hub.py", "self._runs.release(stream.replay.pop())", "stream.replay.pop()"),
    "a shared past is counted for each": ("runs.py", " for run in runs if not run.streams)", " for run in runs)"),
}
FEED = {
    "live begins one frame late": (
        "feed.py", "reader.at = self.end if at is None else at", "reader.at = self.end + 1 if at is None else at"),
    "the tape forgets too early": ("feed.py", "if self._at_end == self._readers:", "if self._at_end:"),
    "the tape never forgets": ("feed.py", "if self._at_end == self._readers:", "if False:"),
    "a lapse is not noticed": ("feed.py", "            if reader.at < self._first:\n", "            if False:\n"),
    "a slab of the past is served again": ("feed.py", "if start != reader.at or", "if"),
    "who begins behind the end counts as one who has read all": (
        "feed.py", "self._at_end += reader.at == self.end\n        self._entered", "self._at_end += 1\n        self._entered"),
    "a reader that leaves still counts": ("feed.py", "            self._readers -= 1\n", ""),
    "a feed outlives its last stream": ("feeds.py", "        if not feed.streams:\n", "        if False:\n"),
    "a heartbeat counts what is yet to come": ("hub.py", "if feed.moment == moment]", "]"),
    "a heartbeat goes back in time": ("feed.py", "return self.end, self._entered", "return self.end"),
}
GROWTH = {
    "growth is noted for the first encoding alone": ("hub.py", "ring |= self.growth.note(", "ring = ring or self.growth.note("),
    "growth of a life's end is not noted": ("hub.py", "ring = self.growth.note(lasting)", "ring = False"),
    "a heartbeat is not noted": ("hub.py", "ring = self.growth.note(still_silent)", "ring = False"),
    "an end is not noted": ("hub.py", "return self.growth.note((), ending=ending)", "return False"),
    "an end is noted but once": ("growth.py", "self._ended += ending", "self._ended = self._ended or [*ending]"),
    "the bell is rung for the second growth, not the first": ("growth.py", "was_empty = not (", "was_empty = bool("),
    "room is never given": ("growth.py", "self._bytes, self._taken_bytes = self._bytes - size, 0", "self._taken_bytes = 0"),
    "follow does not wait": ("growth.py", "return self._bytes < self._room_bytes", "return True"),
    "one who was ended before it came to the loop stays": (
        "loop.py", "if stream.closing:\n            self._audience.end", "if False:\n            self._audience.end"),
}
PLACES = {
    "a place is not given back": ("places.py", "        self.taken -= 1\n", ""),
    "a user's place is not given back": ("places.py", "        self._users.remove(user)\n", ""),
    "a refused address has taken the user's place": (
        "places.py", "        self._users.check(user)\n        self._addresses.check(address)\n        self._users.add(user)\n",
        "        self._users.check(user)\n        self._users.add(user)\n        self._addresses.check(address)\n"),
    "one more than the most": ("places.py", "if self.taken >= most:", "if self.taken > most:"),
    "a user has one more": ("places.py", "self._counts.get(holder, 0) >= self._most", "self._counts.get(holder, 0) > self._most"),
    "a stream whose past cannot be read stays": (
        "hub.py", "        except BaseException:\n            self.leave(stream)\n", "        except BaseException:\n"),
}
OWNERS = {
    "an owner outlives its streams": ("owners.py", "        if not held.streams:\n", "        if False:\n"),
    "an owner leaves with its first stream": ("owners.py", "        if not held.streams:\n", "        if True:\n"),
    "the owners that waited longest are not due": ("owners.py", " and held.turn > self._turn - turns:", ":"),
    "an owner that was checked stays in front": ("owners.py", "            held = self._held.pop(owner)\n", (
        "            held = self._held[owner]\n")),
    "an owner that was checked is due at once": ("owners.py", "            held.turn, self._held[owner] = self._turn, held\n", (
        "            self._held[owner] = held\n")),
    "one stream of an owner ends, not all": ("hub.py", "self._end(self._owners.streams(owner, topics), reason", (
        "self._end(self._owners.streams(owner, topics)[:1], reason")),
    "a topic is lost that the stream never saw": ("hub.py", "topics and topics & stream.feed.topics", "topics"),
}
LOOP = {
    "a straggler rejoins one frame early": (
        "audience.py", "rest = rest or stream.next(pack.at)", "rest = rest or stream.at < pack.at - 1 and stream.next(pack.at)"),
    "a newcomer is not held to the pack": ("audience.py", "stream.next(pack.at)", "stream.next()"),
    "a newcomer ahead of the pack sees an event twice": ("audience.py", "if pack.at < stream.at: ", "if False: "),
    "a pack begins where its first newcomer stands": ("pack.py", "        feed.start_reading(self)\n\n    def send", (
        "        feed.start_reading(self, 0)\n\n    def send")),
    "who is late keeps its place in the pack": ("pack.py", "        self.fds.difference_update(rests)\n", ""),
    "who is late begins before the slab": ("audience.py", "feed.start_reading(self.streams[fd], pack.at)", (
        "feed.start_reading(self.streams[fd], pack.at - 1)")),
    "who is late begins at the end": ("audience.py", "feed.start_reading(self.streams[fd], pack.at)", (
        "feed.start_reading(self.streams[fd])")),
    "the pack's half send is sent whole again": ("pack.py", "memoryview(slab)[sent:]", "memoryview(slab)"),
    "the pack's half send is forgotten": ("pack.py", "memoryview(slab)[sent:]", "b\"\""),
    "a straggler's rest is lost": ("audience.py", "            return self.drop(stream)\n        self._rests[fd] = rest\n", (
        "            return self.drop(stream)\n        self._rests[fd] = b\"\"\n")),
    "a straggler's rest is not shortened": ("audience.py", "memoryview(rest)[sent:]", "memoryview(rest)"),
    "who has had a share is forgotten": ("audience.py", "            self._ready[fd] = None\n", ""),
    "who rejoins stays a straggler": ("audience.py", "        del self._rests[fd]\n        pack.fds", "        pack.fds"),
    "who rejoins keeps a place on the tape": ("audience.py", "        stream.feed.stop_reading(stream)\n", ""),
    "who rejoins is not in the pack": ("audience.py", "        pack.fds.add(fd)\n", ""),
    "who takes something is still blocked": ("audience.py", "                self._blocked.pop(fd, None)\n", ""),
    "last words in the middle of a frame": (
        "audience.py", "b\"\" if self._rests.get(stream.fd) else stream.last_words()", "stream.last_words()"),
    "a pack of none is read on": (
        "audience.py", "while pack.streams and (slab := pack.feed.read(pack)):", "while slab := pack.feed.read(pack):"),
    "a pack outlives its streams": ("audience.py", "        if not pack.streams:\n", "        if False:\n"),
    "a pack that is over still reads": ("audience.py", "            pack.dissolve()\n", ""),
    "who is gone stays in the pack": ("audience.py", "        pack.fds.discard(fd)\n", ""),
    "who is gone is still blocked": (
        "audience.py", "        self._blocked.pop(fd, None)\n        pack.fds.discard", "        pack.fds.discard"),
    "who is gone has not left the hub": ("audience.py", "        stream.leave()\n", ""),
    "more newcomers than a turn welcomes are lost": (
        "loop.py", "if self._audience.is_waiting or self._newcomers:", "if self._audience.is_waiting:"),
    "a loop that sleeps is not told of a newcomer": ("loop.py", "        if self._is_asleep:\n            self.ring()\n", ""),
    "a loop falls asleep after it has looked for newcomers": (
        "loop.py", "        events = self._epoll.poll(self._patience_s(), BATCH)\n",
        "        self._is_asleep = False\n        patience_s = self._patience_s()\n        self._is_asleep = True\n"
        "        events = self._epoll.poll(patience_s, BATCH)\n"),
    "a stream that cannot be watched stays": (
        "loop.py", "            return self._audience.drop(stream)\n        if stream.closing", (
            "            return\n        if stream.closing")),
}
POLLS = {
    "an answer says that one has what comes after it": ("replay.py", "return run.slab, high", "return run.slab, head.seq"),
    "an answer has more than a page": ("feed.py", "if len(frames) > PAGE:", "if False:"),
    "an empty answer says that one has what is on the tape": ("feed.py", " or self.end > at else", " else"),
    "a heartbeat is an answer": ("feeds.py", "            if feed.encoding.is_once:\n", "            if False:\n"),
    "polls are not told that all start over": ("hub.py", "return self._end([stream for stream in self._streams if", (
        "return self._end([stream for stream in () if")),
    "a poll is answered twice": ("audience.py", "[*pack.fds] if pack.feed.encoding.is_once else ()", "()"),
    "a poll that is late is answered twice": (
        "audience.py", "if stream.feed.encoding.is_once and not rest:", "if False:"),
    "a place to wait is not given back": ("places.py", "        self.waiting -= waits\n", ""),
    "one more waits than may": ("places.py", "self.waiting >= self._most_waiting", "self.waiting > self._most_waiting"),
}
TALK = {
    "a loop that sleeps is not told that something is done": (
        "talk.py", "((stream, outcome))\n        self._ring()\n", "((stream, outcome))\n"),
    "what a client says after a piece is not heard": ("talk.py", "if len(data) == PIECE:", "if False:"),
    "who had more to say is forgotten": ("talk.py", "        return bool(self._unheard)", "        return False"),
    "what one was yet to be told is told to the next": (
        "talk.py", "        self._asides.pop(fd, None)\n        self._unheard", "        self._unheard"),
    "what one is told alone is told twice": ("talk.py", "return self._asides.pop(fd, b\"\")", "return self._asides.get(fd, b\"\")"),
    "a second answer takes the place of the first": ("talk.py", "self._asides.get(fd, b\"\") + words", "words"),
    "only the first thing that is asked for is done": (
        "loop.py", "        stream.dialogue.finish()\n        self._talk.send_for(stream)\n", "        stream.dialogue.finish()\n"),
    "one who has parted is told what is done": (
        "loop.py", "if stream.fd is not None and not stream.has_parted:", "if stream.fd is not None:"),
    "who has parted has more frames coming": ("handoff.py", "        if self.has_parted:\n            return b\"\"\n", ""),
    "who has parted stays": ("audience.py", "        if stream.has_parted:\n", "        if False:\n"),
    "an answer comes in the middle of a frame": ("audience.py", (
        "rest = rest or self._take_words(fd, stream)"), "rest = self._take_words(fd, stream) or rest"),
    "who is moved is answered before what it has yet to read": ("audience.py", "if fd in self._moved and stream.replay", "if False"),
    "who steps out of the pack begins at the end": (
        "audience.py", "            stream.feed.start_reading(stream, pack.at)\n", "            stream.feed.start_reading(stream)\n"),
    "who steps out of the pack stays in it": ("audience.py", "            pack.fds.remove(fd)\n", ""),
    "who is moved stays in the old pack": ("audience.py", "            self._leave_pack(old)\n", ""),
    "who is moved is in no pack": ("audience.py", "            self._enter_pack(stream.feed)\n", ""),
    "what one who is moved has yet to read is lost": (
        "hub.py", "runs = [Run(slab)] if (slab := old.unread(stream)) else []", "runs = []"),
    "what one who is moved has yet to read comes before its past": ("hub.py", "stream.replay[:0] = runs", "stream.replay += runs"),
    "what one who is moved has yet to read is not counted": (
        "hub.py", "                self._runs.hold(runs)\n            except HubFull", "                pass\n            except HubFull"),
    "who is moved reads the old feed": ("hub.py", "            old.leave(stream)\n", ""),
    "a feed outlives the last one who is moved": ("hub.py", "            old.leave(stream)\n            self._feeds.leave(old)\n", (
        "            old.leave(stream)\n")),
}
MUTANTS = ORDER | PAST | FEED | GROWTH | PLACES | OWNERS | LOOP | POLLS | TALK
