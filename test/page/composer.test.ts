import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { Spoken } from "./spoken.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({ args: ["--irc-tls", "127.0.0.1:0"] });

function storedDrafts({ page }: Visit): Promise<string> {
  return page.evaluate<string>(`new Promise((resolve, reject) => {
    const opened = indexedDB.open("chat");
    opened.onerror = reject;
    opened.onsuccess = () => {
      const asked = opened.result.transaction("drafts").objectStore("drafts").getAll();
      asked.onsuccess = () => {
        opened.result.close();
        resolve(JSON.stringify(asked.result.filter(({ edits }) => edits !== undefined)));
      };
    };
  })`);
}

pageTest("starts a line on Enter on a phone, until the user chooses otherwise", async () => {
  await using mia = await server.logIn("mia", { width: 390, height: 844, isPhone: true });
  await mia.composer.fill("first line");
  await mia.composer.press("Enter");
  await mia.composer.pressSequentially("second line");
  expect(await mia.composer.inputValue()).toBe("first line\nsecond line");
  await mia.button("Send").click();
  await mia.message(/first line\s*second line/).waitFor();
  await mia
    .button(/^Open the list of rooms/)
    .first()
    .click();
  await mia.openSettings();
  await mia.page.getByLabel(/^Enter sends/).check();
  await mia.page.keyboard.press("Escape");
  await mia.button("Chats").click();
  await mia.leaveHome();
  await mia.composer.fill("one line");
  await mia.composer.press("Enter");
  await mia.message("one line").waitFor();
});

pageTest("/clear hides the messages until the room is opened again", async () => {
  await using nia = await server.logIn("nia");
  await nia.createRoom("attic");
  await nia.send("old news");
  // A message that the server has not confirmed stays.
  await nia.page.locator("article:not(.is-pending)", { hasText: "old news" }).waitFor();
  await nia.send("/clear");
  await nia.page.getByText("Cleared. Reopen the room to see its messages.").waitFor();
  await nia.send("fresh");
  await nia.message("fresh").waitFor();
  expect(await nia.message("old news").count()).toBe(0);
  expect(await nia.page.locator(".beginning").count()).toBe(0);
  await nia.send("/join lobby");
  await nia.heading("#lobby").waitFor();
  await nia.send("/reconnect");
  await nia.waitUntilConnected();
  await nia.send("/join attic");
  await nia.message("old news").waitFor();
});

pageTest("keeps an unknown command, and offers to send it as text", async () => {
  const ana = await server.window("ana");
  const text = "/usr/share/doc is where I look";
  const spoken = await Spoken.of(ana);
  await ana.send(text);
  const asText = ana.button("Send as text");
  await asText.waitFor();
  // A refusal that is repeated is not silent.
  await spoken.waitFor("Unknown command: /usr/share/doc");
  await ana.composer.press("Enter");
  await spoken.waitFor("Unknown command: /usr/share/doc", 2);
  await ana.page.getByText("Unknown command: /usr/share/doc").waitFor();
  expect(await ana.composer.inputValue()).toBe(text);
  await ana.composer.press("End");
  await ana.composer.pressSequentially("!");
  await asText.waitFor({ state: "detached" });
  await ana.composer.press("Enter");
  await asText.click();
  await ana.waitForMessage(`${text}!`);
  expect(await ana.composer.inputValue()).toBe("");
  await ana.send("/kick stranger");
  const toast = ana.page.locator(".toast");
  await toast.getByText("No user named").waitFor();
  await until(
    "the text is back",
    async () => (await ana.composer.inputValue()) === "/kick stranger",
  );
  const list = await ana.page.locator(".list").boundingBox();
  const top = (await toast.boundingBox())?.y ?? 0;
  // It covers the oldest visible messages only.
  expect(top).toBeLessThan((list?.y ?? 0) + (list?.height ?? Number.NaN) / 4);
  await toast.getByRole("button", { name: "Dismiss" }).click();
  await toast.waitFor({ state: "detached" });
  await ana.composer.fill("");
});

pageTest("restores the draft after an edit is cancelled, sent, or reloaded", async () => {
  const ana = await server.window("ana");
  await ana.send("a first one");
  await ana.waitForMessage("a first one");
  await ana.waitUntilSent();
  await ana.composer.fill("half a thought");
  const edit = async () => {
    await ana.chooseFromMenu("a first one", "Edit");
    await until("it is edited", async () =>
      (await ana.composer.inputValue()).startsWith("a first one"),
    );
  };
  await edit();
  await ana.composer.press("Escape");
  const isBack = async () => (await ana.composer.inputValue()) === "half a thought";
  await until("the draft is back", isBack);
  await until("no edit is stored", async () => (await storedDrafts(ana)) === "[]");
  await edit();
  await until("the draft is kept", async () =>
    (await storedDrafts(ana)).includes("half a thought"),
  );
  await ana.reload();
  await until("it is edited", async () => (await ana.composer.inputValue()) === "a first one");
  await ana.send("a first one, better");
  await ana.waitForMessage("a first one, better");
  await until("the draft is back", isBack);
  await ana.composer.fill("");
});

pageTest("shows success briefly, also in a dialog", async () => {
  const ana = await server.window("ana");
  await ana.send("worth a copy");
  await ana.waitUntilSent();
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const toast = ana.page.locator(".toast").filter({ hasText: "Copied" });
  await ana.chooseFromMenu("worth a copy", "Copy text");
  await toast.waitFor();
  await toast.waitFor({ state: "detached" });
  const settings = await ana.openSettings();
  const setPassword = async (current: string, password: string, repeated = password) => {
    await settings.getByLabel("Current password", { exact: true }).fill(current);
    await settings.getByLabel("New password", { exact: true }).fill(password);
    await settings.getByLabel("Repeat new password", { exact: true }).fill(repeated);
  };
  expect(await settings.getByLabel("Current password", { exact: true }).count()).toBe(0);
  await settings.getByRole("button", { name: "Change password" }).click();
  await setPassword("", "correct horse", "correct house");
  await settings.getByText("The passwords don't match.").waitFor();
  await setPassword("", "correct horse");
  await settings.getByRole("button", { name: "Set password" }).click();
  const changed = settings.getByText("Password changed.");
  await changed.waitFor();
  expect(await settings.getByLabel("New password", { exact: true }).count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.keyboard.press("Escape");
  await settings.waitFor({ state: "detached" });
  await ana.page.locator(".conversation").getByText("Password changed.").waitFor();
});

pageTest("creates IRC passwords, shows each once, and revokes them", async () => {
  const ana = await server.window("ana");
  const settings = await ana.openSettings();
  await settings.getByRole("button", { name: "IRC passwords" }).click();
  const dialog = ana.dialog("IRC passwords");
  const setup = dialog.getByText(/^Server: 127\.0\.0\.1, port \d+, with TLS/);
  expect(await setup.textContent()).toMatch(/Nick and user name: ana\n.*: [\dA-F]{64}\n/);
  const secret = dialog.getByLabel("New IRC password. Copy it now: it is shown only once.");
  const create = async (label: string) => {
    await dialog.getByLabel("Name of the IRC client (optional)").fill(label);
    await dialog.getByRole("button", { name: "Create IRC password" }).click();
    await dialog
      .getByRole("listitem")
      .filter({ hasText: label || /^IRC password \d/ })
      .waitFor();
    return secret.inputValue();
  };
  const [first, second] = [await create("<b>WeeChat</b>"), await create("")];
  expect([first, second].every((password) => /^i[\w-]{22}$/.test(password))).toBe(true);
  expect(second).not.toBe(first);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await dialog.getByRole("button", { name: "Revoke: <b>WeeChat</b>" }).click();
  const entries = dialog.getByRole("listitem");
  await until("one password remains", async () => (await entries.count()) === 1);
  expect(await secret.count()).toBe(1);
  await dialog.getByRole("button", { name: /^Revoke: IRC password/ }).click();
  await secret.waitFor({ state: "detached" });
  await create("irssi");
  await ana.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await ana.page.keyboard.press("Escape");
  await ana.composer.fill("/irc-password");
  await ana.page.keyboard.press("Enter");
  await entries.waitFor();
  expect(await secret.count()).toBe(0);
  await ana.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

function positions({ page }: Visit): Promise<string> {
  return page.evaluate<string>(`JSON.stringify(["article.message", ".composer-row"].map(
    (what) => [...document.querySelectorAll(what)].at(-1).getBoundingClientRect()))`);
}

pageTest("shows who is typing, in a line that moves nothing, until it is sent", async () => {
  const ana = await server.window("ana");
  await using bill = await server.logIn("bill");
  await bill.send("hello");
  await ana.waitForMessage("hello");
  const before = await positions(ana);
  await bill.composer.pressSequentially("I am");
  const line = ana.page.locator(".typing");
  await line.waitFor();
  expect(await line.textContent()).toStartWith("bill ");
  expect(await positions(ana)).toBe(before);
  expect(await ana.page.locator("[aria-live] .typing").count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await bill.composer.fill("");
  await line.waitFor({ state: "detached" });
  await ana.openSettings();
  await ana.page.getByRole("checkbox", { name: /^Typing indicators/ }).uncheck();
  await ana.page.keyboard.press("Escape");
  await ana.composer.pressSequentially("quietly");
  await bill.composer.pressSequentially("and I");
  await bill.composer.press("Enter");
  await ana.waitForMessage("and I");
  for (const visit of [ana, bill]) expect(await visit.page.locator(".typing").count()).toBe(0);
  await ana.composer.fill("");
});

pageTest("completes emoji by name; the picker finds them by word and arrow keys", async () => {
  const ana = await server.window("ana");
  await ana.page.setViewportSize({ width: 390, height: 844 });
  const fetched: string[] = [];
  ana.page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await ana.composer.pressSequentially("so :tad");
  await ana.page.getByRole("option", { name: ":tada:" }).waitFor();
  expect(fetched.filter((path) => /\/emoji-[^/]*\.js$/.test(path))).toHaveLength(1);
  await ana.composer.press("Tab");
  await until("it is put in", async () => (await ana.composer.inputValue()) === "so 🎉 ");
  await ana.composer.pressSequentially(":D :rocket:");
  await ana.page.getByRole("option", { name: ":rocket:" }).waitFor();
  await ana.composer.press("Tab");
  await until("so is this", async () => (await ana.composer.inputValue()) === "so 🎉 :D 🚀 ");
  await ana.composer.press("Home");
  await ana.button("Emoji").click();
  const picker = ana.dialog("Emoji");
  const field = picker.getByLabel("Search emoji");
  await picker.getByRole("button", { name: "grinning face", exact: true }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await field.fill("thumbs");
  await picker.getByRole("button", { name: "thumbs up", exact: true }).waitFor();
  await field.press("Enter");
  await until("the focus is back", async () =>
    ana.page.evaluate<boolean>("document.activeElement.matches('.composer textarea')"),
  );
  expect(await ana.composer.inputValue()).toBe("👍so 🎉 :D 🚀 ");
  await ana.composer.press("End");
  await ana.button("Emoji").click();
  await picker.getByRole("heading", { name: "Recently used" }).waitFor();
  await field.press("ArrowDown");
  const focused = () =>
    ana.page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
  expect(await focused()).toBe("thumbs up");
  await field.fill("no such thing");
  await picker.getByText("No results.").waitFor();
  await ana.page.keyboard.press("Escape");
  await picker.waitFor({ state: "detached" });
  await ana.composer.press("Enter");
  await ana.waitForMessage("👍so 🎉 :D 🚀");
  await ana.waitUntilSent();

  const message = ana.message("so 🎉");
  await ana.page.setViewportSize({ width: 1440, height: 900 });
  await message.hover();
  await message.getByRole("button", { name: "React with 👍" }).click();
  await message.getByRole("button", { name: "👍 1: you" }).waitFor();
  await message.getByRole("button", { name: "React", exact: true }).click();
  await ana.dialog("React").getByLabel("Search emoji").fill("avocado");
  await ana.dialog("React").getByRole("button", { name: "avocado" }).click();
  await message.getByRole("button", { name: "🥑 1: you" }).waitFor();
  await until("it is back", async () => (await focused()) === "React");
  await message.getByRole("button", { name: "React with 👍" }).click();
  await message.getByRole("button", { name: "👍 1: you" }).waitFor({ state: "detached" });
  expect(await ana.accessibilityViolations()).toEqual([]);
  await message.getByRole("button", { name: /^Actions for message/ }).click();
  await ana.menuItem("Add reaction…").click();
  await ana.dialog("React").getByRole("heading", { name: "Smileys and emotion" }).waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.page.setViewportSize({ width: 1280, height: 800 });
});

pageTest("scrolls to a new message of one's own, from older messages, too", async () => {
  const ben = await server.headlessUser("cid");
  await ben.postMany(400, (n) => `message ${n}. ${"and so on ".repeat(n % 17)}`);
  const ana = await server.window("ana");
  await ana.waitForMessage("message 399.");
  await ana.page.mouse.move(600, 400);
  await until("older messages are visible", async () => {
    await ana.page.mouse.wheel(0, -1_500);
    return ana.button(/^Jump to latest/).isVisible();
  });
  await ana.send("here I am");
  await ana.waitForMessage("here I am");
  await ana.waitUntilSent();
  await ana.button(/^Jump to latest/).waitFor({ state: "detached" });
});

pageTest("runs commands on messages, users and rooms", async () => {
  const ana = await server.window("ana");
  await ana.createRoom("lab");
  const dan = await server.headlessUser("dan");
  await dan.tab.ask("join", { room: "lab" });
  const notice = { text: "@ana build 7 passed", notice: true };
  const post = { outbox: "BBBBBBBBBBA", counter: 1, to: "lab", body: notice };
  await dan.tab.ask("post", post);
  await ana.message("build 7 passed").getByText("(notice)").waitFor();
  await dan.post("which day?", "lab");
  await ana.waitForMessage("which day?");
  await ana.send("/reply on monday");
  await ana.message("on monday").locator(".quote").getByText("which day?").waitFor();
  await ana.send("/edit on tuesday");
  await ana.message("on tuesday").getByText("(edited)").waitFor();
  await ana.send("an even later one");
  await ana.send("/edit on wednesday");
  await ana.message("on wednesday").getByText("(edited)").waitFor();
  expect(await ana.message("on tuesday").count()).toBe(1);
  await ana.send("/react 👍");
  await ana.message("which day?").locator(".reaction").waitFor();
  await ana.send("/pin");
  await ana.message("which day?").locator(".pinned").waitFor();
  await ana.send("/save");
  await ana.send("/saved");
  await ana.dialog("Saved messages").getByText("which day?").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.send("/erase");
  await ana.dialog("Delete this message for everyone?").waitFor();
  await ana.page.keyboard.press("Escape");

  await ana.send("/mute dan 10m");
  await ana.page.getByText(/ana muted dan until/).waitFor();
  await ana.send("/mute dan soon");
  await ana.page.getByText(/Usage: \/mute NAME \[TIME\]: .*10m/).waitFor();
  expect(await ana.composer.inputValue()).toBe("/mute dan soon");
  await ana.composer.fill("");
  await ana.send("/unmute dan");
  await ana.page.getByText("ana unmuted dan").waitFor();
  await ana.send("/ignore dan");
  await ana.send("/ignored");
  const ignored = ana.dialog("Ignored people");
  await ignored.getByText("dan", { exact: true }).waitFor();
  await expectAccessible(ana, "light", "whom one ignores");
  await ignored.getByRole("button", { name: "Stop ignoring dan" }).click();
  await ignored.getByText("You aren't ignoring anyone.").waitFor();
  await ana.page.keyboard.press("Escape");

  await ana.send("/topic about days");
  await ana.page.locator(".room-head").getByText("about days").waitFor();
  await ana.send("/topic");
  const topic = ana.dialog("Name and topic");
  expect(await topic.locator("#topic").inputValue()).toBe("about days");
  await ana.page.keyboard.press("Escape");
  await ana.send("/msg #lab to a room");
  await ana.message("to a room").waitFor();
  await ana.send("/msg @dan to a person");
  await ana.room("@dan").waitFor();
  await ana.send("/leave");
  await ana.room("@dan").waitFor({ state: "detached" });
});
