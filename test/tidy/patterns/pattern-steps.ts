/** Counts the steps of a search by backtracking, so that growth is measured without a clock. */

import { isLineEnd, isWord, type Node } from "./pattern-tree.ts";

type Continue = (at: number) => boolean;
type Match = (at: number, next: Continue) => boolean;

class TooManySteps extends Error {}

/** Length of what the node matches, if it is always the same. */
function lengthOf(node: Node): number | undefined {
  switch (node.kind) {
    case "char":
      return 1;
    case "sequence":
      return sum(node.items.map(lengthOf));
    case "choice": {
      const [first, ...others] = node.options.map(lengthOf);
      return others.every((length) => length === first) ? first : undefined;
    }
    case "repeat": {
      const length = lengthOf(node.item);
      return node.min === node.max && length !== undefined ? node.min * length : undefined;
    }
    case "group":
      return lengthOf(node.item);
    case "same":
      return undefined;
    default:
      return 0;
  }
}

function sum(lengths: readonly (number | undefined)[]): number | undefined {
  return lengths.reduce((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
}

export class StepCounter {
  #steps = 0;
  #text: readonly string[] = [];
  #captures: (readonly [number, number] | undefined)[] = [];
  readonly #match: Match;

  constructor(
    tree: Node,
    private readonly flags: string,
  ) {
    this.#match = this.#compiled(tree);
  }

  /**
   * Steps of finding all matches in the text, as a program needs that replaces or divides.
   * @returns Infinity if there are more than `max`
   */
  count(text: readonly string[], max: number): number {
    this.#steps = 0;
    this.#text = text;
    this.#max = max;
    try {
      for (let from = 0; from <= text.length; ) {
        let end = -1;
        this.#captures = [];
        const isFound = this.#match(from, (at) => {
          end = at;
          return true;
        });
        from = isFound && end > from ? end : from + 1;
      }
    } catch (error) {
      if (error instanceof TooManySteps) return Number.POSITIVE_INFINITY;
      throw error;
    }
    return this.#steps;
  }

  #max = 0;

  #step(): void {
    if (++this.#steps > this.#max) throw new TooManySteps();
  }

  #compiled(node: Node): Match {
    switch (node.kind) {
      case "char":
        return (at, next) => {
          this.#step();
          const char = this.#text[at];
          return char !== undefined && node.has(char) && next(at + 1);
        };
      case "sequence":
        return node.items
          .map((item) => this.#compiled(item))
          .reduceRight<Match>(
            (rest, item) => (at, next) => item(at, (middle) => rest(middle, next)),
            (at, next) => next(at),
          );
      case "choice": {
        const options = node.options.map((option) => this.#compiled(option));
        return (at, next) => options.some((option) => option(at, next));
      }
      case "repeat":
        return this.#repeated(node);
      case "group": {
        const item = this.#compiled(node.item);
        return (at, next) => {
          const before = this.#captures[node.index];
          return item(at, (end) => {
            const inside = this.#captures[node.index];
            this.#captures[node.index] = [at, end];
            if (next(end)) return true;
            this.#captures[node.index] = inside ?? before;
            return false;
          });
        };
      }
      case "same":
        return (at, next) => {
          const [from, to] = this.#captures[node.index] ?? [0, 0];
          for (let i = 0; i < to - from; i++) {
            this.#step();
            if (this.#text[at + i] !== this.#text[from + i]) return false;
          }
          return next(at + to - from);
        };
      case "look":
        return this.#look(node);
      default:
        return (at, next) => {
          this.#step();
          return this.#holds(node.kind, at) && next(at);
        };
    }
  }

  #holds(kind: "start" | "end" | "boundary" | "inside", at: number): boolean {
    const [before, after] = [this.#text[at - 1], this.#text[at]];
    const hasLines = this.flags.includes("m");
    if (kind === "start") return at === 0 || (hasLines && isLineEnd(before));
    if (kind === "end") return at === this.#text.length || (hasLines && isLineEnd(after));
    return (isWord(before) !== isWord(after)) === (kind === "boundary");
  }

  #repeated({ item, min, max, isLazy }: Extract<Node, { kind: "repeat" }>): Match {
    const one = this.#compiled(item);
    const from = (count: number, at: number, next: Continue): boolean => {
      const more = () =>
        count < max && one(at, (end) => (end > at || count < min) && from(count + 1, end, next));
      if (count < min) return more();
      return isLazy ? next(at) || more() : more() || next(at);
    };
    return (at, next) => from(0, at, next);
  }

  #look({ item, isAhead, isNegative }: Extract<Node, { kind: "look" }>): Match {
    const inner = this.#compiled(item);
    const length = isAhead ? undefined : lengthOf(item);
    const found = (at: number): boolean => {
      if (isAhead) return inner(at, () => true);
      const first = length === undefined ? 0 : at - length;
      for (let from = length === undefined ? at : first; from >= Math.max(0, first); from--)
        if (inner(from, (end) => end === at)) return true;
      return false;
    };
    return (at, next) => {
      this.#step();
      return found(at) !== isNegative && next(at);
    };
  }
}
