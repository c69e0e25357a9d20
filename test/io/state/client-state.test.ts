import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { systemClock } from "../../../src/io/clock.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { MIGRATIONS, StateDatabase } from "../../../src/io/state/schema.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { faultOf } from "../../fault-code.ts";
import { sampleSize } from "../../samples.ts";
import { tempFolder } from "../../temp-folder.ts";
import { saveDrafts } from "./saved-drafts.ts";

const root = tempFolder();
let folders = 0;
const freshFolder = () => join(root, `${++folders}`, "home");

describe("a client's home", () => {
  test("stores nothing after it was removed, and is not created again", () => {
    const folder = freshFolder();
    using state = ClientState.open(folder);
    state.deviceKey(() => "a key");
    state.setPreference("quiet", "on");
    expect(state.isPresent()).toBe(true);
    rmSync(folder, { recursive: true });
    expect(state.isPresent()).toBe(false);
    const writes = [
      () => state.setPreference("quiet", "off"),
      () => state.setSnapshot("fp", "ana", "{}"),
      () => state.partialFileSecret(),
    ];
    for (const write of writes) expect(faultOf(write)).toMatchObject({ code: "store-failed" });
    expect(existsSync(folder)).toBe(false);
  });

  test("that was replaced keeps the log of the home in its place", () => {
    const [folder, other] = [freshFolder(), freshFolder()];
    const state = ClientState.open(folder);
    ClientState.open(other).close();
    writeFileSync(join(other, "state.sqlite-wal"), "of the other home");
    renameSync(folder, `${folder}.moved`);
    renameSync(other, folder);
    state.close();
    expect(readFileSync(join(folder, "state.sqlite-wal"), "utf8")).toBe("of the other home");
  });

  test.each(["state.sqlite", "device.key", "parts.key"])(
    "neither follows a link nor blocks on a pipe: %s",
    (name) => {
      for (const make of [
        (path: string, ownFile: string) => symlinkSync(ownFile, path),
        (path: string) => Bun.spawnSync(["mkfifo", path]),
      ]) {
        const folder = freshFolder();
        mkdirSync(folder, { recursive: true });
        const ownFile = join(folder, "mine");
        writeFileSync(ownFile, "");
        make(join(folder, name), ownFile);
        const use = () => {
          const state = ClientState.open(folder);
          try {
            state.deviceKey(() => "a key");
            state.partialFileSecret();
          } finally {
            state.close();
          }
        };
        expect(["data-foreign", "store-failed"]).toContain(faultOf(use)?.code ?? "");
        expect(readFileSync(ownFile, "utf8")).toBe("");
      }
    },
  );

  test("keeps the data of a renamed user", () => {
    const state = ClientState.open(freshFolder());
    state.enrol("fp", "ana", "u1");
    state.advanceCursor("fp", "Ana", 7);
    state.setAccountKey("fp", "ana", "PEM");
    state.setLastUser("fp", "Ana", 1);
    state.advanceCursor("fp", "zoe", 99);
    state.advanceCursor("other", "ana", 3);
    state.moveUser("fp", "ANA", "Zoe");
    expect([state.enrolment("fp", "zoe"), state.enrolment("fp", "ana")]).toEqual(["u1", undefined]);
    expect([state.cursor("fp", "zoe"), state.cursor("fp", "ana")]).toEqual([7, undefined]);
    expect(state.knownAccountKey("fp", "zoe")).toBe("PEM");
    expect(state.lastUser("fp")).toBe("zoe");
    expect(state.cursor("other", "ana")).toBe(3);
    state.close();
  });

  test("replaces and removes pins only explicitly", () => {
    const state = ClientState.inMemory();
    state.setPin({ address: "a:1", fingerprint: "old", name: "one", firstSeenUnixMs: 1 });
    state.setPin({ address: "a:1", fingerprint: "new", name: "two", firstSeenUnixMs: 2 });
    expect(state.pin("a:1")).toMatchObject({ fingerprint: "new", name: "two" });
    state.setPin({ address: "a:1", fingerprint: "new", name: "three", firstSeenUnixMs: 3 });
    expect(state.pin("a:1")).toMatchObject({ name: "three", firstSeenUnixMs: 2 });
    expect(state.forgetPin("a:1")).toBe(true);
    expect(state.forgetPin("a:1")).toBe(false);
    expect(state.pin("a:1")).toBeUndefined();
    state.enrol("f", "ana", "u1");
    state.unenrol("f", "ANA");
    expect(state.enrolment("f", "ana")).toBeUndefined();
  });

  test("moves all data of a server to its new key", () => {
    const state = ClientState.inMemory();
    const pin = { fingerprint: "old", name: "s", firstSeenUnixMs: 1 };
    for (const address of ["a:1", "b:1"]) state.setPin({ ...pin, address });
    state.setPin({ ...pin, fingerprint: "other", address: "c:1" });
    state.advanceCursor("old", "ana", 7);
    state.enrol("old", "ana", "u1");
    const key = state.accountKey("old", "ana", () => "PEM");
    state.moveServer("old", { fingerprint: "new", name: "s", firstSeenUnixMs: 9 });
    expect(state.pins().map(({ address, fingerprint }) => [address, fingerprint])).toEqual([
      ["a:1", "new"],
      ["b:1", "new"],
      ["c:1", "other"],
    ]);
    expect(state.cursor("new", "ana")).toBe(7);
    expect(state.enrolment("new", "ana")).toBe("u1");
    expect(state.knownAccountKey("new", "ana")).toBe(key);
    expect([state.cursor("old", "ana"), state.knownAccountKey("old", "ana")]).toEqual([
      undefined,
      undefined,
    ]);
    state.close();
  });

  test("changes the last server and names only explicitly", () => {
    const state = ClientState.inMemory();
    expect([state.lastServer(), state.lastUser("f")]).toEqual([undefined, undefined]);
    state.setLastServer("a:1", 1);
    state.setLastUser("f", "ana", 1);
    state.setLastServer("b:1", 2);
    state.setLastUser("f", "bot", 2);
    state.setLastUser("g", "bob", 2);
    expect(state.lastServer()).toBe("a:1");
    expect([state.lastUser("f"), state.lastUser("g")]).toEqual(["ana", "bob"]);
    state.setLastServer("b:1", 3, true);
    state.setLastUser("f", "eve", 3, true);
    expect([state.lastServer(), state.lastUser("f")]).toEqual(["b:1", "eve"]);
    const server = { fingerprint: "new", name: "s", firstSeenUnixMs: 9 };
    state.moveServer("f", server);
    expect([state.lastUser("f"), state.lastUser("new")]).toEqual([undefined, "eve"]);
  });

  test("keeps the newest checkpoint of each of 100 days", () => {
    const state = ClientState.inMemory();
    const { logPins } = state;
    const day = (i: number) => new Date(86_400_000 * i).toISOString().slice(0, 10);
    for (let i = 1; i <= 130; i++) {
      for (const note of [`first ${i}`, `last ${i}`]) logPins.storeWitnessed("f", day(i), note);
    }
    logPins.storeWitnessed("g", day(1), "other");
    const kept = logPins.witnessed("f");
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([
      100,
      { day: day(31), note: "last 31" },
      { day: day(130), note: "last 130" },
    ]);
    state.moveServer("f", { fingerprint: "new", name: "s", firstSeenUnixMs: 9 });
    expect([logPins.witnessed("f"), logPins.witnessed("new")]).toEqual([[], kept]);
    logPins.forget("new");
    expect([logPins.witnessed("new"), logPins.witnessed("g").length]).toEqual([[], 1]);
  });

  test("rewinds what it has stored by number when a replaced history is accepted", () => {
    const folder = freshFolder();
    const state = ClientState.open(folder);
    const { logPins, drafts, receivedFiles } = state;
    const reader = { fingerprint: "f", formers: [], user: "ana" };
    const pin = { origin: "chat/old", size: 20, root: new Uint8Array(32), note: "note" };
    logPins.storePin(reader, pin);
    logPins.setAlarm(reader, "rolled back", 10);
    state.advanceCursor("f", "ana", 20);
    state.advanceCursor("f", "ben", 7);
    state.advanceCursor("g", "ana", 20);
    receivedFiles.advance(reader, 15);
    state.setSnapshot("f", "ana", "{}");
    state.setSnapshot("g", "ana", "{}");
    const owner = { fingerprint: "f", user: "ana" };
    const draft = { text: "hi", re: 11 };
    saveDrafts(
      drafts,
      owner,
      new Map([
        ["lab", draft],
        ["den", { text: "yes", re: 10 }],
      ]),
    );
    saveDrafts(drafts, owner, new Map([["own", { text: "better", edits: 12 }]]));
    saveDrafts(drafts, owner, new Map([["lab 11", { text: "in a lost thread" }]]));
    saveDrafts(drafts, owner, new Map([["lab 10", { text: "in a thread" }]]));
    const post = { counter: 1, target: "lab", createdUnixMs: 1 };
    const added = [
      { ...post, body: '{"text":"yes","re":11}' },
      { ...post, counter: 2, body: '{"text":"","box":"AA"}' },
    ];
    state.outboxes.write("AAECAwQFBgc", { ...owner, added, settled: [] });
    state.outboxes.release("AAECAwQFBgc");
    state.acceptHistory("f");
    expect(state.outboxes.adopt(owner)[0]?.posts.map(({ body }) => JSON.parse(body))).toEqual([
      { text: "yes", re: 11, lostAfter: 10 },
      { text: "", box: "AA", lostAfter: 10 },
    ]);
    expect(["f", "g"].map((server) => state.cursor(server, "ana"))).toEqual([10, 20]);
    expect([state.cursor("f", "ben"), receivedFiles.position(reader)]).toEqual([7, 10]);
    expect([state.snapshot("f", "ana"), state.snapshot("g", "ana")]).toEqual([undefined, "{}"]);
    expect(Object.fromEntries(drafts.list(owner))).toEqual({
      lab: { text: "hi\nin a lost thread" },
      "lab 10": { text: "in a thread" },
      den: { text: "yes", re: 10 },
      own: { text: "better" },
    });
    expect(logPins.replaced(reader)).toEqual([{ at: 1, origin: "chat/old", size: 20 }]);
    state.acceptHistory("f");
    expect(logPins.replaced(reader)).toHaveLength(1);
    state.moveServer("f", { fingerprint: "new", name: "s", firstSeenUnixMs: 9 });
    expect(logPins.replaced({ fingerprint: "new" })).toHaveLength(1);
    state.close();
  });

  test("keeps no number of a history that another process has replaced", () => {
    const folder = freshFolder();
    const reader = { fingerprint: "f", formers: [], user: "ana" };
    const owner = { fingerprint: "f", user: "ana" };
    const pin = { origin: "chat/old", size: 20, root: new Uint8Array(32), note: "note" };
    const use = (state: ClientState, server = "f") => {
      const of = { ...owner, fingerprint: server };
      state.advanceCursor(server, "ana", 20);
      state.receivedFiles.advance(of, 20);
      state.setSnapshot(server, "ana", "{}");
      const before = { text: "older", edits: 12 };
      saveDrafts(state.drafts, of, new Map([["lab", { text: "hi", re: 11, before }]]));
      saveDrafts(state.drafts, of, new Map([["den 12", { text: "in a thread" }]]));
      state.logPins.storeConfirmed({ ...reader, fingerprint: server }, 20);
      const seen = { seq: 20, leaf: new Uint8Array(32), room: "r", place: "#lab", timeUnixMs: 1 };
      state.logPins.storeRecords({ ...reader, fingerprint: server }, [{ ...seen, from: "ben" }]);
      const body = '{"text":"yes","re":11}';
      const added = [{ counter: 1, target: "lab", createdUnixMs: 1, body }];
      const id = `AAECAwQFB${server}c`;
      state.outboxes.write(id, { ...of, added, settled: [] });
      state.outboxes.release(id);
    };
    const stored = (state: ClientState, server = "f") => {
      const of = { ...reader, fingerprint: server };
      const posts = state.outboxes.adopt(of).flatMap((outbox) => outbox.posts);
      return {
        cursor: state.cursor(server, "ana"),
        files: state.receivedFiles.position(of),
        snapshot: state.snapshot(server, "ana"),
        draft: state.drafts.list(of).get("lab"),
        threads: [...state.drafts.list(of).keys()].filter((key) => key.startsWith("den")),
        expected: state.logPins.confirmed(of),
        records: state.logPins.storedRecords(of, "all").length,
        posts: posts.map(({ body }) => JSON.parse(body)),
      };
    };
    const running = ClientState.open(folder);
    running.logPins.storePin(reader, pin);
    running.logPins.setAlarm(reader, "rolled back", 10);
    const accepting = ClientState.open(folder);
    accepting.acceptHistory("f");
    use(running);
    use(running, "g");
    expect(stored(accepting)).toEqual({
      cursor: undefined,
      files: 0,
      snapshot: undefined,
      draft: { text: "hi", before: { text: "older" } },
      threads: ["den"],
      expected: 0,
      records: 0,
      posts: [{ text: "yes", re: 11, lostAfter: 0 }],
    });
    const whole = stored(accepting, "g");
    expect(whole).toMatchObject({ cursor: 20, files: 20, snapshot: "{}", expected: 20 });
    expect(whole).toMatchObject({ records: 1, draft: { re: 11 }, posts: [{ re: 11 }] });
    running.close();
    accepting.close();
    const next = ClientState.open(folder);
    use(next);
    expect(stored(next)).toMatchObject({ cursor: 20, snapshot: "{}", draft: { re: 11 } });
    next.close();
  });

  test("keeps a copy of the home that it converts, without what must not come back", () => {
    const folder = freshFolder();
    const state = ClientState.open(folder);
    state.accountKey("f", "ana", () => "PEM");
    state.close();
    const before = new Database(join(folder, "state.sqlite"));
    before.run("INSERT INTO outbox VALUES ('o', 1, 'f', 'ana', 'lobby', 'unsent words', 1)");
    before.run("INSERT INTO drafts VALUES (1, 'f', 'ana', 'lobby', 'drafted words')");
    const keys = before.query("SELECT * FROM account_keys").all();
    before.close();
    for (const old of [98, 99]) writeFileSync(join(folder, `state.sqlite.v${old}`), "");
    writeFileSync(join(folder, "state.sqlite.v100.tmp"), "left by a killed process");
    const converted: unknown[] = [];
    const later = [...MIGRATIONS, "CREATE TABLE later (name TEXT) STRICT"];
    const convert = () => new StateDatabase(folder, (...args) => converted.push(args), later);
    convert().close();
    const path = join(folder, "state.sqlite.v100");
    expect(converted).toEqual([[100, path]]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path).includes("words")).toBe(false);
    const copy = new Database(path, { readonly: true });
    expect(keys.length).toBeGreaterThan(0);
    expect(copy.query("SELECT * FROM account_keys").all()).toEqual(keys);
    expect(copy.query("PRAGMA user_version").get()).toEqual({ user_version: 100 });
    copy.close();
    const copies = readdirSync(folder).filter((name) => name.includes(".v"));
    expect(copies.toSorted()).toEqual(["state.sqlite.v100", "state.sqlite.v99"]);
    convert().close();
    expect(converted).toHaveLength(1);
    const refused = faultOf(() => ClientState.open(folder));
    expect(refused?.message).toContain("was written by a newer version (format 101)");
  });

  test("never decreases a cursor unless the server was rolled back", () =>
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.nat(), (seqs, rewound) => {
        const state = ClientState.inMemory();
        for (const seq of seqs) state.advanceCursor("f", "ana", seq);
        expect(state.cursor("f", "ana")).toBe(Math.max(...seqs));
        expect(state.cursor("g", "ana")).toBeUndefined();
        state.rewindCursor("f", "ana", rewound);
        expect(state.cursor("f", "ana")).toBe(Math.min(rewound, ...[Math.max(...seqs)]));
        state.close();
      }),
      { numRuns: sampleSize(50, 250) },
    ));

  test("concurrent processes get the same keys, and keep each other's settings", async () => {
    const folder = freshFolder();
    const script = join(import.meta.dir, "client-state-process.ts");
    const startsAt = String(Date.now() + 500);
    const running = Array.from({ length: 8 }, () =>
      Bun.spawn([process.execPath, script, folder, "25", startsAt], {
        stdout: "pipe",
        stderr: "pipe",
      }),
    );
    const outputs = await Promise.all(running.map((one) => new Response(one.stdout).text()));
    const errors = await Promise.all(running.map((one) => new Response(one.stderr).text()));
    expect(errors.join("")).toBe("");
    expect(new Set(outputs).size).toBe(1);
    expect(outputs[0]).toContain("PRIVATE KEY");
    const state = ClientState.open(folder);
    expect(state.cursor("fp", "ana")).toBe(25);
    expect(state.preference("screen")).toBe(`${8 * 25}`);
    state.close();
  });
});

describe("an unusable home", () => {
  test("of a later version is not changed", () => {
    const folder = freshFolder();
    ClientState.open(folder).close();
    const database = new Database(join(folder, "state.sqlite"));
    database.run("PRAGMA user_version = 9999");
    database.close();
    expect(faultOf(() => ClientState.open(folder))?.code).toBe("version-unsupported");
  });

  test.each([
    [1, "file"],
    [7, "file"],
    [15, "file"],
    [15, "write-ahead log"],
    [99, "file"],
  ])("of format %i, of 0.1 to 0.3, named in the %s, is not changed", (version, place) => {
    const folder = freshFolder();
    mkdirSync(folder, { recursive: true });
    for (const file of ["state.sqlite", "sealed.sqlite"]) {
      const database = new Database(join(folder, file));
      database.run("PRAGMA journal_mode = WAL");
      database.run("CREATE TABLE servers (fingerprint TEXT)");
      database.run(`PRAGMA user_version = ${version}`);
      if (place === "file") database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      database.run("INSERT INTO servers VALUES ('f')");
      // As a killed program leaves it: the row is in the write-ahead log alone.
      for (const suffix of ["", "-wal"])
        writeFileSync(
          join(folder, `${file}${suffix}.killed`),
          readFileSync(join(folder, `${file}${suffix}`)),
        );
      database.close();
      rmSync(join(folder, `${file}-shm`), { force: true });
      for (const suffix of ["", "-wal"])
        renameSync(join(folder, `${file}${suffix}.killed`), join(folder, `${file}${suffix}`));
    }
    const content = () =>
      readdirSync(folder)
        .toSorted()
        .map((name) => [name, Bun.SHA256.hash(readFileSync(join(folder, name)), "hex")]);
    const before = content();
    const owner = { fingerprint: "f", formers: [], account: "u", device: "d" };
    for (const open of [
      () => ClientState.open(folder),
      () => new SealedStateStore(folder, owner, systemClock()),
    ])
      expect(faultOf(open)).toMatchObject({
        code: "version-unsupported",
        message: `${folder} was written by chat 0.3.0 or earlier`,
        remedy: "rename it, and sign in again",
      });
    expect(content()).toEqual(before);
  });

  test("is not a database", () => {
    const folder = freshFolder();
    ClientState.open(folder).close();
    rmSync(join(folder, "state.sqlite-wal")); // From which SQLite would restore it.
    writeFileSync(
      join(folder, "state.sqlite"),
      "something else entirely, long enough\n".repeat(99),
    );
    const fault = faultOf(() => ClientState.open(folder));
    expect(fault?.code).toBe("store-failed");
    expect(fault?.message).toContain(folder);
  });

  test("replaces a temporary key file left by a crash", () => {
    const folder = freshFolder();
    const state = ClientState.open(folder);
    writeFileSync(join(folder, "device.key.tmp"), "half a k");
    expect(state.deviceKey(() => "WHOLE")).toBe("WHOLE");
    expect(existsSync(join(folder, "device.key.tmp"))).toBe(false);
    state.close();
  });
});
