/** Messages with files of a terminal, which continue at the next start. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { cleanText } from "../../base/text.ts";
import type { ClientEvent } from "../../client/event.ts";
import {
  type OpenedFile,
  type OutgoingListener,
  OutgoingMessages,
} from "../../client/outgoing-messages.ts";
import type { OutgoingCommand, WaitingFile } from "../../core/client/outgoing.ts";
import { fileTooLarge } from "../../core/rooms/files.ts";
import type { LocalSource } from "../../io/blob/interfaces.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { Context } from "../context.ts";
import { openSourceAt, openSources, PersonalDataReport } from "./sources.ts";

/** File on this machine. `stamp` changes with its content; absent if it cannot be read again. */
export interface PathSource {
  readonly path: string;
  readonly stamp?: string;
}

export interface OutgoingFilesOptions {
  readonly context: Context;
  readonly open: OpenClient;
  readonly note: (text: TerminalMessage) => void;
  /** Reports what the source leaves out. Called again after the upload. */
  readonly reportOmissions?: (source: LocalSource) => void;
  readonly listener: OutgoingListener<PathSource>;
}

export class OutgoingFiles {
  readonly #waiting: OutgoingMessages<PathSource>;
  readonly #personal = new PersonalDataReport();
  readonly #unsubscribe: () => void;
  readonly #onChange: (() => void)[] = [];

  constructor(private readonly options: OutgoingFilesOptions) {
    const { context, listener } = options;
    const { client, state } = options.open;
    const window = toBase64Url(systemEntropy()(ID_BYTES));
    this.#waiting = new OutgoingMessages<PathSource>({
      clock: context.clock,
      entropy: systemEntropy(),
      store: state.messages,
      window,
      session: () => client.member.session,
      transfers: client.transfers,
      open: (file, isRetry) => openAgain(context, file, isRetry),
      emit: (event) => {
        client.store.enqueue(event);
        for (const wake of this.#onChange.splice(0)) wake();
      },
      listener,
    });
    client.continueMessages({ window, returned: (keys) => void this.#waiting.returned(keys) });
    this.#unsubscribe = client.subscribe((event) => this.#follow(event));
    if (client.store.current.isCaughtUp) void this.#connected();
    else if (client.user !== undefined) void this.#openMessages();
  }

  get messages(): OutgoingMessages<PathSource>["messages"] {
    return this.#waiting.messages;
  }

  /** Messages that continue without a decision of their author. */
  get unstuckCount(): number {
    return this.#waiting.unstuckCount;
  }

  /**
   * Resolves when the message is stored.
   * @param onStored receives its key
   * @throws {Fault} as `openSources` and `OutgoingMessages.send`
   */
  async send(
    paths: readonly string[],
    to: readonly string[],
    body: PostBody,
    onStored?: (key: string) => void,
  ): Promise<void> {
    const { context } = this.options;
    const sources = await openSources(context, paths);
    try {
      this.#checkSizes(sources);
      const files = sources.map((source) => this.#fileOf(source));
      const { text, re, thread } = body;
      await this.#waiting.send({ to, text, re, thread, files }, onStored);
    } catch (error) {
      for (const source of sources) source.close();
      throw error;
    }
  }

  command(key: string, command: OutgoingCommand): void {
    this.#waiting.command(key, command);
  }

  /** Resolves when no message continues any more without a decision of its author. */
  async settled(): Promise<void> {
    while (this.unstuckCount > 0) {
      await new Promise<void>((wake) => this.#onChange.push(wake));
    }
  }

  close(): void {
    this.#unsubscribe();
    this.#waiting.close();
  }

  #follow(event: ClientEvent): void {
    if (event.kind === "left") return this.#waiting.loggedOut();
    if (event.kind === "caught-up") void this.#connected();
  }

  async #connected(): Promise<void> {
    await this.#openMessages();
    this.#waiting.connected();
  }

  async #openMessages(): Promise<void> {
    const { fingerprint, user } = this.options.open.client;
    if (fingerprint !== undefined && user !== undefined)
      await this.#waiting.open({ fingerprint, user });
  }

  /** @throws {Fault} too-large for a file that the server would refuse */
  #checkSizes(sources: readonly LocalSource[]): void {
    const { fileBytesMax } = this.options.open.client.model.server ?? {};
    if (fileBytesMax === undefined) return;
    const large = sources.filter(({ sizeBytes = 0 }) => sizeBytes > fileBytesMax);
    if (large.length === 0) return;
    const names = large.map(({ name }) => cleanText(name)).join(", ");
    throw fileTooLarge(fileBytesMax, large.length < sources.length ? names : "");
  }

  #fileOf(source: LocalSource) {
    const { note, reportOmissions } = this.options;
    const { name, sizeBytes: size, folder, path = "", stamp } = source;
    reportOmissions?.(source);
    const opened = async () => {
      await this.#personal.add(source, note);
      return source;
    };
    const stored: PathSource = stamp === undefined ? { path } : { path, stamp };
    return { name, size, ...(folder && { isFolder: true as const }), source: stored, opened };
  }
}

/**
 * Opens a file again after a restart or a failure.
 * @param isRetry the author wants it even if it has changed
 * @throws {Fault} file-changed, file-unknown for a stream, and as `openSourceAt`
 * @internal
 */
export async function openAgain(
  context: Context,
  { name, source: { path, stamp } }: Pick<WaitingFile<PathSource>, "name" | "source">,
  isRetry: boolean,
): Promise<OpenedFile<PathSource>> {
  if (stamp === undefined) {
    const message = msg`'${name}' was a stream and cannot be read again`;
    throw new Fault("file-unknown", message, { remedy: msg`remove it, or send it again` });
  }
  const source = await openSourceAt(context, path);
  if (source.stamp !== stamp && !isRetry) {
    source.close();
    throw new Fault("file-changed", msg`'${name}' has changed`, { remedy: msg`send it again?` });
  }
  return { source, stored: { path, stamp: source.stamp ?? stamp } };
}
