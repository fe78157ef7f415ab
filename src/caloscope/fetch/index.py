"""The names in a web server's page for a folder."""

from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from caloscope.fetch.limits import MAX_NAMES
from caloscope.fetch.server import Entry


def page_entries(page: str, place: str) -> list[Entry]:
    """What a page at address `place` links to directly beneath itself; each name once.

    Links that sort the page, lead upwards or to other servers are no entries.
    """
    links = _Links()
    links.feed(page)
    links.close()
    base = urlsplit(place)
    found = (_entry(link, place, base.netloc, unquote(base.path)) for link in links.found)
    return list(dict.fromkeys(entry for entry in found if entry is not None))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and len(self.found) < MAX_NAMES:
            self.found += [value for key, value in attrs if key == "href" and value]


def _entry(link: str, place: str, server: str, folder: str) -> Entry | None:
    try:
        parts = urlsplit(urljoin(place, link))
    except ValueError:
        return None
    path = unquote(parts.path)
    folder = folder[: folder.rindex("/") + 1] if "/" in folder else "/"
    name = path.removeprefix(folder)
    if parts.netloc != server or not path.startswith(folder) or not name.strip("/"):
        return None
    return Entry(name.removesuffix("/"), name.endswith("/"))
