"""Feeds: which there are, by what their listeners asked for and by topic. A feed is made for its first stream and goes with its last.

The caller holds the hub's lock, always.
"""
from .feed import Feed


class Feeds:
    def __init__(self, hub):
        self._hub = hub
        self._feeds = {}        # (topics, encoding) -> Feed
        self._index = {}        # topic -> encoding -> {Feed: None}

    def __iter__(self):
        return iter(self._feeds.values())

    def __len__(self):
        return len(self._feeds)

    def of(self, topic):
        """Return {encoding: feeds that see `topic`}."""
        return self._index.get(topic, {})

    def silent(self, now, heartbeat_s):
        """Return {feed: its moment} of those that have had no event for `heartbeat_s`; those of polls are silent until they answer."""
        silent = {}
        for feed in self._feeds.values():
            if feed.encoding.is_once:
                continue
            feed.quiet_since = now if feed.quiet_since is None else feed.quiet_since
            if now - feed.quiet_since >= heartbeat_s:
                silent[feed] = feed.moment
        return silent

    def enter(self, topics, encoding):
        """Return the feed of these topics, a frozenset, for one more stream."""
        feed = self._feeds.get((topics, encoding)) or self._open(topics, encoding)
        feed.streams += 1
        return feed

    def leave(self, feed):
        """One of its streams is over."""
        feed.streams -= 1
        if not feed.streams:
            self.retire(feed)

    def retire(self, feed):
        """It grows no more, and whoever comes has another. Twice is harmless."""
        if self._feeds.get((feed.topics, feed.encoding)) is feed:
            self._close(feed)

    def _open(self, topics, encoding):
        feed = self._feeds[topics, encoding] = Feed(self._hub, topics, encoding)
        for topic in topics:
            self._index.setdefault(topic, {}).setdefault(encoding, {})[feed] = None
        return feed

    def _close(self, feed):
        del self._feeds[feed.topics, feed.encoding]
        for topic in feed.topics:
            encodings = self._index[topic]
            del encodings[feed.encoding][feed]
            if not encodings[feed.encoding]:
                del encodings[feed.encoding]
            if not encodings:
                del self._index[topic]
