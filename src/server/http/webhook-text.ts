/** Conversion of webhook bodies, such as those of Slack and Alertmanager, to plain text. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { type Fields, fieldsOf } from "../../base/json-fields.ts";
import { TEXT_BYTES_MAX } from "../../base/limits.ts";
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

/**
 * @throws {Fault} text-invalid if the body is not a JSON object with a valid text, too-large if the
 * text is too long
 */
export function webhookText(json: string): WebhookText {
  const body = fieldsOf(parsed(json));
  if (body === undefined) throw invalid("the body is not a JSON object");
  const text = body["text"] ?? undefined;
  if (text !== undefined && typeof text !== "string") throw invalid("'text' is not a string");
  if (isWebhook(body)) return { text: validText(truncated(webhookLines(body))), isWebhook: true };
  const message = text === undefined || text.trim() === "" ? messageOf(body) : undefined;
  if (message !== undefined) return { text: validText(truncated(message)), isWebhook: true };
  if (text !== undefined) return { text: validText(text), isWebhook: false };
  throw invalid("the body has no 'text', 'message', 'msg' or 'content'");
}

export function payloadText(form: string): WebhookText | undefined {
  if (!/^payload=(?:%7b|\{)/i.test(form)) return undefined;
  const payload = new URLSearchParams(form).get("payload");
  return payload === null ? undefined : { ...webhookText(payload), isWebhook: true };
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

function webhookLines(body: Fields): string {
  const message = [body["title"], body["message"]].map(trimmedText).filter((line) => line !== "");
  if (Array.isArray(body["alerts"])) {
    const alerts = body["alerts"].map(fieldsOf).filter((alert) => alert !== undefined);
    return (message.length > 0 ? message : alerts.map(alertLine)).join("\n");
  }
  const text = convert(trimmedText(body["text"]));
  const blocks = blocksText(body["blocks"], NAMES);
  const attachments = attachmentsText(body["attachments"], NAMES);
  return joinLines([text === "" ? blocks : text, attachments]);
}

const NO_NAMES = { users: new Map(), channels: new Map() };
const NAMES: BlockNames = {
  convert,
  userName: (id) => id,
  channelName: (id) => id,
  emoji: (name) => `:${name}:`,
};

function convert(mrkdwn: string): string {
  return markdownWith(mrkdwn, NO_NAMES, (text) => text);
}

function alertLine(alert: Fields): string {
  const { alertname, ...otherFields } = fieldsOf(alert["labels"]) ?? {};
  const notes = fieldsOf(alert["annotations"]) ?? {};
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
function truncated(text: string): string {
  const bytes = utf8Encode(text.toWellFormed());
  if (bytes.length <= TEXT_BYTES_MAX) return text.toWellFormed();
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
    return JSON.parse(json);
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
