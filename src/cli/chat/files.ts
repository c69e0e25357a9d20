/** File transfers of the line client. */

import { basename } from "node:path";
import { DATA_CHANNELS_PER_SESSION_MAX } from "../../base/limits.ts";
import type { ReaderEvent } from "../../client/event.ts";
import { namedFault } from "../../client/files/message.ts";
import type { TransferProgress } from "../../client/files/progress.ts";
import { TransferQueue } from "../../client/files/queue.ts";
import { type FileState, faultOf, type WaitingMessage } from "../../core/client/outgoing.ts";
import { isIgnored } from "../../core/model/selectors.ts";
import type { TransferView } from "../../core/model/state.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import { Omissions } from "../files/omissions.ts";
import { OutgoingFiles } from "../files/outgoing-files.ts";
import {
  checkFileId,
  checkOut,
  downloadedJson,
  downloadedText,
  PropertyReport,
  receiveFile,
  reportRenamed,
} from "../files/receive-file.ts";
import { ProgressLines, progressJson, resumedLine } from "../output/progress.ts";
import { displayFileJson, fileLabel, threadPrefix } from "../output/render.ts";
import { fileRow, lastFiles } from "./last-files.ts";
import type { LineClient } from "./line-client.ts";
import { isOpenable, openerOf, openFile } from "./open-file.ts";
import { destinationOfTarget } from "./post.ts";
import type { InputLine } from "./script-lines.ts";
import { sendLine } from "./slash-grammar.ts";

const PROGRESS_DELAY_MS = 2_000;
/** Minimum size of an announced upload; a smaller one ends before the announcement is read. */
const ANNOUNCED_BYTES_MIN = 10e6;
const LISTED_FILES_MAX = 20;

const RUNNING_MAX = DATA_CHANNELS_PER_SESSION_MAX / 2;

export class LineFiles {
  readonly #queue = new TransferQueue({
    runningMax: { upload: RUNNING_MAX, download: RUNNING_MAX },
    removesEnded: true,
  });
  readonly #properties = new PropertyReport();
  readonly #sending = new Set<Promise<void>>();
  #count = 0;

  readonly #omissions: Omissions;

  readonly #outgoing: OutgoingFiles;
  /** Lines with which this process has sent messages, by the keys of these. */
  readonly #inputs = new Map<string, InputLine | undefined>();
  readonly #reporters = new Map<string, (progress: TransferProgress) => void>();

  constructor(private readonly lines: LineClient) {
    const { context, open, chatConsole } = lines;
    this.#omissions = new Omissions(context, (line) => chatConsole.note(line));
    this.#outgoing = new OutgoingFiles({
      context,
      open,
      note: (text) => chatConsole.note(text),
      reportOmissions: (source) => this.#omissions.addFrom(source),
      listener: {
        progress: (_, progress) => this.#reporterOf(progress.id)(progress),
        closed: (source) => this.#omissions.addFrom(source),
        sent: (key, message, to, receipt) => {
          this.#inputs.delete(key);
          const files = message.files.map(({ name, state }) => fileJson(name, state));
          this.lines.reportAck(
            to,
            receipt,
            { text: message.text || undefined, files },
            "queuedFile",
          );
        },
        stuck: (key, message) => this.#reportStuck(key, message),
        returned: (message) => chatConsole.note(sendLine(message, undefined)),
      },
    });
  }

  get waiting(): OutgoingFiles {
    return this.#outgoing;
  }

  /** @returns `code` if a line failed; otherwise 7 if a sent folder was incomplete, or 0 */
  exitCode(code: number): number {
    return this.#omissions.exitCode(code);
  }

  async send(paths: readonly string[], target: string, body: PostBody): Promise<void> {
    const { input } = this.lines;
    await this.#outgoing.send(paths, [target], body, (key) => this.#inputs.set(key, input));
  }

  #reporterOf(id: string): (progress: TransferProgress) => void {
    const reporter = this.#reporters.get(id) ?? this.#progressReporter();
    this.#reporters.set(id, reporter);
    return reporter;
  }

  /** A script cannot decide, so what can be sent is sent, as by a command. */
  #reportStuck(key: string, message: WaitingMessage<unknown>): void {
    const { chatConsole } = this.lines;
    const failed = message.files.flatMap(({ name, state }) => {
      if (state.kind !== "failed") return [];
      const fault = faultOf(state.fault);
      return message.files.length === 1 ? fault : namedFault(fault, [name]);
    });
    const faults = message.fault === undefined ? failed : [faultOf(message.fault)];
    for (const fault of faults) this.lines.fail(fault, this.#inputs.get(key));
    const isScript = !chatConsole.isInteractive && this.#inputs.has(key);
    if (!isScript) return chatConsole.note((texts) => texts.stuckMessage);
    const hasMore = failed.length < message.files.length && message.fault === undefined;
    this.#outgoing.command(key, { kind: hasMore ? "send-without" : "discard" });
  }

  get(id: string, out: string): void {
    const file = checkFileId(id);
    checkOut(out);
    const { chatConsole, open } = this.lines;
    this.#start("download", async () => {
      const secret = open.state.partialFileSecret();
      const onProgress = this.#progressReporter();
      const received = await receiveFile(open.client, { file, out, secret, onProgress });
      chatConsole.print(downloadedJson(received), downloadedText(received));
      const report = (text: TerminalMessage) => chatConsole.note(text);
      reportRenamed(received, report);
      this.#properties.add(received, report);
      void this.#offerToOpen(received.path);
    });
  }

  async list(target: string): Promise<void> {
    const { chatConsole } = this.lines;
    const { files, more } = await lastFiles(this.lines, target, LISTED_FILES_MAX);
    const rows = files.map(fileRow);
    const text = rows.length === 0 ? "no files" : "files:";
    chatConsole.print({ kind: "files", files: files.map(displayFileJson) }, text, rows);
    if (more) chatConsole.note((texts) => texts.onlyLatest(files.length));
  }

  reportOffered(event: Extract<ReaderEvent, { kind: "offered" }>): void {
    const { open, chatConsole } = this.lines;
    const { file, from, name, size: sizeBytes, thread, folder } = event;
    const { client } = open;
    const room = this.lines.roomOf(event);
    if (room === undefined || from === client.user || isIgnored(client.model, from)) return;
    const isSlow = sizeBytes === undefined || sizeBytes >= ANNOUNCED_BYTES_MIN;
    const prefix = thread === undefined ? "" : threadPrefix(thread);
    const line = `${prefix}${from} is sending ${fileLabel({ name, sizeBytes, folder })}`;
    chatConsole.print(
      { kind: "offered", ...destinationOfTarget(room), from, id: file, name, sizeBytes, thread },
      isSlow && this.lines.isCurrent(room) ? line : undefined,
    );
  }

  /** Resolves when the messages with files that were sent so far are posted or refused. */
  async sent(): Promise<void> {
    await Promise.allSettled([...this.#sending, this.#outgoing.settled()]);
  }

  close(): void {
    this.#outgoing.close();
  }

  async settled(): Promise<void> {
    const count = this.#queue.unsettledCount + this.#outgoing.unstuckCount;
    if (count === 0) return;
    const transfers = count === 1 ? "1 file transfer" : `${count} file transfers`;
    this.lines.chatConsole.note(`waiting for ${transfers}; press Ctrl-C to stop and resume later`);
    await Promise.all([this.#queue.settled(), this.#outgoing.settled()]);
    await this.lines.open.client.drain();
  }

  #start(kind: TransferView["kind"], transfer: () => Promise<void>): void {
    const { input } = this.lines;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (kind === "upload") this.#sending.add(promise);
    void promise.then(() => this.#sending.delete(promise));
    void this.#queue.add({
      view: { id: `${++this.#count}`, kind, file: undefined, name: "", to: [] },
      run: () =>
        transfer()
          .catch((error: unknown) => this.lines.fail(error, input))
          .finally(resolve),
    });
  }

  #progressReporter(): (progress: TransferProgress) => void {
    const { context, chatConsole } = this.lines;
    const lines = new ProgressLines();
    const beganAt = context.clock.now();
    let isFirst = true;
    return (progress) => {
      const line = lines.next(progress);
      const isLong = context.clock.now() - beganAt >= PROGRESS_DELAY_MS;
      const isFinished = progress.doneBytes === progress.sizeBytes;
      const isResumed = progress.resumedBytes > 0 && progress.resumedBytes !== progress.sizeBytes;
      const resumedText = isFirst && isResumed ? resumedLine(progress) : undefined;
      isFirst = false;
      chatConsole.print(
        progressJson(progress),
        resumedText ?? (isLong && !isFinished ? line : undefined),
      );
    };
  }

  async #offerToOpen(path: string): Promise<void> {
    const { context, chatConsole } = this.lines;
    const opener = chatConsole.isInteractive ? openerOf(context.env) : undefined;
    if (opener === undefined || !(await isOpenable(path))) return;
    if (!(await chatConsole.ask(`open ${basename(path)}? [y/N]`))) return;
    try {
      openFile(opener, path, context.env);
      chatConsole.note(`opening ${basename(path)}`);
    } catch (error) {
      this.lines.fail(error);
    }
  }
}

function fileJson(name: string, state: FileState): object {
  if (state.kind !== "complete") return { name };
  const { file: id, size: sizeBytes, digest } = state.content;
  return { id, name, sizeBytes, digest };
}
