import type { Dice } from "./dice.ts";
import { QUESTION_KINDS, type Question } from "./questions.ts";
import { TRICKS, type Trick } from "./stranger.ts";

/** One thing that happens in a world: plain data, so that a run can be read like a script. */
export type Operation =
  | { readonly kind: "post"; readonly by: number; readonly posts: readonly Post[] }
  | { readonly kind: "join" | "create" | "leave" | "topic"; readonly by: number; room: string }
  | { readonly kind: "history" | "who" | "rooms" | "passwd" | "relogin"; readonly by: number }
  | { readonly kind: "operate"; readonly by: number }
  | { readonly kind: "question"; readonly by: number; readonly question: Question }
  /** `back`: how far before the newest record the one stands that this is about. */
  | { readonly kind: "edit" | "erase" | "react"; readonly by: number; readonly back: number }
  | {
      readonly kind: "kick" | "mute" | "grant";
      readonly by: number;
      readonly room: string;
      readonly user: string;
      readonly on: boolean;
    }
  | { readonly kind: "ban"; readonly by: number; readonly on: boolean }
  | { readonly kind: "cut"; readonly by: number | undefined; readonly afterMs: number }
  | { readonly kind: "stall"; readonly by: number; readonly toServer: boolean; forMs: number }
  | { readonly kind: "look-away"; readonly by: number; readonly forMs: number }
  | { readonly kind: "close"; readonly by: number; readonly forMs: number }
  | { readonly kind: "kill"; readonly by: number; readonly isSilent: boolean; forMs: number }
  | { readonly kind: "crash"; power: boolean; readonly isSilent: boolean; awayMs: number }
  | { readonly kind: "stop"; readonly awayMs: number }
  | { readonly kind: "stop-within"; readonly calls: number }
  | { readonly kind: "full"; readonly bytes: number; readonly forMs: number }
  | { readonly kind: "disk"; readonly full: number; short: number; broken: number; forMs: number }
  | { readonly kind: "stranger"; readonly trick: Trick; readonly forMs: number }
  | { readonly kind: "wall"; readonly by: number | undefined; readonly jumpMs: number };

export interface Post {
  readonly to: string;
  readonly sizeChars: number;
}

/** What is likely in one world: each has its own, so that each trouble is met alone and mixed. */
export interface Temper {
  readonly steps: number;
  readonly pauseMsMax: number;
  readonly delayMsMax: number;
  readonly unreachable: number;
  readonly homesMax: number;
  readonly postsPerSecond: number | undefined;
  readonly textCharsMax: number;
  /** How likely somebody says sixty things at once. */
  readonly burst: number;
  /** That there are from the start. */
  readonly rooms: readonly string[];
  /** One of the members does not keep to the protocol. */
  readonly isBetrayed: boolean;
  /** What newcomers need; undefined: nothing. */
  readonly roomSecret: string | undefined;
  readonly questions: readonly Question["ask"][];
  readonly weights: Readonly<Record<Operation["kind"], number>>;
}

export const PEOPLE = ["ana", "bob", "eve"];
const ROOMS = ["lobby", "lobby", "one", "two", "One"];
const TARGETS = [...ROOMS, ...ROOMS, "@ana", "@bob", "@eve", "@nobody", "nowhere"];

export function temperOf(dice: Dice): Temper {
  // Long texts and readers that stall: enough to pass what may be queued for one of them.
  const isHeavy = dice.chance(0.005);
  // Less is said, and more is arranged, pinned and looked after.
  const isSettled = !isHeavy && dice.chance(0.5);
  const some = (weight: number, probability = 0.5) => (dice.chance(probability) ? weight : 0);
  return {
    steps: (isSettled ? 60 : 30) + dice.int(40),
    pauseMsMax: dice.pick([20, 60, 200, 1_500]),
    delayMsMax: dice.pick(isSettled ? [1, 20] : [1, 20, 20, 200]),
    unreachable: dice.pick(isSettled ? [0] : [0, 0, 0.1, 0.4]),
    homesMax: dice.pick([1, 2]),
    postsPerSecond: dice.chance(0.2) ? 20 : undefined,
    textCharsMax: isHeavy ? 60_000 : dice.pick([1, 40, 40, 900]),
    burst: isHeavy ? 0.8 : isSettled ? 0.01 : 0.1,
    rooms: isSettled ? ["one", "two"] : dice.pick([[], ["one"], ["one", "two"], ["one", "two"]]),
    isBetrayed: dice.chance(0.15),
    roomSecret: dice.chance(0.2) ? "room's secret" : undefined,
    questions: QUESTION_KINDS.filter(() => dice.chance(0.5)),
    weights: {
      post: isSettled ? 20 : 40,
      question: isSettled ? 90 : some(10),
      join: 8,
      create: 6,
      leave: some(6, 0.7),
      topic: some(3),
      history: some(4),
      who: some(2),
      rooms: some(1),
      passwd: some(1),
      relogin: some(3),
      operate: some(3, 0.3),
      edit: some(5, 0.7),
      erase: some(5, 0.7),
      react: some(3),
      kick: some(4),
      mute: some(4),
      grant: some(3),
      ban: some(1),
      cut: some(8, 0.8),
      stall: isHeavy ? 20 : some(4),
      "look-away": some(3, 0.3),
      close: some(2),
      kill: some(4),
      crash: some(3, 0.6),
      stop: some(2),
      "stop-within": some(3),
      full: some(2, 0.3),
      disk: some(3, 0.3),
      stranger: some(4, 0.3),
      wall: some(2, 0.3),
    },
  };
}

export function drawOperation(dice: Dice, temper: Temper, devices: number): Operation {
  const kind = drawKind(dice, temper.weights);
  const by = dice.int(devices);
  const forMs = dice.pick([100, 2_000, 20_000, 70_000]);
  const awayMs = dice.int(3_000);
  switch (kind) {
    case "post": {
      const count = dice.chance(temper.burst) ? 60 : 1 + dice.int(5);
      const size = () => dice.int(temper.textCharsMax);
      const post = () => ({ to: dice.pick(TARGETS), sizeChars: Math.max(size(), size()) });
      return { kind, by, posts: Array.from({ length: count }, post) };
    }
    case "join":
    case "create":
    case "leave":
    case "topic":
      return { kind, by, room: dice.pick(ROOMS) };
    case "history":
    case "who":
    case "rooms":
    case "passwd":
    case "relogin":
    case "operate":
      return { kind, by };
    case "question":
      return { kind, by, question: drawQuestion(dice, temper.questions) };
    case "edit":
    case "erase":
    case "react":
      return { kind, by, back: dice.int(8) };
    case "kick":
    case "mute":
    case "grant":
      return { kind, by, room: dice.pick(ROOMS), user: dice.pick(PEOPLE), on: dice.chance(0.6) };
    case "ban":
      return { kind, by, on: dice.chance(0.5) };
    case "cut":
      return { kind, by: dice.chance(0.7) ? by : undefined, afterMs: dice.int(20) };
    case "stall":
      return { kind, by, toServer: dice.chance(0.5), forMs };
    case "look-away":
    case "close":
      return { kind, by, forMs };
    case "kill":
      return { kind, by, isSilent: dice.chance(0.4), forMs };
    case "crash":
      return { kind, power: dice.chance(0.7), isSilent: dice.chance(0.3), awayMs };
    case "stop":
      return { kind, awayMs };
    case "stop-within":
      return { kind, calls: 1 + dice.int(12) };
    case "full":
      return { kind, bytes: dice.int(3_000), forMs };
    case "disk":
      return { kind, full: dice.pick([0, 30]), short: 20, broken: dice.pick([0, 0, 10]), forMs };
    case "stranger":
      return { kind, trick: dice.pick(TRICKS), forMs };
    case "wall":
      return {
        kind,
        by: dice.chance(0.5) ? by : undefined,
        jumpMs: dice.int(10_000_000) - 5_000_000,
      };
  }
}

export function drawQuestion(dice: Dice, asks: readonly Question["ask"][]): Question {
  return {
    ask: asks.length === 0 ? "prefs" : dice.pick(asks),
    room: dice.pick(TARGETS),
    user: dice.pick(PEOPLE),
    on: dice.chance(0.6),
    back: dice.int(4),
    number: dice.int(1_000),
  };
}

function drawKind(dice: Dice, weights: Temper["weights"]): Operation["kind"] {
  const kinds = Object.keys(weights) as Operation["kind"][];
  let left = dice.random() * kinds.reduce((sum, kind) => sum + weights[kind], 0);
  for (const kind of kinds) {
    left -= weights[kind];
    if (left < 0) return kind;
  }
  return "post";
}
