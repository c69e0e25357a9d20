/** `POST /rooms/ROOM`, which accepts messages from programs with a token for the room. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault, type FaultCode } from "../../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId, type UserId } from "../../base/ids.ts";
import {
  HTTP_POST_KEY_BYTES_MAX,
  HTTP_POSTS_BURST,
  HTTP_POSTS_PER_SECOND,
  TEXT_BYTES_MAX,
  WEBHOOK_BYTES_MAX,
} from "../../base/limits.ts";
import { foldName, type Name, parseRoom } from "../../base/names.ts";
import { jsonLine } from "../../base/text.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { TokenBuckets } from "../../core/rate.ts";
import { keyedOutboxId } from "../../core/rooms/dedup.ts";
import type { Invite } from "../../core/rooms/policy.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { checkPresentName, requireRoom } from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { readHttpBody } from "../../io/http/body.ts";
import type { Address } from "../../io/link/link.ts";
import { inTurns } from "../../io/turns.ts";
import { jsonBytes } from "../../wire/field.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Bans } from "../auth/bans.ts";
import type { Invites } from "../auth/invites.ts";
import type { TokenChecker } from "../auth/tokens.ts";
import type { ServerContext } from "../kernel/context.ts";
import { redacted } from "../session/redacted-fault.ts";
import { payloadSteps, type WebhookText, webhookSteps } from "./webhook-text.ts";

interface HttpPostsOptions extends ServerContext {
  readonly invites: Pick<Invites, "programInvite">;
  readonly bans: Pick<Bans, "checkAccount">;
  readonly tokens: TokenChecker;
  readonly isStopping: () => boolean;
}

interface PostName {
  readonly outbox: OutboxId;
  readonly counter: number;
}

type PostAnswer = Promise<Answer<"post">>;

const STATUS: Partial<Record<FaultCode, number>> = {
  "login-refused": 401,
  "not-allowed": 403,
  "not-member": 403,
  banned: 403,
  muted: 403,
  "room-unknown": 404,
  "file-unknown": 404,
  "name-invalid": 404,
  "too-large": 413,
  "text-invalid": 400,
  usage: 400,
  "checksum-wrong": 500,
  "fingerprint-changed": 502,
  "too-fast": 429,
  "texts-limit": 429,
  "too-many": 503,
  "shutting-down": 503,
  "store-full": 503,
};

const TEXT_TYPES: ReadonlySet<string> = new Set(["text/plain", "application/octet-stream"]);
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

export class HttpPosts {
  readonly #rate = new TokenBuckets(HTTP_POSTS_PER_SECOND, HTTP_POSTS_BURST);
  readonly #outboxes = new Map<UserId, { readonly id: OutboxId; counter: number }>();

  constructor(private readonly options: HttpPostsOptions) {}

  async serve(request: Request, roomText: string, remote: Address): Promise<Response> {
    const { invite: early } = await this.#authorize(request, roomText, remote);
    const now = this.options.clock.now();
    this.#rate.check(early.id, now, "too-fast", "too many messages");
    const { text, isWebhook } = await textOf(request);
    // While the body arrived, the token may have been revoked, or the room renamed.
    const { invite, room } = await this.#authorize(request, roomText, remote);
    // The configuration of a webhook outlives the name of its room.
    if (!isWebhook) checkPresentName(this.options.rooms, invite.by, room);
    const { seq } = await this.#post(request, invite, room, text);
    // Alertmanager and Grafana treat a JSON answer without `ok` as a refusal.
    return json(200, isWebhook ? { ok: true, seq } : { seq });
  }

  async #authorize(
    request: Request,
    roomText: string,
    remote: Address,
  ): Promise<{ readonly invite: Invite; readonly room: Name }> {
    const { invites, registry, bans, tokens } = this.options;
    const find = (token: string) => invites.programInvite(token);
    const invite = await tokens.authenticate(remote, bearerOf(request), find);
    const account = registry.get(invite.by);
    if (account !== undefined) bans.checkAccount(account);
    const room = parseRoom(roomText);
    checkScope(invite, requireRoom(this.options.rooms, room, invite.by), "post");
    return { invite, room };
  }

  /** Requests with the same token and idempotency key denote the same message. */
  #post(request: Request, invite: Invite, room: Name, text: string): PostAnswer {
    const key = request.headers.get("idempotency-key");
    if (key === null) return this.#send(invite, room, text, this.#nextPost(invite.by));
    if (key.length > HTTP_POST_KEY_BYTES_MAX) {
      throw new Fault(
        "usage",
        `Idempotency-Key is limited to ${HTTP_POST_KEY_BYTES_MAX} characters`,
      );
    }
    const outbox = keyedOutboxId(sha256(utf8Encode(`${invite.id} ${key}`)));
    return this.#send(invite, room, text, { outbox, counter: 1 });
  }

  #nextPost(user: UserId): PostName {
    const { entropy } = this.options;
    const known = this.#outboxes.get(user);
    const outbox = known ?? { id: outboxId(entropy(ID_BYTES)), counter: 0 };
    this.#outboxes.set(user, outbox);
    return { outbox: outbox.id, counter: ++outbox.counter };
  }

  /** Charges the token for each message once, also if it is sent again or was refused before. */
  async #send({ id: token, by: user }: Invite, to: Name, text: string, post: PostName): PostAnswer {
    const { kernel, engine, quota, isStopping } = this.options;
    if (isStopping()) {
      const detail = { retryAfterMs: 1_000 };
      throw new Fault("shutting-down", "the server is stopping", detail);
    }
    const isRepeat = engine.hasPost(user, post.outbox, post.counter);
    if (!isRepeat) quota.checkProgram(token);
    // A program mentions people, and not everyone, which the rules of a room may refuse.
    const { everyone: _, ...body } = withMentions({ text });
    const request = { kind: "post", ref: 1, ...post, to, body } as const;
    const answer = await kernel.request(user, { kind: "post", request });
    if (!isRepeat) quota.chargeProgram(token, jsonBytes(text));
    return answer;
  }
}

export function checkScope(invite: Invite, { id, name }: Room, options: "post" | "read"): void {
  if (invite[options] === id) return;
  const verb = options === "post" ? "post to" : "read";
  const isForRoom = invite.post === id || invite.read === id;
  throw new Fault(
    "not-allowed",
    isForRoom
      ? `this token may not ${verb} '${name}'`
      : `this token is not for '${name === undefined ? "" : foldName(name)}'`,
    { remedy: `create one: chat admin invite --${options} ${name}` },
  );
}

/**
 * Also accepts the password in `https://:TOKEN@HOST/…`, for webhooks that can be configured only by
 * a URL.
 */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get("authorization") ?? "";
  const [, scheme = "", value = ""] = /^(Bearer|Basic) +([\x21-\x7e]+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() !== "basic") return value === "" ? undefined : value;
  const [, password] = /^[^:]*:([\x21-\x7e]+)$/.exec(Buffer.from(value, "base64").toString()) ?? [];
  return password;
}

/** Longest time for which the conversion of a body delays other connections. */
const TURN_MS = 10;

async function textOf(request: Request): Promise<WebhookText> {
  const type = typeOf(request);
  if (type === JSON_TYPE) {
    return inTurns(webhookSteps(decoded(await bodyOf(request, WEBHOOK_BYTES_MAX))), TURN_MS);
  }
  const isForm = type === FORM_TYPE;
  const bytes = await bodyOf(request, isForm ? 3 * WEBHOOK_BYTES_MAX : TEXT_BYTES_MAX + 2);
  const text = decoded(bytes);
  const webhook = isForm ? payloadSteps(text) : undefined;
  if (webhook !== undefined) return inTurns(webhook, TURN_MS);
  return { text: plainText(text), isWebhook: false };
}

function plainText(text: string): string {
  const trimmed = text.endsWith("\n") ? text.slice(0, text.endsWith("\r\n") ? -2 : -1) : text;
  if (trimmed === "") throw new Fault("text-invalid", "message is empty");
  if (utf8Encode(trimmed).length > TEXT_BYTES_MAX) throw tooLarge(TEXT_BYTES_MAX);
  return trimmed;
}

function typeOf(request: Request): string {
  const [type = "", ...parameters] = (request.headers.get("content-type") ?? "text/plain")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((part) => part.startsWith("charset="))?.slice(8);
  const isUtf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  const isKnown = TEXT_TYPES.has(type) || type === FORM_TYPE || type === JSON_TYPE;
  if (isKnown && isUtf8 && !request.headers.has("content-encoding")) return type;
  throw new UnsupportedType();
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw new Fault("text-invalid", "the text is not valid UTF-8", { cause });
  }
}

class UnsupportedType extends Fault {
  constructor() {
    super("usage", "the body must be UTF-8 text or JSON", {
      remedy: "send Content-Type: text/plain or application/json",
    });
  }
}

async function bodyOf(request: Request, sizeBytesMax: number): Promise<Uint8Array> {
  const body = await readHttpBody(request, sizeBytesMax);
  if (body !== undefined) return body;
  throw tooLarge(sizeBytesMax < WEBHOOK_BYTES_MAX ? TEXT_BYTES_MAX : sizeBytesMax);
}

function tooLarge(sizeBytesMax: number): Fault {
  const subject = sizeBytesMax === TEXT_BYTES_MAX ? "a text" : "a body";
  return new Fault("too-large", `${subject} is limited to ${sizeBytesMax} bytes`);
}

/** Rethrows an error that is not a fault. */
export function faultResponse(error: unknown): Response {
  const fault = asFault(error);
  const { code, message, remedy, retryAfterMs } = redacted(fault);
  const isUnsupported = fault instanceof UnsupportedType;
  const hostStatus = retryAfterMs === undefined ? 500 : 503;
  const status = isUnsupported
    ? 415
    : (STATUS[code] ?? (fault.blame === "host" ? hostStatus : 400));
  const headers: Record<string, string> = {};
  if (status === 401) headers["www-authenticate"] = "Bearer";
  if (retryAfterMs !== undefined || status === 503) {
    headers["retry-after"] = String(Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000)));
  }
  return json(status, { code, message, remedy }, headers);
}

function json(status: number, value: object, more: Record<string, string> = {}): Response {
  const headers = { "content-type": "application/json; charset=utf-8", ...more };
  return new Response(jsonLine(value), { status, headers });
}
