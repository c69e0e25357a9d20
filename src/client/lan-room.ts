/** Driver for a chat on the local network without a server. */

import { Fault } from "../base/fault.ts";
import type { Name } from "../base/names.ts";
import { Lan, type LanEffect, type LanInput, type LanPeer, LanRateLimit } from "../core/lan/lan.ts";
import type { LanEnvelope } from "../crypto/lan-envelope.ts";
import { type Clock, delay } from "../io/clock.ts";
import type { Multicast, MulticastSource, OnDatagram } from "../io/lan/multicast.ts";
import { checkLanText } from "../wire/lan.ts";

export type LanEvent =
  | Exclude<LanEffect, { readonly kind: "send" | "wait" }>
  | { readonly kind: "fault"; readonly fault: Fault };

export interface LanRoomOptions {
  readonly clock: Clock;
  readonly envelope: LanEnvelope;
  readonly name: Name;
  readonly random: number;
  readonly open: (onDatagram: OnDatagram) => Promise<Multicast>;
  readonly onEvent: (event: LanEvent) => void;
}

export class LanRoom {
  readonly #lan: Lan;
  readonly #rateLimit: LanRateLimit;
  #stopTimer = () => {};
  #isClosed = false;
  #isFailing = false;

  private constructor(
    private readonly options: LanRoomOptions,
    private readonly multicast: Multicast,
  ) {
    const { clock, envelope, name, random } = options;
    const { keyId, session } = envelope;
    this.#lan = new Lan({ name, keyId, session, chance: random }, clock.now());
    this.#rateLimit = new LanRateLimit(clock.now());
  }

  /** @throws {Fault} usage, unreachable, port-taken or store-denied like `openMulticast` */
  static async open(options: LanRoomOptions): Promise<LanRoom> {
    let room: LanRoom | undefined;
    const multicast = await options.open((bytes, source) => {
      if (room !== undefined) room.#receive(bytes, source);
    });
    room = new LanRoom(options, multicast);
    room.#handle({ kind: "begin" });
    return room;
  }

  get interfaces(): readonly string[] {
    return this.multicast.interfaces;
  }

  people(): LanPeer[] {
    return this.#lan.peers();
  }

  /**
   * Resolves when the operating system has accepted the datagrams.
   * @throws {Fault} unreachable if the datagrams cannot be sent
   */
  async send(text: string, isAction = false): Promise<void> {
    checkLanText(text);
    for (;;) {
      if (this.#isClosed) return;
      const waitMs = await this.#handle({ kind: "send-text", text, isAction }, "throw");
      if (waitMs === 0) return;
      await delay(this.options.clock, waitMs);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const leaving = this.#handle({ kind: "end" });
    this.#isClosed = true;
    this.#stopTimer();
    await leaving;
    await this.multicast.close();
  }

  #receive(bytes: Uint8Array, { address, port, isOwn }: MulticastSource): void {
    const { clock, envelope } = this.options;
    if (!isOwn && !this.#rateLimit.accepts(address, port, clock.now())) return;
    const message = envelope.read(bytes);
    if (typeof message === "string") this.#handle({ kind: "unreadable", reason: message });
    else this.#handle({ kind: "datagram", datagram: { address, ...message } });
  }

  async #handle(input: LanInput, onSendFault: "throw" | "emit" = "emit"): Promise<number> {
    if (this.#isClosed) return 0;
    const { clock, envelope, onEvent } = this.options;
    const sends: Promise<void>[] = [];
    let waitMs = 0;
    for (const effect of this.#lan.handle(input, clock.now(), clock.unixMs())) {
      if (effect.kind === "send") sends.push(this.multicast.send(envelope.write(effect)));
      else if (effect.kind === "wait") waitMs = effect.retryAfterMs;
      else onEvent(effect);
    }
    this.#scheduleTick();
    try {
      await Promise.all(sends);
      if (sends.length > 0) this.#isFailing = false;
    } catch (error) {
      if (onSendFault === "throw" || !(error instanceof Fault)) throw error;
      // Emit the fault once per outage, not with each announcement.
      if (!this.#isFailing) onEvent({ kind: "fault", fault: error });
      this.#isFailing = true;
    }
    return waitMs;
  }

  /** Refreshes the network interfaces, because a machine may change networks. */
  async #tick(): Promise<void> {
    await this.multicast.refresh();
    await this.#handle({ kind: "tick" });
  }

  #scheduleTick(): void {
    this.#stopTimer();
    const deadline = this.#lan.deadline();
    if (deadline === undefined) return;
    const { clock } = this.options;
    const delayMs = Math.max(0, Math.ceil(deadline - clock.now()));
    this.#stopTimer = clock.after(delayMs, () => this.#tick());
  }
}
