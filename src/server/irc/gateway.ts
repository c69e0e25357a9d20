/** IRC gateway: listeners' sockets, the link of each connection, and the fan-out to all of them. */

import { tryUrl } from "../../base/decode.ts";
import type { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  IRC_BYTES_PER_POST,
  IRC_PACE_UNITS_BURST,
  IRC_PACE_UNITS_PER_SECOND,
  IRC_UNITS_BURST,
  IRC_UNITS_PER_SECOND,
  LINES_QUEUE_LOW_BYTES,
  POSTS_BURST,
  POSTS_PER_SECOND,
  PRESENCE_INTERVAL_MS,
  PRESENCE_MEMBERS_MAX,
} from "../../base/limits.ts";
import { isAccountChange } from "../../core/client/own-account.ts";
import { AwayReasons } from "../../core/irc/away.ts";
import { AskSchedule } from "../../core/irc/deliveries.ts";
import { MemberLists } from "../../core/irc/member-lists.ts";
import { findAccount, type IrcServer } from "../../core/irc/server.ts";
import { type IrcEffect, IrcSession } from "../../core/irc/session.ts";
import { type SharedMessage, SharedRecords, sharedMessage } from "../../core/irc/shared-message.ts";
import { LiveTimes } from "../../core/irc/shown-times.ts";
import { TokenBuckets } from "../../core/rate.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import { BaseLink } from "../../io/link/base-link.ts";
import { certificateHashOf } from "../../io/link/certificate-hash.ts";
import type {
  LineListener,
  LineListenerEvents,
  LineSocket,
  LineSocketHandlers,
} from "../../io/link/line-socket.ts";
import type {
  Address,
  Listener,
  ListenerEvents,
  PublishedRecord,
  ServerTls,
} from "../../io/link/link.ts";
import { Topics } from "../../io/link/topics.ts";
import { NO_CERTIFICATE } from "../../io/ws/dial.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import type { WireRecord } from "../../wire/messages.ts";
import type { IrcPasswords } from "../auth/irc-passwords.ts";
import type { WebDownloads } from "../http/download-links.ts";
import type { ServerContext } from "../kernel/context.ts";
import { namedRecord } from "../rooms/broadcast.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";
import { addressSender } from "../session/connection-limits.ts";
import type { FairScheduler, ScheduledSource } from "../session/fair-scheduler.ts";
import type { FloodGuard } from "../session/flood-guard.ts";

const IRC_TICK_MS = 1_000;

export interface IrcGatewayOptions extends ServerContext {
  readonly downloads: Pick<WebDownloads, "accountPath"> | undefined;
  readonly ircPasswords: IrcPasswords;
  readonly readPositions: Pick<ReadPositionService, "advanceTo" | "ownShown" | "showOwn">;
  readonly sessions: ListenerEvents & {
    readonly scheduler: FairScheduler;
    readonly floodGuard: FloodGuard;
  };
}

export class IrcGateway implements Listener, LineListenerEvents {
  readonly transport = "irc";
  readonly port = 0;
  readonly #server: IrcServer;
  readonly #topics = new Topics<IrcLink>();
  readonly #links = new Set<IrcLink>();
  readonly #linkOptions: IrcLinkOptions;
  readonly #listeners: LineListener[] = [];
  #cancelTick = () => {};
  #cancelPresence: (() => void) | undefined;

  constructor(private readonly options: IrcGatewayOptions) {
    this.#linkOptions = {
      clock: options.clock,
      topics: this.#topics,
      scheduler: options.sessions.scheduler,
      onFlood: ({ session, remote }) => {
        const { floodGuard } = options.sessions;
        floodGuard.recordFlood(session.payer);
        floodGuard.recordFlood(addressSender(remote.host));
      },
      onClosed: (link) => this.#links.delete(link),
    };
    this.#server = ircServer(options, () => this.#presenceChanged());
    options.feed.add([
      {
        onPresence: () => this.#presenceChanged(),
        onRecord: ({ id }, { head: { seq, kind, time: timeUnixMs } }) => {
          this.#server.liveTimes.of(id, { seq, kind, timeUnixMs });
        },
        onAccountRecord: ({ head }) => {
          if (!isAccountChange(head.kind)) return;
          for (const link of this.#links) {
            if (link.session.account?.id === head.room) link.checkAccount();
          }
        },
      },
    ]);
    this.#tick();
  }

  /** @param certificate SHA-256 of the listener's certificate, if it uses TLS */
  add(listener: LineListener, certificate?: Uint8Array): void {
    this.#listeners.push(listener);
    if (certificate === undefined) return;
    this.options.ircPasswords.tls ??= { port: listener.port, certificate };
  }

  setCertificate(tls: ServerTls): void {
    for (const listener of this.#listeners) listener.setCertificate?.(tls);
    const { ircPasswords } = this.options;
    if (ircPasswords.tls === undefined) return;
    ircPasswords.tls = { ...ircPasswords.tls, certificate: certificateHashOf(tls.certPem) };
  }

  accept(remote: Address): boolean {
    return this.options.sessions.accept(remote);
  }

  connecting(remote: Address): () => void {
    return this.options.sessions.connecting?.(remote) ?? (() => {});
  }

  socket(socket: LineSocket): LineSocketHandlers {
    const { sessions, clock } = this.options;
    const address = addressSender(socket.remote.host);
    const session = new IrcSession(this.#server, address, clock.now());
    const link = new IrcLink(socket, session, this.#linkOptions);
    this.#links.add(link);
    sessions.link(link, undefined);
    link.start();
    return link;
  }

  publish(topic: string, bytes: Uint8Array, published?: readonly PublishedRecord[]): void {
    const followers = this.#topics.followers(topic);
    if (followers.size === 0) return;
    const records = published?.map((item) => ({
      head: item.record.head,
      record: namedRecord(item),
    }));
    const message =
      records === undefined ? sharedMessage(bytes) : new SharedRecords(this.#server, records);
    if (message === undefined) return;
    this.#topics.count(topic, bytes.length);
    for (const { record } of records ?? []) this.#chargeAuthor(record, followers.size);
    const now = this.options.clock.now();
    for (const link of followers) link.deliver(message, now);
  }

  /** Messages reach their readers outside of the author's turn, so the author pays in posts. */
  #chargeAuthor({ from, body }: WireRecord, readers: number): void {
    const posts = Math.floor(((body?.length ?? 0) * readers) / IRC_BYTES_PER_POST);
    const author = from === undefined || posts === 0 ? undefined : findAccount(this.#server, from);
    const { engine, clock } = this.options;
    if (author !== undefined) engine.spend(author.id, posts, clock.now());
  }

  async stop(): Promise<void> {
    this.#cancelTick();
    for (const link of this.#links) this.#keepPositions(link);
    this.#cancelPresence?.();
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
  }

  /**
   * Clients must not see again what their sockets have sent. A client whose socket still has lines
   * queued may be too slow for them, so it sees them again.
   */
  #keepPositions(link: IrcLink): void {
    const { account, deliveries } = link.session;
    const { clock, readPositions } = this.options;
    if (account === undefined || link.queuedBytes() > 0) return;
    for (const [room, n] of deliveries?.closing(clock.now()) ?? []) {
      readPositions.advanceTo(account.id, room, { n });
    }
  }

  #tick(): void {
    for (const link of this.#links) link.tick();
    this.#cancelTick = this.options.clock.after(IRC_TICK_MS, () => this.#tick());
  }

  /** Combines all changes within PRESENCE_INTERVAL_MS, as for other presence. */
  #presenceChanged(): void {
    this.#cancelPresence ??= this.options.clock.after(PRESENCE_INTERVAL_MS, () => {
      this.#cancelPresence = undefined;
      for (const user of this.#server.away.takeChanged()) this.#showAway(user);
      for (const link of this.#links) link.checkMonitored();
    });
  }

  /** Reports no presence in large rooms. */
  #showAway(user: UserId): void {
    const { rooms, registry } = this.options;
    const name = registry.nameOf(user);
    if (name === undefined) return;
    const reached = new Set<IrcLink>();
    for (const { id, members } of rooms.roomsOf(user)) {
      if (members.size > PRESENCE_MEMBERS_MAX) continue;
      for (const link of this.#topics.followers(id)) reached.add(link);
    }
    for (const link of this.#links) if (link.session.watches(name)) reached.add(link);
    for (const link of reached) link.showAway(name, this.#server.away.of(user));
  }
}

function ircServer(options: IrcGatewayOptions, onAwayChange: () => void): IrcServer {
  const { clock, entropy, settings, rooms, registry, engine, readPositions } = options;
  return {
    name: settings.name,
    version: settings.version,
    rooms,
    registry,
    sha256,
    lines: new TokenBuckets(
      settings.postsPerSecond ?? POSTS_PER_SECOND,
      settings.postsBurst ?? POSTS_BURST,
    ),
    work: new TokenBuckets(IRC_UNITS_PER_SECOND, IRC_UNITS_BURST),
    pace: new TokenBuckets(IRC_PACE_UNITS_PER_SECOND, IRC_PACE_UNITS_BURST),
    texts: new WeakMap(),
    liveTimes: new LiveTimes(),
    memberLists: new MemberLists(registry),
    askSchedule: new AskSchedule(),
    reactions: new Map(),
    startedUnixMs: clock.unixMs(),
    away: new AwayReasons((user) => engine.deviceCount(user), onAwayChange),
    unixMs: () => clock.unixMs(),
    expiryUnixMs: () => clock.expiryUnixMs(),
    entropy,
    onlineCount: () => engine.onlineCount,
    isOnline: (user) => engine.isOnline(user),
    ownRecords: readPositions,
    fileAddress: fileAddresses(options),
  };
}

/** Reads this machine's addresses at most once per second, because history needs them often. */
function fileAddresses({
  addresses,
  clock,
  downloads,
}: IrcGatewayOptions): IrcServer["fileAddress"] {
  let origin: string | undefined;
  let validUntil = Number.NEGATIVE_INFINITY;
  return (user, file) => {
    if (downloads === undefined) return undefined;
    if (clock.now() >= validUntil) {
      const [address] = addresses();
      origin = address && httpsOrigin(address);
      validUntil = clock.now() + IRC_TICK_MS;
    }
    return origin === undefined ? undefined : `${origin}${downloads.accountPath(user, file)}`;
  };
}

/** Omits the default port. */
function httpsOrigin(address: ServerAddress): string | undefined {
  const text = `https://${formatAddress(address)}`;
  return tryUrl(text)?.origin;
}

/** Shared by all links of the gateway. */
interface IrcLinkOptions {
  readonly clock: Clock;
  readonly topics: Topics<IrcLink>;
  readonly scheduler: Pick<FairScheduler, "run">;
  readonly onFlood: (link: IrcLink) => void;
  readonly onClosed: (link: IrcLink) => void;
}

class IrcLink extends BaseLink implements LineSocketHandlers, ScheduledSource {
  readonly transport = "irc";
  readonly certificateHash = NO_CERTIFICATE;
  #isPaused = false;
  #cancelResume = () => {};
  /** True if the session's turn waits until the client has read more. */
  #isTurnDue = false;

  constructor(
    private readonly socket: LineSocket,
    readonly session: IrcSession,
    private readonly options: IrcLinkOptions,
  ) {
    super(options.topics);
  }

  get remote(): Address {
    return this.socket.remote;
  }

  data(bytes: Uint8Array): void {
    this.#perform(this.session.receive(bytes, this.#now));
  }

  ended(): void {
    this.#perform(this.session.peerEnded(this.#now));
  }

  queueLow(): void {
    this.settle();
    this.#adjustReading();
    if (this.#isTurnDue) this.#takeTurn();
  }

  /** The account has too much queued work. */
  overflow(): void {
    this.options.onFlood(this);
    this.destroy();
  }

  start(): void {
    this.#perform(this.session.start());
  }

  tick(): void {
    this.#perform(this.session.tick(this.#now));
  }

  deliver(message: SharedMessage, now: number): void {
    this.#perform(this.session.deliver(message, now));
  }

  checkMonitored(): void {
    if (this.session.monitored.size > 0) this.#perform(this.session.checkMonitored(this.#now));
  }

  checkAccount(): void {
    this.#perform(this.session.checkAccount(this.#now));
  }

  showAway(name: string, reason: string | undefined): void {
    this.#perform(this.session.showAway(name, reason, this.#now));
  }

  send(message: Uint8Array): boolean {
    if (this.state !== "open") return false;
    this.countSent(1, message.length);
    this.#perform(this.session.receiveMessage(message, this.#now));
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.socket.queuedBytes();
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.socket.end();
  }

  drop(): void {
    if (this.state !== "closed") this.socket.destroy();
  }

  get #now(): number {
    return this.options.clock.now();
  }

  #perform(effects: readonly IrcEffect[]): void {
    let resumeMs: number | undefined;
    for (const effect of effects) {
      switch (effect.kind) {
        case "write":
          this.socket.write(effect.bytes);
          break;
        case "transmit":
          // The server must not receive a message while it is sending one.
          queueMicrotask(() => this.inbox.push(effect.bytes));
          break;
        case "resume":
          resumeMs = effect.ms;
          break;
        default:
          if (effect.isFlood) this.options.onFlood(this);
          this.socket.end();
          break;
      }
    }
    this.#adjustReading();
    if (resumeMs === undefined) return;
    this.#cancelResume();
    if (resumeMs === 0) this.#takeTurn();
    else this.#cancelResume = this.options.clock.after(resumeMs, () => this.#takeTurn());
  }

  /** Commands run as other messages of the account do, and only while the client reads. */
  #takeTurn(): void {
    this.#isTurnDue = this.socket.queuedBytes() > LINES_QUEUE_LOW_BYTES;
    if (this.#isTurnDue) return;
    this.options.scheduler.run(this.session.payer, this, 0, (now) => {
      if (this.state !== "closed") this.#perform(this.session.resume(now));
    });
  }

  /** Stops reading from a client that sends or receives too much. */
  #adjustReading(): void {
    if (this.state !== "open") return;
    const mustPause = this.session.isBusy || this.socket.queuedBytes() > LINES_QUEUE_LOW_BYTES;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.socket.pause();
    else this.socket.resume();
  }

  closed(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.leaveTopics();
    this.state = "closed";
    this.#cancelResume();
    this.session.linkClosed();
    this.inbox.close(fault);
    this.settle();
    this.options.onClosed(this);
  }
}
