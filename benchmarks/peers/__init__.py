"""The peers: small, idiomatic servers of the same four addresses, written as their own documentation would have it.

    GET /events             a stream of server-sent events
    POST /pub?count=N       publish N events of content.py to all streams
    GET /page               page.jinja2
    GET /busy?seconds=S     compute for S seconds
"""
