/** `GET /rooms/ROOM`, which streams a room's records live as NDJSON to programs with a token. */

import { utf8Encode } from "../../base/bytes.ts";
import { tryUrl } from "../../base/decode.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  HTTP_POSTS_BURST,
  HTTP_POSTS_PER_SECOND,
  READ_PAGE_BYTES_MAX,
  READ_PAGE_RECORDS_MAX,
  READ_RECORDS_DEFAULT,
  READ_STALL_MS,
  READ_WAIT_SECONDS_MAX,
  READERS_MAX,
  READERS_PER_ACCOUNT_MAX,
  READERS_PER_ADDRESS_MAX,
  READERS_PER_TOKEN_MAX,
} from "../../base/limits.ts";
import { parseRoom } from "../../base/names.ts";
import { jsonLine } from "../../base/text.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Invite } from "../../core/rooms/policy.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { requireRoom } from "../../core/rooms/targets.ts";
import type { Address } from "../../io/link/link.ts";
import type { RecordPage } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { READ_KINDS } from "../../wire/kinds.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { Bans } from "../auth/bans.ts";
import type { Invites } from "../auth/invites.ts";
import type { TokenChecker } from "../auth/tokens.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { HistoryQuota } from "../rooms/history-quota.ts";
import { addressKey, isOwnHost } from "../session/connection-limits.ts";
import { redacted } from "../session/redacted-fault.ts";
import { bearerOf, checkScope } from "./post-api.ts";
import { responseStream } from "./response-stream.ts";

export type RecordLine = (record: LogRecord, room: Room) => string;

interface HttpReadsOptions extends ServerContext {
  readonly historyQuota: HistoryQuota;
  readonly invites: Pick<Invites, "programInvite">;
  readonly bans: Pick<Bans, "checkAccount">;
  readonly tokens: TokenChecker;
  readonly line: RecordLine;
}

export type KeepOpen = (seconds: number) => void;

interface ReadOptions {
  readonly after: number | undefined;
  readonly waitMs: number;
}

interface Reader {
  readonly invite: Invite;
  readonly token: string;
  readonly room: Room;
  readonly addressKey: string;
  readonly isLocal: boolean;
  isEnded: boolean;
  hasNewRecords: boolean;
  wake: () => void;
}

const BUSY = { retryAfterMs: 1_000 };

/** Reads each page after the client has consumed the previous one, and disconnects slow clients. */
export class HttpReads {
  readonly #readers = new Set<Reader>();
  readonly #rate = new TokenBuckets(HTTP_POSTS_PER_SECOND, HTTP_POSTS_BURST);
  readonly #reading;
  #isStopping = false;

  constructor(private readonly options: HttpReadsOptions) {
    this.#reading = new TaskQueue({
      waiting: READERS_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
  }

  get count(): number {
    return this.#readers.size;
  }

  async serve(
    request: Request,
    roomText: string,
    remote: Address,
    keepOpen: KeepOpen = () => {},
  ): Promise<Response> {
    const run = await this.#readerOf(request, roomText, remote);
    const options = optionsOf(request);
    const headers = { "content-type": "application/x-ndjson; charset=utf-8" };
    if (request.method === "HEAD") return new Response(null, { headers });
    this.#checkCapacity(run);
    this.#readers.add(run);
    keepOpen(Math.ceil((options.waitMs + READ_STALL_MS) / 1_000));
    const { clock } = this.options;
    const body = responseStream(this.#lines(run, options), {
      signal: request.signal,
      stall: { clock, ms: READ_STALL_MS },
      onEnd: () => this.#end(run),
    });
    return new Response(body, { headers });
  }

  onRecord({ id }: Room): void {
    for (const run of this.#readers) {
      if (run.room.id !== id) continue;
      run.hasNewRecords = true;
      run.wake();
    }
  }

  stop(): void {
    this.#isStopping = true;
    for (const run of this.#readers) this.#end(run);
  }

  async #readerOf(request: Request, roomText: string, remote: Address): Promise<Reader> {
    const { tokens, invites, rooms, clock } = this.options;
    const token = bearerOf(request);
    const invite = await tokens.authenticate(remote, token, (token) =>
      invites.programInvite(token),
    );
    const room = requireRoom(rooms, parseRoom(roomText), invite.by);
    checkScope(invite, room, "read");
    this.#rate.check(invite.id, clock.now(), "too-fast", "too many requests");
    const { host } = remote;
    const origin = { addressKey: addressKey(host), isLocal: isOwnHost(host) };
    const state = { isEnded: false, hasNewRecords: false, wake: () => {} };
    const run = { invite, token: token ?? "", room, ...origin, ...state };
    this.#checkAccess(run);
    return run;
  }

  #checkCapacity({ invite, addressKey: key, isLocal }: Reader): void {
    if (this.#isStopping) throw new Fault("shutting-down", "the server is stopping", BUSY);
    const runs = [...this.#readers];
    if (runs.filter((run) => run.invite.id === invite.id).length >= READERS_PER_TOKEN_MAX) {
      throw new Fault(
        "too-many",
        msg`limit of ${READERS_PER_TOKEN_MAX} readers per token reached`,
        BUSY,
      );
    }
    if (runs.filter((run) => run.invite.by === invite.by).length >= READERS_PER_ACCOUNT_MAX) {
      const message = msg`limit of ${READERS_PER_ACCOUNT_MAX} readers per account reached`;
      throw new Fault("too-many", message, BUSY);
    }
    const fromAddress = isLocal ? 0 : runs.filter((run) => run.addressKey === key).length;
    if (fromAddress >= READERS_PER_ADDRESS_MAX || runs.length >= READERS_MAX) {
      throw new Fault("too-many", "too many readers", BUSY);
    }
  }

  #checkAccess({ token, invite, room }: Reader): void {
    const { invites, registry, bans } = this.options;
    if (invites.programInvite(token)?.id !== invite.id) {
      throw new Fault("not-allowed", "this token is no longer valid", {
        remedy: "create a new one: chat admin invite --read ROOM",
      });
    }
    const account = registry.get(invite.by);
    if (account !== undefined) bans.checkAccount(account);
    if (room.members.has(invite.by)) return;
    throw new Fault(
      "not-member",
      msg`the creator of this token is not a member of '${room.name}'`,
      { remedy: "ask them to join, or create another token" },
    );
  }

  async *#lines(run: Reader, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const { clock, line, rooms, historyQuota } = this.options;
    const until = clock.now() + options.waitMs;
    const { head: startSeq } = rooms;
    let { after } = options;
    try {
      while (!run.isEnded) {
        run.hasNewRecords = false;
        this.#checkAccess(run);
        const isNewest = after === undefined;
        if ((after ?? 0) < startSeq) historyQuota.check(run.invite.by);
        const page = await this.#page(run, after);
        const past = page.records.filter(({ head }) => head.seq <= startSeq);
        historyQuota.count(run.invite.by, past);
        if (run.isEnded) return;
        // Access may have been revoked during the read.
        this.#checkAccess(run);
        after = page.records.at(-1)?.head.seq ?? after ?? 0;
        const text = page.records.map((record) => line(record, run.room)).join("");
        if (text !== "") yield utf8Encode(text);
        if (page.more && !isNewest) continue;
        if (!run.hasNewRecords && !(await this.#waitForRecords(run, until))) return;
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { code, message, remedy } = redacted(error);
      yield utf8Encode(jsonLine({ kind: "fault", code, message, remedy }));
    }
  }

  #page({ invite, room }: Reader, after: number | undefined): Promise<RecordPage> {
    const query = {
      rooms: new Set([room.id]),
      kinds: READ_KINDS,
      afterSeq: after,
      from: after === undefined ? ("newest" as const) : ("oldest" as const),
      limit: after === undefined ? READ_RECORDS_DEFAULT : READ_PAGE_RECORDS_MAX,
      bytesMax: READ_PAGE_BYTES_MAX,
    };
    return this.#reading.runFor(invite.by, () => this.options.archive.page(query));
  }

  async #waitForRecords(run: Reader, until: number): Promise<boolean> {
    const { clock } = this.options;
    const waitMs = until - clock.now();
    if (waitMs <= 0 || run.isEnded) return false;
    const woken = Promise.withResolvers<void>();
    run.wake = woken.resolve;
    const cancel = clock.after(waitMs, woken.resolve);
    await woken.promise;
    cancel();
    run.wake = () => {};
    return run.hasNewRecords && !run.isEnded;
  }

  #end(run: Reader): void {
    run.isEnded = true;
    this.#readers.delete(run);
    run.wake();
  }
}

function optionsOf(request: Request): ReadOptions {
  const { searchParams = new URLSearchParams() } = tryUrl(request.url, "http://localhost") ?? {};
  for (const key of searchParams.keys()) {
    if (key === "after" || key === "wait") continue;
    throw new Fault("usage", msg`unknown parameter '${key.slice(0, 40)}'`, {
      remedy: "use after=SEQ and wait=SECONDS",
    });
  }
  const wait = countOf(searchParams, "wait", READ_WAIT_SECONDS_MAX);
  const after = countOf(searchParams, "after", Number.MAX_SAFE_INTEGER);
  return { after, waitMs: (wait ?? 0) * 1_000 };
}

function countOf(parameters: URLSearchParams, key: string, max: number): number | undefined {
  const text = parameters.get(key);
  if (text === null) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (parameters.getAll(key).length === 1 && count <= max) return count;
  throw new Fault("usage", msg`'${key}' must be a number from 0 to ${max}`, {
    remedy: "use after=SEQ and wait=SECONDS",
  });
}
