import { expect, test } from "bun:test";
import { CounterLine } from "../../../src/cli/output/counter.ts";
import { FakeOutput } from "../../commands/fake-world.ts";

function counter(isTerminal: boolean, term: string) {
  const stderr = new FakeOutput(isTerminal);
  const time = { nowMs: 0 };
  const clock = { now: () => time.nowMs, unixMs: () => 0, after: () => () => {} };
  return { stderr, time, line: new CounterLine({ stderr, clock, env: { TERM: term } }) };
}

test("is written over itself, four times a second, and is gone at the end", () => {
  const { stderr, time, line } = counter(true, "xterm");
  line.update(() => "1 of 3");
  time.nowMs = 249;
  line.update(() => "2 of 3");
  time.nowMs = 250;
  line.update(() => "3 of 3");
  expect(stderr.text).toBe("\r\x1b[K1 of 3\r\x1b[K3 of 3");
  line.end();
  line.end();
  expect(stderr.text).toBe("\r\x1b[K1 of 3\r\x1b[K3 of 3\r\x1b[K");
});

test.each([
  [false, "xterm"],
  [true, "dumb"],
])("writes nothing where lines are only added (terminal %p, TERM %s)", (isTerminal, term) => {
  const { stderr, line } = counter(isTerminal, term);
  line.update(() => "1 of 3");
  line.end();
  expect(stderr.text).toBe("");
});
