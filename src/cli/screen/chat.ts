import { unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../base/limits-screen.ts";
import { ChatActions } from "../../client/chat/actions.ts";
import type { FaceEffect } from "../../client/chat/model-driver.ts";
import type { Ask } from "../../client/link/queries.ts";
import { notConnected, notLoggedIn } from "../../client/link/retry.ts";
import type { Receipt } from "../../core/client/outbox.ts";
import type { ModelEvent } from "../../core/model/event.ts";
import { isSame } from "../../core/model/item.ts";
import type { TransferView } from "../../core/model/state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";

export type Notified = Extract<FaceEffect, { kind: "notify" }>;
/** What only the screen can do. */
export type ScreenEffect =
  | Exclude<FaceEffect, { kind: "read" }>
  /** A post was refused while another room was open. */
  | { readonly kind: "refused-elsewhere"; readonly to: string; readonly fault: Fault };

/** The model of a terminal, and all that the page's actions need to work on it. */
export class ScreenChat extends ChatActions {
  readonly #onEffect: (effect: ScreenEffect) => void;
  #open: OpenClient | undefined;
  #isRenamed = false;

  constructor(clock: Clock, onEffect: (effect: ScreenEffect) => void) {
    super({
      nextFrame: (callback) => clock.after(SCREEN_FRAME_MS, callback),
      sha256,
      now: () => clock.now(),
      itemsMax: SCREEN_ITEMS_MAX,
      history: (fields, ask) => this.#open?.client.historyWith(fields, ask) ?? ask(fields),
    });
    this.#onEffect = onEffect;
  }

  /** What the client is given as `model`. */
  readonly hear = (event: ModelEvent): void => {
    if (event.kind === "entered") this.#isRenamed = event.isRenamed === true;
    this.tell(event);
  };

  /** Who is in now was in before, under another name. */
  get isRenamed(): boolean {
    return this.#isRenamed;
  }

  /** The client that hears for this model, once it is in. */
  opened(open: OpenClient): void {
    this.#open = open;
    this.person({ kind: "focus", on: true });
  }

  readonly request: Ask = async (kind, fields) => {
    if (this.#open === undefined) throw notConnected();
    return this.#open.client.request(kind, fields);
  };

  setFocus(on: boolean): void {
    this.person({ kind: "focus", on });
  }

  fault(fault: Fault): void {
    this.person({ kind: "fault", fault });
  }

  transfer(transfer: TransferView): void {
    this.hear({ kind: "transfer", transfer });
  }

  transferGone(id: string): void {
    this.hear({ kind: "transfer-gone", id });
  }

  /**
   * Sends it as it is. The open room shows what becomes of it; a refusal elsewhere is an effect.
   * @returns undefined if the post was refused @throws Fault not-logged-in
   */
  say(to: string, body: PostBody): Promise<Receipt | undefined> {
    const client = this.#open?.client;
    if (client?.user === undefined) throw notLoggedIn();
    const receipt = client.post(to, body).catch((fault: unknown) => {
      const isSeen = isSame(this.model.open, to);
      if (fault instanceof Fault && !isSeen)
        this.#onEffect({ kind: "refused-elsewhere", to, fault });
      return undefined;
    });
    this.update();
    return receipt;
  }

  protected mayPost(): boolean {
    return true; // The client ends by an alarm.
  }

  protected post(to: string, body: PostBody): void {
    try {
      void this.say(to, body);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.fault(error);
    }
  }

  protected perform(effect: FaceEffect): void {
    switch (effect.kind) {
      case "read":
        return this.#open?.client.reading.readUpTo(effect.room, effect.n);
      case "notify":
      case "keep-draft":
        return this.#onEffect(effect);
      default:
        return unreachable(effect);
    }
  }
}
