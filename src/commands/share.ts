import { Fault } from "../base/fault.ts";
import { checkName } from "../base/names.ts";
import { cleanText } from "../base/text.ts";
import { LOBBY } from "../core/room.ts";
import type { Source } from "../io/content.ts";
import type { ServerEvent } from "../server/server-event.ts";
import { checkHost } from "../wire/host.ts";
import { formatInvite, quoteInvite } from "../wire/invite.ts";
import { type Context, faultLine, say } from "./_context.ts";
import { serverWish } from "./_flags.ts";
import { lanAddresses, ownAddresses } from "./_own-addresses.ts";
import { fileWords, renderJson } from "./_render.ts";
import { openShareServer, type ShareServer } from "./_share-server.ts";
import { ShareShow } from "./_share-show.ts";
import { shareTopic } from "./_share-topic.ts";
import { checkPaths, STDIN, sayLeftOut, sourceAt } from "./_sources.ts";
import { nameForOthers } from "./_system-user.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: {
    path: { type: "positional", many: true, valueHint: "PATH", description: "Files and folders" },
    keep: { type: "boolean", description: "Go on when somebody has them all" },
    host: {
      type: "string",
      valueHint: "ADDR",
      description: "Address of this machine for the others, if the one in the line is wrong",
    },
    port: {
      type: "string",
      integer: { min: 0, max: 65_535 },
      alias: "p",
      valueHint: "PORT",
      description: "Port to listen on, a free one if left out",
    },
    user: { type: "string", valueHint: "NAME", description: "Your name for the others" },
  },
  details: "It prints one line to run on the other machine, and ends when that has everything.",
  async run(args, context) {
    checkPaths(args.path, undefined);
    if (args.path.includes(STDIN)) {
      throw new Fault("usage", "standard input can be read only once", {
        remedy: "save it to a file, or use send-file with a server",
      });
    }
    if (args.host !== undefined) checkHost(args.host, "v4-or-name");
    const user = checkName(nameOf(context, args.user), "person's name");
    const sources: Source[] = [];
    try {
      for (const path of args.path) sources.push(await sourceAt(context, path));
      for (const source of sources) sayLeftOut(source, (sentence) => say(context, sentence));
      return await share(context, { ...args, user }, sources);
    } finally {
      for (const source of sources) source.close();
    }
  },
});

interface ShareWish {
  readonly keep: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string;
}

async function share(
  context: Context,
  wish: ShareWish,
  sources: readonly Source[],
): Promise<number> {
  const show = new ShareShow(context);
  const takers = new Takers(context, show, wish.user, sources.length);
  const ended = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    // The terminal has written ^C.
    if (signal === "SIGINT" && context.stderr.isTerminal) context.stderr.write("\n");
    if (wish.keep && takers.hasServed) ended.resolve(0);
    else ended.reject(new Fault("interrupted", "interrupted", { remedy: "share it again" }));
  });
  const lan = lanAddresses(ownAddresses())[0];
  let server: ShareServer | undefined;
  try {
    server = await openShareServer(context, {
      user: wish.user,
      listenHost: wish.host === undefined ? "0.0.0.0" : wish.host,
      inviteHost: wish.host ?? lan ?? "127.0.0.1",
      port: wish.port ?? 0,
      onEvent: (event) => {
        if (event.kind === "failed") ended.reject(event.fault);
        takers.event(event);
        if (takers.hasServed && !wish.keep) ended.resolve(0);
      },
      onRead: (file, source, index) => show.read(file, source, index),
    });
    const { client } = server;
    await client.request("topic", { room: LOBBY, topic: shareTopic(sources.length) });
    sayLine(context, server, sources);
    uploadAll(server, sources, takers).catch((error: unknown) => ended.reject(error));
    return await ended.promise;
  } finally {
    release();
    await show.end();
    await server?.close();
  }
}

/** The content is read once for its checksums, and again for whoever takes it. */
async function uploadAll(
  server: ShareServer,
  sources: readonly Source[],
  takers: Takers,
): Promise<void> {
  const { client } = server;
  for (const source of sources) {
    let isTold = false;
    server.lend(source);
    const sent = await client.transfers.send({
      source,
      to: [LOBBY],
      onProgress: ({ id, doneBytes, sizeBytes }) => {
        // Whoever comes now has not heard that it began.
        if (isTold || doneBytes === sizeBytes) return;
        isTold = true;
        const topic = shareTopic(sources.length, id);
        client.request("topic", { room: LOBBY, topic }).catch(() => {});
      },
    });
    takers.shared(sent.id, sent.name);
  }
}

/** Who has taken what. */
class Takers {
  readonly #context: Context;
  readonly #show: ShareShow;
  readonly #owner: string;
  readonly #count: number;
  readonly #names = new Map<string, string>(); // By file id.
  /** By account name; who registers needs the secret. */
  readonly #taken = new Map<string, Set<string>>();

  constructor(context: Context, show: ShareShow, owner: string, count: number) {
    this.#context = context;
    this.#show = show;
    this.#owner = owner;
    this.#count = count;
  }

  /** One receiver has everything. */
  get hasServed(): boolean {
    return [...this.#taken.values()].some(({ size }) => size >= this.#count);
  }

  shared(id: string, name: string): void {
    this.#names.set(id, name);
  }

  event(event: ServerEvent): void {
    if (event.kind === "warning") return this.#show.say(faultLine(event.fault));
    if (event.kind !== "got" || event.user === this.#owner) return;
    const { user, file } = event;
    const taken = this.#taken.get(user) ?? new Set();
    if (taken.has(file)) return;
    this.#taken.set(user, taken.add(file));
    this.#tell({ kind: "taken", user, id: file, name: event.name }, `${user} has ${event.name}`);
    if (taken.size < this.#count || this.#count === 1) return;
    this.#tell({ kind: "served", user, files: taken.size }, `${user} has all ${taken.size}`);
  }

  #tell(line: Parameters<typeof renderJson>[0], sentence: string): void {
    if (this.#context.json) this.#context.stdout.write(renderJson(line));
    else this.#show.say(sentence);
  }
}

function sayLine(context: Context, { invite }: ShareServer, sources: readonly Source[]): void {
  const { stdout, json, stderr } = context;
  const line = `chat receive ${quoteInvite(invite)}`;
  if (json) {
    const files = sources.map(({ name, sizeBytes, folder }) => ({
      name,
      sizeBytes,
      ...(folder === undefined ? {} : { entries: folder.entries }),
    }));
    const { port } = invite;
    stdout.write(renderJson({ kind: "sharing", invite: formatInvite(invite), line, port, files }));
    return;
  }
  if (stderr.isTerminal) {
    for (const source of sources) say(context, cleanText(fileWords(source)));
    say(context, "run this on the other machine; Ctrl-C here ends it:");
  }
  stdout.write(`${line}\n`);
}

/** Flag, environment, config.toml, the name on this system, or none in particular. */
function nameOf(context: Context, user: string | undefined): string {
  return serverWish(context, { user }, "127.0.0.1").user ?? nameForOthers("somebody");
}
