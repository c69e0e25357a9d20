/** User actions on rooms and messages, for any UI. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isMessage, isSameName, itemAt, itemOf, withChanges } from "../../core/model/item.ts";
import { readPositionAfter } from "../../core/model/room.ts";
import {
  isCaption,
  isPostPending,
  lastMessage,
  openRoom,
  roomOf,
} from "../../core/model/selectors.ts";
import type { Draft, Item, RoomState, SearchQuery } from "../../core/model/state.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import type { RoomPrefs } from "../../core/rooms/prefs.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { PostBody } from "../../wire/messages.ts";
import { sealedEdit } from "../sealed/body.ts";
import type { SealedRooms } from "../sealed/rooms.ts";
import { checkNotSealed } from "../sealed/seal-rooms.ts";
import { ModelDriver, type ModelDriverOptions } from "./model-driver.ts";
import { TypingNotifier } from "./typing.ts";

export interface JoinOptions {
  readonly password?: string;
  readonly create?: boolean;
  readonly sealed?: boolean;
}

export type MessageAuthor = "other" | "own";

/** Methods without a return value report faults in `model.faults`. */
export abstract class ChatActions extends ModelDriver {
  readonly #typing: TypingNotifier;
  #lastRoom: string = LOBBY;

  constructor(options: ModelDriverOptions) {
    super(options);
    this.#typing = new TypingNotifier(options.now, (room, on) => {
      // Older servers refuse this request.
      this.request("typing", { room, on }).catch(() => undefined);
    });
  }

  abstract sealedRooms(): Promise<SealedRooms>;
  protected abstract mayPost(): boolean;
  protected abstract post(to: string, body: PostBody): void;

  open(target: string | undefined): void {
    this.applyNow({ kind: "open", target });
  }

  get rooms(): readonly RoomState[] {
    return [...this.model.rooms.values()];
  }

  /** Name of the last open room. Opening a conversation does not change it. */
  get lastRoom(): string {
    const room = openRoom(this.model);
    if (room?.kind === "room") this.#lastRoom = room.name;
    return this.#lastRoom;
  }

  /** Opens another room if the user has left the open room or conversation. */
  leftRoom(target: string): void {
    const { open } = this.model;
    if (open !== undefined && !isSameName(open, target)) return;
    const rooms = this.rooms.filter(
      (room) => room.kind === "room" && !isSameName(room.name, target),
    );
    const { lastRoom } = this;
    this.open((rooms.find(({ name }) => isSameName(name, lastRoom)) ?? rooms[0])?.name);
  }

  /** @param seq the last visible item */
  markReadUpTo(seq: number): void {
    const room = openRoom(this.model);
    if (room === undefined || (readPositionAfter(room, seq) ?? 0) <= room.read) return;
    this.applyNow({ kind: "seen", room: room.id, seq });
  }

  setAtNewest(on: boolean): void {
    if (this.model.isAtNewest !== on) this.applyNow({ kind: "at-newest", on });
  }

  loadMore(side: "older" | "newer"): void {
    this.#withOpenRoom((room) => this.applyNow({ kind: "reach", room, side }));
  }

  jump(target: string, seq: number): void {
    this.open(target);
    this.#withOpenRoom((room) => this.applyNow({ kind: "jump", room, seq }));
  }

  scrollToBottom(): void {
    this.#withOpenRoom((room) => this.applyNow({ kind: "bottom", room }));
  }

  markRead(target: string): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.applyNow({ kind: "mark-read", room: room.id });
  }

  markUnread(target: string, n?: number): void {
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    const last = room.tail.items.findLast((item) => isMessage(item) && !item.isMine);
    this.applyNow({
      kind: "mark-unread",
      room: room.id,
      n: n ?? last?.n ?? Math.max(1, room.last),
    });
  }

  setPrefs(target: string, prefs: RoomPrefs): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.applyNow({ kind: "arrange", room: room.id, prefs });
  }

  hide(target: string): void {
    if (isSameName(this.model.open, target)) this.open(undefined);
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    this.markRead(target); // Unread messages would immediately make the hidden room visible again.
    this.setPrefs(target, { hidden: room.last });
  }

  save(room: RoomId, seq: number, on: boolean): void {
    this.reportFailure(this.request("save", { room, seq, on }));
  }

  async savedItem(room: RoomId, seq: number): Promise<Item | undefined> {
    const known = this.model.rooms.get(room);
    if (known === undefined) return undefined;
    const { me } = this.model;
    const loaded = itemAt(known.tail.items, seq) ?? itemAt(known.jump?.items ?? [], seq);
    if (loaded !== undefined) return loaded;
    const record = await this.record(known.target, seq);
    if (record === undefined) return undefined;
    return withChanges(
      itemOf(record, me, () => false),
      known.changes.get(seq),
      me,
    );
  }

  search(query: SearchQuery | undefined): void {
    this.applyNow({ kind: "search", query });
  }

  searchMore(): void {
    this.applyNow({ kind: "search-more" });
  }

  setDraft(target: string, draft: Draft | undefined): void {
    this.applyNow({ kind: "draft", target: bareTarget(target), draft });
  }

  reportTyping(target: string, text: string): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.#typing.report(room, text);
  }

  dismissFault(id: number): void {
    this.applyNow({ kind: "dismissed", fault: id });
  }

  /**
   * Sends a draft, or the edit that it contains.
   * @returns false if an audit alarm forbids sending to this server
   */
  send(target: string, draft: Draft): boolean {
    const { text, re, edits } = draft;
    if (text.trim() === "" && !isCaption(this.model, draft)) return this.mayPost();
    if (edits === undefined)
      return this.sendBody(target, re === undefined ? { text } : { text, re });
    if (!this.mayPost()) return false;
    this.#typing.sent();
    this.setDraft(target, undefined);
    this.#edit(target, draft, edits);
    return true;
  }

  sendBody(target: string, body: PostBody): boolean {
    if (!this.mayPost()) return false;
    this.#typing.sent();
    this.setDraft(target, undefined);
    this.#post(target, withMentions(body));
    if (isSameName(this.model.open, bareTarget(target))) this.scrollToBottom();
    return true;
  }

  react(item: Pick<Item, "seq" | "reactions">, sign: string): void {
    const mine = ownReaction(item, sign);
    if (mine !== undefined) return this.erase(mine);
    const target = this.model.open;
    if (target !== undefined) this.#post(target, { text: "", react: sign, re: item.seq });
  }

  /** Returns the seq of the user's own reaction with this sign. */
  async reactionTo(target: string, seq: number, sign: string): Promise<number | undefined> {
    const item = await this.#itemIn(target, seq);
    return item && ownReaction(item, sign);
  }

  erase(seq: number): void {
    this.reportFailure(this.request("erase", { seq }));
  }

  /**
   * Returns `seq` if given, otherwise the seq of the author's last message.
   * @throws {Fault} not-found
   */
  async resolveSeq(
    target: string,
    seq: number | undefined,
    author: MessageAuthor,
  ): Promise<number> {
    if (seq !== undefined) return seq;
    const isOwn = author === "own";
    const last = () => lastMessage(roomOf(this.model, target), isOwn);
    if (last() === undefined) await this.#loadOlder(target);
    const found = last();
    if (found !== undefined && (!isOwn || this.isDisplayed(found.seq))) return found.seq;
    throw new Fault(
      "not-found",
      isOwn ? msg`you have no messages here` : msg`no messages from other users here`,
      { remedy: msg`specify its number` },
    );
  }

  /**
   * Waits until all messages to the target are sent and numbered.
   * @throws {Fault} link-closed
   */
  async sent(target: string): Promise<void> {
    const isPending = () => isPostPending(this.model, target);
    const isOnline = () => this.model.connection.kind === "online";
    await this.#until(() => !isPending() || !isOnline());
    if (isPending()) throw new Fault("link-closed", msg`not connected`);
  }

  /** A command without a number never changes a message that the user has not seen. */
  protected isDisplayed(_seq: number): boolean {
    return true;
  }

  async #loadOlder(target: string): Promise<void> {
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    if (room.loading === undefined && room.tail.hasOlder) {
      this.applyNow({ kind: "reach", room: room.id, side: "older" });
    }
    await this.#until(() => roomOf(this.model, target)?.loading === undefined);
  }

  #until(isTrue: () => boolean): Promise<void> {
    this.update();
    return new Promise((resolve) => {
      const check = () => {
        if (!isTrue()) return;
        stop();
        resolve();
      };
      const stop = this.subscribe(check);
      check();
    });
  }

  async #itemIn(target: string, seq: number): Promise<Item | undefined> {
    const room = roomOf(this.model, target);
    return room && this.savedItem(room.id, seq);
  }

  /**
   * Returns the room of a message to save or, with `isSaved`, of a saved message.
   * @throws {Fault} not-found
   */
  roomOfSaved(target: string, seq: number, isSaved: boolean): RoomId {
    const room = isSaved ? this.model.saved.get(seq) : roomOf(this.model, target)?.id;
    if (room !== undefined) return room;
    throw new Fault(
      "not-found",
      isSaved ? msg`message ${seq} is not saved` : msg`no message ${seq} here`,
    );
  }

  /**
   * Replaces the text of a message or the caption of a file.
   * @returns seq of the edit; `undefined` if the text is the same, or in an encrypted room
   */
  async edit(target: string, seq: number, text: string): Promise<number | undefined> {
    const item = await this.#itemIn(target, seq);
    const isFile = item?.file !== undefined;
    const newText = isFile ? text.trim() : text;
    if (item?.text === newText) return undefined;
    if (isFile) checkFileText(newText);
    if (roomOf(this.model, target)?.isSealed !== true) {
      return (await this.request("edit", { seq, text: newText })).seq;
    }
    this.#post(target, sealedEdit({ seq, text: newText }));
    return undefined;
  }

  async pin(seq: number, on: boolean): Promise<void> {
    await this.request("pin", { seq, on });
  }

  resend(key: string): void {
    const post = this.model.pending.find((pending) => pending.key === key);
    if (post?.state.kind !== "refused") return;
    this.discard(key);
    this.#post(post.to, post.body);
  }

  discard(key: string): void {
    this.applyNow({ kind: "discarded", key });
  }

  async join(room: string, options: JoinOptions = {}): Promise<string> {
    const { name } = await this.request("join", { room: bareTarget(room), ...options });
    this.open(name);
    return name;
  }

  async leave(room: string): Promise<void> {
    await this.request("leave", { room: bareTarget(room) });
  }

  /**
   * Sends the smallest possible history request to check that a user exists.
   * @throws {Fault} user-unknown, or a connection error
   */
  async checkPerson(target: string): Promise<void> {
    await this.request("history", { target, limit: 1 });
  }

  async setTopic(room: string, topic: string): Promise<void> {
    checkNotSealed(roomOf(this.model, room));
    await this.request("topic", { room: bareTarget(room), topic });
  }

  async ignore(user: string, on: boolean): Promise<void> {
    await this.request("ignore", { user, on });
  }

  get hasUnsent(): boolean {
    return this.model.pending.some(
      ({ state: { kind } }) => kind === "waiting" || kind === "storing",
    );
  }

  #withOpenRoom(act: (room: RoomId) => void): void {
    const room = openRoom(this.model);
    if (room !== undefined) act(room.id);
  }

  #post(target: string, body: PostBody): void {
    const to = roomOf(this.model, target)?.target ?? bareTarget(target);
    this.post(to, body);
  }

  #edit(target: string, draft: Draft, seq: number): void {
    const edited = this.edit(target, seq, draft.text).catch((error: unknown) => {
      const previous = this.model.drafts.get(bareTarget(target));
      this.setDraft(target, previous === undefined ? draft : { ...draft, before: previous });
      throw error;
    });
    this.reportFailure(edited);
  }
}

function ownReaction({ reactions }: Pick<Item, "reactions">, sign: string): number | undefined {
  return reactions.find((reaction) => reaction.sign === sign)?.mine;
}

export function bareTarget(target: string): string {
  return target.replace(/^#/, "");
}
