import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { holding, keyPackages } from "../e2e/sealed-server.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { pageAddress } from "./scenery.ts";
import { letsIn, letsTerminalIn, makesVault } from "./vault.ts";
import type { Visit } from "./visit.ts";

/** Sealed rooms in browsers, beside a terminal: on the server's disk is no word of them. */

const browser = sharedBrowser();

pageTest(
  "two pages and a terminal talk in a sealed room, and a page that restarts still reads",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served));
    await using ben = await browser.visit(pageAddress(served));
    await ana.enter("ana");
    await ben.enter("ben");
    const cid = await sandbox.home("cid").join(["--user", "cid"]);
    await keyPackages(served.data, 3);
    await makesVault(ana);
    await letsIn(ana, "ben", ben);
    await ana.says("sings of pages");
    await ben.sees("sings of pages");
    await ben.says("sings back");
    await ana.sees("sings back");
    await letsTerminalIn(ana, "cid", cid);
    cid.type("sings from a terminal");
    await ana.sees("sings from a terminal");
    await ben.sees("sings from a terminal");
    await ben.page.reload();
    await ben.sees("sings of pages");
    await ben.sees("sings from a terminal");
    await ben.says("sings after a reload");
    await ana.sees("sings after a reload");
    await ben.settled();
    for (const words of ["sings of pages", "sings back", "sings from", "sings after"]) {
      expect(await holding(served.data, words)).toEqual([]);
    }
    await ana.keepPicture("sealed-1280");
  },
);

pageTest("what one does with a message works in a sealed room: edit, react, act", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await keyPackages(served.data, 2);
  await makesVault(ana);
  await letsIn(ana, "ben", ben);
  await ana.says("a wrod");
  await ana.settled();
  await ana.box.press("ArrowUp");
  await ana.says("a word");
  await ben.sees("a word");
  expect(await ben.message("a wrod").count()).toBe(0);
  await ben.message("a word").hover();
  await ben
    .message("a word")
    .getByRole("button", { name: /^Actions for/ })
    .click();
  await ben.page.getByRole("button", { name: "React with 🎉" }).or(ben.entry(/🎉/)).first().click();
  await ana.message("a word").getByRole("button", { name: /🎉 1/ }).waitFor();
  await ben.message("a word").hover();
  await ben.message("a word").locator(".tools-more").click();
  await ben.entry("Save for later").click();
  await ben.button("Saved messages").click();
  await ben.dialog("Saved messages").getByText("a word").click();
  await ben.says("/me waves @ana");
  await ana.page.locator("article").filter({ hasText: "waves" }).first().waitFor();
  for (const words of ["a wrod", "a word", "🎉", "waves"]) {
    expect(await holding(served.data, words)).toEqual([]);
  }
});

pageTest(
  "a conversation is sealed from its menu; two tabs of one account share its keys",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served));
    await using ben = await browser.visit(pageAddress(served));
    await ana.enter("ana");
    await ben.enter("ben");
    await keyPackages(served.data, 2);
    await ana.says("/msg ben in the open");
    await ben.room("@ana").click();
    await ben.sees("in the open");
    await ana.button("Actions for @ben").click();
    await ana.entry("Seal this conversation").click();
    const question = ana.dialog("Seal this conversation");
    await question.getByRole("button", { name: "Seal this conversation" }).click();
    await ana.page.getByText("ana sealed this room").waitFor();
    await ana.page.getByText("ana let in ben's devices").waitFor();
    await ana.says("under the seal");
    await ben.sees("under the seal");
    const other = await ana.tab();
    await other.room("@ben").click();
    await other.sees("under the seal");
    for (let turn = 0; turn < 5; turn++) {
      const from = [ana, other, ben][turn % 3] ?? ana;
      await from.says(`turn ${turn}`);
    }
    for (const visit of [ana, other, ben]) {
      for (let turn = 0; turn < 5; turn++) await visit.sees(`turn ${turn}`);
      await visit.settled();
    }
    await ana.page.close();
    await other.says("the other tab goes on");
    await ben.sees("the other tab goes on");
    expect(await holding(served.data, "in the open")).not.toEqual([]);
    for (const words of ["under the seal", "turn 3", "goes on"]) {
      expect(await holding(served.data, words)).toEqual([]);
    }
  },
);

pageTest("both compare the same digits; who is put out reads nothing more", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await keyPackages(served.data, 2);
  await makesVault(ana);
  await ana.button("Who can read here").click();
  const who = ana.dialog("Who can read here");
  await who.getByLabel("Name of who is to be let in").fill("nobody");
  await who.getByRole("button", { name: "Let in" }).click();
  await who.getByText("There is no account of this name.").waitFor();
  await who.getByLabel("Name of who is to be let in").fill("ben");
  await who.getByRole("button", { name: "Let in" }).click();
  await who.getByText("1 browser · not compared").waitFor();
  await ben.page.locator(".banner").getByRole("button", { name: "Enter" }).click();
  await ben.page.getByRole("heading", { name: "#vault", level: 1 }).waitFor();
  const digits = async (visit: Visit) => {
    const text = visit.page.locator(".safety-digits span");
    await text.nth(11).waitFor();
    return (await text.allTextContents()).join(" ");
  };
  await who.getByRole("button", { name: "Compare with ben" }).click();
  const seen = await digits(ana);
  expect(seen).toMatch(/^(\d{5} ){11}\d{5}$/);
  await ben.button("Who can read here").click();
  await ben.button("Compare with ana").click();
  expect(await digits(ben)).toBe(seen);
  await ana.button("They are the same").click();
  await who.getByText("1 browser · compared").waitFor();
  await ben.page.keyboard.press("Escape");
  await ben.page.keyboard.press("Escape");
  await ana.page.keyboard.press("Escape");
  await ana.says("ben hears this");
  await ben.sees("ben hears this");
  await ana.says("/kick ben");
  await ana.page.getByText("ben left").or(ana.page.getByText("kicked ben")).first().waitFor();
  await ana.says("and not this");
  await ana.settled();
  await ben.room("lobby").click();
  await ben.says("still here");
  await ben.sees("still here");
  expect(await ben.page.getByText("and not this").count()).toBe(0);
  expect(await holding(served.data, "and not this")).toEqual([]);
});

pageTest("a browser that threw its keys away comes back by itself, with one divider", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await keyPackages(served.data, 2);
  await makesVault(ana);
  await letsIn(ana, "ben", ben);
  for (let n = 0; n < 40; n++) await ana.says(`before ${n}`);
  await ben.sees("before 39");
  await ben.page.goto("about:blank");
  await ben.page.goto(`${served.listening["web"]}/assets/none`);
  await ben.page.evaluate(`indexedDB.databases().then((all) => Promise.all(all
    .filter(({ name }) => name.startsWith("chat sealed "))
    .map(({ name }) => new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = resolve;
      request.onerror = reject;
    }))))`);
  await ben.page.goto(`${served.listening["web"]}`);
  await ben.room("vault").click();
  await ana.page.getByText("a device of ben came in").waitFor();
  await ana.says("after");
  await ben.sees("after");
  await ben.page.getByText("40 sealed, not for this device").waitFor();
  expect(await ben.page.getByText(/sealed, not for this device/).count()).toBe(1);
  await ben.says("and back");
  await ana.sees("and back");
});

pageTest("a page that came without encryption says so in a line, and nothing fails", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana", { password: "correct horse" });
  await makesVault(ana);
  await ana.says("not for plain pages");
  await ana.settled();
  const before = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });";
  await using plain = await browser.visit(pageAddress(served), { before });
  await plain.fillEntry("ana", { password: "correct horse" });
  await plain.room("vault").click();
  await plain.page.getByText("Open this page by https.").first().waitFor();
  await plain.says("never in the clear");
  await plain.page.getByText(/not sent/).waitFor();
  expect(await holding(served.data, "never in the clear")).toEqual([]);
  expect(await plain.barriers()).toEqual([]);
});

for (const [look, options] of [
  ...LOOKS,
  ["dark on a phone", { isDark: true, width: 390, height: 844 }] as const,
]) {
  pageTest(`no barrier that a machine finds where it is sealed, ${look}`, async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served), options);
    await using ben = await browser.visit(pageAddress(served));
    await ana.page.locator("#enter-name").fill("ana");
    await ana.page.keyboard.press("Enter");
    const box = ana.page.locator(".composer textarea");
    const says = async (text: string) => {
      await box.fill(text);
      await box.press("Enter");
    };
    const { page } = ana;
    const looks = async (screen: string) => {
      await expectNoBarrier(ana, look, screen);
      await ana.keepPicture(`${screen}, ${look}`.replaceAll(/\W+/g, "-"));
    };
    await box.waitFor();
    await ben.enter("ben");
    await keyPackages(served.data, 2);
    await says("/join vault --sealed");
    const made = page.locator("dialog[open]");
    await made.locator("input[type=checkbox]").waitFor();
    await looks("making a sealed room");
    await made.locator("button[type=submit]").click();
    await page.locator(".composer-lock").waitFor();
    await says("/invite ben");
    await ben.page.locator(".banner").getByRole("button", { name: "Enter" }).click();
    await ben.page.getByRole("heading", { name: "#vault", level: 1 }).waitFor();
    await ben.says("is anybody here?");
    await ana.sees("is anybody here?");
    await says("yes, and nobody else");
    await ana.settled();
    await looks("a sealed room");
    await says("/sealed");
    await page.locator("dialog[open] .device").nth(1).waitFor();
    await looks("who can read");
    await page.locator("dialog[open] .device .button").click();
    await page.locator(".safety-digits span").nth(11).waitFor();
    await looks("safety number");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await ben.says("/join attic --sealed");
    await ben.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await ben.page.getByRole("heading", { name: "#attic", level: 1 }).waitFor();
    await ben.says("/invite ana");
    await page.locator(".banner").waitFor();
    await looks("let in");
  });
}

pageTest("a topic is not sent to a sealed room: the server would read it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await makesVault(ana);
  await ana.says("/topic a telling topic");
  await ana.page.getByText("A sealed room has no topic").first().waitFor();
  await ana.box.fill("");
  await ana.says("after it");
  await ana.settled();
  for (const words of ["telling topic", "after it"]) {
    expect(await holding(served.data, words)).toEqual([]);
  }
});

pageTest("a browser links a terminal, which is let into its sealed rooms by itself", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await makesVault(ana);
  await ana.button(/Account and settings/).click();
  await ana.button("Link a new device").click();
  const dialog = ana.dialog("Link a new device");
  const code = (await dialog.locator(".link-code").textContent()) ?? "";
  expect(await dialog.getByLabel("For a terminal").inputValue()).toContain("chat link-device");
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("linking");
  const laptop = sandbox.home("laptop").with({ CHAT_SERVER: served.address });
  const asked = { env: { CHAT_LINK_CODE: code } };
  const made = await laptop.json(["link-device", "--join"], asked);
  expect(made).toMatchObject([{ kind: "linked", user: "ana" }]);
  await dialog.getByText("The device is linked").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.page.keyboard.press("Escape");
  const terminal = await laptop.join(["--user", "ana"]);
  await ana.page.getByText("a device of ana came in").waitFor();
  await ana.says("for both of my devices");
  await terminal.json("text", { text: "for both of my devices", room: "vault", sealed: true });
  expect(await holding(served.data, "both of my devices")).toEqual([]);
});

pageTest("what was read is found, and the server is not asked for it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await makesVault(ana);
  await ana.says("the needle is here");
  await ana.says("and only hay there");
  await ana.settled();
  await ana.says("/search NEEDLE");
  const found = ana.page.getByRole("complementary", { name: "Search" });
  await found.getByText("the needle is here").waitFor();
  expect(await found.getByText("only hay").count()).toBe(0);
});

pageTest("a browser that came in by the password hears why it cannot read", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using other = await browser.visit(pageAddress(served));
  await ana.enter("ana", { password: "correct horse" });
  await makesVault(ana);
  await ana.says("for this browser alone");
  await ana.settled();
  await other.enter("ana", { password: "correct horse" });
  await other.room("vault").click();
  await other.page.getByText(/came in by the password/).waitFor();
  expect(await other.message("for this browser alone").count()).toBe(0);
  await other.says("may I?");
  await other.page.getByText(/not sent/).waitFor();
});

pageTest("a device that is forgotten leaves nothing of its sealed rooms behind", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana", { password: "correct horse" });
  await makesVault(ana);
  await ana.says("not for whoever comes next");
  await ana.settled();
  const kept = `indexedDB.databases().then((all) =>
    all.filter(({ name }) => name.startsWith("chat sealed ")).length)`;
  expect(await ana.page.evaluate(kept)).toBe(1);
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").click();
  const question = ana.dialog("Log out of this browser?");
  await question.getByLabel(/Forget this device/).check();
  await question.getByRole("button", { name: "Log out" }).click();
  await ana.field("Name").or(ana.button("Enter as ana")).first().waitFor();
  await ana.page.waitForFunction(`${kept}.then((count) => count === 0)`);
});
