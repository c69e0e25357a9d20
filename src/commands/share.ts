/** `chat share`, which shares files through a temporary server. */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes } from "../base/bytes.ts";
import { Fault, ignoreFault, msg } from "../base/fault.ts";
import { TEXT_BYTES_MAX } from "../base/limits.ts";
import { checkName } from "../base/names.ts";
import { cleanText, quoteText } from "../base/text.ts";
import {
  argument,
  defineVerb,
  type FlagDefs,
  type FlagValues,
  flag,
  noFlag,
  stringFlag,
} from "../cli/command.ts";
import {
  listenHosts,
  reachableHosts,
  reachWarning,
  routedOwnAddresses,
} from "../cli/connect/invite.ts";
import { type Context, endSignalLine, faultLine, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { OMISSIONS_HELP, Omissions } from "../cli/files/omissions.ts";
import {
  checkPaths,
  expandPaths,
  openCopyAt,
  openSourceAt,
  PersonalDataReport,
  STDIN,
} from "../cli/files/sources.ts";
import { serverOptions } from "../cli/flags.ts";
import { qrLines } from "../cli/output/qr.ts";
import { fileLabel, renderJson } from "../cli/output/render.ts";
import { publicUserName } from "../cli/secrets.ts";
import { freeLanNumber, openSharedCode, type SharedCode } from "../cli/share/code.ts";
import { checkSentText, readSentText, tooLargeText } from "../cli/share/sent-text.ts";
import { openShareServer, type ShareServer } from "../cli/share/server.ts";
import { ShareProgress } from "../cli/share/share-progress.ts";
import { sentWhole } from "../client/files/message.ts";
import type { TransferProgress } from "../client/files/progress.ts";
import { CODE_CROWDED } from "../client/short-code.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import type { LocalSource, Source } from "../io/blob/interfaces.ts";
import { onDisk } from "../io/disk/disk.ts";
import { systemEntropy } from "../io/entropy.ts";
import { checkOpen } from "../io/terminal/input.ts";
import { isAppendOnly } from "../io/terminal/terminal-type.ts";
import { isLoopback } from "../io/ws/address.ts";
import type { ObservedEvent } from "../server/session/event.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import { shareTopic, TEXT_TOPIC } from "../ui/text/share-topic.ts";
import { parseHost } from "../wire/host.ts";
import {
  encodeSecret,
  formatAddress,
  formatInvite,
  quoteInvite,
  type ServerSpec,
} from "../wire/invite.ts";

const ARGS = {
  path: argument("Files and folders; - for stdin", {
    many: true,
    required: false,
    valueHint: "PATH",
  }),
  text: stringFlag("TEXT", "Share this text instead of files; - for stdin"),
  name: stringFlag("NAME", "Name that recipients see, for a single file"),
  keep: flag("Keep sharing after the first recipient"),
  host: stringFlag("ADDR", "Address of this machine to use in the line", { parse: shareHost }),
  port: stringFlag("PORT", "Port to listen on (Default: a free port)", {
    integer: { min: 0, max: 65_535 },
    alias: "p",
  }),
  via: stringFlag("SERVER", "Server at which the receiver also asks for the code"),
  discovery: noFlag("Do not announce the code on the LAN"),
  user: stringFlag("NAME", "Your name, as others see it"),
} as const satisfies FlagDefs;

export const command = defineVerb({
  args: ARGS,
  details:
    "Prints a code and a line for the other machine, and exits when that machine has everything. " +
    OMISSIONS_HELP,
  async run(args, context) {
    const paths = expandPaths(args.path);
    checkOptions({ ...args, path: paths });
    context.continueWithoutOutput();
    const user = checkName(nameOf(context, args.user), "person's name");
    const inputs: ShareInput[] = [];
    const omissions = new Omissions(context, (line) => printNotice(context, line));
    const personal = new PersonalDataReport();
    const examine = (source: LocalSource) =>
      personal.add(source, (text) => printNotice(context, text(ENGLISH_TERMINAL)));
    try {
      if (args.text === STDIN) checkOpen(context.stdin);
      if (args.text !== undefined) inputs.push({ from: "text", text: args.text, name: args.name });
      for (const path of paths) {
        const name = args.name;
        if (path === STDIN) checkOpen(context.stdin);
        if (path === STDIN) inputs.push({ from: "input", name });
        else {
          const source = await openSourceAt(context, path, name);
          inputs.push({ from: "disk", path, source });
          await examine(source);
        }
      }
      const note = (source: Source) => {
        const input = inputs.find((item) => item.from === "disk" && item.source === source);
        const isOneOfSeveral = inputs.length > 1 && input?.from === "disk";
        omissions.addFrom(source, isOneOfSeveral ? input.path : "");
      };
      return omissions.exitCode(await share(context, { ...args, user, note, examine }, inputs));
    } finally {
      for (const input of inputs) if (input.from === "disk") input.source.close();
    }
  },
});

/** Content other than files is copied to disk, so that it can be read repeatedly. */
type ShareInput =
  | { readonly from: "disk"; readonly path: string; readonly source: Source }
  | { readonly from: "input"; readonly name: string | undefined }
  | { readonly from: "text"; readonly text: string; readonly name: string | undefined };

function checkOptions({ path, text, name }: FlagValues<typeof ARGS>): void {
  if (text === undefined) {
    if (path.length > 0) return checkPaths(path, name);
    throw usageFault("nothing to share", "specify files or folders, - for stdin, or --text TEXT");
  }
  if (path.length > 0) {
    throw usageFault("--text and files cannot be combined", "use only one of them");
  }
  if (text !== STDIN) checkSentText(text);
}

/** Receivers that have all files disconnect within this time. Browsers stay connected. */
const DISCONNECT_MS = 2_000;

const SHARE_AGAIN = "share it again; receivers resume with the new line in the same folder";

interface ShareOptions extends FlagValues<typeof ARGS> {
  readonly user: string;
  /** Names what a source leaves out. */
  readonly note: (source: Source) => void;
  /** Says whether a source contains the location where it was made. */
  readonly examine: (source: LocalSource) => Promise<void>;
}

async function share(
  context: Context,
  options: ShareOptions,
  inputs: readonly ShareInput[],
): Promise<number> {
  const isText = options.text !== undefined;
  const progress = new ShareProgress(context);
  const receivers = new Receivers(context, progress, options.user, inputs.length);
  const finished = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    endSignalLine(context, signal);
    if (options.keep && receivers.hasServed) finished.resolve(0);
    else finished.reject(new Fault("interrupted", "interrupted", { remedy: SHARE_AGAIN }));
  });
  let server: ShareServer | undefined;
  let code: SharedCode | undefined;
  const copied: Source[] = [];
  try {
    const reachable = reachableHosts(options.host, await routedOwnAddresses());
    const lanNumber = findLanNumber(context, options, reachable.external);
    server = await openShareServer(context, {
      user: options.user,
      listenHosts: listenHosts(options.host),
      inviteHost: reachable.external,
      otherHosts: reachable.also,
      port: options.port ?? 0,
      onEvent: (event) => {
        if (event.kind === "failed") finished.reject(event.fault);
        receivers.onEvent(event);
        if (!receivers.hasServed || options.keep) return;
        // The delay lets receivers disconnect first, so that they report no lost connection.
        if (event.kind === "logged-out") finished.resolve(0);
        else context.clock.after(DISCONNECT_MS, () => finished.resolve(0));
      },
      onRead: (file, source, index) => progress.onRead(file, source, index),
      // The delay lets the receiver learn of the fault.
      onChanged: (fault) => context.clock.after(DISCONNECT_MS, () => finished.reject(fault)),
    });
    const { client } = server;
    const copying = copyInputs(context, inputs, server.folder, copied, options);
    const sources = await Promise.race([copying, finished.promise.then(() => [])]);
    const topic = isText ? TEXT_TOPIC : shareTopic(sources.length);
    await client.request("topic", { room: LOBBY, topic });
    const offering = openSharedCode(context, {
      owner: client,
      invite: server.invite,
      host: listenHosts(options.host)[0],
      lanNumber: await lanNumber,
      via: options.via,
      user: options.via === undefined ? undefined : options.user,
      onWrong: (code) => receivers.reportWrongCode(code),
      onCrowded: () => printNotice(context, `${CODE_CROWDED}; if one fails, share again`),
    });
    code = await Promise.race([offering, finished.promise.then(() => undefined)]);
    const warning = reachWarning(options.host, reachable.external);
    if (warning !== undefined) printNotice(context, warning);
    else if (options.discovery && code === undefined) printNotice(context, NO_CODE);
    printInvite(context, server, { sources, isText, code: code?.code });
    // Scripts expect the line with the invitation first.
    for (const source of sources) options.note(source);
    uploadAll(server, sources, receivers, options).catch((error: unknown) =>
      finished.reject(error),
    );
    return await finished.promise;
  } finally {
    release();
    for (const source of copied) source.close();
    await progress.end();
    await code?.close();
    await server?.close();
  }
}

const NO_CODE =
  "no code, because receivers search for it with IPv4, which this machine does not have; use the " +
  "line, or --via SERVER";

/** @throws {Fault} usage */
function shareHost(text: string): string {
  const host = parseHost(text);
  if (!host.includes("%")) return host;
  throw usageFault(
    msg`${quoteText(text)} is valid on this machine only`,
    "use an address without %, or the name of this machine",
  );
}

/** A code on the LAN requires that other machines can reach the share. */
async function findLanNumber(
  context: Context,
  { discovery }: ShareOptions,
  external: string,
): Promise<number | undefined> {
  return discovery && !isLoopback(external) ? freeLanNumber(context, systemEntropy()) : undefined;
}

/** Standard input can be read only once, so it is copied to disk. */
async function copyInputs(
  context: Context,
  inputs: readonly ShareInput[],
  folder: string,
  copied: Source[],
  { examine }: ShareOptions,
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const input of inputs) {
    if (input.from === "disk") {
      sources.push(input.source);
      continue;
    }
    const path = join(folder, "shared");
    await writeInput(context, input, path);
    const source = await openCopyAt(path, input.name ?? DEFAULT_NAMES[input.from]);
    copied.push(source);
    await examine(source);
    sources.push(source);
  }
  return sources;
}

const DEFAULT_NAMES = { input: "stdin", text: "text.txt" } as const;

async function writeInput(
  context: Context,
  input: Exclude<ShareInput, { from: "disk" }>,
  path: string,
): Promise<void> {
  await onDisk(path, async () => {
    await using file = await open(path, "wx", 0o600);
    const isText = input.from === "text";
    if (isText && input.text !== STDIN) return await file.writeFile(input.text);
    const pieces: Uint8Array[] = [];
    for (let bytes = 0; ; ) {
      const chunk = await context.stdin.chunk();
      if (chunk === undefined) break;
      bytes += chunk.length;
      if (!isText) await file.writeFile(chunk);
      else if (bytes <= TEXT_BYTES_MAX) pieces.push(chunk);
      else throw tooLargeText();
    }
    const note = (line: string) => printNotice(context, line);
    if (isText) await file.writeFile(readSentText(context, concatBytes(...pieces), note));
  });
}

async function uploadAll(
  server: ShareServer,
  sources: readonly Source[],
  receivers: Receivers,
  { note, text }: ShareOptions,
): Promise<void> {
  const { client } = server;
  const isText = text !== undefined;
  for (const source of sources) {
    let isAnnounced = false;
    server.lend(source);
    const onProgress = ({ id, doneBytes, sizeBytes }: TransferProgress) => {
      // The topic informs receivers that connected during the upload and missed its announcement.
      if (isAnnounced || isText || doneBytes === sizeBytes) return;
      isAnnounced = true;
      const topic = shareTopic(sources.length, id);
      void client.request("topic", { room: LOBBY, topic }).catch(ignoreFault);
    };
    const file = { source, onProgress };
    // Receivers download each file while the next one is uploaded.
    const sent = sentWhole(
      await client.transfers.sendMessage({ to: [LOBBY], body: { text: "" }, files: [file] }),
    );
    note(source);
    for (const { id, name } of sent) receivers.addUploaded(id, name);
  }
}

class Receivers {
  readonly #context: Context;
  readonly #show: ShareProgress;
  readonly #owner: string;
  readonly #count: number;
  readonly #names = new Map<string, string>();
  /** Ids by account name. Bounded, because only users with the secret can register. */
  readonly #downloads = new Map<string, Set<string>>();

  constructor(context: Context, progress: ShareProgress, owner: string, count: number) {
    this.#context = context;
    this.#show = progress;
    this.#owner = owner;
    this.#count = count;
  }

  get hasServed(): boolean {
    return [...this.#downloads.values()].some(({ size }) => size >= this.#count);
  }

  addUploaded(id: string, name: string): void {
    this.#names.set(id, name);
  }

  onEvent(event: ObservedEvent): void {
    if (event.kind === "warning") return this.#show.printNotice(faultLine(event.fault));
    if (event.kind !== "got" || event.user === this.#owner) return;
    const { user, file } = event;
    this.#show.onDownloaded(file);
    const downloaded = this.#downloads.get(user) ?? new Set();
    if (downloaded.has(file)) return;
    this.#downloads.set(user, downloaded.add(file));
    this.#report(
      { kind: "taken", user, id: file, name: event.name },
      `${user} downloaded ${event.name}`,
    );
    if (downloaded.size < this.#count || this.#count === 1) return;
    this.#report(
      { kind: "served", user, files: downloaded.size },
      `${user} downloaded all ${downloaded.size} files`,
    );
  }

  reportWrongCode(code: string): void {
    const message = `somebody entered a wrong code, so ${code} no longer works; share again`;
    this.#report({ kind: "code-wrong", code }, message);
  }

  #report(line: Parameters<typeof renderJson>[0], message: string): void {
    if (this.#context.json) this.#context.stdout.write(renderJson(line));
    else this.#show.printNotice(message);
  }
}

interface SharedContent {
  readonly sources: readonly Source[];
  readonly isText: boolean;
  readonly code: string | undefined;
}

function printInvite(
  context: Context,
  { invite }: ShareServer,
  { sources, isText, code }: SharedContent,
): void {
  const { stdout, json, stderr } = context;
  const line = `chat receive ${quoteInvite(invite)}`;
  const web = webAddress(invite);
  if (json) {
    const files = sources.map(({ name, sizeBytes, folder }) => {
      return { name, sizeBytes, entries: folder?.entries };
    });
    const { port } = invite;
    const text = isText || undefined;
    const details = { invite: formatInvite(invite), line, code, web, port, text };
    stdout.write(renderJson({ kind: "sharing", ...details, files }));
    return;
  }
  if (stderr.isTerminal) {
    for (const line of qrCode(context, invite, web)) stderr.write(`${line}\n`);
    for (const source of sources) printNotice(context, cleanText(fileLabel(source)));
    printNotice(context, `in a browser: ${web}`);
    if (code !== undefined) printNotice(context, `with the code: chat receive ${code}`);
    printNotice(context, "or run this on the other machine (Ctrl-C here to stop sharing):");
  }
  stdout.write(`${line}\n`);
  if (code !== undefined) stdout.write(`code: ${code}\n`);
}

/** The secret is in the fragment, which browsers never send. */
function webAddress({ secret = "", ...address }: ServerSpec): string {
  return `https://${formatAddress(address)}/#share=${encodeSecret(secret)}`;
}

function qrCode({ stderr, env }: Context, { host }: ServerSpec, web: string): readonly string[] {
  if (isLoopback(host)) return [];
  const color = !env["NO_COLOR"] && !isAppendOnly(env);
  return qrLines(web, stderr.columns(), color) ?? [];
}

function nameOf(context: Context, user: string | undefined): string {
  return serverOptions(context, { user }, "127.0.0.1").user ?? publicUserName("somebody");
}
