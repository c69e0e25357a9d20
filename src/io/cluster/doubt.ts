import { Fault } from "../../base/fault.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream } from "./stream.ts";

/** How far another node is. */
export interface OtherNode {
  /** Records on its disk. */
  readonly heads: Readonly<Record<Place, number>>;
}

export interface DoubtParts {
  readonly stream: Pick<Stream, "last">;
  readonly clock: Clock;
  /** What the other nodes say that answer at the moment; left out: there are none. */
  readonly others: (() => Promise<readonly OtherNode[]>) | undefined;
  readonly isBehind: (other: OtherNode) => boolean;
  readonly reached: (seq: number) => Promise<void>;
  /** This node does not follow the stream any more. */
  readonly isOver: () => boolean;
}

const RETRY_MS = 250;

/**
 * The machines of the stream may have lost power while it was silent: what another node has of it,
 * and this one has not, must come back before this one says anything in its place.
 */
export class Doubt {
  readonly #parts: DoubtParts;
  /** Times at which the stream was silent, and those of them after which the others were asked. */
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
        await stream.last(); // Whoever is asked before it answers is as cut off as this one.
        const asked = this.#raised;
        const found = (await others?.()) ?? [];
        // What they had then, and the stream has, is here by now.
        await reached(await stream.last());
        if (!found.some(isBehind)) this.#cleared = asked;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
      if (!this.isCleared) await delay(clock, RETRY_MS);
    }
  }
}
