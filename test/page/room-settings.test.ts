import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { PageServer } from "./page-server.ts";
import { DARK_PHONE, expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const password = "correct horse battery";
const PHONE = { width: 390, height: 844, isPhone: true };

async function chooseFromRoomMenu(visit: Visit, target: string, entry: string): Promise<void> {
  await visit.room(target).click({ button: "right" });
  await visit.menuItem(entry).click();
}

const targets = ({ page }: Visit) =>
  page.evaluate<string[]>(`[...document.querySelectorAll(".room-line")]
    .map((line) => line.dataset.target)`);

pageTest(
  "syncs favourite, muted, unread, hidden and saved between devices, across a reload",
  async () => {
    const ben = await server.headlessUser("ben");
    await using ana = await server.logIn("ana", { password, width: 1440 });
    await using phone = await server.logIn("ana", { password, width: 820 });
    await ana.createRoom("zoo");

    await chooseFromRoomMenu(ana, "zoo", "Add to favourites");
    await phone.room("zoo").getByText("favourite").waitFor();
    expect(await targets(phone)).toEqual(["zoo", "lobby"]);

    await chooseFromRoomMenu(ana, "lobby", "Notifications…");
    const levels = ana.dialog("Notifications from #lobby");
    await levels.getByRole("button", { name: "Mentions only", pressed: true }).waitFor();
    await levels.getByRole("button", { name: "Nothing", exact: true }).click();
    await phone.room("lobby").getByText("muted").waitFor();
    await ben.post("nobody is called");
    await ben.post("hello @ana");
    await ana.room("lobby").getByText("2 unread, 1 mention").waitFor();
    expect(await ana.room("lobby").locator(".count > :first-child").textContent()).toBe("1");
    expect(await ana.page.title()).not.toContain("(");

    await ana.room("lobby").click();
    await ana.waitForMessage("hello @ana");
    await ana.chooseFromMenu("hello @ana", "Save for later");
    await ana.chooseFromMenu("nobody is called", "Mark as unread");
    await ana.page.locator("[data-unread]").waitFor();
    await phone.room("lobby").getByText("2 unread").waitFor();
    await phone.room("lobby").click();
    await phone.room("lobby").getByText("2 unread").waitFor({ state: "detached" });
    await ana.room("lobby").getByText("2 unread").waitFor({ state: "detached" });

    await phone.button(/^Activity/).click();
    await phone.button("Saved messages").click();
    const saved = phone.dialog("Saved messages");
    await saved.getByText("hello @ana").waitFor();
    await saved.getByText("hello @ana").click();
    await phone.page.locator("article.is-shown").filter({ hasText: "hello @ana" }).waitFor();

    await phone.button("Chats").click();
    await ben.post("between us", "@ana");
    await phone.room("@ben").getByText("1 unread").waitFor();
    await chooseFromRoomMenu(phone, "@ben", "Hide until next message");
    await ana.room("@ben").waitFor({ state: "detached" });
    await phone.reload();
    await phone.room("zoo").getByText("favourite").waitFor();
    expect(await targets(phone)).toEqual(["zoo", "lobby"]);
    await ben.post("still there?", "@ana");
    for (const device of [ana, phone]) await device.room("@ben").getByText("1 unread").waitFor();

    await phone.button(/^Activity/).click();
    await phone.button("Saved messages").click();
    await saved.getByRole("button", { name: "Remove from saved" }).click();
    await saved.getByText("No saved messages.").waitFor();
  },
);

pageTest("opens a room's menu by keyboard and by long press", async () => {
  const emil = await server.headlessUser("emil");
  const ula = await server.window("ula");
  await emil.post("between us", "@ula");
  await ula.room("@emil").getByText("1 unread").waitFor();
  await ula.room("@emil").focus();
  const focusedItem = ula.page.locator("[role=menuitem]:focus");
  await ula.page.keyboard.press("Shift+F10");
  await focusedItem.getByText("Notifications…").waitFor();
  for (const key of ["ArrowDown", "ArrowDown"]) await ula.page.keyboard.press(key);
  await focusedItem.getByText("Mark as read").waitFor();
  await ula.page.keyboard.press("Enter");
  await ula.room("@emil").getByText("1 unread").waitFor({ state: "detached" });
  await ula.page.locator(".room-line:focus").waitFor();
  await ula.page.keyboard.press("Shift+F10");
  for (const key of ["ArrowDown", "ArrowDown"]) await ula.page.keyboard.press(key);
  await focusedItem.getByText("Mark as unread").waitFor();
  await ula.page.keyboard.press("Enter");
  await ula.room("@emil").getByText("1 unread").waitFor();

  const rosa = await server.window("rosa", PHONE);
  await rosa.button(/^Open the list of rooms/).tap();
  const line = rosa.room("lobby");
  const finger = await Finger.of(rosa);
  await finger.touch(line);
  await rosa.menuItem("Add to favourites").waitFor();
  await finger.lift();
  // Some browsers also fire a click, which must not open the room.
  await line.dispatchEvent("click");
  await rosa.menuItem("Add to favourites").tap();
  await line.getByText("favourite").waitFor();
  await finger.touch(line);
  await finger.moveBy(0, 40);
  await finger.lift();
  await line.tap();
  await rosa.composer.waitFor();
  expect(await rosa.page.getByRole("menu").count()).toBe(0);
});

const LINES = 60;

pageTest("shows the toolbar of the touched message only", async () => {
  const fay = await server.headlessUser("fay");
  const rosa = await server.window("rosa", PHONE);
  for (const text of ["first", "second", "third"]) await fay.post(text);
  await rosa.waitForMessage("third");
  // Move the mouse away, because it would also show the toolbar.
  await rosa.page.mouse.move(1, 1);
  const tools = rosa.page.locator(".tools");
  for (const text of ["first", "third", "second"]) {
    await rosa.message(text).getByText(text).tap();
    await rosa.message(text).locator(".tools").waitFor();
    await until("those of the others are gone", async () => (await tools.count()) === 1);
  }
  await rosa.button("Actions for message from fay").tap();
  await rosa.menuItem("React with 👏").tap();
  await rosa.message("second").getByRole("button", { name: "👏 1: you" }).waitFor();
});

pageTest("counts new messages while older ones are being read", async () => {
  const gus = await server.headlessUser("gus");
  const rosa = await server.window("rosa", PHONE);
  await gus.postMany(LINES, (n) => `line ${n}.`);
  await rosa.waitForMessage(`line ${LINES - 1}.`);
  const list = rosa.page.locator(".timeline .list");
  const newest = rosa.button("Jump to latest");
  await until("the page has shown the newest line", () =>
    list.evaluate(
      ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2,
    ),
  );
  await list.hover();
  await until("the page stays above", async () => {
    // Use the wheel, because the page ignores scrolls without user input.
    await rosa.page.mouse.wheel(0, -1_500);
    return (await newest.count()) === 1;
  });
  await gus.post("one");
  await rosa.button("1 new message").waitFor();
  await gus.post("two");
  await rosa.button("2 new messages").waitFor();
  expect(await newest.isVisible()).toBe(true);
  await rosa.button("2 new messages").tap();
  await rosa.waitForMessage("two");
  await rosa.page.locator(".newest").waitFor({ state: "detached" });
});

const HOSTILE =
  "Plan: \u202eevil\u0007 <b>see</b> https://example.org/plan and bring your own chair";

pageTest("lets a moderator pin messages, and members open them from the list", async () => {
  const ula = await server.window("ula");
  await ula.createRoom("den");
  const bob = await server.headlessUser("bob");
  await bob.tab.ask("join", { room: "den" });
  await bob.post(HOSTILE, "den");
  await bob.post("and cake", "den");
  await ula.waitForMessage("bring your own chair");
  await ula.chooseFromMenu("bring your own chair", "Pin");
  await ula.page.getByText("ula pinned a message").first().waitFor();
  await ula.chooseFromMenu("and cake", "Pin");
  await ula.page.getByText("ula pinned a message").first().waitFor();
  const marks = ula.page.locator("article.message .pinned");
  await ula.message("and cake").locator(".pinned").getByText("pinned").waitFor();
  expect(await marks.count()).toBe(2);
  for (let i = 0; i < 60; i++) await bob.post(`so much more ${i}`, "den");
  const [look, options] = DARK_PHONE;
  await using eve = await server.logIn("eve", options);
  await eve.send("/join den");
  await eve.waitForMessage("so much more 59");
  const button = eve.page
    .locator(".room-head .icon-button")
    .filter({ has: eve.page.locator("path[d^='M9 4h6']") });
  await button.click();
  const list = eve.page.locator("dialog .pins li");
  await list.first().waitFor();
  expect(await list.allTextContents()).toEqual([
    expect.stringContaining("and cake"),
    expect.stringContaining("bring your own chair"),
  ]);
  await expectAccessible(eve, look, "what is pinned");
  await list.last().locator("a").click();
  await eve.message("bring your own chair").locator(".pinned").waitFor();
  await expectAccessible(eve, look, "a pinned message");
  await eve.page.locator("dialog").waitFor({ state: "detached" });
  // A wide window lists them beside the room, and shows the newest over the conversation.
  await ula.page.locator(".pin-line", { hasText: "and cake" }).waitFor();
  await ula.page.getByRole("tab", { name: "Pins" }).click();
  const pins = ula.page.locator(".panel-pins li");
  await pins.first().getByRole("button").click();
  await pins.nth(1).waitFor({ state: "detached" });
  expect(await pins.count()).toBe(1);
  await ula.page.locator(".pin-line", { hasText: "bring your own chair" }).waitFor();
  await expectAccessible(ula, "light", "pins beside a room");
});

pageTest("shows read receipts for the last own message, once enabled by a moderator", async () => {
  const ula = await server.window("ula");
  await ula.createRoom("club");
  const rosa = await server.window("rosa", PHONE);
  await rosa.send("/join club");
  await rosa.page.getByText("joined").first().waitFor();
  await ula.send("before it");
  await rosa.waitForMessage("before it");
  expect(await ula.page.locator(".readers").count()).toBe(0);
  await ula.button("Actions for club").click();
  await ula.menuItem("Read receipts").click();
  await ula.dialog("Read receipts").waitFor();
  const shows = ula.field("Show who has read messages");
  expect(await shows.isChecked()).toBe(false);
  await shows.click();
  await rosa.page.getByText("ula turned on read receipts").waitFor();
  await until("the switch shows its state", () => shows.isChecked());
  await ula.page.keyboard.press("Escape");
  await ula.send("who reads this?");
  await rosa.waitForMessage("who reads this?");
  const line = ula.message("who reads this?").locator(".readers");
  const names = line.getByRole("button", { name: "Read by 1" });
  await names.waitFor();
  await names.click();
  await line.getByText("rosa").waitFor();
  await expectAccessible(ula, "light", "who has read");
  expect(await ula.page.locator(".readers").count()).toBe(1);
});
