/** State and actions of the page that `chat share` serves. */

import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { cleanFileName, UniqueNames } from "../../base/file-names.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { checkName, type Name } from "../../base/names.ts";
import { openRoom } from "../../core/model/selectors.ts";
import type { Model, TransferView } from "../../core/model/state.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import { parseShareTopic } from "../../ui/text/share-topic.ts";
import type { Platform, SaveHandle, SaveTarget } from "../browser/environment.ts";
import { reopenSaveTarget } from "../browser/save-targets.ts";
import { ZipTarget } from "../browser/zip-target.ts";
import { readFragment } from "../input/fragment.ts";
import { openPageClient, type PageClient } from "./page-client.ts";

export type ShareState =
  | { readonly kind: "entering" }
  | { readonly kind: "wrong" }
  | { readonly kind: "over" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | {
      readonly kind: "open";
      readonly files: readonly SharedFile[];
      readonly count: number | undefined;
      readonly isSaving: boolean;
    };

export interface SharedFile {
  readonly body: FileBody;
  readonly transfer: TransferView | undefined;
  readonly saved: SavedNames | undefined;
}

/** Names that the page chose for a file. */
export interface SavedNames {
  /** `undefined` if the file has its own name, or the user or the browser chose one. */
  readonly name: string | undefined;
  /** Entries of a folder whose names differ from the sent ones. */
  readonly renamed: readonly Renamed[];
}

/** Directory picker of `window`, which needs only one prompt for several files. */
export interface FolderPage {
  showDirectoryPicker?(options: { readonly mode: "readwrite" }): Promise<FolderHandle>;
}

interface FolderHandle {
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<SaveHandle>;
}

const LOBBY = "lobby";
const NAME_BYTES = 4;

/** Each page logs in as a new user and stores nothing. */
export class Share {
  readonly #newName: () => Name;
  #loginFault: Fault | undefined;
  #isLoggedIn = false;
  #isSaving = false;
  readonly #transfers = new Map<string, TransferView>();
  readonly #listeners = new Set<() => void>();
  #state: ShareState = { kind: "entering" };

  private constructor(
    private readonly chat: PageClient,
    private readonly chooser: SaveLocationChooser,
    private readonly secret: string | undefined,
    platform: Platform,
  ) {
    this.#newName = () => randomName(platform);
    chat.store.subscribe(() => this.#changed());
  }

  static async open(basePlatform: Platform, page: FolderPage): Promise<Share> {
    const secret = readFragment(basePlatform.fragment, false).shareSecret;
    const chooser = new SaveLocationChooser(basePlatform, page);
    const platform: Platform = {
      ...basePlatform,
      fragment: "",
      chooseTarget: (name) => chooser.choose(name),
    };
    const chat = await openPageClient(platform);
    const share = new Share(chat, chooser, secret, platform);
    void share.#logIn();
    return share;
  }

  get state(): ShareState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  reconnectNow(): void {
    this.chat.reconnectNow();
  }

  async saveAll(): Promise<void> {
    if (this.#isSaving || this.#state.kind !== "open") return;
    const unsaved = this.#state.files.filter(({ transfer }) => transfer?.state.kind !== "done");
    this.#isSaving = true;
    this.#changed();
    try {
      if (!(await this.chooser.prepare(unsaved.length))) return;
      for (const { body } of unsaved) await this.#save(body);
    } catch (error) {
      this.#loginFault = asFault(error);
    } finally {
      this.#isSaving = false;
      this.#changed();
    }
  }

  close(): Promise<void> {
    return this.chat.close();
  }

  #save(body: FileBody): Promise<void> {
    this.chooser.next = body;
    this.chooser.isCancelled = false;
    const before = this.#transfers.get(body.file);
    return new Promise((resolve) => {
      const isFinished = () => {
        const current = this.#transfers.get(body.file);
        const kind = current === before ? undefined : current?.state.kind;
        return kind === "done" || kind === "failed" || this.chooser.isCancelled;
      };
      const stop = this.subscribe(() => {
        if (!isFinished()) return;
        stop();
        resolve();
      });
      this.chooser.onCancelled = () => this.#changed();
      this.chat.download(body.file, body.name);
    });
  }

  async #logIn(): Promise<void> {
    const roomSecret = this.secret;
    if (roomSecret === undefined) return this.#changed();
    try {
      await this.chat.enter({ user: this.#newName(), mode: "register", roomSecret });
      this.#isLoggedIn = true;
    } catch (error) {
      this.#loginFault = asFault(error);
    }
    this.#changed();
  }

  #changed(): void {
    const { model } = this.chat;
    for (const transfer of model.transfers.values()) {
      if (transfer.file !== undefined) this.#transfers.set(transfer.file, transfer);
    }
    if (this.#isLoggedIn && model.isCaughtUp) this.#loadFiles(model);
    this.#state = this.#stateOf(model);
    for (const listener of [...this.#listeners]) listener();
  }

  #loadFiles(model: Model): void {
    if (model.open === undefined) this.chat.actions.open(LOBBY);
    const room = openRoom(this.chat.model);
    if (room?.loading === undefined && room?.tail.hasOlder === true)
      this.chat.actions.loadMore("older");
  }

  #stateOf(model: Model): ShareState {
    if (this.secret === undefined) return { kind: "wrong" };
    const room = openRoom(model);
    const files = (room?.tail.items ?? [])
      .filter(({ state }) => state === "whole")
      .flatMap(({ files }) => files)
      .map((body) => ({
        body,
        transfer: this.#transfers.get(body.file),
        saved: this.chooser.saved.get(body.file),
      }));
    const count = parseShareTopic(room?.topic ?? "")?.count;
    const isComplete = count !== undefined && files.length >= count;
    const isSaved = isComplete && files.every(({ transfer }) => transfer?.state.kind === "done");
    const open = { kind: "open", files, count, isSaving: this.#isSaving } as const;
    if (isSaved) return open; // Saved files stay available after the server ends.
    const { connection } = model;
    if (connection.kind === "offline" || connection.kind === "ended") return { kind: "over" };
    if (this.#loginFault !== undefined) return refusalState(this.#loginFault);
    return room === undefined || !this.#isLoggedIn ? { kind: "entering" } : open;
  }
}

function refusalState(fault: Fault): ShareState {
  if (fault.code === "room-password-wrong") return { kind: "wrong" };
  if (fault.blame === "host") return { kind: "over" };
  return { kind: "failed", fault };
}

function randomName({ entropy }: Platform): Name {
  return checkName(`browser-${toBase64Url(entropy(NAME_BYTES))}`);
}

class SaveLocationChooser {
  #folder: FolderHandle | undefined;
  #names = new UniqueNames();
  readonly saved = new Map<string, SavedNames>();
  next: FileBody | undefined;
  isCancelled = false;
  onCancelled: () => void = () => undefined;

  constructor(
    private readonly platform: Platform,
    private readonly page: FolderPage,
  ) {}

  /**
   * @returns false if the user cancelled
   * @throws {Fault} store-denied
   */
  async prepare(count: number): Promise<boolean> {
    this.isCancelled = false;
    this.#folder = undefined;
    this.#names = new UniqueNames();
    if (count < 2 || this.page.showDirectoryPicker === undefined) return true;
    try {
      this.#folder = await this.page.showDirectoryPicker({ mode: "readwrite" });
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return false;
      throw new Fault("store-denied", "the browser does not allow writing there", { cause: error });
    }
  }

  async choose(name: string): Promise<SaveTarget | undefined> {
    const body = this.next;
    const folder = body?.folder;
    const fileName = folder === undefined ? name : cleanFileName(`${name}.zip`);
    try {
      const target = await this.#targetFor(fileName);
      if (target === undefined) this.#cancel();
      if (target === undefined || body === undefined) return target?.target;
      const sentName = folder === undefined ? body.name : `${body.name}.zip`;
      const savedName = target.name === sentName ? undefined : target.name;
      if (folder === undefined) {
        this.saved.set(body.file, { name: savedName, renamed: [] });
        return target.target;
      }
      const zip = new ZipTarget(target.target, name, folder.manifestBytes, this.next?.details);
      this.saved.set(body.file, {
        name: savedName,
        get renamed() {
          return zip.renamed;
        },
      });
      return zip;
    } catch (error) {
      this.#cancel();
      throw error;
    }
  }

  #cancel(): void {
    this.isCancelled = true;
    this.onCancelled();
  }

  async #targetFor(name: string): Promise<NamedTarget | undefined> {
    const folder = this.#folder;
    if (folder === undefined) {
      const target = await this.platform.chooseTarget(name);
      return target && { target, name: undefined };
    }
    const free = await freeName(folder, this.#names, name);
    const handle = await folder.getFileHandle(free, { create: true });
    return { target: await reopenSaveTarget(handle, 0), name: free };
  }
}

/** Characters that a browser may forbid in names. */
const UNUSUAL = /[^\w .()-]/gu;

interface NamedTarget {
  readonly target: SaveTarget;
  /** `undefined` if the user or the browser chose the name. */
  readonly name: string | undefined;
}

/** @param names names of the files that this page has saved in the folder */
async function freeName(folder: FolderHandle, names: UniqueNames, name: string): Promise<string> {
  const changed = [`${name}_`, `${name.replaceAll(UNUSUAL, "_")}_`].map(cleanFileName);
  let allowed = name;
  for (let attempts = 0; attempts <= SAME_NAMES_MAX; attempts++) {
    const candidate = names.tryAdd(allowed);
    if (candidate === undefined) continue;
    try {
      await folder.getFileHandle(candidate);
    } catch (error) {
      const kind = error instanceof Error ? error.name : undefined;
      if (kind === "NotFoundError") return candidate;
      // Chromium forbids some extensions, such as .lnk and .url, and some characters.
      const next = kind === "TypeError" ? changed.shift() : undefined;
      if (next !== undefined) allowed = next;
      // TypeMismatchError: a folder has the name.
      else if (kind !== "TypeMismatchError") throw error;
    }
  }
  throw new Fault("too-many", `the folder has too many files named ${name}`);
}
