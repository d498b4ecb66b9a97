"""No web page reaches a server without keys under a name of its own, and people's tunnels do."""

import asyncio

import httpx
import pytest
from served import serving

from govor.errors import UsageError
from govor.serve.hosts import HostNames, require_host_name


def status(headers, host="127.0.0.1", allowed=()):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    asyncio.run(HostNames(app, host, allowed)(scope, None, send))
    return sent[0]["status"]


@pytest.mark.parametrize("name", ["127.0.0.1:7860", "localhost", "LOCALHOST:9", "[::1]:7860"])
def test_this_machine_answers_under_its_names(name):
    assert status({"host": name}) == 200
    assert status({"host": name, "origin": f"http://{name}"}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:7860"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {},
        {"host": "[::1"},
        {"host": "192.168.1.5:7860"},
        {"host": "localhost:7860", "origin": "http://evil.example"},
        {"host": "localhost:7860", "origin": "http://localhost:3000"},
        {"host": "localhost:7860", "origin": "http://localhost:3000.evil.example"},
        {"host": "localhost:7860", "origin": "null"},
    ],
)
def test_other_names_and_other_pages_are_refused(headers):
    assert status(headers) == 403


def test_on_a_network_addresses_pass_and_names_do_not():
    assert status({"host": "192.168.1.5:7860"}, host="0.0.0.0") == 200
    assert status({"host": "[fe80::1]:7860"}, host="::") == 200
    assert status({"host": "evil.example:7860"}, host="0.0.0.0") == 403
    assert status({"host": "192.168.1.5:80", "origin": "http://10.0.0.1"}, host="0.0.0.0") == 403


def test_allowed_names_pass_whatever_the_port():
    named = {"host": "a.tunnel.example", "origin": "https://a.tunnel.example"}
    assert status(named) == 403
    assert status(named, allowed=["a.tunnel.example"]) == 200
    assert status(named, allowed=["*.Tunnel.example"]) == 200
    assert status(named, allowed=["*.example.org", "tunnel.example"]) == 403
    proxied = {"host": "localhost:7860", "origin": "https://a.tunnel.example"}  # the proxy renames the host
    assert status(proxied, allowed=["a.tunnel.example"]) == 200


@pytest.mark.parametrize("name", ["", "*.", "http://a.example", "a.example/b", "a b", "a.example:80"])
def test_a_name_is_a_name(name):
    with pytest.raises(UsageError, match="--allowed-host"):
        require_host_name(name)


@pytest.mark.parametrize("keys", [(), ("k3y",)])
def test_a_server_with_keys_answers_under_any_name(keys):
    with serving(api_keys=keys) as (address, _):
        answer = httpx.get(f"{address}/health", headers={"host": "rebound.example"})
        assert answer.status_code == (200 if keys else 403)
        if not keys:
            assert "--allowed-host" in answer.json()["error"]["message"]
