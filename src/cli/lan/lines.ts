/** Line mode of `chat lan`. */

import { Fault } from "../../base/fault.ts";
import { OUTPUT_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { ChatConsole } from "../chat/console.ts";
import { type Context, faultLine } from "../context.ts";
import { faultJson } from "../errors.ts";
import { nearestWord } from "../suggest.ts";

export interface LanLineHandlers {
  send(text: string): Promise<void>;
  /**
   * @param word command without its slash
   * @returns whether the command is known
   */
  slash(word: string, rest: string): Promise<boolean>;
}

/**
 * Reads lines until the end of input, /quit or QUIT.
 * @throws {Fault} interrupted, or the error that broke the input
 */
export async function readLanLines(
  context: Context,
  chatConsole: ChatConsole,
  handlers: LanLineHandlers,
): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    if (signal === "SIGINT") stopped.reject(leftFault());
    else stopped.resolve(143);
  });
  try {
    return await Promise.race([readAll(context, chatConsole, handlers), stopped.promise]);
  } finally {
    release();
  }
}

async function readAll(
  context: Context,
  chatConsole: ChatConsole,
  handlers: LanLineHandlers,
): Promise<number> {
  for (;;) {
    try {
      const line = await chatConsole.line();
      if (line === undefined || isQuit(line)) return 0;
      await handleLine(line, handlers);
      await chatConsole.drained();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "interrupted") throw leftFault();
      reportFault(context, chatConsole, error);
    }
  }
}

/** Drops incoming texts while the output is blocked, and prints one notice for each blockage. */
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

export function reportFault(
  context: Pick<Context, "json">,
  chatConsole: ChatConsole,
  fault: Fault,
): void {
  chatConsole.print(faultJson(fault), context.json ? undefined : faultLine(fault));
}

async function handleLine(line: string, handlers: LanLineHandlers): Promise<void> {
  if (line === "") return;
  if (!line.startsWith("/")) return handlers.send(line);
  if (line.startsWith("//")) return handlers.send(line.slice(1));
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (await handlers.slash(word, rest)) return;
  const suggestion = nearestWord(word, ["who", "help", "quit", "exit"]);
  throw new Fault("usage", `unknown command /${word.slice(0, 40)}`, {
    remedy:
      suggestion === undefined
        ? "/help lists commands; // at the start sends a slash"
        : `did you mean /${suggestion}? see /help`,
  });
}

function isQuit(line: string): boolean {
  const word = line.trim();
  return word === "QUIT" || word === "/quit" || word === "/exit";
}

export function noEchoFault(): Fault {
  return new Fault(
    "unreachable",
    "multicast is blocked: this machine does not receive its own messages",
    { remedy: "allow UDP in this machine's firewall, or try --interface ADDR" },
  );
}

function leftFault(): Fault {
  return new Fault("interrupted", "you left", { remedy: "to rejoin, run chat lan" });
}
