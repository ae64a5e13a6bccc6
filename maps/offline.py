"""Folium pages that need no internet: our own small set of browser code, inlined into the page.

Decides where scripts and styles come from and what the page may do (its content security policy).  What stands on
the page is the business of the rooms that make one, such as `maps.plan_map`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

import folium
from folium.template import Template

from gis.errors import StorageError

ASSETS = Path(__file__).parent / "assets" / "node_modules"
STATIC = Path(__file__).parent / "static"

_PACKAGE_FILES = {"leaflet.js": "leaflet/dist/leaflet.js", "leaflet.css": "leaflet/dist/leaflet.css"}
_LINK = re.compile(r'<script src="([^"]*)"></script>|<link rel="stylesheet" href="([^"]*)"\s*/>')
_CSS_PICTURE = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_PICTURE_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif"}


class OfflineMap(folium.Map):
    """A folium map that loads Leaflet from our assets and nothing else.

    folium's own Map loads ten files from four outside hosts and names its elements by chance; this one names them
    by what they are, so that the same map gives the same bytes.  A subclass, because folium keeps its links in
    shared class state.

    Attributes
    ----------
    default_js, default_css
        Bare file names; `render_page` turns them into the text of the file.
    """

    default_js = [("leaflet", "leaflet.js")]  # noqa: RUF012 - the shape folium asks for
    default_css = [("leaflet_css", "leaflet.css")]  # noqa: RUF012

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta name="viewport" content="width=device-width, initial-scale=1" />
        {% endmacro %}
        {% macro html(this, kwargs) %}
            <main class="gw-map" id="{{ this.get_name() }}"></main>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = L.map(
                {{ this.get_name()|tojson }},
                { center: {{ this.location|tojson }}, ...{{ this.options|tojavascript }} }
            );
        {% endmacro %}
        """
    )

    def __init__(self, name: str, location: tuple[float, float], **options: object) -> None:
        super().__init__(location=location, tiles=None, zoom_control=False, **options)
        self._name, self._id = "map", name
        # The figure knows its children by the name they had when they came.
        figure = self.get_root()
        figure._children.clear()
        figure._children[self.get_name()] = self
        figure._id = name


def render_page(page: OfflineMap, title: str) -> str:
    """The whole page as one text: scripts, styles and pictures inside, and a policy that forbids every request.

    Parameters
    ----------
    page
        The map with everything on it.
    title
        Shown by the browser's tab; may hold any characters.

    Raises
    ------
    StorageError
        ``map_assets_missing``: the browser packages are not installed.
    ValueError
        A script or style points outside.
    """
    page.get_root().title = escape(title)
    html = _LINK.sub(lambda match: _inlined(match[1] or match[2]), page.get_root().render())
    # Only the scripts and styles that stand here now count: an attribute or element that data smuggles in does nothing.
    scripts, styles = (" ".join(_hashes(part.findall(html))) for part in (_SCRIPT, _STYLE))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return html.replace("<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}" />', 1)


def script_text(text: str) -> str:
    """JavaScript as it may stand between script tags."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def asset_file(name: str) -> Path:
    """Where a bare file name lies: our own static files first, then the browser packages.

    Raises
    ------
    StorageError
        ``map_assets_missing``.
    """
    path = STATIC / name if (STATIC / name).is_file() else ASSETS / _PACKAGE_FILES.get(name, name)
    if not path.is_file():
        raise StorageError("map_assets_missing", file=name, measured=str(path))
    return path


def _inlined(name: str) -> str:
    if "://" in name or name.startswith("//"):
        raise ValueError(f"the page would ask an outside host: {name}")
    path = asset_file(name)
    text = path.read_text(encoding="utf-8")
    if name.endswith(".js"):
        # Source map links would be asked for by developer tools.
        text = re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)
        return f"<script>{script_text(text)}</script>"
    return f"<style>{_CSS_PICTURE.sub(lambda m: _picture(path.parent, m), text)}</style>"


def _picture(folder: Path, match: re.Match[str]) -> str:
    path = folder / match[1]
    if path.suffix not in _PICTURE_TYPES or not path.is_file():
        return match[0]  # "url(#default#VML)" of old browsers: no request
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"url(data:{_PICTURE_TYPES[path.suffix]};base64,{data})"


def _hashes(texts: list[str]) -> list[str]:
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in texts}
    return [f"'sha256-{digest}'" for digest in sorted(digests)]
