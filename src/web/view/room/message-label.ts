/** Accessible names of messages: author, text, then what belongs to it, and the time. */

import { cleanText } from "../../../base/text.ts";
import { plainLine } from "../../../core/markup/plain.ts";
import type { Row } from "../../../core/model/rows.ts";
import type { Item } from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { authorText, briefText, deletedText } from "../../../ui/text/event-text.ts";
import { refusalText } from "../../../ui/text/fault-text.ts";
import type { ShownNames } from "../../../ui/text/person-text.ts";
import { pollCounts, pollNote } from "../../../ui/text/poll-text.ts";
import type { Times } from "../../../ui/text/times.ts";

type ItemRow = Extract<Row, { kind: "item" }>;
type PendingRow = Extract<Row, { kind: "pending" }>;
type WaitingRow = Extract<Row, { kind: "waiting" }>;

type QuotingRow = ItemRow | PendingRow | WaitingRow;

/** Maximum length of the text in UTF-16 code units, about half a minute of speech. */
const TEXT_LENGTH = 500;

function contentText(item: Item, texts: Texts, times: Times, names: ShownNames): string {
  if (item.state === "damaged") return texts.damaged;
  if (item.state === "erased") return deletedText(item, texts, names);
  const { poll } = item;
  if (poll === undefined) return briefText(item, texts, times, TEXT_LENGTH);
  const question = plainLine(poll.question, TEXT_LENGTH);
  return `${question}, ${pollCounts(poll)}, ${pollNote(poll, texts, times)}`;
}

function replyText({ re, answers }: QuotingRow, texts: Texts, names: ShownNames): string {
  if (re === undefined) return "";
  if (answers === undefined) return texts.repliedToEarlier;
  return texts.replyTo(authorText(answers, texts, names));
}

function joined(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== "" && part !== false && part !== undefined).join(", ");
}

export function messageLabel(row: ItemRow, texts: Texts, times: Times, names: ShownNames): string {
  const { item, replies } = row;
  return joined([
    authorText(item, texts, names),
    contentText(item, texts, times, names),
    item.isNotice === true && texts.notice,
    replyText(row, texts, names),
    ...item.reactions.map(({ sign, by }) => `${cleanText(sign)} ${by.length}`),
    replies && texts.replyCount(replies.count, times.brief(replies.lastUnixMs)),
    item.editedUnixMs !== undefined && texts.edited,
    row.isPinned && texts.pinned,
    times.clock(item.timeUnixMs),
  ]);
}

export function pendingLabel(
  row: PendingRow,
  author: string,
  note: string | undefined,
  texts: Texts,
  names: ShownNames,
): string {
  const { body, state } = row.post;
  const fault = state.kind === "refused" && `${texts.refused}: ${refusalText(state.fault, texts)}`;
  const text = plainLine(body.text, TEXT_LENGTH);
  const fileNames = (body.names ?? []).map((name) => cleanText(name));
  return joined([author, ...fileNames, text, replyText(row, texts, names), note, fault]);
}

export function waitingLabel(
  row: WaitingRow,
  author: string,
  note: string,
  texts: Texts,
  names: ShownNames,
): string {
  const { files, text } = row.message;
  const fileNames = files.map(({ name }) => cleanText(name));
  return joined([
    author,
    ...fileNames,
    plainLine(text, TEXT_LENGTH),
    replyText(row, texts, names),
    note,
  ]);
}
