/** Summary of unread messages: who wrote them, and which are of moderators, or contain what. */

import { UNREAD_LISTED_MAX, UNREAD_MODERATORS_MAX } from "../../base/limits.ts";
import { isPictureName } from "../client/picture-name.ts";
import { pollRulesOf } from "../rooms/polls.ts";

export interface UnreadMessage {
  readonly seq: number;
  readonly n: number;
}

/** Contents of messages by which a reader walks through them. */
export const UNREAD_CONTENTS = ["photos", "files", "polls"] as const;
export type UnreadContent = (typeof UNREAD_CONTENTS)[number];

export interface UnreadSummary<Author> {
  readonly unread: number;
  readonly first: UnreadMessage | undefined;
  readonly last: UnreadMessage | undefined;
  /** Unread messages of each author, the most first. */
  readonly people: readonly (readonly [Author, number])[];
  /** Moderators with the most messages first, each with the newest ones, the oldest first. */
  readonly moderators: readonly (readonly [Author, readonly UnreadMessage[]])[];
  readonly contents: Readonly<Record<UnreadContent, readonly UnreadMessage[]>>;
}

export interface AuthoredMessage<Author> extends UnreadMessage {
  readonly by: Author;
}

/** @param messages unread messages that the reader sees, the oldest first */
export function summarizeUnread<Author>(
  messages: readonly AuthoredMessage<Author>[],
  isModerator: (author: Author) => boolean,
  contentsAt: (seq: number) => readonly UnreadContent[],
): UnreadSummary<Author> {
  const counts = new Map<Author, number>();
  const moderators = new Map<Author, UnreadMessage[]>();
  const contents: Record<UnreadContent, UnreadMessage[]> = { photos: [], files: [], polls: [] };
  for (const { by, n, seq } of messages) {
    const message = { seq, n };
    const before = counts.get(by);
    counts.set(by, (before ?? 0) + 1);
    if (before === undefined && isModerator(by)) moderators.set(by, []);
    moderators.get(by)?.push(message);
    for (const content of contentsAt(seq)) contents[content].push(message);
  }
  const people = [...counts].sort((a, b) => b[1] - a[1]);
  const most = [...moderators].sort(([, a], [, b]) => b.length - a.length);
  const { photos, files, polls } = contents;
  const [first, last] = [messages[0], messages.at(-1)];
  return {
    unread: messages.length,
    first: first && { seq: first.seq, n: first.n },
    last: last && { seq: last.seq, n: last.n },
    people,
    moderators: most
      .slice(0, UNREAD_MODERATORS_MAX)
      .map(([author, own]) => [author, newestListed(own)] as const),
    contents: {
      photos: newestListed(photos),
      files: newestListed(files),
      polls: newestListed(polls),
    },
  };
}

/** Returns as many of the newest messages as an answer lists. */
export function newestListed<Message>(messages: readonly Message[]): readonly Message[] {
  return messages.slice(-UNREAD_LISTED_MAX);
}

export function contentsOf(
  files: readonly { readonly name: string; readonly folder?: unknown }[],
  poll: unknown,
): readonly UnreadContent[] {
  const isPhoto = ({ name, folder }: (typeof files)[number]) =>
    folder === undefined && isPictureName(name);
  const found: UnreadContent[] = [];
  if (files.some(isPhoto)) found.push("photos");
  if (!files.every(isPhoto)) found.push("files");
  if (pollRulesOf(poll) !== undefined) found.push("polls");
  return found;
}
