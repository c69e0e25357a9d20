import { describe, expect, test } from "bun:test";
import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_QUERIES_MAX,
} from "../../../../src/base/limits-screen.ts";
import { TerminalQueries } from "../../../../src/cli/screen/terminal/query.ts";
import { FakeClock } from "./fake-device.ts";

const KIND = "\x1b[?62;4c";

function createQueries() {
  const clock = new FakeClock();
  const queries = new TerminalQueries(clock);
  const results: (string | undefined)[] = [];
  const ask = (text: string) => void queries.ask(text).then((answers) => results.push(answers));
  return { clock, queries, results, ask };
}

describe("the answers of a terminal", () => {
  test("belong to the first query that is not yet answered", async () => {
    const { queries, results, ask } = createQueries();
    ask("\x1b[6n\x1b[6n");
    ask("\x1b[>q");
    expect(queries.isResponsive).toBe(false);
    expect(queries.hasPending).toBe(false);
    expect(queries.takeUnsent()).toBe("\x1b[6n\x1b[6n\x1b[c\x1b[>q\x1b[c");
    expect(queries.takeUnsent()).toBe("");
    expect(queries.hasPending).toBe(true);
    for (const report of ["\x1b[1;2R", "\x1b[1;3R", KIND]) queries.receiveReport(report);
    await Promise.resolve();
    expect(results).toEqual([`\x1b[1;2R\x1b[1;3R${KIND}`]);
    expect(queries.isResponsive).toBe(true);
    queries.receiveReport("\x1bP>|a terminal\x1b\\");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(results.slice(1)).toEqual([`\x1bP>|a terminal\x1b\\${KIND}`]);
    expect(queries.hasPending).toBe(false);
  });

  test("disable queries after a timeout until a late answer arrives", async () => {
    const { clock, queries, results, ask } = createQueries();
    ask("one");
    queries.takeUnsent();
    clock.pass(TERMINAL_ANSWER_TIMEOUT_MS - 1);
    await Promise.resolve();
    expect(results).toEqual([]);
    clock.pass(TERMINAL_ANSWER_TIMEOUT_MS);
    await Promise.resolve();
    expect(results).toEqual([undefined]);
    expect(queries.hasPending).toBe(false);
    ask("two");
    await Promise.resolve();
    expect(results).toEqual([undefined, undefined]);
    expect(queries.takeUnsent()).toBe("");
    queries.receiveReport(KIND);
    expect(queries.isResponsive).toBe(true);
    ask("three");
    expect(queries.takeUnsent()).toBe("three\x1b[c");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(results).toEqual([undefined, undefined, KIND]);
  });

  test("are bounded, like the queries", async () => {
    const { queries, results, ask } = createQueries();
    for (let i = 0; i < TERMINAL_QUERIES_MAX; i++) ask("");
    await Promise.resolve();
    expect(results).toEqual([]);
    ask("");
    await Promise.resolve();
    expect(results).toEqual([undefined]);
    queries.takeUnsent();
    for (let i = 0; i <= TERMINAL_ANSWERS_PER_QUERY_MAX; i++) queries.receiveReport("\x1b[1;1R");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(results.slice(1)).toEqual(["\x1b[1;1R".repeat(TERMINAL_ANSWERS_PER_QUERY_MAX) + KIND]);
  });
});
