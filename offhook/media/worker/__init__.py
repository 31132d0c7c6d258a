"""The media worker: a process that carries sound and knows nothing of calls.

Only `loop` has sockets and a clock; every other module takes bytes and `now`
(monotonic seconds) and gives bytes. `offhook.media.wire` is all the server and
the worker know of each other.
"""
