"""Accounts: one-time links, sign-ins that end, waiting after wrong passwords."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import given
from hypothesis import strategies as st

from hotspots.accounts import ROLES, Accounts, SignInRefusedError, passwords
from hotspots.accounts.throttle import ADDRESS, NAME, PAIR, Rule, network
from hotspots.accounts.users import clean_display_name, clean_name
from hotspots.errors import NotFoundError, ParameterError
from hotspots.settings import Settings, Workspace

GOOD = "kolovrat-mlha-ostruzina-7"
OTHER = "tramvaj-perla-sedm-komin"
HOUR = 3600


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module", autouse=True)
def cheap():
    """Hash passwords with the cheapest parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        passwords._stand_in.cache_clear()
        yield
    passwords._stand_in.cache_clear()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def place(tmp_path):
    """A directory that is enough of a workspace for accounts."""
    (tmp_path / "backups").mkdir()
    return Workspace(tmp_path, Settings())


@pytest.fixture
def accounts(place, clock):
    with Accounts.open(place, secret=b"s" * 32, now=clock) as opened:
        yield opened


@pytest.fixture
def eva(accounts):
    """An administrator who has chosen a password."""
    return accounts.use_first_link(
        accounts.first_link(), name="eva", display_name="Eva Malá", password=GOOD
    )


def add(accounts, name, role="mentor", by=None):
    token = accounts.add_user(name, display_name=name.title(), role=role, by=by)
    return accounts.use_link(token, password=GOOD)


def enter(accounts, name="eva", password=GOOD, address="10.0.0.1"):
    return accounts.sign_in(name, password, address=address, browser="Firefox")


def refused(accounts, name="eva", password="wrong", address="10.0.0.1"):  # noqa: S107
    with pytest.raises(SignInRefusedError, match="wrong") as caught:
        enter(accounts, name, password, address)
    return caught.value.wait_s


# --- the first administrator, and links that work once ---------------------------------------
def test_the_first_link_makes_one_administrator(accounts):
    assert not accounts.is_set_up()
    token = accounts.first_link()
    made = accounts.use_first_link(token, name="Eva", display_name="Eva Malá", password=GOOD)
    assert (made.name, made.role, made.has_password) == ("eva", "administrator", True)
    assert accounts.is_set_up()
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.use_first_link(token, name="eve", display_name="Eve", password=GOOD)
    with pytest.raises(ParameterError, match="There is an administrator already"):
        accounts.first_link()


def test_a_new_first_link_ends_the_former(accounts):
    former, token = accounts.first_link(), accounts.first_link()
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.link(former)
    assert accounts.link(token).user is None


def test_a_first_link_ends_with_the_first_administrator_made_otherwise(accounts):
    token = accounts.first_link()
    accounts.add_user("jan", display_name="Jan", role="administrator", by=None)
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.link(token)
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.use_first_link(token, name="eve", display_name="Eve", password=GOOD)
    assert [user.name for user in accounts.users()] == ["jan"]


@pytest.mark.parametrize(("first", "valid_s"), [(True, 24 * HOUR), (False, 7 * 24 * HOUR)])
def test_a_link_holds_for_its_time(accounts, clock, first, valid_s):
    if first:
        token = accounts.first_link()
    else:
        token = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    clock.now += valid_s - 1
    assert accounts.link(token)
    clock.now += 1
    with pytest.raises(NotFoundError, match="too old"):
        accounts.link(token)


def test_a_weak_password_leaves_the_link_to_be_used(accounts):
    token = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    with pytest.raises(ParameterError, match="too short"):
        accounts.use_link(token, password=GOOD[:11])
    accounts.use_link(token, password=GOOD)
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.use_link(token, password=OTHER)
    assert accounts.who(enter(accounts, "jan"))


def test_links_are_not_taken_for_another_purpose(accounts):
    first = accounts.first_link()
    with pytest.raises(NotFoundError, match="another purpose"):
        accounts.use_link(first, password=GOOD)
    token = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    with pytest.raises(NotFoundError, match="another purpose"):
        accounts.use_first_link(token, name="eve", display_name="Eve", password=GOOD)


@pytest.mark.parametrize("first", [True, False])
def test_of_requests_at_once_one_uses_the_link(place, accounts, monkeypatch, first):
    """All have looked the link up before the first writes."""
    n = 6
    if first:
        token = accounts.first_link()
    else:
        token = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    together = threading.Barrier(n)
    plain = passwords.hash_password

    def slow(password):
        together.wait(10)
        return plain(password)

    monkeypatch.setattr("hotspots.accounts.people.hash_password", slow)

    def use(number):
        with Accounts.open(place) as other:
            try:
                if first:
                    other.use_first_link(
                        token, name=f"n{number}", display_name="N", password=f"{GOOD}{number}"
                    )
                else:
                    other.use_link(token, password=f"{GOOD}{number}")
            except NotFoundError:
                return None
            return number

    with ThreadPoolExecutor(n) as pool:
        done = [number for number in pool.map(use, range(n)) if number is not None]
    assert len(done) == 1
    assert len(accounts.users()) == 1
    name = f"n{done[0]}" if first else "jan"
    assert accounts.who(enter(accounts, name, f"{GOOD}{done[0]}"))


def test_only_digests_of_tokens_and_passwords_are_kept(place, accounts, eva):
    link = accounts.add_user("jan", display_name="Jan", role="mentor", by=eva)
    token = enter(accounts)
    refused(accounts, "eva", "wrong-but-secret")
    accounts.close()
    kept = b"".join(file.read_bytes() for file in place.path.glob("accounts.db*"))
    for secret in (link, token, GOOD, "wrong-but-secret"):
        assert secret.encode() not in kept
    assert b"$argon2id$" in kept


# --- people ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["", "-a", "jan novák", "a" * 41, "a\n", "a\x00b", "<b>", "ě"])
def test_names_of_another_form_are_refused(accounts, name):
    if name == "a\n":
        assert clean_name(name) == "a"
        return
    with pytest.raises(ParameterError, match="at most 40 letters without accents"):
        accounts.add_user(name, display_name="A", role="mentor", by=None)


@pytest.mark.parametrize("shown", ["", " ", "a" * 81, "a\x00b", "a\u202eb", "a\u200bb"])
def test_shown_names_that_deceive_are_refused(shown):
    with pytest.raises(ParameterError, match="1 to 80 characters on one line"):
        clean_display_name(shown)


def test_a_name_is_never_given_twice(accounts, eva):
    add(accounts, "jan", by=eva)
    accounts.close_user("jan", by=eva)
    with pytest.raises(ParameterError, match="names are never given twice"):
        accounts.add_user("JAN", display_name="Another", role="mentor", by=eva)


def test_an_unknown_role_is_refused(accounts):
    with pytest.raises(ParameterError, match="role 'root' is unknown"):
        accounts.add_user("jan", display_name="Jan", role="root", by=None)


def test_the_last_administrator_stays(accounts, eva):
    for change in (
        lambda: accounts.close_user("eva", by=None),
        lambda: accounts.change_user("eva", role="mentor", by=None),
    ):
        with pytest.raises(ParameterError, match="last administrator who can sign in"):
            change()
    accounts.add_user("jan", display_name="Jan", role="administrator", by=eva)
    with pytest.raises(ParameterError, match="last administrator who can sign in"):
        accounts.close_user("eva", by=None)  # the other one has no password yet
    assert accounts.user("eva").is_open


def test_closing_ends_sign_ins_and_links_at_once(accounts, eva):
    jan = add(accounts, "jan", by=eva)
    token = enter(accounts, "jan")
    link = accounts.reset_password("jan", by=eva)
    assert accounts.who(token) is None
    accounts.use_link(link, password=GOOD)
    token = enter(accounts, "jan")
    link = accounts.add_user("ota", display_name="Ota", role="mentor", by=eva)
    accounts.close_user("jan", by=eva)
    accounts.close_user("ota", by=eva)
    assert accounts.who(token) is None
    assert accounts.sign_ins(jan) == []
    refused(accounts, "jan", GOOD)
    with pytest.raises(NotFoundError, match="has been used"):
        accounts.link(link)
    with pytest.raises(ParameterError, match="closed; open it first"):
        accounts.reset_password("jan", by=eva)


def test_a_reopened_account_wants_a_new_password(accounts, eva):
    add(accounts, "jan", by=eva)
    with pytest.raises(ParameterError, match="jan is open"):
        accounts.reopen_user("jan", by=eva)
    accounts.close_user("jan", by=eva)
    link = accounts.reopen_user("jan", by=eva)
    refused(accounts, "jan", GOOD)
    accounts.use_link(link, password=OTHER)
    assert accounts.who(enter(accounts, "jan", OTHER))


def test_a_changed_role_holds_for_who_is_signed_in(accounts, eva):
    add(accounts, "jan", role="mentor", by=eva)
    token = enter(accounts, "jan")
    accounts.change_user("jan", role="council", display_name="Jan N.", by=eva)
    user, _sign_in = accounts.who(token)
    assert (user.role, user.display_name) == ("council", "Jan N.")


# --- sign-ins -------------------------------------------------------------------------------
def test_a_sign_in_ends_when_nobody_uses_it(accounts, eva, clock):
    token = enter(accounts)
    for _request in range(3):
        clock.now += 59 * 60
        assert accounts.who(token)
    clock.now += 60 * 60
    assert accounts.who(token) is None


def test_what_a_page_asks_by_itself_is_no_use(accounts, eva, clock):
    token = enter(accounts)
    for _request in range(59):
        clock.now += 60
        assert accounts.who(token, in_use=False)
    clock.now += 60
    assert accounts.who(token, in_use=False) is None


def test_a_sign_in_ends_after_its_longest_time(accounts, eva, clock):
    token = enter(accounts)
    for _request in range(12 * 2 - 1):
        clock.now += 30 * 60
        assert accounts.who(token)
    clock.now += 30 * 60
    assert accounts.who(token) is None
    assert accounts.sign_ins(eva) == []


def test_signing_out_everywhere_spares_one_browser(accounts, eva):
    one, two, three = (enter(accounts) for _browser in range(3))
    assert len(accounts.sign_ins(eva)) == 3
    accounts.sign_out(three)
    assert accounts.sign_out_everywhere("eva", by=eva, but=one) == 1
    assert accounts.who(one)
    assert accounts.who(two) is None
    assert accounts.who(three) is None


def test_a_changed_password_ends_other_sign_ins(accounts, eva):
    own, other = enter(accounts), enter(accounts)
    accounts.change_password(eva, old=GOOD, new=OTHER, token=own, address="10.0.0.1")
    assert accounts.who(own)
    assert accounts.who(other) is None
    refused(accounts, "eva", GOOD)
    assert accounts.who(enter(accounts, "eva", OTHER))


def test_a_password_is_changed_by_who_knows_the_old_one(accounts, eva):
    token = enter(accounts)
    with pytest.raises(SignInRefusedError, match="is wrong"):
        accounts.change_password(eva, old="wrong", new=OTHER, token=token, address="10.0.0.1")
    with pytest.raises(ParameterError, match="is the old one"):
        accounts.change_password(eva, old=GOOD, new=GOOD, token=token, address="10.0.0.1")
    with pytest.raises(ParameterError, match="easy to guess"):
        accounts.change_password(
            eva, old=GOOD, new="evamalaevamala", token=token, address="10.0.0.1"
        )
    assert accounts.who(enter(accounts))


@pytest.mark.parametrize("event", ["reset", "closed"])
def test_a_sign_in_that_is_under_way_does_not_outlive_a_change(accounts, eva, monkeypatch, event):
    """The password is verified, then taken away, and only then the sign-in would begin."""
    add(accounts, "jan", by=eva)
    plain = passwords.verify_password

    def verify(kept, password):
        right = plain(kept, password)
        if event == "reset":
            accounts.reset_password("jan", by=eva)
        else:
            accounts.close_user("jan", by=eva)
        return right

    monkeypatch.setattr("hotspots.accounts.signing_in.verify_password", verify)
    refused(accounts, "jan", GOOD)
    assert accounts.sign_ins(accounts.user("jan")) == []


def test_sign_ins_long_over_are_forgotten(place, accounts, eva, clock):
    enter(accounts)
    clock.now += 91 * 24 * HOUR
    enter(accounts)
    with sqlite3.connect(place.accounts) as database:
        assert database.execute("SELECT count(*) FROM sign_ins").fetchone() == (1,)
    database.close()


# --- waiting --------------------------------------------------------------------------------
@given(st.integers(0, 2000), st.sampled_from([PAIR, NAME, ADDRESS]))
def test_waiting_grows_up_to_its_limit(n, rule):
    assert rule.wait_s(n) <= rule.wait_s(n + 1) <= rule.longest_s
    assert (rule.wait_s(n) == 0) == (n <= rule.free)


def test_waiting_doubles_with_every_wrong_password(accounts, eva, clock):
    waits = []
    for _try in range(8):
        waits.append(refused(accounts))
        clock.now += waits[-1]
    assert waits == [0, 0, 0, 2, 4, 8, 16, 32]
    assert Rule(free=3, longest_s=900).wait_s(50) == 900


def test_within_the_wait_nothing_is_tried(accounts, eva, clock):
    for _try in range(4):
        refused(accounts)
    with pytest.raises(SignInRefusedError, match="Too many wrong passwords") as caught:
        enter(accounts)
    assert caught.value.wait_s == 2
    assert accounts.who(enter(accounts, address="10.0.0.2"))  # another place is not shut out
    clock.now += 2
    assert accounts.who(enter(accounts))
    assert refused(accounts) == 0  # the right password has ended the count


def test_a_clock_that_was_set_back_shuts_nobody_out_and_lets_no_sign_in_last(accounts, eva, clock):
    token = enter(accounts)
    for _try in range(6):
        clock.now += refused(accounts)
    clock.now -= 365 * 24 * HOUR
    assert accounts.who(token) is None
    assert accounts.who(enter(accounts))
    for _try in range(4):
        refused(accounts)
    with pytest.raises(SignInRefusedError, match="Too many wrong passwords"):
        enter(accounts)  # and waits begin anew


def test_a_chosen_password_ends_the_wait_after_wrong_ones(accounts, eva, clock):
    for address in ("10.0.0.1", "10.0.0.2"):
        for _try in range(5):
            clock.now += refused(accounts, address=address)
        clock.now -= 2  # within the last wait
    token = accounts.reset_password("eva", by=None)
    accounts.use_link(token, password=OTHER, address="10.0.0.1")
    assert accounts.who(enter(accounts, password=OTHER, address="10.0.0.1"))
    with pytest.raises(SignInRefusedError, match="Too many wrong passwords"):
        enter(accounts, password=OTHER, address="10.0.0.2")


def test_tries_made_at_once_are_counted_one_by_one(accounts, eva, monkeypatch):
    """While one password is being verified, no more may be tried than one after the other."""
    n, verified = 12, []
    gate = threading.Event()
    plain = passwords.verify_password

    def verify(kept, password):
        verified.append(password)
        gate.wait(5)
        return plain(kept, password)

    monkeypatch.setattr("hotspots.accounts.signing_in.verify_password", verify)

    def attempt(number):
        try:
            enter(accounts, "eva", f"guess-{number}")
        except SignInRefusedError as error:
            if "Too many" in str(error):
                gate.set()
            return str(error)
        return ""

    with ThreadPoolExecutor(n) as pool:
        answers = list(pool.map(attempt, range(n)))
    assert len(verified) == PAIR.free + 1
    assert sum("Too many" in answer for answer in answers) == n - PAIR.free - 1


def test_many_wrong_names_from_one_address_wait_too(accounts, eva, clock):
    for number in range(ADDRESS.free):
        assert refused(accounts, f"name{number}") == 0
    assert refused(accounts, "another") == 2
    clock.now += 2
    enter(accounts)  # somebody behind the same address who knows the password
    assert refused(accounts, "another") == 4  # and that has not ended the count


def test_a_name_tried_from_everywhere_waits_a_minute_at_most(accounts, eva, clock):
    for number in range(40):
        wait_s = refused(accounts, address=f"10.1.0.{number}")
        clock.now += wait_s
    assert wait_s == NAME.longest_s == 60


def test_unknown_names_are_answered_as_known_ones(accounts, eva, monkeypatch):
    verified = []
    plain = passwords.verify_password

    def verify(kept, password):
        verified.append(bool(kept))
        return plain(kept, password)

    monkeypatch.setattr("hotspots.accounts.signing_in.verify_password", verify)
    accounts.add_user("jan", display_name="Jan", role="mentor", by=eva)  # has no password yet
    texts = set()
    for name in ("eva", "nobody", "jan", "eva\x00", "' OR 1=1 --", ""):
        with pytest.raises(SignInRefusedError, match="Name or password is wrong") as caught:
            enter(accounts, name, "wrong", address=f"10.2.0.{len(verified)}")
        texts.add((str(caught.value), caught.value.wait_s))
    assert len(texts) == 1
    assert len(verified) == 6  # each has cost one verification


def test_an_empty_password_never_lets_in(accounts, eva):
    accounts.add_user("jan", display_name="Jan", role="mentor", by=eva)
    for password in ("", "nobody has this name"):
        refused(accounts, "jan", password)
        refused(accounts, "nobody", password)


# --- passwords ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "too short"),
        ("elevenchars", "too short"),
        ("a" * 129, "too long"),
        ("aaaaaaaaaaaaaaaaaaaa", "easy to guess"),
        ("passwordpassword", "easy to guess"),
        ("qwertzuiopasdf", "easy to guess"),
        ("jannovakjan1", "easy to guess"),
        ("jesenikjesenik", "easy to guess"),
    ],
)
def test_weak_passwords_are_refused(password, why):
    with pytest.raises(ParameterError, match=why):
        passwords.check_password(password, known=("jan.novak", "Jan Novák", "Jeseník"))


@pytest.mark.parametrize(
    "password", [GOOD, "čtyři zcela různá slova", "🐝" * 3 + " včelí úl v lese"]
)
def test_good_passwords_are_taken(password):
    passwords.check_password(password)
    kept = passwords.hash_password(password)
    assert kept.startswith("$argon2id$")
    assert passwords.verify_password(kept, password)
    assert not passwords.verify_password(kept, password + " ")


def test_a_letter_typed_in_two_ways_is_the_same():
    assert passwords.verify_password(
        passwords.hash_password("včelí úl"), "vc\u030celi\u0301 u\u0301l"
    )


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$"])
def test_a_damaged_hash_lets_nobody_in(kept):
    assert not passwords.verify_password(kept, GOOD)


def test_hashes_of_weaker_parameters_are_renewed_at_sign_in(place, accounts, eva, monkeypatch):
    stronger = PasswordHasher(2, 16, 1)
    monkeypatch.setattr(passwords, "_HASHER", stronger)
    passwords._stand_in.cache_clear()
    enter(accounts)
    with sqlite3.connect(place.accounts) as database:
        (kept,) = database.execute("SELECT password_hash FROM users").fetchone()
    database.close()
    assert "m=16,t=2" in kept
    assert accounts.who(enter(accounts))


def test_real_parameters_are_those_of_rfc_9106():
    low = RFC_9106_LOW_MEMORY
    assert (low.type.name, low.memory_cost, low.time_cost) == ("ID", 65536, 3)


# --- the record -----------------------------------------------------------------------------
def test_what_happens_to_accounts_is_recorded_without_secrets(accounts, eva):
    token = enter(accounts)
    refused(accounts, "eva", "wrong-but-secret")
    refused(accounts, "typed-into-the-wrong-field", "x")
    link = accounts.add_user("jan", display_name="Jan", role="mentor", by=eva)
    accounts.reset_password("jan", by=None)
    accounts.sign_out(token)
    entries = accounts.audit_entries()
    shown = repr(entries)
    for secret in (GOOD, token, link, "wrong-but-secret", "typed-into-the-wrong-field"):
        assert secret not in shown
    assert [entry.action for entry in reversed(entries)] == [
        "account",
        "account",
        "sign_in",
        "sign_in_refused",
        "sign_in_refused",
        "account",
        "account",
        "sign_out",
    ]
    assert {entry.role for entry in entries} == {"system", "administrator", ""}
    assert accounts.find_audit_break() is None


def test_every_role_can_be_given(accounts):
    for role in ROLES:
        add(accounts, f"x-{role}", role=role)
    assert {user.role for user in accounts.users()} == set(ROLES)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_neighbours_in_one_network_count_as_one_address(address, counted):
    assert network(address) == counted


@pytest.mark.parametrize("taken", ["petr", "Petr Veselý", "PETR VESELÝ", "správce", "Commander"])
def test_nobody_is_shown_as_somebody_else(accounts, taken):
    accounts.add_user("petr", display_name="Petr Veselý", role="mentor", by=None)
    accounts.add_user("ivo", display_name="Ivo", role="council", by=None)
    with pytest.raises(ParameterError, match="is another account's or the word for another role"):
        accounts.change_user("ivo", by=None, display_name=taken)
    with pytest.raises(ParameterError, match="is another account's or the word for another role"):
        accounts.add_user("oto", display_name=taken, role="council", by=None)
    assert accounts.user("ivo").display_name == "Ivo"
    accounts.change_user("petr", by=None, display_name="Mentor")
