import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

function text({ composer }: Visit): Promise<string> {
  return composer.inputValue();
}

async function press(visit: Visit, key: string, times: number): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < times; i++) {
    await visit.page.keyboard.press(key);
    texts.push(await text(visit));
  }
  return texts;
}

pageTest("undo and redo take back completions, emoji and restored texts", async () => {
  const ana = await server.window("ana");
  await server.headlessUser("gurpreet");
  await ana.composer.pressSequentially("Ask @gur");
  await ana.page.getByRole("option", { name: "@gurpreet" }).waitFor();
  await ana.page.keyboard.press("Tab");
  expect(await text(ana)).toBe("Ask @gurpreet ");
  await ana.composer.pressSequentially("now");
  await ana.button("Emoji").click();
  const picker = ana.dialog("Emoji");
  await picker.getByLabel("Search emoji").fill("thumbs up");
  await picker.getByRole("button", { name: "thumbs up", exact: true }).waitFor();
  await ana.page.keyboard.press("Enter");
  await until("the emoji", async () => (await text(ana)) === "Ask @gurpreet now👍");
  const undone = await press(ana, "Control+z", 6);
  expect(undone[0]).toBe("Ask @gurpreet now");
  expect(undone).toContain("Ask @gur");
  expect(undone.at(-1)).toBe("");
  const redone = await press(ana, "Control+Shift+z", 6);
  expect(redone.at(-1)).toBe("Ask @gurpreet now👍");
  await ana.page.keyboard.press("Enter");
  await ana.waitForMessage("Ask @gurpreet now👍");
  await ana.waitUntilSent();
  await ana.composer.pressSequentially("and");
  expect((await press(ana, "Control+z", 3)).join()).not.toContain("Ask");
  await ana.composer.fill("");
  await ana.composer.pressSequentially("sent");
  await ana.page.keyboard.press("Enter");
  await ana.waitUntilSent();
  await press(ana, "Control+z", 3);
  expect((await press(ana, "Control+Shift+z", 3)).join("")).toBe("");
  await ana.openMenu("Ask @gurpreet now👍");
  await ana.menuItem("Open thread").click();
  const thread = ana.page.locator(".thread .composer textarea");
  await thread.pressSequentially("abc");
  // The browser's undo belongs to the whole page, and leads from the thread into the room's field.
  const main = ana.page.locator(".main .composer textarea");
  for (const key of ["Control+z", "Control+Shift+z"]) {
    for (let i = 0; i < 6; i++) {
      await ana.page.keyboard.press(key);
      expect(await main.inputValue()).toBe("");
    }
  }
  expect(await thread.inputValue()).toBe("abc");
  expect(await thread.evaluate("document.activeElement.closest('.thread') !== null")).toBe(true);
  await ana.page.keyboard.press("Escape");
  await thread.waitFor({ state: "detached" });
  await ana.composer.focus();

  await ana.page.keyboard.press("ArrowUp");
  expect(await text(ana)).toBe("sent");
  await ana.page.keyboard.press("Escape");
  await ana.message("sent").waitFor();
  await ana.send("/erase");
  await ana
    .dialog(/^Delete/)
    .getByRole("button", { name: "Delete" })
    .click();
  await ana.message("Message deleted").waitFor();

  await ana.page.keyboard.press("ArrowUp");
  expect(await text(ana)).toBe("Ask @gurpreet now👍");
  await ana.composer.pressSequentially(" please");
  await ana.page.keyboard.press("Escape");
  expect(await text(ana)).toBe("");
  await ana.composer.pressSequentially("a draft");
  // The cancelled edit would be sent as a new message.
  expect((await press(ana, "Control+z", 3)).join()).not.toMatch(/a drafta|Ask @gurpreet/);
  await ana.composer.fill("");
});

pageTest("Enter completes a name that would mention nobody, and sends after Escape", async () => {
  const ana = await server.window("ana");
  const { keyboard } = ana.page;
  await server.headlessUser("gustav");
  await ana.composer.pressSequentially("we meet @gus");
  const option = ana.page.getByRole("option", { name: /^@gustav/ });
  await option.waitFor();
  expect(await option.getAttribute("aria-selected")).toBe("false");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await keyboard.press("Enter");
  expect(await text(ana)).toBe("we meet @gustav ");
  await keyboard.press("Enter");
  const mention = (sent: RegExp) =>
    ana.page.locator("article", { hasText: sent }).last().locator(".mention");
  await mention(/we meet @gustav/).waitFor();
  await ana.composer.pressSequentially("nobody is @gus");
  await option.waitFor();
  await keyboard.press("Escape");
  await keyboard.press("Enter");
  // Buttons follow the text if the pointer happens to be over the message.
  await ana.page.locator("article.is-pending").waitFor({ state: "detached" });
  await ana.page.locator("article", { hasText: /nobody is @gus(?!tav)/ }).waitFor();
  await until("nobody is mentioned", async () => (await mention(/nobody is @gus/).count()) === 0);
  await server.headlessUser("gustava");
  await ana.composer.pressSequentially("which @gus");
  await ana.page.getByRole("option", { name: /^@gustava/ }).waitFor();
  await keyboard.press("Enter");
  expect(await text(ana)).toBe("which @gus");
  expect(await option.first().getAttribute("aria-selected")).toBe("true");
  await keyboard.press("Enter");
  expect(await text(ana)).toBe("which @gustav ");
  await ana.composer.fill("/hel");
  await keyboard.press("Enter");
  expect(await text(ana)).toBe("/help ");
  await ana.composer.fill("");
});

pageTest("a held Enter sends nothing but the message in whose field it was pressed", async () => {
  const ana = await server.window("ana");
  const { keyboard } = ana.page;
  await ana.createRoom("held");
  await ana.composer.fill("an unfinished draft");
  await ana.send("/join lobby");
  await ana.heading("#lobby").waitFor();
  await ana.send("/join held");
  await ana.heading("#held").waitFor();
  await ana.composer.fill("an unfinished draft");
  await ana.room("lobby").click();
  await ana.find("held");
  await ana.results.getByText("held", { exact: true }).first().waitFor();
  await keyboard.down("Enter");
  await ana.heading("#held").waitFor();
  await keyboard.down("Enter");
  await keyboard.down("Enter");
  await keyboard.up("Enter");
  expect(await text(ana)).toBe("an unfinished draft");
  await keyboard.down("Enter");
  for (let i = 0; i < 3; i++) await keyboard.down("Enter");
  await keyboard.up("Enter");
  await ana.waitForMessage("an unfinished draft");
  expect(await text(ana)).toBe("");
});

pageTest("the Enter that ends a conversion in Safari sends nothing", async () => {
  const ana = await server.window("ana");
  await ana.composer.fill("日本語");
  await ana.page.evaluate(`(() => {
    const field = document.querySelector(".composer textarea");
    field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", {
      key: "Enter", keyCode: 229, bubbles: true, cancelable: true,
    }));
  })()`);
  expect(await text(ana)).toBe("日本語");
  await ana.composer.fill("");
});

pageTest("two windows of one person: drafts, and edits of one message", async () => {
  const ana = await server.window("ana");
  const other = await ana.tab();
  await other.composer.waitFor();
  await ana.room("lobby").click();
  await other.room("lobby").click();
  await ana.composer.fill("ten minutes of work");
  await other.send("hello from the other window");
  await other.waitUntilSent();
  await ana.waitForMessage("hello from the other window");
  await ana.reload();
  await until("the draft", async () => (await text(ana)) === "ten minutes of work");
  expect(await text(other)).toBe("");
  await ana.composer.fill("");

  await ana.send("version A");
  await other.waitForMessage("version A");
  await ana.waitUntilSent();
  await ana.composer.press("ArrowUp");
  await other.composer.press("ArrowUp");
  await other.composer.fill("version A, corrected");
  await other.composer.press("Enter");
  await ana.page.getByText("This message was changed meanwhile").waitFor();
  await ana.composer.fill("version A with a typo fixed");
  await ana.composer.press("Enter");
  const question = ana.dialog("Replace the newer text?");
  await question.getByText("version A, corrected").waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await text(ana)).toBe("version A with a typo fixed");
  await ana.composer.press("Enter");
  await question.getByRole("button", { name: "Replace" }).click();
  await other.waitForMessage("version A with a typo fixed");

  await ana.waitUntilSent();
  await ana.composer.press("ArrowUp");
  await ana.page.getByText("Editing your message").waitFor();
  await ana.composer.fill("typed meanwhile");
  await other.chooseFromMenu("version A with a typo fixed", "Delete");
  await other
    .dialog(/Delete/)
    .getByRole("button", { name: "Delete" })
    .click();
  await ana.page.getByText(/^The message that you were editing was deleted/).waitFor();
  await ana.page.getByText("Editing your message").waitFor({ state: "detached" });
  expect(await text(ana)).toBe("typed meanwhile");
  await ana.composer.fill("");
  await other.page.close();
});

pageTest("site data cleared while the page is open: messages are sent, and it warns", async () => {
  await using dan = await server.logIn("dan");
  await dan.send("before");
  await dan.waitUntilSent();
  const session = await dan.context.newCDPSession(dan.page);
  await session.send("Storage.clearDataForOrigin", {
    origin: new URL(dan.page.url()).origin,
    storageTypes: "all",
  });
  await dan.page.getByText(/set a password in the settings/).waitFor();
  await dan.send("after");
  await dan.waitForMessage("after");
  await dan.waitUntilSent();
  expect(await dan.page.locator(".refused").count()).toBe(0);
});
