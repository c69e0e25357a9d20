import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES, RESERVE_BYTES } from "../../src/base/limits.ts";
import { CHAT } from "./binary.ts";
import { type Program, Town } from "./program.ts";

/** Two clean homes and one pasted line. */

function sha256(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}

function files(town: Town): string[] {
  const photo = crypto.getRandomValues(new Uint8Array(65_536));
  writeFileSync(town.path("photo.jpg"), photo);
  mkdirSync(town.path("notes", "deep"), { recursive: true });
  writeFileSync(town.path("notes", "a.txt"), "a");
  writeFileSync(town.path("notes", "deep", "b.bin"), new Uint8Array(3 * CHUNK_BYTES + 1).fill(7));
  return [town.path("photo.jpg"), town.path("notes")];
}

function lineOf(sharing: Program): Promise<string> {
  return sharing.out.next("the line to paste", (line) => line.includes("chat receive '"));
}

function expectAll(town: Town, folder: string): void {
  expect(readdirSync(town.path(folder)).sort()).toEqual(["notes", "photo.jpg"]);
  for (const name of ["photo.jpg", "notes/a.txt", "notes/deep/b.bin"]) {
    expect([name, sha256(town.path(folder, name))]).toEqual([name, sha256(town.path(name))]);
  }
}

/** Pasted into a shell, as a person would; only the program has no name there yet. */
function paste(town: Town, line: string, folder: string, home: string): Program {
  mkdirSync(town.path(folder), { recursive: true });
  const script = `exec ${line.replace(/^chat /, `'${CHAT}' `)}`;
  return town.start(["-c", script], {
    program: "/bin/sh",
    cwd: town.path(folder),
    env: { CHAT_HOME: town.path(home) },
    stdin: "",
  });
}

test("files and folders arrive by one pasted line, and both ends end", async () => {
  await using town = new Town();
  const sharing = town.home("ana").start(["share", ...files(town)]);
  const line = await lineOf(sharing);
  expect(line).toMatch(/^chat receive 'chat:\/\/[^']+#[^']+'$/);
  const received = await paste(town, line, "inbox", "bob").ended(60_000);
  expect([received.exitCode, received.err]).toEqual([0, expect.any(String)]);
  expectAll(town, "inbox");
  const rows = received.out.trim().split("\n");
  expect(rows.map((row) => row.split("\t").length)).toEqual([4, 4]);
  const shared = await sharing.ended();
  expect([shared.exitCode, shared.out]).toEqual([0, `${line}\n`]);
  for (const name of ["photo.jpg", "notes"]) {
    expect(shared.err.split(`${name}: 100 %`)).toHaveLength(2);
    expect(shared.err).not.toContain(`${name}: resumed`);
  }
  expect(readdirSync(town.path("tmp"))).toEqual([]);
});

test("neither home remembers anything of it", async () => {
  await using town = new Town();
  const [photo = ""] = files(town);
  const sharing = town.home("ana").start(["share", photo]);
  await paste(town, await lineOf(sharing), "inbox", "bob").ended(60_000);
  expect((await sharing.ended()).exitCode).toBe(0);
  for (const home of ["ana", "bob"]) {
    const ran = await town.home(home).run(["users", "--user", home]);
    expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining("no server was named")]);
  }
});

test("--keep goes on for others, who get names of their own", async () => {
  await using town = new Town();
  const sharing = town.home("ana").start(["share", "--keep", "--json", ...files(town)]);
  const { line, invite } = await sharing.json("sharing");
  expect(line).toBe(`chat receive '${invite}'`);
  for (const home of ["bob", "carol"]) {
    const ran = await paste(town, `${line} --json`, home, `${home}-home`).ended(60_000);
    expect([home, ran.exitCode, ran.err]).toEqual([home, 0, ""]);
    expectAll(town, home);
  }
  const users = [await sharing.json("served"), await sharing.json("served")];
  expect(new Set(users.map(({ user }) => user)).size).toBe(2);
  expect((await sharing.signal("SIGINT")).exitCode).toBe(0);
  expect(readdirSync(town.path("tmp"))).toEqual([]);
});

test("Ctrl-C leaves nothing behind", async () => {
  await using town = new Town();
  const [photo = ""] = files(town);
  const sharing = town.home("ana").start(["share", photo]);
  await lineOf(sharing);
  expect(readdirSync(town.path("tmp")).length).toBe(1);
  expect((await sharing.signal("SIGINT")).exitCode).toBe(130);
  expect(readdirSync(town.path("tmp"))).toEqual([]);
});

test("a share makes no copy of the content", async () => {
  await using town = new Town();
  writeFileSync(town.path("large.bin"), new Uint8Array(64 * CHUNK_BYTES).fill(1));
  const sharing = town.home("ana").start(["share", "--keep", "--json", town.path("large.bin")]);
  const { line } = await sharing.json("sharing");
  await paste(town, String(line), "inbox", "bob").ended(60_000);
  await sharing.json("taken");
  const kept = readdirSync(town.path("tmp"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`).length);
  expect(kept.length).toBeGreaterThan(0);
  expect(Math.max(...kept)).toBeLessThanOrEqual(RESERVE_BYTES);
  await sharing.signal("SIGINT");
});

test("it only gives: nobody puts a file there", async () => {
  await using town = new Town();
  const [photo = ""] = files(town);
  const sharing = town.home("ana").start(["share", photo, "--json"]);
  const { invite } = await sharing.json("sharing");
  writeFileSync(town.path("evil"), "x");
  const args = ["send-file", town.path("evil"), "--user", "eve", "--server", String(invite)];
  const ran = await town.home("eve").run(args);
  expect([ran.exitCode, ran.err]).toEqual([3, expect.stringContaining("only given away")]);
  const [, ...rest] = readdirSync(town.path("tmp"), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith("content"));
  expect(rest).toEqual([]);
  await sharing.signal("SIGINT");
});

test("what cannot be is said with its exit code", async () => {
  await using town = new Town();
  const [photo = ""] = files(town);
  const ana = town.home("ana");
  expect((await ana.run(["share", town.path("none")])).exitCode).toBe(4);
  expect((await ana.run(["share", "-"])).exitCode).toBe(2);
  expect((await ana.run(["receive"])).exitCode).toBe(2);
  const sharing = ana.start(["share", photo, "--json"]);
  const { invite } = await sharing.json("sharing");
  for (const cut of [String(invite).slice(0, -3), String(invite).replace(/#.*$/, "")]) {
    const ran = await town.home("bob").run(["receive", cut]);
    expect([ran.exitCode, ran.err]).toEqual([3, expect.stringContaining("not the whole line")]);
  }
  const other = String(invite).replace(/fp=[^&#]*/, `fp=${"A".repeat(43)}`);
  expect((await town.home("bob").run(["receive", other])).exitCode).toBe(6);
  await sharing.signal("SIGINT");
  const gone = await town.home("bob").run(["receive", String(invite)]);
  expect(gone.exitCode).toBe(5);
});

test("the next share takes away what a killed one left, and nothing of a living one", async () => {
  await using town = new Town();
  const paths = files(town);
  const folders = () => readdirSync(town.path("tmp")).filter((name) => /^chat-share-/.test(name));
  const share = async () => {
    const known = new Set(folders());
    const sharing = town.home("ana").start(["share", ...paths]);
    await lineOf(sharing);
    const [name = ""] = folders().filter((one) => !known.has(one));
    utimesSync(town.path("tmp", name), 1e9, 1e9); // Long ago.
    return { sharing, name };
  };
  const killed = await share();
  await killed.sharing.signal("SIGKILL");
  expect(folders()).toContain(killed.name);
  const living = await share();
  expect(folders()).not.toContain(killed.name);
  const third = await share();
  expect(folders().sort()).toEqual([living.name, third.name].sort());
});
