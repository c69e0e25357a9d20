import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { systemDisk } from "../../src/io/disk/system-disk.ts";
import { readCheckpointFile } from "../../src/io/log/checkpoints.ts";
import { accountsIn, parseNote } from "../../src/wire/checkpoint.ts";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";
import { type LogLine, replaceKey, rewriteAccounts } from "./rewritten-accounts.ts";

/** An operator copies `accounts/`, acts as ben, and puts the copy back. */

const WORDS = { CHAT_PASSWORD: "long enough" };

let sandbox: Sandbox;
let served: Served;
let ana: Home;
let ben: Home;

beforeAll(async () => {
  sandbox = new Sandbox();
  served = await sandbox.serve();
  [ana, ben] = [sandbox.home("ana"), sandbox.home("ben")];
  for (const home of [ana, ben, sandbox.home("olga")]) {
    const user = basename(home.folder);
    await home.with(WORDS).json(["register", served.invite, "--user", user]);
    expect((await home.run(["send", `I am ${user}`])).exitCode).toBe(0);
  }
  await restart(); // A checkpoint may be a second old.
  for (const home of [ana, ben]) {
    expect((await home.run(["verify", served.address])).exitCode).toBe(0);
  }
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const accounts = () => join(served.data, "accounts");
const historyCheckpoint = () => join(served.data, "history", "checkpoint");

async function restart(...args: readonly string[]): Promise<void> {
  if (served.program.isRunning) await served.program.signal("SIGTERM");
  served = await sandbox.serve({ data: basename(served.data), port: served.port, args });
}

function committedSize(): number {
  const { note = "" } = readCheckpointFile(systemDisk(), join(served.data, "history")) ?? {};
  return accountsIn(parseNote(note))?.checkpoint.size ?? 0;
}

/** Returns a copy of the accounts log from before the operator signed in as ben. */
async function actAsBen(): Promise<string> {
  const copy = sandbox.path(`accounts-${Bun.nanoseconds()}`);
  cpSync(accounts(), copy, { recursive: true });
  const before = committedSize();
  const [made] = await sandbox.home("olga").json(["admin", "reset", "ben"]);
  const env = { CHAT_RESET: String(made?.["url"]), CHAT_NEW_PASSWORD: "of the impostor" };
  const impostor = sandbox.home(`impostor-${before}`);
  await impostor.json(["passwd", "--reset"], { env });
  expect((await impostor.run(["send", "--to", "@ana", "this is ben"])).exitCode).toBe(0);
  expect((await impostor.run(["logout"])).exitCode).toBe(0);
  await served.program.signal("SIGTERM");
  expect(committedSize()).toBeGreaterThan(before);
  return copy;
}

function putBack(copy: string): void {
  rmSync(accounts(), { recursive: true });
  cpSync(copy, accounts(), { recursive: true });
}

const ROLLED_BACK =
  /the server's log of accounts has only \d+ records?, but this device has seen \d+/;

async function caught(home: Home): Promise<void> {
  const joined = await home.run(["join", served.address]);
  expect([joined.exitCode, joined.err]).toEqual([6, expect.stringMatching(ROLLED_BACK)]);
  const verified = await home.run(["verify", served.address, "--json"]);
  const [finding] = ndjson(verified.out);
  expect(finding).toMatchObject({ kind: "verify", ok: false, log: "accounts" });
  expect(verified.exitCode).toBe(6);
  const offline = await home.run(["verify", "--data", served.data, "--json"]);
  expect([offline.exitCode, ndjson(offline.out)[0]?.["log"]]).toEqual([6, "accounts"]);
}

function rewrite(change: (lines: LogLine[]) => LogLine[]): void {
  rewriteAccounts(served.data, change);
}

test("an operator cannot replace the keys of an account", async () => {
  await served.program.signal("SIGTERM");
  const real = sandbox.path("real-keys");
  cpSync(served.data, real, { recursive: true });
  replaceKey(served.data, "ben");
  rmSync(historyCheckpoint());
  await restart();
  for (const home of [ana, ben]) {
    const joined = await home.run(["join", served.address]);
    expect([joined.exitCode, joined.err]).toEqual([
      6,
      expect.stringMatching(/log of accounts has \d+ records?, but its first \d+ are not what/),
    ]);
  }
  await served.program.signal("SIGTERM");
  rmSync(served.data, { recursive: true });
  cpSync(real, served.data, { recursive: true });
  await restart();
  for (const home of [ana, ben]) {
    expect((await home.run(["join", served.address])).exitCode).toBe(0);
  }
});

test("an operator cannot hide a new device from those who were there", async () => {
  await served.program.signal("SIGTERM");
  const copy = sandbox.path("accounts-before");
  cpSync(accounts(), copy, { recursive: true });
  await restart();
  const login = ["login", served.invite, "--user", "ben"];
  expect((await sandbox.home("thief").with(WORDS).run(login)).exitCode).toBe(0);
  await restart(); // A checkpoint may be a second old.
  for (const home of [ana, ben]) {
    expect((await home.run(["verify", served.address])).exitCode).toBe(0);
  }
  await served.program.signal("SIGTERM");
  const after = sandbox.path("real-after");
  cpSync(served.data, after, { recursive: true });
  putBack(copy);
  rmSync(historyCheckpoint());
  await restart();
  for (const home of [ana, ben]) await caught(home);
  await served.program.signal("SIGTERM");
  rmSync(served.data, { recursive: true });
  cpSync(after, served.data, { recursive: true });
  await restart();
  for (const home of [ana, ben]) {
    expect((await home.run(["join", served.address])).exitCode).toBe(0);
  }
});

const CHANGED =
  /A code that resets your password was created by olga at \d\d:\d\d\. Your password works until /;

test("tells each other device of its owner what happened to the account", async () => {
  const lines = async (home: Home) => {
    const { exitCode, err } = await home.run(["users"]);
    expect(exitCode).toBe(0);
    return err;
  };
  const laptop = sandbox.home("laptop");
  const login = ["login", served.invite, "--user", "ben"];
  expect((await laptop.with(WORDS).run(login)).exitCode).toBe(0);
  await restart(); // A checkpoint may be a second old.
  expect(await lines(laptop)).toBe("");
  expect(await lines(ben)).toMatch(/^chat: A device was added to your account at .*\n$/);
  expect(await lines(ben)).toBe("");
  // The password that ben changes himself surprises only his other device.
  const words = { CHAT_PASSWORD: WORDS.CHAT_PASSWORD, CHAT_NEW_PASSWORD: "long enough 2" };
  expect((await ben.with(words).run(["passwd"])).err).not.toContain("Your password");
  await restart();
  expect(await lines(ben)).toBe("");
  expect(await lines(laptop)).toMatch(/^chat: Your password was changed at .*\n$/);
  // A reset is announced, but no alarm.
  await sandbox.home("olga").json(["admin", "reset", "ben"]);
  await restart();
  const [event, verified] = await ben.json(["verify", served.address]);
  expect(event).toMatchObject({ kind: "account-changed", what: "password-reset", by: "olga" });
  expect(String(event?.["at"])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(verified).toMatchObject({ kind: "verify", ok: true });
  const joined = await laptop.join([served.address]);
  await joined.json("account-changed", { what: "password-reset", by: "olga" });
  expect((await joined.finish()).exitCode).toBe(0);
  // A rename by an operator, and back.
  for (const [user, to] of [
    ["ben", "benny"],
    ["benny", "ben"],
  ]) {
    await sandbox.home("olga").json(["admin", "rename", String(user), String(to)]);
    await restart();
    expect(await lines(ben)).toMatch(/^chat: Your account was renamed by olga at .*\n$/m);
  }
  const renamings = (await laptop.json(["users"])).filter(({ kind }) => kind === "account-changed");
  expect(renamings.map(({ what }) => what)).toEqual(["renamed", "renamed"]);
  expect((await ben.run(["verify", served.address])).exitCode).toBe(0);
  await ben
    .with({ CHAT_PASSWORD: "long enough 2", CHAT_NEW_PASSWORD: "long enough" })
    .run(["passwd"]);
});

test("an operator cannot hide a reset from those who were there", async () => {
  await restart();
  const [verified] = await ana.json(["verify", served.address]);
  expect(verified).toMatchObject({ accounts: { size: committedSize() } });
  const copy = await actAsBen();
  await restart();
  expect((await ana.run(["verify", served.address])).err).toBe("");
  const warned = await ben.run(["verify", served.address]);
  expect([warned.exitCode, warned.err]).toEqual([0, expect.stringMatching(CHANGED)]);
  await served.program.signal("SIGTERM");
  const real = sandbox.path("real");
  cpSync(served.data, real, { recursive: true });
  putBack(copy);
  // Ordinary tools refuse the folder, so the operator removes what contradicts the copy.
  const options = { data: basename(served.data), port: served.port } as const;
  const refused = async () => {
    const { exitCode, err } = await sandbox.startServer(options).ended();
    expect(exitCode).toBe(6);
    return err;
  };
  expect(await refused()).toMatch(/records were signed as durable/);
  rmSync(historyCheckpoint());
  expect(await refused()).toMatch(/but the history was written when it had/);
  await restart("--accept-loss");
  for (const home of [ana, ben]) {
    const joined = await home.run(["join", served.address]);
    expect([joined.exitCode, joined.err]).toEqual([
      6,
      expect.stringMatching(/presents a different log of accounts/),
    ]);
  }
  await served.program.signal("SIGTERM");
  rmSync(served.data, { recursive: true });
  cpSync(real, served.data, { recursive: true });
  await restart();
  for (const home of [ana, ben]) {
    expect((await home.run(["join", served.address])).exitCode).toBe(0);
    expect((await home.run(["verify", served.address])).exitCode).toBe(0);
  }
});

test("lists each action of an operator, and a removed one is a contradiction", async () => {
  const olga = sandbox.home("olga");
  const login = (name: string) => sandbox.home(name).with(WORDS);
  await login("cleo").json(["register", served.invite, "--user", "cleo"]);
  const [made] = await olga.json(["admin", "irc-password", "cleo"]);
  const id = String(made?.["id"]);
  const actions: [args: readonly string[], decision: string][] = [
    [["irc-password", "cleo", "--revoke", id], "irc-password-gone"],
    [["sign-out", "cleo", "--yes"], "device-gone"],
    [["reset", "cleo"], "reset"],
    [["ban", "cleo"], "banned"],
    [["unban", "cleo"], "unbanned"],
    [["grant", "cleo"], "operator"],
    [["revoke", "cleo"], "operator-end"],
    [["registration", "closed"], "closed"],
    [["registration", "open"], "opened"],
    [["rename", "cleo", "cleopatra"], "renamed"],
    [["remove", "cleopatra", "--yes"], "removed"],
  ];
  for (const [args] of actions) await olga.json(["admin", ...args]);
  const decisions = (await olga.json(["admin", "log", "--since", "1h"]))
    .filter((event) => event["by"] === "olga")
    .map((event) => event["decision"]);
  const wanted = ["irc-password", ...actions.map(([, decision]) => decision)];
  expect(decisions.slice(-wanted.length)).toEqual(wanted);

  await restart();
  expect((await ana.run(["verify", served.address])).exitCode).toBe(0);
  await served.program.signal("SIGTERM");
  const real = sandbox.path("real-actions");
  cpSync(served.data, real, { recursive: true });
  rewrite((lines) => lines.filter(({ head }) => head["kind"] !== "ban"));
  for (const home of [ana, sandbox.home("auditor")]) {
    const offline = await home.run(["verify", "--data", served.data, "--json"]);
    expect([offline.exitCode, ndjson(offline.out)[0]?.["log"]]).toEqual([6, "accounts"]);
  }
  rmSync(historyCheckpoint());
  await restart("--accept-loss");
  const joined = await ana.run(["join", served.address]);
  expect([joined.exitCode, joined.err]).toEqual([6, expect.stringMatching(/log of accounts/)]);
  await served.program.signal("SIGTERM");
  rmSync(served.data, { recursive: true });
  cpSync(real, served.data, { recursive: true });
  await restart();
});

async function raisesNoAlarm(home: Home): Promise<void> {
  for (const command of ["join", "users", "verify", "witness"]) {
    const { exitCode, err } = await home.run([command, served.address]);
    const expected = expect.stringMatching(/^(chat: logged in as .*\n)?$/);
    expect([command, exitCode, err]).toEqual([command, 0, expected]);
  }
}

test("a backup cannot hide what an operator did, and an honest one can be accepted", async () => {
  const out = sandbox.path("backup");
  await sandbox.home("olga").json(["backup", out, "--data", served.data]);
  const before = [ana, ben].map((home) => home.run(["verify", served.address]));
  for (const { exitCode } of await Promise.all(before)) expect(exitCode).toBe(0);
  await actAsBen();
  await restart();
  // Ana reads what the impostor wrote. Ben is away.
  expect((await ana.run(["history", served.address])).exitCode).toBe(0);
  await served.program.signal("SIGTERM");

  // A silent copy of everything contradicts the device that was there.
  const real = sandbox.path("real-before-restore");
  cpSync(served.data, real, { recursive: true });
  rmSync(served.data, { recursive: true });
  await sandbox.home("olga").json(["restore", out, "--data", served.data]);
  await restart();
  expect((await ana.run(["join", served.address])).exitCode).toBe(6);
  await served.program.signal("SIGTERM");

  // An open restore tells everybody.
  rmSync(served.data, { recursive: true });
  cpSync(real, served.data, { recursive: true });
  const restore = ["restore", out, "--data", served.data, "--accept-rollback"];
  expect(await sandbox.home("olga").json(restore)).toMatchObject([{ forked: true }]);
  await restart();
  for (const home of [ana, ben, sandbox.home("olga")]) {
    const joined = await home.run(["join", served.address]);
    expect([joined.exitCode, joined.err]).toEqual([
      6,
      expect.stringMatching(/presents a different (history|log of accounts)/),
    ]);
    expect((await home.run(["trust", "accept", served.address])).exitCode).toBe(0);
    await raisesNoAlarm(home);
  }
});

test("honest life raises no alarm", async () => {
  const { address } = served;
  const dora = sandbox.home("dora").with(WORDS);
  await dora.json(["register", served.invite, "--user", "dora"]);
  const joined = await dora.join([address]);
  joined.type("/join den", "first", "second");
  await joined.json("ack", { text: "second" });
  expect((await joined.finish()).exitCode).toBe(0);
  await sandbox.home("olga").json(["admin", "retention", "den", "1m"]);
  const signedIn = sandbox.home("dora-2").with(WORDS);
  await signedIn.json(["login", served.invite, "--user", "dora"]);
  expect((await dora.run(["verify", address])).exitCode).toBe(0);
  await restart("--new-identity");
  for (const home of [ana, ben, dora]) {
    expect((await home.run(["verify", address])).exitCode).toBe(0);
  }
  await dora.json(["unregister", address, "--yes"]);
  await restart();
  for (const home of [ana, ben]) await raisesNoAlarm(home);
});
