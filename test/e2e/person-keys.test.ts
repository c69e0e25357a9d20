import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";
import { replaceKey } from "./rewritten-accounts.ts";
import { keyPackages } from "./sealed-server.ts";

/** An operator gives ben's name, or another key, to somebody else. */

const WORDS = { CHAT_PASSWORD: "long enough" };

let sandbox: Sandbox;
let served: Served;
let ana: Home;

beforeAll(async () => {
  sandbox = new Sandbox();
  served = await sandbox.serve();
  ana = sandbox.home("ana");
  for (const user of ["ana", "ben", "eve", "olga"]) {
    const home = sandbox.home(user);
    await home.with(WORDS).json(["register", served.invite, "--user", user]);
    expect((await home.run(["send", `I am ${user}`])).exitCode).toBe(0);
  }
});

afterAll(() => sandbox[Symbol.asyncDispose]());

async function restart(): Promise<void> {
  if (served.program.isRunning) await served.program.signal("SIGTERM");
  served = await sandbox.serve({ data: basename(served.data), port: served.port });
}

async function rename(from: string, to: string): Promise<void> {
  await sandbox.home("olga").json(["admin", "rename", from, to]);
}

async function marksOf(text: string): Promise<unknown[]> {
  const lines = await ana.json(["history"]);
  return lines.filter((line) => line["text"] === text).map(({ newKey }) => newKey);
}

test("an operator cannot give a known name to another account unnoticed", async () => {
  const program = await ana.join([served.address]);
  program.type("/whois ben");
  const known = await program.json("whois", { user: "ben" });
  expect(known).toMatchObject({
    keys: [{ key: expect.stringMatching(/^SHA256:.{43}$/), since: known["since"] }],
  });
  expect(known).not.toHaveProperty("newKey");
  await sandbox.home("ben").json(["send", "hello from ben"]);
  expect(await program.json("text", { text: "hello from ben" })).not.toHaveProperty("newKey");
  program.type("/join vault --sealed");
  await program.json("joined", { room: "vault" });

  await rename("ben", "old-ben");
  await rename("eve", "ben");
  await sandbox.home("eve").json(["send", "this is ben", "--user", "eve"]);
  expect(await program.json("text", { text: "this is ben" })).toMatchObject({ newKey: true });
  expect(await program.json("identity-changed")).toMatchObject({ user: "ben" });
  program.type("/whois ben");
  const changed = await program.json("whois", { newKey: true });
  const dates = [expect.stringMatching(/^20/), expect.stringMatching(/^20/)];
  const keys = changed["keys"] as { key: string; since: string }[];
  expect(keys.map(({ since }) => since)).toEqual(dates);
  expect(new Set(keys.map(({ key }) => key)).size).toBe(2);

  program.type("/invite ben");
  const refused = await program.json("fault");
  expect(refused).toMatchObject({
    code: "seal-refused",
    message: "ben's identity key has changed",
  });
  program.type("/quit");
  await program.ended();

  expect(await marksOf("this is ben")).toEqual([true]);
  expect(await marksOf("hello from ben")).toEqual([undefined]);
  const text = (await ana.run(["history"])).out;
  expect(text).toMatch(/\tben \(new key\)\tthis is ben\t/);
  const [identity] = await ana.json(["verify-user", "ben"]);
  expect(identity).toMatchObject({ kind: "identity", verified: false });
  expect(identity?.["former"]).toBeString();
  const [own] = await sandbox.home("eve").json(["verify-user", "ana", "--user", "eve"]);
  expect(own?.["digits"]).toBe(identity?.["digits"]);
  await ana.json(["verify-user", "ben", "--confirm", String(identity?.["digits"])]);
  expect(await marksOf("this is ben")).toEqual([undefined]);

  const eve = await sandbox.home("eve").join([served.address, "--user", "eve"]);
  await keyPackages(served.data, 2);
  const again = await ana.join([served.address, "--room", "vault"]);
  again.type("/invite ben");
  expect(await again.json("let-in", { user: "ben" })).toMatchObject({ added: 1, missing: 0 });
  for (const one of [again, eve]) {
    one.type("/quit");
    await one.ended();
  }
});

test("an operator cannot replace the key of a known account unnoticed", async () => {
  const bob = sandbox.home("bob");
  await bob.with(WORDS).json(["register", served.invite, "--user", "bob"]);
  const look = async () => {
    const program = await ana.join([served.address]);
    program.type("/whois bob", "/quit");
    const ran = await program.ended();
    return { ...ran, whois: ndjson(ran.out).find(({ kind }) => kind === "whois") };
  };
  await restart(); // A checkpoint may be a second old.
  expect((await bob.run(["verify", served.address])).exitCode).toBe(0);
  const before = await look();
  expect(before.whois?.["keys"]).toHaveLength(1);
  await served.program.signal("SIGTERM");
  replaceKey(served.data, "bob");
  rmSync(join(served.data, "history", "checkpoint"));
  await restart();
  // The impostor trusts the log, and the operator talks ana into it.
  for (const home of [ana, bob]) {
    expect((await home.run(["verify", served.address])).exitCode).toBe(6);
    expect((await home.run(["trust", "accept", served.address])).exitCode).toBe(0);
  }
  await bob.json(["send", "it is still me"]);
  const after = await look();
  expect(after.whois).toMatchObject({ newKey: true });
  expect(after.whois?.["keys"]).toHaveLength(2);
  expect(await marksOf("it is still me")).toEqual([true]);
  const program = await ana.join([served.address, "--room", "vault"]);
  program.type("/invite bob");
  expect(await program.json("fault")).toMatchObject({ code: "seal-refused" });
  program.type("/quit");
  await program.ended();
});
