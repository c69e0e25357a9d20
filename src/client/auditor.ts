/** Audits a server's log against everything that this device has read. */

import { toBase64Url } from "../base/bytes.ts";
import { asFault, FAULTS, Fault, type FaultCode, msg, unlessFault } from "../base/fault.ts";
import type { Sha256 } from "../base/ids.ts";
import { PROOFS_PER_REQUEST_MAX, UNSTORED_RECORDS_MAX } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import type { AccountRecord, AccountRecords } from "../core/client/account-records.ts";
import {
  type AuditFinding,
  type AuditReason,
  formatFinding,
  judgeCheckpoint,
  judgeKnownRecords,
  type KnownRecord,
  type LogPin,
  type ServerCheckpoint,
} from "../core/client/audit.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import {
  type AccountChange,
  judgeOwnRecords,
  type OwnAccount,
  replacedAccount,
} from "../core/client/own-account.ts";
import {
  applyPersonRecords,
  judgePersonPage,
  type KnownPerson,
  type PersonPage,
  type PersonPin,
  type PersonRecords,
} from "../core/client/person-keys.ts";
import { seenTag } from "../crypto/signed-bytes.ts";
import { type Clock, delay, withTimeout } from "../io/clock.ts";
import type { LogPins, LogReader, OwnAccountPin } from "../io/state/log-pins.ts";
import { TaskQueue } from "../io/task-queue.ts";
import { findSigned, type UnverifiedCheckpoint } from "../wire/checkpoint.ts";
import type { LogName } from "../wire/kinds.ts";
import type { Answer, NoticeOf, RequestFields, RequestKind } from "../wire/messages.ts";
import { leafHash } from "../wire/record.ts";
import type { Connection } from "./link/connection.ts";
import type { GreetedServer } from "./link/greeting.ts";
import type { Verifier } from "./link/keys.ts";
import type { SendRequest } from "./link/queries.ts";

/** Evidence for an alarm. Contains plain values only, because it is stored as JSON. */
export interface AuditEvidence {
  readonly log: LogName;
  readonly reason: AuditReason;
  readonly sentence: string;
  readonly foundAtUnixMs: number;
  readonly server: string;
  readonly key: string;
  readonly user: string;
  readonly known: string | undefined;
  readonly shown: string | undefined;
  readonly consistency: readonly string[];
  readonly records: readonly (Omit<KnownRecord, "leaf"> & { readonly leaf: string })[];
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
      /** `undefined` if the server's note has no accounts log. */
      readonly accounts: LogPin | undefined;
      /** False if more records of the own account remain to be proved. */
      readonly isComplete: boolean;
      readonly proved: number;
      readonly open: number;
      /** `undefined` if the server does not prove other users' accounts. */
      readonly person: PersonPage | undefined;
    }
  | { readonly kind: "none" }
  | {
      readonly kind: "alarm";
      readonly alarm: AuditAlarm;
      readonly missing: readonly KnownRecord[];
    };

/** Changes of the own account that this device has requested, by what a proof reports. */
const OWN_CHANGES: Readonly<Partial<Record<RequestKind, AccountChange["what"]>>> = {
  passwd: "password-changed",
  recover: "password-reset",
  "device-add": "device-added",
  "irc-password": "irc-password-added",
};

export interface AuditorDependencies {
  readonly clock: Clock;
  readonly logs: LogPins;
  readonly verifier: Verifier;
  readonly formatTime: (unixMs: number) => string;
  /** Owner of the pins in `logs`. Default: this device. */
  readonly witness?: string;
  readonly onAccountChange: (change: AccountChange) => void;
}

export interface AuditedLink {
  readonly connection: Connection;
  readonly address: string;
  readonly reader: LogReader;
  readonly key: Uint8Array;
  /** `key` and those that signed it as their successor. */
  readonly keys: readonly Uint8Array[];
  readonly rooms: () => readonly { readonly id: string }[];
  readonly own: OwnAccount;
}

const AUDIT_INTERVAL_MS = 60_000;
/** Lets several records share one write. Records lost in a crash are not audited. */
const WRITE_DELAY_MS = 2_000;
/** Maximum age of a signed checkpoint, which may lack newer records. */
const CHECKPOINT_LAG_MS = 1_500;
const ATTEMPTS_MAX = 3;
/**
 * Maximum time to wait for proofs before a program ends, long enough to retry a late checkpoint.
 */
const SETTLE_TIMEOUT_MS = 2 * CHECKPOINT_LAG_MS + 1_000;
/**
 * Proof requests sent together with a log-in. The requests of a command must fit in
 * EARLY_REQUESTS_MAX as well.
 */
const PROOF_REQUESTS_MAX = 4;
/** Pages of own records in one audit. The next audit continues. */
const OWN_PAGES_MAX = 64;
/** Pages of public records of another account, which are far fewer than 4,096. */
const PERSON_PAGES_MAX = 64;
const EVIDENCE_REQUESTS_MAX = 16;

const FAULT_CODES: Readonly<Record<AuditReason, FaultCode>> = {
  "rolled-back": "log-rolled-back",
  forked: "log-forked",
  "other-origin": "log-forked",
  "record-missing": "log-forked",
  "left-out": "log-unproved",
  unproved: "log-unproved",
  unsigned: "log-unproved",
  "own-unproved": "log-unproved",
  "person-unproved": "log-unproved",
};
interface Unwritten {
  readonly head: Uint8Array;
  readonly record: ChatRecord;
}

export class LogAuditor {
  private readonly deps: AuditorDependencies;
  #link: AuditedLink | undefined;
  #unwritten: Unwritten[] = [];
  #confirmed = 0;
  #reader: LogReader | undefined;
  #cancelWrite: (() => void) | undefined;
  #cancelAudit: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  /** Runs one audit at a time, so that each change of the account is reported once. */
  readonly #audits = new TaskQueue();
  /** Number of own changes that no proof has reported yet. */
  readonly #expected = new Map<AccountChange["what"], number>();
  #isAuditDue = false;
  /** Settles with the first audit of a link; `undefined` if that has found nothing wrong. */
  #firstAudit: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  /** Link whose greeting has proved the history. */
  #proved: Connection | undefined;
  /** Like `#firstAudit`, but does not wait for the audit of a server of which nothing is known. */
  #postCheck: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  /** Last acceptance of a different history that was stored when this client began to read one. */
  #accepted: number | Promise<number> | undefined;

  constructor(
    given: AuditorDependencies,
    private readonly onAlarm: (alarm: AuditAlarm) => void,
    private readonly onReplaced: (fault: Fault) => void,
  ) {
    const onAccountChange = (change: AccountChange) => {
      if (!this.#expect(change.what, -1)) given.onAccountChange(change);
    };
    this.deps = { ...given, onAccountChange };
  }

  /**
   * Sends a request of this device. If it changes the account, the next proofs report the change,
   * and it must not surprise the user.
   */
  async request<Result>(
    kind: RequestKind,
    fields: object,
    send: () => Promise<Result>,
  ): Promise<Result> {
    const what = OWN_CHANGES[kind];
    if (what === undefined || "user" in fields) return send();
    this.#expect(what, 1);
    try {
      const result = await send();
      this.#isAuditDue = true;
      this.#startAudit();
      return result;
    } catch (error) {
      this.#expect(what, -1);
      throw error;
    }
  }

  #expect(what: AccountChange["what"], change: 1 | -1): boolean {
    const count = this.#expected.get(what) ?? 0;
    if (count + change < 0) return false;
    this.#expected.set(what, count + change);
    return true;
  }

  /**
   * Resolves when the server's history has been compared with what this device knows of it, or when
   * the link is lost. Until then, a number may denote another message than the user has seen, and
   * nothing is posted.
   * @param connection that of a post
   * @returns `undefined` if the history of this link has been compared
   */
  checked(connection?: Connection): Promise<void> | undefined {
    if (connection === undefined) return this.#firstAudit?.promise;
    return this.isProved(connection) ? undefined : this.#postCheck?.promise;
  }

  /** Whether the server's greeting has proved all that this device knows of its history. */
  isProved(connection: Connection): boolean {
    return this.#proved === connection;
  }

  /** @returns `undefined` if there is nothing to prove, too much, or evidence against the server */
  async query(reader: LogReader): Promise<SeenQuery | undefined> {
    const { logs } = this.deps;
    if (await orDefault(() => logs.hasAlarm(reader), true)) return undefined;
    const evidence = await evidenceOf(logs, reader, "unproved");
    const { pin, accounts, sizeMin, unproved } = evidence;
    if (pin === undefined || unproved.length > PROOFS_PER_REQUEST_MAX) return undefined;
    const seqs = unproved.map(({ seq }) => seq);
    const { root, size } = pin;
    const rest = { size, sizeMin, accounts: accounts?.size ?? 0, seqs };
    const fields = (nonce: Uint8Array) => {
      return { ...rest, tag: seenTag(nonce, root, this.deps.verifier.sha256) };
    };
    return { fields, evidence };
  }

  /** Judges the proof in a greeting. The audit after the log-in reports what is wrong with it. */
  async greeted(
    connection: Connection,
    { welcome }: GreetedServer,
    { evidence }: SeenQuery,
  ): Promise<void> {
    this.#proved = undefined;
    const { seen, server } = welcome;
    if (seen === undefined) return;
    const { verifier } = this.deps;
    const { pin: known, sizeMin, unproved } = evidence;
    const logs = await verifiedLogs(seen, server.key, verifier);
    if (logs === undefined || known === undefined || logs.pin.size < sizeMin) return;
    if (judgeCheckpoint(known, logs, verifier.sha256).kind === "alarm") return;
    if (judgeAccounts(evidence.accounts, logs.accounts, verifier.sha256) !== undefined) return;
    const leaves = new Map(unproved.map(({ seq, leaf }) => [seq, leaf]));
    const proofs = seen.proofs.flatMap(({ seq, path }) => {
      const leaf = leaves.get(seq);
      return leaf === undefined ? [] : [{ seq, leaf, path }];
    });
    const judge = (records: readonly KnownRecord[], pin: LogPin) =>
      judgeKnownRecords(records, proofs, pin, verifier.sha256).proved.length === records.length;
    const isFormer = ({ seq }: KnownRecord) => seq <= known.size;
    const former = unproved.filter(isFormer);
    const later = unproved.filter((record) => !isFormer(record));
    if (judge(former, known) && judge(later, logs.pin)) this.#proved = connection;
  }

  /** The client begins with messages that an earlier process has read. */
  restored(reader: LogReader): void {
    this.#accepted = this.#newestAcceptance(reader);
  }

  /** Requests the proofs behind a log-in, whose answer is still awaited. */
  async requestEarly(connection: Connection, reader: LogReader): Promise<void> {
    const evidence = await evidenceOf(this.deps.logs, reader, "unproved");
    const { pin, own, sizeMin, unproved } = evidence;
    if (sizeMin > (pin?.size ?? 0)) {
      connection.requestThen("checkpoint", signedFrom(sizeMin), () => undefined);
    }
    connection.requestEarly("checkpoint", checkpointFields(evidence, own));
    for (const query of inclusionQueries(pin, newestOf(unproved, PROOF_REQUESTS_MAX))) {
      connection.requestEarly("inclusion", query.fields);
    }
  }

  connected(link: AuditedLink): void {
    void this.write();
    this.#link = link;
    this.#reader = link.reader;
    this.#failures = 0;
    this.#startAudit();
  }

  lost(): void {
    this.#link = undefined;
    this.#proved = undefined;
    this.#cancelAudit?.();
    this.#cancelAudit = undefined;
    this.#firstAudit?.resolve();
    this.#firstAudit = Promise.withResolvers();
    this.#postCheck?.resolve();
    this.#postCheck = Promise.withResolvers();
    void this.write(); // Write immediately, because the program may be about to end.
  }

  observe(head: Uint8Array, record: ChatRecord): void {
    this.#unwritten.push({ head, record });
    // Trim in bulk, because copying the array for each record would cost more than hashing it.
    if (this.#unwritten.length >= 2 * UNSTORED_RECORDS_MAX) {
      this.#unwritten = this.#unwritten.slice(-UNSTORED_RECORDS_MAX);
    }
    this.#writeLater();
    this.#auditLater(AUDIT_INTERVAL_MS);
  }

  confirmed(seq: number): void {
    this.#confirmed = Math.max(this.#confirmed, seq);
    this.#writeLater();
  }

  #writeLater(): void {
    const { clock } = this.deps;
    this.#cancelWrite ??= clock.after(WRITE_DELAY_MS, () => void this.write());
  }

  async write(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    const [unwritten, confirmed] = [this.#unwritten.slice(-UNSTORED_RECORDS_MAX), this.#confirmed];
    const reader = this.#reader;
    if (reader === undefined) return;
    [this.#unwritten, this.#confirmed] = [[], 0];
    const { logs, verifier } = this.deps;
    const records = unwritten.map(({ head, record }): KnownRecord => {
      const { seq, room, from, timeUnixMs } = record;
      const label = `${room.kind === "person" ? "@" : "#"}${room.name}`;
      return {
        seq,
        leaf: leafHash(head, verifier.sha256),
        room: room.id,
        place: label,
        from,
        timeUnixMs,
      };
    });
    // Start every write before awaiting any, because a closing program may close its store.
    await Promise.all([
      orDefault(
        () => (records.length === 0 ? undefined : logs.storeRecords(reader, records)),
        undefined,
      ),
      orDefault(
        () => (confirmed === 0 ? undefined : logs.storeConfirmed(reader, confirmed)),
        undefined,
      ),
    ]);
  }

  /** @param known pins of a witness, instead of this device's */
  auditAll(
    link: AuditedLink,
    known?: Required<Pick<AuditorDependencies, "logs" | "witness">>,
  ): Promise<AuditOutcome> {
    const scope = { requestsMax: Number.POSITIVE_INFINITY, isFresh: false };
    return this.#audit(link, scope, { ...this.deps, ...known });
  }

  #audit(link: AuditedLink, scope: AuditScope, deps = this.deps): Promise<AuditOutcome> {
    return this.#audits.run(() => audit(link, deps, scope));
  }

  /**
   * Requests the newest proofs of another user's account.
   * @param isFresh whether changes of the last second must be included
   * @returns the keys that are known afterwards; `undefined` if there is no proof and never was one
   * @throws {Fault} log-unproved and others after an alarm; user-unknown
   */
  async provePerson(
    link: AuditedLink,
    user: string,
    pin: PersonPin | undefined,
    isFresh: boolean,
  ): Promise<PersonPin | undefined> {
    // A checkpoint may be a second old, and then lacks a new account or name.
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const page = await this.#personRecords(link, user, pin, isFresh || attempt > 1);
      if (page === undefined) return pin;
      const next = page.n === 0 ? undefined : applyPersonRecords(user, pin, page);
      if (next !== undefined) return next;
      if (page.n === 0 && attempt > 1) return pin;
    }
    const finding = { log: "accounts", reason: "person-unproved", user, missing: [] } as const;
    const rest = { known: undefined, presented: undefined };
    throw this.#alarmed(link, await buildAlarm(link, this.deps, { ...finding, ...rest }));
  }

  /** @returns all pages as one; `undefined` without a proof */
  async #personRecords(
    link: AuditedLink,
    user: string,
    pin: PersonPin | undefined,
    isFresh: boolean,
  ): Promise<PersonPage | undefined> {
    let records: readonly AccountRecord[] = [];
    const { n = 0, size = 0 } = pin ?? {};
    let known: KnownPerson = { account: pin?.keys.at(-1)?.account ?? "", n, size };
    for (let pages = 0; pages < PERSON_PAGES_MAX; pages++) {
      const person = { user, known };
      const outcome = await this.#audit(link, { requestsMax: 0, isFresh, person });
      if (outcome.kind === "alarm") throw this.#alarmed(link, outcome);
      const page = outcome.kind === "accepted" ? outcome.person : undefined;
      if (page === undefined) return undefined;
      records = page.account === known.account ? [...records, ...page.records] : page.records;
      if (page.isComplete) return { ...page, records };
      known = { account: page.account, n: page.n, size: page.account === known.account ? size : 0 };
    }
    return undefined;
  }

  #alarmed(link: AuditedLink, { alarm }: Extract<AuditOutcome, { kind: "alarm" }>): Fault {
    if (this.#link === link) this.onAlarm(alarm);
    return alarm.fault;
  }

  async settled(): Promise<void> {
    if (this.#running === undefined) return;
    await withTimeout(this.#running, SETTLE_TIMEOUT_MS, () => undefined, this.deps.clock);
  }

  async close(): Promise<void> {
    this.lost();
    await this.#running;
    await this.write();
  }

  #auditLater(inMs: number): void {
    if (this.#link === undefined) return;
    this.#cancelAudit ??= this.deps.clock.after(inMs, () => {
      this.#cancelAudit = undefined;
      this.#startAudit();
    });
  }

  #startAudit(): void {
    const link = this.#link;
    if (link === undefined || this.#running !== undefined) return;
    this.#isAuditDue = false;
    this.#running = this.#runAudit(link).finally(() => {
      this.#running = undefined;
      if (this.#link !== link || this.#isAuditDue) this.#startAudit();
    });
  }

  async #runAudit(link: AuditedLink): Promise<void> {
    try {
      await this.write();
      if (await this.#isReplaced(link)) return this.onReplaced(replacedHistory());
      const { pin, sizeMin } = await evidenceOf(this.deps.logs, link.reader, "unproved");
      if (pin === undefined && sizeMin === 0 && this.#link === link) this.#mayPost();
      const isFresh = [...this.#expected.values()].some((count) => count > 0);
      const outcome = await this.#audit(link, { requestsMax: PROOF_REQUESTS_MAX, isFresh });
      if (this.#link !== link) return;
      this.#failures = 0;
      if (outcome.kind === "alarm") this.onAlarm(outcome.alarm);
      else this.#passed();
    } catch (error) {
      asFault(error);
      if (this.#link === link && !link.connection.isClosed) await this.#handleRefusal(link);
    }
  }

  /**
   * Returns whether another program or tab has accepted a different history since this client read
   * the former one, whose messages it still has in memory.
   */
  async #isReplaced({ reader }: AuditedLink): Promise<boolean> {
    const newest = await this.#newestAcceptance(reader);
    this.#accepted ??= newest;
    return newest > (await this.#accepted);
  }

  async #newestAcceptance(reader: LogReader): Promise<number> {
    return (await orDefault(() => this.deps.logs.replaced(reader), [])).at(-1)?.at ?? 0;
  }

  #passed(): void {
    this.#firstAudit?.resolve();
    this.#firstAudit = undefined;
    this.#mayPost();
  }

  #mayPost(): void {
    this.#postCheck?.resolve();
    this.#postCheck = undefined;
  }

  async #handleRefusal(link: AuditedLink): Promise<void> {
    this.#failures += 1;
    const known = await orDefault(() => this.deps.logs.pin(link.reader), undefined);
    if (known === undefined && this.#link === link) this.#passed();
    if (this.#failures < ATTEMPTS_MAX || known === undefined)
      return this.#auditLater(CHECKPOINT_LAG_MS);
    const finding = { reason: "unproved", known, presented: undefined, missing: [] } as const;
    const outcome = await buildAlarm(link, this.deps, finding);
    this.onAlarm(outcome.alarm);
  }
}

function replacedHistory(): Fault {
  const text = msg`a different history of this server was accepted while this program ran`;
  return new Fault("log-forked", text, { remedy: msg`start it again` });
}

/** Returns `fallback` if the store fails, because a missing record only weakens later audits. */
async function orDefault<Value>(
  read: () => Value | Promise<Value>,
  fallback: Value,
): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault) return fallback;
    throw error;
  }
}

async function audit(
  link: AuditedLink,
  deps: AuditorDependencies,
  options: AuditScope,
): Promise<AuditOutcome> {
  let pages = 0;
  for (let attempt = 1; ; attempt++) {
    const mayBeLate = attempt < ATTEMPTS_MAX;
    const outcome = await auditOnce(link, deps, { ...options, mayBeLate });
    if (outcome === "late") await delay(deps.clock, CHECKPOINT_LAG_MS);
    else if (outcome.kind !== "accepted" || outcome.isComplete || ++pages > OWN_PAGES_MAX)
      return outcome;
    else attempt -= 1;
  }
}

interface AuditScope {
  /** Requests for proofs of records in the history. */
  readonly requestsMax: number;
  /** Whether the server must sign all records of this moment. */
  readonly isFresh: boolean;
  /** User whose account is to be proved, and what is known of it. */
  readonly person?: PersonQuery;
}

interface PersonQuery {
  readonly user: string;
  readonly known: KnownPerson;
}

interface AuditAttempt extends AuditScope {
  readonly mayBeLate: boolean;
}

async function auditOnce(
  link: AuditedLink,
  deps: AuditorDependencies,
  { requestsMax, isFresh, mayBeLate, person: asked }: AuditAttempt,
): Promise<AuditOutcome | "late"> {
  const { logs, verifier } = deps;
  const { reader, connection } = link;
  const scope = requestsMax === Number.POSITIVE_INFINITY ? "all" : "unproved";
  const evidence = await evidenceOf(logs, reader, scope);
  const { pin: known, accounts: knownAccounts, confirmed, unproved, own: knownOwn } = evidence;
  const { account } = link.own;
  const isReplaced = knownOwn !== undefined && knownOwn.account !== account;
  const knownTo = isReplaced || knownOwn === undefined ? { n: 0, size: 0 } : knownOwn;
  const person = asked && {
    user: asked.user,
    account: asked.known.account || undefined,
    n: asked.known.n,
  };
  const fields = { ...checkpointFields(evidence, knownTo), person };
  const log = await fetchLogs(link, deps, fields, evidence.sizeMin, isFresh);
  const hasNoPriorEvidence = known === undefined && (log === "unable" || confirmed === 0);
  if ((log === "unable" || log === "empty") && hasNoPriorEvidence) return { kind: "none" };
  if (typeof log === "string") {
    const reason = log === "unsigned" ? log : "unproved";
    return buildAlarm(link, deps, { reason, known, presented: undefined, missing: [] });
  }
  const { pin, accounts } = log;
  const verdict = judgeCheckpoint(known, log, verifier.sha256);
  const lacksConfirmed = pin.size < confirmed;
  if (verdict.kind !== "alarm" && lacksConfirmed && mayBeLate) return "late";
  if (verdict.kind === "alarm" || lacksConfirmed) {
    const reason = verdict.kind === "alarm" ? verdict.reason : "rolled-back";
    const all = await orDefault(() => logs.storedRecords(reader, "all"), []);
    const sample = all.slice(-EVIDENCE_REQUESTS_MAX * PROOFS_PER_REQUEST_MAX);
    const { proved, missing, leftOut } = await fetchProofs(connection, deps, pin, sample);
    const knownSize = Math.max(known?.size ?? 0, reason === "rolled-back" ? confirmed : 0);
    const finding = { reason, known, knownSize, presented: pin, missing } as const;
    const rooms = roomIds(link);
    const unprovedHere = leftOut.filter(({ room }) => rooms.has(room));
    // The sample may contain newer records that were received on this link.
    return buildAlarm(link, deps, finding, log, commonOf(0, proved, [...missing, ...unprovedHere]));
  }
  const ownProof = accounts && log.own;
  const own =
    accounts &&
    ownProof &&
    judgeOwnRecords(link.own, knownTo, ownProof, accounts.pin, verifier.sha256);
  const isOwnUnproved = own === undefined && (ownProof ?? knownOwn) !== undefined;
  const personProof = accounts && log.person;
  const provedPerson =
    asked &&
    accounts &&
    personProof &&
    judgePersonPage(asked.known, personProof, accounts.pin, verifier.sha256);
  const isProofDue = asked !== undefined && (personProof !== undefined || asked.known.n > 0);
  const accountsReason =
    judgeAccounts(knownAccounts, accounts, verifier.sha256) ??
    (isOwnUnproved ? "own-unproved" : undefined) ??
    (provedPerson === undefined && isProofDue ? "person-unproved" : undefined);
  if (accountsReason !== undefined) {
    const subject = { log: "accounts", reason: accountsReason, known: knownAccounts } as const;
    const about = { presented: accounts?.pin, missing: [], ...defined({ user: asked?.user }) };
    const finding = { ...subject, ...about };
    return buildAlarm(link, deps, finding, accounts);
  }
  const requested = newestOf(unproved, requestsMax);
  const roomsBefore = roomIds(link);
  const { proved, missing, leftOut } = await fetchProofs(connection, deps, pin, requested, known);
  const roomsAfter = roomIds(link);
  const withheld = leftOut.filter(({ room }) => roomsBefore.has(room) && roomsAfter.has(room));
  if (missing.length > 0) {
    if (mayBeLate && missing.every(({ seq }) => seq > pin.size)) return "late";
    const finding = { reason: "record-missing", known, presented: pin, missing } as const;
    const common = commonOf(known?.size ?? 0, proved, [...missing, ...withheld]);
    return buildAlarm(link, deps, finding, log, common);
  }
  if (withheld.length > 0) {
    if (mayBeLate) return "late";
    const finding = { reason: "left-out", known, presented: pin, missing: withheld } as const;
    return buildAlarm(link, deps, finding, log, commonOf(known?.size ?? 0, proved, withheld));
  }
  if (verdict.kind !== "same") await orDefault(() => logs.storePin(reader, pin), undefined);
  if (accounts !== undefined && accounts.pin.size !== knownAccounts?.size) {
    await orDefault(() => logs.storePin(reader, accounts.pin, "accounts"), undefined);
  }
  if (own !== undefined && own.n > 0) {
    const size = own.isComplete ? (accounts?.pin.size ?? 0) : knownTo.size;
    const isNew = isReplaced || own.n !== knownTo.n || size !== knownTo.size;
    const pin = { account, n: own.n, size };
    if (isNew) await orDefault(() => logs.storeOwnAccount(reader, pin), undefined);
  }
  if (isReplaced) deps.onAccountChange(replacedAccount(deps.clock.unixMs()));
  for (const change of own?.changes ?? []) deps.onAccountChange(change);
  if (proved.length > 0) await orDefault(() => logs.markProved(reader, proved), undefined);
  await orDefault(() => logs.setAlarm(reader, undefined), undefined);
  const counts = { proved: proved.length, open: unproved.length - proved.length };
  const isComplete = own?.isComplete !== false;
  const pins = { pin, accounts: accounts?.pin };
  return { kind: "accepted", ...pins, ...counts, isComplete, person: provedPerson };
}

/** Returns the `seq` of the last known record before the first one that is not in the history. */
function commonOf(size: number, proved: readonly number[], gone: readonly KnownRecord[]): number {
  const firstGone = Math.min(...gone.map(({ seq }) => seq));
  return Math.max(size, ...proved.filter((seq) => seq < firstGone));
}

function judgeAccounts(
  known: LogPin | undefined,
  presented: ServerCheckpoint | undefined,
  sha256: Sha256,
): AuditReason | undefined {
  if (known === undefined) return undefined;
  if (presented === undefined) return "unproved";
  const verdict = judgeCheckpoint(known, presented, sha256);
  return verdict.kind === "alarm" ? verdict.reason : undefined;
}

function roomIds(link: AuditedLink): ReadonlySet<string> {
  return new Set(link.rooms().map(({ id }) => id));
}

interface ServerLogs extends ServerCheckpoint {
  readonly accounts: ServerCheckpoint | undefined;
  readonly own: AccountRecords | undefined;
  readonly person: PersonRecords | undefined;
}

/** A note of a server, and proofs that its logs have grown since known ones. */
type NotePaths = Pick<Answer<"checkpoint">, "note" | "path" | "accounts">;

/** Proof that a server is asked for in its greeting, and the knowledge behind it. */
export interface SeenQuery {
  readonly fields: (nonce: Uint8Array) => NonNullable<NoticeOf<"hello">["seen"]>;
  readonly evidence: Evidence;
}

/** Stored knowledge about a log. */
interface Evidence {
  readonly pin: LogPin | undefined;
  readonly accounts: LogPin | undefined;
  readonly own: OwnAccountPin | undefined;
  readonly confirmed: number;
  readonly unproved: readonly KnownRecord[];
  /** Number of records that the log must have. */
  readonly sizeMin: number;
}

async function evidenceOf(
  logs: LogPins,
  reader: LogReader,
  scope: "all" | "unproved",
): Promise<Evidence> {
  const pin = await orDefault(() => logs.pin(reader), undefined);
  const accounts = await orDefault(() => logs.pin(reader, "accounts"), undefined);
  const confirmed = await orDefault(() => logs.confirmed(reader), 0);
  const unproved = await orDefault(() => logs.storedRecords(reader, scope), []);
  const own = await orDefault(() => logs.ownAccount(reader), undefined);
  const sizeMin = Math.max(confirmed, unproved.at(-1)?.seq ?? 0);
  return { pin, accounts, own, confirmed, unproved, sizeMin };
}

function checkpointFields(
  { pin, accounts }: Evidence,
  own: Pick<OwnAccountPin, "n"> | undefined,
): RequestFields<"checkpoint"> {
  return { from: pin?.size ?? 0, accounts: accounts?.size ?? 0, own: own?.n ?? 0 };
}

/** Makes the server sign a newer checkpoint, which the next request returns. */
function signedFrom(sizeMin: number, accounts = 0): RequestFields<"checkpoint"> {
  return { from: sizeMin, accounts };
}

async function fetchLogs(
  { connection, key }: AuditedLink,
  { verifier }: AuditorDependencies,
  fields: RequestFields<"checkpoint">,
  sizeMin: number,
  isFresh: boolean,
): Promise<ServerLogs | "unable" | "empty" | "unsigned"> {
  const requestCheckpoint = () => connection.request("checkpoint", fields);
  try {
    let answer = await requestCheckpoint();
    const first = parseSigned(answer.note, key, verifier);
    if ((first?.checkpoint.size ?? sizeMin) < sizeMin || isFresh) {
      const accounts = isFresh ? (first?.accounts?.checkpoint.size ?? 0) + 1 : 0;
      await connection.request("checkpoint", signedFrom(sizeMin, accounts));
      answer = await requestCheckpoint();
    }
    const logs = await verifiedLogs(answer, key, verifier);
    const { own, person } = answer;
    return logs === undefined ? "unsigned" : { ...logs, own, person };
  } catch (error) {
    if (error instanceof Fault && error.code === "kind-unknown") return "unable";
    if (error instanceof Fault && error.code === "not-found") return "empty";
    throw error;
  }
}

/** @returns `undefined` if the note is not signed by the key */
async function verifiedLogs(
  { note, path, accounts: accountsPath = [] }: NotePaths,
  key: Uint8Array,
  verifier: Verifier,
): Promise<Pick<ServerLogs, "pin" | "path" | "accounts"> | undefined> {
  const signed = parseSigned(note, key, verifier);
  if (signed === undefined) return undefined;
  const { accounts } = signed;
  for (const { bytes, signature } of accounts === undefined ? [signed] : [signed, accounts]) {
    if (!(await verifier.verify(key, bytes, signature))) return undefined;
  }
  const presented = (part: UnverifiedCheckpoint, partPath: readonly Uint8Array[]) => {
    return { pin: { ...part.checkpoint, note }, path: partPath };
  };
  return { ...presented(signed, path), accounts: accounts && presented(accounts, accountsPath) };
}

function parseSigned(note: string, key: Uint8Array, { sha256 }: Verifier) {
  return unlessFault(() => findSigned(note, key, sha256));
}

interface InclusionQuery {
  readonly records: readonly KnownRecord[];
  readonly fields: RequestFields<"inclusion">;
}

function inclusionQueries(
  pin: Pick<LogPin, "size"> | undefined,
  records: readonly KnownRecord[],
): InclusionQuery[] {
  const { size = 0 } = pin ?? {};
  const included = records.filter(({ seq }) => seq <= size);
  const count = Math.ceil(included.length / PROOFS_PER_REQUEST_MAX);
  return Array.from({ length: count }, (_, index) => {
    const start = index * PROOFS_PER_REQUEST_MAX;
    const batch = included.slice(start, start + PROOFS_PER_REQUEST_MAX);
    return { records: batch, fields: { size, seqs: batch.map(({ seq }) => seq) } };
  });
}

function newestOf(records: readonly KnownRecord[], requestsMax: number): readonly KnownRecord[] {
  return records.slice(Math.max(0, records.length - requestsMax * PROOFS_PER_REQUEST_MAX));
}

/**
 * @param known checkpoint that `pin` continues. Proofs of its records are requested for its size,
 * which the client knows before the answer to its log-in.
 */
async function fetchProofs(
  connection: { readonly request: SendRequest },
  { verifier }: AuditorDependencies,
  pin: LogPin,
  records: readonly KnownRecord[],
  known?: LogPin,
): Promise<{ proved: number[]; missing: KnownRecord[]; leftOut: KnownRecord[] }> {
  const proved: number[] = [];
  const leftOut: KnownRecord[] = [];
  const missing: KnownRecord[] = [];
  const { size: knownSize = 0 } = known ?? {};
  const later = records.filter(({ seq }) => seq > knownSize);
  const parts = [[known, records] as const, [pin, later] as const];
  for (const [part, candidates] of parts) {
    for (const { records: batch, fields } of inclusionQueries(part, candidates)) {
      const { proofs } = await connection.request("inclusion", fields);
      const verdict = judgeKnownRecords(batch, proofs, part ?? pin, verifier.sha256);
      proved.push(...verdict.proved.map(({ seq }) => seq));
      missing.push(...verdict.changed);
      leftOut.push(...verdict.withheld);
    }
  }
  missing.push(...records.filter(({ seq }) => seq > pin.size));
  missing.sort((a, b) => a.seq - b.seq);
  return { proved, missing, leftOut };
}

async function buildAlarm(
  { reader, key, address }: AuditedLink,
  { logs, clock, formatTime, witness }: AuditorDependencies,
  finding: Omit<AuditFinding, "knownSize"> & {
    readonly known: LogPin | undefined;
    readonly knownSize?: number;
  },
  log?: ServerCheckpoint,
  common?: number,
): Promise<Extract<AuditOutcome, { kind: "alarm" }>> {
  const { log: name = "history", reason, known, missing } = finding;
  const sentence = formatFinding({ knownSize: known?.size ?? 0, witness, ...finding }, formatTime);
  await orDefault(() => logs.setAlarm(reader, sentence, common), undefined);
  const evidence: AuditEvidence = {
    log: name,
    reason,
    sentence,
    foundAtUnixMs: clock.unixMs(),
    server: reader.fingerprint,
    key: toBase64Url(key),
    user: reader.user,
    known: known?.note,
    shown: log?.pin.note,
    consistency: (log?.path ?? []).map(toBase64Url),
    records: missing.map((record) => ({ ...record, leaf: toBase64Url(record.leaf) })),
  };
  const code = FAULT_CODES[reason];
  const remedy = FAULTS[code].remedy.text.replace("SERVER", address);
  return {
    kind: "alarm",
    alarm: { fault: new Fault(code, sentence, { remedy }), reader, evidence },
    missing,
  };
}
