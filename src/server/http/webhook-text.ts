/** Conversion of webhook bodies, such as those of Slack and Alertmanager, to plain text. */

import { utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault, msg } from "../../base/fault.ts";
import { type Fields, listOf, objectFields } from "../../base/json-fields.ts";
import { TEXT_BYTES_MAX } from "../../base/limits.ts";
import { isCount } from "../../base/values.ts";
import {
  attachmentsText,
  type BlockNames,
  blocksText,
  joinLines,
} from "../../core/slack/blocks.ts";
import { markdownWith } from "../../core/slack/mrkdwn.ts";

export interface WebhookText {
  readonly text: string;
  readonly isWebhook: boolean;
}

const CUT = "\n… (cut)";
/** Objects in a body, of which 1,000 alerts of Alertmanager have 3,000. */
const PARTS_MAX = 10_000;
/** Characters of markup that are converted, because converted texts can be shorter. */
const CONVERTED_CHARS_MAX = 2 * TEXT_BYTES_MAX;

/**
 * Yields between the blocks, attachments and alerts of a body.
 * @throws {Fault} text-invalid if the body is not a JSON object with a valid text, too-large if the
 * text is too long or has too many parts
 */
export function* webhookSteps(json: string): Generator<void, WebhookText> {
  const body = objectFields(parsed(json));
  if (body === undefined) throw invalid("the body is not a JSON object");
  const text = body["text"] ?? undefined;
  if (text !== undefined && typeof text !== "string") throw invalid("'text' is not a string");
  if (isWebhook(body)) {
    yield* checkParts(body);
    const markup = new Markup();
    const lines = yield* webhookLines(body, markup);
    return { text: validText(truncated(lines, markup.isCut)), isWebhook: true };
  }
  const message = text === undefined || text.trim() === "" ? messageOf(body) : undefined;
  if (message !== undefined) return { text: validText(truncated(message)), isWebhook: true };
  if (text !== undefined) return { text: validText(text), isWebhook: false };
  throw invalid("the body has no 'text', 'message', 'msg' or 'content'");
}

/** @returns `undefined` if the form has no `payload` */
export function payloadSteps(form: string): Generator<void, WebhookText> | undefined {
  if (!/^payload=(?:%7b|\{)/i.test(form)) return undefined;
  const payload = new URLSearchParams(form).get("payload");
  return payload === null ? undefined : payloadText(payload);
}

function* payloadText(payload: string): Generator<void, WebhookText> {
  return { ...(yield* webhookSteps(payload)), isWebhook: true };
}

/** @throws {Fault} too-large, or text-invalid if a list of Slack has an impossible indentation */
function* checkParts(body: Fields): Generator<void> {
  const unchecked: unknown[] = [body];
  let count = 0;
  for (let value = unchecked.pop(); value !== undefined; value = unchecked.pop()) {
    const fields = objectFields(value);
    if (fields?.["type"] === "rich_text_list") {
      checkCount(fields, "indent");
      checkCount(fields, "offset");
    }
    if (fields !== undefined && ++count > PARTS_MAX) {
      throw new Fault("too-large", msg`a webhook can have at most ${PARTS_MAX} parts`);
    }
    const inner = Array.isArray(value) ? value : Object.values(fields ?? {});
    for (const item of inner) if (typeof item === "object" && item !== null) unchecked.push(item);
    yield;
  }
}

function checkCount(fields: Fields, name: string): void {
  const value = fields[name] ?? 0;
  if (!isCount(value)) throw invalid(`'${name}' is not a whole number from 0`);
}

/** Top-level fields for the text in the bodies of Discord, Gotify, ntfy, Uptime Kuma and others. */
const MESSAGE_KEYS = ["message", "msg", "content"] as const;

function messageOf(body: Fields): string | undefined {
  const key = MESSAGE_KEYS.find((name) => trimmedText(body[name]) !== "");
  if (key === undefined) return undefined;
  return [trimmedText(body["title"]), trimmedText(body[key])]
    .filter((line) => line !== "")
    .join("\n");
}

function isWebhook(body: Fields): boolean {
  return ["attachments", "blocks", "alerts"].some((key) => Array.isArray(body[key]));
}

function* webhookLines(body: Fields, markup: Markup): Generator<void, string> {
  const message = [body["title"], body["message"]].map(trimmedText).filter((line) => line !== "");
  if (Array.isArray(body["alerts"])) {
    if (message.length > 0) return message.join("\n");
    const lines: string[] = [];
    for (const alert of body["alerts"].map(objectFields)) {
      if (alert !== undefined) lines.push(alertLine(alert));
      yield;
    }
    return lines.join("\n");
  }
  const text = markup.convert(trimmedText(body["text"]));
  const blocks: string[] = [];
  for (const block of text === "" ? listOf(body["blocks"]) : []) {
    blocks.push(blocksText([block], markup));
    yield;
  }
  const attachments: string[] = [];
  for (const attachment of listOf(body["attachments"])) {
    attachments.push(attachmentsText([attachment], markup));
    yield;
  }
  return joinLines([text, ...blocks, ...attachments]);
}

const NO_NAMES = { users: new Map(), channels: new Map() };

/** Markup of one body, whose texts are converted until they fill a message. */
class Markup implements BlockNames {
  isCut = false;
  #leftChars = CONVERTED_CHARS_MAX;

  readonly convert = (mrkdwn: string): string => {
    const fitting = mrkdwn.slice(0, this.#leftChars);
    this.#leftChars -= fitting.length;
    if (fitting.length < mrkdwn.length) this.isCut = true;
    return markdownWith(fitting, NO_NAMES, (text) => text);
  };

  readonly userName = (id: string) => id;
  readonly channelName = (id: string) => id;
  readonly emoji = (name: string) => `:${name}:`;
}

function alertLine(alert: Fields): string {
  const { alertname, ...otherFields } = objectFields(alert["labels"]) ?? {};
  const notes = objectFields(alert["annotations"]) ?? {};
  const summary = [notes["summary"], notes["description"]]
    .map(trimmedText)
    .find((value) => value !== "");
  const otherLabels = Object.entries(otherFields).map(
    ([key, value]) => `${key}=${trimmedText(value)}`,
  );
  return [
    `[${trimmedText(alert["status"]) || "alert"}]`,
    ` ${trimmedText(alertname) || "unnamed"}`,
    summary === undefined ? "" : `: ${summary}`,
    otherLabels.length === 0 ? "" : ` (${otherLabels.join(", ")})`,
  ].join("");
}

/** A long text is not refused, because the sender cannot know the limit. */
function truncated(text: string, isCut = false): string {
  const bytes = utf8Encode(text.toWellFormed());
  if (bytes.length <= TEXT_BYTES_MAX && !isCut) return text.toWellFormed();
  const limitBytes = TEXT_BYTES_MAX - utf8Encode(CUT).length;
  const prefix = new TextDecoder().decode(bytes.subarray(0, limitBytes), { stream: true });
  return `${prefix}${CUT}`;
}

function validText(text: string): string {
  if (text.trim() === "") throw invalid("message is empty");
  if (!text.isWellFormed()) throw invalid("the text is not valid UTF-8");
  if (utf8Encode(text).length <= TEXT_BYTES_MAX) return text;
  throw new Fault("too-large", msg`a text can have at most ${TEXT_BYTES_MAX} bytes`);
}

function parsed(json: string): unknown {
  try {
    return decodeJson(json);
  } catch (cause) {
    throw invalid("the body is not JSON", cause);
  }
}

function trimmedText(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" ? value.trim() : "";
}

function invalid(message: string, cause?: unknown): Fault {
  const remedy = 'send {"text":"…"}, or a webhook of Slack\'s shape';
  return new Fault("text-invalid", message, { remedy, cause });
}
