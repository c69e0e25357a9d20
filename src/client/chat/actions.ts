import type { RoomId } from "../../base/ids.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isSame, isWords, itemAt, itemOf, withChanges } from "../../core/model/item.ts";
import { nOfSeen } from "../../core/model/room.ts";
import { isCaption, itemHere, openRoom, roomOf } from "../../core/model/selectors.ts";
import type { Draft, Item, SearchQuery } from "../../core/model/state.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import type { RoomPrefs } from "../../core/rooms/prefs.ts";
import type { PostBody } from "../../wire/messages.ts";
import { sealedEdit } from "../sealed/body.ts";
import { checkIsOpen } from "../sealed/making.ts";
import { ModelDriver, type ModelDriverOptions } from "./model-driver.ts";
import { TypingTeller } from "./typing.ts";

export interface JoinOptions {
  readonly password?: string;
  readonly create?: boolean;
  /** It is made sealed, or is to be a sealed one. */
  readonly sealed?: boolean;
}

/**
 * What a user does with rooms and words, on any face. What returns nothing shows its faults in
 * `model.faults`; whatever returns a promise rejects with a Fault instead.
 */
export abstract class ChatActions extends ModelDriver {
  readonly #typing: TypingTeller;

  constructor(options: ModelDriverOptions) {
    super(options);
    this.#typing = new TypingTeller(options.now, (room, on) => {
      // Not worth a word: an older server does not know of it.
      this.request("typing", { room, on }).catch(() => undefined);
    });
  }

  /** Not to a server whose log is not what it was; the user sees why. */
  protected abstract mayPost(): boolean;
  /** What becomes of it is told to the model. */
  protected abstract post(to: string, body: PostBody): void;

  /** Undefined: the list of rooms, on narrow screens. */
  open(target: string | undefined): void {
    this.person({ kind: "open", target });
  }

  /** All rows of the open room up to this item were on the screen. */
  seen(seq: number): void {
    const room = openRoom(this.model);
    // All faces look again and again: what is known to be read is no news.
    if (room === undefined || (nOfSeen(room, seq) ?? 0) <= room.read) return;
    this.person({ kind: "seen", room: room.id, seq });
  }

  /** The newest of the open room is on the screen, and so will be what comes; or no more. */
  atNewest(on: boolean): void {
    if (this.model.isAtNewest !== on) this.person({ kind: "at-newest", on });
  }

  /** Somebody has scrolled near the end of what is here. */
  reach(side: "older" | "newer"): void {
    this.#inRoom((room) => this.person({ kind: "reach", room, side }));
  }

  /** Opens it, and shows that message as soon as it is here: `shownKey` of the rows. */
  jump(target: string, seq: number): void {
    this.open(target);
    this.#inRoom((room) => this.person({ kind: "jump", room, seq }));
  }

  /** Back to the newest. */
  bottom(): void {
    this.#inRoom((room) => this.person({ kind: "bottom", room }));
  }

  /** All of it, seen or not. */
  markRead(target: string): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.person({ kind: "mark-read", room: room.id });
  }

  /** Marks the room as unread: from that record on, or its last words. */
  markUnread(target: string, n?: number): void {
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    const last = room.tail.items.findLast((item) => isWords(item) && !item.isMine);
    this.person({ kind: "mark-unread", room: room.id, n: n ?? last?.n ?? Math.max(1, room.last) });
  }

  /** Changes some of what the account has set of the room, on all of its devices. */
  arrange(target: string, prefs: RoomPrefs): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.person({ kind: "arrange", room: room.id, prefs });
  }

  /** Hides a conversation until something is said in it. */
  hide(target: string): void {
    const room = roomOf(this.model, target);
    if (room === undefined) return;
    if (isSame(this.model.open, room.target)) this.open(undefined);
    this.markRead(target); // It would come back at once for what is unread.
    this.arrange(target, { hidden: room.last });
  }

  /** Keeps a message of that room in the account's list, or takes it out again. */
  save(room: RoomId, seq: number, on: boolean): void {
    this.show(this.request("save", { room, seq, on }));
  }

  /**
   * A message of that room as it is known here, else as it was said.
   * @returns undefined: it is not there, or the account is not in the room @throws Fault
   */
  async savedItem(room: RoomId, seq: number): Promise<Item | undefined> {
    const known = this.model.rooms.get(room);
    if (known === undefined) return undefined;
    const { me } = this.model;
    const here = itemAt(known.tail.items, seq) ?? itemAt(known.jump?.items ?? [], seq);
    if (here !== undefined) return here;
    const record = await this.record(known.target, seq);
    if (record === undefined) return undefined;
    return withChanges(
      itemOf(record, me, () => false),
      known.changes.get(seq),
      me,
    );
  }

  search(query: SearchQuery | undefined): void {
    this.person({ kind: "search", query });
  }

  searchMore(): void {
    this.person({ kind: "search-more" });
  }

  setDraft(target: string, draft: Draft | undefined): void {
    this.person({ kind: "draft", target: bare(target), draft });
  }

  /** A key has changed what is being written there: the room is told that one writes. */
  typed(target: string, text: string): void {
    const room = roomOf(this.model, target);
    if (room !== undefined) this.#typing.typed(room, text);
  }

  dismissFault(id: number): void {
    this.person({ kind: "dismissed", fault: id });
  }

  /**
   * Sends a draft, or changes the message that it `edits`; the draft is gone.
   * @returns false if nothing is sent to this server any more
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

  /** Sends a message, scrolls to it in the open room, and drops the draft. @returns as `send` */
  sendBody(target: string, body: PostBody): boolean {
    if (!this.mayPost()) return false;
    this.#typing.sent();
    this.setDraft(target, undefined);
    this.#post(target, withMentions(body));
    if (isSame(this.model.open, bare(target))) this.bottom();
    return true;
  }

  /** Puts a sign under a message of the open room, or takes one's own away again. */
  react({ seq: re, reactions }: Pick<Item, "seq" | "reactions">, sign: string): void {
    const mine = reactions.find((one) => one.sign === sign)?.mine;
    if (mine !== undefined) return this.erase(mine);
    const target = this.model.open;
    if (target !== undefined) this.#post(target, { text: "", react: sign, re });
  }

  /** A message with its edits, a file, or a reaction of one's own: by its seq. */
  erase(seq: number): void {
    this.show(this.request("erase", { seq }));
  }

  /** Puts a message into the room's list of those to be found again, or takes it out. */
  async pin(seq: number, on: boolean): Promise<void> {
    await this.request("pin", { seq, on });
  }

  /** A refused post once more, behind all others. */
  resend(key: string): void {
    const post = this.model.pending.find((one) => one.key === key);
    if (post?.state.kind !== "refused") return;
    this.discard(key);
    this.#post(post.to, post.body);
  }

  /** A refused post that nobody wants any more. */
  discard(key: string): void {
    this.person({ kind: "discarded", key });
  }

  /** Enters the room, or makes it, and opens it. @returns its name @throws Fault */
  async join(room: string, options: JoinOptions = {}): Promise<string> {
    const { name } = await this.request("join", { room: bare(room), ...options });
    this.open(name);
    return name;
  }

  async leave(room: string): Promise<void> {
    await this.request("leave", { room: bare(room) });
  }

  async setTopic(room: string, topic: string): Promise<void> {
    checkIsOpen(roomOf(this.model, room));
    await this.request("topic", { room: bare(room), topic });
  }

  async ignore(user: string, on: boolean): Promise<void> {
    await this.request("ignore", { user, on });
  }

  /** Something that was said here is not at the server yet. */
  get hasUnsent(): boolean {
    return this.model.pending.some(
      ({ state: { kind } }) => kind === "waiting" || kind === "storing",
    );
  }

  #inRoom(act: (room: RoomId) => void): void {
    const room = openRoom(this.model);
    if (room !== undefined) act(room.id);
  }

  #post(target: string, body: PostBody): void {
    const to = roomOf(this.model, target)?.target ?? bare(target);
    this.post(to, body);
  }

  #edit(target: string, draft: Draft, seq: number): void {
    const item = itemHere(this.model, seq);
    const text = item?.file === undefined ? draft.text : draft.text.trim();
    if (item !== undefined && item.text === text) return;
    const room = roomOf(this.model, target);
    const edit = async () => {
      if (item?.file !== undefined) checkFileText(text);
      if (room?.isSealed === true) this.#post(target, sealedEdit({ seq, text }));
      else await this.request("edit", { seq, text });
    };
    const edited = edit().catch((error: unknown) => {
      // What somebody has written is not lost, and neither is what they write now.
      const before = this.model.drafts.get(bare(target));
      this.setDraft(target, before === undefined ? draft : { ...draft, before });
      throw error;
    });
    this.show(edited);
  }
}

/** Rooms are named without their sign where they are meant. */
export function bare(target: string): string {
  return target.replace(/^#/, "");
}
