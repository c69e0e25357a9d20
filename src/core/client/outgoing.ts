/** A message with files, from the time it is sent by its author until its posts are queued. */

import { unreachable } from "../../base/assert.ts";
import { fromHex } from "../../base/bytes.ts";
import { Fault, type FaultCode, msg, type Translatable } from "../../base/fault.ts";
import { defined } from "../../base/values.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { FileBody } from "../rooms/files.ts";
import { withMentions } from "./mentions.ts";

/**
 * Stored message. `Source` says how a file is read again after a restart: a path and a stamp in a
 * terminal, the key of a stored attachment in a browser.
 */
export interface WaitingMessage<Source> {
  readonly to: readonly string[];
  readonly text: string;
  readonly re?: number;
  readonly thread?: boolean;
  readonly createdUnixMs: number;
  readonly files: readonly WaitingFile<Source>[];
  /** Why the message as a whole cannot be sent until its author decides. */
  readonly fault?: StoredFault;
  /** The server had deleted the complete uploads, so they are sent once more. */
  readonly isRenewed?: true;
}

export interface WaitingFile<Source> {
  /** Unique in the message, and never used again after the file is removed. */
  readonly id: number;
  readonly name: string;
  /** `undefined` if unknown, as for a stream. */
  readonly size?: number;
  readonly isFolder?: true;
  readonly source: Source;
  readonly state: FileState;
}

/** Content of a complete upload, as its post lists it. */
export type UploadedContent = Pick<FileBody, "file" | "size" | "chunks" | "digest" | "preview">;

export type FileState =
  | { readonly kind: "waiting" }
  | { readonly kind: "complete"; readonly content: UploadedContent }
  | { readonly kind: "failed"; readonly fault: StoredFault };

/** A fault as JSON. */
export interface StoredFault {
  readonly code: FaultCode;
  readonly message: string | Translatable;
  readonly remedy?: string | Translatable;
}

export type OutgoingInput<Source> =
  /** Begins or, after a restart, continues the uploads. */
  | { readonly kind: "started" }
  /** The source was opened, and is stored as `source` from now on. */
  | {
      readonly kind: "opened";
      readonly file: number;
      readonly source: Source;
      readonly size: number | undefined;
    }
  | { readonly kind: "uploaded"; readonly file: number; readonly content: UploadedContent }
  | { readonly kind: "failed"; readonly file: number; readonly fault: Fault }
  /** The posts are stored in the outbox, and the message is deleted. */
  | { readonly kind: "queued" }
  /** The posts could not be stored, and the message is still there. */
  | { readonly kind: "not-queued"; readonly fault: Fault }
  | { readonly kind: "tick" }
  | OutgoingCommand;

/** Commands of the author. A command that does not apply any more has no effect. */
export type OutgoingCommand =
  | { readonly kind: "retry" }
  | { readonly kind: "remove-file"; readonly file: number }
  /** Removes all files that have failed. */
  | { readonly kind: "send-without" }
  /** Returns text and files to the composer. */
  | { readonly kind: "edit" }
  | { readonly kind: "discard" };

export type OutgoingAction = OutgoingCommand["kind"];

export type OutgoingEffect<Source> =
  | { readonly kind: "store"; readonly message: WaitingMessage<Source> }
  /** @param isRetry the author wants the file even if it has changed */
  | { readonly kind: "upload"; readonly file: WaitingFile<Source>; readonly isRetry: boolean }
  | { readonly kind: "stop"; readonly file: number }
  | { readonly kind: "withdraw"; readonly content: UploadedContent }
  /** Adds the posts to the outbox and deletes the message, in one write. */
  | { readonly kind: "post"; readonly posts: readonly { to: string; body: PostBody }[] }
  /** Stores the message as a draft and deletes it, if possible in one write. */
  | { readonly kind: "return"; readonly message: WaitingMessage<Source> }
  | { readonly kind: "delete" };

/** Minimum delay of a retry, even if a server requests an immediate retry. */
const RETRY_MS_MIN = 1_000;

const WAITING: FileState = { kind: "waiting" };

/**
 * State of one message. Until `post`, `return` or `delete`, the text is in the stored message
 * alone; afterwards it is in the outbox or the composer, or its author has discarded it.
 *     waiting ── every file complete ──> queueing ──> gone
 *        └── a file or the message fails ──> stuck ── retry, remove-file, send-without ──> waiting
 */
export class OutgoingMessage<Source> {
  #message: WaitingMessage<Source>;
  #stage: "waiting" | "queueing" | "gone" = "waiting";
  readonly #uploading = new Set<number>();
  /** Files whose upload the server has refused temporarily, and the time of the next attempt. */
  readonly #delayed = new Map<number, number>();
  #isStarted = false;

  constructor(message: WaitingMessage<Source>) {
    this.#message = message;
  }

  get message(): WaitingMessage<Source> {
    return this.#message;
  }

  /** True if nothing remains to be done for the message. */
  get isGone(): boolean {
    return this.#stage === "gone";
  }

  get isStuck(): boolean {
    return isStuck(this.#message);
  }

  get actions(): readonly OutgoingAction[] {
    return this.#stage === "waiting" ? outgoingActions(this.#message) : [];
  }

  deadline(): number | undefined {
    return this.#delayed.size === 0 ? undefined : Math.min(...this.#delayed.values());
  }

  handle(input: OutgoingInput<Source>, now: number): OutgoingEffect<Source>[] {
    if (this.#stage === "gone") return [];
    switch (input.kind) {
      case "started":
        this.#isStarted = true;
        return this.#advance();
      case "opened":
        return this.#change(input.file, ({ size: _, ...file }) => {
          return { ...file, ...defined({ size: input.size }), source: input.source };
        });
      case "uploaded":
        return this.#uploaded(input.file, input.content);
      case "failed":
        return this.#failed(input.file, input.fault, now);
      case "queued":
        if (this.#stage === "queueing") this.#stage = "gone";
        return [];
      case "not-queued":
        if (this.#stage !== "queueing") return [];
        this.#stage = "waiting";
        return this.#store({ fault: storedFault(input.fault) });
      case "tick":
        return this.#tick(now);
      default:
        return this.#stage === "waiting" ? this.#obey(input) : [];
    }
  }

  #obey(command: OutgoingCommand): OutgoingEffect<Source>[] {
    switch (command.kind) {
      case "retry":
        return this.#retry();
      case "remove-file":
        return this.#keepFiles(({ id }) => id !== command.file);
      case "send-without":
        return this.#keepFiles(({ state }) => state.kind !== "failed");
      case "edit":
        return this.#end({ kind: "return", message: this.#message });
      case "discard":
        return this.#end({ kind: "delete" });
      default:
        return unreachable(command);
    }
  }

  #uploaded(file: number, content: UploadedContent): OutgoingEffect<Source>[] {
    if (!this.#uploading.delete(file)) return [{ kind: "withdraw", content }];
    const state: FileState = { kind: "complete", content };
    return [...this.#change(file, (waiting) => ({ ...waiting, state })), ...this.#advance()];
  }

  #failed(file: number, fault: Fault, now: number): OutgoingEffect<Source>[] {
    if (!this.#uploading.delete(file)) return [];
    if (fault.retryAfterMs !== undefined) {
      this.#delayed.set(file, now + Math.max(fault.retryAfterMs, RETRY_MS_MIN));
      return [];
    }
    const state: FileState = { kind: "failed", fault: storedFault(fault) };
    return this.#change(file, (waiting) => ({ ...waiting, state }));
  }

  #tick(now: number): OutgoingEffect<Source>[] {
    for (const [file, at] of this.#delayed) if (at <= now) this.#delayed.delete(file);
    return this.#advance();
  }

  #retry(): OutgoingEffect<Source>[] {
    if (!this.isStuck) return [];
    const { fault: _, ...message } = this.#message;
    const failed = new Set(message.files.filter(isFailed).map(({ id }) => id));
    const files = message.files.map((file) =>
      isFailed(file) ? { ...file, state: WAITING } : file,
    );
    this.#message = { ...message, files };
    return [...this.#store({}), ...this.#advance(failed)];
  }

  #keepFiles(isKept: (file: WaitingFile<Source>) => boolean): OutgoingEffect<Source>[] {
    const files = this.#message.files.filter(isKept);
    const removed = this.#message.files.filter((file) => !isKept(file));
    if (removed.length === 0) return [];
    if (files.length === 0 && this.#message.text === "") return this.#end({ kind: "delete" });
    const stopped = this.#stop(removed);
    return [...this.#store({ files }), ...stopped, ...this.#advance()];
  }

  #end(effect: OutgoingEffect<Source>): OutgoingEffect<Source>[] {
    const stopped = this.#stop(this.#message.files);
    this.#stage = "gone";
    return [effect, ...stopped];
  }

  #stop(files: readonly WaitingFile<Source>[]): OutgoingEffect<Source>[] {
    return files.flatMap(({ id, state }): OutgoingEffect<Source>[] => {
      this.#delayed.delete(id);
      if (state.kind === "complete") return [{ kind: "withdraw", content: state.content }];
      return this.#uploading.delete(id) ? [{ kind: "stop", file: id }] : [];
    });
  }

  #change(
    id: number,
    changed: (file: WaitingFile<Source>) => WaitingFile<Source>,
  ): OutgoingEffect<Source>[] {
    const { files } = this.#message;
    if (!files.some((file) => file.id === id)) return [];
    return this.#store({ files: files.map((file) => (file.id === id ? changed(file) : file)) });
  }

  #store(change: Partial<WaitingMessage<Source>>): OutgoingEffect<Source>[] {
    this.#message = { ...this.#message, ...change };
    return [{ kind: "store", message: this.#message }];
  }

  #advance(retried: ReadonlySet<number> = new Set()): OutgoingEffect<Source>[] {
    const { files, fault } = this.#message;
    if (!this.#isStarted || this.#stage !== "waiting" || fault !== undefined) return [];
    const due = files.filter(({ id, state }) => {
      return state.kind === "waiting" && !this.#uploading.has(id) && !this.#delayed.has(id);
    });
    for (const { id } of due) this.#uploading.add(id);
    if (!files.every(({ state }) => state.kind === "complete")) {
      return due.map((file) => ({ kind: "upload", file, isRetry: retried.has(file.id) }));
    }
    this.#stage = "queueing";
    const body = bodyOf(this.#message);
    return [{ kind: "post", posts: this.#message.to.map((to) => ({ to, body })) }];
  }
}

function isStuck({ fault, files }: WaitingMessage<unknown>): boolean {
  return fault !== undefined || files.some(isFailed);
}

/** Commands that the author of the message can give, in the order in which a menu lists them. */
export function outgoingActions(message: WaitingMessage<unknown>): readonly OutgoingAction[] {
  if (!isStuck(message)) return ["edit", "discard"];
  const { files, text } = message;
  const failed = files.filter(isFailed);
  const remains = text !== "" || failed.length < files.length;
  const without: OutgoingAction[] = failed.length > 0 && remains ? ["send-without"] : [];
  const remove: OutgoingAction[] = failed.length > 0 ? ["remove-file"] : [];
  return ["retry", ...remove, ...without, "edit", "discard"];
}

/**
 * Returns the message that remains after the server has refused its post to one target. If the
 * server has deleted the uploads in the meantime, the message is sent once more.
 */
export function refusedMessage<Source>(
  message: WaitingMessage<Source>,
  to: string,
  fault: Fault,
): WaitingMessage<Source> {
  const hasFiles = message.files.length > 0;
  const canRenew = fault.code === "file-unknown" && hasFiles && message.isRenewed !== true;
  if (!canRenew) return { ...message, to: [to], fault: storedFault(fault) };
  const files = message.files.map((file) => ({ ...file, state: WAITING }));
  return { ...message, to: [to], files, isRenewed: true };
}

/** Returns the message that waits for its author, because the server has lost what it refers to. */
export function withoutLostTarget<Message extends WaitingMessage<unknown>>({
  re: _,
  thread: __,
  ...message
}: Message): Omit<Message, "re" | "thread"> & { readonly fault: StoredFault } {
  return { ...message, fault: storedFault(lostTarget()) };
}

export function lostTarget(): Fault {
  const message = msg`the server has lost the message that an unsent message refers to`;
  return new Fault("not-found", message, { remedy: msg`send it again as a new message` });
}

function bodyOf({ text, re, thread, files }: WaitingMessage<unknown>): PostBody {
  const attached = files.flatMap(({ state }) => {
    if (state.kind !== "complete") return [];
    const { preview, digest, ...content } = state.content;
    const sent = preview && { ...preview, digest: fromHex(preview.digest) };
    return [{ ...content, digest: fromHex(digest), ...defined({ preview: sent }) }];
  });
  const listed = attached.length === 0 ? {} : { files: attached };
  return withMentions({ text, ...defined({ re, thread }), ...listed });
}

function isFailed({ state }: WaitingFile<unknown>): boolean {
  return state.kind === "failed";
}

export function storedFault({ code, message, remedy, translatable }: Fault): StoredFault {
  const { message: messageText = message, remedy: remedyText = remedy } = translatable;
  return { code, message: messageText, remedy: remedyText };
}

export function faultOf({ code, message, remedy }: StoredFault): Fault {
  return new Fault(code, message, { remedy });
}
