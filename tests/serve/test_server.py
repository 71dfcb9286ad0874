"""The server as others meet it: over HTTP, as a process."""

import html
import json
import re
import signal
import socket
import time

import psutil
import pytest

from tests.serve.conftest import Server, Start, gone

FORM_KIND = "application/x-www-form-urlencoded"


def test_the_token_opens_and_comes_back_as_a_cookie_that_no_script_and_no_other_site_sees(idle: Server) -> None:
    answer = idle.ask(f"/?token={idle.token}", known=False)
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"verify_{idle.port}={idle.token};")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert idle.ask("/").status == 200


PLACES = (
    "/",
    "/history",
    "/reports",
    "/reports/aaaaaaaaaaaa",
    "/compare",
    "/jobs/1",
    "/jobs/1/events",
    "/serve.js",
    "/nothing",
)


@pytest.mark.parametrize("path", PLACES)
def test_nothing_is_told_without_the_token_or_with_another(idle: Server, path: str) -> None:
    assert idle.ask(path, known=False).status == 401
    assert idle.ask(path, known=False, Cookie=f"verify_{idle.port}={idle.token[:-1]}x").status == 403
    assert idle.ask(path, known=False, Cookie=f"verify_1={idle.token}").status == 401
    assert idle.ask("/?token=wrong", known=False).status == 403
    assert "set-cookie" not in idle.ask("/?token=wrong", known=False).headers


def test_any_two_reports_are_compared(idle: Server) -> None:
    assert "/compare" in idle.ask("/reports").text
    (name, *_) = re.findall(r"/reports/([0-9a-f]{12})", idle.ask("/reports").text)
    said = idle.ask(f"/compare?before={name}&after={name}")
    assert said.status == 200
    lines = html.unescape(said.text).partition('<pre class="aligned">')[2].partition("</pre>")[0].strip().splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["before", "after"]
    assert lines[-1] == "nothing differs but the conditions of the run"
    for wrong in ("before=aaaaaaaaaaaa&after=bbbbbbbbbbbb", f"before={name}", f"before=../x&after={name}"):
        assert idle.ask(f"/compare?{wrong}").status == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_a_name_that_was_made_to_lead_here_is_refused_even_with_the_token(idle: Server, host: str) -> None:
    answer = idle.ask("/", Host=host)
    assert answer.status in (400, 403)
    assert "certify" not in answer.text.lower()


def test_every_answer_says_what_a_browser_may_do_with_it(idle: Server) -> None:
    report = re.search(r'href="(/reports/[0-9a-f]{12})"', idle.ask("/").text)
    assert report
    for path in ("/", report.group(1), "/history", "/style.css", "/serve.js", "/nothing", "/jobs/9"):
        headers = idle.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "server" not in headers


def test_a_form_must_be_ours(idle: Server) -> None:
    fields = {"level": "quick"}
    assert idle.send("/jobs/certification", form="wrong", **fields).status == 422
    assert idle.send("/jobs/certification", form=idle.token, **fields).status == 422
    body = f"form={idle.secret()}&level=quick"
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{idle.port + 1}"):
        assert idle.ask("/jobs/certification", "POST", body, Content_Type=FORM_KIND, Origin=origin).status == 403
    assert idle.ask("/jobs/certification", "POST", body, known=False, Content_Type=FORM_KIND).status == 401
    assert idle.ask("/jobs/certification", "POST", body, Content_Type="text/plain").status == 422
    assert idle.ask("/jobs/certification").status == 405
    assert idle.ask("/", "DELETE").status == 405
    assert "Jobs since" not in idle.ask("/").text


def test_a_form_that_is_too_large_or_no_form_is_refused(idle: Server) -> None:
    for body in (f"level={'x' * 70_000}", "level=%ff", "&".join(f"f{number}=1" for number in range(100)), "é"):
        answer = idle.ask("/jobs/certification", "POST", body, Content_Type=FORM_KIND)
        assert answer.status == 422, body[:20]


@pytest.mark.parametrize(
    "path",
    [
        "/reports/../../etc/passwd",
        "/reports/..%2f..%2fetc%2fpasswd",
        "/reports/zzzzzzzzzzzz",
        "/reports/%00",
        "/jobs/-1",
    ],
)
def test_no_path_leads_out(idle: Server, path: str) -> None:
    assert idle.ask(path).status == 404


def test_a_report_and_the_history_are_shown(idle: Server) -> None:
    found = re.search(r'href="/reports/([0-9a-f]{12})"', idle.ask("/").text)
    assert found
    page = idle.ask(f"/reports/{found.group(1)}")
    assert page.status == 200
    assert found.group(1) in page.text
    assert "1 reports of 1 machine" in idle.ask("/history").text
    assert found.group(1) in idle.ask("/reports").text
    assert idle.ask("/reports?page=2").status == 200


def test_a_job_is_started_watched_and_ends_with_its_report(server: Server) -> None:
    answer = server.send("/jobs/certification", level="quick", environment="")
    assert (answer.status, answer.headers["location"]) == (303, "/jobs/1")
    told = [json.loads(line[6:]) for line in server.told(1, '"ended"').splitlines() if line.startswith("data: ")]
    kinds = [event["kind"] for event in told]
    assert kinds.count("finished") == 4
    assert told[-1] == {"code": 1, "report": True, "kind": "ended"}
    assert server.ask("/jobs/1/report").status == 200
    assert "report of job 1" in server.ask("/").text


def test_who_comes_late_is_told_everything_and_who_comes_again_only_the_rest(server: Server) -> None:
    server.send("/jobs/finetune", data="train.jsonl", model="smollm2-135m", rank="8", epochs="1")
    first = server.told(1, '"ended"')
    assert server.told(1, '"ended"') == first
    last = re.findall(r"^id: (\d+)$", first, re.MULTILINE)[-1]
    assert server.ask("/jobs/1/events", Last_Event_ID=last).text == ""
    assert server.ask(f"/jobs/1/events?after={int(last) - 1}").text.count("id: ") == 1


def test_one_job_at_a_time(server: Server) -> None:
    server.send("/jobs/certification", level="full")
    again = server.send("/jobs/certification", level="quick")
    assert again.status == 409
    assert "job 1 is running" in again.text


def test_a_job_is_cancelled_and_nothing_of_it_is_left(server: Server) -> None:
    server.send("/jobs/certification", level="full")
    child = re.search(r"child (\d+)", server.told(1, "child"))
    assert child
    assert server.send("/jobs/1/cancel").status == 303
    told = server.told(1, '"ended"')
    assert "told to end" in told
    assert '"code": 130' in told
    assert gone(int(child.group(1)))
    assert server.send("/jobs/1/cancel").status == 303
    assert server.send("/jobs/certification", level="quick").status == 303


def test_a_job_that_will_not_end_is_killed_the_second_time_and_says_nothing_in_the_servers_name(server: Server) -> None:
    server.send("/jobs/certification", level="certify")
    told = server.told(1, "stubborn")
    assert '"kind": "ended"' not in told
    assert '"kind": "plan"' not in told
    assert max(map(len, told.splitlines())) < 5_000
    server.send("/jobs/1/cancel")
    server.send("/jobs/1/cancel")
    assert '"code": -9, "report": false' in server.told(1, '"ended"')
    assert server.ask("/jobs/1/report").status == 404


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_server_takes_its_job_with_it(server: Server, number: signal.Signals) -> None:
    server.send("/jobs/certification", level="full")
    child = re.search(r"child (\d+)", server.told(1, "child"))
    assert child
    said = server.end(number)
    assert server.process.returncode == 0
    assert "ended; nothing was left running" in said
    assert "Traceback" not in said
    assert gone(int(child.group(1)))


def test_a_wrong_form_is_shown_again_with_what_was_typed(idle: Server) -> None:
    answer = idle.send("/jobs/finetune", data='/etc/passwd"><b>', model="m", rank="8")
    assert answer.status == 422
    assert "is not in a folder that this server may read" in answer.text
    assert "/etc/passwd&#34;&gt;&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text.replace("<b><a", "")


def test_what_was_typed_goes_to_the_command_word_by_word(server: Server) -> None:
    server.send(
        "/jobs/finetune", data="train.jsonl", model="smollm2-135m", rank="4", learning_rate="0.01", batch_size="2"
    )
    line = next(line for line in server.told(1, '"ended"').splitlines() if "--rank" in line)
    words = json.loads(json.loads(line[6:])["text"])
    assert words[0] == "lora"
    assert {"--rank=4", "--learning-rate=0.01", "--batch-size=2", "--progress=json"} <= set(words)
    assert words[-2].startswith("--output=adapters/2")


def test_beyond_loopback_must_be_asked_for(start: Start) -> None:
    with pytest.raises(AssertionError, match="lets other machines reach this server"):
        start("--host", "0.0.0.0")  # noqa: S104 - which is refused
    server = start("--host", "0.0.0.0", "--beyond-loopback")  # noqa: S104 - on purpose
    assert server.ask("/").status == 200
    assert "nothing that is sent is encrypted" in server.end()


def test_a_port_that_is_taken_is_said_so(start: Start) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(AssertionError, match="cannot be listened at"):
        start("--port", str(taken.getsockname()[1]))


def test_a_reader_who_goes_away_costs_nothing(server: Server) -> None:
    server.send("/jobs/certification", level="full")
    for _ in range(20):
        server.told(1, "child")
    time.sleep(0.5)
    assert server.ask("/jobs/1").status == 200
    assert len(psutil.Process(server.process.pid).net_connections("tcp")) < 10


def test_what_is_no_request_is_answered_and_ends_nothing(idle: Server) -> None:
    for sent in (
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET " + b"a" * 70_000,
        b"\x16\x03\x01\x02\x00",
        b"POST / HTTP/9\r\n",
    ):
        with socket.create_connection(("127.0.0.1", idle.port), timeout=10) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert idle.ask("/").status == 200
