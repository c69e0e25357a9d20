/** Edits, reactions and erasures of earlier records. */

import { defined, isCount } from "../../base/values.ts";
import { type ChatRecord, fieldsIn, importOriginOf } from "../client/chat-record.ts";
import { type PollRules, pollRulesOf } from "../rooms/polls.ts";
import { captionMentions, isSameName, stateOf } from "./item.ts";
import { pollView } from "./poll.ts";
import type { Changes, Item, Reaction, RepliesView, Vote } from "./state.ts";

/** Authors of replies whose faces stand beside a thread. */
const REPLIERS_MAX = 3;

export const NO_CHANGES: Changes = { edit: undefined, isErased: false, reactions: [] };

const EXPIRED = { hasExpired: true } as const;

/** Changes by the seq of the changed record. */
export type ChangeMap = Map<number, Changes>;

/**
 * Stores a record's changes to earlier records.
 * @returns the seqs of changed items
 */
export function noteChange(changes: ChangeMap, record: ChatRecord): readonly number[] {
  const { kind, state, seq, timeUnixMs, body, from } = record;
  if (state !== "whole" || body === undefined || changes.get(seq)?.isErased === true) return [];
  const { seq: changed, of, re, text = "", react = "", also = [], files = [] } = fieldsIn(record);
  if (kind === "edit") return noteEdit(changes, changed, { seq, timeUnixMs, text });
  if (kind === "erase") {
    if (changed === undefined && of !== undefined) return noteErasedFiles(changes, of, files);
    // The user who set a room's retention has not deleted its messages.
    const cause = body["retention"] === true ? EXPIRED : { erasedBy: from };
    return noteErasure(changes, cause, [changed, ...also]);
  }
  if (kind === "poll") return notePollEnd(changes, changed, seq, fieldsIn(record).key);
  if (kind === "vote") {
    const { choices = [], voter, ballot } = fieldsIn(record);
    const by = voter ?? from;
    const vote = { seq, choices: choices.filter(isCount), ballot };
    return by === undefined ? [] : noteVote(changes, re, { ...vote, by });
  }
  if (kind === "text" || kind === "action" || kind === "file") {
    const poll = kind === "text" ? pollRulesOf(body["poll"]) : undefined;
    if (poll !== undefined) notePollStart(changes, seq, poll);
    const replied = noteReply(changes, re, { seq, timeUnixMs, from });
    return poll === undefined ? replied : [seq, ...replied];
  }
  const by = changeAuthor(from, importOriginOf(body)?.from);
  if (kind !== "reaction" || react === "" || by === undefined) return [];
  return noteReaction(changes, re, { seq, sign: react, by });
}

/** Brackets mark an imported author. Account names never contain brackets. */
export function changeAuthor<Name extends string | undefined>(
  from: Name,
  importedFrom: string | undefined,
): Name | string {
  return importedFrom === undefined ? from : `${importedFrom} (imported)`;
}

/** The edit with the highest seq is in effect. */
export function noteEdit(
  changes: ChangeMap,
  of: number | undefined,
  edit: NonNullable<Changes["edit"]>,
): number[] {
  if (!isCount(of)) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  if (known.edit !== undefined && known.edit.seq >= edit.seq) return [];
  changes.set(of, { ...known, edit });
  return [of];
}

export function noteReaction(
  changes: ChangeMap,
  of: number | undefined,
  reaction: Changes["reactions"][number],
): number[] {
  if (of === undefined) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  if (known.reactions.some((item) => item.seq === reaction.seq)) return [];
  const reactions = [...known.reactions, reaction].sort((a, b) => a.seq - b.seq);
  changes.set(of, { ...known, reactions });
  return [of];
}

function noteReply(
  changes: ChangeMap,
  of: number | undefined,
  reply: NonNullable<Changes["replies"]>[number],
): number[] {
  if (!isCount(of) || of >= reply.seq) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  const { replies = [] } = known;
  if (replies.some(({ seq }) => seq === reply.seq)) return [];
  changes.set(of, { ...known, replies: [...replies, reply] });
  return [of];
}

export function notePollStart(changes: ChangeMap, seq: number, rules: PollRules): void {
  const known = changes.get(seq) ?? NO_CHANGES;
  changes.set(seq, { ...known, poll: { ...known.poll, rules } });
}

/** @param key key of the ballots, if the poll has hidden them */
export function notePollEnd(
  changes: ChangeMap,
  of: number | undefined,
  seq: number,
  key?: string,
): number[] {
  if (!isCount(of)) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  const end = { endSeq: known.poll?.endSeq ?? seq, ...defined({ key }) };
  changes.set(of, { ...known, poll: { ...known.poll, ...end } });
  return [of];
}

/** The last vote of a voter is in effect. */
export function noteVote(changes: ChangeMap, of: number | undefined, vote: Vote): number[] {
  if (!isCount(of)) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  const { votes = [] } = known;
  const before = votes.find(({ by }) => isSameName(by, vote.by));
  if (before !== undefined && before.seq >= vote.seq) return [];
  const others = votes.filter((one) => one !== before);
  // Older votes may be loaded later.
  const later = others.findIndex(({ seq }) => seq > vote.seq);
  changes.set(of, {
    ...known,
    votes: later < 0 ? [...others, vote] : others.toSpliced(later, 0, vote),
  });
  return [of];
}

function noteErasure(
  changes: ChangeMap,
  cause: Pick<Changes, "erasedBy" | "hasExpired">,
  erased: readonly unknown[],
): number[] {
  const removed = new Set(erased.filter(isCount));
  const changedSeqs = [...removed];
  for (const [of, known] of changes) {
    const isLeft = ({ seq }: { readonly seq: number }) => !removed.has(seq);
    const reactions = known.reactions.filter(isLeft);
    const replies = known.replies?.filter(isLeft);
    const isSame = reactions.length === known.reactions.length;
    if (isSame && replies?.length === known.replies?.length) continue;
    changes.set(of, { ...known, reactions, ...(replies && { replies }) });
    changedSeqs.push(of);
  }
  // Unloaded records are included, because a page already requested may contain their old content.
  for (const one of removed) {
    const known = changes.get(one) ?? NO_CHANGES;
    changes.set(one, { ...known, isErased: true, ...cause, reactions: [] });
  }
  return changedSeqs;
}

function noteErasedFiles(changes: ChangeMap, of: number, files: readonly unknown[]): number[] {
  if (!isCount(of)) return [];
  const known = changes.get(of) ?? NO_CHANGES;
  const named = files.filter((file) => typeof file === "string");
  changes.set(of, { ...known, erasedFiles: [...(known.erasedFiles ?? []), ...named] });
  return [of];
}

export function withChanges(
  item: Item,
  changes: Changes | undefined,
  me: string | undefined,
): Item {
  if (changes === undefined) return item;
  const replies = repliesView(changes);
  if (changes.isErased) {
    const { erasedBy, hasExpired } = changes;
    const isByOther = erasedBy !== undefined && !isSameName(erasedBy, item.from);
    const by = isByOther ? { erasedBy } : {};
    const nothing = { text: "", mentions: [], reactions: [], files: [], mentionsMe: false };
    const { poll: _, ...rest } = item;
    const none = { re: undefined, editedUnixMs: undefined, erasedFiles: undefined };
    const erased = { ...rest, ...nothing, ...none, replies };
    const state = stateOf(item.kind, "erased");
    return { ...erased, state, hasExpired: hasExpired ?? item.hasExpired, ...by };
  }
  if (item.state !== "whole") return item;
  const { edit } = changes;
  // The votes are for the options of the original text.
  const poll = pollView(item.text, changes, me);
  return {
    ...item,
    ...withoutErased(item, changes.erasedFiles),
    ...(edit === undefined || poll !== undefined ? {} : editedTo(item, edit, me)),
    reactions: reactionsOf(changes, me),
    replies,
    ...(poll && { poll }),
  };
}

function withoutErased(
  { files, erasedFiles = [] }: Item,
  ids: readonly string[] = [],
): Partial<Pick<Item, "files" | "erasedFiles">> {
  const erased = files.filter(({ file }) => ids.includes(file));
  if (erased.length === 0) return {};
  return {
    files: files.filter(({ file }) => !ids.includes(file)),
    erasedFiles: [...erasedFiles, ...erased.map(({ file, name }) => ({ file, name }))],
  };
}

export function repliesView({ replies = [] }: Changes): RepliesView | undefined {
  if (replies.length === 0) return undefined;
  const lastUnixMs = replies.reduce((last, { timeUnixMs }) => Math.max(last, timeUnixMs), 0);
  const lastSeq = replies.reduce((last, { seq }) => Math.max(last, seq), 0);
  const ordered = replies.toSorted((a, b) => a.seq - b.seq).map(({ from }) => from);
  const authors = ordered.filter((from, i) => from !== undefined && !ordered.includes(from, i + 1));
  const by = authors.slice(-REPLIERS_MAX) as string[];
  return { count: replies.length, lastSeq, lastUnixMs, by };
}

function editedTo(
  { kind, mentions, mentionsMe, answersMe, everyone }: Item,
  { text, timeUnixMs }: NonNullable<Changes["edit"]>,
  me: string | undefined,
): Pick<Item, "text" | "editedUnixMs" | "mentions" | "mentionsMe"> {
  const isMe = (name: string) => isSameName(name, me);
  const named = captionMentions(text);
  const isCalledOff = mentions.some(isMe) && !named.some(isMe);
  const isOnlyNamed = answersMe !== true && everyone === undefined;
  return {
    text,
    editedUnixMs: timeUnixMs,
    mentions: kind === "file" ? named : mentions,
    // An edit can end a mention but not begin one.
    mentionsMe: mentionsMe && !(isCalledOff && isOnlyNamed),
  };
}

/** Returns the record with the text of its last edit. */
export function withEditedText(
  record: ChatRecord,
  changes: ReadonlyMap<number, Changes>,
): ChatRecord {
  const text = changes.get(record.seq)?.edit?.text;
  if (text === undefined || record.state !== "whole") return record;
  return { ...record, body: { ...record.body, text } };
}

/** @param me user whose own reactions are marked */
export function reactionsOf({ reactions }: Changes, me: string | undefined): Reaction[] {
  const signs = new Map<string, { by: string[]; mine: number[] }>();
  for (const { seq, sign, by } of reactions) {
    const reaction = signs.get(sign) ?? { by: [], mine: [] };
    signs.set(sign, reaction);
    if (isSameName(by, me)) reaction.mine.push(seq);
    if (!reaction.by.includes(by)) reaction.by.push(by);
  }
  return [...signs].map(([sign, item]) => ({ sign, ...item }));
}
