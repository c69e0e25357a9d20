import type { Dice } from "./dice.ts";
import { QUESTION_KINDS, type Question } from "./questions.ts";

/** What is likely in one world: each has its own, so that each trouble is met alone and mixed. */
export type Temper = ReturnType<typeof temperOf>;

export const PEOPLE = ["ana", "bob", "eve"];
export const ROOMS = ["lobby", "lobby", "one", "two", "One"];
export const TARGETS = [...ROOMS, ...ROOMS, "@ana", "@bob", "@eve", "@nobody", "nowhere"];

export function temperOf(dice: Dice) {
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
    /** What newcomers need; undefined: nothing. */
    roomSecret: dice.chance(0.2) ? "room's secret" : undefined,
    questions: QUESTION_KINDS.filter(() => dice.chance(0.5)),
    weights: {
      post: isSettled ? 20 : 40,
      question: isSettled ? 90 : some(10),
      ...{ join: 8, create: 6, leave: some(6, 0.7), topic: some(3), history: some(4) },
      ...{ who: some(2), rooms: some(1), passwd: some(1), relogin: some(3), operate: some(3, 0.3) },
      ...{ edit: some(5, 0.7), erase: some(5, 0.7), react: some(3), kick: some(4), mute: some(4) },
      ...{ grant: some(3), ban: some(1), cut: some(8, 0.8), stall: isHeavy ? 20 : some(4) },
      ...{ "look-away": some(3, 0.3), close: some(2), kill: some(4), crash: some(3, 0.6) },
      ...{ stop: some(2), "stop-within": some(3), full: some(2, 0.3), disk: some(3, 0.3) },
      wall: some(2, 0.3),
    },
  };
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
