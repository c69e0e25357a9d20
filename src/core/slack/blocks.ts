/**
 * Texts of Slack's blocks and attachments. Mattermost has the same attachments.
 * @see https://docs.slack.dev/reference/block-kit/blocks
 * @see https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
 */

import { type Fields, listOf, objectFields, textOf } from "../../base/json-fields.ts";
import { containsText } from "../../base/text.ts";
import { dateText, linkText } from "./mrkdwn.ts";

/** Converts the markup of one text. */
export type Convert = (text: string) => string;

export interface BlockNames {
  readonly convert: Convert;
  readonly userName: (id: string) => string;
  readonly channelName: (id: string) => string;
  /** Returns the emoji, or its name between colons. */
  readonly emoji: (name: string) => string;
}

/** At least the depth of any JSON that is read, because each level of a block is one of JSON. */
const DEPTH_MAX = 64;

export function blocksText(blocks: unknown, names: BlockNames): string {
  return joinLines(listOf(blocks).map((block) => blockText(block, names, 0)));
}

function blockText(value: unknown, names: BlockNames, depth: number): string {
  const block = objectFields(value);
  if (block === undefined || depth > DEPTH_MAX) return "";
  if (textOf(block["type"]) === "rich_text") return richText(block, names, depth);
  return joinLines(textsIn(block, names, depth));
}

/** Fields that contain text in the blocks of Slack, in the order of their display. */
const TEXT_FIELDS = ["author_name", "title", "text", "raw_text", "description", "alt_text"];
const NESTED_FIELDS = ["label", "hint", "fields", "elements", "element", "accessory", "rows"];
const LINK_FIELDS = ["title_url", "image_url", "video_url", "url"];
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...[...TEXT_FIELDS, ...NESTED_FIELDS, ...LINK_FIELDS],
  // Parts that Slack shows only after a press, or as a picture beside other parts.
  ...["confirm", "thumbnail_url", "provider_icon_url", "slack_file", "provider_name"],
]);

/** Fields of identifiers, times and forms, whatever contains them. */
const METADATA = new RegExp(
  [
    "^(?:type|subtype|mode|style|color|size|width|height|verbatim|emoji|lang|locale",
    "|id|ids|ts|created|updated|user|users|channel|team|bot|app|hash|token|key|cursor|icons?",
    "|mimetype|filetype|format|permalink|border|indent|offset|latest_reply|last_read)$",
    "|(?:_|^)(?:id|ids|ts|at|by|(?<!join_)url|type|size|hash|token|team|icon|icons)$",
    "|(?:_|^)(?:profile|color|style)$|[a-z](?:Id|Ids|Url|At|Color|Type|Hash)$",
  ].join(""),
);
/** Identifiers in Slack, times of its messages, and identifiers in Mattermost and Discord. */
const IDENTIFIER = /^(?:[A-Z][A-Z0-9]{7,}|\d{9,}\.\d+|[a-z0-9]{26}|\d{17,20})$/;

/** Collects the texts of any block, because new types of blocks appear each year. */
function textsIn(block: Fields, names: BlockNames, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  const texts = TEXT_FIELDS.flatMap((key) => {
    const value = block[key];
    return typeof value === "string" ? names.convert(value) : innerTexts(value, names, depth);
  });
  const links = LINK_FIELDS.map((key) => textOf(block[key]));
  const nested = NESTED_FIELDS.flatMap((key) => innerTexts(block[key], names, depth));
  const isButton = textOf(block["type"]) === "button";
  if (isButton) return [`[${joinLines(texts)}]`, ...links];
  const others = Object.entries(block).filter(([key]) => !KNOWN_FIELDS.has(key));
  const unknown = unknownTexts(Object.fromEntries(others), names.convert, depth);
  return [...texts, ...links, ...nested, ...unknown];
}

/**
 * Returns the texts anywhere in fields whose meaning is not known, such as those of a block or an
 * event that Slack added since, without identifiers and times.
 */
export function unknownText(fields: Fields, convert: Convert): string {
  return joinLines(unknownTexts(fields, convert, 0));
}

function unknownTexts(fields: Fields, convert: Convert, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  // The value of an option is meant for the program that reads the answer.
  const isOption = fields["text"] !== undefined || fields["action_id"] !== undefined;
  return Object.entries(fields).flatMap(([key, value]) => {
    const isMetadata = METADATA.test(key) || (isOption && key === "value");
    return isMetadata ? [] : textsInValue(value, convert, depth);
  });
}

function textsInValue(value: unknown, convert: Convert, depth: number): readonly string[] {
  if (typeof value === "string") return IDENTIFIER.test(value) ? [] : [convert(value)];
  if (Array.isArray(value)) return value.flatMap((item) => textsInValue(item, convert, depth + 1));
  const fields = objectFields(value);
  return fields === undefined ? [] : unknownTexts(fields, convert, depth + 1);
}

function innerTexts(value: unknown, names: BlockNames, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (typeof item === "string") return names.convert(item);
      // A row of a table is a list of cells.
      if (Array.isArray(item)) {
        return item.map((cell) => joinLines(innerTexts([cell], names, depth + 1))).join(" | ");
      }
      return blockText(item, names, depth + 1);
    });
  }
  const inner = objectFields(value);
  return inner === undefined ? [] : [blockText(inner, names, depth + 1)];
}

function richText(block: Fields, names: BlockNames, depth: number): string {
  return joinLines(listOf(block["elements"]).map((element) => richElement(element, names, depth)));
}

function richElement(value: unknown, names: BlockNames, depth: number): string {
  const element = objectFields(value);
  if (element === undefined || depth > DEPTH_MAX) return "";
  const inner = () =>
    listOf(element["elements"])
      .map((part) => richPart(part, names, depth))
      .join("");
  switch (textOf(element["type"])) {
    case "rich_text_list":
      return listText(element, names, depth);
    case "rich_text_preformatted":
      return `\`\`\`\n${inner()}\n\`\`\``;
    case "rich_text_quote":
      return inner()
        .split("\n")
        .map((line) => `> ${line}`)
        .join("\n");
    case "rich_text_section":
      return inner();
    default:
      return blockText(element, names, depth + 1);
  }
}

/** Deepest level of a list in Slack. */
const INDENT_MAX = 8;

function listText(element: Fields, names: BlockNames, depth: number): string {
  const { indent, offset, style } = element;
  const levels = typeof indent === "number" ? indent : 0;
  const indentation = "  ".repeat(Math.max(0, Math.min(levels, INDENT_MAX)));
  const first = typeof offset === "number" ? offset + 1 : 1;
  const items = listOf(element["elements"]).map((item, index) => {
    const mark = style === "ordered" ? `${first + index}.` : "-";
    return `${indentation}${mark} ${richElement(item, names, depth + 1)}`;
  });
  return joinLines(items);
}

function richPart(value: unknown, names: BlockNames, depth: number): string {
  const part = objectFields(value);
  if (part === undefined) return "";
  const text = textOf(part["text"]);
  const styled = (content: string) => withStyle(content, objectFields(part["style"]) ?? {});
  switch (textOf(part["type"])) {
    case "text":
      return styled(text);
    case "link":
      return styled(linkText(textOf(part["url"]), text));
    case "user":
      return styled(`@${names.userName(textOf(part["user_id"]))}`);
    case "channel":
      return styled(`#${names.channelName(textOf(part["channel_id"]))}`);
    case "usergroup":
      return styled(`@${textOf(part["usergroup_id"])}`);
    case "broadcast":
      return styled(`@${textOf(part["range"])}`);
    case "emoji":
      return names.emoji(nameOf(part));
    case "date":
      return textOf(part["fallback"]) || dateText(plainOf(part["timestamp"]));
    case "color":
      return textOf(part["value"]);
    default:
      return blockText(part, names, depth + 1);
  }
}

/** Name of an emoji as in a text. */
function nameOf(part: Fields): string {
  const tone = part["skin_tone"];
  return textOf(part["name"]) + (typeof tone === "number" ? `::skin-tone-${tone}` : "");
}

/** Marks stand next to a word, so spaces at the ends stay outside. */
function withStyle(text: string, style: Fields): string {
  const inner = text.trim();
  if (inner === "") return text;
  const start = text.length - text.trimStart().length;
  const [before, after] = [text.slice(0, start), text.slice(start + inner.length)];
  if (style["code"] === true) return `${before}\`${inner}\`${after}`;
  let marked = inner;
  if (style["italic"] === true) marked = `_${marked}_`;
  if (style["bold"] === true) marked = `**${marked}**`;
  if (style["strike"] === true) marked = `~~${marked}~~`;
  return `${before}${marked}${after}`;
}

export function attachmentsText(attachments: unknown, names: BlockNames): string {
  return joinLines(listOf(attachments).map((value) => attachmentText(value, names, 0)));
}

/** The fallback is a summary for programs that cannot show the other fields. */
function attachmentText(value: unknown, names: BlockNames, depth: number): string {
  const attachment = objectFields(value);
  if (attachment === undefined || depth > DEPTH_MAX) return "";
  const { convert } = names;
  const field = (key: string) => convert(textOf(attachment[key]));
  const fields = listOf(attachment["fields"]).map((entry) => {
    const { title, value: content } = objectFields(entry) ?? {};
    const [name, text] = [convert(plainOf(title)), convert(plainOf(content))];
    return name === "" || text === "" ? `${name}${text}` : `${name}: ${text}`;
  });
  const title = linkText(textOf(attachment["title_link"]), field("title")).trim();
  const shared = listOf(attachment["message_blocks"]).map((entry) =>
    blocksText(objectFields(objectFields(entry)?.["message"])?.["blocks"], names),
  );
  const inner = listOf(attachment["attachments"]).map((entry) =>
    attachmentText(entry, names, depth + 1),
  );
  const actions = listOf(attachment["actions"]).map((action) => {
    const { text, name } = objectFields(action) ?? {};
    const label = textOf(text) || textOf(name);
    return label === "" ? "" : `[${convert(label)}]`;
  });
  const body = joinLines([
    field("pretext"),
    field("author_name"),
    title,
    either(field("text"), joinLines([blocksText(attachment["blocks"], names), ...shared])),
    ...fields,
    filesText(attachment["files"]),
    ...actions,
    ...inner,
    field("footer"),
  ]);
  const pictures = [textOf(attachment["image_url"]) || textOf(attachment["thumb_url"])];
  const links = pictures.filter((link) => !containsText(body, link));
  const shown = body === "" ? field("fallback") : body;
  const text = joinLines([shown, ...links]);
  return text === "" ? unknownText(attachment, convert) : text;
}

/** Fields of Mattermost, and times, can be numbers. */
function plainOf(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : textOf(value);
}

/** Joins two versions of a text, or returns the one that contains the other. */
export function either(text: string, blocks: string): string {
  if (containsWords(text, blocks)) return text === "" ? blocks : text;
  return containsWords(blocks, text) ? blocks : joinLines([text, blocks]);
}

/** Names of Slack's files. */
export function filesText(files: unknown): string {
  return joinLines(listOf(files).map((file) => fileText(objectFields(file) ?? {})));
}

function fileText(file: Fields): string {
  const name = textOf(file["name"]) || textOf(file["title"]) || textOf(file["id"]);
  const mode = textOf(file["mode"]);
  if (mode === "tombstone") return "";
  if (mode === "hidden_by_limit") return `[file ${name}, hidden by Slack's limit]`;
  return `[file ${name || "without a name"}]`;
}

export function joinLines(parts: readonly string[]): string {
  return parts.filter((part) => part.trim() !== "").join("\n");
}

/** Reports whether the words of `part` are in `whole`, in the same order, whatever the markup. */
function containsWords(whole: string, part: string): boolean {
  return containsText(wordsOf(whole), wordsOf(part));
}

function wordsOf(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, "").toLowerCase();
}
