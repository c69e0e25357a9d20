import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import type { Client } from "../client/client.ts";
import type { ClientEvent } from "../client/event.ts";
import type { ChatRecord } from "../core/chat-record.ts";
import { type OpenClient, withClient } from "./_client.ts";
import { type Context, faultLine } from "./_context.ts";
import { errorJson } from "./_errors.ts";
import { SERVER_FLAGS } from "./_flags.ts";
import { Incoming } from "./_incoming.ts";
import { ProgressShow } from "./_progress.ts";
import { fileBody } from "./_shown.ts";
import { checkFileId, checkOut, isFileId, printGot, sayRenamed, takeFile } from "./_taking.ts";
import { defineVerb } from "./_verb.ts";
import { filePages } from "./files.ts";

export const command = defineVerb({
  args: {
    id: {
      type: "positional",
      many: true,
      required: false,
      valueHint: "ID",
      description: "Files, as chat files lists them",
    },
    follow: { type: "boolean", alias: "f", description: "All that arrives for me, as it arrives" },
    out: {
      type: "string",
      alias: "o",
      default: ".",
      valueHint: "DIR",
      description: "Folder to put them in, this one if left out",
    },
    ...SERVER_FLAGS,
  },
  details: "Example: chat get-file --follow --out inbox. Interrupted, the same command goes on.",
  async run(args, context) {
    const files = checkWish(args.id, args.follow);
    checkOut(args.out);
    const show = new ProgressShow(context);
    const follow = args.follow ? "live" : "none";
    const wish = { mode: "login", follow, reconnect: true, resumes: true } as const;
    try {
      return await withClient(context, args, wish, (open) => {
        const taker = new FileTaker(context, open.client, show, args.out);
        return args.follow ? followFiles(taker, open) : taker.takeAll(files);
      });
    } finally {
      await show.end();
    }
  },
});

/** @throws Fault usage, file-unknown */
function checkWish(ids: readonly string[], follow: boolean): FileId[] {
  if (follow === ids.length > 0) {
    const sentence = follow ? "--follow takes whatever arrives, and no ID" : "no file is named";
    throw new Fault("usage", sentence, {
      remedy: follow ? "leave one of them out" : "give its ID, as chat files lists it, or --follow",
    });
  }
  return [...new Set(ids)].map(checkFileId);
}

/** Fetches files and prints each when it stands under its name. */
export class FileTaker {
  readonly context: Context;
  readonly client: Client;
  readonly show: ProgressShow;
  readonly #out: string;

  constructor(context: Context, client: Client, show: ProgressShow, out: string) {
    this.context = context;
    this.client = client;
    this.show = show;
    this.#out = out;
  }

  /** @throws Fault */
  async take(file: FileId): Promise<void> {
    try {
      const got = await takeFile(this.client, {
        file,
        out: this.#out,
        onProgress: (progress) => this.show.update(progress),
      });
      await this.show.end(file);
      printGot(this.context, got);
      sayRenamed(got, (sentence) => this.show.say(sentence));
    } finally {
      await this.show.end(file);
    }
    await this.context.stdout.drained();
  }

  /** One after the other; what is wrong with one of several costs only that one. */
  async takeAll(files: readonly FileId[]): Promise<number> {
    let exitCode = 0;
    for (const file of files) {
      try {
        await this.take(file);
      } catch (error) {
        const isEnd = !(error instanceof Fault) || !this.client.isConnected;
        if (files.length === 1 || isEnd) throw error;
        this.failed(error);
        exitCode ||= error.exitCode;
      }
    }
    return exitCode;
  }

  /** A fault that ends nothing. */
  failed(fault: Fault): void {
    this.show.say(faultLine(fault));
    if (this.context.json) this.context.stdout.write(errorJson(fault));
  }
}

/** Until it is interrupted, or the server does not want us any more. */
async function followFiles(taker: FileTaker, { client, state, user }: OpenClient): Promise<number> {
  const { fingerprint } = client;
  if (fingerprint === undefined) throw new Fault("link-closed", "the connection was closed");
  const whose = { fingerprint, user };
  const { taken } = state;
  const incoming = new Incoming({
    place: taken.place(whose),
    has: (file) => taken.has(whose, file),
    take: (file) => taker.take(file),
    took: (file) => taken.note(whose, file),
    reached: (seq) => taken.advance(whose, seq),
    lost: (_file, fault) => taker.failed(fault),
  });
  const watching = watch(client, incoming, () => taken.place(whose), user);
  return Promise.race([watching, incoming.failed()]);
}

async function watch(
  client: Client,
  incoming: Incoming,
  place: () => number,
  me: string,
): Promise<never> {
  for await (const event of client.events()) {
    if (event.kind === "closed") {
      throw event.fault ?? new Fault("link-closed", "the server closed the connection");
    }
    if (event.kind === "connected") await catchUp(client, incoming, place(), me);
    else noteEvent(incoming, event, me);
    await incoming.room();
  }
  throw new Fault("link-closed", "the connection was closed");
}

/** What came while nobody listened. A link that is lost meanwhile comes back, and asks again. */
export async function catchUp(
  client: Client,
  incoming: Incoming,
  place: number,
  me: string,
): Promise<void> {
  try {
    for await (const page of filePages(client, place)) {
      for (const record of page) {
        noteRecord(incoming, record, me);
        await incoming.room();
      }
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "link-closed") throw error;
  }
}

export function noteEvent(incoming: Incoming, event: ClientEvent, me: string): void {
  if (event.kind === "record") noteRecord(incoming, event.record, me);
  else if (event.kind === "offered" && !isSame(event.from, me)) incoming.offered(event.file);
}

/** Files of others, whole: what was erased is nobody's any more. */
function noteRecord(incoming: Incoming, record: ChatRecord, me: string): void {
  const { seq, kind, state, body, from } = record;
  if (kind !== "file") return;
  const isTheirs = from !== undefined && !isSame(from, me);
  const id = state === "whole" && isTheirs ? fileBody(body ?? {}).id : "";
  if (isFileId(id)) incoming.recorded(id, seq);
  else incoming.passed(seq);
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
