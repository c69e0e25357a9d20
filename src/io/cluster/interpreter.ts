/** Interprets the stream's messages with identical results on every server. */

import { unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_WINDOW_RECORDS } from "../../base/limits-cluster.ts";
import { ClusterAdmission, type RejectionReason } from "../../core/cluster/admission.ts";
import type { Authors } from "../../core/cluster/authors.ts";
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
import { KINDS } from "../../wire/kinds.ts";
import {
  type CopiedLine,
  type Draft,
  type LogRecord,
  parseBody,
  type SealedDraft,
} from "../../wire/record.ts";
import type { LogFile } from "../log/log-file.ts";
import type { Position } from "./position.ts";
import type { Stream, StreamMessage } from "./stream.ts";

export interface InterpreterOptions {
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  readonly stream: Pick<Stream, "id">;
  readonly sha256: Sha256;
  readonly authors?: Authors | undefined;
  readonly onIgnored?: ((seq: number) => void) | undefined;
}

export type PendingRecord = PendingDraft | PendingCopy;

export interface PendingDraft {
  readonly place: Place;
  readonly seq: number;
  readonly unixMs: number;
  readonly draft: SealedDraft;
}

interface PendingCopy {
  readonly place: Place;
  readonly seq: number;
  readonly line: CopiedLine;
}

export interface MessageEffect {
  readonly id: string | undefined;
  readonly outcomes: readonly (readonly PendingRecord[] | RejectionReason)[];
  readonly copyEnd?: CopyEnd;
}

export function isObjection(
  outcome: readonly PendingRecord[] | RejectionReason,
): outcome is RejectionReason {
  return typeof outcome === "string";
}

export function pendingRecordsOf({ outcomes }: MessageEffect): readonly PendingRecord[] {
  return outcomes.flatMap((record) => (isObjection(record) ? [] : record));
}

/**
 * Logs in the order in which they are written: an account is on disk before its first record in the
 * history.
 */
export const LOG_NAMES: readonly Place[] = ["accounts", "history"];

export class Interpreter {
  readonly #options: InterpreterOptions;
  #admission = new ClusterAdmission();
  #heads: Readonly<Record<Place, number>>;
  #copied: Record<Place, number> = { history: 0, accounts: 0 };
  #isCopying = false;
  #commits: ReadonlyMap<number, string> | undefined;

  constructor(options: InterpreterOptions, heads: Readonly<Record<Place, number>>) {
    this.#options = options;
    this.#heads = heads;
  }

  get heads(): Readonly<Record<Place, number>> {
    return this.#heads;
  }

  /**
   * Seqs up to which each log was copied into the stream. The original server had already applied
   * the copied records.
   */
  get copied(): Readonly<Record<Place, number>> {
    return this.#copied;
  }

  get isCopying(): boolean {
    return this.#isCopying;
  }

  async rebuild(at: Position): Promise<void> {
    const { mirrors } = this.#options;
    const admission = new ClusterAdmission();
    let lacksBodies = false;
    for (const logName of LOG_NAMES) {
      const head = at[logName];
      for await (const record of mirrors[logName].read(head - CLUSTER_WINDOW_RECORDS + 1, head)) {
        admission.advance({ draft: draftOf(record), seq: record.head.seq });
        lacksBodies ||= record.erased !== undefined && record.head.kind === "edit";
      }
    }
    const commits = new Map<number, string>();
    if (lacksBodies) {
      for await (const { head } of mirrors.history.heads(at.history + 1, mirrors.history.head())) {
        commits.set(head.seq, head.commit);
      }
    }
    this.#commits = lacksBodies ? commits : undefined;
    this.#admission = admission;
    this.#heads = { history: at.history, accounts: at.accounts };
    this.#isCopying = at.isFilling === true;
    this.#copied = this.#isCopying ? { ...this.#heads } : { history: 0, accounts: 0 };
  }

  /** @throws {Fault} version-unsupported if a later version of this program wrote the message */
  interpret({ seq, bytes, unixMs }: StreamMessage): MessageEffect {
    const { stream, sha256 } = this.#options;
    let content: StreamContent;
    try {
      content = readStream(bytes, { id: stream.id, sha256 });
    } catch (error) {
      const isMalformed = error instanceof Fault && error.code !== "version-unsupported";
      if (!isMalformed) throw error;
      this.#options.onIgnored?.(seq);
      return NO_EFFECT;
    }
    switch (content.kind) {
      case "proposals":
        return this.#interpretProposals(content.message, unixMs);
      case "copied":
        return { id: undefined, outcomes: [this.#acceptCopied(content.copied)] };
      case "copy-end":
        if (!this.#isCopying) return NO_EFFECT;
        this.#isCopying = false;
        return { ...NO_EFFECT, copyEnd: content.end };
      case "restored":
        return {
          id: undefined,
          outcomes: [content.records.flatMap((record) => this.#acceptRestored(record))],
        };
      default:
        return unreachable(content);
    }
  }

  #interpretProposals({ id, proposals }: ProposalMessage, unixMs: number): MessageEffect {
    const outcomes = proposals.map((proposal) => {
      // Refuse all proposals during a copy, because the proposers lack the copied records.
      const objection = this.#isCopying ? "too-old" : this.#objection(proposal);
      if (objection !== undefined) return objection;
      return proposal.drafts.map(({ sealed }) => this.#addDraft({ unixMs, draft: sealed }));
    });
    return { id, outcomes };
  }

  #acceptCopied({ place, lines }: CopiedLines): readonly PendingCopy[] {
    const isFirst = this.#heads.history + this.#heads.accounts === 0;
    if (!(this.#isCopying || isFirst)) return [];
    const [first] = lines;
    if (first?.record.head.seq !== this.#heads[place] + 1) return [];
    this.#isCopying = true;
    return lines.map((line) => {
      const seq = this.#advance(place, draftOf(line.record));
      this.#copied[place] = seq;
      return { place, seq, line };
    });
  }

  #objection({ history, accounts, drafts }: SealedProposal): RejectionReason | undefined {
    if (!this.#areAuthorsKnown(drafts.map(({ sealed }) => sealed.draft))) return "unknown-author";
    const objection = this.#admission.rejectionReason({
      base: { history, accounts },
      drafts: drafts.map(({ sealed: { draft }, follows }) =>
        follows === undefined ? { draft } : { draft, follows },
      ),
    });
    if (objection !== undefined || this.#commits === undefined) return objection;
    // The check above lacks the bodies of erased edits, so also compare the commitments.
    const [first] = drafts;
    const known = this.#commits.get(this.#heads.history + 1);
    const isDifferent = known !== undefined && known !== first?.sealed.commit;
    const kind = first?.sealed.draft.kind;
    return isDifferent && (kind === "edit" || kind === "erase") ? "changed" : undefined;
  }

  /** A server would not open a history that has a record of an unknown account. */
  #areAuthorsKnown(drafts: readonly Draft[]): boolean {
    return this.#options.authors?.knowAll(drafts, this.#heads.accounts) ?? true;
  }

  #addDraft(record: Omit<PendingDraft, "place" | "seq">): PendingDraft {
    const { draft } = record.draft;
    const logName = KINDS[draft.kind].log;
    return { ...record, place: logName, seq: this.#advance(logName, draft) };
  }

  #advance(logName: Place, draft: Draft): number {
    const seq = this.#heads[logName] + 1;
    this.#heads = { ...this.#heads, [logName]: seq };
    this.#admission.advance({ draft, seq });
    if (logName === "accounts") this.#options.authors?.note({ ...draft, seq });
    return seq;
  }

  #acceptRestored(restored: RestoredRecord): PendingRecord[] {
    const { seq, draft } =
      "line" in restored
        ? { seq: restored.line.record.head.seq, draft: draftOf(restored.line.record) }
        : { seq: restored.seq, draft: restored.sealed.draft };
    const logName = KINDS[draft.kind].log;
    if (this.#isCopying || seq !== this.#heads[logName] + 1) return [];
    if (!this.#areAuthorsKnown([draft])) return [];
    if ("sealed" in restored) {
      return [this.#addDraft({ unixMs: restored.time, draft: restored.sealed })];
    }
    const { line } = restored;
    return [{ place: logName, seq: this.#advance(logName, draft), line }];
  }
}

const NO_EFFECT: MessageEffect = { id: undefined, outcomes: [] };

function draftOf(record: LogRecord): Draft {
  const { kind, room, by, id } = record.head;
  return { kind, room, by, id, body: parseBody(record) };
}
