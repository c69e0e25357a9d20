import { describe, expect, test } from "bun:test";
import {
  TERMINAL_ANSWER_LEAVE_MS,
  TERMINAL_ANSWER_MS,
  TERMINAL_ANSWERS_LEAVE_MS,
  TERMINAL_QUESTIONS_MAX,
  TERMINAL_REPORTS_MAX,
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
  test("go to the question before the end of which they come", async () => {
    const { queries, told, ask } = opened();
    ask("\x1b[6n\x1b[6n");
    ask("\x1b[>q");
    expect(queries.answers).toBe(false);
    expect(queries.isDue).toBe(false);
    expect(queries.take()).toBe("\x1b[6n\x1b[6n\x1b[c\x1b[>q\x1b[c");
    expect(queries.take()).toBe("");
    expect(queries.isDue).toBe(true);
    for (const report of ["\x1b[1;2R", "\x1b[1;3R", KIND]) queries.answered(report);
    await Promise.resolve();
    expect(told).toEqual([`\x1b[1;2R\x1b[1;3R${KIND}`]);
    expect(queries.answers).toBe(true);
    queries.answered("\x1bP>|a terminal\x1b\\");
    queries.answered(KIND);
    await Promise.resolve();
    expect(told.slice(1)).toEqual([`\x1bP>|a terminal\x1b\\${KIND}`]);
    expect(queries.isDue).toBe(false);
  });

  test("that nobody asked for are nobody's", async () => {
    const { queries, told, ask } = opened();
    queries.answered(KIND);
    queries.answered("\x1b[0n");
    ask("");
    queries.answered(KIND); // It was not written yet.
    await Promise.resolve();
    expect(told).toEqual([]);
    queries.take();
    queries.answered(KIND);
    await Promise.resolve();
    expect(told).toEqual([KIND]);
  });

  test("end what was asked before, which has none", async () => {
    const { queries, told, ask } = opened();
    let reached = 0;
    ask("one");
    queries.mark(() => reached++);
    expect(queries.take()).toBe("one\x1b[c\x1b[5n");
    queries.answered("\x1b[0n");
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    expect(reached).toBe(1);
  });

  test("that do not come end the questions, until a late one comes", async () => {
    const { clock, queries, told, ask } = opened();
    ask("one");
    queries.take();
    clock.pass(TERMINAL_ANSWER_MS - 1);
    await Promise.resolve();
    expect(told).toEqual([]);
    clock.pass(TERMINAL_ANSWER_MS);
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    expect(queries.isDue).toBe(false);
    ask("two");
    await Promise.resolve();
    expect(told).toEqual([undefined, undefined]);
    expect(queries.isWaiting).toBe(false);
    queries.answered(KIND);
    expect(queries.answers).toBe(true);
    ask("three");
    expect(queries.take()).toBe("three\x1b[c");
    queries.answered(KIND);
    await Promise.resolve();
    expect(told).toEqual([undefined, undefined, KIND]);
  });

  test("are bounded, and so are the questions", async () => {
    const { queries, told, ask } = opened();
    for (let i = 0; i < TERMINAL_QUESTIONS_MAX; i++) ask("");
    await Promise.resolve();
    expect(told).toEqual([]);
    ask("");
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    queries.take();
    for (let i = 0; i <= TERMINAL_REPORTS_MAX; i++) queries.answered("\x1b[1;1R");
    queries.answered(KIND);
    await Promise.resolve();
    expect(told.slice(1)).toEqual(["\x1b[1;1R".repeat(TERMINAL_REPORTS_MAX) + KIND]);
  });

  test("are waited for at the end: for longer where it has answered before", async () => {
    const { clock, queries, ask } = opened();
    const settled = async (withinMs: number) => {
      ask("");
      queries.take();
      let isSettled = false;
      void queries.settled().then(() => {
        isSettled = true;
      });
      clock.pass(withinMs - 1);
      await Promise.resolve();
      expect(isSettled).toBe(false);
      clock.pass(withinMs);
      await Promise.resolve();
      return isSettled;
    };
    expect(await settled(TERMINAL_ANSWER_LEAVE_MS)).toBe(true);
    queries.answered(KIND);
    expect(await settled(TERMINAL_ANSWERS_LEAVE_MS)).toBe(true);
  });

  test("may have been read by the shell: then nothing is due", async () => {
    const { queries, told, ask } = opened();
    ask("one");
    queries.take();
    let isSettled = false;
    void queries.settled().then(() => {
      isSettled = true;
    });
    await Promise.resolve();
    expect(isSettled).toBe(false);
    queries.forget();
    await Promise.resolve();
    expect(isSettled).toBe(true);
    expect(told).toEqual([undefined]);
    await queries.settled();
  });
});
