import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { bare } from "../../client/chat/actions.ts";
import { Device } from "../browser/device-key.ts";
import type { Platform } from "../browser/environment.ts";
import type { FileHandle } from "../transfer/upload-journal.ts";
import type { OpenAuditor } from "./auditing.ts";
import { ChatCore } from "./store-driver.ts";

/**
 * @param platform `browserSurroundings()`, or a test's. It connects by itself.
 * @param loadAuditor fetches what holds the server to its log, once a user is in; left out: it is
 * not held to it
 */
export async function openChat(
  platform: Platform,
  loadAuditor?: () => Promise<OpenAuditor>,
): Promise<Chat> {
  return new Chat(platform, await Device.open(platform), loadAuditor);
}

/** All that the page does, with what `ChatActions` says of it. */
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

  /** Whether somebody looks at the page. */
  setFocus(on: boolean): void {
    this.person({ kind: "focus", on });
    if (on) this.adopt();
    else this.flush();
  }

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
}

function fileOf(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", "this is no file's id");
}
