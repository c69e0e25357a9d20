import { assert, unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { directRoomId, type OutboxId, type RoomId, type Sha256, type UserId } from "../base/ids.ts";
import { GATE_WAITING_MAX } from "../base/limits.ts";
import { parseTarget } from "../base/names.ts";
import type { Answer, RequestOf } from "../wire/messages.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
import { Announcements } from "./announcements.ts";
import {
  announceDraft,
  checkMeet,
  checkPost,
  enterDrafts,
  joinDrafts,
  leaveDraft,
  meetDraft,
  namedRoom,
  postDraft,
  topicDraft,
} from "./change.ts";
import { Files } from "./files.ts";
import { Gate } from "./gate.ts";
import type { Directory, HallEffect, HallInput, HallOptions } from "./hall-effect.ts";
import { actDraft } from "./moderate.ts";
import { type Posted, Posts } from "./posts.ts";
import { accountIn, type Rooms } from "./room.ts";
import { Visitors } from "./visitors.ts";
import {
  type AnnounceWork,
  type Asker,
  type Job,
  type MeetWork,
  outboxGate,
  type PostWork,
  postKey,
  roomGate,
  type Turn,
  type Work,
} from "./work.ts";

const NOTHING = { effects: [] };

/**
 * Every change to the rooms: checked against the state, appended, made durable, then applied and
 * told to everyone, its sender included. It has never heard of sockets or disks.
 *
 *     request ── gate ── check ──> append … record ──> apply, deliver … appended ──> answer
 *
 * A post passes two gates: that of its outbox, until it is handed to the log, so that none
 * overtakes another whatever room it goes to; and that of its room, until it is durable.
 */
export class Hall {
  readonly #rooms: Rooms;
  readonly #directory: Directory;
  readonly #sha256: Sha256;
  readonly files = new Files();
  readonly announcements = new Announcements();
  readonly #posts = new Posts();
  readonly #gate = new Gate<Work>();
  readonly #visitors: Visitors;
  /** Posts between arrival and answer, by outbox and counter. */
  readonly #underWay = new Map<string, PostWork>();
  readonly #jobs = new Map<number, Job>(); // By token.
  #token = 0;
  #unixMs = 0;

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
    this.announcements.record(record.head);
    this.files.apply(record);
  }

  isOnline(user: UserId): boolean {
    return this.#visitors.isOnline(user);
  }

  /** @param unixMs wall time, for what ends at some moment */
  handle(input: HallInput, now: number, unixMs = 0): HallEffect[] {
    this.#unixMs = unixMs;
    switch (input.kind) {
      case "arrived":
        return this.#visitors.arrive(input.peer, input.user, now)
          ? this.#presence(input.user, true)
          : [];
      case "called":
        this.#visitors.call(input.peer, input.user, now);
        return [];
      case "departed": {
        const gone = this.#visitors.depart(input.peer);
        return gone === undefined ? [] : this.#presence(gone, false);
      }
      case "post":
        return this.#post(input.asker, input.request, now);
      case "announce":
        return this.#announce(input);
      case "join":
      case "enter":
      case "leave":
      case "topic":
      case "act":
        return this.#run([{ kind: "knock", work: input }]);
      case "record":
        return this.#apply(input.record);
      case "appended":
        return this.#settle(input.token, input.record);
      case "failed":
        return this.#settle(input.token, input.fault);
      default:
        return unreachable(input);
    }
  }

  #presence(user: UserId, online: boolean): HallEffect[] {
    return [...this.#rooms.of(user)].map((room) => ({ kind: "presence", room, user, online }));
  }

  #post(asker: Asker, request: RequestOf<"post">, now: number): HallEffect[] {
    const { user } = asker;
    const { counter, body } = request;
    const outbox = request.outbox as OutboxId;
    this.#visitors.release(asker.peer, outbox, counter);
    const underWay = this.#underWay.get(postKey(user, outbox, counter));
    if (underWay !== undefined) {
      underWay.askers.push(asker);
      return [];
    }
    const status = this.#posts.status(user, outbox, counter);
    if (status.kind === "posted") return [{ kind: "answer", asker, answer: status.posted }];
    if (status.kind === "refused") return [{ kind: "refuse", asker, fault: status.fault }];
    if (status.kind === "passed") {
      const fault = new Fault("out-of-order", `later posts of this outbox went before ${counter}`);
      return [{ kind: "refuse", asker, fault }];
    }
    const fault = this.#visitors.hold(asker.peer, outbox, counter, now, body.text?.length);
    if (fault !== undefined) return [{ kind: "refuse", asker, fault }];
    try {
      const draft = postDraft(user, request);
      const { room: to, meet } = this.#target(user, request.to);
      const work: PostWork = { kind: "post", user, outbox, counter, draft, to, askers: [asker] };
      this.#posts.begin(user, outbox, counter);
      this.#underWay.set(postKey(user, outbox, counter), work);
      const turn = { kind: "queue", work } as const;
      return this.#run(meet === undefined ? [turn] : [{ kind: "knock", work: meet }, turn]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.blame === "user") this.#posts.refuse(user, outbox, counter, error);
      return [{ kind: "refuse", asker, fault: error }];
    }
  }

  #announce({ to: target, ...rest }: Extract<HallInput, { kind: "announce" }>): HallEffect[] {
    try {
      const { room: to, meet } = this.#target(rest.asker.user, target);
      const turn = { kind: "knock", work: { ...rest, to } } as const;
      return this.#run(meet === undefined ? [turn] : [{ kind: "knock", work: meet }, turn]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [{ kind: "refuse", asker: rest.asker, fault: error }];
    }
  }

  /** The room that a target means; two people who never spoke get theirs made first. */
  #target(user: UserId, to: string): { room: RoomId; meet?: MeetWork } {
    const target = parseTarget(to);
    if (target.kind === "room") return { room: namedRoom(this.#rooms, target.name).id };
    const other = this.#directory.find(target.name)?.id;
    if (other === undefined) throw new Fault("user-unknown", `there is no '${target.name}' here`);
    const room = directRoomId(user, other, this.#sha256);
    if (this.#rooms.get(room) !== undefined) return { room };
    checkMeet(this.#rooms, user);
    const pair: [UserId, UserId] = user < other ? [user, other] : [other, user];
    return { room, meet: { kind: "meet", room, pair } };
  }

  /** Takes all turns, and those that they make possible; a loop, as thousands may wait. */
  #run(turns: Turn[]): HallEffect[] {
    const effects: HallEffect[] = [];
    for (const turn of turns) {
      if (turn.kind === "queue") this.#queue(turn.work, turns);
      else if (turn.kind === "knock") effects.push(...this.#knock(turn.work, turns));
      else effects.push(...this.#start(turn.work, turns));
    }
    return effects;
  }

  #queue(work: Work, turns: Turn[]): void {
    const isFirst = work.kind !== "post" || this.#gate.enter(outboxGate(work), work, true);
    if (isFirst) turns.push({ kind: "knock", work });
  }

  #knock(work: Work, turns: Turn[]): HallEffect[] {
    const gate = roomGate(work, this.#rooms);
    if (this.#gate.waiting(gate) >= GATE_WAITING_MAX) {
      this.#letNextPost(work, turns);
      const detail = { retryAfterMs: 100 };
      return this.#refuse(work, new Fault("too-many", "this room is too busy", detail));
    }
    if (this.#gate.enter(gate, work, work.kind !== "post")) turns.push({ kind: "start", work });
    return [];
  }

  #start(work: Work, turns: Turn[]): HallEffect[] {
    const gate = roomGate(work, this.#rooms);
    this.#letNextPost(work, turns);
    try {
      const drafts = this.#drafts(work);
      if (Array.isArray(drafts)) return this.#append(gate, work, drafts);
      this.#leaveGate(gate, turns);
      return drafts.effects;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#leaveGate(gate, turns);
      return this.#refuse(work, error);
    }
  }

  #append(gate: string, work: Work, drafts: readonly Draft[]): HallEffect[] {
    if (work.kind === "post") this.#posts.hand(work.user, work.outbox, work.counter);
    const job: Job = { gate, work, left: drafts.length };
    return drafts.map((draft) => {
      this.#jobs.set(++this.#token, job);
      return { kind: "append", token: this.#token, draft };
    });
  }

  #leaveGate(gate: string, turns: Turn[]): void {
    for (const work of this.#gate.done(gate)) turns.push({ kind: "start", work });
  }

  /** The next of its outbox may follow: whatever comes of it now takes effect in this very tick. */
  #letNextPost(work: Work, turns: Turn[]): void {
    if (work.kind !== "post") return;
    for (const next of this.#gate.done(outboxGate(work))) turns.push({ kind: "knock", work: next });
  }

  /** Checks against the state as it is now. @throws Fault; nothing has changed then */
  #drafts(work: Work): Draft[] | { effects: HallEffect[] } {
    const rooms = this.#rooms;
    switch (work.kind) {
      case "post":
        this.#checkTurn(work);
        return [{ ...work.draft, room: checkPost(rooms, work, this.#unixMs) }];
      case "announce": {
        const { asker, file, to } = work;
        const told = this.announcements.of(file, to);
        if (told === undefined) return [announceDraft(rooms, work, this.#unixMs)];
        return { effects: [{ kind: "answer", asker, answer: this.#postAnswer(work, told) }] };
      }
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
        return [topicDraft(rooms, work.asker.user, work, this.#unixMs)];
      case "act": {
        const { asker, isOperator, act } = work;
        return [actDraft(rooms, { user: asker.user, isOperator }, act, this.#unixMs)];
      }
      default:
        return unreachable(work);
    }
  }

  /** One before it may have been refused for a while since it came. @throws Fault */
  #checkTurn({ askers, outbox, counter }: PostWork): void {
    for (const { peer } of askers) {
      const fault = this.#visitors.waitsBehind(peer, outbox, counter);
      if (fault !== undefined) throw fault;
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
    const gone = head.kind === "kick" ? accountIn(record) : user;
    if (gone !== undefined && (head.kind === "leave" || head.kind === "kick")) {
      effects.push({ kind: "unfollow", user: gone, room });
    }
    return effects;
  }

  #settle(token: number, outcome: LogRecord | Fault): HallEffect[] {
    const job = this.#jobs.get(token);
    assert(job !== undefined, "an append was settled twice");
    this.#jobs.delete(token);
    if (outcome instanceof Fault) job.fault ??= outcome;
    else job.record = outcome;
    if (--job.left > 0) return [];
    const { work, record, fault } = job;
    assert(record !== undefined || fault !== undefined, "a job ends well or badly");
    const turns: Turn[] = [];
    this.#leaveGate(job.gate, turns);
    const effects = fault === undefined && record !== undefined ? this.#answer(work, record) : [];
    if (fault !== undefined) effects.push(...this.#refuse(work, fault));
    return [...effects, ...this.#run(turns)];
  }

  #answer(work: Work, record: LogRecord): HallEffect[] {
    const { head } = record;
    switch (work.kind) {
      case "post": {
        this.#underWay.delete(postKey(work.user, work.outbox, work.counter));
        const answer = this.#postAnswer(work, head);
        return work.askers.map((asker) => ({ kind: "answer", asker, answer }));
      }
      case "announce":
        return [{ kind: "answer", asker: work.asker, answer: this.#postAnswer(work, head) }];
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
      case "act": {
        const { asker, act } = work;
        if (act.kind === "erase") return [{ kind: "erased", asker, record }];
        const answer = act.kind === "grant" ? {} : { seq: head.seq };
        return [{ kind: "answer", asker, answer }];
      }
      default:
        return unreachable(work);
    }
  }

  #postAnswer(work: PostWork | AnnounceWork, { seq, n, time }: Posted): Answer<"post"> {
    const user = work.kind === "post" ? work.user : work.asker.user;
    // Nobody at the other end of a direct conversation: it is delivered later.
    const other = this.#rooms.get(work.to)?.pair?.find((one) => one !== user);
    const queued = other !== undefined && !this.isOnline(other);
    return { seq, n, time, ...(queued ? { queued } : {}) };
  }

  #refuse(work: Work, fault: Fault): HallEffect[] {
    if (work.kind === "meet") return []; // The post that waits for it finds no room, and says so.
    if (work.kind !== "post") return [{ kind: "refuse", asker: work.asker, fault }];
    const { user, outbox, counter, askers } = work;
    this.#underWay.delete(postKey(user, outbox, counter));
    this.#posts.abandon(user, outbox, counter);
    const told = this.#posts.isOvertaken(user, outbox, counter) ? forGood(fault) : fault;
    if (told.retryAfterMs === undefined) this.#posts.refuse(user, outbox, counter, told);
    for (const { peer } of askers) {
      // Later posts of this outbox must not overtake one that will come again.
      if (told.retryAfterMs !== undefined) this.#visitors.held(peer, outbox, counter, told);
    }
    return askers.map((asker) => ({ kind: "refuse", asker, fault: told }));
  }
}

/** A post that later ones have overtaken cannot come again. */
function forGood({ code, message, remedy, cause }: Fault): Fault {
  return new Fault(code, message, { remedy, cause });
}
