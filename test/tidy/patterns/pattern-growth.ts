/**
 * Finds texts for which a regular expression takes more than linear time. An automaton gives the
 * candidates: a word after which the search is at one place or at another one, at each of which it
 * can read the word again. The steps of a search in repeated words then decide.
 */

import { StepCounter } from "./pattern-steps.ts";
import {
  alphabetOf,
  isLineEnd,
  isWord,
  type Node,
  type Pattern,
  parsePattern,
} from "./pattern-tree.ts";

/** Longer repetitions count as unlimited, because their product with a long text takes long. */
const COUNT_MAX = 300;
/** Copies of what is repeated a limited number of times. */
const COPIES_MAX = 2;
const CHARS = 400;
const STEPS_MAX = 2_000_000;
/** Twice the text takes twice as long, or four times if the time grows as the square. */
const GROWTH_MAX = 2.8;
const STATES_MAX = 400_000;

/** Position of the automaton: a character of the pattern, or the search for its first one. */
interface Place {
  readonly has: (char: string) => boolean;
  readonly next: Edge[];
}

type Condition = (before: string | undefined, after: string | undefined) => boolean;

interface Edge {
  readonly to: Place;
  readonly conditions: readonly Condition[];
}

interface Part {
  readonly first: readonly Edge[];
  readonly last: readonly { readonly from: Place; readonly conditions: readonly Condition[] }[];
  /** Conditions under which the part matches nothing; absent if it cannot. */
  readonly empty?: readonly Condition[] | undefined;
}

export interface Growth {
  /** Text that shows the growth, with its repeated word. */
  readonly before: string;
  readonly word: string;
  readonly after: string;
}

/** @returns `undefined` if no text was found for which the time grows faster than its length */
export function growthOf(pattern: Pattern): Growth | undefined {
  const tree = parsePattern(pattern);
  const alphabet = alphabetOf(tree, pattern);
  const places: Place[] = [];
  const counter = new StepCounter(tree, pattern.flags);
  const tried = new Set<string>();
  for (const { before, word } of candidates(tree, pattern, alphabet, places)) {
    const key = `${before.join("")}\0${word.join("")}`;
    if (tried.has(key)) continue;
    tried.add(key);
    // Another start can keep an earlier repetition from reading the words.
    for (const start of ["", ...alphabet])
      for (const after of ["", ...alphabet, ...alphabet.map((char) => char + word.join(""))]) {
        const grown = { before: start + before.join(""), word: word.join(""), after };
        if (isGrowing(counter, grown)) return grown;
      }
  }
  return undefined;
}

function isGrowing(counter: StepCounter, { before, word, after }: Growth): boolean {
  const count = Math.ceil(CHARS / 2 / [...word].length);
  const steps = (times: number) =>
    counter.count([...before, ...word.repeat(times), ...after], STEPS_MAX);
  const [one, two] = [steps(count), steps(2 * count)];
  return two === Number.POSITIVE_INFINITY || two > GROWTH_MAX * one;
}

interface Candidate {
  readonly before: readonly string[];
  readonly word: readonly string[];
}

function* candidates(
  tree: Node,
  { flags }: Pattern,
  alphabet: readonly string[],
  places: Place[],
): Generator<Candidate> {
  const search: Place = { has: () => true, next: [] };
  search.next.push({ to: search, conditions: [] });
  places.push(search);
  const build = new Build(flags, places);
  const connect = (node: Node): void => {
    const { first } = build.part(node);
    search.next.push(...first);
  };
  connect(tree);
  // The inside of an assertion is matched at each place where the search arrives.
  for (const look of build.looks) connect(look);
  const reach = new Map(places.map((place) => [place, reachable(place)]));
  const isLooping = (place: Place) => place.next.some(({ to }) => reach.get(to)?.has(place));
  const loops = places.filter(isLooping);
  const steps = new Steps(alphabet);
  const starts = prefixes(search, steps);
  for (const from of loops) {
    for (const to of loops) {
      if (from === to ? !isDoubled(from, reach) : reach.get(from)?.has(to) !== true) continue;
      const words =
        from === to ? ownWords(from, steps, reach) : wordsBetween(from, to, steps, reach);
      for (const { first, word } of words) {
        const before = starts.get(from)?.get(first);
        if (before !== undefined) yield { before, word };
      }
    }
  }
}

class Build {
  readonly looks: Node[] = [];

  constructor(
    private readonly flags: string,
    private readonly places: Place[],
  ) {}

  part(node: Node): Part {
    switch (node.kind) {
      case "char": {
        const place: Place = { has: node.has, next: [] };
        this.places.push(place);
        const first = [{ to: place, conditions: [] }];
        return { first, last: [{ from: place, conditions: [] }] };
      }
      case "sequence":
        return node.items.reduce<Part>((before, item) => joined(before, this.part(item)), {
          first: [],
          last: [],
          empty: [],
        });
      case "choice": {
        const parts = node.options.map((option) => this.part(option));
        return {
          first: parts.flatMap(({ first }) => first),
          last: parts.flatMap(({ last }) => last),
          empty: parts.find(({ empty }) => empty !== undefined)?.empty,
        };
      }
      case "repeat":
        return this.#repeated(node);
      case "group":
        return this.part(node.item);
      case "same":
        return { first: [], last: [], empty: [] };
      case "look":
        if (node.item.kind !== "char") this.looks.push(node.item);
        return { first: [], last: [], empty: this.#condition(node) };
      default:
        return { first: [], last: [], empty: [this.#anchor(node.kind)] };
    }
  }

  #repeated({ item, min, max }: Extract<Node, { kind: "repeat" }>): Part {
    const isLoop = max > COUNT_MAX;
    const copies = Math.max(1, Math.min(isLoop ? Math.max(min, 1) : max, COPIES_MAX));
    let whole: Part = { first: [], last: [], empty: [] };
    for (let copy = 0; copy < copies; copy++) {
      let part = this.part(item);
      if (isLoop && copy === copies - 1) connected(part.last, part.first);
      if (copy >= min) part = { ...part, empty: [] };
      whole = joined(whole, part);
    }
    return whole;
  }

  /** Looks at single characters are conditions; others are assumed to hold. */
  #condition({ item, isAhead, isNegative }: Extract<Node, { kind: "look" }>): readonly Condition[] {
    const single = item.kind === "sequence" && item.items.length === 1 ? item.items[0] : item;
    if (single?.kind !== "char") return [];
    const { has } = single;
    return [
      (before, after) => {
        const char = isAhead ? after : before;
        return (char !== undefined && has(char)) !== isNegative;
      },
    ];
  }

  #anchor(kind: "start" | "end" | "boundary" | "inside"): Condition {
    const hasLines = this.flags.includes("m");
    if (kind === "start")
      return (before) => before === undefined || (hasLines && isLineEnd(before));
    if (kind === "end") return (_, after) => after === undefined || (hasLines && isLineEnd(after));
    return (before, after) => (isWord(before) !== isWord(after)) === (kind === "boundary");
  }
}

function joined(before: Part, after: Part): Part {
  connected(before.last, after.first);
  const { empty } = before;
  const skipped = after.empty;
  return {
    first: [
      ...before.first,
      ...(empty === undefined
        ? []
        : after.first.map(({ to, conditions }) => ({ to, conditions: [...empty, ...conditions] }))),
    ],
    last: [
      ...after.last,
      ...(skipped === undefined
        ? []
        : before.last.map(({ from, conditions }) => ({
            from,
            conditions: [...conditions, ...skipped],
          }))),
    ],
    empty: empty === undefined || skipped === undefined ? undefined : [...empty, ...skipped],
  };
}

function connected(last: Part["last"], first: readonly Edge[]): void {
  for (const { from, conditions } of last)
    for (const edge of first)
      from.next.push({ to: edge.to, conditions: [...conditions, ...edge.conditions] });
}

function reachable(from: Place): ReadonlySet<Place> {
  const found = new Set<Place>();
  const open = [from];
  for (let place = open.pop(); place !== undefined; place = open.pop())
    for (const { to } of place.next)
      if (!found.has(to)) {
        found.add(to);
        open.push(to);
      }
  return found;
}

/** Places after one more character. */
class Steps {
  readonly #known = new Map<Place, Map<string, readonly Place[]>>();

  constructor(readonly alphabet: readonly string[]) {}

  from(place: Place, before: string | undefined, char: string): readonly Place[] {
    const known = this.#known.get(place) ?? new Map<string, readonly Place[]>();
    this.#known.set(place, known);
    const key = `${before ?? ""}\0${char}`;
    const found =
      known.get(key) ??
      place.next
        .filter(
          ({ to, conditions }) => to.has(char) && conditions.every((holds) => holds(before, char)),
        )
        .map(({ to }) => to);
    known.set(key, found);
    return found;
  }
}

/** Shortest texts after which the search can be at each place, by their last character. */
function prefixes(search: Place, steps: Steps): Map<Place, Map<string, readonly string[]>> {
  const found = new Map<Place, Map<string, readonly string[]>>();
  let open: { readonly place: Place; readonly text: readonly string[] }[] = [
    { place: search, text: [] },
  ];
  for (const char of steps.alphabet)
    for (const place of steps.from(search, undefined, char)) open.push({ place, text: [char] });
  while (open.length > 0) {
    const following: typeof open = [];
    for (const { place, text } of open) {
      const last = text.at(-1) ?? "";
      const known = found.get(place) ?? new Map<string, readonly string[]>();
      if (known.has(last)) continue;
      found.set(place, known.set(last, text));
      for (const char of steps.alphabet)
        for (const to of steps.from(place, text.at(-1), char))
          if (found.get(to)?.has(char) !== true)
            following.push({ place: to, text: [...text, char] });
    }
    open = following;
  }
  return found;
}

interface Word {
  /** Character before the word, which is also its last one. */
  readonly first: string;
  readonly word: readonly string[];
}

type Reach = ReadonlyMap<Place, ReadonlySet<Place>>;

/** Words that lead from one place to itself and to the other one, and from that to itself. */
function* wordsBetween(from: Place, to: Place, steps: Steps, reach: Reach): Generator<Word> {
  const isInLoop = (place: Place, loop: Place) => reach.get(place)?.has(loop) === true;
  for (const first of steps.alphabet) {
    if (!from.has(first) || !to.has(first)) continue;
    const ids = new Map<Place, number>();
    const id = (place: Place) => ids.get(place) ?? ids.set(place, ids.size).size - 1;
    const seen = new Set<string>();
    let open = [{ a: from, b: from, c: to, before: first, word: [] as readonly string[] }];
    while (open.length > 0 && seen.size < STATES_MAX) {
      const following: typeof open = [];
      for (const { a, b, c, before, word } of open) {
        for (const char of steps.alphabet) {
          const text = [...word, char];
          for (const nextA of steps.from(a, before, char)) {
            if (!isInLoop(nextA, from)) continue;
            for (const nextC of steps.from(c, before, char)) {
              if (!isInLoop(nextC, to)) continue;
              for (const nextB of steps.from(b, before, char)) {
                if (nextB !== to && !isInLoop(nextB, to)) continue;
                const key = `${id(nextA)} ${id(nextB)} ${id(nextC)} ${char}`;
                if (seen.has(key)) continue;
                seen.add(key);
                const isFound = nextA === from && nextB === to && nextC === to && char === first;
                if (isFound) yield { first, word: text };
                following.push({ a: nextA, b: nextB, c: nextC, before: char, word: text });
              }
            }
          }
        }
      }
      open = following;
    }
  }
}

/** Reports whether two paths without a character lead from the place to one that leads back. */
function isDoubled(place: Place, reach: Reach): boolean {
  const inLoop = place.next.filter(({ to }) => reach.get(to)?.has(place) === true);
  return new Set(inLoop.map(({ to }) => to)).size < inLoop.length;
}

/** Words that lead from a place to itself. */
function* ownWords(place: Place, steps: Steps, reach: Reach): Generator<Word> {
  for (const first of steps.alphabet) {
    if (!place.has(first)) continue;
    const seen = new Map<Place, Set<string>>();
    let open = [{ at: place, before: first, word: [] as readonly string[] }];
    while (open.length > 0) {
      const following: typeof open = [];
      for (const { at, before, word } of open)
        for (const char of steps.alphabet)
          for (const next of steps.from(at, before, char)) {
            if (reach.get(next)?.has(place) !== true) continue;
            const known = seen.get(next) ?? new Set();
            if (known.has(char)) continue;
            seen.set(next, known.add(char));
            if (next === place && char === first) yield { first, word: [...word, char] };
            following.push({ at: next, before: char, word: [...word, char] });
          }
      open = following;
    }
  }
}
