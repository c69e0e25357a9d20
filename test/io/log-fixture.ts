import type { RoomId, UserId } from "../../src/base/ids.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Clock } from "../../src/io/clock.ts";
import { type LogFile, type LogOptions, openLog } from "../../src/io/log/log-file.ts";
import { type Draft, type LogRecord, sealDraft } from "../../src/wire/record.ts";
import { encodeLine } from "../encode-line.ts";
import { nextTurn, randomOf } from "../worlds/disk-world.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "./disk/sim.ts";

export const FOLDER = "/data/history";
export const FIRST = `${FOLDER}/000000000001.jsonl`;
export const LOBBY = "rLLLLLLLLLLL" as RoomId;
export const OTHER = "rOOOOOOOOOOO" as RoomId;
export const ANA = "uAAAAAAAAAAA" as UserId;

export function draftOf(text: string, room: RoomId = LOBBY): Draft {
  return { kind: "text", room, by: ANA, id: "", body: { text } };
}

class TestClock implements Clock {
  wallMs = 1_763_617_717_000;
  now(): number {
    return 0;
  }
  unixMs(): number {
    return this.wallMs;
  }
  after(delayMs: number, callback: () => void): () => void {
    return nextTurn(delayMs, callback);
  }
}

export class LogFixture {
  readonly clock = new TestClock();
  readonly disk: SimDisk;
  readonly observed: LogRecord[] = [];
  failure: ((call: DiskCall, path: string, number: number) => DiskFailure | undefined) | undefined;
  readonly #random = randomOf(1);

  constructor() {
    const failure = (call: DiskCall, path: string, number: number) =>
      this.failure?.(call, path, number);
    this.disk = new SimDisk({ random: this.#random, failure });
  }

  async open(options: Partial<LogOptions> = {}): Promise<LogFile> {
    this.observed.length = 0;
    return await openLog({
      folder: FOLDER,
      disk: this.disk.boot(),
      clock: this.clock,
      entropy: (sizeBytes) =>
        Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.#random() * 256)),
      sha256,
      reserveBytes: 600,
      onRecord: (record) => this.observed.push(record),
      ...options,
    });
  }

  bytes(path: string): Buffer {
    return Buffer.from(this.disk.fileAt(path).visible);
  }

  put(path: string, bytes: Uint8Array): void {
    if (!this.disk.exists(path)) this.disk.open(path, "write").close();
    const file = this.disk.fileAt(path);
    file.truncate(bytes.length);
    file.rot(0, bytes);
  }
}

export function holding(...lines: string[]): LogFixture {
  const fixture = new LogFixture();
  fixture.disk.makeFolder(FOLDER);
  fixture.put(FIRST, Buffer.from(lines.join("")));
  return fixture;
}

export async function collect(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

export function lineAt(
  seq: number,
  n: number,
  durable = seq - 1,
  time = 1_763_617_717_000,
): string {
  const salt = new Uint8Array(16).fill(seq);
  return encodeLine(sealDraft(draftOf(`m${seq}`), salt, sha256), { seq, n, time }, durable).text;
}

export function eraseLineAt(seq: number, of: number, also: readonly number[] = []): string {
  const draft: Draft = { kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: of, also } };
  const place = { seq, n: seq, time: 1_763_617_717_000 };
  return encodeLine(sealDraft(draft, new Uint8Array(16).fill(seq), sha256), place, seq - 1).text;
}

export function blanked(line: string, eraseSeq: number): string {
  const head = line.slice(0, line.indexOf('"salt"'));
  return `${`${head}"erased":${eraseSeq}}`.padEnd(line.length - 1, " ")}\n`;
}
