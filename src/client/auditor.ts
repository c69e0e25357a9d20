/**
 * Audit of a server's log: asks for a signed checkpoint and proofs that the log only grew and
 * contains what this device has read. Runs at each log-in and regularly while records arrive.
 */

import { toBase64Url } from "../base/bytes.ts";
import { FAULTS, Fault, type FaultCode } from "../base/fault.ts";
import { PROOFS_PER_REQUEST_MAX, UNSTORED_RECORDS_MAX } from "../base/limits.ts";
import {
  type AuditFinding,
  type AuditReason,
  auditSentence,
  judgeCheckpoint,
  judgeSeen,
  type LogPin,
  type SeenRecord,
  type ShownLog,
} from "../core/client/audit.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import { type Clock, delay, within } from "../io/clock.ts";
import type { LogPins, LogReader } from "../io/state/log-pins.ts";
import { findSigned, type UnverifiedCheckpoint } from "../wire/checkpoint.ts";
import { leafHash } from "../wire/record.ts";
import type { Connection } from "./link/connection.ts";
import type { Verifier } from "./link/keys.ts";
import type { Ask } from "./link/queries.ts";

/** Evidence of an alarm. Plain values: it is stored as JSON. */
export interface AuditEvidence {
  readonly reason: AuditReason;
  readonly sentence: string;
  readonly foundAtUnixMs: number;
  readonly server: string;
  /** The server's public key, base64url. */
  readonly key: string;
  readonly user: string;
  readonly known: string | undefined;
  readonly shown: string | undefined;
  readonly consistency: readonly string[];
  readonly records: readonly (Omit<SeenRecord, "leaf"> & { readonly leaf: string })[];
}

export interface AuditAlarm {
  readonly fault: Fault;
  readonly reader: LogReader;
  readonly evidence: AuditEvidence;
}

export type AuditOutcome =
  | {
      readonly kind: "accepted";
      readonly pin: LogPin;
      readonly proved: number;
      readonly open: number;
    }
  /** The server is of an earlier version, or its log is empty. */
  | { readonly kind: "none" }
  | { readonly kind: "alarm"; readonly alarm: AuditAlarm; readonly missing: readonly SeenRecord[] };

export interface AuditorParts {
  readonly clock: Clock;
  readonly logs: LogPins;
  readonly verifier: Verifier;
  /** Formats a moment for a sentence of this UI. */
  readonly moment: (unixMs: number) => string;
}

export interface AuditedLink {
  readonly connection: Connection;
  /** Address that users type in commands. */
  readonly address: string;
  readonly reader: LogReader;
  /** The server's public key, proved on this link. */
  readonly key: Uint8Array;
  /** Rooms of the account that this link has listed so far. */
  readonly rooms: () => readonly { readonly id: string }[];
}

/** Interval of audits while records arrive. */
const AUDIT_EVERY_MS = 60_000;
/**
 * Delay of a write, because a write waits for the disk. Records lost in a crash are not audited.
 */
const WRITE_EVERY_MS = 2_000;
/** A checkpoint may be a second old and lack the newest records. */
const OLDER_CHECKPOINT_MS = 1_500;
const TRIES_MAX = 3;
/**
 * Longest wait for proofs before a program ends: the time that the retries for a late checkpoint
 * take.
 */
const SETTLED_WITHIN_MS = 2 * OLDER_CHECKPOINT_MS + 1_000;
/** Maximum number of requests in one audit. The next audit asks for the rest. */
const REQUESTS_MAX = 8;
const EVIDENCE_REQUESTS_MAX = 16;

const CODES: Readonly<Record<AuditReason, FaultCode>> = {
  "rolled-back": "log-rolled-back",
  forked: "log-forked",
  "other-origin": "log-forked",
  "record-missing": "log-forked",
  "left-out": "log-unproved",
  unproved: "log-unproved",
  unsigned: "log-unproved",
};
interface Unwritten {
  readonly head: Uint8Array;
  readonly record: ChatRecord;
}

export class LogAuditor {
  readonly #parts: AuditorParts;
  readonly #alarmed: (alarm: AuditAlarm) => void;
  #link: AuditedLink | undefined;
  /** Bounded by UNSTORED_RECORDS_MAX: the oldest are dropped. */
  #unwritten: Unwritten[] = [];
  /** Highest confirmed `seq` that is not stored yet; 0 if none. */
  #confirmed = 0;
  #reader: LogReader | undefined;
  #cancelWrite: (() => void) | undefined;
  #cancelAudit: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;

  /** @param alarmed called when the server cannot be trusted; nothing more should be sent to it */
  constructor(parts: AuditorParts, alarmed: (alarm: AuditAlarm) => void) {
    this.#parts = parts;
    this.#alarmed = alarmed;
  }

  /** Starts an audit without waiting for it. */
  connected(link: AuditedLink): void {
    void this.write(); // Stores records of the account that was logged in before.
    this.#link = link;
    this.#reader = link.reader;
    this.#failures = 0;
    this.#begin();
  }

  lost(): void {
    this.#link = undefined;
    this.#cancelAudit?.();
    this.#cancelAudit = undefined;
    void this.write(); // The program may be about to end.
  }

  /** Notes that this device shows the record. @param head its bytes as received */
  saw(head: Uint8Array, record: ChatRecord): void {
    this.#unwritten.push({ head, record });
    // Not at each record: copying the rest costs more than hashing it.
    if (this.#unwritten.length >= 2 * UNSTORED_RECORDS_MAX) {
      this.#unwritten = this.#unwritten.slice(-UNSTORED_RECORDS_MAX);
    }
    this.#writeLater();
    this.#again(AUDIT_EVERY_MS);
  }

  confirmed(seq: number): void {
    this.#confirmed = Math.max(this.#confirmed, seq);
    this.#writeLater();
  }

  #writeLater(): void {
    const { clock } = this.#parts;
    this.#cancelWrite ??= clock.after(WRITE_EVERY_MS, () => void this.write());
  }

  async write(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    const [unwritten, confirmed] = [this.#unwritten.slice(-UNSTORED_RECORDS_MAX), this.#confirmed];
    const reader = this.#reader;
    if (reader === undefined) return;
    [this.#unwritten, this.#confirmed] = [[], 0];
    const { logs, verifier } = this.#parts;
    const seen = unwritten.map(({ head, record }): SeenRecord => {
      const { seq, room, from, timeUnixMs } = record;
      const place = `${room.kind === "person" ? "@" : "#"}${room.name}`;
      return { seq, leaf: leafHash(head, verifier.sha256), room: room.id, place, from, timeUnixMs };
    });
    // Both writes start before either is awaited: a program may be about to close its store.
    await Promise.all([
      kept(() => (seen.length === 0 ? undefined : logs.keepSeen(reader, seen)), undefined),
      kept(() => (confirmed === 0 ? undefined : logs.keepConfirmed(reader, confirmed)), undefined),
    ]);
  }

  /**
   * Asks for proofs of all records read.
   * @throws {Fault} if the link was lost or the server refused
   */
  all(link: AuditedLink): Promise<AuditOutcome> {
    return audit(link, this.#parts, Number.POSITIVE_INFINITY);
  }

  /** Resolves when the running audit ends, or after SETTLED_WITHIN_MS. */
  async settled(): Promise<void> {
    if (this.#running === undefined) return;
    await within(this.#running, SETTLED_WITHIN_MS, () => undefined, this.#parts.clock);
  }

  /** Stops audits and stores what was read. The link is already closed. */
  async close(): Promise<void> {
    this.lost();
    await this.#running;
    await this.write();
  }

  #again(inMs: number): void {
    if (this.#link === undefined) return;
    this.#cancelAudit ??= this.#parts.clock.after(inMs, () => {
      this.#cancelAudit = undefined;
      this.#begin();
    });
  }

  #begin(): void {
    const link = this.#link;
    if (link === undefined || this.#running !== undefined) return;
    this.#running = this.#run(link).finally(() => {
      this.#running = undefined;
      if (this.#link !== link) this.#begin(); // Another link connected during this audit.
    });
  }

  async #run(link: AuditedLink): Promise<void> {
    try {
      await this.write();
      const outcome = await audit(link, this.#parts, REQUESTS_MAX);
      if (this.#link !== link) return;
      this.#failures = 0;
      if (outcome.kind === "alarm") this.#alarmed(outcome.alarm);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#link === link && !link.connection.isClosed) await this.#refused(link);
    }
  }

  /**
   * Retries, as the server may be busy. A server that never answers counts as one that cannot
   * prove.
   */
  async #refused(link: AuditedLink): Promise<void> {
    this.#failures += 1;
    const known = await kept(() => this.#parts.logs.pin(link.reader), undefined);
    if (this.#failures < TRIES_MAX || known === undefined) return this.#again(OLDER_CHECKPOINT_MS);
    const finding = { reason: "unproved", known, shown: undefined, missing: [] } as const;
    const outcome = await alarmOf(link, this.#parts, finding);
    this.#alarmed(outcome.alarm);
  }
}

/**
 * Returns `otherwise` if the store fails. A record that is not stored makes later audits less
 * strict, which is no reason to end.
 */
async function kept<Value>(act: () => Value | Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Fault) return otherwise;
    throw error;
  }
}

/**
 * Asks for a checkpoint and proofs, judges them, and stores what is accepted.
 * @param requestsMax limit for proofs of single records
 * @throws {Fault} if the link was lost, the server refused, or the store failed
 */
async function audit(
  link: AuditedLink,
  parts: AuditorParts,
  requestsMax: number,
): Promise<AuditOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await auditOnce(link, parts, requestsMax, tries < TRIES_MAX);
    if (outcome !== "late") return outcome;
    await delay(parts.clock, OLDER_CHECKPOINT_MS);
  }
}

/**
 * @param mayBeLate the missing records may be newer than the checkpoint, or the notice that the
 * account left a room may be in flight
 */
async function auditOnce(
  link: AuditedLink,
  parts: AuditorParts,
  requestsMax: number,
  mayBeLate: boolean,
): Promise<AuditOutcome | "late"> {
  const { logs, verifier } = parts;
  const { reader, connection } = link;
  const known = await kept(() => logs.pin(reader), undefined);
  const confirmed = await kept(() => logs.confirmed(reader), 0);
  const which = requestsMax === Number.POSITIVE_INFINITY ? "all" : "unproved";
  const unproved = await kept(() => logs.seen(reader, which), []);
  const atLeast = Math.max(confirmed, unproved.at(-1)?.seq ?? 0);
  const shown = await showLog(link, parts, known, atLeast);
  const wasNever = known === undefined && (shown === "unable" || confirmed === 0);
  if ((shown === "unable" || shown === "empty") && wasNever) return { kind: "none" };
  if (typeof shown === "string") {
    const reason = shown === "unsigned" ? shown : "unproved";
    return alarmOf(link, parts, { reason, known, shown: undefined, missing: [] });
  }
  const { pin } = shown;
  const verdict = judgeCheckpoint(known, shown, verifier.sha256);
  const isShort = pin.size < confirmed;
  if (verdict.kind !== "alarm" && isShort && mayBeLate) return "late";
  if (verdict.kind === "alarm" || isShort) {
    const reason = verdict.kind === "alarm" ? verdict.reason : "rolled-back";
    const all = await kept(() => logs.seen(reader, "all"), []);
    const seen = all.slice(-EVIDENCE_REQUESTS_MAX * PROOFS_PER_REQUEST_MAX);
    const { missing } = await proveSeen(connection, parts, pin, seen);
    const knownSize = Math.max(known?.size ?? 0, reason === "rolled-back" ? confirmed : 0);
    return alarmOf(link, parts, { reason, known, knownSize, shown: pin, missing }, shown);
  }
  const asked = unproved.slice(-requestsMax * PROOFS_PER_REQUEST_MAX);
  const before = roomsOf(link);
  const { proved, missing, leftOut } = await proveSeen(connection, parts, pin, asked);
  if (missing.length > 0) {
    if (mayBeLate && missing.every(({ seq }) => seq > pin.size)) return "late";
    const finding = { reason: "record-missing", known, shown: pin, missing } as const;
    return alarmOf(link, parts, finding, shown);
  }
  const now = roomsOf(link);
  const withheld = leftOut.filter(({ room }) => before.has(room) && now.has(room));
  if (withheld.length > 0) {
    if (mayBeLate) return "late";
    const finding = { reason: "left-out", known, shown: pin, missing: withheld } as const;
    return alarmOf(link, parts, finding, shown);
  }
  if (verdict.kind !== "same") await kept(() => logs.keepPin(reader, pin), undefined);
  if (proved.length > 0) await kept(() => logs.proved(reader, proved), undefined);
  await kept(() => logs.noteAlarm(reader, undefined), undefined);
  return { kind: "accepted", pin, proved: proved.length, open: unproved.length - proved.length };
}

function roomsOf(link: AuditedLink): ReadonlySet<string> {
  return new Set(link.rooms().map(({ id }) => id));
}

/**
 * Returns the server's log head, or the reason why there is none. `unable`: the server is of an
 * earlier version.
 * @param atLeast known number of records: an older checkpoint is requested once more
 */
async function showLog(
  { connection, key }: AuditedLink,
  { verifier }: AuditorParts,
  known: LogPin | undefined,
  atLeast: number,
): Promise<ShownLog | "unable" | "empty" | "unsigned"> {
  const from = known?.size ?? 0;
  const ask = () => connection.ask("checkpoint", { from });
  try {
    let answer = await ask();
    if ((signedOf(answer.note, key, verifier)?.checkpoint.size ?? atLeast) < atLeast) {
      await connection.ask("checkpoint", { from: atLeast }); // Makes the server sign again,
      answer = await ask(); // which this request returns with the path from the known one.
    }
    const { note, path } = answer;
    const signed = signedOf(note, key, verifier);
    if (signed === undefined) return "unsigned";
    const { checkpoint, bytes, signature } = signed;
    if (!(await verifier.verify(key, bytes, signature))) return "unsigned";
    return { pin: { ...checkpoint, note }, path };
  } catch (error) {
    if (error instanceof Fault && error.code === "kind-unknown") return "unable";
    if (error instanceof Fault && error.code === "not-found") return "empty";
    throw error;
  }
}

function signedOf(
  note: string,
  key: Uint8Array,
  { sha256 }: Verifier,
): UnverifiedCheckpoint | undefined {
  try {
    return findSigned(note, key, sha256);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/**
 * Asks for proofs of what was read. An honest server omits those of rooms that the account left.
 */
async function proveSeen(
  connection: { readonly ask: Ask },
  { verifier }: AuditorParts,
  pin: LogPin,
  seen: readonly SeenRecord[],
): Promise<{ proved: number[]; missing: SeenRecord[]; leftOut: SeenRecord[] }> {
  const proved: number[] = [];
  const leftOut: SeenRecord[] = [];
  const missing: SeenRecord[] = [];
  for (let at = 0; at < seen.length; at += PROOFS_PER_REQUEST_MAX) {
    const part = seen.slice(at, at + PROOFS_PER_REQUEST_MAX);
    const seqs = part.map(({ seq }) => seq).filter((seq) => seq <= pin.size);
    const { size } = pin;
    const proofs =
      seqs.length === 0 ? [] : (await connection.ask("inclusion", { size, seqs })).proofs;
    const verdict = judgeSeen(part, proofs, pin, verifier.sha256);
    proved.push(...verdict.proved.map(({ seq }) => seq));
    missing.push(...verdict.changed, ...verdict.gone);
    leftOut.push(...verdict.leftOut);
  }
  missing.sort((one, other) => one.seq - other.seq);
  return { proved, missing, leftOut };
}

async function alarmOf(
  { reader, key, address }: AuditedLink,
  { logs, clock, moment }: AuditorParts,
  found: Omit<AuditFinding, "knownSize"> & {
    readonly known: LogPin | undefined;
    /** Defaults to the size of `known`. */
    readonly knownSize?: number;
  },
  shown?: ShownLog,
): Promise<Extract<AuditOutcome, { kind: "alarm" }>> {
  const { reason, known, missing } = found;
  const sentence = auditSentence({ knownSize: known?.size ?? 0, ...found }, moment);
  await kept(() => logs.noteAlarm(reader, sentence), undefined);
  const evidence: AuditEvidence = {
    reason,
    sentence,
    foundAtUnixMs: clock.unixMs(),
    server: reader.fingerprint,
    key: toBase64Url(key),
    user: reader.user,
    known: known?.note,
    shown: shown?.pin.note,
    consistency: (shown?.path ?? []).map(toBase64Url),
    records: missing.map((record) => ({ ...record, leaf: toBase64Url(record.leaf) })),
  };
  const code = CODES[reason];
  const remedy = FAULTS[code].remedy.replace("SERVER", address);
  return {
    kind: "alarm",
    alarm: { fault: new Fault(code, sentence, { remedy }), reader, evidence },
    missing,
  };
}
