"""People on both sides of a trunk, and what can be seen of their calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.phones.phone import Call, Phone
from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.test_phones import talk

__all__ = ["MOBILE", "SOMEBODY", "header", "is_open", "member", "talk"]

SOMEBODY, MOBILE = "498912345", "4915112345678"


async def is_open(office: Office, trunk: str, wanted: bool = True) -> None:
    name = f'offhook_trunk_open{{trunk="{trunk}"}}'
    await eventually(lambda: office.metrics().get(name) == float(wanted), what=f"{trunk} open: {wanted}")


@asynccontextmanager
async def member(office: Office, name: str) -> AsyncIterator[Phone]:
    """The phone of somebody of the company."""
    phone = await Phone.open(name, PASSWORD, ("127.0.0.1", office.sip_port))
    try:
        await phone.register()
        yield phone
        await phone.unregister()
    finally:
        await phone.close()


def header(call: Call, name: bytes) -> str:
    """Of the INVITE that rang this telephone."""
    assert call.invite is not None, "it was called"
    return (call.invite.get(name) or b"").decode()
