"""Before the desk: signing in, one-time links, and what is said when it does not work."""

from playwright.async_api import expect

from tests.browser.conftest import Open, sign_in
from tests.browser.house import House


async def test_a_wrong_name_and_a_wrong_password_sound_alike(opened: Open) -> None:
    page = await opened()
    await sign_in(page, "nobody", "correct horse")
    await expect(page.get_by_role("alert")).to_have_text("User name or password is not right.")
    await sign_in(page, "anna", "wrong")
    await expect(page.get_by_role("alert")).to_have_text("User name or password is not right.")
    await expect(page.get_by_role("textbox", name="User name")).to_be_focused()


async def test_too_many_tries_say_how_long_to_wait(house: House, opened: Open) -> None:
    house.failed_logins = 3
    page = await opened()
    await sign_in(page)
    await expect(page.get_by_role("alert")).to_contain_text("Please wait 42 seconds")


async def test_a_one_time_link_lets_its_owner_choose_a_password(opened: Open) -> None:
    page = await opened(path="/#welcome=fresh-link")
    await expect(page.get_by_role("heading", name="Welcome, Ben")).to_be_visible()
    await page.get_by_label("New password").fill("short")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("Please use at least 8 characters.")).to_be_visible()
    await page.get_by_label("New password").fill("a long sentence")
    await page.get_by_label("The same again").fill("a long sentense")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("The two are not the same.")).to_be_visible()
    await page.get_by_label("The same again").fill("a long sentence")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("button", name="Account: Ben Cole")).to_be_visible()
    assert "welcome" not in page.url


async def test_a_used_link_says_what_to_do(opened: Open) -> None:
    page = await opened(path="/#welcome=used")
    await expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    await page.get_by_role("button", name="Sign in with a password").click()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_signing_out_ends_at_the_door(opened: Open) -> None:
    page = await opened()
    await sign_in(page)
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_session_ended_elsewhere_ends_at_the_door(house: House, opened: Open) -> None:
    page = await opened()
    await sign_in(page)
    await expect(page.get_by_label("Calls use This browser, Ready")).to_be_visible()
    await house.cut(4001)
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
