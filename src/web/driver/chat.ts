/** `Chat`: every action of the page, on top of `ChatCore`. */

import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { checkName } from "../../base/names.ts";
import { bareTarget, type JoinOptions } from "../../client/chat/actions.ts";
import {
  grant,
  joinSealed,
  kick,
  leaveRoom,
  sealedRoomAt,
} from "../../client/chat/room-actions.ts";
import { sealConversation } from "../../client/sealed/seal-rooms.ts";
import { Device } from "../browser/device-key.ts";
import type { Platform } from "../browser/environment.ts";
import type { PageTransfers, PreviewOptions } from "../transfer/page-transfers.ts";
import type { FileHandle } from "../transfer/upload-journal.ts";
import { ChatCore, type LazyCode } from "./chat-core.ts";
import type { Linking } from "./linking.ts";

/**
 * Returns a chat that connects by itself.
 * @param platform `browserPlatform()` or a fake
 */
export async function openChat(platform: Platform, lazyCode: LazyCode): Promise<Chat> {
  return new Chat(platform, await Device.open(platform), lazyCode);
}

export class Chat extends ChatCore {
  get isInvited(): boolean {
    return this.fragment.secret !== undefined;
  }

  get isOperatorInvited(): boolean {
    return this.fragment.operatorToken !== undefined;
  }

  get knownUsers(): readonly string[] {
    return this.preferences.users;
  }

  override async join(room: string, options: JoinOptions = {}): Promise<string> {
    if (options.sealed !== true) return super.join(room, options);
    const { name } = await joinSealed(this, bareTarget(room), () =>
      this.request("join", { room: bareTarget(room), ...options }),
    );
    this.open(name);
    return name;
  }

  override leave(room: string): Promise<void> {
    return leaveRoom(this, bareTarget(room));
  }

  async kick(room: string, user: string, reason?: string): Promise<void> {
    await kick(this, bareTarget(room), user, reason);
  }

  grant(room: string, user: string, on: boolean): Promise<void> {
    return grant(this, bareTarget(room), user, on);
  }

  /**
   * Seals a conversation permanently and opens it.
   * @throws {Fault} not-found, seal-refused, …
   */
  async seal(user: string): Promise<void> {
    await sealConversation(this, user);
    this.open(`@${user}`);
  }

  get linking(): Linking {
    const { fingerprint, session } = this.account;
    return {
      device: this.device,
      user: checkName(session.user),
      fingerprint,
      sendRequest: this.request,
    };
  }

  passwd(password: string, current: string | undefined): Promise<void> {
    return this.link.passwd(password, current);
  }

  reconnectNow(): void {
    this.link.loop.reconnectNow();
  }

  setFocus(on: boolean): void {
    this.applyNow({ kind: "focus", on });
    if (on) this.adopt();
    else this.flush();
  }

  /**
   * @param handles in the order of `files`, if the browser supports handles
   * @param text text posted with the first file
   * @returns false if this page cannot send to the target; the page displays the reason
   */
  upload(
    target: string,
    files: readonly File[],
    handles: readonly (FileHandle | undefined)[] = [],
    text = "",
  ): boolean {
    const to = bareTarget(target);
    const refusal = sealedRoomAt(this, target) && this.sealRefusal;
    if (refusal !== undefined) {
      this.reportFailure(Promise.reject(refusal));
      return false;
    }
    this.#transfer((transfers) => {
      const sending = files.length > 1 ? transfers.newSending() : undefined;
      for (const [i, file] of files.entries()) {
        const caption = i === 0 && text !== "" ? text : undefined;
        this.reportFailure(
          transfers.upload(to, file, { handle: handles[i], text: caption, sending }),
        );
      }
    });
    return true;
  }

  pauseTransfer(id: string): void {
    this.#transfer((transfers) => transfers.pause(id));
  }

  resumeTransfer(id: string, file?: File): void {
    this.#transfer((transfers) => transfers.resume(id, (task) => task.reopen(file)));
  }

  cancelTransfer(id: string): void {
    this.#transfer((transfers) => transfers.cancel(id));
  }

  /** Returns a path for the browser's own resumable download, valid for 60 s. */
  async downloadPath(file: string): Promise<string> {
    return (await this.request("download", { file })).path;
  }

  /** Verifies each chunk. Must be called from a click handler, as the save dialog requires. */
  download(file: string, name: string): void {
    const id = checkFileId(file);
    this.#transfer((transfers) => transfers.download(id, name));
  }

  /**
   * Fetches a verified file into memory.
   * @throws {Fault} too-large, checksum-wrong, …
   */
  async preview(
    file: string,
    sizeBytesMax: number,
    options: PreviewOptions = {},
  ): Promise<Uint8Array> {
    const transfers = await this.account.transfers();
    return transfers.preview(checkFileId(file), sizeBytesMax, options);
  }

  /**
   * The module is already prefetched, because loading it here would end the user gesture that file
   * dialogs need.
   */
  #transfer(act: (transfers: PageTransfers) => unknown): void {
    this.reportFailure(this.account.transfers().then(act));
  }
}

function checkFileId(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", "invalid file id");
}
