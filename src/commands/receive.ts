/** `chat receive`, which downloads the files of a share. */

import { Fault, msg } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { TEXT_BYTES_MAX } from "../base/limits.ts";
import { checkName, type Name } from "../base/names.ts";
import { formatSize } from "../base/sizes.ts";
import { cleanText, quoteText } from "../base/text.ts";
import { displayChatRecord } from "../cli/chat/console.ts";
import {
  argument,
  defineVerb,
  type FlagDefs,
  type FlagValues,
  flag,
  stringFlag,
} from "../cli/command.ts";
import { connectionClosed } from "../cli/connect/client.ts";
import { openDialer } from "../cli/connect/dial.ts";
import { filePages } from "../cli/connect/lists.ts";
import { type Context, runInterruptible } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { catchUp, IncomingFiles, noteEvent } from "../cli/files/inbox.ts";
import { checkDestination, FileReceiver, notSingle, STDOUT } from "../cli/files/receive-file.ts";
import { serverOptions, TRANSPORT_FLAG, transportOf } from "../cli/flags.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import { type DisplayFile, displayFiles, fileLabel } from "../cli/output/render.ts";
import { printJson } from "../cli/output/result.ts";
import { earlierShare, openShareClient, ReconnectTimeout } from "../cli/share/client.ts";
import { redeemShareCode } from "../cli/share/code.ts";
import { writeReceivedText } from "../cli/share/received-text.ts";
import type { Client } from "../client/client.ts";
import type { ConnectedEvent, ReaderEvent } from "../client/event.ts";
import { MemorySink } from "../client/files/memory-sink.ts";
import { type ChatRecord, fieldsIn } from "../core/client/chat-record.ts";
import { isTextEncoding, TEXT_ENCODINGS, type TextEncoding } from "../core/client/text-encoding.ts";
import { isSameName } from "../core/model/item.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { sha256 } from "../crypto/sha256.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import { parseShareTopic } from "../ui/text/share-topic.ts";
import {
  formatAddress,
  isShortCode,
  parseServerSpec,
  type ServerSpec,
  trimCopied,
} from "../wire/invite.ts";
import { parseShortCode } from "../wire/short-code.ts";

const ARGS = {
  invite: argument("Code or line from chat share (or set CHAT_INVITE)", {
    required: false,
    valueHint: "CODE",
  }),
  out: stringFlag("DIR", "Destination folder, or - for standard output (Default: current folder)", {
    alias: "o",
  }),
  yes: flag("Accept without prompting", { alias: "y" }),
  via: stringFlag("SERVER", "Server that the sender named for the code"),
  user: stringFlag("NAME", "Your name, as others see it"),
  encoding: stringFlag("NAME", "Encoding of a shared text that is not UTF-8, such as shift_jis"),
  transport: TRANSPORT_FLAG,
} as const satisfies FlagDefs;

export const command = defineVerb({
  args: ARGS,
  details:
    "To resume after an interruption, run the same command again. If the sender has shared the " +
    "files again, run the new line in the same folder.",
  async run(args, context) {
    const { out = "." } = args;
    checkDestination(context, out, true);
    if (out !== STDOUT) context.continueWithoutOutput();
    const address = await inviteOf(context, args);
    const progressDisplay = new ProgressDisplay(context);
    const transport = transportOf(context, args.transport, address);
    using dialer = openDialer(context, address, { transport });
    const { client, close } = openShareClient(context.clock, dialer.dial, {
      address: formatAddress(address),
      addresses: [address, ...(address.also ?? [])],
      fingerprint: address.fingerprint,
      strict: context.settings().config.trust === "strict",
      follow: "live",
      limitsAnswers: true,
    });
    try {
      const receiver = new FileReceiver(context, client, progressDisplay, {
        out,
        resumesShares: true,
      });
      const confirms = !args.yes && context.terminal !== undefined;
      const options = {
        confirms,
        savesText: args.out !== undefined,
        isSingle: out === STDOUT,
        via: args.via,
        encoding: encodingOf(args.encoding),
      };
      const user = nameOf(context, args.user);
      const work = () => receive(receiver, address, user, options);
      return await runInterruptible(context, work, interruptRemedy(out));
    } catch (error) {
      throw earlierShare(error, formatAddress(address));
    } finally {
      await progressDisplay.end();
      await close();
    }
  },
});

function interruptRemedy(out: string): { readonly remedy?: string } {
  if (out === STDOUT) return {};
  const ended = "if the share has ended, run the line of the next one in the same folder";
  return { remedy: `run the same command again to resume; ${ended}` };
}

/**
 * The environment and the prompt keep the invite out of the process list, where other users can
 * read arguments. The invite may be the whole line that `chat share` prints.
 * @throws {Fault} usage, interrupted
 */
async function inviteOf(
  context: Context,
  {
    invite: argument,
    via,
    transport,
  }: Pick<FlagValues<typeof ARGS>, "invite" | "via" | "transport">,
): Promise<ServerSpec> {
  const value = argument ?? context.env["CHAT_INVITE"] ?? "";
  const line =
    value === "" ? await context.terminal?.askText("Code or line from chat share") : value;
  const invite = line?.trim().replace(/^chat\s+receive\s+/, "") ?? "";
  if (/^https?:/i.test(trimCopied(invite))) {
    throw new Fault("usage", "this address is for browsers", {
      remedy: "paste the line that begins with chat receive, or open the address in a browser",
    });
  }
  if (isShortCode(invite)) {
    const code = parseShortCode(invite);
    const server = via === undefined ? undefined : parseServerSpec(via);
    const options = { via: server, transport: transportOf(context, transport, server) };
    return runInterruptible(context, () => redeemShareCode(context, code, options));
  }
  if (via !== undefined) throw usageFault("--via requires a code", "omit --via");
  if (invite !== "") return parseServerSpec(invite);
  throw usageFault("no invite given", "type the code, or paste the whole line with its quotes");
}

interface ReceiveOptions {
  readonly confirms: boolean;
  readonly savesText: boolean;
  readonly isSingle: boolean;
  readonly via: string | undefined;
  readonly encoding: TextEncoding | undefined;
}

async function receive(
  receiver: FileReceiver,
  address: ServerSpec,
  preferredName: Name,
  options: ReceiveOptions,
): Promise<number> {
  const { client } = receiver;
  await client.connect().catch((error: unknown) => {
    throw options.via === undefined ? error : unreachableSender(error, address, options.via);
  });
  const me = await registerUnique(client, preferredName, address.secret);
  return new Transfer(receiver, me, options).run();
}

function unreachableSender(error: unknown, address: ServerSpec, via: string): unknown {
  if (!(error instanceof Fault) || error.blame !== "host") return error;
  const remedy = `${via} passes on no files; this machine must reach ${formatAddress(address)}`;
  return new Fault(error.code, error.message, { remedy, cause: error });
}

class Transfer {
  readonly #receiver: FileReceiver;
  readonly #me: string;
  readonly #isTheirs = (user: string) => !isSameName(user, this.#me);
  readonly #options: ReceiveOptions;
  readonly #downloaded = new Set<FileId>();
  readonly #failed: Fault[] = [];
  readonly #incoming = new IncomingFiles({
    cursor: 0,
    has: (file) => this.#downloaded.has(file),
    download: async (file, turn) => {
      if (this.#printsText) await printReceivedText(this.#receiver, file, this.#options.encoding);
      else await this.#receiver.download(file, { turn });
    },
    concernsSingleFile: (fault) => this.#receiver.concernsSingleFile(fault),
    onDownloaded: (file) => {
      this.#downloaded.add(file);
      void this.#finishIfDone();
    },
    onCursor: () => {},
    onFailed: (_file, fault) => {
      this.#failed.push(fault);
      this.#receiver.reportFault(fault);
    },
  });
  readonly #finished = Promise.withResolvers<void>();
  #count: number | undefined;
  readonly #timeout: ReconnectTimeout;
  #unconfirmed: Map<string, DisplayFile> | undefined;
  #isPrompting = false;
  #isDeclaredText = false;
  #printsText = false;

  constructor(receiver: FileReceiver, me: string, options: ReceiveOptions) {
    this.#receiver = receiver;
    this.#me = me;
    this.#options = options;
    this.#unconfirmed = options.confirms ? new Map() : undefined;
    this.#timeout = new ReconnectTimeout(receiver.context.clock, (fault) =>
      this.#finished.reject(fault),
    );
  }

  async run(): Promise<number> {
    this.#watch().catch((error: unknown) => this.#finished.reject(error));
    await Promise.race([this.#finished.promise, this.#incoming.waitForFailure()]);
    printJson(this.#receiver.context, { kind: "received", files: this.#downloaded.size });
    return this.#failed[0]?.exitCode ?? 0;
  }

  async #watch(): Promise<void> {
    const { client } = this.#receiver;
    for await (const event of client.read()) {
      if (event.kind === "closed") throw event.fault ?? connectionClosed();
      // The invite vouches for the server's key and addresses, so the user needs no notice.
      if (event.kind === "pinned" || event.kind === "elsewhere") continue;
      if (event.kind === "connected") await this.#onConnected(event);
      else if (event.kind === "lost" || event.kind === "retrying") this.#onLinkLost(event.fault);
      else this.#onEvent(event);
      await this.#incoming.waitForSpace();
    }
  }

  async #onConnected(event: ConnectedEvent): Promise<void> {
    this.#timeout.onReconnected();
    this.#onTopic(event.rooms.find(({ name }) => name === LOBBY)?.topic ?? "");
    if (this.#unconfirmed === undefined)
      await catchUp(this.#receiver.client, this.#incoming, 0, this.#isTheirs);
    else await this.#listAll(this.#unconfirmed);
    void this.#finishIfDone();
  }

  #onEvent(event: ReaderEvent): void {
    if (event.kind === "record" && event.record.kind === "topic") {
      this.#onTopic(fieldsIn(event.record).topic ?? "");
    }
    if (this.#unconfirmed === undefined) noteEvent(this.#incoming, event, this.#isTheirs);
    else if (event.kind === "record") this.#addListed(this.#unconfirmed, event.record);
    void this.#finishIfDone();
  }

  async #listAll(listed: Map<string, DisplayFile>): Promise<void> {
    try {
      for await (const page of filePages(this.#receiver.client)) {
        for (const record of page) this.#addListed(listed, record);
      }
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "link-closed") throw error;
      return;
    }
    const missing = (this.#count ?? 0) - listed.size;
    if (missing > 0) {
      this.#receiver.progressDisplay.print(
        "the sender is still reading the files; you will be prompted when they are ready",
      );
    } else this.#prompt(listed);
  }

  #addListed(listed: Map<string, DisplayFile>, record: ChatRecord): void {
    if (isSameName(record.from, this.#me)) return;
    for (const file of displayFiles(displayChatRecord(record, this.#me))) listed.set(file.id, file);
    if (this.#count !== undefined && listed.size >= this.#count) this.#prompt(listed);
  }

  #prompt(listed: Map<string, DisplayFile>): void {
    if (this.#isPrompting) return;
    this.#isPrompting = true;
    this.#confirmAndDownload(listed).catch((error: unknown) => this.#finished.reject(error));
  }

  async #confirmAndDownload(listed: Map<string, DisplayFile>): Promise<void> {
    const files = [...listed.values()].sort((a, b) => a.seq - b.seq);
    const [first] = files;
    // A folder, or a file larger than a message, is saved, even if the sender declared it as text.
    const isSmall = first?.folder === undefined && (first?.sizeBytes ?? 0) <= TEXT_BYTES_MAX;
    const fits = files.length === 1 && isSmall;
    this.#printsText = this.#isDeclaredText && fits && !this.#options.savesText;
    if (this.#options.confirms && first !== undefined) await this.#confirm(files, first.from);
    this.#unconfirmed = undefined;
    for (const [seq, listed] of Map.groupBy(files, (file) => file.seq)) {
      this.#incoming.addRecord(
        seq,
        listed.map(({ id, name }) => ({ file: id, name })),
      );
    }
    void this.#finishIfDone();
  }

  async #confirm(files: readonly DisplayFile[], from: string): Promise<void> {
    const { context, progressDisplay } = this.#receiver;
    const sum = formatSize(files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0));
    if (this.#printsText) progressDisplay.print(`text from ${from} (${sum})`);
    else
      for (const file of files)
        progressDisplay.print(`${cleanText(fileLabel(file))} from ${file.from}`);
    const question = this.#printsText
      ? "Show it?"
      : files.length === 1
        ? "Accept it?"
        : `Accept all (${sum})?`;
    if ((await context.terminal?.confirm(question)) === true) return;
    throw new Fault("interrupted", "nothing was downloaded", { remedy: "run it again to accept" });
  }

  #onTopic(topic: string): void {
    const share = parseShareTopic(topic);
    if (share === undefined) return;
    if (this.#options.isSingle && share.count !== 1) return this.#finished.reject(notSingle());
    this.#count = share.count;
    this.#isDeclaredText = share.isText;
    // A file declared as text is printed only if it is short enough, so its size must be known
    // first.
    if (share.isText && !this.#options.savesText && !this.#isPrompting)
      this.#unconfirmed ??= new Map();
    if (this.#unconfirmed !== undefined || share.currentFile === undefined) return;
    this.#incoming.addOffered({ file: share.currentFile });
  }

  async #finishIfDone(): Promise<void> {
    try {
      await this.#incoming.waitUntilSettled();
    } catch {
      return;
    }
    const done = this.#downloaded.size + this.#failed.length;
    if (this.#unconfirmed === undefined && done >= (this.#count ?? 0)) this.#finished.resolve();
  }

  /** A share that has ended never becomes reachable again. All its files may be here. */
  #onLinkLost(fault: Fault): void {
    void this.#finishIfDone();
    if (!this.#timeout.onLost(fault)) return;
    this.#receiver.progressDisplay.print(ENGLISH_TERMINAL.connectionLost(fault.message));
  }
}

async function printReceivedText(
  { client, context, progressDisplay }: FileReceiver,
  file: FileId,
  chosen: TextEncoding | undefined,
): Promise<void> {
  const sink = new MemorySink(TEXT_BYTES_MAX, sha256);
  try {
    const openSink = () => Promise.resolve(sink);
    const { id, name, from } = await client.transfers.get({ file, into: "", openSink });
    const report = (line: string) => progressDisplay.print(line);
    writeReceivedText(context, { id, name, from }, sink.bytes(), { chosen, report });
    await context.stdout.drained();
  } finally {
    await progressDisplay.end(file);
  }
}

/** @throws {Fault} usage */
function encodingOf(label: string | undefined): TextEncoding | undefined {
  const encoding = label?.toLowerCase();
  if (encoding === undefined || isTextEncoding(encoding)) return encoding;
  const known = Object.keys(TEXT_ENCODINGS).join(", ");
  throw usageFault(msg`unknown encoding ${quoteText(encoding)}`, `use one of ${known}`);
}

const ATTEMPTS_MAX = 100;
const BASE_LENGTH_MAX = 28;

async function registerUnique(
  client: Client,
  preferredName: Name,
  roomSecret: string | undefined,
): Promise<string> {
  for (let count = 1; ; count++) {
    const user = count === 1 ? preferredName : `${preferredName.slice(0, BASE_LENGTH_MAX)}${count}`;
    try {
      return (await client.login({ user, mode: "register", roomSecret })).user;
    } catch (error) {
      if (error instanceof Fault && error.code === "room-password-wrong")
        throw truncatedInviteFault(error);
      const isTaken = error instanceof Fault && error.code === "name-taken";
      if (!isTaken || count >= ATTEMPTS_MAX) throw error;
    }
  }
}

/** Does not mention rooms or passwords, because users who receive a share do not know them. */
function truncatedInviteFault(cause: Fault): Fault {
  return new Fault(cause.code, "invite is incomplete", {
    remedy: "paste the whole line, with its quotes",
    cause,
  });
}

/** The default is neutral, because the sender must not learn this machine's user. */
function nameOf(context: Context, user: string | undefined): Name {
  return serverOptions(context, { user }, "127.0.0.1").user ?? checkName("guest");
}
