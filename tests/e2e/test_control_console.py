"""control: the console's page and files over HTTP. What they do in a browser: tests/console."""

import gzip
import re

import pytest

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
          "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
         "svg": "image/svg+xml"}


def fetch(control, path, **headers):
    return control.get(path, role=None,
                       headers={name.replace("_", "-"): value for name, value in headers.items()})


def names(page):
    return re.findall(r'"(/console/[^"]+)"', page.body.decode())


def test_the_page_and_its_files_come_without_a_token(control):
    page = fetch(control, "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    assert sorted(name.rsplit(".", 1)[1] for name in names(page)) == ["css", "js", "svg"]
    for name in names(page):
        file = fetch(control, name)
        assert file.status == 200
        assert file.headers["content-type"] == TYPES[name.rsplit(".", 1)[1]]
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_nothing_inline_and_nothing_from_elsewhere_is_allowed(control):
    page = fetch(control, "/")
    for answer in [page, *(fetch(control, name) for name in names(page))]:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(rb"<style|<script(?![^>]* src=)|\son\w+=|style=", page.body)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_a_browser_has_is_not_sent_again(control, encoding):
    for path in ["/", *names(fetch(control, "/"))]:
        first = fetch(control, path, Accept_Encoding=encoding)
        again = fetch(control, path, Accept_Encoding=encoding,
                      If_None_Match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = fetch(control, path, Accept_Encoding=encoding, If_None_Match='"other"')
        assert (other.status, other.body) == (200, first.body)


def test_who_takes_gzip_gets_less_of_the_same(control):
    for path in names(fetch(control, "/")):
        whole = fetch(control, path, Accept_Encoding="identity")
        small = fetch(control, path, Accept_Encoding="gzip")
        assert small.headers["vary"] == "Accept-Encoding"
        if small.headers.get("content-encoding") == "gzip":
            assert len(small.body) < len(whole.body)
            assert gzip.decompress(small.body) == whole.body
            assert small.headers["etag"] != whole.headers["etag"]
        else:
            assert small.body == whole.body


def test_the_console_is_small(control):
    sizes = [len(fetch(control, path, Accept_Encoding="gzip").body)
             for path in ["/", *names(fetch(control, "/"))]]
    assert sum(sizes) < 64 * 1024


def test_other_names_and_verbs_are_refused(control):
    script = next(name for name in names(fetch(control, "/")) if name.endswith(".js"))
    for path in ["/console/index.html", "/console/x.js", script + ".map", script[:-4] + "0.js"]:
        assert fetch(control, path).problem()["code"] == "no_file", path
        assert fetch(control, path).status == 404
    for path in ["/console", "/console/a/b"]:
        assert fetch(control, path).status == 404, path
    for path in ["/console/", "/console/..%2fv1", "/console/%2e%2e", "//console/x.js"]:
        assert fetch(control, path).status == 400, path
    for path in ["/", script]:
        for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"]:
            answer = control.request(method, path, role=None)
            assert (answer.status, answer.headers["allow"]) == (405, "GET"), method


def test_answers_tell_the_role_of_their_token(control):
    for role in ("operator", "viewer"):
        assert control.get("/v1/devices", role=role).headers["dm-role"] == role
    assert "dm-role" not in control.get("/v1/devices", token="x" * 43).headers


def test_a_new_reader_of_all_events_hears_of_the_nodes_first(control, server):
    node = control.stream("GET", "/v1/events").next("node")["json"]
    assert (node["node"], node["state"]) == (server.config["node.name"], "up")
