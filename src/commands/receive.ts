import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { checkName, type Name } from "../base/names.ts";
import { VERSION } from "../base/version.ts";
import { Client } from "../client/client.ts";
import type { ClientEvent } from "../client/event.ts";
import { bodyText } from "../core/chat-record.ts";
import { LOBBY } from "../core/room.ts";
import { Identity } from "../crypto/identity.ts";
import { ClientState } from "../io/client-state.ts";
import { systemEntropy } from "../io/entropy.ts";
import { formatPlace, parseServerAddress, type ServerAddress } from "../wire/invite.ts";
import type { Context } from "./_context.ts";
import { openDialer, type ServerDialer } from "./_dial.ts";
import { serverWish, TRANSPORT_FLAG, transportOf } from "./_flags.ts";
import { Incoming } from "./_incoming.ts";
import { Patience } from "./_patience.ts";
import { ProgressShow } from "./_progress.ts";
import { renderJson } from "./_render.ts";
import { parseShareTopic } from "./_share-topic.ts";
import { nameForOthers } from "./_system-user.ts";
import { checkOut } from "./_taking.ts";
import { defineVerb } from "./_verb.ts";
import { catchUp, FileTaker, noteEvent } from "./get-file.ts";

export const command = defineVerb({
  args: {
    invite: {
      type: "positional",
      required: false,
      valueHint: "'INVITE'",
      description: "What chat share printed; or set CHAT_INVITE",
    },
    out: {
      type: "string",
      alias: "o",
      default: ".",
      valueHint: "DIR",
      description: "Folder to put it all in, this one if left out",
    },
    user: { type: "string", valueHint: "NAME", description: "Your name for the others" },
    transport: TRANSPORT_FLAG,
  },
  details: "Interrupted, the same line goes on where it was.",
  async run(args, context) {
    const address = inviteOf(context, args.invite);
    checkOut(args.out);
    const show = new ProgressShow(context);
    const state = ClientState.inMemory();
    const transport = transportOf(context, args.transport, address);
    const dialer = openDialer(context.clock, address, { transport });
    const client = newClient(context, address, state, dialer);
    const interrupted = Promise.withResolvers<never>();
    const release = context.onSignal(() =>
      interrupted.reject(new Fault("interrupted", "interrupted")),
    );
    try {
      const taker = new FileTaker(context, client, show, args.out);
      const receiving = receive(taker, address, nameOf(context, args.user));
      return await Promise.race([receiving, interrupted.promise]);
    } finally {
      release();
      await show.end();
      await client.close();
      dialer.close();
      state.close();
    }
  },
});

/** @throws Fault usage */
function inviteOf(context: Context, argument: string | undefined): ServerAddress {
  const line = argument ?? context.env["CHAT_INVITE"];
  if (line !== undefined && line !== "") return parseServerAddress(line);
  throw new Fault("usage", "receive needs the invite that chat share printed", {
    remedy: "paste the whole line, with its quotes",
  });
}

/** Comes as somebody new each time, and leaves no trace in this home. */
function newClient(
  context: Context,
  address: ServerAddress,
  state: ClientState,
  { dial }: ServerDialer,
): Client {
  const { fingerprint } = address;
  return new Client(
    {
      clock: context.clock,
      entropy: systemEntropy(),
      dial,
      state,
      device: Identity.generate(),
    },
    {
      address: formatPlace(address),
      program: `chat/${VERSION}`,
      fingerprint,
      strict: context.settings().config.trust === "strict",
      follow: "live",
      onPinned: () => {},
    },
  );
}

async function receive(taker: FileTaker, address: ServerAddress, wanted: Name): Promise<number> {
  const { client, context } = taker;
  await client.connect();
  const me = await enterAsNew(client, wanted, address.secret);
  const taken = new Set<FileId>();
  const lost: Fault[] = [];
  const incoming = new Incoming({
    place: 0,
    has: (file) => taken.has(file),
    take: (file) => taker.take(file),
    took: (file) => taken.add(file),
    reached: () => {},
    lost: (_file, fault) => {
      lost.push(fault);
      taker.failed(fault);
    },
  });
  const haul = new Haul(taker, incoming, me, () => taken.size + lost.length);
  await Promise.race([haul.whole(), incoming.failed()]);
  if (context.json) context.stdout.write(renderJson({ kind: "received", files: taken.size }));
  return lost[0]?.exitCode ?? 0;
}

/** All that is given away at one server. */
class Haul {
  readonly #taker: FileTaker;
  readonly #incoming: Incoming;
  readonly #me: string;
  readonly #done: () => number;
  readonly #over = Promise.withResolvers<void>();
  /** How many there are; undefined: it is no `chat share`, and all that is there has to do. */
  #count: number | undefined;
  readonly #patience: Patience;

  constructor(taker: FileTaker, incoming: Incoming, me: string, done: () => number) {
    this.#taker = taker;
    this.#incoming = incoming;
    this.#me = me;
    this.#done = done;
    this.#patience = new Patience(taker.context.clock, (fault) => this.#over.reject(fault));
  }

  /** Resolves when all is here. @throws Fault */
  whole(): Promise<void> {
    this.#watch().catch((error: unknown) => this.#over.reject(error));
    return this.#over.promise;
  }

  async #watch(): Promise<void> {
    const { client } = this.#taker;
    for await (const event of client.events()) {
      if (event.kind === "closed") throw event.fault ?? new Fault("link-closed", "it was closed");
      if (event.kind === "connected") await this.#connected(event);
      else if (event.kind === "lost" || event.kind === "retrying") this.#lost(event.fault);
      else this.#note(event);
      await this.#incoming.room();
    }
  }

  async #connected(event: Extract<ClientEvent, { kind: "connected" }>): Promise<void> {
    this.#patience.back();
    this.#topic(event.rooms.find(({ name }) => name === LOBBY)?.topic ?? "");
    await catchUp(this.#taker.client, this.#incoming, 0, this.#me);
    void this.#settled();
  }

  #note(event: ClientEvent): void {
    noteEvent(this.#incoming, event, this.#me);
    if (event.kind === "record" && event.record.kind === "topic") {
      this.#topic(bodyText(event.record, "topic"));
    }
    void this.#settled();
  }

  #topic(topic: string): void {
    const share = parseShareTopic(topic);
    if (share === undefined) return;
    this.#count = share.count;
    if (share.running !== undefined) this.#incoming.offered(share.running);
  }

  async #settled(): Promise<void> {
    try {
      await this.#incoming.settled();
    } catch {
      return; // Said by whoever waits for it.
    }
    if (this.#done() >= (this.#count ?? 0)) this.#over.resolve();
  }

  /** A share that has ended does not come back. */
  #lost(fault: Fault): void {
    if (!this.#patience.lost(fault)) return;
    this.#taker.show.say(`the connection is lost (${fault.message}); trying again`);
  }
}

/** Names that are tried: `ana`, `ana2`, `ana3`, … */
const NAMES_MAX = 100;
/** Of a name that leaves room for that number. */
const LETTERS_MAX = 28;

/** @throws Fault name-taken: really all of them */
async function enterAsNew(
  client: Client,
  wanted: Name,
  roomSecret: string | undefined,
): Promise<string> {
  for (let count = 1; ; count++) {
    const user = count === 1 ? wanted : `${wanted.slice(0, LETTERS_MAX)}${count}`;
    try {
      return (await client.login({ user, mode: "register", roomSecret })).user;
    } catch (error) {
      if (error instanceof Fault && error.code === "room-password-wrong") throw lineCut(error);
      const isTaken = error instanceof Fault && error.code === "name-taken";
      if (!isTaken || count >= NAMES_MAX) throw error;
    }
  }
}

/** Nobody here has heard of rooms and their passwords. */
function lineCut(cause: Fault): Fault {
  return new Fault(cause.code, "this is not the whole line that chat share printed", {
    remedy: "paste all of it, with its quotes",
    cause,
  });
}

/** Flag, environment, config.toml, the name on this system, or none in particular. */
function nameOf(context: Context, user: string | undefined): Name {
  return serverWish(context, { user }, "127.0.0.1").user ?? checkName(nameForOthers("guest"));
}
