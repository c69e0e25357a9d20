import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What is written, and what becomes of it. */

const browser = sharedBrowser();

/** What the browser would give the next page. */
function keptDrafts({ page }: Visit): Promise<string> {
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

pageTest("what begins like a command and is none stays, and can be sent as text", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const text = "/usr/share/doc is where I look";
  await ana.says(text);
  const asText = ana.button("Send as text");
  await asText.waitFor();
  await ana.page.getByText("There is no command /usr/share/doc.").waitFor();
  await ana.keepPicture("unknown-command");
  expect(await ana.box.inputValue()).toBe(text);
  // Another word, and the question is gone.
  await ana.box.press("End");
  await ana.box.pressSequentially("!");
  await asText.waitFor({ state: "detached" });
  await ana.box.press("Enter");
  await asText.click();
  await ana.sees(`${text}!`);
  expect(await ana.box.inputValue()).toBe("");
  // What a command lacks, and what the server refuses, costs no words either.
  await ana.says("/kick");
  await ana.page.getByText("Write /kick NAME").waitFor();
  expect(await ana.box.inputValue()).toBe("/kick");
  await ana.says("/kick stranger");
  const toast = ana.page.locator(".toast");
  await toast.getByText("There is no account of this name.").waitFor();
  await until("the words are back", async () => (await ana.box.inputValue()) === "/kick stranger");
  // It covers no message, and stays while the pointer is on it.
  const list = await ana.page.locator(".list").boundingBox();
  const top = (await toast.boundingBox())?.y ?? 0;
  expect(top).toBeGreaterThanOrEqual((list?.y ?? 0) + (list?.height ?? Number.NaN) - 1);
  await ana.keepPicture("toast-fault");
  await toast.getByRole("button", { name: "Dismiss" }).click();
  await toast.waitFor({ state: "detached" });
});

pageTest("success is shown for a while, in a dialog, too", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("worth a copy");
  await ana.settled();
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const toast = ana.page.getByRole("status").filter({ hasText: "Copied" });
  await ana.message("worth a copy").hover();
  await ana.message("worth a copy").locator(".tools-more").click();
  await ana.entry("Copy text").click();
  await toast.waitFor();
  await ana.keepPicture("toast-copied");
  await toast.waitFor({ state: "detached" }); // By itself.
  await ana.page.locator(".me-button").click();
  const settings = ana.dialog("Account and settings");
  const setPassword = async (current: string, password: string, repeated = password) => {
    await settings.getByLabel("Current password", { exact: true }).fill(current);
    await settings.getByLabel("New password", { exact: true }).fill(password);
    await settings.getByLabel("Repeat new password", { exact: true }).fill(repeated);
  };
  const button = settings.getByRole("button", { name: "Set password" });
  for (const [one, two] of [
    ["seven77", "seven77"],
    ["correct horse", "correct house"],
  ] as const) {
    await setPassword("", one, two);
    expect(await button.isDisabled()).toBe(true);
  }
  await settings.getByText("The passwords don’t match.").waitFor();
  await setPassword("", "correct horse");
  await settings.getByRole("button", { name: "Set password" }).click();
  const changed = settings.getByText("The password is changed.");
  await changed.waitFor();
  await ana.keepPicture("toast-dialog");
  expect(await ana.barriers()).toEqual([]);
  // A toast shown in a dialog outlives the dialog.
  await ana.page.keyboard.press("Escape");
  await settings.waitFor({ state: "detached" });
  await ana.page.locator(".conversation").getByText("The password is changed.").waitFor();
});

pageTest("an edit that is left, or done, brings back what was being written", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("a first one");
  await ana.sees("a first one");
  await ana.settled();
  await ana.box.fill("half a thought");
  const edit = async () => {
    await ana.message("a first one").first().hover();
    await ana.message("a first one").first().locator(".tools-more").click();
    await ana.entry("Edit").click();
    await until("it is edited", async () => (await ana.box.inputValue()).startsWith("a first one"));
  };
  await edit();
  await ana.box.press("Escape");
  const isBack = async () => (await ana.box.inputValue()) === "half a thought";
  await until("what was being written is back", isBack);
  await edit();
  // Not even a reload in the middle loses it, once the browser has it.
  await until("the draft is kept", async () => (await keptDrafts(ana)).includes("half a thought"));
  await ana.page.reload();
  await until("it is edited", async () => (await ana.box.inputValue()) === "a first one");
  await ana.says("a first one, better");
  await ana.sees("a first one, better");
  await until("what was being written is back", isBack);
});

pageTest("whoever reads above and writes is taken to what they wrote", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const talker = await Talker.open(served, "ben");
  await talker.fills(400, (n) => `message ${n}. ${"and so on ".repeat(n % 17)}`);
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.sees("message 399.");
  await ana.page.mouse.move(600, 400);
  await until("older ones are read", async () => {
    await ana.page.mouse.wheel(0, -1_500);
    return ana.button(/^Jump to newest/).isVisible();
  });
  await ana.says("here I am");
  await ana.sees("here I am");
  await ana.settled();
  await ana.button(/^Jump to newest/).waitFor({ state: "detached" });
  // Also from a place of long ago, which is not joined with the newest.
  await ana.button("Search").click();
  await ana.field("Search for").fill("message 7.");
  await ana.field("Search for").press("Enter");
  await ana.page.locator(".search-list").getByText("message 7.").click();
  await ana.sees("message 7.");
  await ana.says("and here");
  await ana.sees("and here");
  await ana.settled();
  await ana.button(/^Jump to newest/).waitFor({ state: "detached" });
  talker.tab.close();
});

pageTest("tabs are tabs, in messages and in texts that are opened", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const talker = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const code = "all:\n\tcc -o a a.c\n\t\t# deeper";
  await talker.says(code);
  await ana.sees("cc -o a a.c");
  await ana.keepPicture("tabs");
  const words = ana.message("cc -o a a.c").locator(".words");
  expect(await words.textContent()).toBe(code);
  await ana.attach(sandbox.write("Makefile.txt", `${code}\n`));
  await ana.file("Makefile.txt").getByRole("button", { name: "Open Makefile.txt" }).click();
  await ana.dialog("Open Makefile.txt?").getByRole("button", { name: "Open", exact: true }).click();
  const shown = ana.dialog("Makefile.txt").locator("pre");
  await shown.waitFor();
  expect(await shown.textContent()).toBe(`${code}\n`);
  talker.tab.close();
});
