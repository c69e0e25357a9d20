import { expect, test } from "bun:test";
import type { PollView } from "../../../src/core/model/state.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { pollRows } from "../../../src/ui/text/poll-text.ts";
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

test("names nobody in an anonymous poll, and few of many", () => {
  const by = Array.from({ length: 9 }, (_, i) => `p${i}`);
  const options = [{ option: "yes", count: 9, by, isMine: false }];
  const poll = { ...POLL, options, voters: 9 };
  expect(pollRows(poll, ENGLISH, TIMES)[0]).toEndWith("yes (p0, p1, p2, p3, p4, …)");
  const hidden = { ...poll, options: [{ option: "yes", count: 1, by: [], isMine: false }] };
  expect(pollRows(hidden, ENGLISH, TIMES)[0]).toEndWith("1  yes");
  const closed = { ...poll, anonymous: true, many: true, isClosed: true };
  expect(pollRows(closed, ENGLISH, TIMES)).toEqual([
    ...([" 1. ▇▇▇▇▇▇▇▇▇▇ 9  yes", "9 voters · anonymous · several answers · closed"] as const),
  ]);
});
