/** Comparison of what the programs of `npm run soak -- irc` display with the server's history. */
import type { Json } from "../test/e2e/program.ts";

/** Every message of the soak begins with its own token, such as `lab.00017`. */
const TOKEN = /\b[a-z]+\.\d{5}\b/g;
/**
 * Milliseconds before a disconnection whose messages an IRC client may receive again. The server
 * asks for a receipt 5 s after the last one, and irssi takes up to 2.2 s for each of them.
 */
export const REPEAT_WINDOW_MS = 10_000;

export function tokensIn(text: string): string[] {
  return [...text.matchAll(TOKEN)].map(([token]) => token);
}

/** @returns the room's first name, or `dm` for a direct conversation */
export function baseOf(target: string): string {
  return target.startsWith("@") ? "dm" : target.replace(/-\d+$/, "");
}

interface Post {
  readonly token: string;
  readonly base: string;
  readonly seq: number;
  readonly unixMs: number;
  /** Accounts of a direct conversation. */
  readonly readers: readonly string[];
  readonly edits: string[];
  isErased: boolean;
}

interface Membership {
  readonly account: string;
  readonly base: string;
  readonly from: number;
  to: number;
}

/** The server's history. */
export class Truth {
  /** Posts by their first token. */
  readonly posts = new Map<string, Post>();
  readonly #bySeq = new Map<number, Post>();
  #memberships: Membership[] = [];
  lastSeq = 0;

  /** @param records the whole history, or more */
  read(records: readonly Json[]): void {
    this.#memberships = [];
    for (const record of records) this.#add(record);
  }

  seqOf(token: string): number {
    return this.posts.get(token)?.seq ?? 0;
  }

  isMember(account: string, { base, seq, readers }: Post): boolean {
    if (base === "dm") return readers.includes(account);
    return this.#memberships.some((stay) => {
      return stay.account === account && stay.base === base && stay.from < seq && seq < stay.to;
    });
  }

  isIn(account: string, base: string): boolean {
    return this.#memberships.some((stay) => {
      return stay.account === account && stay.base === base && stay.to === Number.POSITIVE_INFINITY;
    });
  }

  #add(record: Json): void {
    const { kind, from, time, room, to } = record as Record<string, unknown> & Json;
    const [seq, base] = [Number(record["seq"] ?? 0), baseOf(String(room ?? "@"))];
    this.lastSeq = Math.max(this.lastSeq, kind === "erased" ? 0 : seq);
    if (kind === "join") {
      const stay = { account: String(from), base, from: seq, to: Number.POSITIVE_INFINITY };
      this.#memberships.push(stay);
    } else if (kind === "leave") {
      for (const stay of this.#memberships)
        if (stay.account === from && stay.base === base && stay.from < seq)
          stay.to = Math.min(stay.to, seq);
    } else if (kind === "erased") {
      const post = this.#bySeq.get(seq);
      if (post !== undefined) post.isErased = true;
    }
    const [token] = tokensIn(String((kind === "file" ? record["name"] : record["text"]) ?? ""));
    if (token === undefined) return;
    if (kind === "edited") {
      const post = this.#bySeq.get(Number(record["of"]));
      if (post?.edits.includes(token) === false) post.edits.push(token);
    } else if (!this.posts.has(token)) {
      const readers = [String(from), String(to ?? "").replace("@", "")];
      const unixMs = Date.parse(String(time));
      const post = { token, base, seq, unixMs, readers, edits: [], isErased: false };
      this.posts.set(token, post);
      this.#bySeq.set(seq, post);
    }
  }
}

/** Time in which a program lost its connection. */
interface Outage {
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
}

export interface Findings {
  readonly lost: Set<string>;
  /** With the number of repetitions. */
  readonly repeated: Map<string, number>;
  readonly repeatedInWindow: Map<string, number>;
  /** Shown in another room, to a non-member, or after an edit or erasure. */
  readonly wrong: Set<string>;
}

export function createFindings(): Findings {
  return { lost: new Set(), repeated: new Map(), repeatedInWindow: new Map(), wrong: new Set() };
}

interface Viewer {
  readonly account: string;
  readonly isLog: boolean;
  readonly outages: readonly Outage[];
}

/**
 * @param view tokens that the program displays in the room or conversations
 * @param since last `seq` that it need not display, unless it is a log: screens show the newest
 */
export function compare(
  truth: Truth,
  base: string,
  viewer: Viewer,
  view: readonly string[],
  since: number,
  findings: Findings,
): void {
  const counts = new Map<string, number>();
  for (const token of view) counts.set(token, (counts.get(token) ?? 0) + 1);
  const count = (token: string) => counts.get(token) ?? 0;
  const first = viewer.isLog ? 0 : since;
  for (const post of truth.posts.values()) {
    const versions = [post.token, ...post.edits];
    if (post.base !== base) {
      if (versions.some((token) => count(token) > 0)) findings.wrong.add(post.token);
      continue;
    }
    if (post.seq <= first) continue;
    const isMember = truth.isMember(viewer.account, post);
    for (const token of versions) {
      const repeats = count(token) - 1;
      const isIn = viewer.isLog && isInWindow(post, viewer.outages);
      if (repeats > 0) (isIn ? findings.repeatedInWindow : findings.repeated).set(token, repeats);
    }
    const newest = post.edits.at(-1) ?? post.token;
    const isShown = viewer.isLog ? versions.some((token) => count(token) > 0) : count(newest) > 0;
    if (isMember && !post.isErased && !isShown) findings.lost.add(post.token);
    if (viewer.isLog ? !isMember && isShown : isStale(post, count)) findings.wrong.add(post.token);
  }
}

function isInWindow({ unixMs }: Post, outages: readonly Outage[]): boolean {
  return outages.some(({ fromUnixMs, toUnixMs }) => {
    return unixMs >= fromUnixMs - REPEAT_WINDOW_MS && unixMs <= toUnixMs;
  });
}

/** Reports whether a view with the newest versions displays an old one. */
function isStale({ token, edits, isErased }: Post, count: (token: string) => number): boolean {
  const old = isErased ? [token, ...edits] : [token, ...edits].slice(0, -1);
  return old.some((version) => count(version) > 0);
}
