import { describe, expect, test } from "bun:test";
import { TERMINAL_EXIT_TIMEOUT_MS } from "../../../../src/base/limits-screen.ts";
import { TerminalModes } from "../../../../src/cli/screen/terminal/modes.ts";
import { TerminalQueries } from "../../../../src/cli/screen/terminal/query.ts";
import { until } from "../../../event.ts";
import { Emulator } from "./emulator.ts";
import { FakeClock, FakeDevice } from "./fake-device.ts";

const SHELL = ["25", "7"];

function entered(farewell?: () => string) {
  const device = new FakeDevice();
  const clock = new FakeClock();
  let lost = 0;
  const queries = new TerminalQueries(clock);
  const modes = new TerminalModes({
    device,
    clock,
    mouse: false,
    queries,
    farewell,
    onInvalidated: () => lost++,
  });
  const emulator = new Emulator(device.now);
  emulator.modes.add("25");
  modes.enter();
  emulator.write(device.output.take());
  const modeSequences = () => {
    emulator.write(device.output.take());
    return [...emulator.modes].toSorted();
  };
  return { device, clock, modes, queries, lost: () => lost, modeSequences };
}

describe("modes", () => {
  test("are set on enter and restored on leave", async () => {
    const { device, modes, lost, modeSequences } = entered();
    expect(modeSequences()).toEqual(["1004", "1049", "2004", "25"]);
    expect(lost()).toBe(1);
    await modes.leave();
    expect(modeSequences()).toEqual(SHELL);
    expect(device.calls).toEqual(["raw", "cooked"]);
    await modes.leave();
    expect(device.output.take()).toBe("");
  });

  test("are restored before the lines that the program prints at its end", async () => {
    const closed = entered(() => "ended\nhere\n");
    await closed.modes.leave();
    expect(closed.device.output.take()).not.toContain("ended");
    closed.modes.enter();
    await closed.modes.close();
    expect(closed.device.output.take()).toMatch(/1049l.*ended\r\nhere\r\n$/s);
    const crashed = entered(() => "ended\n");
    crashed.device.emit("exit");
    expect(crashed.device.calls[1]).toMatch(/1049l.*ended\\r\\n"$/);
  });

  test("are restored immediately when the process ends", () => {
    const { device, modes } = entered();
    device.emit("exit");
    expect(device.calls[1]).toStartWith('at once "\\u001b[?2004;1004l');
    expect(device.calls[1]).toContain("1049l");
    expect(device.calls[2]).toBe("cooked");
    device.emit("exit");
    expect(device.calls).toHaveLength(3);
    expect(modes.isActive).toBe(false);
  });

  test("cancels a half-written sequence first", () => {
    const { device } = entered();
    device.output.stop();
    device.output.write("\x1b[38;");
    device.emit("exit");
    expect(device.calls[1]).toStartWith('at once "\\u0018\\u001b\\\\\\u001b[?2004');
  });
});

describe("a pending answer", () => {
  test("delays the return to the shell briefly", async () => {
    for (const end of ["answered", "late"] as const) {
      const { device, clock, modes, queries } = entered();
      void queries.ask("");
      device.output.write(queries.takeUnsent());
      const closed = modes.close();
      await new Promise(setImmediate);
      clock.pass(TERMINAL_EXIT_TIMEOUT_MS - 1);
      await new Promise(setImmediate);
      expect(device.calls).toEqual(["raw"]);
      if (end === "answered") queries.receiveReport("\x1b[?6c");
      else clock.pass(TERMINAL_EXIT_TIMEOUT_MS);
      await closed;
      expect(device.calls).toEqual(["raw", "cooked"]);
    }
  });
});

test("the first answer of a terminal on a slow link does not reach the shell", async () => {
  const { device, clock, modes, queries } = entered();
  void queries.ask("");
  device.output.write(queries.takeUnsent());
  const closed = modes.close();
  await new Promise(setImmediate);
  clock.pass(1_500);
  await new Promise(setImmediate);
  expect(device.calls).toEqual(["raw"]);
  queries.receiveReport("\x1b[?6c");
  await closed;
  expect(device.calls).toEqual(["raw", "cooked"]);
});

describe("a stop", () => {
  test("without a signal handler restores the modes on continue", () => {
    const { device, lost, modeSequences } = entered();
    device.emit("continued");
    expect(device.calls).toEqual(["raw", "cooked", "raw"]);
    expect(modeSequences()).toContain("1049");
    expect(lost()).toBe(2);
  });

  test.each([
    ["by Ctrl-Z is one of the command line", "group"],
    ["by a signal is one of the process", "process"],
  ] as const)("%s", async (_how, scope) => {
    const { device, modes, lost, modeSequences } = entered();
    if (scope === "group") void modes.suspend();
    else device.emit("stop");
    await until("it has stopped", () => device.calls.includes(`stop ${scope}`));
    expect(device.calls).toEqual(["raw", "cooked", `stop ${scope}`]);
    expect(modeSequences()).toEqual(SHELL);
    // Without a listener, the signal has its default effect.
    expect(device.listeners("stop")).toBe(0);
    device.emit("continued");
    expect(device.calls.at(-1)).toBe("raw");
    expect(device.listeners("stop")).toBe(1);
    expect(device.listeners("continued")).toBe(1);
    expect(modeSequences()).toContain("1049");
    expect(lost()).toBe(2);
  });
});
