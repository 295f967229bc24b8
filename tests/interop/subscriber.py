"""A subscriber as any foreign program would write it: subscriber.py ENDPOINT NAME COUNT SECONDS.

Prints a JSON list of the messages it got, each a list of its frames as text; says "subscribed" first.
"""

import json
import sys
import time

import zmq

endpoint, name, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
socket = zmq.Context.instance().socket(zmq.SUB)
socket.setsockopt_string(zmq.SUBSCRIBE, name)
socket.connect(endpoint)
print("subscribed", flush=True)
messages = []
end = time.monotonic() + seconds
while len(messages) < count and time.monotonic() < end:
    if socket.poll(100):
        messages.append([frame.decode("utf-8") for frame in socket.recv_multipart()])
print(json.dumps(messages))
socket.close(linger=0)
