import { describe, expect, test } from "bun:test";
import { fromBase64Url, utf8Decode } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { UNSTORED_RECORDS_MAX } from "../../src/base/limits.ts";
import type { AuditAlarm } from "../../src/client/auditor.ts";
import type { Client } from "../../src/client/client.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { makeSuccession } from "../../src/crypto/succession.ts";
import { parseCheckpoint, parseNote } from "../../src/wire/checkpoint.ts";
import { leafHash } from "../../src/wire/record.ts";
import { type AccountRow, FakeAccounts } from "../core/client/fake-accounts.ts";
import { TAMPERINGS, log as tampered } from "../core/client/tamperings.ts";
import { ANA, ClientFixture } from "./client-fixture.ts";
import { FakeLog } from "./fake-log.ts";

const WRITTEN_MS = 2_000;
const AUDITED_MS = 60_000;
const TRIES_MS = 5_000;

async function read(count: number) {
  const fixture = new ClientFixture();
  const alarms: AuditAlarm[] = [];
  const enter = async () => {
    const watched = await fixture.connect({ onAlarm: (alarm) => alarms.push(alarm) });
    await fixture.clock.advance(0);
    return watched;
  };
  const first = await enter();
  for (let i = 1; i <= count; i++) fixture.server.addRecord({ text: `text ${i}` }, "ben");
  await fixture.clock.advance(WRITTEN_MS);
  await fixture.outcome(first.client.close());
  const { fingerprint } = fixture.server.identity;
  const pin = () => fixture.state.logPins.pin({ fingerprint });
  const reader = { fingerprint, formers: [], user: "ana" };
  const observed = (which: "all" | "unproved") =>
    fixture.state.logPins.storedRecords(reader, which).map(({ seq }) => seq);
  return { fixture, enter, alarms, pin, seen: observed };
}

function rewrite(
  { server }: ClientFixture,
  change: (texts: (readonly [string, string])[]) => (readonly [string, string])[],
): void {
  const texts = server.records.map(({ record }) => {
    const { text } = JSON.parse(utf8Decode(record.body ?? new Uint8Array())) as { text: string };
    return [record.from ?? "", text] as const;
  });
  const before = [...server.records];
  server.records.length = 0;
  for (const [from, text] of change(texts)) {
    const stored = server.addRecord({ text }, from);
    const same = before.find(({ seq, record }) => {
      return (
        seq === stored.seq && utf8Decode(record.body ?? new Uint8Array()).includes(`"${text}"`)
      );
    });
    if (same !== undefined) server.records[server.records.length - 1] = same;
  }
}

describe("at each log-in", () => {
  test("pins the first checkpoint, and requests proofs with the next one", async () => {
    const { fixture, enter, pin, seen, alarms } = await read(5);
    expect(pin()).toBeUndefined();
    expect(seen("unproved")).toEqual([1, 2, 3, 4, 5]);
    const watched = await enter();
    expect(pin()?.size).toBe(5);
    expect(seen("unproved")).toEqual([]);
    expect(seen("all")).toEqual([1, 2, 3, 4, 5]);
    fixture.server.addRecord({ text: "more" });
    await fixture.outcome(watched.client.close());
    await enter();
    expect(pin()?.size).toBe(6);
    expect(seen("unproved")).toEqual([]);
    expect(alarms).toEqual([]);
  });

  test("accepts a server of an earlier version unless its log was proved before", async () => {
    const { fixture, enter, pin, alarms } = await read(3);
    fixture.server.provesLog = false;
    const old = await enter();
    expect(old.client.isConnected).toBe(true);
    expect(pin()).toBeUndefined();
    await fixture.outcome(old.client.close());
    fixture.server.provesLog = true;
    const now = await enter();
    await fixture.outcome(now.client.close());
    fixture.server.provesLog = false;
    const forgetful = await enter();
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-unproved"]);
    expect(forgetful.last("closed")?.fault?.code).toBe("log-unproved");
  });

  test("retries an invalid answer three times", async () => {
    const { fixture, enter, alarms } = await read(3);
    await fixture.outcome((await enter()).client.close());
    let requestCount = 0;
    fixture.server.misbehaviour.onRequest = ({ kind }) => {
      if (kind !== "checkpoint") return undefined;
      requestCount += 1;
      return new Fault("internal", "not now");
    };
    const watched = await enter();
    expect(watched.client.isConnected).toBe(true);
    await fixture.clock.advance(5_000);
    expect(requestCount).toBe(3);
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-unproved"]);
  });

  test("rejects a checkpoint signed by another key", async () => {
    const { fixture, enter, alarms } = await read(3);
    const { proofs } = fixture.server;
    const foreign = Identity.generate();
    Object.defineProperty(fixture.server, "proofs", {
      get: () => Object.assign(proofs, { checkpoint: () => ({ note: forged(foreign), path: [] }) }),
    });
    const forged = (identity: Identity) => {
      const { origin, size, root } = parseCheckpoint(parseNote(proofs.note()).text);
      return proofs.signed({ origin, size, root }, identity);
    };
    await enter();
    expect(alarms.map(({ fault }) => fault.message)).toEqual([
      "the server's checkpoint is not signed by its key",
    ]);
  });

  test("accepts a successor key with the same log", async () => {
    const { fixture, enter, alarms, pin } = await read(3);
    await fixture.outcome((await enter()).client.close());
    const { server } = fixture;
    const old = server.identity;
    server.identity = Identity.generate();
    const predecessors = [makeSuccession(old, server.identity.publicKey)];
    server.misbehaviour.onWelcome = (welcome) => ({ ...welcome, predecessors });
    server.addRecord({ text: "signed by the new key" });
    const watched = await enter();
    expect(watched.client.isConnected).toBe(true);
    expect(alarms).toEqual([]);
    expect(pin()).toBeUndefined();
    const { fingerprint } = server.identity;
    expect(fixture.state.logPins.pin({ fingerprint })?.size).toBe(4);
  });

  test("requests a new checkpoint if it is older than a known record", async () => {
    const { fixture, enter, alarms, pin, seen } = await read(5);
    const { misbehaviour } = fixture.server;
    misbehaviour.signed = 3;
    await fixture.outcome((await enter()).client.close());
    expect(misbehaviour.signed).toBeUndefined();
    expect(pin()?.size).toBe(5);
    expect(seen("unproved")).toEqual([]);
    const { client } = await fixture.connect({ follow: "none" });
    await fixture.clock.advance(0);
    await fixture.outcome(client.post("lobby", { text: "confirmed" }));
    await fixture.outcome(client.close());
    misbehaviour.signed = 5;
    await enter();
    expect(pin()?.size).toBe(6);
    expect(alarms).toEqual([]);
  });
});

type Texts = (readonly [string, string])[];
type Case = [string, string, RegExp, (texts: Texts) => Texts];

const MANIPULATIONS: readonly Case[] = [
  [
    "a record that was accepted is changed",
    "log-forked",
    /10 records, but its first 8 .*; record 3 in #lobby \(ben, .+\).* not in the server's history$/,
    (texts) => texts.with(2, ["ben", "never said"]),
  ],
  [
    "a record that was only read is changed",
    "log-forked",
    /^the server changed or removed records that this device has read; record 9 in #lobby \(ben, /,
    (texts) => texts.with(8, ["ben", "never said"]),
  ],
  [
    "a record is left out",
    "log-forked",
    /9 records, but its first 8 .*; record 2 in #lobby .* nor are 8 later ones$/,
    (texts) => texts.toSpliced(1, 1),
  ],
  [
    "the tail is cut",
    "log-rolled-back",
    /^.* only 4 records, but this device has seen 8; record 5 .* nor are 5 later ones$/,
    (texts) => texts.slice(0, 4),
  ],
  [
    "what was only read is cut",
    "log-forked",
    /^the server changed or removed records that this device has read; record 10 in /,
    (texts) => texts.slice(0, 9),
  ],
  [
    "another log",
    "log-forked",
    /^the server presents a different history \(3 records, chat\/[\w-]{22}\) .* \(8 records\)/,
    () => [
      ["eve", "all"],
      ["eve", "is"],
      ["eve", "well"],
    ],
  ],
];

const LEAVES = Array.from({ length: 12 }, (_, i) => sha256(Uint8Array.of(i)));
const ACCOUNTS_MANIPULATIONS: [string, Fault["code"], RegExp, Uint8Array[] | undefined][] = [
  [
    "cut",
    "log-rolled-back",
    /^the server's log of accounts has only 5 records, /,
    LEAVES.slice(0, 5),
  ],
  [
    "a changed record",
    "log-forked",
    /its first 8 are not what/,
    LEAVES.with(3, LEAVES[9] as never),
  ],
  [
    "an inserted record",
    "log-forked",
    /its first 8 are not what/,
    LEAVES.toSpliced(2, 0, LEAVES[9] as never),
  ],
  ["swapped records", "log-forked", /its first 8 are not/, LEAVES.with(2, LEAVES[1] as never)],
  [
    "another end of the same length",
    "log-forked",
    /its first 8 are/,
    LEAVES.slice(0, 8).with(7, LEAVES[9] as never),
  ],
  ["another log", "log-forked", /presents a different log of accounts/, LEAVES.slice(1)],
  ["none", "log-unproved", /no longer proves its log of accounts/, undefined],
];

describe("the accounts log", () => {
  test.each(ACCOUNTS_MANIPULATIONS)("is pinned, and alarms: %s", async (_, code, text, leaves) => {
    const { fixture, enter, alarms } = await read(3);
    const { server, state } = fixture;
    const { fingerprint } = server.identity;
    const pin = () => state.logPins.pin({ fingerprint }, "accounts");
    // A device that knows only the history pins the accounts silently.
    await fixture.outcome((await enter()).client.close());
    expect(pin()).toBeUndefined();
    for (const size of [5, 8, 8]) {
      server.accountLeaves = LEAVES.slice(0, size);
      await fixture.outcome((await enter()).client.close());
      expect([alarms, pin()?.size]).toEqual([[], size]);
    }
    const before = pin();
    server.accountLeaves = leaves;
    await enter();
    expect(alarms.map(({ fault }) => fault.code)).toEqual([code]);
    const { fault, evidence } = alarms[0] as AuditAlarm;
    expect(fault.message).toMatch(text);
    expect(fault.message).toEndWith("; it may hide password resets and new devices");
    expect([evidence.log, evidence.known]).toEqual(["accounts", before?.note]);
    expect(pin()).toEqual(before);
    server.accountLeaves = LEAVES;
    expect((await enter()).client.isConnected).toBe(true);
    expect([alarms.length, pin()?.size]).toEqual([1, 12]);
    state.logPins.forget(fingerprint);
    expect(pin()).toBeUndefined();
  });

  test("needs the server's signature over both logs", async () => {
    const { fixture, enter, alarms } = await read(3);
    const { server } = fixture;
    server.accountLeaves = LEAVES;
    await fixture.outcome((await enter()).client.close());
    const { proofs, identity } = server;
    const longer = new FakeLog(identity, [...LEAVES, ...LEAVES]);
    const lines = (note: string) => note.split("\n").slice(-2);
    Object.defineProperty(server, "proofs", {
      get: () => {
        const other = proofs.note(2, longer.state());
        const note = proofs.note().concat(lines(other).join("\n"));
        return Object.assign(proofs, { note: () => note });
      },
    });
    await enter();
    expect(alarms.map(({ fault }) => fault.message)).toEqual([
      "the server's checkpoint is not signed by its key",
    ]);
  });
});

describe("the own account", () => {
  const ID = `u-${ANA.user}`;
  const FIRST: AccountRow[] = [
    [ID, "password"],
    [ID, "account"],
  ];
  const RESET: AccountRow = [ID, "reset", "uO"];

  async function known() {
    const context = await read(3);
    const { fixture, enter } = context;
    const serve = (...rows: AccountRow[]) => {
      const accounts = new FakeAccounts([...FIRST, ...rows]);
      fixture.server.accountLeaves = [...accounts.leaves];
      fixture.server.proveOwn = (n) => {
        const { n: last, records } = accounts.prove(n, ID);
        return { n: last, records: records.slice(0, 64) };
      };
      return accounts;
    };
    const changesAtLogin = async () => {
      const { client, events } = await enter();
      await fixture.clock.advance(0);
      await fixture.outcome(client.close());
      return events.filter(({ kind }) => kind === "account-changed");
    };
    serve();
    expect(await changesAtLogin()).toEqual([]);
    const { fingerprint } = fixture.server.identity;
    const own = () => fixture.state.logPins.ownAccount({ fingerprint, formers: [], user: "ana" });
    expect(own()).toMatchObject({ account: ID, n: 2 });
    return { ...context, serve, changesAtLogin, own };
  }

  test("reports a reset by somebody else once, and raises no alarm", async () => {
    const { serve, changesAtLogin, alarms, own } = await known();
    serve(RESET, [ID, "password"]);
    const [change, ...others] = await changesAtLogin();
    expect(change).toMatchObject({ what: "password-reset", atUnixMs: 2_000, by: "olga" });
    expect([others, own()?.n]).toEqual([[], 4]);
    expect(await changesAtLogin()).toEqual([]);
    expect(alarms).toEqual([]);
  });

  test("reads all pages after a year", async () => {
    const { serve, changesAtLogin, own, alarms } = await known();
    const prefs = Array.from({ length: 150 }, (): AccountRow => [ID, "prefs"]);
    serve(...prefs, RESET, ...prefs);
    expect(
      (await changesAtLogin()).map((event) => event.kind === "account-changed" && event.what),
    ).toEqual(["password-reset"]);
    expect([own()?.n, alarms]).toEqual([303, []]);
  });

  test("raises an alarm if a record is withheld, or nothing is proved any more", async () => {
    const { serve, enter, fixture, alarms, own } = await known();
    const { server } = fixture;
    const accounts = serve(RESET, [ID, "prefs"]);
    for (const answer of [
      { n: 4, records: accounts.prove(3, ID).records },
      { n: 4, records: [] },
      { n: 1, records: [] },
      undefined,
    ]) {
      alarms.length = 0;
      server.proveOwn = answer && (() => answer);
      await enter();
      expect(alarms.map(({ fault }) => [fault.code, fault.message])).toEqual([
        [
          "log-unproved",
          "the server does not prove that it shows this device each change of your account; it" +
            " may hide password resets and new devices",
        ],
      ]);
      expect(own()?.n).toBe(2);
    }
  });

  test.each(TAMPERINGS)(
    "raises an alarm if the proof is tampered with: %s",
    async (_, n, tamper) => {
      const { fixture, enter, alarms } = await read(3);
      const { server, state } = fixture;
      const { fingerprint } = server.identity;
      if (n > 0) {
        const reader = { fingerprint, formers: [], user: "ana" };
        state.logPins.storeOwnAccount(reader, { account: ID, n, size: 0 });
      }
      server.accountLeaves = tampered.leaves;
      server.proveOwn = (known) => tamper(tampered.prove(known, ID));
      await enter();
      expect(alarms.map(({ evidence: { log, reason } }) => [log, reason])).toEqual([
        ["accounts", "own-unproved"],
      ]);
    },
  );

  test("raises an alarm when a record appears that the server withheld", async () => {
    const { serve, enter, fixture, alarms, own } = await known();
    serve(RESET);
    fixture.server.proveOwn = () => ({ n: 2, records: [] });
    await fixture.outcome((await enter()).client.close());
    expect([alarms, own()]).toEqual([[], { account: ID, n: 2, size: 3 }]);
    serve(RESET, [ID, "prefs"]);
    await enter();
    expect(alarms.map(({ evidence }) => evidence.reason)).toEqual(["own-unproved"]);
  });

  test("waits for the first commitment of a new server", async () => {
    const { fixture, enter, alarms } = await read(3);
    fixture.server.proveOwn = () => ({ n: 0, records: [] });
    expect((await enter()).client.isConnected).toBe(true);
    expect(alarms).toEqual([]);
  });

  test("reports another account under the same name", async () => {
    const { changesAtLogin, fixture, own } = await known();
    const { fingerprint } = fixture.server.identity;
    const reader = { fingerprint, formers: [], user: "ana" };
    fixture.state.logPins.storeOwnAccount(reader, { account: "u-before", n: 7, size: 9 });
    expect(await changesAtLogin()).toMatchObject([{ what: "key-replaced" }]);
    expect(own()).toMatchObject({ account: ID, n: 2 });
  });

  test("does not report a device that this one has linked", async () => {
    const { serve, enter, fixture, alarms, own } = await known();
    const { client, events } = await enter();
    serve([ID, "device"]);
    fixture.server.answers = new Map([["device-add", {}]]);
    const linked = { deviceKey: new Uint8Array(32).fill(9), deviceCert: new Uint8Array(64) };
    await fixture.outcome(client.request("device-add", linked));
    await fixture.clock.advance(AUDITED_MS);
    expect([own()?.n, alarms]).toEqual([3, []]);
    expect(events.filter(({ kind }) => kind === "account-changed")).toEqual([]);
  });

  test("does not report what this device has requested", async () => {
    const { serve, enter, fixture, alarms, own } = await known();
    const { client, events } = await enter();
    fixture.server.misbehaviour.onRequest = ({ kind }) => {
      if (kind === "irc-password") serve([ID, "irc-password"]);
      return undefined;
    };
    const asked = client.request("irc-password", {});
    expect(await fixture.code(asked)).toBe("kind-unknown");
    // The request failed, so somebody else has made the password.
    await fixture.clock.advance(AUDITED_MS);
    serve([ID, "irc-password"], [ID, "password"]);
    fixture.server.misbehaviour.onRequest = undefined;
    fixture.server.answers = new Map([["passwd", {}]]);
    await fixture.outcome(client.passwd("new words"));
    await fixture.clock.advance(AUDITED_MS);
    expect([own()?.n, alarms]).toEqual([4, []]);
    const changes = events.filter((event) => event.kind === "account-changed");
    expect(changes).toMatchObject([{ what: "irc-password-added" }]);
  });
});

describe("a log that was manipulated and signed again", () => {
  test.each(MANIPULATIONS)("%s", async (_, code, sentence, manipulate) => {
    const { fixture, enter, alarms, pin } = await read(8);
    const second = await enter();
    const before = pin();
    expect(before?.size).toBe(8);
    fixture.server.addRecord({ text: "text 9" }, "ben");
    fixture.server.addRecord({ text: "text 10" }, "ben");
    await fixture.clock.advance(WRITTEN_MS);
    await fixture.outcome(second.client.close());
    rewrite(fixture, manipulate);
    const watched = await enter();
    await fixture.clock.advance(2 * WRITTEN_MS);
    expect(alarms).toHaveLength(1);
    const { fault, evidence } = alarms[0] as AuditAlarm;
    expect(fault.code).toBe(code as Fault["code"]);
    expect(fault.exitCode).toBe(6);
    expect(fault.message).toMatch(sentence);
    expect(fault.remedy).toContain("chat trust accept server:2428");
    expect(evidence.known).toBe(before?.note);
    expect(fromBase64Url(evidence.key)).toEqual(fixture.server.identity.publicKey);
    expect(evidence.shown).toBe(fixture.server.proofs.note());
    expect(watched.last("closed")?.fault).toBe(fault);
    const posted = watched.client.post("lobby", { text: "into the void" });
    expect(await fixture.code(posted)).toBe("interrupted");
    expect(pin()).toEqual(before);
    await enter();
    await fixture.clock.advance(2 * WRITTEN_MS);
    expect(alarms).toHaveLength(2);
    const { fingerprint } = fixture.server.identity;
    expect(fixture.state.logPins.alarm(fingerprint)).toBe(fault.message);
    fixture.state.logPins.forget(fingerprint);
    const trusting = await enter();
    expect(trusting.client.isConnected).toBe(true);
    expect(pin()?.note).toBe(fixture.server.proofs.note());
  });

  test("is read from the last common record once the user has accepted it", async () => {
    const { fixture, enter, alarms } = await read(8);
    const second = await enter();
    const { server, state } = fixture;
    for (const text of ["lost 9", "lost 10"]) server.addRecord({ text }, "ben");
    await fixture.clock.advance(WRITTEN_MS);
    await fixture.outcome(second.client.close());
    const { fingerprint } = server.identity;
    expect(state.cursor(fingerprint, "ana")).toBe(10);
    // An older copy of the server's folder, on which others have written meanwhile.
    server.records.length = 8;
    for (const text of ["new 9", "new 10", "new 11"]) server.addRecord({ text }, "ben");
    const alarmed = await enter();
    await fixture.clock.advance(2 * WRITTEN_MS);
    await fixture.outcome(alarmed.client.close());
    expect(alarms.map(({ evidence }) => evidence.reason)).toEqual(["record-missing"]);
    state.acceptHistory(fingerprint);
    expect(state.cursor(fingerprint, "ana")).toBe(8);
    const watched = await enter();
    expect(watched.client.isConnected).toBe(true);
    const texts = watched.events.flatMap((event) =>
      event.kind === "record" ? [event.record.body?.["text"]] : [],
    );
    expect(texts).toEqual(["new 9", "new 10", "new 11"]);
  });

  test("is read from before a lost record, whatever was read after it", async () => {
    const { fixture, enter } = await read(8);
    const second = await enter();
    const { server, state } = fixture;
    server.addRecord({ text: "elsewhere" }, "ben", "text", "r2");
    server.addRecord({ text: "lost 10" }, "ben");
    await fixture.clock.advance(WRITTEN_MS);
    await fixture.outcome(second.client.close());
    server.records.length = 8;
    server.addRecord({ text: "new 9" }, "ben");
    server.addRecord({ text: "elsewhere" }, "ben", "text", "r2");
    const { seq, record } = server.addRecord({ text: "new 11" }, "ben");
    const { fingerprint } = server.identity;
    // A link that was lost before its audit has delivered the newest record.
    const leaf = leafHash(record.head, sha256);
    const known = { seq, leaf, room: "r1", place: "#lobby", from: "ben", timeUnixMs: seq * 1000 };
    state.logPins.storeRecords({ fingerprint, formers: [], user: "ana" }, [known]);
    const alarmed = await enter();
    await fixture.clock.advance(2 * WRITTEN_MS);
    await fixture.outcome(alarmed.client.close());
    state.acceptHistory(fingerprint);
    expect(state.cursor(fingerprint, "ana")).toBe(8);
    const watched = await enter();
    const texts = watched.events.flatMap((event) =>
      event.kind === "record" ? [event.record.body?.["text"]] : [],
    );
    expect(texts).toEqual(["new 9", "new 11"]);
  });

  test("clears the alarm when the log is correct again", async () => {
    const { fixture, enter, alarms } = await read(8);
    await fixture.outcome((await enter()).client.close());
    const { server } = fixture;
    const tail = server.records.splice(4);
    await enter();
    expect(alarms).toHaveLength(1);
    server.records.push(...tail);
    const watched = await enter();
    expect(watched.client.isConnected).toBe(true);
    expect(fixture.state.logPins.alarm(server.identity.fingerprint)).toBeUndefined();
  });

  test("is detected at the next audit, before queued posts are sent", async () => {
    const { fixture, enter, alarms } = await read(8);
    const watched = await enter();
    fixture.server.addRecord({ text: "text 9" }, "ben");
    rewrite(fixture, (texts) => texts.with(8, ["ben", "never said"]));
    await fixture.clock.advance(AUDITED_MS);
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-forked"]);
    expect(watched.last("closed")?.fault?.code).toBe("log-forked");
  });
});

describe("a missing proof", () => {
  async function withheld(change: (fixture: ClientFixture) => void) {
    const read5 = await read(5);
    const { fixture, enter } = read5;
    fixture.server.misbehaviour.withholds = (seq) => seq === 2 || seq === 4;
    change(fixture);
    const watched = await enter();
    await fixture.clock.advance(TRIES_MS);
    return { ...read5, watched };
  }

  test("raises an alarm for a room of the account", async () => {
    const { alarms, watched, pin } = await withheld(() => undefined);
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-unproved"]);
    const { fault, evidence } = alarms[0] as AuditAlarm;
    expect(fault.message).toMatch(
      /a room that you joined; .* still has record 2 in #lobby \(ben, .*, or 1 later record$/,
    );
    expect(evidence.reason).toBe("left-out");
    expect(evidence.records.map(({ seq }) => seq)).toEqual([2, 4]);
    expect(watched.last("closed")?.fault).toBe(fault);
    expect(pin()).toBeUndefined();
  });

  test("raises no alarm for a room that was left, unless all proofs are requested", async () => {
    const { alarms, watched, seen, fixture } = await withheld(({ server }) =>
      server.rooms.delete("r1"),
    );
    expect(alarms).toEqual([]);
    expect(watched.client.isConnected).toBe(true);
    expect(seen("unproved")).toEqual([2, 4]);
    const outcome = await fixture.outcome(watched.client.audit());
    expect(outcome).toMatchObject({ kind: "accepted", proved: 3, open: 2 });
    fixture.server.notify({ kind: "room", room: "r1", name: "lobby", n: 6, skipped: 0 });
    await fixture.clock.advance(0);
    const again = await fixture.outcome(watched.client.audit());
    expect(again).toMatchObject({ kind: "alarm", alarm: { evidence: { reason: "left-out" } } });
  });
});

test("counts a history page as read, up to a number of records per run", async () => {
  const { fixture, alarms, pin } = await read(0);
  const ben = { fingerprint: fixture.server.identity.fingerprint, formers: [], user: "ben" };
  for (let i = 1; i <= 9; i++) fixture.server.addRecord({ text: `text ${i}` }, "ana");
  const credentials = { ...ANA, user: "ben" };
  const { client } = await fixture.connect({ follow: "none", credentials });
  const { logPins } = fixture.state;
  expect(logPins.storedRecords(ben, "all")).toEqual([]);
  await fixture.outcome(client.history({ limit: 4 }));
  await fixture.outcome(client.close());
  expect(logPins.storedRecords(ben, "all").map(({ seq, place }) => [seq, place])).toEqual(
    [6, 7, 8, 9].map((seq) => [seq, "#lobby"]),
  );
  for (let i = 10; i <= 2 * UNSTORED_RECORDS_MAX; i++)
    fixture.server.addRecord({ text: "more" }, "ana");
  const later = fixture.client({ follow: "none", credentials }).client;
  await fixture.outcome(later.connect());
  await fixture.outcome(later.history({ limit: 1_000 }));
  await fixture.outcome(later.history({ limit: 1_000, before: 1_049 }));
  await fixture.outcome(later.close());
  const all = logPins.storedRecords(ben, "all").map(({ seq }) => seq);
  expect([all.length, all[4]]).toEqual([UNSTORED_RECORDS_MAX + 4, 49]);
  expect([alarms, pin()?.size]).toEqual([[], 2 * UNSTORED_RECORDS_MAX]);
  rewrite(fixture, (texts) => texts.with(99, ["ana", "never said"]));
  await fixture.connect({ credentials, onAlarm: (alarm) => alarms.push(alarm) });
  await fixture.clock.advance(TRIES_MS);
  expect(alarms.map(({ fault }) => fault.message)).toEqual([
    expect.stringMatching(/; record 100 in #lobby \(ana, /),
  ]);
});

describe("a confirmed record", () => {
  async function once(fixture: ClientFixture, work: (client: Client) => Promise<unknown>) {
    const { client } = await fixture.connect({ follow: "none" });
    await fixture.clock.advance(0);
    await fixture.outcome(work(client));
    await fixture.outcome(client.close());
  }
  const post = (client: Client) => client.post("lobby", { text: "confirmed" });

  test("raises an alarm if it is missing, even without a requested proof", async () => {
    const { fixture, enter, alarms, pin } = await read(3);
    await fixture.outcome((await enter()).client.close());
    await once(fixture, post);
    expect(pin()?.size).toBe(3);
    const [last] = fixture.server.records.splice(3);
    await enter();
    await fixture.clock.advance(TRIES_MS);
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-rolled-back"]);
    expect(alarms[0]?.fault.message).toBe(
      "the server's history has only 3 records, but this device has seen 4",
    );
    if (last !== undefined) fixture.server.records.push(last);
    await enter();
    await fixture.clock.advance(TRIES_MS);
    expect(alarms).toHaveLength(1);
    expect(pin()?.size).toBe(4);
  });

  test("includes records that requests have written", async () => {
    const { fixture } = await read(3);
    const reader = { fingerprint: fixture.server.identity.fingerprint, formers: [], user: "ana" };
    await once(fixture, (client) => client.request("erase", { seq: 2 }));
    expect(fixture.state.logPins.confirmed(reader)).toBe(4);
    await once(fixture, (client) => client.requestOnce("erase", { seq: 2 }));
    expect(fixture.state.logPins.confirmed(reader)).toBe(5);
  });

  test("is reported as missing if the log is empty", async () => {
    const { fixture, enter, alarms, pin } = await read(0);
    await once(fixture, post);
    expect(pin()).toBeUndefined();
    fixture.server.records.length = 0;
    await enter();
    expect(alarms.map(({ fault }) => fault.code)).toEqual(["log-unproved"]);
    fixture.state.logPins.forget(fixture.server.identity.fingerprint);
    await enter();
    expect(alarms).toHaveLength(1);
  });
});

test("waits for proofs before the program ends, and reports the alarm", async () => {
  const { fixture, enter } = await read(3);
  await fixture.outcome((await enter()).client.close());
  rewrite(fixture, (texts) => texts.slice(0, 2));
  const { client } = await fixture.connect({ follow: "none" });
  expect(await fixture.code(client.auditSettled())).toBe("log-rolled-back");
});

test("stops waiting for a server that never answers when the program ends", async () => {
  const { fixture } = await read(3);
  fixture.server.misbehaviour.onRequest = ({ kind }) =>
    kind === "checkpoint" ? "silent" : undefined;
  const { client } = await fixture.connect({ follow: "none" });
  expect(await fixture.code(client.auditSettled())).toBe("fine");
});
