import * as fs from "node:fs";
import { join } from "node:path";
import type { RoomId, UserId } from "../src/base/ids.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { LineWriter } from "../src/io/log/batch.ts";
import { segmentName } from "../src/io/log/segment.ts";
import type { RecordKind } from "../src/wire/kinds.ts";
import { type Draft, sealDraft } from "../src/wire/record.ts";

const ACCOUNTS = 100;
const ROOMS = 200;
const SEGMENT_BYTES = 64 << 20;
const WRITE_BYTES = 1 << 20;
const START_UNIX_MS = 1_763_600_000_000;
export const DISTINCT_BODIES = 500;

const userOf = (number: number): UserId => `u${String(number).padStart(11, "A")}` as UserId;
export const roomOf = (number: number): RoomId => `r${String(number).padStart(11, "A")}` as RoomId;

export function fillLogs(data: string, records: number): void {
  const accounts = new LogWriter(join(data, "accounts"));
  for (let i = 0; i < ACCOUNTS; i++) {
    const [id, key] = [userOf(i), Buffer.alloc(32, i).toString("base64url")];
    const body = { name: `user-${i}`, accountKey: key, device: key, cert: key };
    accounts.add({ kind: "account", room: id, by: id, id: "", body });
  }
  accounts.close();
  const history = new LogWriter(join(data, "history"));
  for (let i = 0; i < ROOMS; i++) {
    const [room, by] = [roomOf(i), userOf(i % ACCOUNTS)];
    const body = { name: i === 0 ? "lobby" : `room-${i}` };
    history.add({ kind: "room", room, by, id: "", body });
    history.add({ kind: "join", room, by, id: "", body: {} });
  }
  const counters = new Uint32Array(ACCOUNTS);
  for (let seq = 2 * ROOMS + 1; seq <= records; seq++) {
    const variant = (seq * 7919) % DISTINCT_BODIES;
    const person = (seq * 31) % ACCOUNTS;
    const counter = (counters[person] ?? 0) + 1;
    counters[person] = counter;
    const id = `AbCdEfG${String(person).padStart(4, "0")}.${counter}`;
    history.add({
      ...contentOf(variant, seq),
      room: roomOf((seq * 7919) % ROOMS),
      by: userOf(person),
      id,
    });
  }
  history.close();
}

function contentOf(variant: number, seq: number): { kind: RecordKind; body: unknown } {
  if (seq % 100 === 17) return { kind: "reaction", body: { seq: seq - 10, emoji: "👍", on: true } };
  if (seq % 100 === 43) return { kind: "edit", body: { seq: seq - 20, text: `better ${variant}` } };
  const text = `Message ${variant} of the lab: the second run is done, see you at lunch`;
  return { kind: "text", body: { text } };
}

/** Seals equal bodies only once, because sealing is the most expensive step. */
export class LogWriter {
  readonly #folder: string;
  readonly #counts = new Map<string, number>();
  readonly #sealed = new Map<string, ReturnType<typeof sealDraft>>();
  readonly #salt = new Uint8Array(16);
  #fd = -1;
  #segmentBytes = SEGMENT_BYTES;
  readonly #lines = new LineWriter();
  #firstSeq = 1;
  #seq = 0;

  constructor(folder: string) {
    this.#folder = folder;
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  add(draft: Draft): void {
    const seq = ++this.#seq;
    const n = (this.#counts.get(draft.room) ?? 0) + 1;
    this.#counts.set(draft.room, n);
    const key = JSON.stringify(draft.body);
    const sealed = this.#sealed.get(key) ?? sealDraft(draft, this.#salt, sha256);
    if (draft.kind === "text") this.#sealed.set(key, sealed);
    const position = { seq, n, time: START_UNIX_MS + seq * 1_000 };
    this.#lines.add({ ...sealed, draft }, position, seq - 1);
    if (this.#lines.sizeBytes >= WRITE_BYTES) this.#flush();
  }

  close(): void {
    this.#flush();
    if (this.#fd >= 0) fs.closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#lines.sizeBytes === 0) return;
    if (this.#segmentBytes >= SEGMENT_BYTES) {
      if (this.#fd >= 0) fs.closeSync(this.#fd);
      this.#fd = fs.openSync(join(this.#folder, segmentName(this.#firstSeq)), "w", 0o600);
      this.#segmentBytes = 0;
    }
    this.#segmentBytes += fs.writeSync(this.#fd, this.#lines.drain());
    this.#firstSeq = this.#seq + 1;
  }
}
