"""An OpenID Connect provider for the tests: the code flow with PKCE, identity tokens signed by RS256, signing out.

It refuses whatever the specification says is wrong, and notes it in `refused`. People have an account here by a cookie,
as after a password.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

CLIENT, SECRET = "allscope", "the client's secret"
ACCOUNT = "account"
"""The cookie that says who somebody is at the provider."""


class RefusedError(Exception):
    """What a client asked for is not as the specification says."""


@dataclass
class Provider:
    """What the provider knows: the client's address, people with their claims, and codes that were given out.

    `forging` has identity tokens signed by a key that is nobody's.
    """

    callback: str
    people: Mapping[str, Mapping[str, object]]
    address: str = ""
    forging: bool = False
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}))
    refused: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    _codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    @property
    def metadata_url(self) -> str:
        """Where the discovery document is, as `server_metadata_url` names it."""
        return f"{self.address}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, object]:
        """Return the discovery document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "end_session_endpoint": f"{self.address}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile", "groups"],
        }

    def authorize(self, asked: dict[str, str], account: str) -> str:
        """Return the address with a code for whoever has an account, to which the browser goes back."""
        _expect(asked, client_id=CLIENT, redirect_uri=self.callback, response_type="code", code_challenge_method="S256")
        for needed in ("state", "nonce", "code_challenge"):
            if not asked.get(needed):
                raise RefusedError(f"no {needed}")
        if "openid" not in asked.get("scope", "").split():
            raise RefusedError("the scope is not that of OpenID Connect")
        if account not in self.people:
            raise RefusedError(f"nobody called {account!r} has an account")
        code = secrets.token_urlsafe()
        self._codes[code] = account, asked
        return f"{self.callback}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str], authorization: str) -> dict[str, object]:
        """Return the tokens for a code, which counts once."""
        kind, _, password = authorization.partition(" ")
        if kind != "Basic" or base64.b64decode(password).decode().split(":") != [CLIENT, SECRET]:
            raise RefusedError("the client's secret is wrong")
        _expect(asked, grant_type="authorization_code", redirect_uri=self.callback)
        if asked.get("code") not in self._codes:
            raise RefusedError("no such code")
        account, before = self._codes.pop(asked["code"])
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != before["code_challenge"]:
            raise RefusedError("the verifier does not fit the challenge")
        now, scope = int(time.time()), before["scope"].split()
        told = {name: value for name, value in self.people[account].items() if name != "groups" or "groups" in scope}
        claims = {
            "iss": self.address, "sub": account, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": before["nonce"],
            **told,
        }  # fmt: skip
        key = RSAKey.generate_key(2048, {"kid": "1"}) if self.forging else self.key
        identity = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
        return {
            "access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 300, "id_token": identity,
        }  # fmt: skip

    def end(self, asked: dict[str, str]) -> str:
        """Sign somebody out here as well, and return where the browser goes then."""
        _expect(asked, client_id=CLIENT, post_logout_redirect_uri=self.callback)
        self.ended.append(jwt.decode(asked.get("id_token_hint", ""), self.key, algorithms=["RS256"]).claims["sub"])
        return self.callback


def _expect(asked: dict[str, str], **expected: str) -> None:
    for name, value in expected.items():
        if asked.get(name) != value:
            raise RefusedError(f"{name} is {asked.get(name)!r}, expected {value!r}")


@contextmanager
def providing(callback: str, people: Mapping[str, Mapping[str, object]]) -> Iterator[Provider]:
    """Run a provider whose one client is called back at `callback`."""
    provider = Provider(callback, people)

    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.address = f"http://localhost:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        place, asked = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        account = SimpleCookie(self.headers.get("Cookie", "")).get(ACCOUNT)
        with self._refusing():
            if place == "/.well-known/openid-configuration":
                self._say(self.provider.metadata())
            elif place == "/keys":
                self._say({"keys": [self.provider.key.as_dict(private=False)]})
            elif place == "/authorize":
                self._lead(self.provider.authorize(asked, unquote(account.value) if account else ""))
            elif place == "/end":
                self._lead(self.provider.end(asked), f"{ACCOUNT}=; Max-Age=0; Path=/")
            else:
                self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self._refusing():
            self._say(self.provider.token(dict(parse_qsl(body)), self.headers.get("Authorization", "")))

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (RefusedError, JoseError) as error:
            self.provider.refused.append(str(error))
            self._say({"error": "invalid_request", "error_description": str(error)}, 400)

    def _say(self, what: object, status: int = 200) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _lead(self, address: str, cookie: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", address)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass
