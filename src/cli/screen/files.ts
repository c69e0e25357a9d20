/** File transfers and folder listings in the full-screen client. */

import { readdir } from "node:fs/promises";
import { Fault, msg } from "../../base/fault.ts";
import {
  SCREEN_TRANSFERS_MAX,
  TAB_ENTRIES_MAX,
  TAB_FOLDERS_MAX,
} from "../../base/limits-screen.ts";
import { parseTarget } from "../../base/names.ts";
import type { TransferProgress } from "../../client/files/progress.ts";
import { TransferQueue, type TransferTask } from "../../client/files/queue.ts";
import type { OutgoingCommand, WaitingMessage } from "../../core/client/outgoing.ts";
import { isSameName } from "../../core/model/item.ts";
import { openRoom } from "../../core/model/selectors.ts";
import type { TransferView } from "../../core/model/state.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { type KnownFile, knownFile } from "../../io/state/home-tables.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { targetText } from "../../ui/text/target-text.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { Context } from "../context.ts";
import { OutgoingFiles, type PathSource } from "../files/outgoing-files.ts";
import {
  checkFileId,
  checkOut,
  downloadedText,
  PropertyReport,
  receiveFile,
  reportRenamed,
} from "../files/receive-file.ts";
import { SourceNotes } from "../files/sources.ts";
import type { PathEntry } from "./input/completion.ts";

interface ScreenFilesOptions {
  readonly context: Context;
  readonly open: OpenClient;
  readonly note: (text: TerminalMessage) => void;
  readonly onLocalFile?: (file: string, path: string) => void;
  /** Puts the line that sends the message again into the input. */
  readonly onReturned?: (message: WaitingMessage<PathSource>) => void;
}

type StartedTransfer = (
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
) => Promise<void>;

export class ScreenFiles {
  readonly #queue: TransferQueue<TransferTask>;
  readonly #outgoing: OutgoingFiles;
  readonly #properties = new PropertyReport();
  #count = 0;
  readonly #offered = new WeakSet<FileBody>();

  constructor(private readonly options: ScreenFilesOptions) {
    const chat = options.open.client;
    const { context, open, note } = options;
    const notes = new WeakMap<Source, SourceNotes>();
    const reportNotes = (source: Source) => {
      const known = notes.get(source) ?? new SourceNotes(source);
      notes.set(source, known);
      known.report(note);
    };
    this.#outgoing = new OutgoingFiles({
      context,
      open,
      note,
      reportOmissions: reportNotes,
      listener: {
        closed: reportNotes,
        uploaded: ({ source }, { file }) => options.onLocalFile?.(file, source.path),
        sent: (_key, { files }, to, { queued }) => {
          if (queued === true) return note((texts) => texts.queuedFile(parseTarget(to).name));
          if (isSameName(chat.model.open, to)) return;
          for (const { name } of files) note((texts) => texts.fileSent(name, targetText(to)));
        },
        stuck: (_key, { to: [target = ""] }) => {
          if (isSameName(chat.model.open, target)) return;
          note((texts) => texts.stuckIn(targetText(target)));
        },
        returned: (message) => options.onReturned?.(message),
      },
    });
    this.#queue = new TransferQueue({
      removesEnded: true,
      emit: (event) => {
        chat.store.enqueue(event);
      },
    });
  }

  get isBusy(): boolean {
    return this.#queue.unsettledCount + this.#outgoing.unstuckCount > 0;
  }

  get waiting(): OutgoingFiles {
    return this.#outgoing;
  }

  async send(paths: readonly string[], target: string, body: PostBody): Promise<void> {
    const { client: chat } = this.options.open;
    await this.#outgoing.send(paths, [target], body);
    chat.actions.showPosted(target, body);
  }

  /** @returns false if there is no such message */
  command(key: string, command: OutgoingCommand): boolean {
    const isKnown = this.#outgoing.messages.some(([known]) => known === key);
    if (isKnown) this.#outgoing.command(key, command);
    return isKnown;
  }

  close(): void {
    this.#outgoing.close();
  }

  get(id: string, out: string, name = id): void {
    const { open, note } = this.options;
    const file = checkFileId(id);
    checkOut(out);
    this.#start({ kind: "download", name, to: [], file }, async (onProgress, signal) => {
      const secret = open.state.partialFileSecret();
      const received = await receiveFile(open.client, { file, out, secret, onProgress, signal });
      note(downloadedText(received));
      this.options.onLocalFile?.(received.id, received.path);
      reportRenamed(received, note);
      this.#properties.add(received, note);
    });
  }

  cancel(id: string): void {
    this.#queue.cancel(id);
  }

  offerForCompletion(visible: readonly FileBody[]): void {
    const { open } = this.options;
    const chat = open.client;
    const { fingerprint } = open.client;
    const room = openRoom(chat.model);
    if (fingerprint === undefined || room === undefined) return;
    const files: KnownFile[] = [];
    // `tail` contains only the newest messages; the visible ones may be older.
    for (const file of [...room.tail.items.flatMap((item) => item.files), ...visible]) {
      if (this.#offered.has(file)) continue;
      this.#offered.add(file);
      files.push(knownFile({ id: file.file, name: file.name, sealed: room.isSealed === true }));
    }
    if (files.length > 0) open.state.knownFiles.add(fingerprint, files);
  }

  async settled(): Promise<void> {
    await Promise.all([this.#queue.settled(), this.#outgoing.settled()]);
  }

  #start(
    about: Pick<TransferView, "kind" | "name" | "to"> & Partial<Pick<TransferView, "file">>,
    run: StartedTransfer,
  ): void {
    if (this.#queue.unsettledCount >= SCREEN_TRANSFERS_MAX) {
      throw new Fault("too-many", msg`${SCREEN_TRANSFERS_MAX} transfers are already running`, {
        remedy: msg`wait until one finishes`,
      });
    }
    const id = `transfer ${++this.#count}`;
    let view: TransferTask["view"] = { id, file: undefined, ...about };
    void this.#queue.add({
      get view() {
        return view;
      },
      run: ({ signal, onProgress }) => {
        const onNamed = ({ id: file, name, ...progress }: TransferProgress) => {
          view = { ...view, file, name };
          onProgress(progress);
        };
        return run(onNamed, signal);
      },
    });
  }
}

/** Cached folder listings for path completion. */
export class FolderLists {
  readonly #lists = new Map<string, readonly PathEntry[]>();

  constructor(private readonly home: string | undefined) {}

  of(path: string): readonly PathEntry[] | undefined {
    return this.#lists.get(path);
  }

  async read(path: string): Promise<void> {
    const entries = await entriesOf(this.#folder(path));
    if (this.#lists.size >= TAB_FOLDERS_MAX) this.#lists.clear();
    this.#lists.set(path, entries);
  }

  clear(): void {
    this.#lists.clear();
  }

  #folder(path: string): string {
    const isHome = path === "~/" || path.startsWith("~/");
    return absolutePath(
      isHome && this.home !== undefined ? this.home + path.slice(1) : path || ".",
    );
  }
}

async function entriesOf(folder: string): Promise<readonly PathEntry[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .slice(0, TAB_ENTRIES_MAX)
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
