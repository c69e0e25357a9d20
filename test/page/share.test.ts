import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { parseServerAddress } from "../../src/wire/invite.ts";
import { noise, sha256 } from "../e2e/couriers.ts";
import { until } from "../e2e/deadline.ts";
import { type Program, Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import type { Visit } from "./visit.ts";

/** A browser that opens the address of a share. */

const browser = sharedBrowser();
/** As browsers have it that ask for a place; into a folder of the page's own, which tests read. */
const PICKERS = `window.showDirectoryPicker = async () => navigator.storage.getDirectory();
window.showSaveFilePicker = async ({ suggestedName }) =>
  (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });`;

interface Shared {
  readonly program: Program;
  readonly origin: string;
  readonly secret: string;
}

async function shares(sandbox: Sandbox, ...paths: readonly string[]): Promise<Shared> {
  const host = ["--host", "127.0.0.1", "--user", "ana-the-giver"];
  const program = sandbox.home("ana").start(["share", "--json", ...host, ...paths]);
  const { invite } = await program.json("sharing");
  const { port, secret = "" } = parseServerAddress(String(invite));
  return { program, origin: `https://127.0.0.1:${port}`, secret };
}

/** Digest of a file in the page's own folder. */
function savedSha256({ page }: Visit, name: string): Promise<string> {
  return page.evaluate<string>(`(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(${JSON.stringify(name)})).getFile();
    return new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())).toHex();
  })()`);
}

function savedNames({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    "navigator.storage.getDirectory().then((root) => Array.fromAsync(root.keys()))",
  );
}

const SAVED = "All of it is saved and checked. You may close this page.";

pageTest("one file: a name, a size, one button; the share ends as after receive", async () => {
  await using sandbox = new Sandbox();
  const path = sandbox.path("film.bin");
  writeFileSync(path, noise(3 * CHUNK_BYTES + 17));
  const { program, origin, secret } = await shares(sandbox, path);
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { before: PICKERS });
  const save = bob.button("Save");
  await save.waitFor();
  expect(new URL(bob.page.url()).hash).toBe("");
  expect(await bob.page.getByText("film.bin").count()).toBe(1);
  expect(await bob.page.getByRole("textbox").count()).toBe(0);
  expect(await bob.barriers()).toEqual([]);
  // It leaves nothing in the browser.
  expect(
    await bob.page.evaluate<number>("indexedDB.databases().then(({ length }) => length)"),
  ).toBe(0);
  await bob.page.reload();
  await save.click();
  await bob.page.getByText(SAVED).waitFor();
  expect(await savedSha256(bob, "film.bin")).toBe(sha256(path));
  const taken = await program.json("taken", { name: "film.bin" });
  expect(String(taken["user"])).toMatch(/^browser-/);
  expect((await program.ended()).exitCode).toBe(0);
  // The server is gone, and what was saved stays said.
  expect(await bob.page.getByText(SAVED).count()).toBe(1);
});

pageTest("several files and a folder: one question, one folder as an archive", async () => {
  await using sandbox = new Sandbox();
  const paths = ["one.bin", "two.bin"].map((name) => sandbox.path(name));
  for (const path of paths) writeFileSync(path, noise(CHUNK_BYTES + 5));
  mkdirSync(sandbox.path("notes", "deep"), { recursive: true });
  writeFileSync(sandbox.path("notes", "a.txt"), "alpha");
  writeFileSync(sandbox.path("notes", "deep", "b.bin"), noise(2 * CHUNK_BYTES));
  const { program, origin, secret } = await shares(sandbox, ...paths, sandbox.path("notes"));
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { before: PICKERS });
  const save = bob.button("Save all 3 files");
  await save.waitFor();
  // Nothing that is there is written over.
  await bob.page.evaluate(`navigator.storage.getDirectory()
    .then((root) => root.getFileHandle("one.bin", { create: true }))`);
  await bob.keepPicture("share");
  await save.click();
  await bob.page.getByText(SAVED).waitFor();
  expect([...(await savedNames(bob))].sort()).toEqual([
    "notes.zip",
    "one (1).bin",
    "one.bin",
    "two.bin",
  ]);
  expect(await savedSha256(bob, "one (1).bin")).toBe(sha256(sandbox.path("one.bin")));
  expect(await savedSha256(bob, "two.bin")).toBe(sha256(sandbox.path("two.bin")));
  await program.json("served", { files: 3 });
  expect((await program.ended()).exitCode).toBe(0);
});

pageTest("where no picker is, one click saves them all", async () => {
  await using sandbox = new Sandbox();
  const path = sandbox.path("film.bin");
  writeFileSync(path, noise(2 * CHUNK_BYTES + 3));
  const { program, origin, secret } = await shares(sandbox, path, sandbox.write("b.txt", "words"));
  const before = "delete window.showSaveFilePicker; delete window.showDirectoryPicker;";
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { before });
  const saved = new Map<string, string>();
  bob.page.on("download", async (download) => {
    const to = sandbox.path(`saved-${download.suggestedFilename()}`);
    await download.saveAs(to);
    saved.set(download.suggestedFilename(), sha256(to));
  });
  await bob.button("Save all 2 files").click();
  await bob.page.getByText(SAVED).waitFor();
  await until("both are saved", async () => saved.size === 2);
  expect(saved.get("film.bin")).toBe(sha256(path));
  expect((await program.ended()).exitCode).toBe(0);
});

pageTest("with another secret, or none, nobody learns who shares what", async () => {
  await using sandbox = new Sandbox();
  const path = sandbox.write("secret-plans.txt", "psst");
  const { program, origin } = await shares(sandbox, path);
  for (const hash of ["", "#share=wrong", "#share=", "#invite=wrong", "#/lobby"]) {
    await using eve = await browser.visit(`${origin}/${hash}`);
    await eve.page.getByText("This is not the whole address.").waitFor();
    const all = `${await eve.page.content()} ${await eve.page.title()}`;
    expect([hash, all.includes("ana-the-giver"), all.includes("secret-plans")]).toEqual([
      hash,
      false,
      false,
    ]);
  }
  const asked = await fetch(origin, { tls: { rejectUnauthorized: false } });
  const { headers } = asked;
  const page = `${await asked.text()} ${JSON.stringify(Object.fromEntries(headers))}`;
  expect(page).toContain('data-share="true"');
  expect(page).not.toMatch(/ana-the-giver|secret-plans/);
  program.signal("SIGINT");
  await program.ended();
});

pageTest("a share that is over says so", async () => {
  await using sandbox = new Sandbox();
  const { program, origin, secret } = await shares(sandbox, sandbox.write("a.txt", "a"));
  await using bob = await browser.visit(`${origin}/#share=${secret}`);
  await bob.button("Save").waitFor();
  program.signal("SIGINT");
  await program.ended();
  await bob.page.getByText("This share is over").waitFor();
  await bob.button("Try now").click();
  await bob.page.getByText("This share is over").waitFor();
});

pageTest("a chat takes the secret of a share for nothing", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(`${served.listening["web"]}#share=abc`);
  await ana.field("Room password").waitFor();
  expect(new URL(ana.page.url()).hash).toBe("");
});
