import { Fault } from "../base/fault.ts";
import { OUTPUT_QUEUE_BYTES_MAX } from "../base/limits.ts";
import { type Context, faultLine } from "./_context.ts";
import type { Face } from "./_face.ts";

/** What `chat lan` does with what is typed. */
export interface LanTalk {
  /** Words, without the slash that may have escaped another one. */
  say(text: string): Promise<void>;
  /** The words of a slash command, without its slash; true: it is none of ours. */
  slash(word: string, rest: string): Promise<boolean>;
}

/** Reads lines until the end of input, /quit or QUIT. @throws Fault interrupted, or what broke */
export async function readLanLines(context: Context, face: Face, talk: LanTalk): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    if (signal === "SIGINT") stopped.reject(left());
    else stopped.resolve(143);
  });
  try {
    return await Promise.race([readAll(context, face, talk), stopped.promise]);
  } finally {
    release();
  }
}

async function readAll(context: Context, face: Face, talk: LanTalk): Promise<number> {
  for (;;) {
    try {
      const line = await face.line();
      if (line === undefined || isQuit(line)) return 0;
      await take(line, talk);
      await face.drained();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "interrupted") throw left();
      tellFault(context, face, error);
    }
  }
}

/** What comes while nobody reads the output is left out, and that is said once. */
export class Spillway {
  readonly #context: Context;
  readonly #face: Face;
  #isOpen = false;

  constructor(context: Context, face: Face) {
    this.#context = context;
    this.#face = face;
  }

  get isFull(): boolean {
    const isFull = this.#context.stdout.queuedBytes() > OUTPUT_QUEUE_BYTES_MAX;
    if (isFull && !this.#isOpen) {
      this.#face.note("more arrives than is read; some of it is left out");
    }
    this.#isOpen = isFull;
    return isFull;
  }
}

/** A fault that ends nothing. */
export function tellFault(context: Pick<Context, "json">, face: Face, fault: Fault): void {
  const { code, blame, message } = fault;
  face.tell({ kind: "fault", code, blame, message }, context.json ? undefined : faultLine(fault));
}

async function take(line: string, talk: LanTalk): Promise<void> {
  if (line === "") return;
  if (!line.startsWith("/")) return talk.say(line);
  if (line.startsWith("//")) return talk.say(line.slice(1));
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (await talk.slash(word, rest)) return;
  throw new Fault("usage", `there is no /${word.slice(0, 40)} here`, {
    remedy: "/help tells what there is; // at the start sends a slash",
  });
}

function isQuit(line: string): boolean {
  const word = line.trim();
  return word === "QUIT" || word === "/quit" || word === "/exit";
}

function left(): Fault {
  return new Fault("interrupted", "you left", { remedy: "chat lan brings you back" });
}
