/** A running command of an IRC connection: what it waits for, and its replies. */

import type { IrcLine, LineFields } from "../../wire/irc/line.ts";
import type { RequestKind } from "../../wire/messages.ts";

/** Event that a command waits for. */
export type Wanted =
  | { readonly kind: "request"; readonly request: RequestKind; readonly fields: object }
  | { readonly kind: "until"; readonly isMet: () => boolean }
  | { readonly kind: "pause"; readonly ms: number };

export type IrcTask = Generator<Wanted, void, unknown>;
export type Asking<Result> = Generator<Wanted, Result, unknown>;

/** A label is chosen by the client and comes back with each reply. */
const LABEL_CHARS_MAX = 64;

export class CommandRun {
  readonly label: string | undefined;
  /** Replies to a labelled command, which are sent together. `undefined` once they are sent. */
  replies: LineFields[] | undefined;
  /** True if the next post may start before this one is complete. */
  readonly mayOverlap: boolean;
  /**
   * True if its only reply is the echo of its post, which arrives among the room's records and so
   * in their order.
   */
  readonly hasOnlyEcho: boolean;
  ref: number | undefined;
  until: (() => boolean) | undefined;
  untilBefore = 0;
  isPausing = false;
  pausedUntil = 0;
  /** Id of the batch around the replies to a labelled command, if it is open. */
  batch: string | undefined;
  /** Id of the post whose record this command waits for. */
  postId: string | undefined;

  constructor(
    readonly task: IrcTask,
    label?: string,
    mayOverlap = false,
    hasOnlyEcho = mayOverlap,
  ) {
    this.label = label?.slice(0, LABEL_CHARS_MAX);
    this.replies = label === undefined ? undefined : [];
    this.mayOverlap = mayOverlap;
    this.hasOnlyEcho = hasOnlyEcho;
  }
}

/** Posts to channels may overlap, because the server keeps their order. A reply asks first. */
export function isSimplePost({ command, params, tags }: IrcLine): boolean {
  const isPost = command === "PRIVMSG" || command === "NOTICE";
  const [target = ""] = params;
  const needsMore = tags.has("batch") || tags.has("+reply") || tags.has("+draft/reply");
  return isPost && target.startsWith("#") && !target.includes(",") && !needsMore;
}

/** The author of a direct message also learns whether the other user is away. */
export function hasOnlyEcho({ command, params: [target = ""] }: IrcLine): boolean {
  const isPost = command === "PRIVMSG" || command === "NOTICE" || command === "TAGMSG";
  return isPost && target.startsWith("#") && !target.includes(",");
}
