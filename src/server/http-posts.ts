import { utf8Decode } from "../base/bytes.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import type { UserId } from "../base/ids.ts";
import {
  CALL_KEY_BYTES_MAX,
  CALL_KEYS_MAX,
  CALLS_BURST,
  CALLS_PER_SECOND,
  TEXT_BYTES_MAX,
} from "../base/limits.ts";
import { checkName, foldName, type Name } from "../base/names.ts";
import { namedRoom } from "../core/change.ts";
import type { Invite } from "../core/house-rules.ts";
import { TokenBucket } from "../core/rate.ts";
import type { Registry } from "../core/registry.ts";
import type { Rooms } from "../core/room.ts";
import type { Clock } from "../io/clock.ts";
import type { Address } from "../io/link.ts";
import type { Answer } from "../wire/messages.ts";
import type { Bans } from "./bans.ts";
import type { Invites } from "./invites.ts";
import type { TokenDoor } from "./token-door.ts";

export interface HttpPostsOptions {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly invites: Pick<Invites, "postInvite">;
  readonly bans: Pick<Bans, "checkAccount">;
  readonly door: TokenDoor;
  readonly post: (user: UserId, room: Name, text: string) => Promise<Answer<"post">>;
}

type Sent = Promise<Answer<"post">>;

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
  "too-many": 503,
  "shutting-down": 503,
  "store-full": 503,
};

/** What `curl -d` says of a text unless it is told otherwise is taken for a text, too. */
const TEXT_TYPES = /^(text\/plain|application\/octet-stream|application\/x-www-form-urlencoded)$/;

/** `POST /rooms/ROOM`: one message of a program that holds a token for that room. */
export class HttpPosts {
  readonly #options: HttpPostsOptions;
  /** By invite; bounded by those that are out. */
  readonly #buckets = new Map<string, TokenBucket>();
  /** By token and key, oldest first. Bounded by CALL_KEYS_MAX. */
  readonly #sent = new Map<string, Sent>();

  constructor(options: HttpPostsOptions) {
    this.#options = options;
  }

  async serve(request: Request, roomText: string, remote: Address): Promise<Response> {
    try {
      const invite = await this.#allowed(request, remote);
      const room = this.#roomOf(invite, roomText);
      this.#slow(invite);
      const text = await textOf(request);
      const { seq } = await this.#post(request, invite, room, text);
      return json(200, { seq });
    } catch (error) {
      if (error instanceof Fault) return refusal(error);
      throw error;
    }
  }

  /** @throws Fault login-refused, too-many, banned */
  async #allowed(request: Request, remote: Address): Promise<Invite> {
    const { invites, registry, bans, door } = this.#options;
    const find = (token: string) => invites.postInvite(token);
    const invite = await door.open(remote, bearerOf(request), find);
    const account = registry.get(invite.by);
    if (account !== undefined) bans.checkAccount(account);
    return invite;
  }

  /** @throws Fault room-unknown, not-allowed */
  #roomOf({ post }: Invite, text: string): Name {
    const name = checkName(text, "room's name");
    const room = namedRoom(this.#options.rooms, name);
    if (room.id === post) return name;
    throw new Fault("not-allowed", `this token is not for '${foldName(name)}'`, {
      remedy: "post to the room it was made for",
    });
  }

  /** @throws Fault too-fast */
  #slow({ id }: Invite): void {
    const now = this.#options.clock.now();
    const bucket = this.#buckets.get(id) ?? new TokenBucket(CALLS_PER_SECOND, CALLS_BURST, now);
    this.#buckets.set(id, bucket);
    const retryAfterMs = bucket.take(now);
    if (retryAfterMs > 0) {
      throw new Fault("too-fast", "these messages come too fast", { retryAfterMs });
    }
  }

  /** The same key within one run of the server is the same message. @throws Fault */
  #post(request: Request, invite: Invite, room: Name, text: string): Sent {
    const key = request.headers.get("idempotency-key");
    const send = () => this.#options.post(invite.by, room, text);
    if (key === null) return send();
    if (key.length > CALL_KEY_BYTES_MAX) {
      throw new Fault("usage", `an Idempotency-Key has at most ${CALL_KEY_BYTES_MAX} characters`);
    }
    const id = `${invite.id} ${key}`;
    const known = this.#sent.get(id);
    if (known !== undefined) return known;
    const sent = send();
    this.#sent.set(id, sent);
    sent.catch(() => this.#sent.delete(id)); // What was refused may come again.
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= CALL_KEYS_MAX) break;
      this.#sent.delete(oldest);
    }
    return sent;
  }
}

export function bearerOf(request: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** A line feed at its end is the tool's, not the message's. @throws Fault usage, too-large, … */
async function textOf(request: Request): Promise<string> {
  const [type = "", ...parameters] = (request.headers.get("content-type") ?? "text/plain")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((part) => part.startsWith("charset="))?.slice(8);
  const isUtf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  if (!TEXT_TYPES.test(type) || !isUtf8 || request.headers.has("content-encoding")) {
    throw new UnsupportedType();
  }
  const bytes = await bodyOf(request);
  let text: string;
  try {
    text = utf8Decode(bytes);
  } catch (cause) {
    throw new Fault("text-invalid", "the text is not valid UTF-8", { cause });
  }
  const trimmed = text.endsWith("\n") ? text.slice(0, text.endsWith("\r\n") ? -2 : -1) : text;
  if (trimmed === "") throw new Fault("text-invalid", "an empty text says nothing");
  return trimmed;
}

/** Its type or coding is not one of a text. */
class UnsupportedType extends Fault {
  constructor() {
    super("usage", "the body is to be UTF-8 text", { remedy: "send Content-Type: text/plain" });
  }
}

/** Reads no more than a message may have. @throws Fault too-large */
async function bodyOf(request: Request): Promise<Uint8Array> {
  const sizeBytesMax = TEXT_BYTES_MAX + 2; // And a line feed.
  const tooLarge = () => new Fault("too-large", `a text has at most ${TEXT_BYTES_MAX} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > sizeBytesMax) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  if (sizeBytes - end > TEXT_BYTES_MAX) throw tooLarge();
  return bytes;
}

export function refusal(fault: Fault): Response {
  const { code, message, remedy, retryAfterMs } = fault;
  const isUnsupported = fault instanceof UnsupportedType;
  const passing = retryAfterMs === undefined ? 500 : 503;
  const status = isUnsupported ? 415 : (STATUS[code] ?? (fault.blame === "host" ? passing : 400));
  const headers: Record<string, string> = {};
  if (status === 401) headers["www-authenticate"] = "Bearer";
  if (status === 429 || status === 503) {
    headers["retry-after"] = String(Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000)));
  }
  return json(status, { code, message, remedy }, headers);
}

function json(status: number, value: object, more: Record<string, string> = {}): Response {
  const headers = { "content-type": "application/json; charset=utf-8", ...more };
  return new Response(`${JSON.stringify(value)}\n`, { status, headers });
}
