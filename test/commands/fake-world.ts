import { Fault } from "../../src/base/fault.ts";
import { type Context, createContext, type ProcessIo } from "../../src/cli/context.ts";
import type { Input } from "../../src/io/terminal/input.ts";
import type { Output } from "../../src/io/terminal/output.ts";

export interface FakeOptions {
  readonly lines?: readonly string[];
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly nowUnixMs?: number;
  readonly clock?: ProcessIo["clock"];
}

export interface FakeWorld extends ProcessIo {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
}

export function fakeWorld(options: FakeOptions = {}): FakeWorld {
  const isTerminal = options.terminal ?? false;
  return {
    stdout: new FakeOutput(isTerminal),
    stderr: new FakeOutput(isTerminal),
    stdin: fakeInput(options.lines ?? [], isTerminal),
    // An empty folder hides config.toml and servers of the user who runs the tests.
    env: {
      CHAT_HOME: "/nonexistent/chat",
      XDG_RUNTIME_DIR: "/nonexistent/run",
      TERM: "xterm-256color",
      ...options.env,
    },
    clock: options.clock ?? {
      now: () => 0,
      unixMs: () => options.nowUnixMs ?? 0,
      after: () => () => {},
    },
    offsetMinutes: () => 60,
    onSignal: () => () => {},
    continueWithoutOutput: () => {},
    areArgumentsUtf8: () => false,
  };
}

interface FakeContextOptions extends FakeOptions {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly debug?: boolean;
}

export function fakeContext(options: FakeContextOptions = {}): {
  readonly world: FakeWorld;
  readonly context: Context;
} {
  const { json = false, color = false, debug = false } = options;
  const world = fakeWorld(options);
  return { world, context: createContext(world, { json, color, debug }) };
}

export class FakeOutput implements Output {
  readonly isTerminal: boolean;
  text = "";
  /** Pending while the reader of the output has stopped reading. */
  room: Promise<void> = Promise.resolve();

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  columns(): number {
    return 80;
  }

  rows(): number {
    return 24;
  }

  write(data: string | Uint8Array): void {
    this.text += typeof data === "string" ? data : Buffer.from(data).toString();
  }

  queuedBytes(): number {
    return 0;
  }

  drained(): Promise<void> {
    return this.room;
  }

  async flushed(): Promise<void> {}

  fault(): undefined {}
}

/** Input lines; `^C` stands for Ctrl-C. */
function fakeInput(lines: readonly string[], isTerminal: boolean): Input {
  const left = [...lines];
  const line = async () => {
    const next = left.shift();
    if (next === "^C") throw new Fault("interrupted", "no password was given");
    return next;
  };
  return {
    isTerminal,
    isClosed: false,
    line,
    lineWithin: async () => undefined,
    secretLine: (ask) => {
      ask();
      return line();
    },
    setRaw: () => {},
    chunk: async () => {
      const next = left.shift();
      return next === undefined ? undefined : new TextEncoder().encode(next);
    },
  };
}

export async function faultFrom(action: () => unknown): Promise<Fault> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
