"""The commands of members, as people run them, against a real broker."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import pytest
from anyio.from_thread import start_blocking_portal

from broker_thread import broker_at, thread_broker
from covey.client.sync.log import hearing
from covey.client.words import history
from relay import relay
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def team(alice: Terminal, bob: Terminal) -> tuple[Terminal, Terminal]:
    """Both in a group."""
    alice.says("create", "team")
    alice.says("invite", "team", bob.name)
    bob.says("join")
    return alice, bob


# --- beginning -------------------------------------------------------------------------------


def test_who_begins_is_told_where_and_what_next(person: Callable[[str], Terminal]) -> None:
    alice = person("alice")
    said = alice.says("init", alice.name, "--broker", alice.url)
    assert said.startswith(f"{alice.name}, at {alice.url}, in {alice.folder}")
    assert "covey create GROUP" in said


def test_nobody_has_a_group_yet(alice: Terminal) -> None:
    assert "no groups yet" in alice.says("groups")
    assert alice.finds("groups") == {"groups": []}


def test_a_name_that_is_taken(alice: Terminal, person: Callable[[str], Terminal]) -> None:
    other = person("other")
    said = other.refuses("init", alice.name, "--broker", alice.url)
    assert said == f"{alice.name} is taken at {alice.url}: choose another name\n"
    assert "there is no identity yet" in other.refuses("groups")


def test_of_two_who_begin_the_same_at_once_one_does(person: Callable[[str], Terminal]) -> None:
    """Or the other one goes on with what the first has begun, as after a crash."""
    twin = person("twin")
    command = ("init", twin.name, "--broker", twin.url)
    with twin.beside(*command) as one, twin.beside(*command) as other:
        said = [each.communicate(timeout=60) for each in (one, other)]
        assert sorted([one.returncode, other.returncode]) in ([0, 0], [0, 1]), said
    whys = [each[1] for each in said if not each[0]]
    assert all("is there already: choose another name" in why for why in whys)
    again = twin.run(*command)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert twin.finds("groups") == {"groups": []}


def test_a_broker_that_is_asked_for_too_much_is_waited_for(tmp_path: Path) -> None:
    with thread_broker(rates__enrolments="1 per 2 seconds") as broker:
        Terminal(tmp_path, "alice", broker.url).begin()
        ended = Terminal(tmp_path, "bob", broker.url).run("init", "bob", "--broker", broker.url)
    assert ended.exit_code == 0, ended.output
    assert f"{broker.url} takes no more in so short a time: it is asked again in" in ended.stderr
    assert ended.stdout.startswith("bob, at")


def test_for_what_a_new_group_waits_is_said(tmp_path: Path) -> None:
    with thread_broker(rates__creations="1 per 2 seconds") as broker:
        alice = Terminal(tmp_path, "alice", broker.url).begin()
        alice.says("create", "team")
        ended = alice.run("create", "crew")
    assert ended.exit_code == 0, ended.output
    assert f"{broker.url} takes no more in so short a time: it is asked again in" in ended.stderr


def test_where_no_broker_answers_nothing_is_begun(person: Callable[[str], Terminal]) -> None:
    alice = person("alice")
    alice.refuses("init", alice.name, "--broker", f"{alice.url}/elsewhere")
    assert "there is no identity yet" in alice.refuses("groups")
    alice.begin()


def test_who_does_not_want_to_wait_begins_later(tmp_path: Path) -> None:
    with thread_broker(rates__enrolments="1 per 58 seconds") as broker:
        Terminal(tmp_path, "alice", broker.url).begin()
        bob = Terminal(tmp_path, "bob", broker.url)
        began = time.monotonic()
        with bob.beside("init", "bob", "--broker", broker.url, "--json") as process:
            assert process.stderr is not None
            assert "it is asked again in " in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(40)
        assert time.monotonic() - began < 50
        broker.ahead = 120
        assert bob.begin().finds("groups") == {"groups": []}
        assert "is there already" in bob.refuses("init", "bob", "--broker", broker.url)


@pytest.mark.parametrize(("spared", "most"), [(0, 200), (1, 100), (1, 250), (1, 300)])
def test_whatever_gets_lost_the_same_command_again_begins(
    person: Callable[[str], Terminal], spared: int, most: int
) -> None:
    """The broker may have the account already: its keys must not be thrown away."""
    alice = person("alice")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(relay(alice.url)) as between,
    ):
        between.spared, between.most_answered = spared, most
        ended = alice.run("init", alice.name, "--broker", between.url)
        assert ended.exit_code != 0
        between.most_answered = None
        assert alice.says("init", alice.name, "--broker", between.url).startswith(alice.name)
    assert alice.finds("groups") == {"groups": []}


def test_who_would_have_to_wait_for_long_is_told_for_how_long(tmp_path: Path) -> None:
    with thread_broker(rates__enrolments="1 per 900 seconds") as broker:
        Terminal(tmp_path, "alice", broker.url).begin()
        said = Terminal(tmp_path, "bob", broker.url).refuses("init", "bob", "--broker", broker.url)
    assert re.search(r"the same command again in (8\d\d|900) s", said)


def test_no_broker_is_there(person: Callable[[str], Terminal]) -> None:
    alice = person("alice")
    said = alice.refuses("init", alice.name, "--broker", "http://127.0.0.1:9")
    assert "start a broker with `covey broker --db broker.db`" in said
    assert "there is no identity yet" in alice.refuses("groups")


def test_to_begin_takes_a_broker_or_none(person: Callable[[str], Terminal]) -> None:
    alice = person("alice")
    assert "--no-account" in alice.refuses("init", "alice", code=2)
    said = alice.refuses("init", "alice", "--broker", alice.url, "--no-account", code=2)
    assert "--no-account" in said


def test_an_identity_is_not_begun_twice(alice: Terminal) -> None:
    assert "is there already" in alice.refuses("init", alice.name, "--broker", alice.url)


def test_several_identities_have_to_be_told_apart(alice: Terminal) -> None:
    second = f"{alice.name}/2"
    alice.says("init", second, "--broker", alice.url)
    said = alice.refuses("groups")
    assert (
        said == f"there are {alice.name}, {second}: say which one with --as NAME, or set COVEY_AS\n"
    )
    assert alice.finds("groups", "--as", second) == {"groups": []}
    assert "there is no identity 'carol' here: " in alice.refuses("groups", "--as", "carol")
    alice.variables["COVEY_AS"] = "carol"
    assert "there is no identity 'carol' here, as COVEY_AS says: " in alice.refuses("groups")


def test_a_store_can_be_anywhere(person: Callable[[str], Terminal]) -> None:
    alice = person("alice")
    file = alice.folder / "a store"
    begun = alice.finds("init", alice.name, "--broker", alice.url, "--store", str(file))
    assert begun == {"name": alice.name, "store": str(file), "broker": alice.url}
    assert alice.finds("groups", "--store", str(file)) == {"groups": []}
    alice.variables["COVEY_STORE"] = str(file)
    assert alice.finds("groups") == {"groups": []}


def test_a_store_that_is_not_there(person: Callable[[str], Terminal]) -> None:
    said = person("alice").refuses("groups", "--store", "nowhere.covey")
    assert said.startswith("there is no store nowhere.covey: begin one with `covey init")


def test_the_wrong_passphrase(alice: Terminal) -> None:
    alice.variables |= {"COVEY_PASSPHRASE": "wrong"}
    said = alice.refuses("groups")
    assert said.startswith("this is not the passphrase of ")
    assert "try another" in said


def test_nobody_to_ask_for_the_passphrase(alice: Terminal) -> None:
    alice.variables["COVEY_PASSPHRASE"] = None
    assert "set COVEY_PASSPHRASE" in alice.refuses("groups")


class _Keyring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept."""
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.kept[service, username] = password


def test_the_keyring_can_keep_the_key(person: Callable[[str], Terminal]) -> None:
    before, ours = keyring.get_keyring(), _Keyring()
    keyring.set_keyring(ours)
    alice = person("alice")
    alice.variables["COVEY_PASSPHRASE"] = None
    try:
        alice.says("init", alice.name, "--broker", alice.url, "--keyring")
        assert alice.finds("groups") == {"groups": []}
        assert len(ours.kept) == 1
        ours.kept.clear()
        assert "restore a backup" in alice.refuses("groups")
    finally:
        keyring.set_keyring(before)


# --- talking ---------------------------------------------------------------------------------


def test_two_talk(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert "you: hello there" in alice.says("send", "team", "hello", "there")
    [found] = bob.finds("history", "team")["messages"]
    assert (found["sender"], found["text"], found["state"]) == (
        alice.name,
        "hello there",
        "received",
    )
    answer = bob.finds("send", "team", "hi", "--reply", str(found["number"]))
    assert (answer["kind"], answer["about"], answer["state"]) == ("reply", found["id"], "sent")
    assert f"{bob.name}: [to #1, you: hello there] hi" in alice.says("history", "team")


def test_what_is_said_can_come_from_standard_input(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("send", "team", "-", given="one\ntwo\n")
    [found] = bob.finds("history", "team")["messages"]
    assert found["text"] == "one\ntwo"


def test_to_send_takes_something(alice: Terminal) -> None:
    alice.says("create", "team")
    assert alice.says("history", "team") == "no messages\n"
    assert alice.refuses("send", "team", " ") == "there is nothing to say: type a text\n"
    alice.says("send", "team", "hello")
    assert "a reaction needs a sign" in alice.refuses("send", "team", "--react", "1", "")
    assert "say what" in alice.refuses("send", "team", code=2)


def test_words_are_found(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    alice.says("send", "team", "the", "heron", "stands")
    assert "[team] you: the heron stands" in alice.says("search", "her")
    assert alice.says("search", "her", "--group", "team").strip().endswith("the heron stands")
    assert alice.says("search", "fox") == "nothing found\n"


def test_a_file_is_sent_and_saved(team: tuple[Terminal, Terminal], tmp_path: Path) -> None:
    alice, bob = team
    plan, got = tmp_path / "plan.bin", tmp_path / "got.bin"
    plan.write_bytes(bytes(range(256)) * 300)
    assert "[file plan.bin]" in alice.says("send", "team", "--file", str(plan))
    [found] = bob.finds("history", "team")["messages"]
    saved = bob.finds("download", "team", str(found["number"]), "--out", str(got))
    assert saved == {"file": str(got), "size": 76_800}
    assert got.read_bytes() == plan.read_bytes()
    said = bob.refuses("download", "team", str(found["number"]), "--out", str(got))
    assert "is there already" in said


def test_only_files_are_saved(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    number = alice.finds("send", "team", "a word")["number"]
    assert "is no file" in alice.refuses("download", "team", str(number))
    assert "there is no message 99" in alice.refuses("download", "team", "99")


def test_an_unknown_group_lists_those_that_there_are(alice: Terminal) -> None:
    alice.says("create", "team")
    assert "team" in alice.refuses("send", "teem", "hello")


def test_following_while_another_command_sends(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    with bob.beside("follow", "team") as following:
        lines_until(following, "joined")
        alice.says("send", "team", "from alice")
        lines_until(following, f"{alice.name}: from alice")
        bob.says("send", "team", "from bob, meanwhile")
        lines_until(following, "you: from bob, meanwhile")


def test_following_goes_on_where_it_was(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("send", "team", "one")
    with bob.beside("follow", "--json") as following:
        lines_until(following, '"one"')
        alice.says("send", "team", "two")
        lines_until(following, '"two"')
        alice.says("send", "team", "three")
        lines_until(following, '"three"')
    with bob.beside("follow", "--json") as following:
        alice.says("send", "team", "four")
        events = [json.loads(line) for line in lines_until(following, '"four"')]
    assert "two" not in [each.get("text") for each in events]


def test_following_from_before(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("send", "team", "one")
    with bob.beside("follow", "team", "--since", "1h") as following:
        lines_until(following, f"{alice.name}: one")
    with bob.beside("follow", "team", "--since", "all", "--json") as following:
        seen = [json.loads(line) for line in lines_until(following, '"one"')]
    assert seen[-1]["event"] == "Message"
    assert "Say a time" in bob.refuses("follow", "--since", "tea", code=2)


def test_a_wrong_clock_is_said(tmp_path: Path) -> None:
    with thread_broker() as broker:
        alice = Terminal(tmp_path, "alice", broker.url).begin()
        alice.says("create", "team")
        assert "clock" not in alice.run("send", "team", "one").stderr
        broker.ahead = 3 * 365 * 86_400
        said = alice.run("send", "team", "two").stderr
        assert "Note: this machine's clock is 1095 days behind the broker's" in said
        with alice.beside("follow", "team") as following:
            lines_until(following, "messages disappear at the wrong time")


def test_nobody_has_to_follow_to_the_end(team: tuple[Terminal, Terminal]) -> None:
    """As `covey follow | head` does."""
    alice, bob = team
    alice.says("send", "team", "one")
    with bob.beside("follow", "team", "--since", "all") as following:
        lines_until(following, "joined")
        assert following.stdout is not None
        following.stdout.close()
        alice.says("send", "team", "two")
        assert following.stderr is not None
        assert following.stderr.read() == ""
        assert following.wait(30) == 1


def test_following_from_now_on_shows_nothing_older(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("send", "team", "old words")
    alice.says("rename", "team", "crew")
    bob.says("groups")
    time.sleep(1.1)
    with bob.beside("follow", "crew", "--since", "now") as following:
        alice.says("send", "crew", "new words")
        seen = lines_until(following, "new words")
    assert len(seen) == 1, seen


def test_what_is_answered_is_shown(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("send", "team", "shall we go to the old mill by the river tomorrow?")
    [said] = bob.finds("history", "team")["messages"]
    with alice.beside("follow", "team", "--since", "all") as following:
        lines_until(following, "the old mill")
        number = str(said["number"])
        shown = bob.says("send", "team", "yes", "--reply", number)
        assert f"you: [to #{number}, {alice.name}: shall we go to the old mill" in shown
        bob.says("send", "team", "👍", "--react", number)
        *_, reply = lines_until(following, "] yes")
        assert f"{bob.name}: [to #1, you: shall we go to the old mill by the rive…] yes" in reply
        *_, sign = lines_until(following, "👍")
        assert f"{bob.name}: [to #1, you: shall we" in sign
    assert "[to #1, you: shall we" in alice.says("history", "team")
    assert "no other option" in bob.refuses(
        "send", "team", "x", "--react", "1", "--reply", "1", code=2
    )


def test_a_broker_that_goes_away_is_said_once_and_when_it_is_back(
    tmp_path: Path, person: Callable[[str], Terminal]
) -> None:
    alice, database = person("alice"), str(tmp_path / "broker.db")
    with broker_at(database, tmp_path) as broker:
        port = broker.url.rpartition(":")[2]
        alice.url = broker.url
        alice.begin()
        alice.says("create", "team")
        following = alice.beside("follow", "--json")
        shown = following.__enter__()
        lines_until(shown, "Joined")
    told = [json.loads(line) for line in lines_until(shown, "BrokerAway")]
    assert told[-1]["broker"] == alice.url
    assert told[-1]["why"]
    with broker_at(database, tmp_path, port=int(port)):
        [back] = [json.loads(line) for line in lines_until(shown, "BrokerBack")]
        assert back == {"event": "BrokerBack", "broker": alice.url}
        following.__exit__(None, None, None)


def test_a_name_does_not_hide_the_id_of_another_group(alice: Terminal) -> None:
    first = alice.finds("create", "team")["id"]
    second = alice.finds("create", first[:6])["id"]
    third = alice.finds("create", first)["id"]
    assert alice.finds("members", first)["members"]
    for which, meant in ((first, first), (first[:6], second), (first[:8], first), (third, third)):
        assert alice.finds("send", which, "hello")["group"] == meant
    alice.says("create", "team", "--force")
    said = alice.refuses("send", "team", "hello")
    assert said.startswith("team can be team (")
    assert first[:8] in said


def test_what_cannot_be_sent_goes_out_with_the_next_command(
    tmp_path: Path, person: Callable[[str], Terminal]
) -> None:
    alice = person("alice")
    with broker_at(str(tmp_path / "db"), tmp_path) as broker:
        alice.url = broker.url
        alice.begin().says("create", "team")
    said = alice.refuses("send", "team", "hello?")
    assert "stays queued" in said
    assert f"see that the broker at {alice.url} runs: `covey broker`" in said
    assert "you: hello? (waits to be sent)" in alice.says("history", "team", "--offline")
    assert "you: hello? (waits to be sent)" in alice.says("history", "team")  # with a note
    port = int(alice.url.rpartition(":")[2])
    with broker_at(str(tmp_path / "db"), tmp_path, port=port):
        [sent] = alice.finds("history", "team")["messages"]
        assert (sent["text"], sent["state"]) == ("hello?", "sent")


# --- who is in a group -----------------------------------------------------------------------


def test_members_and_their_roles(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    bob.says("send", "team", "here I am")
    found = {each["name"]: each for each in alice.finds("members", "team")["members"]}
    assert (found[alice.name]["role"], found[alice.name]["you"]) == ("owner", True)
    assert (found[bob.name]["role"], found[bob.name]["arrived"]) == ("member", True)
    alice.says("role", "team", bob.name, "admin")
    rows = alice.says("members", "team").splitlines()
    assert [row.split() for row in rows if bob.name in row] == [[bob.name, "admin"]]


def test_a_group_always_has_an_owner(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    for command in (("role", "team", alice.name, "member"), ("leave", "team")):
        said = alice.refuses(*command)
        assert "the group would be without an owner" in said
        assert "RFC" not in said


def test_a_member_cannot_remove(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert "in this group owners remove owners" in bob.refuses("remove", "team", alice.name)


def test_who_is_removed_is_told(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert f"removed {bob.name} from team" in alice.says("remove", "team", bob.name)
    alice.says("send", "team", "bob is out")
    [group] = bob.finds("groups")["groups"]
    assert group["status"] == "removed"
    assert bob.finds("history", "team")["messages"] == []
    shown = bob.run("history", "team")
    assert f"nothing new comes here now (removed: by {alice.name})" in shown.stderr


def test_nobody_is_removed_twice_at_once(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert "named twice" in alice.refuses("remove", "team", bob.name, bob.name, code=2)


def test_what_is_answered_is_looked_for_at_the_broker(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    number = bob.finds("send", "team", "the first word")["number"]
    alice.says("send", "team", "an answer", "--reply", str(number))
    assert "there is no message -5" in alice.refuses("send", "team", "x", "--reply", "-5")


def test_who_was_removed_cannot_send_and_hears_why(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("remove", "team", bob.name)
    said = bob.refuses("send", "team", "am I still there?")
    assert said == f"it cannot be sent: {alice.name} removed you from the group\n"
    assert "am I still there? (was not sent)" in bob.says("history", "team")
    ended = bob.run("send", "team", "and now?", "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["kind"]) == (1, "StateError")
    assert found["error"] == (
        "you are not in this group any more, since you were removed"
        f" (by {alice.name}): ask a member to invite you again"
    )


def test_nobody_compares_numbers_with_oneself(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert "this is you" in alice.refuses("verify", "team", alice.name)
    said = alice.refuses("verify", "team", "carol")
    assert f"its members are {alice.name}, {bob.name}" in said


def test_leaving(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    with alice.beside("follow", "team") as following:
        assert "you left team" in bob.says("leave", "team", "--wait", "20")
        lines_until(following, f"{alice.name} let {bob.name} go")
    [only] = alice.finds("members", "team")["members"]
    assert only["name"] == alice.name


def test_renaming(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert alice.says("rename", "team", "crew") == "team is called crew now\n"
    [group] = bob.finds("groups")["groups"]
    assert group["name"] == "crew"


def test_a_further_device_is_added_to_account_and_groups(
    team: tuple[Terminal, Terminal], tmp_path: Path
) -> None:
    alice, bob = team
    folder = tmp_path / "laptop"
    folder.mkdir()
    laptop = Terminal(folder, alice.name, alice.url)
    begins = ("init", alice.name, "--broker", alice.url, "--device")
    with laptop.beside(*begins) as process:
        code = lines_until(process, "COVEY:D:")[-1]
        assert "and in a group of yours" in alice.says("add-device", code)
        rest, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert rest.startswith(f"{alice.name}, at {alice.url}, in {laptop.folder}")
    assert "covey groups" in rest
    deadline = time.monotonic() + 40
    while not laptop.finds("groups")["groups"]:  # its pointer may come a moment later
        assert time.monotonic() < deadline
    laptop.says("send", "team", "from my laptop")
    assert f"{alice.name}: from my laptop" in bob.says("history", "team")
    found = {each["name"]: each["devices"] for each in bob.finds("members", "team")["members"]}
    assert found == {alice.name: 2, bob.name: 1}
    assert "(you are in team already)" in laptop.refuses("join", "--wait", "0.1")
    assert "is there already" in laptop.refuses(*begins)
    assert "--device takes" in bob.refuses("init", "x", "--no-account", "--device", code=2)
    assert "code" in bob.refuses("add-device", "nonsense")


# --- other ways in ---------------------------------------------------------------------------


def test_to_invite_says_how(alice: Terminal) -> None:
    assert "say how" in alice.refuses("invite", "team", code=2)
    assert "say how" in alice.refuses("invite", "team", "bob", "--link", code=2)
    for option in (("--out", "x"), ("--qr",)):
        assert "needs no file" in alice.refuses("invite", "team", "bob", *option, code=2)
        assert "needs no file" in alice.refuses("invite", "team", "--close-links", *option, code=2)
    assert not (alice.folder / "x").exists()


def test_somebody_whom_nobody_knows(alice: Terminal) -> None:
    alice.says("create", "team")
    assert f"nobody is called zoe at {alice.url}" in alice.refuses("invite", "team", "zoe")


def test_who_is_invited_before_one_whom_nobody_knows_is_named(
    alice: Terminal, person: Callable[[str], Terminal]
) -> None:
    bob = person("bob")
    bob.says("init", bob.name, "--broker", bob.url)
    alice.says("create", "team")
    said = alice.refuses("invite", "team", bob.name, "zoe")
    assert f"({bob.name} is invited)" in said
    assert "nobody is called zoe" in said


def test_a_link_is_written_into_a_file(alice: Terminal, tmp_path: Path) -> None:
    alice.says("create", "team")
    file = tmp_path / "link"
    assert "covey:" not in alice.says("invite", "team", "--link", "--out", str(file)).lower()
    assert "#" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in alice.refuses("invite", "team", "--link", "--out", str(file))


def test_a_card_brings_in_who_has_no_account(
    alice: Terminal, person: Callable[[str], Terminal], tmp_path: Path
) -> None:
    bob = person("bob")
    card, invitation = tmp_path / "bob.card", tmp_path / "to bob"
    assert "without an account" in bob.says("init", bob.name, "--no-account")
    bob.says("join", "--card", str(card))
    alice.says("create", "team")
    invited = alice.run("invite", "team", "--card", str(card), "--out", str(invitation))
    assert f"the card says that it is of {bob.name}" in invited.stderr
    assert f"invited {bob.name} to team" in invited.stdout
    assert f"{bob.name} is in this group already" in alice.refuses(
        "invite", "team", "--card", str(card)
    )
    assert f"joined team: {alice.name}, {bob.name}" in bob.says("join", str(invitation))
    bob.says("send", "team", "by file")
    [found] = alice.finds("history", "team")["messages"]
    assert (found["sender"], found["text"]) == (bob.name, "by file")


@pytest.fixture
def dora(alice: Terminal, person: Callable[[str], Terminal], tmp_path: Path) -> Terminal:
    """Somebody without an account, in alice's group."""
    dora = person("dora")
    card, invitation = tmp_path / "dora.card", tmp_path / "to dora"
    dora.says("init", dora.name, "--no-account")
    dora.says("join", "--card", str(card))
    alice.says("create", "team")
    alice.says("invite", "team", "--card", str(card), "--out", str(invitation))
    dora.says("join", str(invitation))
    return dora


def test_who_has_no_account_takes_part_without_one(
    alice: Terminal, dora: Terminal, person: Callable[[str], Terminal], tmp_path: Path
) -> None:
    """Also after a backup; nobody has the name at the broker, so that somebody else can take it."""
    assert [each["name"] for each in dora.finds("members", "team")["members"]] == [
        alice.name,
        dora.name,
    ]
    dora.says("send", "team", "by file")
    alice.says("send", "team", "welcome")
    with dora.beside("follow", "team") as following:
        lines_until(following, "welcome")
    texts = [each["text"] for each in dora.finds("history", "team")["messages"]]
    assert texts == ["by file", "welcome"]
    assert f"nobody is called {dora.name}" in alice.refuses("invite", "team", dora.name)
    backup, again = tmp_path / "dora.backup", str(tmp_path / "again.covey")
    dora.says("backup", str(backup))
    dora.says("restore", str(backup), "--store", again)
    dora.says("groups", "--store", again)
    other = person("other")
    other.says("init", dora.name, "--broker", other.url)
    assert "welcome" in dora.says("history", "team")
    said = dora.refuses("init", dora.name, "--broker", dora.url)
    assert "is taken" in said
    assert "go on without an account" in said
    assert dora.says("send", "team", "all the same")


def test_an_account_can_be_begun_later(alice: Terminal, dora: Terminal) -> None:
    nowhere = ("--broker", "http://127.0.0.1:9")
    assert "start a broker" in dora.refuses("init", dora.name, *nowhere)
    assert dora.says("send", "team", "the store is as it was")
    assert "is there already" in dora.refuses("init", dora.name, "--no-account")
    assert f"at {dora.url}" in dora.says("init", dora.name, "--broker", dora.url)
    assert "is there already" in dora.refuses("init", dora.name, "--broker", dora.url)
    alice.says("create", "crew")
    alice.says("invite", "crew", dora.name)
    assert "joined crew" in dora.says("join")
    assert dora.says("send", "team", "with an account")


def test_a_card_over_standard_output(alice: Terminal, person: Callable[[str], Terminal]) -> None:
    bob = person("bob")
    bob.says("init", bob.name, "--no-account")
    card = bob.says("join", "--card", "-")
    alice.says("create", "team")
    ended = alice.says("invite", "team", "--card", "-", given=card)
    assert bob.finds("join", "-", given=ended)["name"] == "team"


def test_a_link_lets_in(alice: Terminal, bob: Terminal) -> None:
    alice.says("create", "team")
    link = alice.finds("invite", "team", "--link")["link"]
    assert link.startswith("covey:")
    with alice.beside("follow", "team"):
        joined = bob.run("join", link, "--wait", "40")
        assert joined.stdout.startswith("joined team: "), joined.output
        assert joined.stderr.splitlines() == [
            "asking to be let in",
            "you have knocked: a member who is online sees it soon, and lets you in",
            "coming into team",
        ]
    there = {each["name"]: each["arrived"] for each in alice.finds("members", "team")["members"]}
    assert there == {alice.name: True, bob.name: True}
    assert bob.refuses("join", link) == "you are in team already\n"
    bob.says("leave", "team", "--wait", "0")
    assert bob.refuses("join", link) == "you are leaving team: join again when you are out\n"


def test_a_link_as_a_qr_code(alice: Terminal) -> None:
    alice.says("create", "team")
    said = alice.says("invite", "team", "--link", "--qr", "--hours", "2")
    assert said.startswith("covey:")
    assert "▄" in said
    assert "good for 2 hours" in said
    assert "by a link any more" in alice.says("invite", "team", "--close-links")


def test_what_lets_nobody_in_is_said_at_once(
    alice: Terminal, person: Callable[[str], Terminal], tmp_path: Path
) -> None:
    assert "no covey link or invitation" in alice.refuses("join", "team")
    (file := tmp_path / "hello").write_text("hello", encoding="utf-8")
    assert "no covey link or invitation" in alice.refuses("join", str(file))
    bob = person("bob")
    bob.says("init", bob.name, "--no-account")
    assert "`covey join --card FILE`" in bob.refuses("join")


def test_a_name_is_for_one_group(alice: Terminal) -> None:
    alice.says("create", "team")
    assert "choose another name" in alice.refuses("create", "team")
    alice.says("create", "team", "--force")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a" * 3000, "a\udcff"], ids=ascii)
def test_what_is_no_name_of_a_group(alice: Terminal, name: str) -> None:
    said = alice.refuses("create", name)
    assert "the name of a group" in said
    assert alice.finds("groups") == {"groups": []}


def test_nobody_speaks_for_others(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    bob.says("send", "team", f"hello\n{alice.name}: forged")
    assert f"      │ {alice.name}: forged" in alice.says("history", "team")
    assert "choose another name" in alice.refuses("init", "You", "--broker", alice.url)


def test_who_is_in_is_not_invited(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    assert f"{bob.name} is in team already" in alice.refuses("invite", "team", bob.name)
    assert f"{alice.name} is in team already" in alice.refuses("invite", "team", alice.name)
    assert "named twice" in alice.refuses("invite", "team", "zoe", "zoe")
    assert "leave the group" in alice.refuses("remove", "team", alice.name)


def test_who_has_not_come_is_invited_again(alice: Terminal, bob: Terminal) -> None:
    alice.says("create", "team")
    alice.says("invite", "team", bob.name)
    assert f"{bob.name} is in team already" in alice.refuses("invite", "team", bob.name)
    assert f"invited {bob.name}" in alice.says("invite", "team", bob.name, "--again")
    bob.says("join")
    alice.says("send", "team", "welcome")
    assert "welcome" in bob.says("history", "team")
    assert "goes with NAMES" in alice.refuses("invite", "team", "--link", "--again", code=2)


def test_waiting_in_vain(alice: Terminal) -> None:
    said = alice.refuses("join", "--wait", "0.2")
    assert f"nobody has invited {alice.name} within 0.2 seconds" in said


# --- backups ---------------------------------------------------------------------------------


def test_a_backup_is_restored(team: tuple[Terminal, Terminal], tmp_path: Path) -> None:
    alice, bob = team
    bob.says("send", "team", "remember this")
    file = tmp_path / "bob.backup"
    assert f"the backup of {bob.name} is in {file}" in bob.says("backup", str(file))
    store = tmp_path / "again.covey"
    bob.says("restore", str(file), "--store", str(store))
    assert "remember this" in bob.says("history", "team", "--store", str(store), "--offline")
    assert "is there already" in bob.refuses("restore", str(file), "--store", str(store))
    assert "say whose it is" in bob.refuses("restore", str(file), code=2)
    assert alice.finds("groups")["groups"][0]["status"] == "active"
    again = ("--store", str(store))
    said = bob.refuses("send", "team", "too soon", *again)
    assert "you are let in anew as soon as a member is online" in said
    assert "restored: this store comes from a backup" in bob.says("groups", *again)
    with alice.beside("follow", "team") as following:
        lines_until(following, f"{alice.name} let {bob.name} in anew")
    alice.says("groups")  # it was killed before it could tell
    assert bob.says("send", "team", "here I am again", *again)
    assert "a copy of one that has gone on" in bob.refuses("send", "team", "from the old file")


def test_who_has_only_a_copy_left_comes_back_with_it(
    team: tuple[Terminal, Terminal], tmp_path: Path
) -> None:
    alice, bob = team
    [store] = bob.folder.rglob("*.covey")
    again = ("--store", str(shutil.copy(store, tmp_path / "copy.covey")))
    assert "is no copy" in bob.refuses("come-back", "team")
    bob.says("send", "team", "the real one")
    assert "is a copy" in bob.refuses("send", "team", "and its copy", *again)
    assert "as soon as another member is online" in bob.says("come-back", "team", *again)
    with alice.beside("follow", "team") as following:
        lines_until(following, f"{alice.name} let {bob.name} in anew")
    alice.says("groups")  # it was killed before it could tell
    assert bob.says("send", "team", "here I am again", *again)
    assert "a copy of one that has gone on" in bob.refuses("send", "team", "from the old file")


# --- bugs ------------------------------------------------------------------------------------

_SAID = "what somebody has said"


def test_a_bug_is_one_sentence(
    team: tuple[Terminal, Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = team

    def falls(*_: object, **__: object) -> None:
        raise KeyError(_SAID)

    monkeypatch.setattr(history, "read", falls)
    said = alice.refuses("history", "team", code=70)
    assert re.fullmatch(
        "a bug of covey: KeyError in covey.client.running.driver, line [0-9]+; what was said is"
        " kept; run it again with COVEY_DEBUG=1 to see all\n",
        said,
    )
    ended = alice.run("history", "team", "--json")
    assert ended.exit_code == 70
    found = json.loads(ended.stdout)
    assert (found["kind"], found["error"][:24]) == ("BugError", "a bug of covey: KeyError")
    alice.variables["COVEY_DEBUG"] = "1"
    told = alice.run("history", "team").stderr
    assert "in falls" in told
    assert _SAID not in told


def test_a_bug_in_one_group_is_a_note(
    team: tuple[Terminal, Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = team
    alice.says("send", "team", _SAID)

    def falls(*_: object, **__: object) -> None:
        raise KeyError(_SAID)

    with monkeypatch.context() as planted:
        planted.setattr(hearing, "heard", falls)
        ended = bob.run("history", "team")
    assert (ended.exit_code, ended.stdout) == (0, "no messages\n")
    *_, last = ended.stderr.splitlines()
    where = "a bug of covey: KeyError in covey.client.sync.log.taking, line "
    assert last.startswith(f"Note: this is what is in the store; {where}"), ended.stderr
    assert _SAID not in ended.stderr
    assert _SAID in bob.says("history", "team")
