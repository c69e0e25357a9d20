import { describe, expect, test } from "bun:test";
import { CHECKPOINT_INTERVAL_MS } from "../../../src/base/limits.ts";
import { hasSigned, signCheckpoint } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Checkpoints } from "../../../src/io/log/checkpoints.ts";
import type { LogFile, LogOptions } from "../../../src/io/log/log-file.ts";
import { verifyLog } from "../../../src/io/log/verify.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { rejection } from "../../rejection.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { collect, draftOf, FOLDER, LogFixture } from "../log-fixture.ts";

const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
const CHECKPOINT = `${FOLDER}/checkpoint`;
const RECORDS = 60;

async function signed(fixture: LogFixture, log: LogFile): Promise<void> {
  const checkpoints = new Checkpoints({
    log,
    folder: FOLDER,
    disk: fixture.disk.boot(),
    clock: new VirtualClock(),
    sign: (checkpoint) => signCheckpoint(checkpoint, SERVER),
    isRecorded: true,
    onWriteError: (fault) => {
      throw fault;
    },
  });
  await checkpoints.start();
  await checkpoints.close();
}

async function written(options: Partial<LogOptions> = {}): Promise<LogFixture> {
  const fixture = new LogFixture();
  const log = await fixture.open(options);
  for (let i = 0; i < RECORDS; i++) await log.append(draftOf(`m${i}`));
  await signed(fixture, log);
  await log.close();
  return fixture;
}

const files = (fixture: LogFixture) =>
  fixture.disk.list(FOLDER).filter((name) => name.endsWith(".jsonl"));

function change(fixture: LogFixture, name: string, how: (lines: string[]) => string[]): void {
  const path = `${FOLDER}/${name}`;
  const lines = how(fixture.bytes(path).toString().split("\n").slice(0, -1));
  fixture.put(path, Buffer.from(lines.map((line) => `${line}\n`).join("")));
}

function contents(fixture: LogFixture): string {
  const names = fixture.disk.list(FOLDER);
  return names.map((name) => fixture.bytes(`${FOLDER}/${name}`).toString("latin1")).join("|");
}

type Loss = readonly [string, (fixture: LogFixture) => void, RegExp, number];

const FIRST = "000000000001.jsonl";
const OTHER_AUTHOR = (lines: string[]) =>
  lines.with(9, (lines[9] ?? "").replace('"by":"uA', '"by":"uB'));
const last = (fixture: LogFixture) => files(fixture).at(-1) ?? "";
const LOSSES: readonly Loss[] = [
  [
    "the last line is gone",
    (fixture) => change(fixture, last(fixture), (lines) => lines.slice(0, -1)),
    /before seq 60, but 60 records were signed/,
    59,
  ],
  [
    "the last line cannot be read",
    (fixture) => change(fixture, last(fixture), (lines) => lines.with(-1, "x".repeat(200))),
    /where seq 60 was acknowledged/,
    59,
  ],
  ["all is gone", (fixture) => fixture.put(`${FOLDER}/${FIRST}`, new Uint8Array(0)), /seq 1/, 0],
  [
    "the last file is gone",
    (fixture) => fixture.disk.remove(`${FOLDER}/${last(fixture)}`),
    /but 60 records were signed/,
    50,
  ],
  [
    "a file between is gone",
    (fixture) => fixture.disk.remove(`${FOLDER}/${files(fixture)[1]}`),
    /is missing/,
    25,
  ],
  [
    "a head is another one",
    (fixture) => change(fixture, FIRST, OTHER_AUTHOR),
    /records up to seq 60 in .* do not match the signed checkpoint/,
    60,
  ],
  [
    "a line in the middle cannot be read",
    (fixture) => change(fixture, FIRST, (lines) => lines.with(9, "")),
    /where seq 10 was acknowledged/,
    9,
  ],
];

describe("a start rejects a contradiction of the checkpoint without changes:", () => {
  test.each(LOSSES)("%s", async (name, spoil, sentence) => {
    const isWhole = name === "all is gone";
    const fixture = await written(isWhole ? {} : { segmentBytes: 5_000 });
    spoil(fixture);
    const before = contents(fixture);
    const opening = fixture.open();
    const fault = await rejection(opening);
    expect(fault).toMatchObject({ code: "log-corrupt", exitCode: 6 });
    expect(fault.message).toMatch(sentence);
    expect(contents(fixture)).toBe(before);
  });

  test.each([
    ["is none", "hello"],
    ["is empty", ""],
    ["is torn", `chat/${"A".repeat(22)}\n60\n`],
  ])("a checkpoint that %s", async (_name, text) => {
    const fixture = await written();
    fixture.put(CHECKPOINT, Buffer.from(text));
    expect(await rejection(fixture.open())).toMatchObject({ code: "log-corrupt" });
    expect(fixture.bytes(CHECKPOINT).toString()).toBe(text);
    const log = await fixture.open({ acceptsLoss: true });
    expect(log.keptSize).toBe(RECORDS);
  });

  test("a checkpoint of another log", async () => {
    const fixture = await written();
    const text = fixture.bytes(CHECKPOINT).toString();
    fixture.put(CHECKPOINT, Buffer.from(text.replaceAll(/chat\/.{4}/g, "chat/AAAA")));
    expect((await rejection(fixture.open())).message).toMatch(/do not match the signed checkpoint/);
  });
});

describe("an accepted loss begins a new log with the remaining records:", () => {
  test.each(LOSSES)("%s", async (name, spoil, _sentence, atMost) => {
    const isWhole = name === "all is gone";
    const fixture = await written(isWhole ? {} : { segmentBytes: 5_000 });
    const note = fixture.bytes(CHECKPOINT).toString();
    spoil(fixture);
    const log = await fixture.open({ acceptsLoss: true });
    const { keptSize = -1 } = log;
    expect(keptSize).toBeLessThanOrEqual(atMost);
    const fork = (await collect(log.read(log.head()))).at(-1);
    expect(fork?.head).toMatchObject({ seq: keptSize + 1, kind: "fork", room: "server" });
    expect(fork === undefined ? undefined : parseBody(fork)).toEqual({ from: note, keptSize });
    expect(fixture.observed.map(({ head }) => head.seq)).toEqual(
      Array.from({ length: keptSize + 1 }, (_, i) => i + 1),
    );
    expect(note).not.toContain(log.origin ?? "");
    await log.close();
    const again = await fixture.open();
    expect(again.keptSize).toBeUndefined();
    await again.append(draftOf("on"));
    await signed(fixture, again);
    await again.close();
    await (await fixture.open()).close();
    const isSigned = (text: string) => hasSigned(text, SERVER.publicKey);
    const disk = fixture.disk.boot();
    expect(await verifyLog({ disk, folder: FOLDER, sha256, isSigned })).toMatchObject({
      ok: true,
      size: keptSize + 2,
    });
  });

  test("accepts nothing if nothing is lost", async () => {
    const fixture = await written();
    const log = await fixture.open({ acceptsLoss: true });
    expect(log.keptSize).toBeUndefined();
    expect(log.head()).toBe(RECORDS);
  });

  test("reports a fork without a later signature", async () => {
    const fixture = await written();
    change(fixture, last(fixture), (lines) => lines.slice(0, -1));
    await (await fixture.open({ acceptsLoss: true })).close();
    const isSigned = (text: string) => hasSigned(text, SERVER.publicKey);
    const disk = fixture.disk.boot();
    const { findings } = await verifyLog({ disk, folder: FOLDER, sha256, isSigned });
    expect(findings.map(({ reason }) => reason)).toEqual([
      "no checkpoint was signed after the loss accepted here",
    ]);
  });
});

test("keeps a damaged body that the checkpoint covers, even in the last line", async () => {
  const fixture = await written();
  change(fixture, FIRST, (lines) => lines.with(-1, (lines.at(-1) ?? "").replace('"m59"', '"m58"')));
  const log = await fixture.open();
  expect(log.damaged).toEqual([RECORDS]);
});

test("ignores a temporary checkpoint file, and removes a torn tail", async () => {
  const fixture = await written();
  fixture.put(`${CHECKPOINT}.tmp`, Buffer.from("half"));
  const bytes = fixture.bytes(`${FOLDER}/${FIRST}`);
  fixture.put(`${FOLDER}/${FIRST}`, Buffer.concat([bytes, Buffer.from('{"head":{"v":1')]));
  const log = await fixture.open();
  expect(log.head()).toBe(RECORDS);
  expect(log.recovered.map(({ droppedBytes }) => droppedBytes)).toEqual([14]);
});

test("opens with all signed records after a power loss or kill at any call", async () => {
  for (let seed = 1; seed <= 150; seed += SWEEP_STEP) {
    const fixture = new LogFixture();
    const clock = new VirtualClock();
    let stop = 20 + seed * 3;
    fixture.failure = (_call, path) => {
      stop -= 1;
      return stop < 0 || (stop < 40 && path.includes("checkpoint") && seed % 3 === 0)
        ? "EIO"
        : undefined;
    };
    let acked = 0;
    let reported = 0;
    try {
      const log = await fixture.open();
      const checkpoints = new Checkpoints({
        log,
        folder: FOLDER,
        disk: fixture.disk.boot(),
        clock,
        sign: (checkpoint) => signCheckpoint(checkpoint, SERVER),
        isRecorded: true,
        onWriteError: () => undefined,
      });
      await checkpoints.start();
      for (let i = 0; i < 200; i++) {
        acked = (await log.append(draftOf(`m${i}`))).head.seq;
        reported = checkpoints.newest()?.size ?? 0;
        await clock.advance(CHECKPOINT_INTERVAL_MS / 2);
      }
    } catch {}
    fixture.failure = undefined;
    if (seed % 2 === 0) fixture.disk.losePower();
    else fixture.disk.killProcess();
    const log = await fixture.open();
    expect(log.head()).toBeGreaterThanOrEqual(Math.max(acked, reported));
  }
});
