import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { ATTACHMENTS_STORED_BYTES_MAX, SAVED_BLOB_BYTES_MAX } from "../../src/base/limits-page.ts";
import { MIB, sha256Of } from "../e2e/couriers.ts";
import { Relay } from "../e2e/relay.ts";
import { IS_SOAK } from "../samples.ts";
import { pageTest } from "./browser.ts";
import { largeFile } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { PICKERS, savedSha256 } from "./saved-files.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const BYTES = 2.5 * TRANSFER_SYNC_BYTES + 4_321;
const STALL_BYTES = 1.5 * TRANSFER_SYNC_BYTES;
/** Maximum number of bytes in flight, in buffers, or loaded by the page besides the file. */
const SLACK_BYTES = 12 * MIB;

/** Makes the private file system ask for permission after a reload, as other folders do. */
const ASKING = `if ("FileSystemFileHandle" in globalThis) {
  let isGranted = false;
  const answer = () => (isGranted ? "granted" : "prompt");
  FileSystemFileHandle.prototype.queryPermission = async () => answer();
  FileSystemFileHandle.prototype.requestPermission = async () => {
    isGranted = navigator.userActivation.isActive;
    return answer();
  };
}`;

let film: Promise<string> | undefined;

function sentFile(): Promise<string> {
  film ??= (async () => {
    const path = largeFile(server.sandbox.path("film.bin"), BYTES);
    await server.home("tom").json(["send-file", path, "--to", "lobby"]);
    return sha256Of(path);
  })();
  return film;
}

pageTest("resumes a verified download after its last chunk when the link breaks", async () => {
  const hash = await sentFile();
  await using relay = await Relay.open(server.served.port);
  await using ben = await server.logIn("ben", { via: relay, initScript: PICKERS });
  const card = ben.file("film.bin");
  await card.waitFor();
  relay.passed.down = 0;
  const stalled = relay.stallAfter("down", STALL_BYTES);
  await ben.button("Save film.bin").click();
  await stalled;
  await card.getByRole("progressbar").waitFor();
  await card.getByRole("button", { name: "Pause" }).waitFor();
  relay.drop();
  await ben.transfer("film.bin").getByText("done").waitFor();
  await card.getByRole("progressbar").waitFor({ state: "detached" });
  expect(await savedSha256(ben, "film.bin")).toBe(hash);
  expect(relay.passed.down).toBeLessThan(BYTES + SLACK_BYTES);
});

pageTest("asks for permission after a reload, and resumes from the disk", async () => {
  const hash = await sentFile();
  await using relay = await Relay.open(server.served.port);
  await using cid = await server.logIn("cid", { via: relay, initScript: PICKERS + ASKING });
  await cid.file("film.bin").waitFor();
  const stalled = relay.stallAfter("down", BYTES - 5 * MIB);
  await cid.button("Save film.bin").click();
  await stalled;
  // Release the relay, because the reload must not wait for buffered chunks. Chunks on disk stay.
  relay.release();
  await relay.stallAfter("down", 1 * MIB);
  const loaded = cid.page.reload();
  relay.drop();
  await loaded;
  const line = cid.transfer("film.bin");
  await line.getByText("Allow access to the file to resume").waitFor();
  relay.passed.down = 0;
  await line.getByRole("button", { name: "Resume", exact: true }).click();
  await line.getByText("done").waitFor();
  expect(await savedSha256(cid, "film.bin")).toBe(hash);
  expect(relay.passed.down).toBeLessThan(BYTES - TRANSFER_SYNC_BYTES);
  await cid.page.reload();
  await cid.file("film.bin").waitFor();
  expect(await line.count()).toBe(0);
});

const NAMES = ["film.bin", ...(IS_SOAK ? ["large.bin"] : [])];

pageTest("keeps small files in memory without a file picker, and skips large ones", async () => {
  const hash = await sentFile();
  await using eva = await server.logIn("eva", { initScript: "delete window.showSaveFilePicker;" });
  for (const name of NAMES) {
    const isLarge = name === "large.bin";
    if (isLarge) {
      const large = largeFile(server.sandbox.path(name), SAVED_BLOB_BYTES_MAX + 1);
      await server.home("tom").json(["send-file", large, "--to", "lobby"]);
    }
    const download = eva.page.waitForEvent("download");
    await eva.button(`Save ${name}`).click();
    const begun = await download;
    expect(begun.suggestedFilename()).toBe(name);
    expect(new URL(begun.url()).protocol).toBe(isLarge ? "https:" : "blob:");
    if (isLarge) await begun.cancel();
    else expect(await sha256Of(String(await begun.path()))).toBe(hash);
    await eva.transfer(name).waitFor({ state: "detached" });
  }
});

/** More than the page stores, so that a reloaded page asks for the file. */
const UPLOAD_BYTES = (IS_SOAK ? 1_024 * MIB : ATTACHMENTS_STORED_BYTES_MAX) + 12_345;
const TIMEOUT_MS = 120_000 + UPLOAD_BYTES / 2_000;

async function arrivedPath(name: string): Promise<string> {
  const tim = server.home("tim");
  await tim.run(["register"]);
  const inbox = server.sandbox.path("inbox");
  const [told] = (await tim.json(["files"])).filter((file) => file["name"] === name);
  const lines = await tim.json(["get-file", String(told?.["id"]), "--out", inbox]);
  return String(lines.find(({ kind }) => kind === "got")?.["path"]);
}

/** Leaves the page before the relay resumes, so that the page uploads nothing more meanwhile. */
async function reopen(visit: Visit, relay: Relay): Promise<void> {
  const address = visit.page.url();
  await visit.page.goto("about:blank");
  relay.drop();
  await visit.page.goto(address);
}

pageTest(
  `resumes an upload of ${UPLOAD_BYTES} bytes after a reload, once the file is chosen again`,
  async () => {
    await using relay = await Relay.open(server.served.port);
    await using ana = await server.logIn("ana", { via: relay });
    const path = largeFile(server.sandbox.path("up.bin"), UPLOAD_BYTES);
    const half = relay.stallAfter("up", Math.floor(UPLOAD_BYTES / 2));
    await ana.sendFiles(path);
    const bubble = ana.page.locator("article.is-pending");
    await bubble.getByRole("progressbar").waitFor();
    await half;
    await reopen(ana, relay);
    relay.passed.up = 0;
    const choose = bubble.getByRole("button", { name: "Choose the file again" });
    const wrong = ana.page.waitForEvent("filechooser");
    await choose.click();
    await (await wrong).setFiles(server.sandbox.write("other.bin", "not the same"));
    await ana.page
      .locator(".toast")
      .getByText(/This is a different file/)
      .waitFor();
    const again = ana.page.waitForEvent("filechooser");
    await choose.click();
    await (await again).setFiles(path);
    await bubble.waitFor({ state: "detached", timeout: TIMEOUT_MS });
    await ana.file("up.bin").waitFor();
    expect(relay.passed.up).toBeLessThan(UPLOAD_BYTES * 0.75);
    expect(await sha256Of(await arrivedPath("up.bin"))).toBe(await sha256Of(path));
  },
  TIMEOUT_MS,
);

pageTest("resumes the upload of a small file after a reload without a question", async () => {
  await using relay = await Relay.open(server.served.port);
  await using leo = await server.logIn("leo", { via: relay });
  const path = largeFile(server.sandbox.path("small.bin"), BYTES);
  const half = relay.stallAfter("up", STALL_BYTES);
  await leo.sendFiles(path);
  await half;
  await reopen(leo, relay);
  relay.passed.up = 0;
  await leo.file("small.bin").waitFor();
  expect(relay.passed.up).toBeLessThan(BYTES * 0.75);
  expect(await sha256Of(await arrivedPath("small.bin"))).toBe(await sha256Of(path));
});

pageTest("resumes the upload of a folder after a reload, once it is chosen again", async () => {
  const { sandbox } = server;
  await using relay = await Relay.open(server.served.port);
  await using ida = await server.logIn("ida", { via: relay });
  const [trip, other] = ["here/trip", "elsewhere/tour"].map((name) => {
    mkdirSync(sandbox.path(`${name}/inner`), { recursive: true });
    largeFile(sandbox.path(`${name}/inner/large.bin`), BYTES);
    sandbox.write(`${name}/z.txt`, name);
    return sandbox.path(name);
  });
  const choose = async (path: string | undefined, open: () => Promise<void>) => {
    const chosen = ida.page.waitForEvent("filechooser");
    await open();
    await (await chosen).setFiles(String(path));
  };
  const bubble = ida.page.locator("article.is-pending");
  const half = relay.stallAfter("up", STALL_BYTES);
  await choose(trip, async () => {
    await ida.button("Attach").click();
    await ida.menuItem("Folder").click();
  });
  await ida.attachments.getByText("trip").waitFor();
  await ida.button("Send").click();
  await half;
  await reopen(ida, relay);
  const resume = () => bubble.getByRole("button", { name: "Choose the folder again" }).click();
  await choose(other, resume);
  await ida.page
    .locator(".toast")
    .getByText(/This folder differs, or has changed/)
    .waitFor();
  relay.passed.up = 0;
  await choose(trip, resume);
  await bubble.waitFor({ state: "detached" });
  await ida.file("trip").waitFor();
  expect(relay.passed.up).toBeLessThan(BYTES * 0.75);
  const path = await arrivedPath("trip");
  for (const name of ["inner/large.bin", "z.txt"])
    expect(await sha256Of(join(path, name))).toBe(await sha256Of(join(String(trip), name)));
});
