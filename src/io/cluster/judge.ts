/** Decides what each message of the stream means, identically on every server. */

import { unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_WINDOW_RECORDS } from "../../base/limits-cluster.ts";
import { Admission, type Objection } from "../../core/cluster/admission.ts";
import type { Place } from "../../core/cluster/claims.ts";
import {
  type CopiedLines,
  type CopyEnd,
  type ProposalMessage,
  type RestoredRecord,
  readStream,
  type SealedProposal,
  type StreamContent,
} from "../../core/cluster/messages.ts";
import { KINDS, type RecordKind } from "../../wire/kinds.ts";
import {
  type CopiedLine,
  type Draft,
  type LogRecord,
  parseBody,
  type SealedDraft,
} from "../../wire/record.ts";
import type { LogFile } from "../log/log-file.ts";
import type { Position } from "./position.ts";
import type { StreamMessage } from "./stream.ts";

export interface JudgeParts {
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  readonly sha256: Sha256;
}

/** A record that was decided and is not in this node's log yet. */
export type Owed = OwedDraft | OwedCopy;

export interface OwedDraft {
  readonly place: Place;
  readonly seq: number;
  readonly unixMs: number;
  readonly draft: SealedDraft;
}

interface OwedCopy {
  readonly place: Place;
  readonly seq: number;
  readonly line: CopiedLine;
}

/** Effect of one message. */
export interface Applied {
  readonly id: string | undefined;
  readonly outcomes: readonly (readonly Owed[] | Objection)[];
  /** Expected state of both logs at that point. */
  readonly end?: CopyEnd;
}

export function isObjection(outcome: readonly Owed[] | Objection): outcome is Objection {
  return typeof outcome === "string";
}

export function owedOf({ outcomes }: Applied): readonly Owed[] {
  return outcomes.flatMap((one) => (isObjection(one) ? [] : one));
}

/** In this order: an account is on disk before its first record in the history. */
export const PLACES: readonly Place[] = ["accounts", "history"];

/** Interprets the messages of the stream, identically on every node. */
export class Judge {
  readonly #parts: JudgeParts;
  #admission = new Admission();
  #heads: Readonly<Record<Place, number>>;
  #copied: Record<Place, number> = { history: 0, accounts: 0 };
  #isFilling = false;
  /** Commitments of records that this node has, for a window that lacks everything they changed. */
  #commits: ReadonlyMap<number, string> | undefined;

  constructor(parts: JudgeParts, heads: Readonly<Record<Place, number>>) {
    this.#parts = parts;
    this.#heads = heads;
  }

  /** Length of each log according to the stream, including records not written yet. */
  get heads(): Readonly<Record<Place, number>> {
    return this.#heads;
  }

  /** Length up to which each log was copied: what those records order was done before the copy. */
  get copied(): Readonly<Record<Place, number>> {
    return this.#copied;
  }

  /** A log from before the cluster is being copied. */
  get isFilling(): boolean {
    return this.#isFilling;
  }

  /** Rebuilds what is known of the last records, as of that position. */
  async rebuild(at: Position): Promise<void> {
    const { mirrors } = this.#parts;
    const admission = new Admission();
    let isBlind = false;
    for (const place of PLACES) {
      const head = at[place];
      for await (const record of mirrors[place].read(head - CLUSTER_WINDOW_RECORDS + 1, head)) {
        admission.advance({ draft: draftOf(record), seq: record.head.seq });
        isBlind ||= record.erased !== undefined && record.head.kind === "edit";
      }
    }
    const commits = new Map<number, string>();
    if (isBlind) {
      for await (const { head } of mirrors.history.heads(at.history + 1, mirrors.history.head())) {
        commits.set(head.seq, head.commit);
      }
    }
    this.#commits = isBlind ? commits : undefined;
    this.#admission = admission;
    this.#heads = { history: at.history, accounts: at.accounts };
    this.#isFilling = at.isFilling === true;
    this.#copied = this.#isFilling ? { ...this.#heads } : { history: 0, accounts: 0 };
  }

  /**
   * Judges the next message of the stream.
   * @throws Fault version-unsupported: the message and all later ones cannot be interpreted
   */
  judge({ bytes, unixMs }: StreamMessage): Applied {
    let content: StreamContent;
    try {
      content = readStream(bytes, this.#parts.sha256);
    } catch (error) {
      const isMalformed = error instanceof Fault && error.code !== "version-unsupported";
      if (isMalformed) return NOTHING;
      throw error;
    }
    switch (content.kind) {
      case "proposals":
        return this.#judgeProposals(content.message, unixMs);
      case "copied":
        return { id: undefined, outcomes: [this.#copiedOf(content.copied)] };
      case "copy-end":
        if (!this.#isFilling) return NOTHING;
        this.#isFilling = false;
        return { ...NOTHING, end: content.end };
      case "restored":
        return { id: undefined, outcomes: [content.records.flatMap((one) => this.#takeBack(one))] };
      default:
        return unreachable(content);
    }
  }

  #judgeProposals({ id, proposals }: ProposalMessage, unixMs: number): Applied {
    const outcomes = proposals.map((proposal) => {
      // Its author has not seen what is being copied.
      const objection = this.#isFilling ? "too-old" : this.#objection(proposal);
      if (objection !== undefined) return objection;
      return proposal.drafts.map(({ sealed }) => this.#owe({ unixMs, draft: sealed }));
    });
    return { id, outcomes };
  }

  /** A copy comes before all decisions; a line that is not the next one is ignored. */
  #copiedOf({ place, lines }: CopiedLines): readonly OwedCopy[] {
    const isFirst = this.#heads.history + this.#heads.accounts === 0;
    if (!(this.#isFilling || isFirst)) return [];
    const [first] = lines;
    if (first?.record.head.seq !== this.#heads[place] + 1) return [];
    this.#isFilling = true;
    return lines.map((line) => {
      const seq = this.#advance(place, draftOf(line.record));
      this.#copied[place] = seq;
      return { place, seq, line };
    });
  }

  #objection({ history, accounts, drafts }: SealedProposal): Objection | undefined {
    const objection = this.#admission.objection({
      base: { history, accounts },
      drafts: drafts.map(({ sealed: { draft }, follows }) =>
        follows === undefined ? { draft } : { draft, follows },
      ),
    });
    if (objection !== undefined || this.#commits === undefined) return objection;
    // The target of an edit was erased with its text, but the outcome of this decision is known.
    const [first] = drafts;
    const found = this.#commits.get(this.#heads.history + 1);
    const isOther = found !== undefined && found !== first?.sealed.commit;
    return isOther && isOfRecord(first?.sealed.draft.kind) ? "changed" : undefined;
  }

  #owe(one: Omit<OwedDraft, "place" | "seq">): OwedDraft {
    const { draft } = one.draft;
    const place = KINDS[draft.kind].log;
    return { ...one, place, seq: this.#advance(place, draft) };
  }

  /** @returns its seq in the log */
  #advance(place: Place, draft: Draft): number {
    const seq = this.#heads[place] + 1;
    this.#heads = { ...this.#heads, [place]: seq };
    this.#admission.advance({ draft, seq });
    return seq;
  }

  /** Records that the stream had lost; empty for those already known. */
  #takeBack(restored: RestoredRecord): Owed[] {
    const { seq, kind } =
      "line" in restored
        ? restored.line.record.head
        : { seq: restored.seq, kind: restored.sealed.draft.kind };
    const place = KINDS[kind].log;
    if (this.#isFilling || seq !== this.#heads[place] + 1) return [];
    if ("sealed" in restored) {
      return [this.#owe({ unixMs: restored.time, draft: restored.sealed })];
    }
    const { line } = restored;
    return [{ place, seq: this.#advance(place, draftOf(line.record)), line }];
  }
}

const NOTHING: Applied = { id: undefined, outcomes: [] };

/** Reports whether the kind changes another record. */
function isOfRecord(kind: RecordKind | undefined): boolean {
  return kind === "edit" || kind === "erase";
}

/** Returns the record as a draft without its seq, and without its body if erased. */
function draftOf(record: LogRecord): Draft {
  const { kind, room, by, id } = record.head;
  return { kind, room, by, id, body: parseBody(record) };
}
