import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { SAVED_BLOB_BYTES_MAX } from "../../src/base/limits-page.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { noise, sha256 } from "../e2e/couriers.ts";
import { type Program, Sandbox } from "../e2e/program.ts";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { largeFile } from "./fixtures.ts";
import { PICKERS, savedBytes, savedNames, savedSha256 } from "./saved-files.ts";

const browser = sharedBrowser();

interface Shared {
  readonly program: Program;
  readonly origin: string;
  readonly secret: string;
}

async function startShare(sandbox: Sandbox, ...paths: readonly string[]): Promise<Shared> {
  const host = ["--host", "127.0.0.1", "--user", "ana-the-giver"];
  const program = sandbox.home("ana").start(["share", "--json", ...host, ...paths]);
  const { invite } = await program.json("sharing");
  const { port, secret = "" } = parseServerSpec(String(invite));
  return { program, origin: `https://127.0.0.1:${port}`, secret };
}

const SAVED = "All files are saved and verified. You can close this page.";

pageTest("saves one file with one click, and ends the share", async () => {
  await using sandbox = new Sandbox();
  const path = sandbox.path("film.bin");
  writeFileSync(path, noise(3 * CHUNK_BYTES + 17));
  const { program, origin, secret } = await startShare(sandbox, path);
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { initScript: PICKERS });
  const save = bob.button("Save");
  await save.waitFor();
  expect(new URL(bob.page.url()).hash).toBe("");
  expect(await bob.page.getByText("film.bin").count()).toBe(1);
  expect(await bob.page.getByRole("textbox").count()).toBe(0);
  expect(await bob.accessibilityViolations()).toEqual([]);
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
  expect(await bob.page.getByText(SAVED).count()).toBe(1);
});

pageTest("says before a large file is saved that this browser holds it in memory", async () => {
  await using sandbox = new Sandbox();
  const path = largeFile(sandbox.path("film.bin"), SAVED_BLOB_BYTES_MAX + 1);
  const { origin, secret } = await startShare(sandbox, path);
  const hint = "This browser holds a file in memory until it is complete";
  for (const [initScript, isShown] of [
    ["delete window.showSaveFilePicker;", true],
    [PICKERS, false],
  ] as const) {
    await using bob = await browser.visit(`${origin}/#share=${secret}`, { initScript });
    await bob.button("Save").waitFor();
    expect(await bob.page.getByText(hint).isVisible()).toBe(isShown);
  }
});

pageTest("saves several files, and a folder as an archive, overwriting nothing", async () => {
  await using sandbox = new Sandbox();
  const paths = ["one.bin", "two.bin"].map((name) => sandbox.path(name));
  for (const path of paths) writeFileSync(path, noise(CHUNK_BYTES + 5));
  mkdirSync(sandbox.path("notes", "deep"), { recursive: true });
  writeFileSync(sandbox.path("notes", "a.txt"), "alpha");
  writeFileSync(sandbox.path("notes", "deep", "b.bin"), noise(2 * CHUNK_BYTES));
  const { program, origin, secret } = await startShare(sandbox, ...paths, sandbox.path("notes"));
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { initScript: PICKERS });
  const save = bob.button("Save all 3 files");
  await save.waitFor();
  await bob.page.evaluate(`navigator.storage.getDirectory()
    .then((root) => root.getFileHandle("one.bin", { create: true }))`);
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

/** Refuses to create links, as Chromium does in folders of the user. */
const REFUSE_LINKS = `window.showDirectoryPicker = async () => {
  const root = await navigator.storage.getDirectory();
  const getFileHandle = root.getFileHandle.bind(root);
  root.getFileHandle = async (name, options) => {
    if (/\\.url$|~/.test(name)) throw new TypeError("Name is not allowed.");
    return getFileHandle(name, options);
  };
  return root;
};`;

pageTest("saves names that differ only by case, are forbidden or become too long", async () => {
  await using sandbox = new Sandbox();
  const long = "n".repeat(255);
  for (const folder of ["one", "two", long]) mkdirSync(sandbox.path(folder));
  const paths = [
    ["one", "A.tar.gz"],
    ["two", "a.tar.gz"],
    ["site.url"],
    ["draft~1.txt"],
    [long, "x"],
  ];
  for (const path of paths) writeFileSync(sandbox.path(...path), path.join("/"));
  const shared = [...paths.slice(0, 4).map((path) => sandbox.path(...path)), sandbox.path(long)];
  const { program, origin, secret } = await startShare(sandbox, ...shared);
  const initScript = `${PICKERS} ${REFUSE_LINKS}`;
  await using bob = await browser.visit(`${origin}/#share=${secret}`, { initScript });
  await bob.button("Save all 5 files").click();
  await bob.page.getByText(SAVED).waitFor();
  const zip = `${"n".repeat(251)}.zip`;
  const names = ["A.tar.gz", "a (1).tar.gz", "site.url_", "draft_1.txt_", zip];
  expect([...(await savedNames(bob))].toSorted()).toEqual(names.toSorted());
  for (const name of names.slice(1)) await bob.page.getByText(`saved as ${name}`).waitFor();
  expect((await program.ended()).exitCode).toBe(0);
});

requires("unzip").describe("an archive of a shared folder", () => {
  pageTest("has every file, with its name or a listed one, and its time", async () => {
    await using sandbox = new Sandbox();
    const folder = sandbox.path("p");
    const files = {
      "report:1": "f",
      "report?1/in.txt": "g",
      "v1:a/x": "1",
      "v1?a/x": "2",
      "v1_a/x": "3",
      "Assets/logo.txt": "4",
      "assets/logo.txt": "5",
      "caf\u00e9.md": "6",
      "cafe\u0301.md": "7",
      "README.md": "8",
      "readme.md": "9",
      "back\\slash": "a",
    };
    for (const [path, text] of Object.entries(files)) {
      const full = join(folder, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text);
      utimesSync(full, 1_782_897_331, 1_782_897_331);
    }
    mkdirSync(join(folder, "empty"));
    const { origin, secret } = await startShare(sandbox, folder);
    const zone = { initScript: PICKERS, timeZone: "Asia/Jakarta" };
    await using bob = await browser.visit(`${origin}/#share=${secret}`, zone);
    await bob.button("Save").click();
    await bob.page.getByText(SAVED).waitFor();
    await bob.page.getByText("'report:1' saved as 'report_1'").waitFor();
    const out = tempFolder();
    writeFileSync(join(out, "p.zip"), await savedBytes(bob, "p.zip"));
    const { exitCode, stdout } = Bun.spawnSync(["unzip", "p.zip"], { cwd: out });
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain("saved 'report:1' as 'report_1'");
    const extracted = readdirSync(join(out, "p"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const texts = extracted.map((path) => readFileSync(path, "utf8"));
    expect(texts.toSorted()).toEqual(Object.values(files).toSorted());
    expect(extracted.map((path) => statSync(path).mtimeMs)).toEqual(
      texts.map(() => 1_782_897_331_000),
    );
    const names = readdirSync(join(out, "p"));
    expect(names).toEqual(expect.arrayContaining(["README.md", "readme (1).md", "v1_a", "empty"]));
    const folded = names.map((name) => name.normalize("NFC").toLowerCase());
    expect(new Set(folded).size).toBe(names.length);
    const info = Bun.spawnSync(["unzip", "-Z", "-v", "p.zip", "p/README.md"], { cwd: out });
    expect(info.stdout.toString()).toContain("2026 Jul 1 16:15:30");
  });
});

pageTest("reveals nothing to a wrong secret; reports the end of the share", async () => {
  await using sandbox = new Sandbox();
  const path = sandbox.write("secret-plans.txt", "psst");
  const { program, origin, secret } = await startShare(sandbox, path);
  await using eve = await browser.visit(origin);
  for (const hash of ["", "#share=wrong", "#share=", "#invite=wrong", "#/lobby"]) {
    await eve.page.goto("about:blank");
    await eve.page.goto(`${origin}/${hash}`);
    await eve.page.getByText("This link is incomplete.").waitFor();
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

  await using bob = await browser.visit(`${origin}/#share=${secret}`);
  await bob.button("Save").waitFor();
  program.signal("SIGINT");
  await program.ended();
  await bob.page.getByText("This share has ended").waitFor();
  await bob.button("Retry now").click();
  await bob.page.getByText("This share has ended").waitFor();
});
