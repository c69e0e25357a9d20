/** `chat send-file` and `chat get-file`, which upload and download files. */

import { statSync } from "node:fs";
import { Fault } from "../base/fault.ts";
import { type FileId, isFileId } from "../base/ids.ts";
import {
  FILE_TARGETS_MAX,
  FILES_PER_POST_MAX,
  FILES_UPLOADED_TOGETHER_MAX,
  SMALL_FILE_BYTES_MAX,
} from "../base/limits.ts";
import { formatTarget, parseTarget, type Target } from "../base/names.ts";
import { tsvLine } from "../base/text.ts";
import { formatUtc } from "../base/time.ts";
import { fileRecords, findFileId } from "../cli/chat/last-files.ts";
import { boxedTarget, destinationOfTarget, replyIn } from "../cli/chat/post.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import {
  connectionClosed,
  type OpenClient,
  untilConnected,
  withClient,
} from "../cli/connect/client.ts";
import { FILE_QUERY, pageQuery } from "../cli/connect/lists.ts";
import { type Context, faultLine } from "../cli/context.ts";
import { errorJson } from "../cli/errors.ts";
import { catchUp, IncomingFiles, noteEvent, type SenderTest } from "../cli/files/inbox.ts";
import { localPath } from "../cli/files/local-path.ts";
import { OMISSIONS_HELP, Omissions } from "../cli/files/omissions.ts";
import { checkDestination, checkFileId, FileReceiver, STDOUT } from "../cli/files/receive-file.ts";
import {
  checkPaths,
  expandPaths,
  openSourceAt,
  PersonalDataReport,
  STDIN,
} from "../cli/files/sources.ts";
import {
  PATHS_ARGUMENT,
  parseTargets,
  parseThread,
  SERVER_FLAGS,
  THREAD_FLAG,
} from "../cli/flags.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import {
  type DisplayFile,
  displayFiles,
  fileLabel,
  type JsonOutput,
  renderJson,
} from "../cli/output/render.ts";
import type { Client } from "../client/client.ts";
import {
  faultsOf,
  isSameFault,
  type MessageFile,
  namedFault,
  type PostedMessage,
  type SentMessage,
} from "../client/files/message.ts";
import type { UploadedFile } from "../client/files/transfers.ts";
import { ignoredNow } from "../client/ignored-people.ts";
import { withMentions } from "../core/client/mentions.ts";
import { checkText } from "../core/client/post-text.ts";
import { isSameName } from "../core/model/item.ts";
import type { LocalSource } from "../io/blob/interfaces.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import type { PostBody } from "../wire/messages.ts";

/** Uploads files. */
export const sendFile = defineVerb({
  args: {
    path: PATHS_ARGUMENT,
    to: stringFlag("TARGET", "Room or @user (Default: lobby)", { many: true, alias: "t" }),
    name: stringFlag("NAME", "Name that recipients see"),
    caption: stringFlag("TEXT", "Caption"),
    each: flag("Send each file as a message of its own"),
    thread: THREAD_FLAG,
    ...SERVER_FLAGS,
  },
  details: `To resume after an interruption, run the same command again. ${OMISSIONS_HELP}`,
  async run(args, context) {
    const paths = expandPaths(args.path);
    checkPaths(paths, args.name);
    context.continueWithoutOutput();
    const targets = fileTargets(args.to);
    const { caption = "", each } = args;
    const thread = parseThread(args.thread, targets.length);
    if (caption !== "") checkText(caption);
    const progressDisplay = new ProgressDisplay(context);
    const early =
      thread === undefined && paths.length === 1 && isSmallFile(paths[0])
        ? await openSourceAt(context, paths[0], args.name)
        : undefined;
    const personal = new PersonalDataReport();
    const reportLocation = (source: LocalSource) =>
      personal.add(source, (text) => progressDisplay.print(text(ENGLISH_TERMINAL)));
    try {
      // Sent with the log-in.
      if (early !== undefined) await reportLocation(early);
      const earlyMessage = early && {
        to: targets.map(formatTarget),
        body: withMentions({ text: caption, typed: true }),
        files: [{ source: early }],
        isCommand: true,
      };
      const options = {
        reconnect: true,
        isResumable: !paths.includes(STDIN),
        waitsForPosts: true,
        earlyMessage,
      };
      return await withClient(context, args, options, async ({ client }) => {
        await untilConnected(client.read());
        const to = targets.map((target) => formatTarget(boxedTarget(context, client, target)));
        const reply = await replyIn(client, to, thread);
        const isOnly = paths.length === 1;
        const open = (path: string) =>
          early === undefined ? openSourceAt(context, path, args.name) : Promise.resolve(early);
        const about = { to, reply, open, isOnly, reportLocation };
        const sender = new FileSender({ context, client, progressDisplay, ...about }, caption);
        await (each ? sender.sendEach(paths) : sender.sendTogether(paths));
        // A repetition after a crash reports the messages whose results nobody has read.
        await context.stdout.flushed();
        client.transfers.commandDone();
        return sender.omissions.exitCode(sender.fault?.exitCode);
      });
    } finally {
      early?.close();
      await progressDisplay.end();
    }
  },
});

/** Whether the file may be sent with the log-in. */
function isSmallFile(path: string | undefined): path is string {
  if (path === undefined || path === STDIN) return false;
  const stat = statSync(localPath(path), { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= SMALL_FILE_BYTES_MAX;
}

function fileTargets(texts: readonly string[]): readonly Target[] {
  const to = parseTargets(texts);
  if (to.length <= FILE_TARGETS_MAX) return to;
  throw new Fault("usage", `a file can have at most ${FILE_TARGETS_MAX} targets`, {
    remedy: "send it again to the other targets",
  });
}

interface FileSenderOptions {
  readonly context: Context;
  readonly client: Client;
  readonly progressDisplay: ProgressDisplay;
  readonly to: readonly string[];
  readonly reply: Pick<PostBody, "re" | "thread">;
  readonly open: (path: string) => Promise<LocalSource>;
  /** True if the command ends with the fault of its only file. */
  readonly isOnly: boolean;
  readonly reportLocation: (source: LocalSource) => Promise<void>;
}

interface OpenFile {
  readonly path: string;
  readonly source: LocalSource;
}

class FileSender {
  readonly #offlineTargets = new Set<string>(); // Bounded by the number of targets.
  readonly omissions: Omissions;
  fault: Fault | undefined;

  constructor(
    private readonly options: FileSenderOptions,
    private caption: string,
  ) {
    const { context, progressDisplay } = options;
    this.omissions = new Omissions(context, (line) => progressDisplay.print(line));
  }

  /** Sends one message, or several if one cannot list all files. */
  async sendTogether(paths: readonly string[]): Promise<void> {
    for (let i = 0; i < paths.length; i += FILES_PER_POST_MAX)
      await this.#send(paths.slice(i, i + FILES_PER_POST_MAX));
  }

  /** Sends each file when it is complete. The first message that is accepted has the caption. */
  async sendEach(paths: readonly string[]): Promise<void> {
    const waiting = [...paths];
    const sendNext = async (goesOn: () => boolean): Promise<void> => {
      while (goesOn()) {
        const path = waiting.shift();
        if (path === undefined) return;
        await this.#send([path]);
      }
    };
    await sendNext(() => this.caption !== "");
    const running = Array.from({ length: FILES_UPLOADED_TOGETHER_MAX }, () => sendNext(() => true));
    await Promise.all(running);
  }

  async #send(paths: readonly string[]): Promise<void> {
    const { context, progressDisplay } = this.options;
    const files = await this.#open(paths);
    try {
      if (files.length > 0) this.#report(await this.#sendMessage(files), files);
    } finally {
      for (const { source } of files) source.close();
      await progressDisplay.end();
    }
    await context.stdout.drained();
  }

  async #open(paths: readonly string[]): Promise<readonly OpenFile[]> {
    const { open, isOnly, reportLocation } = this.options;
    const files: OpenFile[] = [];
    for (const path of paths) {
      try {
        const source = await open(path);
        files.push({ path, source });
        this.omissions.addFrom(source, isOnly ? "" : path);
        await reportLocation(source);
      } catch (error) {
        if (isOnly || !(error instanceof Fault)) throw error;
        this.#reportFailure(error);
      }
    }
    return files;
  }

  async #sendMessage(files: readonly OpenFile[]): Promise<SentMessage> {
    const { client, progressDisplay, to, reply, isOnly } = this.options;
    const onProgress: MessageFile["onProgress"] = (progress) => progressDisplay.update(progress);
    const sent = await client.transfers.sendMessage({
      to,
      body: withMentions({ text: this.caption, ...reply, typed: true }),
      files: files.map(({ source }) => ({ source, onProgress })),
      isCommand: true,
    });
    if (sent.posted.length > 0) this.caption = "";
    await progressDisplay.end();
    for (const { path, source } of files) this.omissions.addFrom(source, isOnly ? "" : path);
    return sent;
  }

  #report(sent: SentMessage, files: readonly OpenFile[]): void {
    const { progressDisplay, isOnly } = this.options;
    for (const file of sent.files) {
      if (file instanceof Fault) {
        if (isOnly && sent.refused.length === 0) throw file;
        continue;
      }
      if (file.changed) progressDisplay.print(`${file.name} has changed; upload restarted`);
      for (const message of sent.posted)
        if (message.files.includes(file)) this.#print(file, message);
    }
    for (const fault of faultsOf(sent)) this.#reportFailure(faultOfSome(fault, sent, files));
  }

  #print(file: UploadedFile, posted: PostedMessage): void {
    const { context, progressDisplay } = this.options;
    const { stdout, json } = context;
    if (json) stdout.write(renderJson(sentJson(file, posted)));
    else if (stdout.isTerminal) stdout.write(`${sentText(file, posted)}\n`);
    else stdout.write(sentTsv(file, posted));
    if (!posted.queued || json || this.#offlineTargets.has(posted.to)) return;
    this.#offlineTargets.add(posted.to);
    progressDisplay.print(ENGLISH_TERMINAL.queuedFile(parseTarget(posted.to).name));
  }

  #reportFailure(fault: Fault): void {
    this.fault ??= fault;
    const { context, progressDisplay } = this.options;
    progressDisplay.print(faultLine(fault));
    if (context.json) context.stdout.write(errorJson(fault));
  }
}

/** Names the files that have the fault, unless all files of the message have it. */
function faultOfSome(fault: Fault, sent: SentMessage, files: readonly OpenFile[]): Fault {
  const isIt = (file: unknown) => file instanceof Fault && isSameFault(file, fault);
  const paths = files.filter((_, index) => isIt(sent.files[index])).map(({ path }) => path);
  return paths.length === 0 || paths.length === files.length ? fault : namedFault(fault, paths);
}

/** The fields are part of the command's stable output. */
function sentJson(sent: UploadedFile, posted: PostedMessage): JsonOutput {
  const { id, name, sizeBytes, chunks, digest, resumedBytes } = sent;
  const { to, seq, timeUnixMs, queued } = posted;
  const targetFields = { time: formatUtc(timeUnixMs), ...destinationOfTarget(parseTarget(to)) };
  const fileFields = { id, name, sizeBytes, chunks, digest, resumedBytes };
  return { kind: "file", seq, ...targetFields, ...fileFields, queued: queued || undefined };
}

function sentTsv(
  { id, name, sizeBytes, digest }: UploadedFile,
  { to, seq }: PostedMessage,
): string {
  return tsvLine([id, String(seq), to, name, String(sizeBytes), digest]);
}

function sentText(sent: UploadedFile, { to }: PostedMessage): string {
  return `sent ${fileLabel(sent)} to ${to}; download: chat get-file ${sent.id}`;
}

/** Other requests leave with the log-in, too. */
const EARLY_FILES_MAX = 2;

/** Downloads files. */
export const getFile = defineVerb({
  args: {
    id: argument("File IDs or names, as listed by chat files", {
      many: true,
      required: false,
      valueHint: "ID",
    }),
    follow: flag("Keep downloading new files", { alias: "f" }),
    out: stringFlag("DIR", "Destination folder, or - for standard output", {
      alias: "o",
      default: ".",
    }),
    ...SERVER_FLAGS,
  },
  details:
    "To resume after an interruption, run the same command again. A word that is the ID of a " +
    "file is never read as a name.",
  async run(args, context) {
    checkOptions(args.id, args.follow);
    checkDestination(context, args.out, args.id.length === 1);
    if (!args.follow && args.out !== STDOUT) context.continueWithoutOutput();
    const progressDisplay = new ProgressDisplay(context);
    const follow = args.follow ? "live" : "none";
    const isResumable = args.out !== STDOUT;
    const early = args.id.every(isFileId)
      ? args.id.slice(0, EARLY_FILES_MAX).map((file) => ["fetch-small", { file }] as const)
      : [["history", pageQuery(FILE_QUERY)] as const];
    const options = { mode: "login", follow, reconnect: true, isResumable, early } as const;
    try {
      return await withClient(context, args, options, async (open) => {
        const receiver = new FileReceiver(context, open.client, progressDisplay, {
          out: args.out,
          secret: open.state.partialFileSecret(),
          triesSmall: !args.follow,
        });
        if (args.follow) return followFiles(receiver, open);
        const listed = listedFiles(open);
        return receiver.receiveAll(await resolveFiles(listed, args.id), async (name) => {
          const id = findFileId(await listed(), name);
          return id !== undefined && isFileId(id) ? id : undefined;
        });
      });
    } finally {
      await progressDisplay.end();
    }
  },
});

function checkOptions(ids: readonly string[], follow: boolean): void {
  if (follow !== ids.length > 0) return;
  const message = follow ? "--follow and file IDs cannot be combined" : "no file given";
  throw new Fault("usage", message, {
    remedy: follow ? "use only one of them" : "specify an ID from chat files, or --follow",
  });
}

/** Requests the list once, when it is needed first. */
function listedFiles({ client, user }: OpenClient): () => Promise<readonly DisplayFile[]> {
  let files: Promise<readonly DisplayFile[]> | undefined;
  const request = async () => {
    await untilConnected(client.read());
    return (await fileRecords(client, user)).flatMap(displayFiles);
  };
  return () => {
    files ??= request();
    return files;
  };
}

/** Finds files by id, or by a name that only one file has. A word that may be an id is one. */
async function resolveFiles(
  listed: () => Promise<readonly DisplayFile[]>,
  words: readonly string[],
): Promise<readonly FileId[]> {
  const files = words.every(isFileId) ? [] : await listed();
  const ids = words.map((word) => (isFileId(word) ? word : (findFileId(files, word) ?? word)));
  return [...new Set(ids.map(checkFileId))];
}

async function followFiles(
  receiver: FileReceiver,
  { client, state, user }: OpenClient,
): Promise<number> {
  const { fingerprint } = client;
  if (fingerprint === undefined) throw connectionClosed();
  const account = { fingerprint, user };
  const { receivedFiles } = state;
  const incoming = new IncomingFiles({
    cursor: receivedFiles.position(account),
    has: (file) => receivedFiles.has(account, file),
    download: async (file, turn) => {
      await receiver.download(file, { turn });
    },
    concernsSingleFile: (fault) => receiver.concernsSingleFile(fault),
    onDownloaded: (file) => receivedFiles.add(account, file),
    onCursor: (seq) => receivedFiles.advance(account, seq),
    onFailed: (_file, fault) => receiver.reportFault(fault),
  });
  const watching = watch(client, incoming, () => receivedFiles.position(account), user);
  return Promise.race([watching, incoming.waitForFailure()]);
}

async function watch(
  client: Client,
  incoming: IncomingFiles,
  cursor: () => number,
  me: string,
): Promise<never> {
  let isIgnored: SenderTest | undefined;
  const isWanted: SenderTest = (user) => !isSameName(user, me) && isIgnored?.(user) !== true;
  for await (const event of client.read()) {
    if (event.kind === "closed") {
      throw event.fault ?? new Fault("link-closed", "the server closed the connection");
    }
    if (event.kind === "connected") {
      isIgnored ??= await ignoredNow(client);
      await catchUp(client, incoming, cursor(), isWanted);
    } else noteEvent(incoming, event, isWanted);
    await incoming.waitForSpace();
  }
  throw connectionClosed();
}
