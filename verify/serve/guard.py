"""What every request passes: the rules of access, a limit on its size, and the headers of every answer."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verify.errors import UsageError
from verify.language.speech import LANGUAGES, Language, speaking
from verify.serve.access import Access, comes_from_here
from verify.serve.pages import refused

LARGEST: Final = 64 * 1024
MOST_FIELDS: Final = 60
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
# What tells nothing, and makes a refusal readable.
OPEN: Final = ("/style.css",)
HEADERS: Final = {
    "x-content-type-options": "nosniff",
    # With `no-referrer` a form of ours would come from the origin `null`: https://fetch.spec.whatwg.org/#origin-header.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
PRINTED: Final = "open the address that `verify serve` printed"
LANGUAGE: Final = "verify_language"


@dataclass(frozen=True, slots=True)
class Guarded:
    """An application, guarded.

    Attributes:
        app: What answers those who are let in.
        access: Who is.
    """

    app: ASGIApp
    access: Access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", POLICY)
            await send(message)

        with speaking(_language_of(Headers(scope=scope))):
            turned_away = self._turned_away(scope)
            await (turned_away or self.app)(scope, receive, sent)

    def _turned_away(self, scope: Scope) -> Response | None:
        """Why nobody is let in, or None."""
        headers = Headers(scope=scope)
        host, method = headers.get("host", ""), scope["method"]
        if len(headers.getlist("host")) != 1 or not self.access.knows(host):
            return refused(403, "this server has another name", PRINTED)
        if method not in ("GET", "HEAD", "POST"):
            return refused(405, "there is nothing to do that way", PRINTED)
        if method == "POST" and not comes_from_here(headers.get("origin"), host):
            return refused(403, "that came from another page", "use the forms of this server's own pages")
        return None if _needs_no_token(scope) else self._stranger(headers)

    def _stranger(self, headers: Headers) -> Response | None:
        """What to answer to somebody without the token; None to somebody with it."""
        given = cookie_parser(headers.get("cookie", "")).get(self.access.cookie)
        if given is None:
            return refused(401, "this server opens with its token only", PRINTED)
        return None if self.access.opens(given) else refused(403, "that is not this server's token", PRINTED)


def _needs_no_token(scope: Scope) -> bool:
    """Whether it tells nothing, or is where a token is shown."""
    query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace")))
    return scope["path"] in OPEN or (scope["path"] == "/" and "token" in query)


def _language_of(headers: Headers) -> Language:
    """What the reader chose, else the first of the browser's languages that is spoken here."""
    chosen = cookie_parser(headers.get("cookie", "")).get(LANGUAGE, "")
    wanted = [part.partition(";")[0].strip().lower() for part in headers.get("accept-language", "").split(",")]
    spoken = (language for word in (chosen, *wanted) for language in LANGUAGES if word.partition("-")[0] == language)
    return next(spoken, "en")


async def form_of(request: Request, access: Access) -> dict[str, str]:
    """The fields of a form of ours, by name.

    Raises:
        UsageError: It is too large, no form, or not one of ours.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise UsageError("that is no form", "use the forms of this server's own pages")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise UsageError(f"the form is larger than {LARGEST:,} bytes", "write less into it")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, UnicodeError) as error:
        raise UsageError("the form cannot be read", "use the forms of this server's own pages") from error
    form = dict(fields)
    if not access.is_ours(form.pop("form", None)):
        raise UsageError("the form is not of this server, or of an earlier start", "load the page again, then send it")
    return form
