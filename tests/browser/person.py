"""Somebody at a browser who works on the page of users, as a person does: by what is written on links, labels and buttons."""
import re

from playwright.sync_api import expect

SHOWN = "#users > tr:not(.rt-leave)"


class Person:
    """`page` is Playwright's. Every act waits for what it needs; what does not come fails the test."""

    def __init__(self, page):
        self.page = page

    # What he sees

    @property
    def form(self):
        """The form in the dialog."""
        return self.page.get_by_role("dialog")

    def row(self, name):
        """The rows of the table whose user has just this name; mostly one or none."""
        exactly = self.page.locator("th bdi", has_text=re.compile(f"^{re.escape(name)}$"))
        return self.page.locator(SHOWN).filter(has=exactly)

    def names(self):
        """All names in the table, from the top."""
        return self.page.locator(f"{SHOWN} > th > bdi").all_inner_texts()

    def is_connected(self, by="SSE"):
        """Wait for the badge to say so; returns self."""
        expect(self.page.get_by_role("status")).to_have_text(f"Connected ({by})")
        return self

    def is_disconnected(self):
        expect(self.page.get_by_role("status")).to_have_text("Disconnected")

    # What he does

    def opens_new(self):
        self.page.get_by_role("link", name="New user").first.click()
        expect(self.form.get_by_label("Name")).to_be_focused()

    def opens_edit(self, name):
        self.row(name).get_by_role("link", name="Edit").click()
        expect(self.form.get_by_label("Name")).to_be_focused()

    def opens_delete(self, name):
        self.row(name).get_by_role("link", name="Delete").click()
        expect(self.form.get_by_role("heading")).to_have_text("Delete user")

    def fills(self, **fields):
        """Type into the fields with these names, in the dialog."""
        for name, value in fields.items():
            self.form.locator(f"[name={name}]").fill(value)

    def presses(self, button):
        """Press a button of the dialog; returns when the server's answer was, in seconds since 1970. A failed request fails."""
        with self.page.expect_response(lambda response: response.request.method == "POST") as waited:
            self.form.get_by_role("button", name=button, exact=True).click()
        waited.value.finished()
        timing = waited.value.request.timing
        return (timing["startTime"] + timing["responseEnd"]) / 1000

    def creates(self, name, email):
        """Create a user through the form; returns when the server's answer was."""
        self.opens_new()
        self.fills(name=name, email=email)
        answered = self.presses("Save")
        expect(self.form).to_be_hidden()
        return answered
