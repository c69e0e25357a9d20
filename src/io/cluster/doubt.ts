/** Holds back decisions until this node has the records that other nodes have. */

import { Fault } from "../../base/fault.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream } from "./stream.ts";

/** Progress of another node. */
export interface OtherNode {
  /** Records on its disk. */
  readonly heads: Readonly<Record<Place, number>>;
}

export interface DoubtParts {
  readonly stream: Pick<Stream, "last">;
  readonly clock: Clock;
  /** Reports the other nodes that answer at the moment; `undefined` if there are none. */
  readonly others: (() => Promise<readonly OtherNode[]>) | undefined;
  readonly isBehind: (other: OtherNode) => boolean;
  readonly reached: (seq: number) => Promise<void>;
  /** Reports whether this node stopped following the stream. */
  readonly isOver: () => boolean;
}

const RETRY_MS = 250;

/**
 * Guards against a stream whose machines lost power while it was silent: records that another node
 * has, and this one has not, must be restored before this node proposes anything in their place.
 */
export class Doubt {
  readonly #parts: DoubtParts;
  /** Number of silences, and of those after which the others were asked. */
  #raised = 0;
  #cleared = 0;

  constructor(parts: DoubtParts) {
    this.#parts = parts;
  }

  get isCleared(): boolean {
    return this.#cleared === this.#raised;
  }

  raise(): void {
    if (this.#parts.others === undefined) return;
    this.#raised++;
    if (this.#raised - this.#cleared === 1) void this.#askOthers();
  }

  async #askOthers(): Promise<void> {
    const { stream, clock, others, isBehind, reached, isOver } = this.#parts;
    while (!this.isCleared && !isOver()) {
      try {
        await stream.last(); // A node asked before it answers is as cut off as this one.
        const asked = this.#raised;
        const found = (await others?.()) ?? [];
        // Everything that they had then and the stream has is applied here by now.
        await reached(await stream.last());
        if (!found.some(isBehind)) this.#cleared = asked;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
      if (!this.isCleared) await delay(clock, RETRY_MS);
    }
  }
}
