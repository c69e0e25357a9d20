import { expect } from "bun:test";
import { TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { SAVED_BLOB_BYTES_MAX } from "../../src/base/limits-page.ts";
import { MIB, sha256Of } from "../e2e/couriers.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { largeFile, pageAddress, secretOf } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** Files that the page fetches and checks by itself, over links and pages that end. */

const browser = sharedBrowser();
/** Several times as much as is written before the disk must have it. */
const BYTES = 3.5 * TRANSFER_SYNC_BYTES + 4_321;

/** A browser's dialog cannot be pressed here: it answers with a file of the browser's own. */
const PICKER = `window.showSaveFilePicker = async ({ suggestedName }) =>
  (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });`;

/** After a reload the browser asks again, as it does of files outside of its own. */
const ASKING = `if ("FileSystemFileHandle" in globalThis) {
  let isGranted = false;
  const answer = () => (isGranted ? "granted" : "prompt");
  FileSystemFileHandle.prototype.queryPermission = async () => answer();
  FileSystemFileHandle.prototype.requestPermission = async () => {
    isGranted = navigator.userActivation.isActive;
    return answer();
  };
}`;

async function sent(sandbox: Sandbox, served: Served, name: string): Promise<string> {
  const path = largeFile(sandbox.path(name), BYTES);
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  await sandbox.home("tom").with(env).json(["send-file", path, "--to", "lobby"]);
  return sha256Of(path);
}

/** What the page has saved there. */
function savedHash({ page }: Visit, name: string): Promise<string> {
  return page.evaluate<string>(`(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle("${name}")).getFile();
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return new Uint8Array(digest).toHex();
  })()`);
}

pageTest("a checked download over a broken link goes on behind its last chunk", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  const before = PICKER;
  const address = `https://${relay.address}/#invite=${secretOf(served)}`;
  await using ben = await browser.visit(address, { before });
  await ben.enter("ben");
  const hash = await sent(sandbox, served, "film.bin");
  const card = ben.file("film.bin");
  await card.waitFor();
  relay.passed.down = 0;
  const stalled = relay.stallAfter("down", 30 * MIB);
  await ben.button("Save film.bin").click();
  await stalled;
  // Its own card tells how far it is, too.
  await card.getByRole("progressbar").waitFor();
  await card.getByRole("button", { name: "Pause" }).waitFor();
  relay.drop();
  await ben.transfer("film.bin").getByText("done").waitFor({ timeout: 60_000 });
  await card.getByRole("progressbar").waitFor({ state: "detached" });
  expect(await savedHash(ben, "film.bin")).toBe(hash);
  expect(relay.passed.down).toBeLessThan(BYTES + 20 * MIB);
});

pageTest("a page that is loaded anew asks, and goes on with what is on the disk", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  const before = PICKER + ASKING;
  const address = `https://${relay.address}/#invite=${secretOf(served)}`;
  await using ben = await browser.visit(address, { before });
  await ben.enter("ben");
  const hash = await sent(sandbox, served, "film.bin");
  await ben.file("film.bin").waitFor();
  const stalled = relay.stallAfter("down", 45 * MIB);
  await ben.button("Save film.bin").click();
  await stalled;
  // The page, loaded anew, is as slow as ever; what it had is what the disk has.
  relay.release();
  await relay.stallAfter("down", 1 * MIB);
  const loaded = ben.page.reload();
  relay.drop();
  await loaded;
  const line = ben.transfer("film.bin");
  await line.getByText("Allow writing it again to go on").waitFor();
  relay.passed.down = 0;
  await line.getByRole("button", { name: "Resume" }).click();
  await line.getByText("done").waitFor({ timeout: 60_000 });
  expect(await savedHash(ben, "film.bin")).toBe(hash);
  expect(relay.passed.down).toBeLessThan(BYTES - TRANSFER_SYNC_BYTES);
  // Nothing is left that yet another page would go on with.
  await ben.page.reload();
  await ben.file("film.bin").waitFor();
  expect(await line.count()).toBe(0);
});

pageTest("what somebody gives up leaves no half a file, now or after a reload", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  const before = PICKER;
  const address = `https://${relay.address}/#invite=${secretOf(served)}`;
  await using ben = await browser.visit(address, { before });
  await ben.enter("ben");
  await sent(sandbox, served, "film.bin");
  await ben.file("film.bin").waitFor();
  const stalled = relay.stallAfter("down", 30 * MIB);
  await ben.button("Save film.bin").click();
  await stalled;
  const line = ben.transfer("film.bin");
  await line.getByRole("button", { name: "Pause" }).click();
  await line.getByText("paused").waitFor();
  relay.release();
  await ben.page.reload();
  await line.getByText("paused").waitFor();
  await line.getByRole("button", { name: "Cancel" }).click();
  await line.waitFor({ state: "detached" });
  await ben.page.reload();
  await ben.file("film.bin").waitFor();
  expect(await line.count()).toBe(0);
  const names = await ben.page.evaluate<string[]>(
    "navigator.storage.getDirectory().then((root) => Array.fromAsync(root.keys()))",
  );
  expect(names).not.toContain("film.bin");
});

pageTest("the browser's own download goes on by ranges", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ben = await browser.visit(pageAddress(served));
  await ben.enter("ben");
  const hash = await sent(sandbox, served, "film.bin");
  const download = ben.page.waitForEvent("download");
  await ben.saveByBrowser("film.bin");
  const url = (await download).url();
  await (await download).cancel();
  // What a browser asks for when it goes on: the rest, if it is the same file still.
  const tls = { rejectUnauthorized: false };
  const first = await fetch(url, { headers: { range: "bytes=0-29999999" }, tls });
  expect(first.status).toBe(206);
  const etag = first.headers.get("etag") ?? "";
  const more = { range: "bytes=30000000-", "if-range": etag };
  const rest = await fetch(url, { headers: more, tls });
  expect(rest.status).toBe(206);
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(await first.arrayBuffer()).update(await rest.arrayBuffer());
  expect(hasher.digest("hex")).toBe(hash);
});

pageTest("too large for memory and no place to choose: the browser's own download", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ben = await browser.visit(pageAddress(served), {
    before: "delete window.showSaveFilePicker;",
  });
  await ben.enter("ben");
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const tom = sandbox.home("tom").with(env);
  const ways: string[] = [];
  for (const [name, bytes] of [
    ["most.bin", SAVED_BLOB_BYTES_MAX],
    ["more.bin", SAVED_BLOB_BYTES_MAX + 1],
  ] as const) {
    await tom.json(["send-file", largeFile(sandbox.path(name), bytes), "--to", "lobby"]);
    const download = ben.page.waitForEvent("download", { timeout: 60_000 });
    await ben.button(`Save ${name}`).click();
    const begun = await download;
    ways.push(new URL(begun.url()).protocol);
    if (name === "more.bin") expect(await ben.transfer(name).count()).toBe(0);
    await begun.cancel();
  }
  expect(ways).toEqual(["blob:", "https:"]);
});

/** A disk so slow that a download goes on and on, and tells of it. */
const SLOW = `if ("FileSystemWritableFileStream" in globalThis) {
  const { prototype } = FileSystemWritableFileStream;
  const { write } = prototype;
  prototype.write = async function (bytes) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return write.call(this, bytes);
  };
}`;

pageTest("a row that is done goes while another one goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ben = await browser.visit(pageAddress(served), { before: PICKER + SLOW });
  await ben.enter("ben");
  await sent(sandbox, served, "film.bin");
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const note = sandbox.write("note.txt", "short");
  await sandbox.home("tom").with(env).json(["send-file", note, "--to", "lobby"]);
  await ben.button("Save film.bin").click();
  await ben.transfer("film.bin").getByRole("button", { name: "Pause" }).waitFor();
  await ben.button("Save note.txt").click();
  await ben.transfer("note.txt").getByText("done").waitFor();
  await ben.transfer("note.txt").waitFor({ state: "detached" });
  await ben.transfer("film.bin").getByRole("button", { name: "Pause" }).waitFor();
  await ben.transfer("film.bin").getByRole("button", { name: "Cancel" }).click();
});
