import { REQUEST_KINDS, type RequestChoice } from "./requests.ts";
import type { SeededRandom } from "./seeded-random.ts";

/**
 * Probabilities for one world. They differ between worlds, so that faults occur alone and in
 * combination.
 */
export type Profile = ReturnType<typeof profileOf>;

export const PEOPLE = ["ana", "bob", "eve"];
export const ROOMS = ["lobby", "lobby", "one", "two", "One"];
export const TARGETS = [...ROOMS, ...ROOMS, "@ana", "@bob", "@eve", "@nobody", "nowhere"];

export function profileOf(random: SeededRandom, seed: number) {
  // Long texts and stalled readers, which exceed the queue for a reader.
  const isHeavy = random.chance(0.005);
  const isManagementHeavy = !isHeavy && random.chance(0.5);
  const some = (weight: number, probability = 0.5) => (random.chance(probability) ? weight : 0);
  return {
    steps: (isManagementHeavy ? 60 : 30) + random.int(40),
    pauseMsMax: random.pick([20, 60, 200, 1_500]),
    delayMsMax: random.pick(isManagementHeavy ? [1, 20] : [1, 20, 20, 200]),
    unreachable: random.pick(isManagementHeavy ? [0] : [0, 0, 0.1, 0.4]),
    homesMax: random.pick([1, 2]),
    postsPerSecond: random.chance(0.2) ? 20 : undefined,
    textCharsMax: isHeavy ? 60_000 : random.pick([1, 40, 40, 900]),
    burst: isHeavy ? 0.8 : isManagementHeavy ? 0.01 : 0.1,
    rooms: isManagementHeavy
      ? ["one", "two"]
      : random.pick([[], ["one"], ["one", "two"], ["one", "two"]]),
    hasHostileMember: random.chance(0.15),
    roomSecret: random.chance(0.2) ? "room's secret" : undefined,
    questions: [...REQUEST_KINDS.filter(() => random.chance(0.5)), ...kindsOfSeed(seed)],
    weights: {
      post: isManagementHeavy ? 20 : 40,
      question: isManagementHeavy ? 90 : some(10),
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
      rules: some(isManagementHeavy ? 20 : 6),
      knock: some(2),
      ban: some(2),
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
      wall: some(2, 0.3),
    },
  };
}

/** Kinds that a seed asks often: a few dozen consecutive seeds send every kind. */
function kindsOfSeed(seed: number): RequestChoice["kind"][] {
  const kinds = [...new Set(REQUEST_KINDS)];
  const isOften = (at: number) => (seed + at) % Math.ceil(kinds.length / 8) === 0;
  return kinds.flatMap((kind, at) => (isOften(at) ? Array.from({ length: 5 }, () => kind) : []));
}

export function drawRequest(
  random: SeededRandom,
  asks: readonly RequestChoice["kind"][],
): RequestChoice {
  return {
    kind: asks.length === 0 ? "prefs" : random.pick(asks),
    room: random.pick(TARGETS),
    user: random.pick(PEOPLE),
    on: random.chance(0.6),
    back: random.int(4),
    number: random.int(1_000),
  };
}
