import { describe, expect, test } from "bun:test";
import { TERMINAL_ANSWER_LEAVE_MS } from "../../../../src/base/limits-screen.ts";
import { TerminalModes } from "../../../../src/cli/screen/terminal/modes.ts";
import { TerminalQueries } from "../../../../src/cli/screen/terminal/query.ts";
import { eventually } from "../../../event.ts";
import { Emulator } from "./emulator.ts";
import { FakeClock, FakeDevice } from "./fake-device.ts";

/** What the shell had switched on, and the program did not. */
const SHELL = ["25", "7"];

function entered(mouse = false) {
  const device = new FakeDevice();
  const clock = new FakeClock();
  let lost = 0;
  const queries = new TerminalQueries(clock);
  const modes = new TerminalModes({ device, clock, mouse, queries, onLost: () => lost++ });
  const emulator = new Emulator(device.now);
  emulator.modes.add("25");
  modes.enter();
  emulator.write(device.output.take());
  const shown = () => {
    emulator.write(device.output.take());
    return [...emulator.modes].toSorted();
  };
  return { device, clock, modes, queries, lost: () => lost, shown };
}

describe("modes", () => {
  test("are set, and given back", async () => {
    const { device, modes, lost, shown } = entered();
    expect(shown()).toEqual(["1004", "1049", "2004", "25"]);
    expect(lost()).toBe(1);
    await modes.leave();
    expect(shown()).toEqual(SHELL);
    expect(device.acts).toEqual(["raw", "cooked"]);
    await modes.leave();
    expect(device.output.take()).toBe("");
  });

  test("the mouse is asked for if the user wants it", async () => {
    const { modes, shown } = entered(true);
    expect(shown()).toEqual(["1000", "1004", "1006", "1049", "2004", "25"]);
    await modes.close();
    expect(shown()).toEqual(SHELL);
  });

  test("the mouse may be asked for later, and be given back", async () => {
    const { modes, shown, device } = entered();
    modes.setMouse(true);
    expect(shown()).toEqual(["1000", "1004", "1006", "1049", "2004", "25"]);
    modes.setMouse(true);
    expect(device.output.take()).toBe("");
    modes.setMouse(false);
    expect(shown()).toEqual(["1004", "1049", "2004", "25"]);
    await modes.leave();
    modes.setMouse(true);
    expect(shown()).toEqual(SHELL);
    modes.enter();
    expect(shown()).toContain("1000");
    await modes.close();
    expect(shown()).toEqual(SHELL);
  });

  test("the end of the process gives them back at once", () => {
    const { device, modes } = entered();
    device.tell("exit");
    expect(device.acts[1]).toStartWith('at once "\\u001b[?2004;1004l');
    expect(device.acts[1]).toContain("1049l");
    expect(device.acts[2]).toBe("cooked");
    device.tell("exit");
    expect(device.acts).toHaveLength(3);
    expect(modes.isIn).toBe(false);
  });

  test("a sequence that was half written is given up first", () => {
    const { device } = entered();
    device.output.stop();
    device.output.write("\x1b[38;");
    device.tell("exit");
    expect(device.acts[1]).toStartWith('at once "\\u0018\\u001b\\\\\\u001b[?2004');
  });

  test("a leave without an end is followed by another enter", async () => {
    const { modes, lost, shown } = entered();
    await modes.leave();
    modes.enter();
    expect(shown()).toContain("1049");
    expect(lost()).toBe(2);
  });

  test("a close takes every handler away", async () => {
    const { device, modes } = entered();
    await modes.close();
    for (const event of ["resize", "continued", "stop", "exit"] as const) {
      expect(device.listeners(event)).toBe(0);
    }
  });
});

describe("an answer that is due", () => {
  test("is waited for before the shell gets the keys, for a moment", async () => {
    for (const end of ["answered", "late"] as const) {
      const { device, clock, modes, queries } = entered();
      void queries.ask("");
      device.output.write(queries.take());
      const closed = modes.close();
      await new Promise(setImmediate);
      clock.pass(TERMINAL_ANSWER_LEAVE_MS - 1);
      await new Promise(setImmediate);
      expect(device.acts).toEqual(["raw"]);
      if (end === "answered") queries.answered("\x1b[?6c");
      else clock.pass(TERMINAL_ANSWER_LEAVE_MS);
      await closed;
      expect(device.acts).toEqual(["raw", "cooked"]);
    }
  });

  test("is not waited for where the terminal takes nothing", async () => {
    const { device, clock, modes, queries } = entered();
    void queries.ask("");
    device.output.write(queries.take());
    device.output.stop();
    const closed = modes.close();
    clock.pass();
    await closed;
    expect(device.acts).toEqual(["raw", "cooked"]);
  });

  test("is none when the shell may have read it", async () => {
    const { device, queries } = entered();
    const answered = queries.ask("");
    queries.take();
    device.tell("continued");
    expect(await answered).toBeUndefined();
    expect(queries.isDue).toBe(false);
  });
});

describe("a stop", () => {
  test.each([
    ["by Ctrl-Z is one of the command line", "group"],
    ["by a signal is one of the process", "process"],
  ] as const)("%s", async (_how, what) => {
    const { device, modes, lost, shown } = entered();
    if (what === "group") void modes.suspend();
    else device.tell("stop");
    await eventually("it has stopped", () => device.acts.includes(`stop ${what}`));
    expect(device.acts).toEqual(["raw", "cooked", `stop ${what}`]);
    expect(shown()).toEqual(SHELL);
    // The signal must find nobody who catches it.
    expect(device.listeners("stop")).toBe(0);
    device.tell("continued");
    expect(device.acts.at(-1)).toBe("raw");
    expect(device.listeners("stop")).toBe(1);
    expect(device.listeners("continued")).toBe(1);
    expect(shown()).toContain("1049");
    expect(lost()).toBe(2);
  });

  test("that nobody can wake it from does not last", async () => {
    const { device, clock, modes, shown } = entered();
    await modes.suspend();
    clock.pass();
    expect(device.acts.at(-1)).toBe("raw");
    expect(shown()).toContain("1049");
  });

  test("without warning is mended when it goes on", () => {
    const { device, lost, shown } = entered();
    device.tell("continued");
    expect(device.acts).toEqual(["raw", "cooked", "raw"]);
    expect(shown()).toContain("1049");
    expect(lost()).toBe(2);
  });
});
