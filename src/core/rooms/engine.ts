/** Room engine, which checks changes against the state, appends them and sends them to readers. */

import { assert, unreachable } from "../../base/assert.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { FileId, OutboxId, RoomId, UserId } from "../../base/ids.ts";
import {
  HANDS_MAX,
  KNOCKS_MAX,
  ROOM_COMMANDS_QUEUED_MAX,
  ROOM_MEMBERS_MAX,
} from "../../base/limits.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import { type Answer, type Request, requestRow } from "../../wire/messages.ts";
import type { Draft, FoldedRecord, LogRecord } from "../../wire/record.ts";
import {
  type AppendCommand,
  type ConversationCommand,
  newNameLocks,
  type PendingClaim,
  type PostCommand,
  type PostDestination,
  type Requester,
  roomLock,
  type Step,
  type Submission,
} from "./commands.ts";
import { DedupTable, type DedupValue, type Posted } from "./dedup.ts";
import {
  checkMayCreate,
  checkPost,
  conversationDraft,
  joinDrafts,
  leaveDrafts,
  lobbyJoinDrafts,
  postDraft,
  roomToJoin,
  topicDraft,
  unlockedField,
  withPresentNames,
} from "./drafts.ts";
import type { EngineEffect, EngineInput, EngineOptions } from "./engine-io.ts";
import { contentIds, type FileBody, Files, type FilesValue } from "./files.ts";
import { groupDrafts, previousAnswer } from "./group.ts";
import { actionDrafts, isInvited, moderates, type RoomAction } from "./moderation.ts";
import { Presence } from "./presence.ts";
import { groupOf, newGroupDraft } from "./private-groups.ts";
import { type Claim, type LockMode, RoomLock } from "./room-lock.ts";
import { countsAsMessage, type Room, type Rooms, type RoomsValue, targetUser } from "./rooms.ts";
import { noteAccepted } from "./rules.ts";
import {
  checkMayCreateRoom,
  checkMaySendFiles,
  checkMayWrite,
  companyOf,
  type Rights,
} from "./server-rules.ts";
import {
  checkPresentName,
  type Directory,
  type ResolvedTarget,
  requireRoom,
  TargetResolver,
} from "./targets.ts";

/** About the duration of an election in a cluster. */
const RETRY_AFTER_MS = 1_000;

export interface EngineValue {
  readonly rooms: RoomsValue;
  readonly posts: DedupValue;
  readonly files: FilesValue;
}

/**
 * Engine for all changes to rooms, without sockets or disks.
 *     submit ── lock ── check ──> append … record ──> apply, deliver … appended ──> settle
 * A post holds its outbox's lock until it is passed to the log, so that an outbox's posts stay in
 * order across rooms, and its room's lock until it is durable.
 */
export class RoomEngine {
  readonly #rooms: Rooms;
  readonly #targets: TargetResolver;
  readonly #directory: Directory;
  readonly files = new Files();
  readonly #posts = new DedupTable<PostCommand>();
  readonly #lock = new RoomLock<AppendCommand>();
  readonly #presence: Presence;
  readonly #appends = new Map<number, PendingClaim>();
  /** Posts to be refused unless other servers have recorded them, by token. */
  readonly #confirmations = new Map<number, PostCommand>();
  readonly #isShared: boolean;
  #token = 0;
  #unixMs = 0;

  constructor(options: EngineOptions) {
    this.#rooms = options.rooms;
    this.#targets = new TargetResolver(options);
    this.#directory = options.directory;
    this.#presence = new Presence(options.postsPerSecond, options.postsBurst);
    this.#isShared = options.isShared ?? false;
  }

  restore(record: FoldedRecord): void {
    this.#rooms.apply(record);
    this.#posts.record(record.head);
    this.files.apply(record);
  }

  value(): EngineValue {
    const files = this.files.value();
    return { rooms: this.#rooms.value(), posts: this.#posts.value(), files };
  }

  load({ rooms, posts, files }: EngineValue): void {
    this.#rooms.load(rooms);
    this.#posts.load(posts);
    this.files.load(files);
  }

  /** Users connected to this server. */
  get onlineCount(): number {
    return this.#presence.onlineCount;
  }

  deviceCount(user: UserId): number {
    return this.#presence.deviceCount(user);
  }

  isOnline(user: UserId): boolean {
    return this.#presence.isOnline(user);
  }

  charge(user: UserId, request: Request, now: number): Fault | undefined {
    const posts = postCount(request);
    return posts === 0 ? undefined : this.#presence.charge(user, posts, now);
  }

  spend(user: UserId, posts: number, now: number): void {
    this.#presence.spend(user, posts, now);
  }

  /** Reports whether the post is recorded, or will be if nothing refuses it. */
  hasPost(user: UserId, outbox: OutboxId, counter: number): boolean {
    const status = this.#posts.find(user, outbox)?.status(counter).kind;
    return status === "posted" || status === "pending";
  }

  /** @param unixMs wall-clock time, needed for expiry */
  handle(input: EngineInput, now: number, unixMs = 0): EngineEffect[] {
    this.#unixMs = unixMs;
    switch (input.kind) {
      case "enter":
        return this.#presence.enter(input, now) ? this.#presenceOf(input.user, true) : [];
      case "leave": {
        const removedUser = this.#presence.leave(input.session);
        return removedUser === undefined ? [] : this.#presenceOf(removedUser, false);
      }
      case "submit":
        return this.#submit(input.requester, input.command, now);
      case "abandon": {
        const { session, post } = input;
        this.#presence.unblock(session, post.outbox as OutboxId, post.counter);
        return [];
      }
      case "record":
        return this.#apply(input.record);
      case "appended":
        this.#noteAccepted(input.record);
        return this.#settle(input.token, input.record);
      case "failed":
        return this.#settle(input.token, input.fault);
      case "confirmed":
        return this.#confirmed(input.token, input.isCurrent);
      default:
        return unreachable(input);
    }
  }

  #noteAccepted({ head: { by, kind, room: id } }: LogRecord): void {
    const room = this.#rooms.get(id as RoomId);
    if (room === undefined || by === "server" || !countsAsMessage(room, kind)) return;
    noteAccepted(room, by as UserId, this.#unixMs);
  }

  #presenceOf(user: UserId, online: boolean): EngineEffect[] {
    return [...this.#rooms.roomsOf(user)].map((room) => ({ kind: "presence", room, user, online }));
  }

  #submit(requester: Requester, command: Submission, now: number): EngineEffect[] {
    switch (command.kind) {
      case "post":
        return this.#post(requester, command, now);
      case "group":
        return this.#submitToGroup(requester, command);
      default:
        return this.#run([{ kind: "lock-room", command: { ...command, requester } }]);
    }
  }

  #post(
    requester: Requester,
    { request, files }: Extract<Submission, { kind: "post" }>,
    now: number,
  ): EngineEffect[] {
    const { user, session } = requester;
    const { counter } = request;
    const id = request.outbox as OutboxId;
    this.#presence.unblock(session, id, counter);
    const known = this.#posts.find(user, id);
    const pendingPost = known?.pending.get(counter);
    if (pendingPost !== undefined) {
      pendingPost.requesters.push(requester);
      return [];
    }
    const status = known?.status(counter);
    if (status?.kind === "posted") return [settled(requester, status.posted)];
    if (status?.kind === "refused") return [settled(requester, status.fault)];
    if (status?.kind === "passed") return [settled(requester, passedFault(counter))];
    if (status?.kind === "blocked") {
      const message = msg`post ${counter} is out of order: later posts are pending`;
      const fault = new Fault("out-of-order", message, { retryAfterMs: RETRY_AFTER_MS });
      this.#presence.held(session, id, counter, fault);
      return [settled(requester, fault)];
    }
    const fault = this.#presence.acceptPost(requester, id, counter, now, postCount(request));
    if (fault !== undefined) return [settled(requester, fault)];
    try {
      const { destination, conversation } = this.#resolvePost(user, { request, files });
      const steps: Step[] = [];
      if (conversation !== undefined) steps.push({ kind: "lock-room", command: conversation });
      return this.#begin(requester, { request, files }, destination, steps);
    } catch (error) {
      const fault = asFault(error);
      if (this.#needsConfirmation(fault, [requester]))
        return this.#begin(requester, { request, files }, undefined, []);
      if (fault.blame === "user") this.#posts.use(user, id).refuse(counter, fault);
      return [settled(requester, fault)];
    }
  }

  #begin(
    requester: Requester,
    { request, files }: Pick<PostCommand, "request" | "files">,
    destination: PostDestination | undefined,
    steps: Step[],
  ): EngineEffect[] {
    const { user } = requester;
    const { counter } = request;
    const outbox = this.#posts.use(user, request.outbox as OutboxId);
    const command: PostCommand = {
      kind: "post",
      user,
      outbox,
      counter,
      request,
      files,
      destination,
      requesters: [requester],
      isAppending: false,
    };
    outbox.begin(counter, command);
    this.#lockOutbox(command, steps);
    return this.#run(steps);
  }

  #resolvePost(
    user: UserId,
    { request, files }: Pick<PostCommand, "request" | "files">,
  ): {
    readonly destination: PostDestination;
    readonly conversation: ConversationCommand | undefined;
  } {
    const { typed, imported } = request.body;
    if (typed === true || imported !== undefined) checkPresentName(this.#rooms, user, request.to);
    const draft = postDraft(user, withPresentNames(request, this.#directory), files);
    const target = this.#targets.resolve(user, request.to);
    return {
      destination: { draft, to: target.id },
      conversation: this.#conversationFor(user, target),
    };
  }

  /**
   * The client may have used another server, which may have recorded this post or newer records
   * that permit it. Programs without a session send each post to one server only.
   */
  #needsConfirmation({ retryAfterMs }: Fault, askers: readonly Requester[]): boolean {
    const isShared = this.#isShared && askers.some(({ session }) => session !== undefined);
    return isShared && retryAfterMs === undefined;
  }

  #requestConfirmation(command: PostCommand, effects: EngineEffect[]): void {
    const token = ++this.#token;
    this.#confirmations.set(token, command);
    effects.push({ kind: "confirm", token });
  }

  #confirmed(token: number, isCurrent: boolean): EngineEffect[] {
    const command = this.#confirmations.get(token);
    assert(command !== undefined, "a confirmation was answered twice");
    this.#confirmations.delete(token);
    const steps: Step[] = [];
    const effects: EngineEffect[] = [];
    this.#settleConfirmed(command, isCurrent, steps, effects);
    return this.#run(steps, effects);
  }

  #settleConfirmed(
    command: PostCommand,
    isCurrent: boolean,
    steps: Step[],
    effects: EngineEffect[],
  ): void {
    try {
      if (this.#isSettled(command, effects)) return this.#startNextPost(command, steps);
      if (!isCurrent) {
        const message = "cannot confirm whether another server has the message";
        throw new Fault("no-majority", message, { retryAfterMs: RETRY_AFTER_MS });
      }
      command.isConfirmed = true;
      if (command.destination === undefined) {
        const { destination, conversation } = this.#resolvePost(command.user, command);
        command.destination = destination;
        if (conversation !== undefined) steps.push({ kind: "lock-room", command: conversation });
      }
      steps.push({ kind: "lock-room", command });
    } catch (error) {
      const fault = asFault(error);
      this.#startNextPost(command, steps);
      this.#refuse(command, fault, effects);
    }
  }

  #submitToGroup(
    requester: Requester,
    submitted: Extract<Submission, { kind: "group" }>,
  ): EngineEffect[] {
    try {
      const { target } = submitted;
      const conversation = this.#conversationFor(requester.user, target);
      const command = { ...submitted, requester, room: target.id };
      const step = { kind: "lock-room", command } as const;
      return this.#run(
        conversation === undefined ? [step] : [{ kind: "lock-room", command: conversation }, step],
      );
    } catch (error) {
      return [settled(requester, asFault(error))];
    }
  }

  #conversationFor(user: UserId, target: ResolvedTarget): ConversationCommand | undefined {
    const { id, room, peer: other } = target;
    if (room !== undefined) return undefined;
    if (other !== undefined) checkMayWrite(this.#rights, [user, other]);
    checkMayCreate(this.#rooms, { user, unixMs: this.#unixMs }, target);
    const pair = other && ([user, other].sort() as [UserId, UserId]);
    return { kind: "meet", user, room: id, pair };
  }

  /** Uses a loop instead of recursion, because thousands of steps may be queued. */
  #run(steps: Step[], effects: EngineEffect[] = []): EngineEffect[] {
    for (let next = 0; next < steps.length; next++) {
      const step = steps[next];
      assert(step !== undefined, "each index has a step");
      if (step.kind === "resume") this.#resume(step.lock, step.claim, steps, effects);
      else this.#lockRoom(step.command, steps, effects);
    }
    this.#lock.endTurn();
    return effects;
  }

  #lockOutbox(command: PostCommand, steps: Step[]): void {
    if (command.outbox.acquire(command)) steps.push({ kind: "lock-room", command });
  }

  #lockRoom(command: AppendCommand, steps: Step[], effects: EngineEffect[]): void {
    if (command.kind === "post" && command.destination === undefined)
      return this.#requestConfirmation(command, effects);
    const lock = roomLock(command, this.#rooms);
    const user = userOf(command);
    if (this.#lock.waiting(lock, user) >= ROOM_COMMANDS_QUEUED_MAX) {
      this.#startNextPost(command, steps);
      this.#refuse(command, queuedTooMuch(), effects);
    } else {
      const claim = { command, mode: this.#lockMode(command, lock), user };
      if (this.#lock.acquire(lock, claim)) this.#performStep(lock, claim, steps, effects);
    }
  }

  /**
   * A join that may create the room or exceed its limit, and a departure that may leave it vacant,
   * run alone. So does a raised hand or a request to join that may exceed the limit of its list.
   * @param held number of running commands that are this one: 1 once it has its lock
   */
  #lockMode(command: AppendCommand, lock: string, held = 0): LockMode {
    // Any other command with the mode `own` may be a join, a departure or an entry in a list.
    const others = () => this.#lock.runningOwn(lock) - held;
    switch (command.kind) {
      case "post":
        // A poll may exceed the limit of open polls.
        if (startsPoll(command)) return "exclusive";
        // In slow mode, a user's next message must be checked after the record of the last one.
        return this.#isSlow(command) ? "own" : "post";
      case "enter":
        return "own";
      case "join": {
        const { name, assignment } = command.options;
        const room = this.#rooms.find(name);
        if (assignment !== undefined) return "exclusive";
        const hasSpace = room !== undefined && room.members.size + others() < ROOM_MEMBERS_MAX;
        return hasSpace ? "own" : "exclusive";
      }
      case "leave": {
        const room = this.#rooms.find(command.room);
        // In a cluster, departures from one room conflict with each other.
        if (this.#isShared || room === undefined || room.isSealed === true) return "exclusive";
        return room.members.size - others() > 1 ? "own" : "exclusive";
      }
      case "topic":
        // In a cluster, changes of one topic conflict with each other.
        return this.#isShared ? "exclusive" : "own";
      case "act":
        return this.#actionMode(command, others);
      default:
        return "exclusive";
    }
  }

  /** Actions that change only what their user has made share the lock. */
  #actionMode(
    { action, requester }: Extract<AppendCommand, { kind: "act" }>,
    others: () => number,
  ): LockMode {
    switch (action.kind) {
      case "vote":
        return "own";
      case "edit":
        return action.author === requester.user ? "own" : "exclusive";
      case "hand":
      case "knock": {
        if (action.user !== requester.user) return "exclusive";
        const { hands, knocks } = this.#rooms.get(action.room) ?? {};
        const [list, max] = action.kind === "hand" ? [hands, HANDS_MAX] : [knocks, KNOCKS_MAX];
        const hasSpace = !action.on || (list?.size ?? 0) + others() < max;
        return hasSpace ? "own" : "exclusive";
      }
      default:
        return "exclusive";
    }
  }

  #isSlow({ destination, user }: PostCommand): boolean {
    const room = destination && this.#rooms.get(destination.to);
    if (room?.rules.slow === undefined) return false;
    return !moderates(room, { user, isOperator: this.#isOperator(user) });
  }

  /** Performs a command that waited for its lock, unless it now needs another lock or mode. */
  #resume(lock: string, claim: Claim<AppendCommand>, steps: Step[], effects: EngineEffect[]): void {
    const { command, mode } = claim;
    if (lock !== roomLock(command, this.#rooms)) {
      this.#releaseLock(lock, claim, steps);
      steps.push({ kind: "lock-room", command });
      return;
    }
    const needed = mode === "exclusive" ? mode : this.#lockMode(command, lock, 1);
    if (needed === mode) return this.#performStep(lock, claim, steps, effects);
    this.#resumeLater(lock, this.#lock.requeue(lock, claim, needed), steps);
  }

  #performStep(
    lock: string,
    claim: Claim<AppendCommand>,
    steps: Step[],
    effects: EngineEffect[],
  ): void {
    const { command } = claim;
    try {
      const drafts = this.#drafts(command, effects);
      this.#startNextPost(command, steps);
      if (drafts !== undefined) this.#append(this.#locksFor(lock, claim), claim, drafts, effects);
      else this.#releaseLock(lock, claim, steps);
    } catch (error) {
      const fault = asFault(error);
      const mayBeRecordedElsewhere = command.kind === "post" && command.isConfirmed !== true;
      if (mayBeRecordedElsewhere && this.#needsConfirmation(fault, command.requesters)) {
        this.#requestConfirmation(command, effects);
        this.#releaseLock(lock, claim, steps);
        return;
      }
      this.#startNextPost(command, steps);
      this.#releaseLock(lock, claim, steps);
      this.#refuse(command, fault, effects);
    }
  }

  #locksFor(lock: string, claim: Claim<AppendCommand>): string[] {
    const added = newNameLocks(claim.command).filter((next) => next !== lock);
    if (!added.every((next) => this.#lock.isIdle(next)))
      throw new Fault("too-many", msg`this name is being given to a room`, { retryAfterMs: 100 });
    for (const next of added) this.#lock.acquire(next, claim);
    return [lock, ...added];
  }

  #append(
    locks: readonly string[],
    claim: Claim<AppendCommand>,
    drafts: readonly Draft[],
    effects: EngineEffect[],
  ): void {
    const token = ++this.#token;
    const { command } = claim;
    this.#appends.set(token, { locks, claim });
    const follows =
      command.kind === "post" ? command.outbox.pendingBefore(command.counter) : undefined;
    if (command.kind === "post") command.isAppending = true;
    const payer = command.kind === "meet" ? undefined : userOf(command);
    effects.push({ kind: "append", token, drafts, follows, payer });
  }

  #releaseLock(lock: string, claim: Claim<AppendCommand>, steps: Step[]): void {
    this.#resumeLater(lock, this.#lock.release(lock, claim), steps);
  }

  #resumeLater(lock: string, claims: readonly Claim<AppendCommand>[], steps: Step[]): void {
    for (const claim of claims) steps.push({ kind: "resume", lock, claim });
  }

  #startNextPost(command: AppendCommand, steps: Step[]): void {
    if (command.kind !== "post") return;
    const next = command.outbox.release();
    if (next !== undefined) steps.push({ kind: "lock-room", command: next });
  }

  /**
   * @returns `undefined` if there is nothing to record; `effects` then contains the answer
   * @throws {Fault} before anything is changed
   */
  #drafts(command: AppendCommand, effects: EngineEffect[]): Draft[] | undefined {
    const rooms = this.#rooms;
    switch (command.kind) {
      case "post": {
        const { user, destination } = command;
        assert(destination !== undefined, "a post without a destination has no room lock");
        this.#checkAuthor(user);
        this.#checkOrder(command);
        this.#checkSenderConnected(command);
        const name = this.#directory.nameOf?.(user);
        const actor = { user, name, isOperator: this.#isOperator(user), to: destination.to };
        this.#checkConversation(destination.to);
        if (command.files !== undefined) this.#checkFiles(user, destination.to, command.files);
        const room = checkPost(rooms, actor, this.#unixMs, destination.draft);
        return [draftFor(room.id, destination.draft)];
      }
      case "group": {
        const before = previousAnswer(rooms, command);
        if (before === undefined) return groupDrafts(rooms, command);
        effects.push(settled(command.requester, before));
        return undefined;
      }
      case "meet":
        return rooms.get(command.room) === undefined ? [conversationDraft(command)] : undefined;
      case "join": {
        const { requester, options } = command;
        const { user } = requester;
        const isNew =
          options.create !== undefined && roomToJoin(rooms, user, options) === undefined;
        if (isNew) checkMayCreateRoom(this.#rights, options.create?.isOperator === true);
        const isInvitedTo = (room: Room) => isInvited(room, user, this.#directory, this.#unixMs);
        const drafts = joinDrafts(rooms, user, options, isInvitedTo);
        if (drafts.length > 0) return drafts;
        const room = requireRoom(rooms, options.name, user);
        const answer = {
          room: room.id,
          name: room.name ?? options.name,
          created: false,
          joined: false,
          ...unlockedField(room, options),
        };
        effects.push(settled(requester, answer));
        return undefined;
      }
      case "converse": {
        const { requester, group } = command;
        const found = groupOf(rooms, group);
        checkMayWrite(
          this.#rights,
          group.people.map(({ id }) => id),
        );
        if (!("members" in found)) return [newGroupDraft(rooms, this.#directory, group, found)];
        effects.push(
          settled(requester, { room: found.id, name: found.name ?? "", created: false }),
        );
        return undefined;
      }
      case "enter": {
        const drafts = lobbyJoinDrafts(rooms, command.requester.user);
        if (drafts.length > 0) return drafts;
        effects.push(settled(command.requester, {}));
        return undefined;
      }
      case "leave": {
        const { user } = command.requester;
        const actor = { user, isOperator: this.#isOperator(user) };
        return leaveDrafts(rooms, actor, command, this.#unixMs);
      }
      case "topic": {
        const { user } = command.requester;
        const actor = { user, isOperator: this.#isOperator(user) };
        return [topicDraft(rooms, actor, command, this.#unixMs)];
      }
      case "act": {
        const { requester, isOperator, action } = command;
        const act = action.kind === "erase" ? this.#erasureOf(action) : action;
        if (act.kind === "edit") this.#checkConversation(act.room);
        if (act.kind === "admission") this.#checkConversation(act.room, [act.user]);
        const drafts = actionDrafts(rooms, { user: requester.user, isOperator }, act, this.#unixMs);
        return drafts.map((draft) => (draft.kind === "erase" ? this.#withFiles(draft) : draft));
      }
      default:
        return unreachable(command);
    }
  }

  #checkFiles(user: UserId, to: RoomId, files: readonly FileBody[]): void {
    const room = this.#rooms.get(to);
    checkMaySendFiles(this.#rights, user, room, room && companyOf(room));
    // An order may have been recorded since the files were attached.
    if (!contentIds(files).some((id) => this.files.wasErased(id))) return;
    throw new Fault("file-unknown", msg`this file was deleted`);
  }

  /**
   * Omits files that were erased before. Returns the erasure of the message if nothing of it would
   * remain.
   */
  #erasureOf(act: Extract<RoomAction, { kind: "erase" }>): typeof act {
    const { seq, files, isTextless, ...whole } = act;
    if (files === undefined || this.#rooms.isErased(seq)) return act;
    const listed = this.files.of(seq).map(({ file }) => file);
    const erased = this.files.erasedAt(seq) ?? [];
    if (!files.every((file) => listed.includes(file) || erased.includes(file))) {
      throw new Fault("file-unknown", msg`message ${seq} has no such file`);
    }
    const present = listed.filter((file) => files.includes(file));
    if (present.length === 0) {
      throw new Fault("not-found", msg`this file was deleted`, {
        remedy: msg`no action is needed`,
      });
    }
    const isWhole = isTextless === true && present.length === listed.length;
    return isWhole ? { seq, ...whole } : { ...act, files: present };
  }

  /** The erased records no longer tell which contents the order deletes. */
  #withFiles(draft: Draft): Draft {
    const { seq, of, also = [], ...rest } = draft.body as Body<"erase">;
    if (of !== undefined) {
      const files = this.files.withPreviews((rest.files ?? []) as readonly FileId[]);
      return { ...draft, body: { of, files } };
    }
    const seqs = [seq, ...also].filter((item) => typeof item === "number");
    const files = this.files.idsAt(seqs);
    return files.length === 0 ? draft : { ...draft, body: { seq, also, files, ...rest } };
  }

  get #rights(): Rights {
    return { rooms: this.#rooms, policy: this.#directory.policy };
  }

  #checkConversation(id: RoomId, added: readonly UserId[] = []): void {
    const room = this.#rooms.get(id);
    const company = room && companyOf(room);
    if (company !== undefined) checkMayWrite(this.#rights, [...company, ...added]);
  }

  #isOperator(user: UserId): boolean {
    return this.#directory.policy?.isOperator(user) === true;
  }

  #checkAuthor(user: UserId): void {
    const fault = this.#directory.refusal?.(user, this.#unixMs);
    if (fault !== undefined) throw fault;
  }

  #checkOrder({ requesters: askers, outbox, counter }: PostCommand): void {
    for (const { session } of askers) {
      const fault = this.#presence.blockingFault(session, outbox.id, counter);
      if (fault !== undefined) throw fault;
    }
  }

  /**
   * A disconnected client may already be sending its posts to another server, which may refuse
   * them.
   */
  #checkSenderConnected({ requesters: askers }: PostCommand): void {
    if (!this.#isShared || askers.some(({ session }) => this.#presence.isConnected(session)))
      return;
    throw new Fault("link-closed", "the sender has disconnected", { retryAfterMs: RETRY_AFTER_MS });
  }

  #apply(record: LogRecord): EngineEffect[] {
    const { head } = record;
    // The record may end the room, or begin it.
    const ended = this.#rooms.get(head.room as RoomId);
    const left = head.kind === "remove" ? [...(ended?.members ?? [])] : NOBODY;
    const boxes = this.#rooms.boxesChangedBy(head);
    const boxMembers = boxes.map(({ members }) => new Set(members));
    this.restore(record);
    const room = ended ?? this.#rooms.get(head.room as RoomId);
    if (room === undefined) return [];
    const effects: EngineEffect[] = [{ kind: "deliver", room, record }];
    for (const [i, box] of boxes.entries()) {
      const before = boxMembers[i] ?? new Set();
      for (const user of before.difference(box.members))
        effects.push({ kind: "unfollow", user, room: box });
      for (const user of box.members.difference(before))
        effects.push({ kind: "follow", user, room: box });
    }
    for (const user of left) {
      if (!room.members.has(user)) effects.push({ kind: "unfollow", user, room });
    }
    if (head.kind === "room") {
      for (const user of room.members) effects.push({ kind: "follow", user, room });
    }
    if (head.by === "server") return effects;
    const user = head.by;
    if (head.kind === "join") {
      effects.push({ kind: "follow", user, room });
      if (this.isOnline(user)) effects.push({ kind: "presence", room, user, online: true });
    }
    const removedUser = head.kind === "kick" ? targetUser(record) : user;
    if (removedUser !== undefined && (head.kind === "leave" || head.kind === "kick")) {
      effects.push({ kind: "unfollow", user: removedUser, room });
    }
    return effects;
  }

  #settle(token: number, outcome: LogRecord | Fault): EngineEffect[] {
    const append = this.#appends.get(token);
    assert(append !== undefined, "an append was settled twice");
    this.#appends.delete(token);
    const { claim, locks } = append;
    const { command } = claim;
    const steps: Step[] = [];
    for (const lock of locks) this.#releaseLock(lock, claim, steps);
    const effects: EngineEffect[] = [];
    if (!(outcome instanceof Fault)) {
      if (command.kind === "post") this.#answerPost(command, outcome.head, effects);
      else if (command.kind !== "meet") effects.push(this.#answer(command, outcome));
    } else if (outcome.code === "log-conflict" && mayRetry(command)) {
      this.#retryDecision(command, steps, effects);
    } else {
      this.#refuse(command, outcome, effects);
    }
    return this.#run(steps, effects);
  }

  #retryDecision(command: AppendCommand, steps: Step[], effects: EngineEffect[]): void {
    if (command.kind !== "post") {
      steps.push({ kind: "lock-room", command });
      return;
    }
    command.isAppending = false;
    command.isConfirmed = false;
    if (!this.#isSettled(command, effects)) this.#lockOutbox(command, steps);
  }

  #isSettled(command: PostCommand, effects: EngineEffect[]): boolean {
    const { outbox, counter } = command;
    const status = outbox.status(counter);
    if (status.kind === "pending" && !outbox.hasLaterRecord(counter)) return false;
    if (status.kind === "posted") {
      this.#answerPost(command, status.posted, effects);
    } else {
      this.#refuse(command, passedFault(counter), effects);
    }
    return true;
  }

  #answerPost(command: PostCommand, posted: Posted, effects: EngineEffect[]): void {
    const answer = this.#postAnswer(command, posted);
    for (const requester of command.requesters) effects.push(settled(requester, answer));
  }

  #answer(
    command: Exclude<AppendCommand, PostCommand | ConversationCommand>,
    record: LogRecord,
  ): EngineEffect {
    const { head } = record;
    const { requester } = command;
    switch (command.kind) {
      case "group": {
        const { seq, time } = head;
        const { epoch } = command.change;
        return settled(requester, { seq, epoch, time });
      }
      case "join": {
        const room = this.#rooms.get(head.room as RoomId);
        const name = room?.name ?? command.options.name;
        const created = room !== undefined && room.id === command.options.create?.room;
        const joined = head.kind !== "rules";
        const unlocked = room && unlockedField(room, command.options);
        return settled(requester, { room: head.room, name, created, joined, ...unlocked });
      }
      case "converse": {
        const { name = "" } = this.#rooms.get(head.room as RoomId) ?? {};
        return settled(requester, { room: head.room, name, created: true });
      }
      case "enter":
      case "leave":
        return settled(requester, {});
      case "topic":
        return settled(requester, { seq: head.seq });
      case "act": {
        const { action: act } = command;
        if (act.kind === "erase" || act.kind === "erase-many") {
          return { ...settled(requester, { seq: head.seq }), order: record };
        }
        if (act.kind === "rules") {
          const { rules = {} } = this.#rooms.get(act.room) ?? {};
          return settled(requester, { rules, seq: head.seq });
        }
        if (act.kind === "rename") {
          const { title } = this.#rooms.get(act.room) ?? {};
          return settled(requester, defined({ title }));
        }
        if (act.kind === "profile") {
          const { title, face } = this.#rooms.get(act.room) ?? {};
          return settled(requester, { ...defined({ title, face }), seq: head.seq });
        }
        const hasNoSeq = act.kind === "grant" || act.kind === "remove";
        // The removal of a vacant room directly follows the record of the departure.
        const seq = head.kind === "remove" ? head.seq - 1 : head.seq;
        return settled(requester, hasNoSeq ? {} : { seq });
      }
      default:
        return unreachable(command);
    }
  }

  #postAnswer({ user, destination }: PostCommand, { seq, n, time }: Posted): Answer<"post"> {
    const pair = destination && this.#rooms.get(destination.to)?.pair;
    const other = pair?.find((item) => item !== user);
    const queued = other !== undefined && !this.isOnline(other);
    return queued ? { seq, n, time, queued } : { seq, n, time };
  }

  #refuse(command: AppendCommand, fault: Fault, effects: EngineEffect[]): void {
    if (command.kind === "meet") return;
    if (command.kind !== "post") {
      effects.push(settled(command.requester, fault));
      return;
    }
    const { user, counter, requesters: askers } = command;
    command.outbox.abandon(counter);
    const status = command.outbox.status(counter);
    if (status.kind === "posted") return this.#answerPost(command, status.posted, effects);
    // Without a majority, posts passed to the log are not yet recorded, so only recorded later
    // posts count.
    const isOvertaken =
      fault.code === "no-majority"
        ? command.outbox.hasLaterRecord(counter)
        : command.outbox.isOvertaken(counter);
    const finalFault = isOvertaken ? asPermanent(fault) : fault;
    const { id } = command.outbox;
    if (finalFault.retryAfterMs === undefined)
      this.#posts.use(user, id).refuse(counter, finalFault);
    for (const requester of askers) {
      // Later posts of this outbox must not overtake a post that the client will retry.
      if (finalFault.retryAfterMs !== undefined) {
        this.#presence.held(requester.session, id, counter, finalFault);
      }
      effects.push(settled(requester, finalFault));
    }
  }
}

const NOBODY: readonly UserId[] = [];

function passedFault(counter: number): Fault {
  const message = msg`post ${counter} is out of order: later posts were already accepted`;
  return new Fault("out-of-order", message);
}

type Settle = Extract<EngineEffect, { kind: "settle" }>;

function settled({ id }: Requester, outcome: Settle["outcome"]): Settle {
  return { kind: "settle", id, outcome };
}

function startsPoll({ request }: PostCommand): boolean {
  return request.body.poll !== undefined;
}

function userOf(command: AppendCommand): UserId {
  return "requester" in command ? command.requester.user : command.user;
}

function queuedTooMuch(): Fault {
  const max = ROOM_COMMANDS_QUEUED_MAX;
  return new Fault("too-fast", msg`${max} of your changes wait in this room`, {
    remedy: msg`wait until they are done`,
    retryAfterMs: 100,
  });
}

function mayRetry(command: AppendCommand): boolean {
  const { tries = 0 } = command;
  command.tries = tries + 1;
  return tries < CONFLICT_TRIES_MAX;
}

/** An object spread would take several times as long. */
function draftFor(room: RoomId, { kind, by, id, body }: PostDestination["draft"]): Draft {
  return { kind, room, by, id, body };
}

/** An overtaken post cannot be retried. */
function asPermanent({ code, message, remedy, cause }: Fault): Fault {
  return new Fault(code, message, { remedy, cause });
}

/**
 * Number of posts that a request counts as; 0 if it records nothing or has its own limit.
 * @internal
 */
export function postCount(request: Request): number {
  const { postCount: posts = 0 } = requestRow(request.kind);
  return typeof posts === "function" ? posts(request as never) : posts;
}
