/** Rendering of a room as one self-contained HTML page, without scripts or external addresses. */

import { formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import {
  formatLocal,
  formatLocalClock,
  formatLocalDay,
  formatOffset,
  formatUtc,
  type OffsetMinutes,
} from "../../base/time.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { type Block, parseMarkup } from "../../core/markup/blocks.ts";
import type { Inline } from "../../core/markup/inline.ts";
import { mathSource, oneLine, plainLine } from "../../core/markup/plain.ts";
import {
  type ChangeMap,
  changeAuthor,
  NO_CHANGES,
  noteEdit,
  notePollEnd,
  notePollStart,
  noteReaction,
  noteVote,
  reactionsOf,
} from "../../core/model/changes.ts";
import { isMembership } from "../../core/model/membership.ts";
import { pollView } from "../../core/model/poll.ts";
import type { Changes } from "../../core/model/state.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { pollRows } from "../../ui/text/poll-text.ts";
import { timesIn } from "../../ui/text/times.ts";
import { CHANGE_KINDS, MESSAGE_KINDS } from "../../wire/kinds.ts";
import { paintedEmoji } from "../output/painted-text.ts";
import {
  type DisplayFile,
  type DisplayRecord,
  displayFiles,
  goneWord,
  membershipText,
  plainEventText,
} from "../output/render.ts";

/** @param mark HTML appended to the last line of the text */
function htmlText(text: string, names: readonly string[], mark: string): string {
  const blocks = parseMarkup(text, new Set(names.map((name) => name.toLowerCase())));
  const [only] = blocks;
  if (blocks.length === 1 && only?.kind === "lines") {
    return `<p dir="auto">${htmlParts(only.parts)}${mark}</p>`;
  }
  return `<div class="words" dir="auto">${htmlBlocks(blocks)}${mark}</div>`;
}

/** Escapes all text; only web addresses become links. */
function htmlBlocks(blocks: readonly Block[]): string {
  return blocks.map(htmlBlock).join("");
}

function htmlBlock(block: Block): string {
  switch (block.kind) {
    case "lines":
      return `<p dir="auto">${htmlParts(block.parts)}</p>`;
    case "code":
      return `<pre dir="ltr">${Bun.escapeHTML(block.text)}</pre>`;
    case "quote":
      return `<blockquote class="said">${htmlBlocks(block.blocks)}</blockquote>`;
    case "heading":
      return `<h3 dir="auto">${htmlParts(block.parts)}</h3>`;
    case "table": {
      const rows = block.rows.map((row, i) => {
        const tag = i === 0 ? "th" : "td";
        const cell = (parts: readonly Inline[], at: number) =>
          `<${tag} align="${block.aligns[at]}" dir="auto">${htmlParts(parts)}</${tag}>`;
        return `<tr>${row.map(cell).join("")}</tr>`;
      });
      return `<table>${rows.join("")}</table>`;
    }
    default: {
      const items = block.items.map(
        ({ mark, blocks }) =>
          `<li><span>${Bun.escapeHTML(mark)}</span><div>${htmlBlocks(blocks)}</div></li>`,
      );
      return `<ul>${items.join("")}</ul>`;
    }
  }
}

const TAGS = { bold: "strong", italic: "em", strike: "s" } as const;

function htmlParts(parts: readonly Inline[]): string {
  return parts.map(htmlPart).join("");
}

function htmlPart(part: Inline): string {
  switch (part.kind) {
    case "text":
    case "room":
      return Bun.escapeHTML(part.text);
    case "code":
      return `<code>${Bun.escapeHTML(part.text)}</code>`;
    case "math":
      return `<code>${Bun.escapeHTML(mathSource(part))}</code>`;
    case "emoji":
      return Bun.escapeHTML(paintedEmoji(part));
    case "mention":
      return `<strong>${Bun.escapeHTML(part.text)}</strong>`;
    case "link": {
      const host = part.host === undefined ? "" : ` <small>(${Bun.escapeHTML(part.host)})</small>`;
      const href = Bun.escapeHTML(part.href);
      const rel = "noopener noreferrer nofollow";
      return `<a href="${href}" rel="${rel}">${Bun.escapeHTML(part.text)}</a>${host}`;
    }
    default: {
      const tag = TAGS[part.kind];
      return `<${tag}>${htmlParts(part.parts)}</${tag}>`;
    }
  }
}

export interface ExportedFile {
  readonly picture?: string | undefined;
  readonly path?: string | undefined;
}

export interface PageTime {
  readonly offsetMinutes: OffsetMinutes;
  readonly exportedUnixMs: number;
  /** Name of the time zone, such as `Europe/Berlin`. */
  readonly zone: string;
}

export interface PageOptions extends PageTime {
  readonly title: string;
  file(record: DisplayFile): ExportedFile | undefined;
}

type Message = Extract<DisplayRecord, { kind: "text" | "action" }>;
type FileMessage = Extract<DisplayRecord, { kind: "file" }>;

interface PageChanges {
  readonly changes: ReadonlyMap<number, Changes>;
  readonly bySeq: ReadonlyMap<number, DisplayRecord>;
  readonly pins: ReadonlySet<number>;
}

const QUOTE_CHARS = 120;
/** Shown at the messages that they change. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["edited", ...CHANGE_KINDS]);

export function* renderPage(
  records: readonly DisplayRecord[],
  options: PageOptions,
): Generator<string> {
  const { title, offsetMinutes } = options;
  const changes = changesOf(records);
  yield pageHead(title);
  let day = "";
  for (const { record, earlier } of pageRows(records)) {
    const text = earlier.length > 0 ? membershipText([...earlier, record]) : undefined;
    if (earlier.length > 0 && text === undefined) continue;
    const today = formatLocalDay(record.timeUnixMs, offsetMinutes);
    if (today !== day) yield `<h2>${today}</h2>\n`;
    day = today;
    yield text === undefined ? article(record, changes, options) : eventHtml(record, text, options);
  }
  yield pageEnd(options);
}

interface PageRow {
  readonly record: DisplayRecord;
  /** Joins, departures and removals since the last message, which share the row of the record. */
  readonly earlier: readonly DisplayRecord[];
}

function pageRows(records: readonly DisplayRecord[]): readonly PageRow[] {
  const rows: PageRow[] = [];
  let run: DisplayRecord[] = [];
  let rest: PageRow[] = [];
  const endRun = () => {
    const last = run.at(-1);
    const row = last === undefined ? [] : [{ record: last, earlier: run.slice(0, -1) }];
    const at = rest.findIndex(({ record }) => record.seq > (last?.seq ?? 0));
    rows.push(...rest.toSpliced(at < 0 ? rest.length : at, 0, ...row));
    [run, rest] = [[], []];
  };
  for (const record of records) {
    if (HIDDEN_KINDS.has(record.kind)) continue;
    if (isMembership(record)) run.push(record);
    else {
      if (isMessageRow(record)) endRun();
      rest.push({ record, earlier: [] });
    }
  }
  endRun();
  return rows;
}

function isMessageRow({ kind }: DisplayRecord): boolean {
  return MESSAGE_KINDS.has(kind) || ["erased", "damaged", "unreadable", "gap"].includes(kind);
}

/** End of the page, with the time of its export. */
export function pageEnd({ offsetMinutes, exportedUnixMs, zone }: PageTime): string {
  const date = formatLocal(exportedUnixMs, offsetMinutes);
  const offset = formatOffset(offsetMinutes(exportedUnixMs));
  const footer = `Exported by chat on ${date} (${offset}). ${zoneText(zone)}`;
  return `<footer>${footer}</footer>\n</main></body></html>\n`;
}

function zoneText(zone: string): string {
  return `Times are local times in the zone ${Bun.escapeHTML(zone)}.`;
}

function changesOf(records: readonly DisplayRecord[]): PageChanges {
  const changes: ChangeMap = new Map();
  const bySeq = new Map<number, DisplayRecord>();
  const pins = new Set<number>();
  for (const record of records) {
    const { seq, kind, timeUnixMs } = record;
    bySeq.set(seq, record);
    if (kind === "edited") noteEdit(changes, record.of, { seq, timeUnixMs, text: record.text });
    if (kind === "text" && record.poll !== undefined) {
      const { until, ...rules } = record.poll;
      const end = until === undefined ? undefined : Date.parse(until);
      notePollStart(changes, seq, { ...rules, until: end });
    }
    if (kind === "poll") notePollEnd(changes, record.of, seq, record.key);
    if (kind === "vote") {
      const { re, choices = [], voter, ballot } = record;
      const by = voter ?? record.from;
      noteVote(changes, re, { seq, by, choices, ballot });
    }
    if (kind === "pin") {
      const { re: of = 0, on } = record.event;
      if (on === true) pins.add(of);
      else pins.delete(of);
    }
    if (kind === "reaction") {
      noteReaction(changes, record.re, { seq, sign: record.react, by: authorOf(record) });
    }
  }
  return { changes, bySeq, pins };
}

function article(record: DisplayRecord, page: PageChanges, options: PageOptions): string {
  const { seq } = record;
  if (record.kind !== "text" && record.kind !== "action" && record.kind !== "file") {
    return eventHtml(record, plainEventText(record), options);
  }
  const time = timeHtml(record, options);
  const author = `<b>${clean(authorOf(record))}</b>`;
  const imported = record.kind === "file" ? "" : importNote(record, options);
  const notice = record.kind === "text" && record.notice === true;
  const pinned = page.pins.has(seq) ? " <small>(pinned)</small>" : "";
  const note = imported + (notice ? " <small>(notice)</small>" : "") + pinned;
  const isFile = record.kind === "file";
  const body = isFile ? filesHtml(record, page, options) : textHtml(record, page, options);
  const content = quoted(record, page) + body;
  const kind = record.kind === "action" ? ' class="action"' : "";
  const reactions = reactionsHtml(page.changes.get(seq));
  return (
    `<article id="m${seq}"${kind}><header>${author} ${time}${note}</header>` +
    `${content}${reactions}</article>\n`
  );
}

function eventHtml(record: DisplayRecord, text: string, options: PageTime): string {
  const time = timeHtml(record, options);
  return `<p class="event" id="m${record.seq}">${time} ${clean(text)}</p>\n`;
}

function timeHtml({ timeUnixMs }: DisplayRecord, { offsetMinutes }: PageTime): string {
  const full = formatLocal(timeUnixMs, offsetMinutes);
  const clock = formatLocalClock(timeUnixMs, offsetMinutes);
  return `<time datetime="${formatUtc(timeUnixMs)}" title="${full}">${clock}</time>`;
}

function authorOf(record: DisplayRecord): string {
  return changeAuthor(record.from, "imported" in record ? record.imported?.from : undefined);
}

function importNote({ from, imported }: Message, { offsetMinutes }: PageOptions): string {
  if (imported === undefined) return "";
  const time = formatLocal(Date.parse(imported.time), offsetMinutes);
  return ` <small>posted ${time}, imported by ${clean(from)}</small>`;
}

type TextContent = Pick<Message, "seq" | "text" | "mentions">;

function textHtml(
  { seq, text, mentions }: TextContent,
  { changes }: PageChanges,
  { offsetMinutes }: PageOptions,
): string {
  const poll = pollView(text, changes.get(seq) ?? NO_CHANGES, undefined);
  if (poll !== undefined) {
    const rows = pollRows(poll, ENGLISH, timesIn(ENGLISH)).map((row) => `<li>${clean(row)}</li>`);
    return `${htmlText(poll.question, mentions ?? [], "")}<ul>${rows.join("")}</ul>`;
  }
  const edit = changes.get(seq)?.edit;
  const displayedText = edit?.text ?? text;
  const mark =
    edit === undefined
      ? ""
      : ` <small title="${formatLocal(edit.timeUnixMs, offsetMinutes)}">(edited)</small>`;
  return htmlText(displayedText, mentions ?? [], mark);
}

const QUOTED_KINDS: ReadonlySet<string> = new Set(["text", "action", "file", "erased"]);

function quoted(
  { seq, re }: { readonly seq: number; readonly re?: number },
  { bySeq, changes }: PageChanges,
): string {
  if (re === undefined) return "";
  const answered = bySeq.get(re);
  const isReadable =
    answered !== undefined && answered.seq < seq && QUOTED_KINDS.has(answered.kind);
  if (!isReadable) return `<blockquote>In reply to message ${re}</blockquote>`;
  const messageText =
    changes.get(re)?.edit?.text ?? ("text" in answered ? (answered.text ?? "") : "");
  const short =
    answered.kind === "file"
      ? oneLine(answered.files.map(({ name }) => name).join(", "), QUOTE_CHARS)
      : plainLine(messageText, QUOTE_CHARS);
  const text = answered.kind === "erased" ? goneWord(answered) : short;
  return (
    `<blockquote><a href="#m${re}"><b>${clean(authorOf(answered))}</b></a> ` +
    `<span dir="auto">${Bun.escapeHTML(text)}</span></blockquote>`
  );
}

function filesHtml(record: FileMessage, page: PageChanges, options: PageOptions): string {
  const files = [
    ...displayFiles(record).map((file) => fileHtml(file, options)),
    ...(record.erasedFiles ?? []).map(({ name }) => `<p class="file">${clean(name)} (deleted)</p>`),
  ];
  const { seq, text = "" } = record;
  const caption = page.changes.get(seq)?.edit?.text ?? text;
  const { mentions = [] } = withMentions({ text: caption });
  const captionHtml = caption === "" ? "" : textHtml({ seq, text, mentions }, page, options);
  return files.join("") + captionHtml;
}

function fileHtml(file: DisplayFile, options: PageOptions): string {
  const { picture, path } = options.file(file) ?? {};
  const name = clean(file.name);
  const folder = file.folder === undefined ? "" : `folder of ${file.folder.entries}, `;
  const size = `<small>${folder}${formatSize(file.sizeBytes)}, ${clean(file.id)}</small>`;
  const href = path === undefined ? undefined : Bun.escapeHTML(addressOf(path));
  const label = href === undefined ? name : `<a href="${href}">${name}</a>`;
  const image = picture === undefined ? "" : `<img alt="${name}" src="${Bun.escapeHTML(picture)}">`;
  return `<p class="file">${label} ${size}</p>${image}`;
}

function addressOf(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join("/");
}

function reactionsHtml(changes: Changes | undefined): string {
  const reactions = changes === undefined ? [] : reactionsOf(changes, undefined);
  if (reactions.length === 0) return "";
  const reactionTexts = reactions.map(({ sign, by }) => {
    const title = clean(by.join(", "));
    return `<span title="${title}"><span dir="auto">${clean(sign)}</span> ${by.length}</span>`;
  });
  return `<div class="reactions">${reactionTexts.join(" ")}</div>`;
}

function clean(text: string): string {
  return Bun.escapeHTML(cleanText(text));
}

function pageHead(title: string): string {
  const escapedTitle = clean(title);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapedTitle}</title>
<style>${CSS}</style></head>
<body><main><h1>${escapedTitle}</h1>
`;
}

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'";

const CSS = `
:root {
  --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --page: #fff; --tint: #f4f4f7; --link: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #edeef0; --soft: #a5a9b1; --line: #363a3f;
    --page: #17181a; --tint: #212326; --link: #8ab8f0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
main { max-width: 48rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 {
  font-size: .875rem; font-weight: 600; color: var(--soft); text-align: center;
  margin: 1.5rem 0 .75rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem;
}
article { margin: 0 0 .75rem; }
article:target { background: var(--tint); }
header b { margin-right: .25rem; }
time, small, .event, footer { color: var(--soft); font-size: .8125rem; }
article p { margin: 0; white-space: pre-wrap; }
.action p, .action .words { font-style: italic; }
.words > * + * { margin-top: .375rem; }
code, pre {
  background: var(--tint); border-radius: .25rem; font: .875rem/1.5 ui-monospace, monospace;
}
code { padding: 0 .25rem; }
pre { margin: 0; overflow-x: auto; overflow-wrap: normal; padding: .375rem .625rem; tab-size: 4; }
ul { list-style: none; margin: 0; padding: 0; }
li { display: flex; gap: .5rem; }
li > div { min-width: 0; }
.event { margin: .25rem 0; }
blockquote {
  margin: .125rem 0; padding-left: .625rem; border-left: 3px solid var(--line);
  color: var(--soft); font-size: .875rem;
}
blockquote.said { color: inherit; font-size: inherit; }
.file {
  background: var(--tint); border-radius: .375rem; padding: .375rem .625rem; display: inline-block;
}
img {
  display: block; max-width: 100%; max-height: 32rem; margin-top: .375rem; border-radius: .375rem;
}
.reactions { margin-top: .25rem; display: flex; flex-wrap: wrap; gap: .25rem; }
.reactions > span {
  border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8125rem;
}
a { color: var(--link); }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
@media print {
  :root {
    --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --tint: #f4f4f4; --link: #000;
  }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  article, .event { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
