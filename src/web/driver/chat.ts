import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId, type RoomId } from "../../base/ids.ts";
import type { Ask } from "../../client/queries.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isSame } from "../../core/model/item.ts";
import { openRoom, roomOf } from "../../core/model/selectors.ts";
import type { Draft, Item, SearchQuery } from "../../core/model/state.ts";
import type { PostBody } from "../../wire/messages.ts";
import { Device } from "../browser/device-key.ts";
import type { Platform } from "../browser/environment.ts";
import type { FileHandle } from "../transfer/upload-journal.ts";
import { ChatCore } from "./store-driver.ts";

export interface JoinOptions {
  readonly password?: string;
  readonly create?: boolean;
}

/** @param platform `browserSurroundings()`, or a test's. It connects by itself. */
export async function openChat(platform: Platform): Promise<Chat> {
  return new Chat(platform, await Device.open(platform));
}

/**
 * All that the page does. `model` is a value that never changes; `subscribe` is told of the next
 * one, at most once a frame. What returns nothing shows its faults in `model.faults`; whatever
 * returns a promise rejects with a Fault instead.
 */
export class Chat extends ChatCore {
  /** The page's address had an invite or the room password behind its `#`: none need be typed. */
  get isInvited(): boolean {
    return this.fragment.secret !== undefined;
  }

  /** The names that this browser's key opens without a password; the last one first. */
  get knownUsers(): readonly string[] {
    return this.preferences.users;
  }

  passwd(password: string): Promise<void> {
    return this.loop.passwd(password);
  }

  /** Tries now instead of later. */
  reconnectNow(): void {
    this.loop.reconnectNow();
  }

  /** Undefined: the list of rooms, on narrow screens. */
  open(target: string | undefined): void {
    this.person({ kind: "open", target });
  }

  /** Whether somebody looks at the page. */
  setFocus(on: boolean): void {
    this.person({ kind: "focus", on });
    if (on) this.adopt();
    else this.flush();
  }

  /** All rows of the open room up to this item were on the screen. */
  seen(seq: number): void {
    this.#inRoom((room) => this.person({ kind: "seen", room, seq }));
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

  search(query: SearchQuery | undefined): void {
    this.person({ kind: "search", query });
  }

  searchMore(): void {
    this.person({ kind: "search-more" });
  }

  setDraft(target: string, draft: Draft | undefined): void {
    this.person({ kind: "draft", target: bare(target), draft });
  }

  dismissFault(id: number): void {
    this.person({ kind: "dismissed", fault: id });
  }

  /**
   * Sends what is given or, if it `edits`, changes that; the draft is gone. `/me` is an action. Who
   * reads above is taken to the newest, where the message stands.
   */
  send(target: string, draft: Draft): void {
    const { text, re, edits } = draft;
    if (text.trim() === "") return;
    this.setDraft(target, undefined);
    if (edits !== undefined) return this.#edit(target, draft, edits);
    const [, action] = /^\/me +(.+)$/s.exec(text) ?? [];
    const words = action === undefined ? { text } : { text: action, action: true };
    this.#post(target, withMentions(re === undefined ? words : { ...words, re }));
    if (isSame(this.model.open, bare(target))) this.bottom();
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
    await this.request("topic", { room: bare(room), topic });
  }

  async ignore(user: string, on: boolean): Promise<void> {
    await this.request("ignore", { user, on });
  }

  /** All the protocol has: rooms, who, kick, mute, invite, ban, watch, clients, stats, … */
  readonly request: Ask = (kind, fields) => this.loop.ask(kind, fields);

  /** Each begins as soon as it may. `handles`: as many as files, where the browser has them. */
  upload(
    target: string,
    files: readonly File[],
    handles: readonly (FileHandle | undefined)[] = [],
  ): void {
    const { uploads } = this.accountSession;
    const to = bare(target);
    for (const [i, file] of files.entries()) {
      this.show(uploads.add(to, file, handles[i]));
    }
  }

  pauseTransfer(id: string): void {
    const { uploads, downloads } = this.accountSession;
    uploads.pause(id);
    downloads.pause(id);
  }

  /** @param file chosen again, after a reload */
  resumeTransfer(id: string, file?: File): void {
    const { uploads, downloads } = this.accountSession;
    if (uploads.has(id)) this.show(uploads.resume(id, file));
    else this.show(downloads.resume(id));
  }

  /** Gives it up; what the server has of an upload is withdrawn. */
  cancelTransfer(id: string): void {
    const { uploads, downloads } = this.accountSession;
    uploads.cancel(id);
    downloads.cancel(id);
  }

  /** One that is done is not shown any more. */
  dismissTransfer(id: string): void {
    const { uploads, downloads } = this.accountSession;
    uploads.dismiss(id);
    downloads.cancel(id);
  }

  /** A path on this server at which the browser downloads by itself, resumable; ask within 60 s. */
  async downloadPath(file: string): Promise<string> {
    return (await this.request("download", { file })).path;
  }

  /** Fetches it here and checks every chunk. Must be called from a click: it asks where to. */
  download(file: string, name: string): void {
    this.show(this.accountSession.downloads.add(fileOf(file), name));
  }

  /** Whole in memory, checked: for previews of images. @throws Fault too-large, … */
  async preview(file: string, sizeBytesMax: number): Promise<Uint8Array> {
    return this.accountSession.downloads.preview(fileOf(file), sizeBytesMax);
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
    const { text } = draft;
    const item = openRoom(this.model)?.tail.items.find((one) => one.seq === seq);
    if (item !== undefined && item.text === text) return;
    const edited = this.request("edit", { seq, text }).catch((error: unknown) => {
      // What somebody has written is not lost, and neither is what they write now.
      const before = this.model.drafts.get(bare(target));
      this.setDraft(target, before === undefined ? draft : { ...draft, before });
      throw error;
    });
    this.show(edited);
  }
}

function bare(target: string): string {
  return target.replace(/^#/, "");
}

function fileOf(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", "this is no file's id");
}
