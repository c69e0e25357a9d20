import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type FileId, ID_BYTES } from "../../base/ids.ts";
import { PAGE_UPLOADS_AT_ONCE, PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import type { Connection } from "../../client/link/connection.ts";
import { overDataChannels, type Route } from "../../client/transfer/data-channel.ts";
import { Transfers, type TransfersParts } from "../../client/transfer/transfers.ts";
import type { WorkEvent } from "../../core/model/event.ts";
import type { TransferState } from "../../core/model/state.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import type { OutboxOwner as Owner } from "../../io/state/outbox-store.ts";
import type { Platform } from "../browser/environment.ts";
import { FileSource, stampOf } from "../browser/file-source.ts";
import { type FileHandle, type UploadEntry, UploadJournal } from "./upload-journal.ts";

export interface UploadsParts {
  readonly platform: Platform;
  readonly owner: Owner;
  readonly channels: Omit<TransfersParts, "uploads">;
  readonly tell: (event: WorkEvent) => void;
}

/** One upload that is shown. */
interface Upload {
  readonly key: string;
  readonly name: string;
  readonly to: string;
  /** Undefined: the file has to be given again. */
  file: File | undefined;
  state: TransferState | { readonly kind: "queued" };
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  release: () => void;
}

/** Files that this page sends; noted so that the page, loaded again, goes on with them. */
export class Uploads {
  readonly #parts: UploadsParts;
  readonly #journal: UploadJournal;
  readonly #transfers: Transfers;
  readonly #uploads = new Map<string, Upload>(); // By key; bounded by PAGE_UPLOADS_MAX.
  #isLeft = false;

  constructor(parts: UploadsParts) {
    this.#parts = parts;
    this.#journal = new UploadJournal(parts.platform.store, parts.owner);
    this.#transfers = new Transfers({ ...parts.channels, uploads: this.#journal });
  }

  has(key: string): boolean {
    return this.#uploads.has(key);
  }

  /** Shows what pages that are gone have left, and goes on with what can be read. */
  async restore(): Promise<void> {
    const { clock, locks } = this.#parts.platform;
    for (const note of await this.#journal.left(clock.unixMs())) {
      if (this.#uploads.has(note.key) || this.#uploads.size >= PAGE_UPLOADS_MAX) continue;
      const release = await locks.hold(lockOf(note.key));
      if (release === undefined) continue; // Another tab sends it.
      await this.#journal.adopt(note);
      const file = await readable(note);
      if (this.#isLeft) return release(); // Somebody may log out while it is read.
      const again = note.handle === undefined ? "choose" : "permit";
      const upload: Upload = {
        key: note.key,
        name: note.name,
        to: note.to,
        file,
        state: file === undefined ? { kind: "needs-file", again } : { kind: "paused" },
        progress: undefined,
        stop: undefined,
        release,
      };
      this.#uploads.set(note.key, upload);
      if (file !== undefined && !note.isPaused) upload.state = { kind: "queued" };
      this.#tell(upload);
    }
    this.#next();
  }

  /** The same file to the same target, left by an earlier page, is gone on with. */
  async add(to: string, file: File, handle: FileHandle | undefined): Promise<void> {
    const left = [...this.#uploads.values()].find(({ key, state }) => {
      const note = this.#journal.get(key);
      const isSame = note?.to === to && note.name === file.name && note.stamp === stampOf(file);
      return state.kind === "needs-file" && isSame;
    });
    if (left !== undefined) return this.resume(left.key, file);
    if (this.#uploads.size >= PAGE_UPLOADS_MAX) {
      throw new Fault("too-many", `${PAGE_UPLOADS_MAX} files are on their way already`);
    }
    const { entropy, clock, locks } = this.#parts.platform;
    const key = toBase64Url(entropy(ID_BYTES));
    this.#journal.put({
      ...this.#parts.owner,
      key,
      to,
      name: file.name,
      sizeBytes: file.size,
      stamp: stampOf(file),
      handle,
      isPaused: false,
      begunUnixMs: clock.unixMs(),
      file: undefined,
      upTo: 0,
    });
    const state = { kind: "queued" } as const;
    const { name } = file;
    const nothing = { progress: undefined, stop: undefined, release: () => undefined };
    const upload: Upload = { key, name, to, file, state, ...nothing };
    this.#uploads.set(key, upload);
    this.#tell(upload);
    const release = await locks.hold(lockOf(key));
    if (release === undefined || this.#uploads.get(key) !== upload) return release?.();
    upload.release = release;
    this.#next();
  }

  pause(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined || !isGoing(upload)) return;
    this.#rename(key, { isPaused: true });
    upload.state = { kind: "paused" };
    upload.stop?.abort();
    upload.stop = undefined;
    this.#tell(upload);
    this.#next();
  }

  /** @param file chosen again. @throws Fault file-changed: it is another one */
  async resume(key: string, file?: File): Promise<void> {
    const upload = this.#uploads.get(key);
    const note = this.#journal.get(key);
    if (upload === undefined || note === undefined || isGoing(upload)) return;
    const given = file ?? upload.file ?? (await permitted(note));
    if (given === undefined) return;
    if (stampOf(given) !== note.stamp || given.name !== note.name) {
      throw new Fault("file-changed", `this is not the '${note.name}' that was begun`, {
        remedy: "choose the same file, or send this one anew",
      });
    }
    upload.file = given;
    upload.state = { kind: "queued" };
    this.#rename(key, { isPaused: false });
    this.#tell(upload);
    this.#next();
  }

  /** Gives it up; the server forgets what it has. */
  cancel(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    const file = this.#journal.get(key)?.file;
    upload.stop?.abort();
    this.#forget(upload);
    if (file !== undefined) void this.#withdraw(file);
    this.#next();
  }

  /** It is finished, and need not be shown any more. */
  dismiss(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload?.state.kind === "done") this.#forget(upload);
    else this.cancel(key);
  }

  /** All that is noted is in the browser. */
  written(): Promise<void> {
    return this.#journal.written();
  }

  leave(): void {
    this.#isLeft = true;
    for (const upload of this.#uploads.values()) {
      upload.stop?.abort();
      upload.release();
    }
    this.#uploads.clear();
  }

  #next(): void {
    let running = 0;
    for (const { state } of this.#uploads.values()) if (state.kind === "running") running += 1;
    for (const upload of this.#uploads.values()) {
      if (running >= PAGE_UPLOADS_AT_ONCE) return;
      if (upload.state.kind !== "queued" || upload.file === undefined) continue;
      running += 1;
      void this.#run(upload, upload.file);
    }
  }

  async #run(upload: Upload, file: File): Promise<void> {
    const note = this.#journal.get(upload.key);
    if (note === undefined) return;
    const stop = new AbortController();
    const source = new FileSource(file, upload.key);
    upload.stop = stop;
    upload.state = { kind: "running" };
    this.#tell(upload);
    try {
      const sent = await this.#transfers.send({
        source,
        to: [note.to],
        signal: stop.signal,
        onProgress: (progress) => {
          upload.progress = progress;
          if (upload.stop === stop) this.#tell(upload);
        },
      });
      const [refused] = sent.refused;
      if (refused !== undefined && sent.posted.length === 0) throw refused.fault;
      this.#journal.remove(upload.key);
      this.#settle(upload, stop, { kind: "done" });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (stop.signal.aborted || this.#isLeft) return; // Paused, cancelled, or the page is left.
      this.#settle(upload, stop, { kind: "failed", fault: error });
    } finally {
      source.close();
    }
  }

  #settle(upload: Upload, stop: AbortController, state: TransferState): void {
    if (upload.stop !== stop) return;
    upload.stop = undefined;
    upload.state = state;
    this.#tell(upload);
    this.#next();
  }

  #forget(upload: Upload): void {
    this.#uploads.delete(upload.key);
    this.#journal.remove(upload.key);
    upload.release();
    this.#parts.tell({ kind: "transfer-gone", id: upload.key });
  }

  #rename(key: string, change: Pick<UploadEntry, "isPaused">): void {
    const note = this.#journal.get(key);
    if (note !== undefined) this.#journal.put({ ...note, ...change });
  }

  #tell({ key, name, to, state, progress }: Upload): void {
    if (this.#isLeft) return;
    const known = state.kind === "queued" ? ({ kind: "running" } as const) : state;
    const about = { id: key, file: this.#journal.get(key)?.file, name, to: [to] };
    const transfer = { ...about, kind: "upload", state: known, progress } as const;
    this.#parts.tell({ kind: "transfer", transfer });
  }

  /** In vain where it is finished already, or the account is gone: nobody waits for it. */
  async #withdraw(file: FileId): Promise<void> {
    const stop = new AbortController();
    try {
      await overDataChannels(this.#parts.channels, new Withdrawal(file, stop.signal));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
}

class Withdrawal implements Route<"withdrawn"> {
  readonly stop: AbortSignal;
  readonly #file: FileId;

  constructor(file: FileId, stop: AbortSignal) {
    this.#file = file;
    this.stop = stop;
  }

  async along(lane: Connection): Promise<"withdrawn"> {
    await lane.ask("withdraw", { file: this.#file });
    return "withdrawn";
  }

  moved(): number {
    return 0;
  }

  held(): void {
    // Nobody is shown it.
  }
}

function isGoing({ state }: Upload): boolean {
  return state.kind === "running" || state.kind === "queued";
}

function lockOf(key: string): string {
  return `chat upload ${key}`;
}

/** The file of an earlier page, where the browser gives it without asking. */
async function readable({ handle, stamp }: UploadEntry): Promise<File | undefined> {
  if (handle?.queryPermission === undefined) return undefined;
  if ((await handle.queryPermission({ mode: "read" })) !== "granted") return undefined;
  return sameFile(handle, stamp);
}

/** From a click: the browser asks the person. */
async function permitted({ handle, stamp }: UploadEntry): Promise<File | undefined> {
  if (handle === undefined) return undefined;
  const answer = await handle.requestPermission?.({ mode: "read" });
  return answer === "granted" ? sameFile(handle, stamp) : undefined;
}

async function sameFile(handle: FileHandle, stamp: string): Promise<File | undefined> {
  try {
    const file = await handle.getFile();
    return stampOf(file) === stamp ? file : undefined;
  } catch {
    return undefined; // It is gone.
  }
}
