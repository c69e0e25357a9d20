/** Line mode of `chat lan`. */

import { Fault } from "../../base/fault.ts";
import { OUTPUT_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { ChatConsole } from "../chat/console.ts";
import { type Context, faultLine } from "../context.ts";
import { faultJson } from "../errors.ts";
import { nearest } from "../suggest.ts";

/** Handles typed lines of `chat lan`. */
export interface LanCommands {
  /** Sends a text; an escaping slash is already removed. */
  send(text: string): Promise<void>;
  /** A slash command, without its slash. @returns whether it is known */
  slash(word: string, rest: string): Promise<boolean>;
}

/**
 * Reads lines until the end of input, /quit or QUIT. @throws Fault interrupted, or the error that
 * broke the input
 */
export async function readLanLines(
  context: Context,
  chatConsole: ChatConsole,
  talk: LanCommands,
): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    if (signal === "SIGINT") stopped.reject(leftFault());
    else stopped.resolve(143);
  });
  try {
    return await Promise.race([readAll(context, chatConsole, talk), stopped.promise]);
  } finally {
    release();
  }
}

async function readAll(
  context: Context,
  chatConsole: ChatConsole,
  talk: LanCommands,
): Promise<number> {
  for (;;) {
    try {
      const line = await chatConsole.line();
      if (line === undefined || isQuit(line)) return 0;
      await handleLine(line, talk);
      await chatConsole.drained();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "interrupted") throw leftFault();
      reportFault(context, chatConsole, error);
    }
  }
}

/** Drops arriving texts while the output is not read, and notes it once. */
export class OutputOverflow {
  readonly #context: Context;
  readonly #chatConsole: ChatConsole;
  #isOpen = false;

  constructor(context: Context, chatConsole: ChatConsole) {
    this.#context = context;
    this.#chatConsole = chatConsole;
  }

  get isFull(): boolean {
    const isFull = this.#context.stdout.queuedBytes() > OUTPUT_QUEUE_BYTES_MAX;
    if (isFull && !this.#isOpen) {
      this.#chatConsole.note("output is too slow; some messages were skipped");
    }
    this.#isOpen = isFull;
    return isFull;
  }
}

/** Shows a fault; the session continues. */
export function reportFault(
  context: Pick<Context, "json">,
  chatConsole: ChatConsole,
  fault: Fault,
): void {
  chatConsole.print(faultJson(fault), context.json ? undefined : faultLine(fault));
}

async function handleLine(line: string, talk: LanCommands): Promise<void> {
  if (line === "") return;
  if (!line.startsWith("/")) return talk.send(line);
  if (line.startsWith("//")) return talk.send(line.slice(1));
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (await talk.slash(word, rest)) return;
  const near = nearest(word, ["who", "help", "quit", "exit"]);
  throw new Fault("usage", `unknown command /${word.slice(0, 40)}`, {
    remedy:
      near === undefined
        ? "/help lists commands; // at the start sends a slash"
        : `did you mean /${near}? see /help`,
  });
}

function isQuit(line: string): boolean {
  const word = line.trim();
  return word === "QUIT" || word === "/quit" || word === "/exit";
}

function leftFault(): Fault {
  return new Fault("interrupted", "you left", { remedy: "to rejoin, run chat lan" });
}
