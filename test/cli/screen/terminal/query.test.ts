import { describe, expect, test } from "bun:test";
import {
  TERMINAL_ANSWER_TIMEOUT_MS,
  TERMINAL_ANSWERS_PER_QUERY_MAX,
  TERMINAL_QUERIES_MAX,
} from "../../../../src/base/limits-screen.ts";
import { TerminalQueries } from "../../../../src/cli/screen/terminal/query.ts";
import { FakeClock } from "./fake-device.ts";

const KIND = "\x1b[?62;4c";

function opened() {
  const clock = new FakeClock();
  const queries = new TerminalQueries(clock);
  const told: (string | undefined)[] = [];
  const ask = (text: string) => void queries.ask(text).then((answers) => told.push(answers));
  return { clock, queries, told, ask };
}

describe("the answers of a terminal", () => {
  test("belong to the query before whose end they arrive", async () => {
    const { queries, told, ask } = opened();
    ask("\x1b[6n\x1b[6n");
    ask("\x1b[>q");
    expect(queries.isResponsive).toBe(false);
    expect(queries.hasPending).toBe(false);
    expect(queries.takeUnsent()).toBe("\x1b[6n\x1b[6n\x1b[c\x1b[>q\x1b[c");
    expect(queries.takeUnsent()).toBe("");
    expect(queries.hasPending).toBe(true);
    for (const report of ["\x1b[1;2R", "\x1b[1;3R", KIND]) queries.receiveReport(report);
    await Promise.resolve();
    expect(told).toEqual([`\x1b[1;2R\x1b[1;3R${KIND}`]);
    expect(queries.isResponsive).toBe(true);
    queries.receiveReport("\x1bP>|a terminal\x1b\\");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(told.slice(1)).toEqual([`\x1bP>|a terminal\x1b\\${KIND}`]);
    expect(queries.hasPending).toBe(false);
  });

  test("that time out disable queries until a late one arrives", async () => {
    const { clock, queries, told, ask } = opened();
    ask("one");
    queries.takeUnsent();
    clock.pass(TERMINAL_ANSWER_TIMEOUT_MS - 1);
    await Promise.resolve();
    expect(told).toEqual([]);
    clock.pass(TERMINAL_ANSWER_TIMEOUT_MS);
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    expect(queries.hasPending).toBe(false);
    ask("two");
    await Promise.resolve();
    expect(told).toEqual([undefined, undefined]);
    expect(queries.takeUnsent()).toBe("");
    queries.receiveReport(KIND);
    expect(queries.isResponsive).toBe(true);
    ask("three");
    expect(queries.takeUnsent()).toBe("three\x1b[c");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(told).toEqual([undefined, undefined, KIND]);
  });

  test("and queries are bounded", async () => {
    const { queries, told, ask } = opened();
    for (let i = 0; i < TERMINAL_QUERIES_MAX; i++) ask("");
    await Promise.resolve();
    expect(told).toEqual([]);
    ask("");
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    queries.takeUnsent();
    for (let i = 0; i <= TERMINAL_ANSWERS_PER_QUERY_MAX; i++) queries.receiveReport("\x1b[1;1R");
    queries.receiveReport(KIND);
    await Promise.resolve();
    expect(told.slice(1)).toEqual(["\x1b[1;1R".repeat(TERMINAL_ANSWERS_PER_QUERY_MAX) + KIND]);
  });
});
