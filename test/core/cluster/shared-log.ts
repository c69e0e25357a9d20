import { Fault } from "../../../src/base/fault.ts";
import { Admission } from "../../../src/core/cluster/admission.ts";
import { placeOf } from "../../../src/core/cluster/claims.ts";
import type { EngineInput } from "../../../src/core/rooms/engine-io.ts";
import type { Draft, LogRecord } from "../../../src/wire/record.ts";
import { CheckedLedger } from "../checked-ledger.ts";
import type { Ledger } from "../ledger.ts";
import type { Append, Weather } from "../troubled-log.ts";

interface Decision extends Append {
  readonly base: number;
}

interface Message {
  readonly outcomes: readonly (readonly LogRecord[] | "void")[];
  readonly group: readonly Decision[];
  readonly from: Member;
}

/** One server, as the stream knows it. */
class Member {
  readonly #handle: (input: EngineInput) => void;
  readonly queue: Decision[] = [];
  /** Published, and waited for. */
  readonly sent = new Set<readonly Decision[]>();
  /** Messages that it has applied, and records that it has heard of. */
  applied = 0;
  #told = 0;

  constructor(handle: (input: EngineInput) => void) {
    this.#handle = handle;
  }

  append(append: Append): void {
    this.queue.push({ ...append, base: this.#told });
  }

  apply({ outcomes, group }: Message): void {
    this.applied++;
    for (const outcome of outcomes) {
      if (outcome === "void") continue;
      for (const record of outcome) {
        this.#told = record.head.seq;
        this.#handle({ kind: "record", record });
      }
    }
    if (!this.sent.delete(group)) return;
    for (const [at, { token }] of group.entries()) {
      const outcome = outcomes[at];
      const record = outcome === "void" ? undefined : outcome?.at(-1);
      if (record !== undefined) this.#handle({ kind: "appended", token, record });
      else this.#fail(token, new Fault("log-conflict", "something has changed"));
    }
  }

  /** Whether it is recorded, nobody knows. */
  giveUp(group: readonly Decision[]): void {
    this.sent.delete(group);
    const fault = new Fault("no-majority", "no majority", { retryAfterMs: 100 });
    for (const { token } of group) this.#fail(token, fault);
  }

  #fail(token: number, fault: Fault): void {
    this.#handle({ kind: "failed", token, fault });
  }
}

/**
 * A stream that several servers share: it brings each of them the same messages, some later than
 * others, loses some, and has some twice.
 */
export class SharedLog {
  isTroubled = true;
  readonly #checked = new CheckedLedger();
  readonly #admission = new Admission();
  readonly #members: Member[] = [];
  readonly #stream: Message[] = [];
  readonly #random: () => number;
  readonly #weather: Weather;

  constructor(random: () => number, weather: Weather) {
    this.#random = random;
    this.#weather = weather;
  }

  join(handle: (input: EngineInput) => void): Member {
    const member = new Member(handle);
    this.#members.push(member);
    return member;
  }

  get ledger(): Ledger {
    return this.#checked.ledger;
  }

  get isIdle(): boolean {
    return this.#members.every(
      ({ queue, sent, applied }) =>
        queue.length + sent.size === 0 && applied === this.#stream.length,
    );
  }

  found(draft: Draft): void {
    const [from] = this.#members;
    if (from === undefined) return;
    this.#store(from, [{ token: 0, drafts: [draft], base: 0 }]);
    for (const member of this.#members) this.#bring(member);
  }

  step(): void {
    const steps = this.isTroubled ? 1 : this.#members.length;
    for (let step = 0; step < steps; step++) {
      const member = this.#members[Math.floor(this.#random() * this.#members.length)];
      if (member === undefined) return;
      if (this.#random() < 0.4) this.#publish(member);
      else this.#bring(member);
    }
  }

  /** One message of a member is on its way at a time. */
  #publish(member: Member): void {
    if (member.queue.length === 0 || member.sent.size > 0) return;
    const count = 1 + Math.floor(this.#random() * member.queue.length);
    const group = member.queue.splice(0, count);
    member.sent.add(group);
    const chance = this.isTroubled ? this.#random() * 100 : 100;
    const isLost = chance < this.#weather.logFailPercent / 2;
    if (!isLost) this.#store(member, group);
    if (!isLost && chance < this.#weather.logFailPercent * 0.75) this.#store(member, group);
    if (chance < this.#weather.logFailPercent) member.giveUp(group);
  }

  #bring(member: Member): void {
    const message = this.#stream[member.applied];
    if (message !== undefined) member.apply(message);
  }

  #store(from: Member, group: readonly Decision[]): void {
    const outcomes = group.map(({ base, drafts, follows }) => {
      const proposed = drafts.map((draft) =>
        follows === undefined ? { draft } : { draft, follows },
      );
      const proposal = { base: { history: base, accounts: 0 }, drafts: proposed };
      if (this.#admission.objection(proposal) !== undefined) return "void" as const;
      return drafts.map((draft) => {
        if (placeOf(draft.kind) !== "history") throw new Error(`${draft.kind} in the history`);
        const record = this.#checked.append(draft);
        this.#admission.advance({ draft, seq: record.head.seq });
        return record;
      });
    });
    this.#stream.push({ outcomes, group, from });
  }
}
