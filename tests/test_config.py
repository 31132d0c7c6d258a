"""offhook.toml and the environment: what they mean, and how a mistake is told."""

import re
import socket
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config import Address, Config, ConfigError, PortRange, is_loopback, masked
from offhook.configfile import as_dict, load, shown

EXAMPLE = Path(__file__).parent.parent / "offhook.example.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "offhook.toml"


# ---- what is read


def test_nothing_said_means_the_defaults_and_what_follows_from_them() -> None:
    config = load(None, {})
    name = socket.gethostname()
    assert (config.site, config.database) == ("hq", "sqlite:///var/lib/offhook/offhook.db")
    assert (config.web.listen.host, config.web.listen.port) == ("0.0.0.0", 8443)
    assert config.web.url == f"https://{name}:8443"
    assert config.sip.domain == name
    assert config.sip.udp[0].port == 5060


def test_the_example_shows_every_key_and_changes_nothing() -> None:
    text = EXAMPLE.read_text()
    assert load(EXAMPLE, {}) == load(None, {})
    keys = set(re.findall(r"^# (\w+) = ", text, re.MULTILINE))
    config = Config()
    names = {"web", "sip", "net", "media", "limits", "records", "log"}
    known = {
        key
        for section in (config, *(getattr(config, name) for name in names))
        for key in section.__struct_fields__
    }
    assert keys | names == known
    for line in re.findall(r"^# (\w+ = .*)$", text, re.MULTILINE):
        assert tomllib.loads(line)


def test_the_file_wins_over_defaults_and_the_environment_over_the_file(file: Path) -> None:
    file.write_text('site = "berlin"\n[web]\nlisten = "[::1]:443"\nhttps = false\n[media]\nworkers = 2\n')
    config = load(
        file,
        {
            "OFFHOOK_MEDIA_WORKERS": "3",
            "OFFHOOK_SIP_UDP": "0.0.0.0:5060, [::]:5060",
            "OFFHOOK_WEB_HTTPS": "true",
            "OFFHOOK_LIMITS_CALLS_PER_USER": "4",
            "OFFHOOK_LOOP": "asyncio",
            "HOME": "/root",
        },
    )
    assert (config.site, config.media.workers, config.web.https) == ("berlin", 3, True)
    assert config.web.listen == Address("[::1]:443")
    assert [address.host for address in config.sip.udp] == ["0.0.0.0", "::"]
    assert config.limits.calls_per_user == 4


def test_an_empty_variable_for_a_list_means_an_empty_list() -> None:
    assert load(None, {"OFFHOOK_SIP_TLS": ""}).sip.tls == ()


def test_a_secret_may_lie_in_a_file_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("postgresql://me:word@db/offhook\n")
    file.write_text(f'database_file = "{tmp_path}/secret"\n')
    assert load(file, {}).database == "postgresql://me:word@db/offhook"
    by_variable = load(None, {"OFFHOOK_DATABASE_FILE": f"{tmp_path}/secret"})
    assert by_variable.database == "postgresql://me:word@db/offhook"


HOOKS = """
[records]
keep_days = 90

[[records.webhook]]
url = "https://crm.example/calls?key=1"
secret = "sixteen letters!"

[[records.webhook]]
url = "http://127.0.0.1:9000/"
secret_file = "{}/secret"
"""


def test_webhooks_are_tables_and_their_secrets_are_shown_to_nobody(file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("another one of sixteen\n")
    file.write_text(HOOKS.format(tmp_path))
    config = load(file, {})
    assert config.records.keep_days == 90
    assert [(hook.url, hook.secret) for hook in config.records.webhook] == [
        ("https://crm.example/calls?key=1", "sixteen letters!"),
        ("http://127.0.0.1:9000/", "another one of sixteen"),
    ]
    told = shown(config)
    assert "sixteen" not in told + str(as_dict(config))
    assert tomllib.loads(told)["records"]["webhook"][1] == {"url": "http://127.0.0.1:9000/", "secret": "***"}


@pytest.mark.parametrize(
    "table",
    [
        'url = "https://crm.example"\nsecret = "hidden"',
        'url = "ftp://crm.example"\nsecret = "hidden hidden hidden"',
        'url = "https://crm.example"',
        'url = "https://crm.example"\nsecret = "hidden hidden hidden"\nsecrets = 1',
        'url = "https://a"\nsecret = "hidden hidden hidden"\n[[records.webhook]]\n'
        'url = "https://a"\nsecret = "hidden hidden hidden"',
    ],
)
def test_a_webhook_that_will_not_do_is_told_with_its_line_and_without_its_secret(
    file: Path, table: str
) -> None:
    file.write_text(f"[records]\n\n[[records.webhook]]\n{table}\n")
    with pytest.raises(ConfigError, match=r"offhook\.toml, line 3: \[records\] webhook = .* write ") as error:
        load(file, {})
    assert "hidden" not in str(error.value)


def test_phones_get_the_certificate_of_the_page_unless_told_otherwise(file: Path) -> None:
    file.write_text('[web]\ncertificate = "c.pem"\nkey = "k.pem"\n')
    assert load(file, {}).sip.certificate == "c.pem"
    file.write_text(
        '[web]\ncertificate = "c.pem"\nkey = "k.pem"\n[sip]\ncertificate = "d.pem"\nkey = "e.pem"\n'
    )
    assert (load(file, {}).sip.certificate, load(file, {}).sip.key) == ("d.pem", "e.pem")


# ---- what is wrong


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('[web]\nlistn = "x"', 2, r"\[web\] has no key 'listn'; did you mean 'listen'\?"),
        ("[limits]\nspeed = 1", 2, "known are calls, calls_per_user"),
        ('[wib]\nlisten = "x"', 1, r"no section \[wib\]; did you mean 'web'\?"),
        ('sight = "hq"', 1, "there is no key 'sight'; did you mean 'site'"),
        ("[web]\nlisten = 8443", 2, "write HOST:PORT in quotes"),
        ('[web]\nlisten = "8443"', 2, "write HOST:PORT in quotes"),
        ('[web]\nlisten = "::1:8443"', 2, "write HOST:PORT in quotes"),
        ('[web]\nlisten = "host:70000"', 2, "write HOST:PORT in quotes"),
        ('[sip]\nrealm = "offhook"\nudp = "0.0.0.0:5060"', 3, "write a list, each of its members HOST:PORT"),
        ('[sip]\nsrtp = "maybe"', 2, 'write one of "off", "auto", "required"'),
        ("[media]\nworkers = true", 2, "write a whole number"),
        ("[media]\nworkers = -1", 2, "write a whole number; 0 is one less"),
        ('[media]\nports = "20000-10000"', 2, "a range within 1024-65535"),
        ("[web]\nhttps = 1", 2, "write true or false"),
        ("[limits]\ncalls = 0", 2, "write a whole number from 1 on"),
        ('[net]\npublic = "phone.example.com"', 2, "write an IPv4 address, not a name"),
        ('[net]\nlocal = ["10.0.0.1/8"]', 2, "write networks such as"),
        ('site = "HQ.1"', 1, "write 1 to 16 of a-z"),
        ('data = "here"', 1, "the full path"),
        ('[web]\nurl = "phone.example.com"', 2, "such as https://phone"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_remedy(
    file: Path, text: str, line: int, sentence: str
) -> None:
    file.write_text("# what this server is\n" + text)
    with pytest.raises(ConfigError, match=sentence) as error:
        load(file, {})
    assert str(error.value).startswith(f"{file}, line {line + 1}: ")


def test_broken_toml_is_told_with_its_line(file: Path) -> None:
    file.write_text("site = hq\n")
    with pytest.raises(ConfigError, match=r"offhook\.toml: .*line 1"):
        load(file, {})


def test_a_mistake_in_the_environment_names_its_variable() -> None:
    with pytest.raises(ConfigError, match=r"^variable OFFHOOK_MEDIA_WORKERS: .* write a whole number"):
        load(None, {"OFFHOOK_MEDIA_WORKERS": "many"})
    with pytest.raises(ConfigError, match=r"^variable OFFHOOK_WEB_LISTN: .* did you mean 'listen'"):
        load(None, {"OFFHOOK_WEB_LISTN": "x"})


def test_a_missing_file_is_told_with_what_to_do(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy offhook\.example\.toml there"):
        load(file, {})
    with pytest.raises(ConfigError, match="nowhere"):
        load(None, {"OFFHOOK_DATABASE_FILE": "/nowhere"})


def test_a_certificate_without_its_key_is_half_a_thing(file: Path) -> None:
    file.write_text('[sip]\ncertificate = "c.pem"\n')
    with pytest.raises(ConfigError, match=r"\[sip\] certificate and key belong together"):
        load(file, {})


def test_a_password_is_shown_nowhere(file: Path) -> None:
    file.write_text('database = "mysql://me:hid:w@den@db/offhook"\n')
    with pytest.raises(ConfigError) as error:
        load(file, {})
    assert "hid:" not in str(error.value)
    assert "den@" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:word@db/offhook", "postgresql://me:***@db/offhook"),
        (
            "postgresql://me@db/offhook?password=word&host=/tmp",
            "postgresql://me@db/offhook?password=***&host=/tmp",
        ),
        ("postgresql:///offhook", "postgresql:///offhook"),
        ("sqlite:///var/lib/a@b:c", "sqlite:///var/lib/a@b:c"),
    ],
)
def test_only_the_password_of_an_address_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


# ---- what is shown


def test_what_is_shown_can_be_read_again(file: Path) -> None:
    config = load(
        None, {"OFFHOOK_SITE": "berlin", "OFFHOOK_SIP_UDP": "[::]:5060", "OFFHOOK_DATA": '/srv/ö"\\'}
    )
    file.write_text(shown(config))
    assert load(file, {}) == config
    assert tomllib.loads(shown(config)) == as_dict(config) | {
        name: {key: list(v) if isinstance(v, tuple) else v for key, v in section.items()}
        for name, section in as_dict(config).items()
        if isinstance(section, dict)
    }


# ---- values


@given(st.text())
def test_an_address_is_understood_or_refused(text: str) -> None:
    try:
        address = Address(text)
    except ValueError:
        return
    assert 0 <= address.port <= 65535
    assert address.host


@given(st.text("0123456789-", max_size=14))
def test_a_range_of_ports_lies_in_order_and_in_bounds(text: str) -> None:
    try:
        ports = PortRange(text)
    except ValueError:
        return
    assert 1024 <= ports.first < ports.last <= 65535


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example.com"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
