import { describe, expect, test } from "bun:test";
import { CHECKPOINT_INTERVAL_MS } from "../../../src/base/limits.ts";
import { signCheckpoint, verifyNote } from "../../../src/crypto/checkpoint.ts";
import type { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Checkpoints, LOG_ROOM } from "../../../src/io/log/checkpoints.ts";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import { type LogVerdict, verifyLog } from "../../../src/io/log/verify.ts";
import type { RecordKind } from "../../../src/wire/kinds.ts";
import { parseLine, sealDraft } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { encodeLine } from "../../encode-line.ts";
import { rejection } from "../../rejection.ts";
import { SWEEP_STEP } from "../../samples.ts";
import {
  ANA,
  blanked,
  draftOf,
  eraseLineAt,
  FIRST,
  FOLDER,
  holding,
  LOBBY,
  LogFixture,
  lineAt,
  OTHER,
} from "../log-fixture.ts";

const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
const FORGER = identityOfSeed(new Uint8Array(32).fill(2));
const CHECKPOINT = `${FOLDER}/checkpoint`;
const RECORDS = 2_200;

function isSigned(note: string): boolean {
  try {
    verifyNote(note, SERVER.publicKey);
    return true;
  } catch {
    return false;
  }
}

function verify(fixture: LogFixture): Promise<LogVerdict> {
  return verifyLog({ disk: fixture.disk.boot(), folder: FOLDER, sha256, isSigned });
}

function signing(fixture: LogFixture, log: LogFile, clock = new VirtualClock(), by = SERVER) {
  const sign = (checkpoint: Parameters<typeof signCheckpoint>[0]) => signCheckpoint(checkpoint, by);
  const onWriteError = (fault: Error) => {
    throw fault;
  };
  const disk = fixture.disk.boot();
  const options = { log, folder: FOLDER, disk, clock, sign, isRecorded: true, onWriteError };
  return new Checkpoints(options);
}

async function erase(log: LogFile, seq: number): Promise<void> {
  const draft = { kind: "erase" as RecordKind, room: LOBBY, by: ANA, id: "", body: { seq } };
  await log.erase(seq, (await log.append(draft)).head.seq);
}

const logs = new Map<number | undefined, Promise<LogFixture>>();

async function written(segmentBytes?: number): Promise<LogFixture> {
  const made = logs.get(segmentBytes) ?? makeLog(segmentBytes);
  logs.set(segmentBytes, made);
  const original = await made;
  const fixture = new LogFixture();
  fixture.disk.makeFolder(FOLDER);
  for (const name of original.disk.list(FOLDER)) {
    fixture.put(`${FOLDER}/${name}`, original.bytes(`${FOLDER}/${name}`));
  }
  return fixture;
}

async function makeLog(segmentBytes: number | undefined): Promise<LogFixture> {
  const fixture = new LogFixture();
  const clock = new VirtualClock();
  const log = await fixture.open(segmentBytes === undefined ? {} : { segmentBytes });
  const checkpoints = signing(fixture, log, clock);
  await checkpoints.start();
  for (let i = 0; i < RECORDS; i += 100) {
    const drafts = Array.from({ length: 100 }, (_, k) =>
      draftOf(`m${i + k}`, k % 2 === 0 ? LOBBY : OTHER),
    );
    await Promise.all(drafts.map((draft) => log.append(draft)));
    await clock.advance(CHECKPOINT_INTERVAL_MS);
  }
  await erase(log, 7);
  await checkpoints.close();
  await log.close();
  return fixture;
}

function linesOf(fixture: LogFixture): string[] {
  return fixture.bytes(FIRST).toString().split("\n").slice(0, -1);
}

function put(fixture: LogFixture, lines: readonly string[]): void {
  fixture.put(FIRST, Buffer.from(`${lines.join("\n")}\n`));
}

function reworded(line: string, text: string): string {
  const parsed = parseLine(Buffer.from(line));
  if (parsed.kind !== "record") throw new Error("no record");
  const { seq, n, time, room } = parsed.record.head;
  const sealed = sealDraft(draftOf(text, room as typeof LOBBY), new Uint8Array(16), sha256);
  return encodeLine(sealed, { seq, n, time }, parsed.durable).text.trimEnd();
}

describe("a log of a newer version", () => {
  async function newer(kinds: readonly string[]): Promise<LogFixture> {
    const fixture = new LogFixture();
    const clock = new VirtualClock();
    const log = await fixture.open();
    const checkpoints = signing(fixture, log, clock);
    await checkpoints.start();
    for (const kind of kinds) await log.append({ ...draftOf("la"), kind: kind as RecordKind });
    await clock.advance(CHECKPOINT_INTERVAL_MS);
    await log.append(draftOf("the last"));
    await checkpoints.close();
    await log.close();
    return fixture;
  }

  test("is reported as such, not as altered", async () => {
    const fixture = await newer(["text", "song", "song", "text", "dance", "text"]);
    expect(await rejection(verify(fixture))).toMatchObject({
      code: "version-unsupported",
      message:
        "/data/history was written by a newer version: " +
        "3 records of unknown kinds ('song', 'dance')",
    });
  });

  test("is reported as altered if a kind, a body or the order was changed", async () => {
    const fixture = await newer(["text", "song", "text", "text"]);
    const lines = linesOf(fixture);
    const change = (edit: (lines: string[]) => void) => {
      const changed = [...lines];
      edit(changed);
      put(fixture, changed);
      return verify(fixture);
    };
    const replace = (at: number, from: string, to: string) => (changed: string[]) => {
      changed[at] = (changed[at] ?? "").replace(from, to);
    };
    for (const edit of [
      replace(0, '"kind":"text"', '"kind":"tezt"'),
      replace(1, '"kind":"song"', '"kind":"sing"'),
      replace(1, '"seq":2', '"seq":9'),
      replace(2, "la", "ba"),
      (changed: string[]) => changed.splice(1, 1),
    ]) {
      expect((await change(edit)).ok).toBe(false);
    }
  });
});

describe("an intact log", () => {
  test("has no findings, in any number of segments", async () => {
    for (const segmentBytes of [undefined, 50_000]) {
      const fixture = await written(segmentBytes);
      const verdict = await verify(fixture);
      expect(verdict.findings).toEqual([]);
      const log = await fixture.open();
      expect(verdict).toMatchObject({ ok: true, size: log.head(), origin: log.origin ?? "" });
      expect(verdict.root).toEqual(log.tree.root());
      expect(isSigned(verdict.checkpoint ?? "")).toBe(true);
    }
  });

  test("may exceed a checkpoint before it is recorded", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const append = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => log.append(draftOf(`m${i}`))));
    await append(300);
    const { origin = "", tree } = log;
    const note = signCheckpoint({ origin, size: 300, root: tree.root() }, SERVER);
    await append(300);
    const kind = "checkpoint" as RecordKind;
    await log.append({ kind, room: LOG_ROOM, by: "server", id: "", body: { note } });
    await signing(fixture, log).start();
    await log.close();
    expect(await verify(fixture)).toMatchObject({ ok: true, size: 601, findings: [] });
  });

  test("may be empty, or older than checkpoints", async () => {
    const fixture = new LogFixture();
    expect(await verify(fixture)).toMatchObject({ ok: true, size: 0, origin: undefined });
    const log = await fixture.open();
    await log.append(draftOf("a"));
    await log.close();
    expect(await verify(fixture)).toMatchObject({ ok: true, size: 1, checkpoint: undefined });
  });

  test("may be written, erased and signed during the verification", async () => {
    const fixture = new LogFixture();
    const clock = new VirtualClock();
    const log = await fixture.open({ segmentBytes: 20_000 });
    const checkpoints = signing(fixture, log, clock);
    await checkpoints.start();
    let isFinished = false;
    const write = async () => {
      for (let i = 0; i < 200; i++) {
        const { head } = await log.append(draftOf(`a${i}`));
        await log.append(draftOf(`b${i}`, OTHER));
        await erase(log, head.seq);
        await clock.advance(CHECKPOINT_INTERVAL_MS / 4);
      }
    };
    const writing = write().finally(() => {
      isFinished = true;
    });
    let rounds = 0;
    for (; !isFinished; rounds++) {
      expect((await verify(fixture)).findings).toEqual([]);
      await new VirtualClock().advance(0);
    }
    await writing;
    expect(rounds).toBeGreaterThan(3);
  });

  test("may be erased between two rounds", async () => {
    const [one, two, three] = [lineAt(1, 1), lineAt(2, 2), lineAt(3, 3)];
    const fixture = holding(one, two.slice(0, -9) + blanked(two, 4).slice(-9));
    const last = `${FOLDER}/000000000003.jsonl`;
    fixture.put(last, Buffer.from(three));
    let lists = 0;
    fixture.failure = (call) => {
      lists += call === "list" ? 1 : 0;
      if (call === "list" && lists === 2) fixture.put(last, Buffer.from(three + eraseLineAt(4, 2)));
      return undefined;
    };
    expect(await verify(fixture)).toMatchObject({ ok: true, size: 4, findings: [] });
  });

  test("may end with an unacknowledged write", async () => {
    const fixture = await written();
    const lines = linesOf(fixture);
    const last = JSON.parse(lines.at(-1) ?? "") as { head: { seq: number } };
    put(fixture, lines);
    const bytes = fixture.bytes(FIRST);
    for (const tail of ['{"head":{"v":1,"se', "\0\0\0\0\n\0\0", "what is this\n"]) {
      fixture.put(FIRST, Buffer.concat([bytes, Buffer.from(tail)]));
      expect(await verify(fixture)).toMatchObject({ ok: true, size: last.head.seq });
    }
  });
});

test("passes on records of the given kinds only", async () => {
  const fixture = await written();
  const reports: string[] = [];
  const onRecord = ({ head }: { readonly head: { readonly kind: string } }) =>
    reports.push(head.kind);
  const kinds: ReadonlySet<RecordKind> = new Set(["erase"]);
  const place = { disk: fixture.disk.boot(), folder: FOLDER };
  await verifyLog({ ...place, sha256, isSigned, kinds, onRecord });
  expect(reports).toEqual(["erase"]);
});

describe("detects", () => {
  const cases: readonly [string, (lines: string[]) => string[], object][] = [
    [
      "a letter of a text",
      (lines) => lines.with(41, (lines[41] ?? "").replace('"text":"m', '"text":"M')),
      { seq: 42, reason: "its body does not match its commitment" },
    ],
    [
      "another text with its commitment",
      (lines) => lines.with(41, reworded(lines[41] ?? "", "no")),
      { seq: 1, reason: expect.stringMatching(/records 1 to 1000/) },
    ],
    [
      "another text behind a checkpoint that holds",
      (lines) => lines.with(1_500, reworded(lines[1_500] ?? "", "no")),
      { seq: 1_001, reason: expect.stringMatching(/records 1001 to 2/) },
    ],
    [
      "another author",
      (lines) => lines.with(41, (lines[41] ?? "").replace('"by":"uA', '"by":"uB')),
      { seq: 1, reason: expect.stringMatching(/do not match what the server signed/) },
    ],
    [
      "a head that is none",
      (lines) => lines.with(41, (lines[41] ?? "").replace('"v":1', '"v":2')),
      { seq: 42, reason: expect.stringContaining("head") },
    ],
    [
      "two lines that changed places",
      (lines) => lines.with(41, lines[42] ?? "").with(42, lines[41] ?? ""),
      { seq: 42, reason: "seq 43 follows 41" },
    ],
    [
      "a line left out",
      (lines) => lines.toSpliced(41, 1),
      { seq: 42, reason: "seq 43 follows 41" },
    ],
    [
      "a line twice",
      (lines) => lines.toSpliced(41, 0, lines[40] ?? ""),
      { seq: 42, reason: "seq 41 follows 41" },
    ],
    [
      "an erasure that no record ordered",
      (lines) => {
        const line = lines[41] ?? "";
        const head = line.slice(0, line.indexOf('"salt"'));
        return lines.with(41, `${head}"erased":50}`.padEnd(line.length, " "));
      },
      { seq: 42, reason: "erased without an erase record" },
    ],
    [
      "the end cut off",
      (lines) => lines.slice(0, -3),
      { seq: 2_201, reason: "the log ends here, but the server has signed 2203 records" },
    ],
    [
      "the last line spoilt",
      (lines) => lines.with(-1, "x".repeat(300)),
      { seq: 2_203, reason: "it has no head" },
    ],
    ["everything", () => [], { seq: 1, reason: expect.stringContaining("the log ends here") }],
  ];
  test.each(cases)("%s", async (_name, change, finding) => {
    const fixture = await written();
    put(fixture, change(linesOf(fixture)));
    if (fixture.bytes(FIRST).length === 1) fixture.put(FIRST, new Uint8Array(0));
    const verdict = await verify(fixture);
    expect(verdict.ok).toBe(false);
    const expected = expect.objectContaining({ file: FIRST, ...finding });
    expect(verdict.findings).toContainEqual(expected);
    const [{ offset = -1 } = {}] = verdict.findings;
    const bytes = fixture.bytes(FIRST);
    expect(offset === 0 || offset === bytes.length || bytes[offset - 1] === 0x0a).toBe(true);
  });

  test("any flipped bit of a line that matters", async () => {
    const fixture = await written();
    const complete = fixture.bytes(FIRST);
    const untouched: string[] = [];
    for (let at = 30; at < complete.length; at += 997 * SWEEP_STEP) {
      const bytes = Buffer.from(complete);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      fixture.put(FIRST, bytes);
      if ((await verify(fixture)).ok) untouched.push(complete.subarray(at - 20, at).toString());
    }
    for (const before of untouched) expect(before).toContain('"durable":');
  });

  test("flipped bits in every byte of a small log", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const checkpoints = signing(fixture, log);
    await checkpoints.start();
    for (const text of ["a", "b", "c"]) await log.append(draftOf(text));
    await erase(log, 2);
    await checkpoints.close();
    await log.close();
    expect(await verify(fixture)).toMatchObject({ ok: true, checkpoint: expect.anything() });
    const complete = fixture.bytes(FIRST);
    const unhashed = new Set<number>();
    for (const found of complete.toString().matchAll(/(?<=,"durable":)\d+|"erased":\d+} */g)) {
      for (let i = 0; i < found[0].length; i++) unhashed.add(found.index + i);
    }
    for (let bit = 0; bit < 8 * complete.length; bit += SWEEP_STEP) {
      const at = bit >> 3;
      const bytes = Buffer.from(complete);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      fixture.put(FIRST, bytes);
      if ((await verify(fixture)).ok && !unhashed.has(at)) {
        throw new Error(`nothing was found of bit ${bit & 7} at byte ${at}`);
      }
    }
  });

  test("a missing file", async () => {
    const fixture = await written(50_000);
    const [, second = ""] = fixture.disk.list(FOLDER).filter((name) => name.endsWith(".jsonl"));
    fixture.disk.remove(`${FOLDER}/${second}`);
    const { findings } = await verify(fixture);
    expect(findings[0]?.reason).toBe(`the file with seq ${Number(second.slice(0, 12))} is missing`);
    expect(findings.filter(({ reason }) => /^seq \d+ follows/.test(reason))).toEqual([]);
  });

  const checkpoints: readonly [string, (note: string) => string, object][] = [
    ["is none", () => "hello", { seq: 0, reason: "not a signed checkpoint" }],
    ["is empty", () => "", { seq: 0, reason: "not a signed checkpoint" }],
    [
      "says another size",
      (note) => note.replace("\n2203\n", "\n2202\n"),
      { seq: 2_202, reason: "the checkpoint is not signed by the server" },
    ],
    [
      "is signed by another key",
      (note) => signedAgain(note, FORGER),
      { seq: 2_203, reason: "the checkpoint is not signed by the server" },
    ],
    [
      "is of another log",
      (note) => signedAgain(note.replace(/^chat\/..../, "chat/AAAA"), SERVER),
      { seq: 2_002, reason: "the checkpoint of size 2203 belongs to another log" },
    ],
  ];
  test.each(checkpoints)("a checkpoint that %s", async (_name, change, finding) => {
    const fixture = await written();
    fixture.put(CHECKPOINT, Buffer.from(change(fixture.bytes(CHECKPOINT).toString())));
    const { ok, findings } = await verify(fixture);
    expect(ok).toBe(false);
    expect(findings).toContainEqual(expect.objectContaining(finding));
  });

  test("much damage, listing the first findings, but not a failing disk", async () => {
    const fixture = await written();
    fixture.failure = (call, path) => (call === "read" && path === CHECKPOINT ? "EIO" : undefined);
    expect(await rejection(verify(fixture))).toMatchObject({ code: "store-failed" });
    fixture.failure = undefined;
    put(
      fixture,
      linesOf(fixture).map((line) => line.replace('"text":"m', '"text":"M')),
    );
    const { findings, findingCount } = await verify(fixture);
    expect(findings.length).toBe(1_000);
    expect(findingCount).toBeGreaterThan(RECORDS / 2);
    const other = await written();
    put(other, linesOf(other).with(41, "no head"));
    const reasons = (await verify(other)).findings.map(({ reason }) => reason);
    expect(reasons.filter((reason) => /^seq \d+ follows/.test(reason))).toEqual([]);
  });

  test("a missing checkpoint in a log that has others", async () => {
    const fixture = await written();
    fixture.disk.remove(CHECKPOINT);
    const { findings } = await verify(fixture);
    expect(findings[0]?.reason).toContain("the file checkpoint is missing");
  });

  test("a log that was rewritten and signed by another key", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => log.append(draftOf(`m${i}`))));
    const clock = new VirtualClock();
    const checkpoints = signing(fixture, log, clock, FORGER);
    await checkpoints.start();
    await checkpoints.close();
    await log.close();
    const { findings } = await verify(fixture);
    expect(findings.map(({ reason }) => reason)).toEqual([
      "the checkpoint is not signed by the server",
      "its checkpoint is not signed by the server",
    ]);
  });
});

function signedAgain(note: string, by: Identity): string {
  const [origin = "", size, root = ""] = note.split("\n");
  return signCheckpoint({ origin, size: Number(size), root: Uint8Array.fromBase64(root) }, by);
}
