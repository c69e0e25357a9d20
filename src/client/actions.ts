/** `Actions`: what users do with rooms and messages, the same in every user interface. */

import { utf8Encode } from "../base/bytes.ts";
import { checkDisplayName } from "../base/display-names.ts";
import { asFault, Fault, ignoreFault, msg, type Translatable } from "../base/fault.ts";
import type { RoomId } from "../base/ids.ts";
import { KEYWORD_BYTES_MAX, KEYWORDS_MAX, STATUS_BYTES_MAX, TYPING_MS } from "../base/limits.ts";
import { PLACE_DELAY_MS } from "../base/limits-page.ts";
import { boxNames, parseTarget } from "../base/names.ts";
import { defined } from "../base/values.ts";
import { fieldsIn, type RoomView } from "../core/client/chat-record.ts";
import { withMentions } from "../core/client/mentions.ts";
import type { Receipt } from "../core/client/outbox.ts";
import { checkText } from "../core/client/post-text.ts";
import { roomAt } from "../core/client/room-names.ts";
import { type ChangeMap, noteChange, withChanges } from "../core/model/changes.ts";
import { isMessage, isSameName, itemOf } from "../core/model/item.ts";
import { isSamePlace } from "../core/model/places.ts";
import { lastReplySeq, loadedItem, threadRoot } from "../core/model/room.ts";
import type { SeenMessages, VisibleMessages } from "../core/model/seen.ts";
import {
  draftKey,
  type FileOfItem,
  fileErasure,
  inThread,
  isBoxOf,
  isCaption,
  isModerator,
  isPostPending,
  lastMessage,
  listsFiles,
  openRoom,
  openThreadRoot,
  postTarget,
  refusedPosts,
  roomOf,
  routed,
  unsentPosts,
} from "../core/model/selectors.ts";
import type {
  ComposerDraft,
  ErasedFileView,
  Item,
  Model,
  PollView,
  ReadingPlace,
  RoomState,
  SearchQuery,
} from "../core/model/state.ts";
import { shownHands } from "../core/model/unignored.ts";
import { foldKeywords, isKeywordFit } from "../core/rooms/keywords.ts";
import { noMessage } from "../core/rooms/no-message.ts";
import { checkNotSealed, checkReason } from "../core/rooms/not-encrypted.ts";
import {
  checkPollHide,
  checkPollOptions,
  type PollRules,
  pollText,
  sealedPoll,
} from "../core/rooms/polls.ts";
import { EVERYWHERE, type NotifyLevel, type RoomPrefs } from "../core/rooms/prefs.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import type { Clock } from "../io/clock.ts";
import { kindsWith, MESSAGE_KINDS } from "../wire/kinds.ts";
import type { Answer, PostBody, RequestFields, RequestKind } from "../wire/messages.ts";
import { queryUsers, type SendRequest } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { ModelStore } from "./model-store.ts";
import { sealedEdit } from "./sealed/body.ts";
import type { SealedRooms } from "./sealed/rooms.ts";
import { ignoreNotAllowed } from "./sealed/sealing.ts";
import { SeenWatch } from "./seen-watch.ts";

export interface JoinOptions {
  readonly password?: string;
  readonly create?: boolean;
  readonly sealed?: boolean;
  /** True if new members of the encrypted room can read earlier messages. */
  readonly history?: boolean;
  readonly assignment?: boolean;
  readonly topic?: string;
  /** Display name of the room that is created. */
  readonly title?: string;
}

/** `due`: Unix ms when the work is due in its room. */
export type HandedIn = Answer<"handed">["users"][number] & { readonly due?: number | undefined };

export type MessageAuthor = "other" | "own";

interface MessageCheck {
  readonly kinds?: ReadonlySet<string>;
  /** Whether it must not be deleted. */
  readonly isWhole?: boolean;
}

const ERASABLE_KINDS = kindsWith("erasable");

/** The client whose user acts. */
export interface ActionContext {
  readonly request: SendRequest;
  /** @throws {Fault} kind-unknown if the server is too old for the request */
  checkSupport<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): void;
  readonly user: string | undefined;
  readonly rooms: readonly RoomView[];
  /** Fault of a failed audit, after which the client sends nothing. */
  readonly alarm: Fault | undefined;
  post(to: string, body: PostBody): Promise<Receipt>;
  sealedRooms(): Promise<SealedRooms>;
}

export interface ActionsOptions {
  readonly actor: ActionContext;
  readonly store: ModelStore;
  readonly now: () => number;
  readonly after: Clock["after"];
  /** Reports a refusal, which the model shows beside the message as well. */
  readonly refused: (to: string, fault: Fault) => void;
  /**
   * Whether the user has seen a message of their own. A command without a number changes no other
   * message.
   */
  readonly isDisplayed: (seq: number) => boolean;
}

/** Methods without a return value report faults in `model.faults`. */
export class Actions {
  readonly #actor: ActionContext;
  readonly #store: ModelStore;
  readonly #typing: TypingNotifier;
  readonly #seen: SeenWatch;
  readonly #seenReplies: SeenWatch;
  /** Room and `receivedN` for which records without messages were marked as read. */
  #uncounted = "";
  #lastRoom: string = LOBBY;
  /** Latest place, if the model does not have it yet. */
  #place: { readonly key: string; readonly place: ReadingPlace | undefined } | undefined;
  #cancelPlace: (() => void) | undefined;

  constructor(private readonly options: ActionsOptions) {
    const { actor, store, now } = options;
    this.#actor = actor;
    this.#store = store;
    this.#seen = new SeenWatch(options, (seen) => this.#markSeen(seen));
    this.#seenReplies = new SeenWatch(options, (seen) => this.#markRepliesSeen(seen));
    this.#typing = new TypingNotifier(now, (room, on) => {
      void actor.request("typing", { room, on }).catch(ignoreFault);
    });
  }

  get #model(): Model {
    return this.#store.model;
  }

  open(target: string | undefined): void {
    this.#lastRoom = this.lastRoom;
    const before = openRoom(this.#model);
    this.#store.applyNow({ kind: "open", target });
    if (openRoom(this.#model)?.id !== before?.id) this.setVisible(undefined);
    if (target?.startsWith("@") === true && roomOf(this.#model, target) === undefined) {
      void this.#openPresentName(target).catch(ignoreFault);
    }
  }

  /** The server resolves the former name of a person with whom there is no conversation yet. */
  async #openPresentName(target: string): Promise<void> {
    const name = target.slice(1);
    const { user } = await this.#actor.request("whois", { user: name });
    if (!isSameName(user, name) && isSameName(this.#model.open, target)) this.open(`@${user}`);
  }

  setFocus(on: boolean): void {
    if (!on) this.setVisible(undefined);
    this.#store.applyNow({ kind: "focus", on });
  }

  /** Name of the last open room. Opening a conversation does not change it. */
  get lastRoom(): string {
    const room = openRoom(this.#model);
    return room?.kind === "room" ? room.name : this.#lastRoom;
  }

  /** Opens another room if the user has left the open room or conversation. */
  leftRoom(target: string): void {
    const { open } = this.#model;
    if (open !== undefined && !isSameName(open, target)) return;
    const left = roomOf(this.#model, target);
    const rooms = [...this.#model.rooms.values()].filter(
      (room) => room.kind === "room" && room !== left,
    );
    this.open((roomAt(rooms, this.lastRoom) ?? rooms[0])?.name);
  }

  /** @param visible messages of the open room on the screen */
  setVisible(visible: Omit<VisibleMessages, "room"> | undefined): void {
    const { isFocused, isThreadAlone } = this.#model;
    const room = openRoom(this.#model);
    const isCovered = isThreadAlone && room?.thread !== undefined;
    const isShown = isFocused && !isCovered && room !== undefined && visible !== undefined;
    const shown = isShown ? { ...visible, room: room.id } : undefined;
    const from = shown?.isFollowing === true ? shown.from : undefined;
    const { watchedFrom } = this.#model;
    if ((from === undefined) !== (watchedFrom === undefined))
      this.#store.applyNow({ kind: "watching", from });
    this.#seen.show(shown);
    if (shown !== undefined) this.#markUncounted(shown);
    else if (!isFocused) this.setVisibleReplies(undefined);
  }

  /** @param visible messages of the open thread on the screen */
  setVisibleReplies(visible: Omit<VisibleMessages, "room"> | undefined): void {
    const room = openRoom(this.#model);
    const isShown = this.#model.isFocused && room?.thread !== undefined && visible !== undefined;
    const shown = isShown ? { ...visible, room: room.id } : undefined;
    this.#seenReplies.show(shown);
  }

  /** Reads the records behind the messages, such as replies in threads, as soon as they arrive. */
  #markUncounted({ room: id, from, to }: VisibleMessages): void {
    const { unread = 0, read = 0, receivedN = 0 } = this.#model.rooms.get(id) ?? {};
    const received = `${id} ${receivedN}`;
    if (unread > 0 || read >= receivedN || received === this.#uncounted) return;
    this.#uncounted = received;
    this.#store.applyNow({ kind: "seen", room: id, from, to, isPassed: false });
  }

  /** Marks the visible messages as read, because the user has asked for the next page. */
  turnPage(): void {
    this.#seen.turnPage();
    this.#seenReplies.turnPage();
  }

  #markSeen(seen: SeenMessages): void {
    const { read = 0 } = this.#model.rooms.get(seen.room) ?? {};
    if (seen.to > read) this.#store.applyNow({ kind: "seen", ...seen });
  }

  #markRepliesSeen({ room, from, to }: SeenMessages): void {
    const root = this.#model.rooms.get(room)?.thread?.root;
    if (root !== undefined) this.#store.applyNow({ kind: "replies-seen", room, root, from, to });
  }

  /**
   * Notes where the user reads, and applies it to the model after PLACE_DELAY_MS.
   * @param key of a room or thread, from `placeKey`
   * @param place `undefined` at the end
   */
  setPlace(key: string, place: ReadingPlace | undefined): void {
    if (this.#place !== undefined && this.#place.key !== key) this.keepPlace();
    if (this.#place === undefined && isSamePlace(this.#model.places.get(key), place)) return;
    this.#place = { key, place };
    this.#cancelPlace ??= this.options.after(PLACE_DELAY_MS, () => this.keepPlace());
  }

  /** Returns the latest place, which the model may not have yet. */
  placeOf(key: string): ReadingPlace | undefined {
    return this.#place?.key === key ? this.#place.place : this.#model.places.get(key);
  }

  /** Applies the latest place, because the user leaves it. */
  keepPlace(): void {
    this.#cancelPlace?.();
    this.#cancelPlace = undefined;
    if (this.#place !== undefined) this.#store.applyNow({ kind: "placed", ...this.#place });
    this.#place = undefined;
  }

  /** Hides the messages of the open room until it is opened again. */
  clear(): void {
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "clear", room }));
  }

  loadMore(side: "older" | "newer"): void {
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "reach", room, side }));
  }

  jump(target: string, seq: number): void {
    this.open(target);
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "jump", room, seq }));
  }

  /** Jumps to the first item at or after a time (0: the first item), else to the newest. */
  async jumpToTime(
    target: string,
    unixMs: number,
    jump: (target: string, seq: number) => void = this.jump.bind(this),
  ): Promise<void> {
    const seq = await this.#store.firstSince(target, Math.max(0, unixMs));
    if (seq === undefined) this.scrollToBottom();
    else jump(target, seq);
  }

  scrollToBottom(isInThread = false): void {
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "bottom", room, isInThread }));
  }

  /** Opens the thread of a message of the open room; without `seq`, closes it. */
  openThread(seq: number | undefined): void {
    this.setVisibleReplies(undefined);
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "thread", room, seq }));
  }

  loadOlderReplies(): void {
    this.#withOpenRoom((room) => this.#store.applyNow({ kind: "thread-older", room }));
  }

  /** @throws {Fault} kind-unknown if the server does not store followed threads */
  async follow(target: string, seq: number, on: boolean): Promise<void> {
    const room = roomOf(this.#model, target);
    if (this.#model.follows === undefined || room === undefined) {
      throw new Fault("kind-unknown", msg`not supported here`);
    }
    const read = Math.max(seq, lastReplySeq(room, seq));
    await this.#actor.request("follow", { room: room.id, seq, on, read });
  }

  /** @param on whether an open thread covers the timeline */
  setThreadAlone(on: boolean): void {
    if (this.#model.isThreadAlone !== on) this.#store.applyNow({ kind: "thread-alone", on });
  }

  markRead(target: string): void {
    const room = roomOf(this.#model, target);
    if (room !== undefined) this.#store.applyNow({ kind: "mark-read", room: room.id });
  }

  /**
   * Marks rooms as read until `endAllRead` undoes that, or tells the server.
   * @param targets default: all rooms
   */
  allRead(targets?: readonly string[]): void {
    const found = targets?.map((target) => roomOf(this.#model, target));
    const rooms = (found ?? [...this.#model.rooms.values()]).flatMap((room) => room?.id ?? []);
    this.#store.applyNow({ kind: "all-read", rooms });
  }

  endAllRead(isUndone: boolean): void {
    if (this.#model.allRead !== undefined) this.#store.applyNow({ kind: "all-read-end", isUndone });
  }

  markUnread(target: string, n?: number): void {
    const room = roomOf(this.#model, target);
    if (room === undefined) return;
    const last = room.tail.items.findLast((item) => isMessage(item) && !item.isMine);
    this.#store.applyNow({
      kind: "mark-unread",
      room: room.id,
      n: n ?? last?.n ?? Math.max(1, room.last),
    });
  }

  setPrefs(target: string, prefs: RoomPrefs): void {
    const room = roomOf(this.#model, target);
    if (room !== undefined) this.#store.applyNow({ kind: "arrange", room: room.id, prefs });
  }

  /**
   * Checks that a room or conversation can have settings.
   * @throws {Fault} room-unknown, user-unknown, not-member, or not-found for a conversation without
   * messages
   */
  async checkHasPrefs(target: string): Promise<void> {
    if (roomOf(this.#model, target) !== undefined) return;
    await this.checkTarget(target);
    throw new Fault("not-found", msg`no messages yet`, { remedy: msg`write the first one` });
  }

  /**
   * @param level `on` ends a mute
   * @throws {Fault} like `checkHasPrefs`
   */
  async notify(target: string, level: NotifyLevel | "on"): Promise<void> {
    await this.checkHasPrefs(target);
    if (level === "on") this.setPrefs(target, { muted: undefined });
    else this.setNotifyLevel(target, level);
  }

  /** The caller has called `checkHasPrefs`. */
  setNotifyLevel(target: string, level: NotifyLevel): void {
    if (this.#model.prefs === undefined) throw new Fault("kind-unknown", msg`not supported here`);
    const prefs = level === "nothing" ? { muted: 0 } : { notify: level, muted: undefined };
    this.#actor.checkSupport("prefs-set", { room: target, ...prefs });
    this.setPrefs(target, prefs);
  }

  /**
   * Suppresses notifications on all devices.
   * @param until Unix ms; `undefined` allows notifications
   * @throws {Fault} kind-unknown if the server does not store settings
   */
  doNotDisturb(until: number | undefined): void {
    this.#setEverywhere({ muted: until });
  }

  /**
   * Sets the status that others see beside the user's name; an empty text removes it.
   * @param statusUntil end in Unix ms
   * @throws {Fault} too-large, or kind-unknown if the server does not store settings
   */
  setStatus(text: string, statusUntil: number | undefined): void {
    if (utf8Encode(text).length > STATUS_BYTES_MAX) {
      throw new Fault("too-large", msg`a status can have at most ${STATUS_BYTES_MAX} bytes`, {
        remedy: msg`shorten it`,
      });
    }
    const status = text === "" ? undefined : text;
    this.#setEverywhere({ status, statusUntil: status === undefined ? status : statusUntil });
  }

  /**
   * Replaces the words that notify the user like a mention, in all rooms.
   * @throws {Fault} too-many, too-large, or kind-unknown if the server does not store settings
   */
  setKeywords(words: readonly string[]): readonly string[] {
    const keywords = foldKeywords(words);
    if (keywords.length > KEYWORDS_MAX) {
      throw new Fault("too-many", msg`you can have at most ${KEYWORDS_MAX} keywords`, {
        remedy: msg`remove one first`,
      });
    }
    if (!keywords.every(isKeywordFit)) {
      throw new Fault("too-large", msg`a keyword can have at most ${KEYWORD_BYTES_MAX} bytes`, {
        remedy: msg`shorten it`,
      });
    }
    this.#setEverywhere({ keywords });
    return keywords;
  }

  /** @throws {Fault} kind-unknown if the server does not store settings */
  setUnreadFirst(unreadFirst: boolean): void {
    this.#setEverywhere({ unreadFirst });
  }

  get keywords(): readonly string[] {
    return this.#model.prefs?.get(EVERYWHERE)?.keywords ?? [];
  }

  /**
   * Sets the name that others see in place of the account name; an empty text removes it.
   * @returns the name as stored
   * @throws {Fault} name-invalid or name-taken, or kind-unknown if the server is too old
   */
  async setDisplayName(typed: string): Promise<string> {
    const text = typed === "" ? "" : checkDisplayName(typed);
    return (await this.#actor.request("display-name", { text })).text;
  }

  #setEverywhere(prefs: RoomPrefs): void {
    if (this.#model.prefs === undefined) throw new Fault("kind-unknown", msg`not supported here`);
    this.#actor.checkSupport("prefs-set", { room: EVERYWHERE, ...prefs });
    this.#store.applyNow({ kind: "arrange", room: EVERYWHERE, prefs });
  }

  hide(target: string): void {
    if (isSameName(this.#model.open, target)) this.open(undefined);
    const room = roomOf(this.#model, target);
    if (room === undefined) return;
    this.markRead(target); // Unread messages would immediately make the hidden room visible again.
    this.setPrefs(target, { hidden: room.last });
  }

  async save(room: RoomId, seq: number, on: boolean): Promise<void> {
    await this.#actor.request("save", { room, seq, on });
  }

  async savedItem(room: RoomId, seq: number): Promise<Item | undefined> {
    const known = this.#model.rooms.get(room);
    if (known === undefined) return undefined;
    const { me } = this.#model;
    const loaded = loadedItem(known, seq);
    if (loaded !== undefined) return loaded;
    const [record, ...later] = await this.#store.recordWithChanges(known.target, seq);
    if (record === undefined) return undefined;
    const changes: ChangeMap = new Map(known.changes);
    for (const change of [record, ...later]) noteChange(changes, change);
    return withChanges(
      itemOf(record, me, () => false),
      changes.get(seq),
      me,
    );
  }

  search(query: SearchQuery | undefined): void {
    this.#store.applyNow({ kind: "search", query });
  }

  searchMore(): void {
    this.#store.applyNow({ kind: "search-more" });
  }

  setDraft(target: string, draft: ComposerDraft | undefined): void {
    this.#store.applyNow({ kind: "draft", target: bareTarget(target), draft });
  }

  /** In an assignment, only the readers of the user's box may learn who is working. */
  reportTyping(target: string, text: string): void {
    const room = roomOf(this.#model, postTarget(this.#model, target));
    if (room !== undefined) this.#typing.report(room, text);
  }

  dismissFault(id: number): void {
    this.#store.applyNow({ kind: "dismissed", fault: id });
  }

  /**
   * Sends a draft, or the edit that it contains.
   * @param root root of the thread in which the draft was written
   * @param isAlso true to show a post of a thread in the room, too
   * @returns false if an audit alarm forbids sending to this server
   */
  send(target: string, draft: ComposerDraft, root?: number, isAlso = false): boolean {
    const { text, re, edits } = draft;
    if (text.trim() === "" && !isCaption(this.#model, draft)) return this.#mayPost();
    if (edits === undefined)
      return this.sendBody(target, re === undefined ? { text } : { text, re }, root, isAlso);
    if (!this.#mayPost()) return false;
    this.#typing.sent();
    const key = draftKey(target, root);
    this.setDraft(key, undefined);
    this.#edit(target, key, draft, edits);
    return true;
  }

  sendBody(target: string, content: PostBody, root?: number, isAlso = false): boolean {
    if (!this.#mayPost()) return false;
    this.#typing.sent();
    this.setDraft(draftKey(target, root), undefined);
    const to = postTarget(this.#model, target);
    const body = this.asReply(to, content, root, isAlso);
    this.#post(to, withMentions(body));
    this.showPosted(to, body);
    return true;
  }

  /** Shows the end of the room, or of its open thread, if a post or file of this user is there. */
  showPosted(to: string, { re, thread }: Pick<PostBody, "re" | "thread">): void {
    this.openBox(to);
    if (!isSameName(this.#model.open, bareTarget(to))) return;
    if (re !== undefined && re === openThreadRoot(this.#model)) this.scrollToBottom(true);
    if (thread !== true) this.scrollToBottom();
  }

  /**
   * Returns the post or file with the message that it answers, if any.
   * @param root root of the thread in which it was written
   * @param isAlso true to show it in the room, too
   */
  asReply<Content extends Pick<PostBody, "re" | "thread">>(
    to: string,
    content: Content,
    root?: number,
    isAlso = false,
  ): Content {
    const { open } = this.#model;
    // A reply would refer to a message of the assignment room.
    if (isBoxOf(to) && open !== undefined && !isSameName(open, to)) {
      return { ...content, re: undefined, thread: undefined };
    }
    return inThread(content, root, isAlso);
  }

  react(item: Pick<Item, "seq" | "reactions">, sign: string): void {
    const mine = ownReactions(item, sign);
    for (const seq of mine) this.erase(seq);
    const { open, pending } = this.#model;
    // A second press before the server's answer must not post a second reaction.
    const isPending = pending.some(({ body, state }) => {
      return body.re === item.seq && body.react === sign && state.kind !== "refused";
    });
    if (mine.length > 0 || isPending || open === undefined) return;
    this.#post(open, { text: "", react: sign, re: item.seq });
  }

  /** Returns the seqs of the user's own reactions with this sign. */
  async reactionsTo(target: string, seq: number, sign: string): Promise<readonly number[]> {
    const item = await this.#itemIn(target, seq);
    return item === undefined ? [] : ownReactions(item, sign);
  }

  erase(seq: number): void {
    this.#store.reportFailure(this.#actor.request("erase", { seq }));
  }

  /** Erases one file, and its message if nothing else is in it. */
  eraseFile({ item, file }: FileOfItem): void {
    this.#store.reportFailure(this.#actor.request("erase", fileErasure(item, file.file)));
  }

  /**
   * @param name name or id of the file
   * @throws {Fault} not-found
   */
  async fileOf(target: string, seq: number, name: string): Promise<FileOfItem> {
    const item = await this.#itemIn(target, seq);
    const { files = [], erasedFiles = [] } = item ?? {};
    const isNamed = (file: ErasedFileView) => file.file === name || file.name === name;
    const [file, another] = files.filter(isNamed);
    if (item !== undefined && file !== undefined && another === undefined) return { item, file };
    if (another !== undefined) {
      throw new Fault("usage", msg`message ${seq} has several files named '${name}'`, {
        remedy: msg`use the id: ${file?.file ?? ""}, ${another.file}`,
      });
    }
    if (erasedFiles.some(isNamed)) throw new Fault("not-found", msg`this file was deleted`);
    throw new Fault("not-found", msg`message ${seq} has no file '${name}'`);
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
    if (seq !== undefined) {
      await this.checkMessage(target, seq, { isWhole: true });
      return seq;
    }
    const isOwn = author === "own";
    const found = await this.#findLast(target, (room) => lastMessage(room, isOwn));
    if (found !== undefined && (!isOwn || this.options.isDisplayed(found.seq))) return found.seq;
    throw new Fault(
      "not-found",
      isOwn ? msg`you have no messages here` : msg`no messages from other users here`,
      { remedy: msg`specify its number` },
    );
  }

  /**
   * Checks that a message exists here, before a question or a view depends on it. While offline,
   * only the server can tell, later.
   * @throws {Fault} not-found, and not-allowed for a record of another kind
   */
  async checkMessage(target: string, seq: number, check: MessageCheck = {}): Promise<void> {
    const { kinds = MESSAGE_KINDS, isWhole = false } = check;
    const found = await this.#findMessage(target, seq, kinds);
    if (isWhole && found?.state === "erased") throw wasDeleted(seq);
  }

  /**
   * Checks that the user may delete a message, before they are asked whether they want to.
   * @throws {Fault} not-found or not-allowed
   */
  async checkErasable(target: string, seq: number): Promise<void> {
    const found = await this.#findMessage(target, seq, ERASABLE_KINDS);
    if (found === undefined) return;
    const { from, state, place } = found;
    const room = roomOf(this.#model, place);
    const isMine = from !== undefined && isSameName(from, this.#model.me);
    if (!isMine && !(room !== undefined && isModerator(this.#model, room))) throw notYours(seq);
    if (state === "erased") throw wasDeleted(seq);
  }

  /** @returns `undefined` while offline */
  async #findMessage(target: string, seq: number, kinds: ReadonlySet<string>) {
    if (this.#model.connection.kind !== "online") return undefined;
    let other: string | undefined;
    // In an assignment room, members see the messages of their own boxes as well.
    for (const place of new Set([target, postTarget(this.#model, target)])) {
      const room = roomOf(this.#model, place);
      const loaded = room && loadedItem(room, seq);
      const found = loaded ?? (await this.#store.record(place, seq));
      if (found === undefined) continue;
      const { kind, from, state } = found;
      if (kinds.has(kind)) return { from, state, place };
      other ??= kind;
    }
    if (other !== undefined) throw notChangeable(seq, other);
    const holds = (room: RoomState) => kinds.has(loadedItem(room, seq)?.kind ?? "");
    throw noMessage(seq, [...this.#model.rooms.values()].find(holds)?.target);
  }

  /** Like `resolveSeq`, for a reply: a thread has one level. */
  async replyTo(target: string, seq: number | undefined): Promise<number> {
    return this.#rootOf(target, await this.resolveSeq(target, seq, "other"));
  }

  /** Like `replyTo`. The thread of a deleted message still has its replies. */
  async threadAt(target: string, seq: number | undefined): Promise<number> {
    if (seq === undefined) return this.replyTo(target, seq);
    await this.checkMessage(target, seq);
    return this.#rootOf(target, seq);
  }

  #rootOf(target: string, about: number): number {
    const room = roomOf(this.#model, target);
    return room === undefined ? about : threadRoot(room, about);
  }

  /**
   * Returns the root of the thread to which replies to a recorded message belong.
   * @throws {Fault} not-found
   */
  async threadOf(target: string, seq: number): Promise<number> {
    const record = await this.#store.record(target, seq);
    if (record === undefined || !MESSAGE_KINDS.has(record.kind)) throw noMessage(seq);
    const { thread, re } = fieldsIn(record);
    return thread === true && re !== undefined ? re : seq;
  }

  /**
   * Waits until all messages to the target are sent and numbered.
   * @throws {Fault} link-closed
   */
  async sent(target: string): Promise<void> {
    const isPending = () => isPostPending(this.#model, postTarget(this.#model, target));
    const isOnline = () => this.#model.connection.kind === "online";
    await this.#store.until(() => !isPending() || !isOnline());
    if (isPending()) throw new Fault("link-closed", msg`not connected`);
  }

  /** Searches the loaded messages; if that finds nothing, also the page before them. */
  async #findLast<Found>(
    target: string,
    find: (room: RoomState | undefined) => Found | undefined,
  ): Promise<Found | undefined> {
    const search = () => find(roomOf(this.#model, target));
    const found = search();
    if (found !== undefined) return found;
    await this.#loadOlder(target);
    return search();
  }

  async #loadOlder(target: string): Promise<void> {
    const room = roomOf(this.#model, target);
    if (room === undefined) return;
    if (room.loading === undefined && room.tail.hasOlder) {
      this.#store.applyNow({ kind: "reach", room: room.id, side: "older" });
    }
    await this.#store.until(() => roomOf(this.#model, target)?.loading === undefined);
  }

  async #itemIn(target: string, seq: number): Promise<Item | undefined> {
    const room = roomOf(this.#model, target);
    return room && this.savedItem(room.id, seq);
  }

  /**
   * Returns the room of a message to save or, with `isSaved`, of a saved message.
   * @throws {Fault} not-found
   */
  roomOfSaved(target: string, seq: number, isSaved: boolean): RoomId {
    const room = isSaved ? this.#model.saved.get(seq) : roomOf(this.#model, target)?.id;
    if (room !== undefined) return room;
    throw new Fault(
      "not-found",
      isSaved ? msg`message ${seq} is not saved` : msg`no message ${seq} here`,
    );
  }

  /**
   * Replaces the text of a message or the caption of a file.
   * @returns seq of the edit; `undefined` if the text is the same, or in an encrypted room
   * @throws {Fault} not-found, before the server receives the text, if the user is not in the room
   */
  async edit(target: string, seq: number, text: string): Promise<number | undefined> {
    const room = roomOf(this.#model, target);
    if (room === undefined) throw new Fault("not-found", msg`no message ${seq} here`);
    const item = await this.savedItem(room.id, seq);
    const isFile = listsFiles(item);
    const newText = isFile ? text.trim() : text;
    if (item?.poll !== undefined) throw new Fault("not-allowed", msg`a poll cannot be edited`);
    if (item?.text === newText) return undefined;
    if (isFile && newText !== "") checkText(newText);
    if (room.isSealed !== true) {
      return (await this.#actor.request("edit", { seq, text: newText })).seq;
    }
    this.#post(target, sealedEdit(seq, newText));
    return undefined;
  }

  async pin(seq: number, on: boolean): Promise<void> {
    await this.#actor.request("pin", { seq, on });
  }

  resend(key: string): void {
    const post = this.#model.pending.find((pending) => pending.key === key);
    if (post?.state.kind !== "refused") return;
    this.discard(key);
    const { to, body } = routed(this.#model, post.to, post.body);
    this.#post(to, body);
  }

  discard(key: string): void {
    this.#store.applyNow({ kind: "discarded", key });
  }

  /**
   * Joins a room and opens it.
   * @throws {Fault} name-taken if an encrypted room would have the name of an open one
   */
  async join(room: string, options: JoinOptions = {}): Promise<string> {
    if (options.assignment === true) this.checkAssignment(options.sealed);
    const { history, ...fields } = options;
    const enter = () => this.enter({ room: bareTarget(room), ...fields });
    const isSealed = options.sealed === true;
    const { name } = await (isSealed ? this.sealAfter(room, enter, history) : enter());
    this.open(name);
    return name;
  }

  /**
   * Joins a room, or asks its moderators if they approve new members.
   * @throws {Fault} approval-needed after asking
   */
  async enter(fields: RequestFields<"join">): Promise<Answer<"join">> {
    const { room } = fields;
    try {
      return await this.#actor.request("join", fields);
    } catch (error) {
      if (asFault(error).code !== "approval-needed") throw error;
    }
    await this.#actor.request("knock", { room, on: true });
    throw new Fault("approval-needed", msg`you have asked to join '${room}'`, {
      remedy: msg`wait until a moderator accepts`,
    });
  }

  /**
   * Returns the name of the group of these people and the user, which it creates if necessary.
   * @throws {Fault} usage, user-unknown, not-allowed or too-many
   */
  async startGroup(users: readonly string[]): Promise<string> {
    return (await this.#actor.request("conversation", { users: [...users] })).name;
  }

  /** Invites someone to a room, or adds them to a group. */
  async addUser(target: string, user: string): Promise<number> {
    const room = bareTarget(target);
    return (await this.#actor.request("invite-user", { room, user })).seq;
  }

  /**
   * Returns the people of a room other than the user and bots. Of the lobby, it returns everyone
   * with an account.
   */
  async peopleOf(target: string): Promise<Answer<"who">["users"]> {
    const room = bareTarget(target);
    const users = await queryUsers(this.#actor.request, room === LOBBY ? undefined : room);
    return users.filter(
      ({ user, bot, invited }) =>
        bot !== true && invited !== true && !isSameName(user, this.#actor.user),
    );
  }

  /**
   * Encrypts the room that `join` has created.
   * @param history true if new members can read earlier messages
   * @throws {Fault} name-taken if an open room has the same name, not-allowed if the device does
   * not support sealed rooms
   */
  async sealAfter<Joined extends Answer<"join"> | undefined>(
    room: string,
    join: () => Promise<Joined>,
    history = false,
  ): Promise<Joined> {
    const { newRooms } = await this.#actor.sealedRooms();
    await newRooms.checkMaySeal(bareTarget(room));
    const answer = await join();
    if (answer?.created === true) {
      await newRooms.seal({ id: answer.room, name: answer.name, history });
    } else if (answer !== undefined) await newRooms.complete(answer, history);
    return answer;
  }

  /**
   * Encrypts a direct conversation or a group permanently and opens it.
   * @param mayOpen asked at the end, when the user may be elsewhere
   * @throws {Fault} not-found, not-allowed, seal-refused, …
   */
  async seal(target: string, mayOpen = () => true): Promise<void> {
    const rooms = await this.#actor.sealedRooms();
    const { room: id } = await this.#actor.request("group", { target });
    const { kind, name } = parseTarget(target);
    const { topic = "", people } = this.#actor.rooms.find((room) => room.id === id) ?? {};
    const users = kind === "person" ? [name] : people;
    if (users === undefined) throw existingRoom(name);
    const view: RoomView = { kind, name, id: id as RoomId, topic, people, isSealed: true };
    await rooms.get(view).changes.sealConversation(users);
    if (mayOpen()) this.open(target);
  }

  /**
   * Checks whether a conversation can be encrypted, before the user is asked whether they want to.
   * @throws {Fault} not-allowed for rooms, which are encrypted when they are created or never, and
   * if it is encrypted already or this device does not support it; user-unknown; not-found if the
   * other user has no device that can be added
   */
  async checkSealable(target: string): Promise<void> {
    const room = roomOf(this.#model, target);
    const { kind, name } = parseTarget(target);
    const isGroup = room?.people !== undefined;
    if (kind !== "person" && !isGroup) {
      if (room?.isSealed === true) throw sealedAlready();
      throw existingRoom(bareTarget(target));
    }
    if (kind === "person") await this.checkOther(name);
    const rooms = await this.#actor.sealedRooms();
    const sealed = this.sealedRoomAt(target);
    const users = room?.people ?? [name];
    // After an interruption, a repetition adds those who are missing.
    if (sealed !== undefined && (await rooms.hasMembers(sealed, users))) throw sealedAlready();
    for (const user of users) await rooms.checkDevices(user);
  }

  /**
   * Checks whether this device knows a key of the user that can be compared.
   * @throws {Fault} user-unknown, and not-allowed for oneself or if this device does not support it
   */
  async checkVerifiable(user: string): Promise<void> {
    await this.checkOther(user);
    await (await this.#actor.sealedRooms()).checkKey(user);
  }

  /**
   * Returns the sealed room for a target such as `lobby`, `#lobby` or `@bob`; `undefined` if the
   * target is not sealed.
   */
  sealedRoomAt(target: string): RoomView | undefined {
    const room = roomAt(this.#actor.rooms, target);
    return room?.isSealed === true ? room : undefined;
  }

  async leave(target: string): Promise<void> {
    const room = bareTarget(target);
    const sealed = this.sealedRoomAt(room);
    // The signed notice lets other members remove this device from the group.
    const notice = sealed && (await (await this.#actor.sealedRooms()).get(sealed).leaveNotice());
    await this.#actor.request("leave", { room, ...notice });
  }

  /** Reports whether nobody could read the work of an assignment if the user left it. */
  async isLastModerator(target: string): Promise<boolean> {
    const room = roomOf(this.#model, target);
    if (room?.moderates !== true || room.rules.post === undefined) return false;
    const users = await queryUsers(this.#actor.request, bareTarget(target));
    const others = users.filter(({ user }) => !isSameName(user, this.#model.me));
    return others.length > 0 && !others.some(({ role }) => role !== "member");
  }

  async kick(
    target: string,
    user: string,
    reason = "",
    evenLast = false,
  ): Promise<number | undefined> {
    const room = bareTarget(target);
    const sealed = this.sealedRoomAt(room);
    this.#checkNotMe(user, msg`leave the room: ${"/leave"}`);
    checkReason(sealed, reason);
    if (sealed !== undefined) {
      const rooms = await this.#actor.sealedRooms().catch(ignoreNotAllowed);
      if (await rooms?.get(sealed).changes.kick(user)) return undefined;
    }
    const fields = { room, user, reason: reason || undefined, ...(evenLast && { evenLast }) };
    return (await this.#actor.request("kick", fields)).seq;
  }

  /**
   * Lowers the hand of the user, by default their own, which is raised if it is not. Also ends a
   * call on the user.
   *
   * @param isRaised state of the own hand; by default the other one
   */
  async toggleHand(target: string, user?: string, isRaised?: boolean): Promise<number> {
    const room = bareTarget(target);
    const { hands = [], called = "" } = roomOf(this.#model, room) ?? {};
    const isUp = [called, ...hands].some((name) => isSameName(name, this.#model.me));
    const on = user === undefined && (isRaised ?? !isUp);
    return (await this.#actor.request("hand", defined({ room, on, user }))).seq;
  }

  /** @param user by default the one whose hand was raised first */
  async callOn(target: string, user?: string): Promise<number> {
    const room = bareTarget(target);
    const state = roomOf(this.#model, room);
    const called = user ?? (state && shownHands(this.#model, state)[0]);
    if (called === undefined) {
      throw new Fault("not-allowed", msg`no hand is raised`, { remedy: msg`no action is needed` });
    }
    const fields = { room, on: false, user: called, call: true };
    return (await this.#actor.request("hand", fields)).seq;
  }

  async lowerHands(target: string): Promise<void> {
    const room = bareTarget(target);
    for (const user of roomOf(this.#model, room)?.hands ?? []) {
      // Its owner may have lowered it by now.
      await this.#actor.request("hand", { room, on: false, user }).catch(ignoreNotAllowed);
    }
  }

  /**
   * Posts a question with its options as a poll.
   * @returns `undefined` if the poll waits for a connection, as messages do
   * @throws {Fault} usage, or the faults of `post`
   */
  async startPoll(
    target: string,
    question: string,
    options: readonly string[],
    rules: Omit<PollRules, "options">,
  ): Promise<number | undefined> {
    const to = bareTarget(target);
    if (this.sealedRoomAt(to) !== undefined) throw sealedPoll();
    checkPollOptions(options);
    checkPollHide(rules);
    this.#actor.checkSupport("poll", { seq: 1 });
    const poll = defined({ options: options.length, ...rules });
    const body = { ...withMentions({ text: pollText(question, options) }), poll };
    if (this.#model.connection.kind !== "online") {
      this.#post(to, body);
      return undefined;
    }
    try {
      return (await this.#actor.post(to, body)).seq;
    } catch (error) {
      this.#store.update();
      // The caller reports the fault, and the user can start the poll again.
      const refused = this.#model.pending.find((post) => post.body.poll === poll);
      if (refused !== undefined) this.discard(refused.key);
      throw error;
    }
  }

  async endPoll(seq: number): Promise<number> {
    return (await this.#actor.request("poll", { seq })).seq;
  }

  /** Replaces the user's vote; an empty list withdraws it. */
  async vote(seq: number, choices: readonly number[]): Promise<number> {
    return (await this.#actor.request("vote", { seq, choices: [...choices] })).seq;
  }

  /**
   * Returns a poll, by default the newest one here.
   * @throws {Fault} not-found
   */
  async pollIn(target: string, seq?: number): Promise<Item & { readonly poll: PollView }> {
    // Includes deleted polls: a vote must not count in an older poll instead.
    const newestPoll = (room: RoomState | undefined) =>
      room?.tail.items.findLast(({ seq }) => room.changes.get(seq)?.poll !== undefined);
    const item =
      seq === undefined
        ? await this.#findLast(target, newestPoll)
        : await this.#itemIn(target, seq);
    if (item?.poll !== undefined) return { ...item, poll: item.poll };
    if (item !== undefined && seq === undefined) {
      throw new Fault("not-found", msg`the newest poll here was deleted`, {
        remedy: msg`name an older one: ${"/vote N SEQ"}`,
      });
    }
    throw new Fault("not-found", seq === undefined ? msg`no poll here` : msg`no poll ${seq} here`, {
      remedy: msg`show an older one: ${"/poll SEQ"}; start one: ${"/poll QUESTION | A | B"}`,
    });
  }

  /**
   * Checks, before a room is created, whether it can be an assignment.
   * @throws {Fault} sealed-room, or kind-unknown if a server is too old for the rule
   */
  checkAssignment(sealed = false): void {
    if (sealed) {
      throw new Fault("sealed-room", msg`an encrypted room cannot be an assignment`, {
        remedy: msg`create a room that is not encrypted`,
      });
    }
    this.#actor.checkSupport("rules", { room: "", post: "private" });
  }

  async setRules(
    target: string,
    rules: Omit<RequestFields<"rules">, "room">,
  ): Promise<number | undefined> {
    return (await this.#actor.request("rules", { room: bareTarget(target), ...rules })).seq;
  }

  /** In a sealed room, the members' devices enforce the role, so it is part of the group state. */
  async grant(target: string, user: string, on: boolean): Promise<void> {
    const room = bareTarget(target);
    const sealed = this.sealedRoomAt(room);
    const changes = sealed && (await this.#actor.sealedRooms()).get(sealed).changes;
    // The server must not give a role that the devices would refuse.
    await changes?.checkAdmin(user, on);
    await this.#actor.request("grant", { room, user, on });
    await changes?.setAdmin(user, on);
  }

  /**
   * Sends the smallest possible history request to check that a person or room exists. While
   * offline, only the server can tell, later.
   * @throws {Fault} user-unknown, room-unknown, not-member, or a connection error
   */
  async checkTarget(target: string): Promise<void> {
    if (this.#model.connection.kind === "online")
      await this.#actor.request("history", { target: bareTarget(target), limit: 1 });
  }

  /** @throws {Fault} user-unknown, or not-allowed for oneself */
  async checkOther(user: string): Promise<void> {
    this.#checkNotMe(user, msg`specify another user`);
    await this.checkTarget(`@${user}`);
  }

  #checkNotMe(user: string, remedy: Translatable): void {
    if (!isSameName(user, this.#model.me)) return;
    throw new Fault("not-allowed", msg`'${user}' is your own account`, { remedy });
  }

  async setTopic(room: string, topic: string): Promise<number> {
    checkNotSealed(this.sealedRoomAt(room));
    return (await this.#actor.request("topic", { room: bareTarget(room), topic })).seq;
  }

  async ignore(user: string, on: boolean): Promise<void> {
    await this.#actor.request("ignore", { user, on });
  }

  /** Opens the box to which the user has sent something, if its assignment room is open. */
  openBox(target: string): void {
    const { open } = this.#model;
    if (open === undefined || !isBoxOf(target)) return;
    if (isSameName(postTarget(this.#model, open), target)) this.open(target);
  }

  /**
   * Returns what each member of an assignment room has handed in, for moderators.
   * @param user only this person
   * @throws {Fault} not-allowed
   */
  async handed(target: string, user?: string): Promise<HandedIn[]> {
    const room = boxNames(bareTarget(target))?.room ?? bareTarget(target);
    const all: HandedIn[] = [];
    for (;;) {
      const after = all.at(-1)?.user;
      const page = await this.#actor.request("handed", defined({ room, after, user }));
      all.push(...page.users.map((one) => ({ ...one, ...defined({ due: page.due }) })));
      if (!page.more) return all;
    }
  }

  /** Whether posts wait, or were refused and neither resent nor discarded. */
  get hasUnsent(): boolean {
    return unsentPosts(this.#model).length > 0 || refusedPosts(this.#model).length > 0;
  }

  #withOpenRoom(act: (room: RoomId) => void): void {
    const room = openRoom(this.#model);
    if (room !== undefined) act(room.id);
  }

  /**
   * Posts without a fault for a refusal, which the user interface learns by itself.
   * @returns `undefined` if the post was refused
   * @throws {Fault} not-logged-in
   */
  submit(to: string, body: PostBody): Promise<Receipt | undefined> {
    if (this.#actor.user === undefined) throw notLoggedIn();
    const receipt = this.#actor.post(to, body).catch((fault: unknown) => {
      if (fault instanceof Fault) this.options.refused(to, fault);
      return undefined;
    });
    this.#store.update();
    return receipt;
  }

  /** Returns false after a failed audit, and displays the reason. */
  #mayPost(): boolean {
    const { alarm } = this.#actor;
    if (alarm !== undefined) this.#store.applyNow({ kind: "fault", fault: alarm });
    return alarm === undefined;
  }

  #post(target: string, body: PostBody): void {
    const to = roomOf(this.#model, target)?.target ?? bareTarget(target);
    try {
      void this.submit(to, body);
    } catch (error) {
      this.#store.applyNow({ kind: "fault", fault: asFault(error) });
    }
  }

  #edit(target: string, key: string, draft: ComposerDraft, seq: number): void {
    const edited = this.edit(target, seq, draft.text).catch((error: unknown) => {
      const previous = this.#model.drafts.get(bareTarget(key));
      this.setDraft(key, previous === undefined ? draft : { ...draft, before: previous });
      throw error;
    });
    this.#store.reportFailure(edited);
  }
}

function ownReactions({ reactions }: Pick<Item, "reactions">, sign: string): readonly number[] {
  return reactions.find((reaction) => reaction.sign === sign)?.mine ?? [];
}

export function bareTarget(target: string): string {
  return target.replace(/^#/, "");
}

/** Refreshes an indicator at half of its lifetime. */
const REFRESH_INTERVAL_MS = TYPING_MS / 2;

export class TypingNotifier {
  #room: string | undefined;
  #sentAt = 0;

  constructor(
    private readonly now: () => number,
    private readonly send: (room: string, on: boolean) => void,
  ) {}

  report({ id, isSealed, isClosed }: RoomState, text: string): void {
    if (isSealed || isClosed) return;
    const isSameRoom = this.#room === id;
    if (!isMessageText(text)) {
      if (isSameRoom) this.send(id, false);
      return this.sent();
    }
    const now = this.now();
    if (isSameRoom && now - this.#sentAt < REFRESH_INTERVAL_MS) return;
    this.#room = id;
    this.#sentAt = now;
    this.send(id, true);
  }

  /** Sends no request, because the message itself ends the indicator for other users. */
  sent(): void {
    this.#room = undefined;
  }
}

function isMessageText(text: string): boolean {
  return text.trim() !== "" && (!text.startsWith("/") || /^\/(?:\/|me\s)/.test(text));
}

function wasDeleted(seq: number): Fault {
  return new Fault("not-found", msg`message ${seq} was deleted`);
}

function notYours(seq: number): Fault {
  return new Fault("not-allowed", msg`message ${seq} is not yours`);
}

function sealedAlready(): Fault {
  return new Fault("not-allowed", msg`this conversation is already encrypted`, {
    remedy: msg`no action is needed`,
  });
}

function notChangeable(seq: number, kind: string): Fault {
  return new Fault("not-allowed", msg`record ${seq} is a '${kind}'; only messages can be changed`, {
    remedy: msg`choose a message`,
  });
}

function existingRoom(name: string): Fault {
  return new Fault(
    "not-allowed",
    msg`'${name}' is not encrypted, and an existing room cannot be encrypted`,
    { remedy: msg`create a new room: ${"/join ROOM --sealed"}` },
  );
}
