import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { parseServerAddress } from "../../src/wire/invite.ts";
import { noise, sha256, sha256Of } from "../e2e/couriers.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

/** What somebody drew who wanted a chat in windows: coming in, talking, and a file that arrives. */

const browser = sharedBrowser();

pageTest("two windows: register, log in, the room password, words and a binary file", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = String(served.listening["web"]);
  const roomPassword = parseServerAddress(served.invite).secret ?? "";
  await using ana = await browser.visit(web);
  await using ben = await browser.visit(web);
  // A wrong room password lets nobody in, and says so.
  await ana.fillEntry("ana", { password: "correct horse", roomPassword: "wrong" });
  await ana.page
    .getByText(/password/i)
    .and(ana.page.locator(".fault-line:not(:empty)"))
    .waitFor();
  await ana.field("Room password").fill(roomPassword);
  await ana.button("Enter").click();
  await ana.box.waitFor();
  await ben.enter("ben", { roomPassword });
  await ana.says("hello ben");
  await ben.sees("hello ben");
  await ben.says("hello ana");
  await ana.sees("hello ana");
  // Every byte there is, in each order of two.
  const bytes = Buffer.concat([Buffer.from(noise(3_000_000)), everyPair()]);
  const path = sandbox.path("program.bin");
  writeFileSync(path, bytes);
  await ana.attach(path);
  const card = ben.file("program.bin");
  await card.waitFor();
  // Nothing of it is fetched before somebody asks.
  const fetched: string[] = [];
  ben.page.on("request", (request) => fetched.push(request.url()));
  expect(await card.getByRole("button", { name: /^Open/ }).count()).toBe(0);
  const download = ben.page.waitForEvent("download");
  await ben.saveByBrowser("program.bin");
  const saved = sandbox.path("saved.bin");
  const arrived = await download;
  expect(arrived.suggestedFilename()).toBe("program.bin");
  await arrived.saveAs(saved);
  expect(await sha256Of(saved)).toBe(sha256(path));
  expect(fetched.every((url) => new URL(url).pathname.startsWith("/files/"))).toBe(true);
});

pageTest("a text is opened only after a question, and nothing in it runs", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = `${served.listening["web"]}#invite=${parseServerAddress(served.invite).secret}`;
  await using ana = await browser.visit(web);
  await using ben = await browser.visit(web);
  await ana.enter("ana");
  await ben.enter("ben");
  await ana.attach(sandbox.write("notes.txt", "<script>alert(1)</script>\n<b>plain</b>\n"));
  const card = ben.file("notes.txt");
  await card.getByRole("button", { name: "Open notes.txt" }).click();
  const question = ben.dialog("Open notes.txt?");
  await question.getByText(/sent by ana/).waitFor();
  expect(await ben.page.locator("pre").count()).toBe(0);
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "detached" });
  await card.getByRole("button", { name: "Open notes.txt" }).click();
  await question.getByRole("button", { name: "Open", exact: true }).click();
  const shown = ben.dialog("notes.txt").locator("pre");
  await shown.waitFor();
  expect(await shown.textContent()).toBe("<script>alert(1)</script>\n<b>plain</b>\n");
});

pageTest("saved into a chosen place, every chunk checked", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = `${served.listening["web"]}#invite=${parseServerAddress(served.invite).secret}`;
  await using ana = await browser.visit(web);
  // A browser's dialog cannot be pressed here: it answers with a file of the browser's own.
  await using ben = await browser.visit(web, {
    before: `window.showSaveFilePicker = async ({ suggestedName }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });`,
  });
  await using cy = await browser.visit(web, { before: "delete window.showSaveFilePicker;" });
  await ana.enter("ana");
  await ben.enter("ben");
  await cy.enter("cy");
  const path = sandbox.path("film.bin");
  writeFileSync(path, noise(20_000_000));
  await ana.attach(path);
  await ben.button("Save film.bin").click();
  await ben.transfer("film.bin").getByText("done").waitFor();
  const hash = await ben.page.evaluate<string>(`(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle("film.bin")).getFile();
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return new Uint8Array(digest).toHex();
  })()`);
  expect(hash).toBe(sha256(path));
  // Browsers that have no such dialog save among their downloads, by the same one click.
  const download = cy.page.waitForEvent("download");
  await cy.button("Save film.bin").click();
  const saved = sandbox.path("copy.bin");
  const arrived = await download;
  expect([arrived.suggestedFilename(), arrived.url()]).toEqual([
    "film.bin",
    expect.stringMatching(/^blob:/),
  ]);
  await arrived.saveAs(saved);
  expect(readFileSync(saved).equals(readFileSync(path))).toBe(true);
  await cy.transfer("film.bin").waitFor({ state: "detached" });
});

pageTest("known again without a password; by password from another browser", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = String(served.listening["web"]);
  const roomPassword = parseServerAddress(served.invite).secret ?? "";
  await using ana = await browser.visit(web);
  await ana.enter("ana", { password: "correct horse", roomPassword });
  await ana.says("before the reload");
  await ana.sees("before the reload");
  await ana.page.reload();
  await ana.sees("before the reload");
  await ana.button(/Account and settings/).click();
  const logout = ana.button("Log out");
  await logout.waitFor();
  // On the screen whatever is long above it, so that it does not move while the devices arrive.
  const { y, height } = (await logout.boundingBox()) ?? { y: Number.NaN, height: 0 };
  expect(y + height).toBeLessThan(ana.page.viewportSize()?.height ?? 0);
  await logout.click();
  await ana.dialog("Log out of this browser?").getByRole("button", { name: "Log out" }).click();
  await ana.button("Enter as ana").click();
  await ana.sees("before the reload");
  await using other = await browser.visit(web);
  await other.fillEntry("ana", { password: "wrong" });
  await other.page.locator(".fault-line:not(:empty)").waitFor();
  await other.enter("ana", { password: "correct horse" });
  await other.sees("before the reload");
});

function everyPair(): Buffer {
  const pairs = Buffer.alloc(256 * 256 * 2);
  for (let i = 0; i < 256 * 256; i++) pairs.writeUInt16BE(i, i * 2);
  return pairs;
}
