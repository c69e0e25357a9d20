/** User actions on rooms and messages, for any UI. */

import type { RoomId } from "../../base/ids.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isMessage, isSameName, itemAt, itemOf, withChanges } from "../../core/model/item.ts";
import { readPositionAfter } from "../../core/model/room.ts";
import { findItem, isCaption, openRoom, roomOf } from "../../core/model/selectors.ts";
import type { Draft, Item, SearchQuery } from "../../core/model/state.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import type { RoomPrefs } from "../../core/rooms/prefs.ts";
import type { PostBody } from "../../wire/messages.ts";
import { sealedEdit } from "../sealed/body.ts";
import { checkNotSealed } from "../sealed/seal-rooms.ts";
import { ModelDriver, type ModelDriverOptions } from "./model-driver.ts";
import { TypingNotifier } from "./typing.ts";

export interface JoinOptions {
  readonly password?: string;
  readonly create?: boolean;
  readonly sealed?: boolean;
}

/** Methods without a return value report faults in `model.faults`. */
export abstract class ChatActions extends ModelDriver {
  readonly #typing: TypingNotifier;

  constructor(options: ModelDriverOptions) {
    super(options);
    this.#typing = new TypingNotifier(options.now, (room, on) => {
      // Older servers refuse this request.
      this.request("typing", { room, on }).catch(() => undefined);
    });
  }

  protected abstract mayPost(): boolean;
  protected abstract post(to: string, body: PostBody): void;

  open(target: string | undefined): void {
    this.applyNow({ kind: "open", target });
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
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    if (isSameName(this.model.open, room.target)) this.open(undefined);
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

  react({ seq: re, reactions }: Pick<Item, "seq" | "reactions">, sign: string): void {
    const mine = reactions.find((reaction) => reaction.sign === sign)?.mine;
    if (mine !== undefined) return this.erase(mine);
    const target = this.model.open;
    if (target !== undefined) this.#post(target, { text: "", react: sign, re });
  }

  erase(seq: number): void {
    this.reportFailure(this.request("erase", { seq }));
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
    const item = findItem(this.model, seq);
    const text = item?.file === undefined ? draft.text : draft.text.trim();
    if (item !== undefined && item.text === text) return;
    const room = roomOf(this.model, target);
    const edit = async () => {
      if (item?.file !== undefined) checkFileText(text);
      if (room?.isSealed === true) this.#post(target, sealedEdit({ seq, text }));
      else await this.request("edit", { seq, text });
    };
    const edited = edit().catch((error: unknown) => {
      const previous = this.model.drafts.get(bareTarget(target));
      this.setDraft(target, previous === undefined ? draft : { ...draft, before: previous });
      throw error;
    });
    this.reportFailure(edited);
  }
}

export function bareTarget(target: string): string {
  return target.replace(/^#/, "");
}
