import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { noise, sha256 } from "../e2e/couriers.ts";
import { type Program, Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { PICKERS, savedNames, savedSha256 } from "./saved-files.ts";

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
