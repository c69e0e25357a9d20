import { assert, unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { directRoomId, type OutboxId, type RoomId, type Sha256, type UserId } from "../base/ids.ts";
import { GATE_WAITING_MAX } from "../base/limits.ts";
import { foldName, type Name, parseTarget } from "../base/names.ts";
import type { Answer, RequestKind, RequestOf } from "../wire/messages.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
import {
  checkPost,
  enterDrafts,
  type JoinWish,
  joinDrafts,
  leaveDraft,
  meetDraft,
  namedRoom,
  topicDraft,
} from "./change.ts";
import { Gate } from "./gate.ts";
import { formatPostId, Posts } from "./posts.ts";
import { LOBBY, type Room, type Rooms } from "./room.ts";
import { type PeerId, Visitors } from "./visitors.ts";

/**
 * Every change to the rooms: checked against the state, appended, made durable, then applied and
 * told to everyone, its sender included. It has never heard of sockets or disks.
 *
 *     request ── gate ── check ──> append … record ──> apply, deliver … appended ──> answer
 */
/** One question of one peer, to be answered once. */
export interface Asker {
  readonly peer: PeerId;
  readonly user: UserId;
  readonly ref: number;
}

export type HallInput =
  | { readonly kind: "arrived"; readonly peer: PeerId; readonly user: UserId }
  | { readonly kind: "departed"; readonly peer: PeerId }
  | { readonly kind: "post"; readonly asker: Asker; readonly request: RequestOf<"post"> }
  | { readonly kind: "join"; readonly asker: Asker; readonly wish: JoinWish }
  | { readonly kind: "leave"; readonly asker: Asker; readonly room: Name }
  | { readonly kind: "topic"; readonly asker: Asker; readonly room: Name; readonly topic: string }
  /** A new account: it is in the lobby from the start. Answered by `entered`. */
  | { readonly kind: "enter"; readonly asker: Asker }
  /** From the log: durable, in order of `seq`, each once. */
  | { readonly kind: "record"; readonly record: LogRecord }
  /** The answer to an `append`, after its `record`. */
  | { readonly kind: "appended"; readonly token: number; readonly record: LogRecord }
  | { readonly kind: "failed"; readonly token: number; readonly fault: Fault };

export type HallEffect =
  | { readonly kind: "append"; readonly token: number; readonly draft: Draft }
  | {
      readonly kind: "answer";
      readonly asker: Asker;
      readonly answer: Answer<RequestKind>;
    }
  | { readonly kind: "refuse"; readonly asker: Asker; readonly fault: Fault }
  | { readonly kind: "entered"; readonly asker: Asker }
  /** To all who follow the room. */
  | { readonly kind: "deliver"; readonly room: Room; readonly record: LogRecord }
  /** All devices of the account begin, or cease, to read the room. */
  | { readonly kind: "follow"; readonly user: UserId; readonly room: Room }
  | { readonly kind: "unfollow"; readonly user: UserId; readonly room: Room }
  | {
      readonly kind: "presence";
      readonly room: Room;
      readonly user: UserId;
      readonly online: boolean;
    };

type PostWork = {
  readonly kind: "post";
  readonly user: UserId;
  readonly outbox: OutboxId;
  readonly counter: number;
  readonly draft: Omit<Draft, "room">;
  readonly to: RoomId;
  /** Whoever sent this counter, again after a lost link too. */
  readonly askers: Asker[];
};
type ChangeInput = Extract<HallInput, { kind: "join" | "leave" | "topic" | "enter" }>;
type MeetWork = { readonly kind: "meet"; readonly room: RoomId; readonly pair: [UserId, UserId] };
type Work = PostWork | ChangeInput | MeetWork;

/** What an append was for. */
interface Pending {
  readonly gate: string;
  readonly work: Work;
  /** More appends of the same work follow: only the last one settles it. */
  readonly last: boolean;
}

const NOTHING = { effects: [] };

/** Names of people, as the registry knows them. */
export interface Directory {
  find(name: Name): { readonly id: UserId } | undefined;
}

export interface HallOptions {
  readonly rooms: Rooms;
  readonly directory: Directory;
  readonly sha256: Sha256;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
}

export class Hall {
  readonly #rooms: Rooms;
  readonly #directory: Directory;
  readonly #sha256: Sha256;
  readonly #posts = new Posts();
  readonly #gate = new Gate<Work>();
  readonly #visitors: Visitors;
  /** Posts between arrival and answer, by outbox and counter. */
  readonly #underWay = new Map<string, PostWork>();
  readonly #pending = new Map<number, Pending>();
  #token = 0;

  constructor(options: HallOptions) {
    this.#rooms = options.rooms;
    this.#directory = options.directory;
    this.#sha256 = options.sha256;
    this.#visitors = new Visitors(options.postsPerSecond, options.postsBurst);
  }

  /** A record of the past, read at the start: applied without telling anyone. */
  restore(record: LogRecord): void {
    this.#rooms.apply(record);
    this.#posts.record(record.head);
  }

  isOnline(user: UserId): boolean {
    return this.#visitors.isOnline(user);
  }

  handle(input: HallInput, now: number): HallEffect[] {
    switch (input.kind) {
      case "arrived":
        return this.#visitors.arrive(input.peer, input.user, now)
          ? this.#presence(input.user, true)
          : [];
      case "departed": {
        const gone = this.#visitors.depart(input.peer);
        return gone === undefined ? [] : this.#presence(gone, false);
      }
      case "post":
        return this.#post(input.asker, input.request, now);
      case "join":
        return this.#admit(`n:${foldName(input.wish.name)}`, input);
      case "enter":
        return this.#admit(`n:${foldName(LOBBY)}`, input);
      case "leave":
      case "topic":
        return this.#admit(`n:${foldName(input.room)}`, input);
      case "record":
        return this.#apply(input.record);
      case "appended":
        return this.#settle(input.token, input.record);
      case "failed":
        return this.#fail(input.token, input.fault);
      default:
        return unreachable(input);
    }
  }

  #presence(user: UserId, online: boolean): HallEffect[] {
    return [...this.#rooms.of(user)].map((room) => ({ kind: "presence", room, user, online }));
  }

  #post(asker: Asker, request: RequestOf<"post">, now: number): HallEffect[] {
    const { user } = asker;
    const outbox = request.outbox as OutboxId;
    const { counter } = request;
    const underWay = this.#underWay.get(postKey(user, outbox, counter));
    if (underWay !== undefined) {
      underWay.askers.push(asker);
      return [];
    }
    const status = this.#posts.status(user, outbox, counter);
    if (status.kind === "posted") return [{ kind: "answer", asker, answer: status.posted }];
    if (status.kind === "forgotten") {
      const fault = new Fault("out-of-order", `post ${counter} of this outbox is long past`);
      return [{ kind: "refuse", asker, fault }];
    }
    const fault = this.#visitors.hold(asker.peer, outbox, counter, now);
    if (fault !== undefined) return [{ kind: "refuse", asker, fault }];
    try {
      const { work, effects } = this.#address(asker, outbox, request);
      this.#posts.begin(user, outbox, counter);
      this.#underWay.set(postKey(user, outbox, counter), work);
      return [...effects, ...this.#admit(this.#gateOf(work.to), work)];
    } catch (error) {
      if (error instanceof Fault) return [{ kind: "refuse", asker, fault: error }];
      throw error;
    }
  }

  #address(
    asker: Asker,
    outbox: OutboxId,
    { counter, to, body }: RequestOf<"post">,
  ): { work: PostWork; effects: HallEffect[] } {
    if (body.text === "") throw new Fault("text-invalid", "an empty text says nothing");
    if (!/^[A-Za-z0-9_-]{11}$/.test(outbox)) {
      throw new Fault("frame-malformed", "an outbox id has 11 base64url characters");
    }
    const { action, ...words } = body;
    const draft = {
      kind: action === true ? ("action" as const) : ("text" as const),
      by: asker.user,
      id: formatPostId(outbox, counter),
      body: words,
    };
    const { room, effects } = this.#target(asker.user, to);
    const { user } = asker;
    return {
      work: { kind: "post", user, outbox, counter, draft, to: room, askers: [asker] },
      effects,
    };
  }

  /** The room that a target means; two people who never spoke get theirs made first. */
  #target(user: UserId, to: string): { room: RoomId; effects: HallEffect[] } {
    const target = parseTarget(to);
    if (target.kind === "room") {
      const room = this.#rooms.find(target.name);
      if (room === undefined) {
        throw new Fault("room-unknown", `there is no room '${target.name}'`);
      }
      return { room: room.id, effects: [] };
    }
    const other = this.#directory.find(target.name)?.id;
    if (other === undefined) throw new Fault("user-unknown", `there is no '${target.name}' here`);
    const room = directRoomId(user, other, this.#sha256);
    if (this.#rooms.get(room) !== undefined) return { room, effects: [] };
    const pair: [UserId, UserId] = user < other ? [user, other] : [other, user];
    return { room, effects: this.#admit(room, { kind: "meet", room, pair }) };
  }

  #gateOf(room: RoomId): string {
    const name = this.#rooms.get(room)?.name;
    return name === undefined ? room : `n:${foldName(name)}`;
  }

  #admit(gate: string, work: Work): HallEffect[] {
    if (this.#gate.waiting(gate) >= GATE_WAITING_MAX && work.kind !== "meet") {
      const detail = { retryAfterMs: 100 };
      return this.#refuse(work, new Fault("too-many", "this room is too busy", detail));
    }
    return this.#gate.enter(gate, work, work.kind !== "post") ? this.#start(gate, work) : [];
  }

  #start(gate: string, work: Work): HallEffect[] {
    try {
      const drafts = this.#drafts(work);
      if (Array.isArray(drafts)) {
        return drafts.map((draft, i) => {
          const token = ++this.#token;
          this.#pending.set(token, { gate, work, last: i === drafts.length - 1 });
          return { kind: "append", token, draft };
        });
      }
      return [...drafts.effects, ...this.#leaveGate(gate)];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [...this.#refuse(work, error), ...this.#leaveGate(gate)];
    }
  }

  #leaveGate(gate: string): HallEffect[] {
    return this.#gate.done(gate).flatMap((work) => this.#start(gate, work));
  }

  /** Checks against the state as it is now. @throws Fault; nothing has changed then */
  #drafts(work: Work): Draft[] | { effects: HallEffect[] } {
    const rooms = this.#rooms;
    switch (work.kind) {
      case "post":
        return [{ ...work.draft, room: checkPost(rooms, work.user, work.to) }];
      case "meet":
        return rooms.get(work.room) === undefined ? [meetDraft(work.room, work.pair)] : NOTHING;
      case "join": {
        const { asker, wish } = work;
        const drafts = joinDrafts(rooms, asker.user, wish);
        if (drafts.length > 0) return drafts;
        const room = namedRoom(rooms, wish.name);
        const answer = {
          room: room.id,
          name: room.name ?? wish.name,
          created: false,
          joined: false,
        };
        return { effects: [{ kind: "answer", asker, answer }] };
      }
      case "enter": {
        const drafts = enterDrafts(rooms, work.asker.user);
        return drafts.length > 0 ? drafts : { effects: [{ kind: "entered", asker: work.asker }] };
      }
      case "leave":
        return [leaveDraft(rooms, work.asker.user, work.room)];
      case "topic":
        return [topicDraft(rooms, work.asker.user, work.room, work.topic)];
      default:
        return unreachable(work);
    }
  }

  #apply(record: LogRecord): HallEffect[] {
    this.restore(record);
    const { head } = record;
    const room = this.#rooms.get(head.room as RoomId);
    if (room === undefined) return [];
    const effects: HallEffect[] = [{ kind: "deliver", room, record }];
    if (head.kind === "room") {
      for (const user of new Set(room.pair)) effects.push({ kind: "follow", user, room });
    }
    if (head.by === "server") return effects;
    const user = head.by;
    if (head.kind === "join") {
      effects.push({ kind: "follow", user, room });
      if (this.isOnline(user)) effects.push({ kind: "presence", room, user, online: true });
    }
    if (head.kind === "leave") effects.push({ kind: "unfollow", user, room });
    return effects;
  }

  #settle(token: number, record: LogRecord): HallEffect[] {
    const pending = this.#pending.get(token);
    assert(pending !== undefined, "an append was settled twice");
    this.#pending.delete(token);
    if (!pending.last) return [];
    const { work, gate } = pending;
    return [...this.#answer(work, record), ...this.#leaveGate(gate)];
  }

  #answer(work: Work, { head }: LogRecord): HallEffect[] {
    switch (work.kind) {
      case "post": {
        this.#underWay.delete(postKey(work.user, work.outbox, work.counter));
        const { seq, n, time } = head;
        const queued = this.#isQueued(work);
        const answer = { seq, n, time, ...(queued ? { queued } : {}) };
        return work.askers.map((asker) => ({ kind: "answer", asker, answer }));
      }
      case "meet":
        return [];
      case "enter":
        return [{ kind: "entered", asker: work.asker }];
      case "join": {
        const room = this.#rooms.get(head.room as RoomId);
        const name = room?.name ?? work.wish.name;
        const created = room !== undefined && room.id === work.wish.create?.room;
        const answer = { room: head.room, name, created, joined: true };
        return [{ kind: "answer", asker: work.asker, answer }];
      }
      case "leave":
        return [{ kind: "answer", asker: work.asker, answer: {} }];
      case "topic":
        return [{ kind: "answer", asker: work.asker, answer: { seq: head.seq } }];
      default:
        return unreachable(work);
    }
  }

  /** Nobody at the other end of a direct conversation: it is delivered later. */
  #isQueued(work: PostWork): boolean {
    const pair = this.#rooms.get(work.to)?.pair;
    const other = pair?.find((user) => user !== work.user);
    return other !== undefined && !this.isOnline(other);
  }

  #fail(token: number, fault: Fault): HallEffect[] {
    const pending = this.#pending.get(token);
    assert(pending !== undefined, "an append failed twice");
    this.#pending.delete(token);
    if (!pending.last) return [];
    return [...this.#refuse(pending.work, fault), ...this.#leaveGate(pending.gate)];
  }

  #refuse(work: Work, fault: Fault): HallEffect[] {
    if (work.kind === "meet") return []; // The post that waits for it finds no room, and says so.
    if (work.kind !== "post") return [{ kind: "refuse", asker: work.asker, fault }];
    const { user, outbox, counter, askers } = work;
    this.#underWay.delete(postKey(user, outbox, counter));
    this.#posts.abandon(user, outbox, counter);
    for (const { peer } of askers) {
      // Later posts of this outbox must not overtake one that will come again.
      if (fault.retryAfterMs !== undefined) this.#visitors.held(peer, outbox, counter, fault);
    }
    return askers.map((asker) => ({ kind: "refuse", asker, fault }));
  }
}

function postKey(user: UserId, outbox: OutboxId, counter: number): string {
  return `${user} ${outbox} ${counter}`;
}
