import { expect, test } from "bun:test";
import type { PollView } from "../../../src/core/model/state.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { ACCOUNT_NAMES, briefNames } from "../../../src/ui/text/person-text.ts";
import { PEOPLE_NAMED_MAX, pollCounts, pollRows } from "../../../src/ui/text/poll-text.ts";
import { timesIn } from "../../../src/ui/text/times.ts";

const TIMES = timesIn(ENGLISH);

const POLL: PollView = {
  question: "Lunch?",
  options: [
    { option: "soup\u202e", count: 2, by: ["ana", "b\u001b[2J"], isMine: true },
    { option: "rice", count: 1, by: ["cy"], isMine: false },
    { option: "none", count: 0, by: [], isMine: false },
  ],
  voters: 3,
  many: false,
  anonymous: false,
  hide: undefined,
  isHidden: false,
  hasVoted: true,
  untilUnixMs: undefined,
  isClosed: false,
};

test("shows a bar per option, the user's choice, and who chose it", () => {
  expect(pollRows(POLL, ENGLISH, TIMES)).toEqual([
    "✓1. ▇▇▇▇▇▇▇▇▇▇ 2  soup<U+202E> (ana, b␛[2J)",
    " 2. ▇▇▇▇▇░░░░░ 1  rice (cy)",
    " 3. ░░░░░░░░░░ 0  none",
    "3 voters",
  ]);
});

test("names nobody in an anonymous poll, and says how many it does not name", () => {
  const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
  const pollOf = (count: number) => {
    const by = namesOf(count);
    return { ...POLL, options: [{ option: "yes", count, by, isMine: false }], voters: count };
  };
  const poll = pollOf(9);
  expect(pollRows(poll, ENGLISH, TIMES)[0]).toEndWith("yes (p0, p1, p2, p3, p4, p5, p6, p7, p8)");
  const named = namesOf(PEOPLE_NAMED_MAX).join(", ");
  const [many] = pollRows(pollOf(PEOPLE_NAMED_MAX + 3), ENGLISH, TIMES);
  expect(many).toEndWith(`yes (${named} and 3 more)`);
  expect(briefNames(namesOf(1_000), ACCOUNT_NAMES, ENGLISH)).toBe("p0, p1, p2 and 997 more");
  const mine = { ...ACCOUNT_NAMES, me: "P7" };
  expect(briefNames(namesOf(1_000), mine, ENGLISH)).toBe("you, p0, p1 and 997 more");
  expect(briefNames(namesOf(2), mine, ENGLISH)).toBe("p0, p1");
  const hidden = { ...poll, options: [{ option: "yes", count: 1, by: [], isMine: false }] };
  expect(pollRows(hidden, ENGLISH, TIMES)[0]).toEndWith("1  yes");
  const closed = { ...poll, anonymous: true, many: true, isClosed: true };
  expect(pollRows(closed, ENGLISH, TIMES)).toEqual([
    ...([" 1. ▇▇▇▇▇▇▇▇▇▇ 9  yes", "9 voters · anonymous · several answers · closed"] as const),
  ]);
});

test("shows options without counts while the results are hidden", () => {
  const options = POLL.options.map((row) => ({ ...row, count: undefined, by: [], isMine: false }));
  const hidden = { ...POLL, options, isHidden: true, hasVoted: false };
  expect(pollRows({ ...hidden, hide: "end" }, ENGLISH, TIMES).slice(1)).toEqual([
    " 2. rice",
    " 3. none",
    "3 voters · votes show when the poll ends",
  ]);
  expect(pollRows({ ...hidden, hide: "vote" }, ENGLISH, TIMES).at(-1)).toBe(
    "3 voters · votes show after you vote",
  );
  expect(pollRows({ ...hidden, hide: "end", hasVoted: true }, ENGLISH, TIMES).at(-1)).toBe(
    "3 voters · you voted · votes show when the poll ends",
  );
  expect(pollCounts(hidden)).toBe("soup<U+202E>, rice, none");
});
