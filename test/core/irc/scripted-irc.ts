/** IRC connections to a server with many accounts and rooms, which only answers what they need. */

import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  IRC_PACE_UNITS_BURST,
  IRC_PACE_UNITS_PER_SECOND,
  IRC_UNITS_BURST,
  IRC_UNITS_PER_SECOND,
  POSTS_BURST,
  POSTS_PER_SECOND,
} from "../../../src/base/limits.ts";
import { type IrcEffect, IrcSession } from "../../../src/core/irc/session.ts";
import { TokenBuckets } from "../../../src/core/rate.ts";
import type { Account, Registry } from "../../../src/core/rooms/accounts.ts";
import type { Room, Rooms } from "../../../src/core/rooms/rooms.ts";
import { NO_HEARTBEAT, Session, type SessionEffect } from "../../../src/core/session/session.ts";
import { type Request, WIRE_VERSION } from "../../../src/wire/messages.ts";
import { PostCodec } from "../../../src/wire/post-message.ts";
import { ircServer } from "./irc-server.ts";

const KEY = new Uint8Array(32);

export class ScriptedIrc {
  readonly server;
  readonly rooms: readonly Room[];
  readonly #clients: ScriptedClient[] = [];
  now = 0;

  constructor(accountCount: number, roomCount: number) {
    const accounts = Array.from({ length: accountCount }, (_, i) => {
      return { id: `u${i}` as UserId, name: `user-${i}`, isRemoved: false } as unknown as Account;
    });
    const byName = new Map<string, Account>(accounts.map((account) => [account.name, account]));
    const byId = new Map(accounts.map((account) => [account.id, account]));
    const members = new Set(byId.keys());
    this.rooms = Array.from({ length: roomCount }, (_, i) => {
      const fields = { id: `r${i}`, name: `room-${i}`, topic: "", isClosed: false, rules: {} };
      const [moderators, muted] = [new Set(), new Map()];
      return { ...fields, members, moderators, muted } as unknown as Room;
    });
    const registry = {
      namesVersion: 1,
      policy: { isOperator: () => false },
      find: (name: string) => byName.get(name),
      get: (id: UserId) => byId.get(id),
      nameOf: (id: UserId) => byId.get(id)?.name,
      all: () => accounts.values(),
    } as unknown as Registry;
    const rooms = {
      get: (id: RoomId) => this.rooms.find((room) => room.id === id),
      find: () => undefined,
      roomsOf: () => this.rooms,
      roomsInviting: () => new Set(),
    } as unknown as Rooms;
    this.server = ircServer({
      registry,
      rooms,
      lines: new TokenBuckets(POSTS_PER_SECOND, POSTS_BURST),
      work: new TokenBuckets(IRC_UNITS_PER_SECOND, IRC_UNITS_BURST),
      pace: new TokenBuckets(IRC_PACE_UNITS_PER_SECOND, IRC_PACE_UNITS_BURST),
    });
  }

  connect(): ScriptedClient {
    const client = new ScriptedClient(this);
    this.#clients.push(client);
    return client;
  }

  async logIn(name: string): Promise<ScriptedClient> {
    const client = this.connect();
    client.send(`PASS ${name}:x`, `NICK ${name}`, `USER ${name} 0 * :x`);
    await this.advance(10_000);
    return client;
  }

  /** Runs the turns of all clients until the time, those of the same time in rotation. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await Promise.resolve();
      const due = this.#clients.filter(({ resumeAt }) => resumeAt !== undefined);
      const [next] = due.toSorted((a, b) => (a.resumeAt ?? 0) - (b.resumeAt ?? 0));
      if (next?.resumeAt === undefined || next.resumeAt > end) break;
      this.now = Math.max(this.now, next.resumeAt);
      next.resume();
    }
    this.now = end;
  }
}

export class ScriptedClient {
  readonly session: IrcSession;
  resumeAt: number | undefined;
  isClosed = false;
  turns = 0;
  turnBytesMax = 0;
  onLine: (line: string) => void = () => {};
  readonly lines: string[] = [];
  readonly #irc: ScriptedIrc;
  readonly #peer = new Session("server", 0, NO_HEARTBEAT, new PostCodec());

  constructor(irc: ScriptedIrc) {
    this.#irc = irc;
    this.session = new IrcSession(irc.server, "address:10.0.0.9", irc.now);
    this.#perform(this.session.start());
  }

  send(...lines: readonly string[]): void {
    this.#perform(this.session.receive(utf8Encode(`${lines.join("\r\n")}\r\n`), this.#irc.now));
  }

  count(pattern: string): number {
    return this.lines.filter((line) => line.includes(pattern)).length;
  }

  resume(): void {
    this.resumeAt = undefined;
    this.turns++;
    const bytes = this.#perform(this.session.resume(this.#irc.now));
    this.turnBytesMax = Math.max(this.turnBytesMax, bytes);
  }

  /** @returns bytes written */
  #perform(effects: readonly IrcEffect[]): number {
    let written = 0;
    for (const effect of effects) {
      if (effect.kind === "resume") this.resumeAt = this.#irc.now + effect.ms;
      if (effect.kind === "close") this.isClosed = true;
      if (effect.kind === "transmit") {
        queueMicrotask(() => this.#serve(this.#peer.receive(effect.bytes, 0)));
      }
      if (effect.kind !== "write") continue;
      written += effect.bytes.length;
      for (const line of utf8Decode(effect.bytes).split("\r\n").slice(0, -1)) {
        this.lines.push(line);
        this.onLine(line);
      }
    }
    return written;
  }

  #serve(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "notice") this.#greet();
      if (effect.kind === "request") this.#answer(effect.request);
      if (effect.kind !== "transmit") continue;
      this.#perform(this.session.receiveMessage(effect.bytes, this.#irc.now));
    }
  }

  #greet(): void {
    const server = { name: "site", key: KEY };
    const limits = { messageBytes: 1 << 20, textBytes: 1 << 16 };
    const proofs = { certificate: KEY, nonce: KEY, proof: new Uint8Array(64) };
    const welcome = {
      kind: "welcome",
      version: WIRE_VERSION,
      server,
      needs: "open",
      limits,
    } as const;
    this.#serve(this.#peer.notify({ ...welcome, ...proofs }));
  }

  #answer(request: Request): void {
    if (request.kind === "checkpoint") {
      const fault = new Fault("kind-unknown", "this server signs no checkpoints");
      return this.#serve(this.#peer.refuse(request.ref, fault));
    }
    if (request.kind !== "login") throw new Error(`unexpected request ${request.kind}`);
    const { ref, user } = request;
    const account = this.#irc.server.registry.find(user as never)?.id ?? "";
    this.#serve(this.#peer.answer<"login">(ref, { account, user, seq: 1 }));
    for (const { id, name = "" } of this.#irc.rooms) {
      const room = { kind: "room", room: id, name, n: 1, skipped: 0, moderates: false } as const;
      this.#serve(this.#peer.notify(room));
    }
    this.#serve(this.#peer.notify({ kind: "caught-up", seq: 1 }));
  }
}
