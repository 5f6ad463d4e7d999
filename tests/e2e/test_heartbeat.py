"""A sign of life goes to an address outside while a service commits, and does not while it does not, though the process lives."""
import http.server
import threading
import time

import pytest
from shouwang import wait_until


@pytest.fixture(scope="module")
def outside():
    """Somebody who listens for signs of life; answers the times of those that came, by path."""
    beats = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            beats.setdefault(self.path, []).append(time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", beats
    server.shutdown()


@pytest.mark.parametrize("service", ["escalator", "notifier"])
def test_it_comes_while_the_service_commits(shouwang, outside, service):
    url, beats = outside
    shouwang.process(service).stop()
    shouwang.start_service(service, heartbeat_url=f"{url}/{service}", heartbeat_every="200ms")
    wait_until(lambda: len(beats.get(f"/{service}", [])) >= 5, "five signs of life", 20)
    assert shouwang.metric(service, "sw_heartbeat_total") >= 5


def test_it_does_not_come_while_nothing_is_committed(shouwang, outside):
    """A process that lives and reaches no broker."""
    url, beats = outside
    shouwang.launch("escalator", 1, heartbeat_url=f"{url}/away", heartbeat_every="100ms", bootstrap_servers="127.0.0.1:1")
    try:
        wait_until(lambda: shouwang.metric("escalator", "sw_heartbeat_total", 1) >= 5, "it lives", 20)
        assert 'sw_heartbeat_total{outcome="held_back"}' in shouwang.admin("escalator", "/metrics", 1)[1]
        assert "/away" not in beats
    finally:
        shouwang.process("escalator-1").stop()
