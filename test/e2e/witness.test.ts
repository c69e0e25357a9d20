import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";

/** An operator shows two users different histories. */

let sandbox: Sandbox;
let served: Served;
let board: Served;
let ana: Home;
let ben: Home;

beforeAll(async () => {
  sandbox = new Sandbox();
  board = await sandbox.serve({ data: "board" });
  served = await sandbox.serve();
  [ana, ben] = [sandbox.home("ana"), sandbox.home("ben")];
  for (const home of [ana, ben]) {
    for (const { invite } of [board, served]) {
      await home.json(["register", invite, "--user", basename(home.folder)]);
    }
    await home.json(["send", "hello", "--server", served.address]);
  }
});

afterAll(() => sandbox[Symbol.asyncDispose]());

async function serveFolder(data: string): Promise<void> {
  if (served.program.isRunning) await served.program.signal("SIGTERM");
  served = await sandbox.serve({ data: basename(data), port: served.port });
}

const NOTE = /^chat\/[\w-]{22}\n\d+\n[\w+/]{43}=\n\n— chat\/[^\n]+\n— chat\/[^\n]+\n$/;

test("keeps a checkpoint a day, and prints and writes it", async () => {
  const { address } = served;
  const lines = await ana.json(["witness", address]);
  expect(lines).toEqual([
    {
      kind: "witness",
      ok: true,
      server: address,
      size: expect.any(Number),
      root: expect.any(String),
      origin: expect.stringMatching(/^chat\//),
      checkpoint: expect.stringMatching(NOTE),
      accounts: { size: expect.any(Number), root: expect.any(String) },
      kept: 1,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    },
  ]);
  await ben.json(["send", "more", "--server", address]);
  const out = sandbox.path("ana.txt");
  const printed = await ana.run(["witness", address, "--out", out]);
  expect([printed.exitCode, printed.err]).toEqual([0, ""]);
  expect(printed.out).toMatch(/^ok: \d+ records of chat\/\S+ and \d+ of its accounts; 127\./);
  expect(printed.out).toMatch(/:\d+ agrees with \d checkpoints? kept since \d{4}-\d\d-\d\d\n$/);
  expect(readFileSync(out, "utf8")).toMatch(NOTE);
  expect((await ana.run(["witness", address, "--out", out])).exitCode).toBe(0);
  const copied = sandbox.path("copied.txt");
  const crlf = `\ufeff${readFileSync(out, "utf8").replaceAll("\n", "\r\n")}`;
  for (const text of [crlf, crlf.trimEnd(), ""]) {
    writeFileSync(copied, text);
    const compared = await ben.run(["verify", address, "--witness", copied]);
    expect(compared.exitCode).toBe(text === "" ? 4 : 0);
    if (text === "") expect(compared.err).toContain("copied.txt contains no whole checkpoint");
    expect((await ana.run(["witness", address, "--out", copied])).exitCode).toBe(0);
    expect(readFileSync(copied, "utf8")).toMatch(NOTE);
  }
  const notes = sandbox.path("notes.txt");
  writeFileSync(notes, `notes\n${readFileSync(out, "utf8")}`);
  expect((await ana.run(["witness", address, "--out", notes])).exitCode).toBe(2);
  expect(readFileSync(notes, "utf8")).toStartWith("notes");
  const agreed = await ben.run(["verify", address, "--witness", out]);
  expect([agreed.exitCode, agreed.out]).toEqual([
    0,
    expect.stringMatching(/; agrees with 1 kept checkpoint\n$/),
  ]);
  const foreign = await ben.run(["verify", board.address, "--witness", out]);
  expect([foreign.exitCode, foreign.err]).toEqual([
    4,
    expect.stringContaining("the file has no checkpoint that this server has signed"),
  ]);
  const missing = await ben.run(["verify", address, "--witness", sandbox.path("missing.txt")]);
  expect([missing.exitCode, missing.err]).toEqual([
    4,
    expect.stringMatching(/no such proof file: .*missing\.txt/),
  ]);
});

test("a fork is shown to both members, with the evidence", async () => {
  const { address } = served;
  const witness = (home: Home, out: string) =>
    home.json(["witness", address, "--to", board.address, "--out", sandbox.path(out)]);
  await witness(ben, "ben-before.txt");
  await witness(ana, "ana-before.txt");
  for (const home of [ana, ben]) {
    const [agreed] = await home.json(["verify", address, "--witness", board.address]);
    expect(agreed).toMatchObject({ kind: "verify", ok: true, compared: 2 });
  }

  await served.program.signal("SIGTERM");
  const [shownToAna, shownToBen] = [served.data, sandbox.path("shown-to-ben")];
  cpSync(shownToAna, shownToBen, { recursive: true });
  for (const [home, data] of [
    [ana, shownToAna],
    [ben, shownToBen],
  ] as const) {
    const name = basename(home.folder);
    await serveFolder(data);
    await home.json(["send", `only ${name} reads this`, "--server", address]);
    expect((await home.run(["verify", address])).exitCode).toBe(0);
    await witness(home, `${name}-after.txt`);
  }

  for (const [home, data, other] of [
    [ben, shownToBen, "ana"],
    [ana, shownToAna, "ben"],
  ] as const) {
    await serveFolder(data);
    for (const source of [sandbox.path(`${other}-after.txt`), board.address]) {
      const verified = await home.run(["verify", address, "--witness", source, "--json"]);
      expect(verified.exitCode).toBe(6);
      const findings = ndjson(verified.out);
      const by = source === board.address ? other : "the witness";
      expect(findings).toEqual([
        {
          kind: "verify",
          ok: false,
          log: "history",
          seq: 1,
          reason: expect.stringMatching(new RegExp(`what ${by} has seen$`)),
          known: expect.stringMatching(NOTE),
          shown: expect.stringMatching(NOTE),
        },
      ]);
      expect(findings[0]?.["known"]).not.toEqual(findings[0]?.["shown"]);
      expect(verified.err).toContain("saved the server's response as evidence in ");
    }
    expect(readdirSync(join(home.folder, "evidence")).length).toBeGreaterThan(0);
    // The device itself has seen only one history.
    expect((await home.run(["verify", address])).exitCode).toBe(0);
  }

  // A witness notices a fork itself, and keeps what it has.
  await serveFolder(shownToBen);
  const caught = await ana.run(["witness", address, "--json", "--to", board.address]);
  expect(caught.exitCode).toBe(6);
  expect(ndjson(caught.out)[0]).toMatchObject({
    kind: "witness",
    ok: false,
    log: "history",
    known: expect.stringMatching(NOTE),
    shown: expect.stringMatching(NOTE),
  });
  const posted = await ben.json(["history", board.address, "--room", "witness"]);
  const texts = posted.filter(({ kind }) => kind === "text");
  expect(texts.map(({ from }) => from)).toEqual(["ben", "ana", "ana", "ben"]);
});
