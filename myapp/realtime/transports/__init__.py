"""Transports: what an event looks like on the wire. An encoding is stateless, and one object of it serves all feeds.

An encoding has
    event(event) -> bytes               its frame, made once and shared
    slab(frames) -> bytes               several frames in one piece; of one frame, that very object
    connected(cursor), heartbeat(cursor), reset(reason, cursor, spread_ms), closing(reason) -> bytes
Any thread may call any of them; none blocks.
"""
