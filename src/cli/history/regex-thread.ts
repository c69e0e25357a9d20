/** Thread that matches a regular expression against texts of other users. */

import { Fault, msg } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { dropOldest } from "../../core/evict.ts";
import { withTimeout } from "../../io/clock.ts";
import { usageFault } from "../errors.ts";

const PATTERN_LENGTH_MAX = 1_000;
/** Milliseconds for one page of records. Backtracking may otherwise take years. */
const TIMEOUT_MS = 2_000;
/** Milliseconds for one text. Bun gives up after about a second and reports no match. */
const TEXT_MS_MAX = 250;

const HITS_MAX = 10;
const HIT_LENGTH_MAX = 200;
/** Matched parts of all rows so far, which the output marks. */
const HITS_STORED_MAX = 50;

/** Matched parts of each row, if any; `undefined` if a text took too long. */
type Matches = readonly (readonly string[] | undefined)[] | undefined;

interface ThreadScope {
  onmessage: (event: { data: readonly (readonly string[])[] }) => void;
  postMessage(matches: Matches): void;
}

/** `^` and `$` match at each line, as in grep. */
const FLAGS = "mu";

/** @throws {Fault} usage if the expression is invalid or too long */
export function checkRegex(pattern: string): string {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    const message = msg`a regular expression can have at most ${PATTERN_LENGTH_MAX} characters`;
    throw usageFault(message, "shorten it");
  }
  try {
    new RegExp(pattern, FLAGS);
    return pattern;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const reason = cause.message.replace(/^Invalid regular expression: /, "");
    throw new Fault("usage", msg`${quoteText(pattern)} is not a regular expression (${reason})`, {
      remedy: "put a backslash before special characters such as ( or [, or use --grep",
      cause,
    });
  }
}

/** Keeps the main thread free, so that a slow expression ends in a fault, also on Ctrl-C. */
export class RegexThread {
  readonly #worker: Worker;
  readonly #timeoutMs: number;
  /** Parts that have matched, the newest ones last. */
  readonly hits = new Set<string>();

  /** @param pattern checked by `checkRegex` */
  constructor(pattern: string, ignoreCase: boolean, timeoutMs = TIMEOUT_MS) {
    const flags = ignoreCase ? `i${FLAGS}` : FLAGS;
    this.#timeoutMs = timeoutMs;
    // Use source text, so that the compiled binary needs no second entry point.
    const argument = JSON.stringify([pattern, flags, TEXT_MS_MAX, HITS_MAX, HIT_LENGTH_MAX]);
    const source = `(${matchLoop})(self, ${argument})`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.#worker = new Worker(url);
    this.#worker.unref();
  }

  /**
   * Returns the rows of which at least one text matches. One call must end before the next.
   * @throws {Fault} usage if the expression takes too long; the thread is then unusable
   */
  async filter<Row>(
    rows: readonly Row[],
    textsOf: (row: Row) => readonly string[],
  ): Promise<Row[]> {
    const answer = new Promise<Matches>((resolve) => {
      this.#worker.onmessage = ({ data }: MessageEvent<Matches>) => resolve(data);
    });
    this.#worker.postMessage(rows.map(textsOf));
    const matches = await withTimeout(answer, this.#timeoutMs, () => undefined);
    for (const hit of matches?.flat() ?? []) if (hit !== undefined) this.hits.add(hit);
    dropOldest(this.hits, HITS_STORED_MAX);
    if (matches !== undefined) return rows.filter((_, at) => matches[at] !== undefined);
    throw usageFault(
      "the regular expression takes too long",
      "use fewer repeats, such as .* or (a+)+",
    );
  }

  close(): void {
    this.#worker.terminate();
  }
}

function matchLoop(
  scope: ThreadScope,
  [pattern, flags, textMsMax, hitsMax, hitLengthMax]: readonly [string, string, ...number[]],
): void {
  const regex = new RegExp(pattern, `g${flags}`);
  scope.onmessage = ({ data }) => {
    let isSlow = false;
    const hitsIn = (text: string) => {
      const begin = performance.now();
      const hits: string[] = [];
      for (const [hit] of text.matchAll(regex)) {
        if (hits.push(hit.slice(0, hitLengthMax)) >= Number(hitsMax)) break;
      }
      isSlow ||= performance.now() - begin > Number(textMsMax);
      return hits;
    };
    const matches = data.map((texts) => {
      const hits = texts.flatMap(hitsIn);
      return hits.length === 0 ? undefined : hits;
    });
    scope.postMessage(isSlow ? undefined : matches);
  };
}
